"""The files of a host test: a project of ESP-IDF for target linux, to be built by idf.py as it is."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...campaign.history.history import History
from ...campaign.history.step import StepName
from ...impl.chip.flash import FlashMisuse, PlanNotReached
from ...impl.partitions.csv_format import format_csv
from ...impl.release_points import NEWEST_READ, with_versions
from ...model.device.api_calls import RESUME_FROM
from ...model.idf_version import IdfVersion
from .call_log import logged_steps
from .refusal import HostTestRefused, refuse_without_emulation
from .trace_code import WIDTH, TraceCode, wrapped

VERSIONS = tuple(version for version in NEWEST_READ if (5, 2) <= version.branch <= (6, 1))
"""The versions that a test can be of: before 5.2 the emulation leaves nothing of an operation that is cut."""
_FILES = (
    "CMakeLists.txt",
    "sdkconfig.defaults",
    "main/CMakeLists.txt",
    *(f"main/{name}.{ending}" for name in ("host_board", "ota_standins") for ending in ("h", "c")),
)
_BYTES_OF_LINE = 12


def host_test_files(history: History, name: str, words: Sequence[str], origin: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files of a host test; raises HostTestRefused before the first one.

    name: of the test, as C has it. words: what it is of, one line each. origin: what it was made by, and from what."""
    refuse_without_emulation(history)
    versions = versions_of(history)
    code = TraceCode(history)
    told = [line.replace("*/", "* /") for line in (*words, "", *_told(versions, origin))]
    head = ["/* " + told[0], *(" * " + line if line else " *" for line in told[1:])]
    rollback = "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=1" if history.device.config.rollback else ""
    for file in _FILES:
        text = Path(__file__).with_name(file.replace("/CMake", "_CMake").rpartition("/")[2]).read_text(encoding="utf-8")
        yield file, text.replace("@TEST@", name).replace("@ROLLBACK@", rollback).encode()
    yield f"main/{name}.c", "\n".join([*head, " */", *_source(code, name, versions)]).encode()
    yield "partitions.csv", format_csv(history.device.table).encode()


def versions_of(history: History) -> list[IdfVersion]:
    """Return the versions whose applications do the same in it; raises HostTestRefused where none does."""
    want = _outcome(history)
    found = [version for version in VERSIONS if want == _outcome(_under(history, version))]
    if not found:
        release = history.device.config.app_point.label
        raise HostTestRefused(f"no ESP-IDF from 5.2 on does in it what {release} does, and only they can cut a write")
    return found


def _under(history: History, version: IdfVersion) -> History:
    device = history.device
    config = with_versions(device.config, version, device.config.bootloader_point)
    return replace(history, device=replace(device, config=config))


def _outcome(history: History) -> list[tuple[object, ...]] | None:
    resumes = any(step.name is StepName.RESUME for step in history.steps)
    if resumes and history.device.config.app_release < RESUME_FROM:
        return None
    try:
        return [step.told for step in logged_steps(history)]
    except (PlanNotReached, FlashMisuse):
        return None


def _told(versions: Sequence[IdfVersion], origin: str) -> list[str]:
    labels = ", ".join(version.branch_label for version in versions)
    text = f"Of ESP-IDF {labels}, whose esp_ota_ops.c does the same here."
    return [*textwrap.wrap(text, WIDTH - 3), *origin.splitlines()]


def _source(code: TraceCode, name: str, versions: Sequence[IdfVersion]) -> Iterator[str]:
    """Yield the lines of the test, below its comment."""
    yield from ("#include <stdlib.h>", "", '#include "esp_idf_version.h"')
    yield from (f'#include "{header}.h"' for header in ("esp_ota_ops", "esp_partition", "esp_private/partition_linux"))
    yield from ('#include "host_board.h"', '#include "unity.h"', "")
    yield "#define BRANCH (ESP_IDF_VERSION_MAJOR * 100 + ESP_IDF_VERSION_MINOR)"
    branches = " && ".join(f"BRANCH != {version.major}{version.minor:02}" for version in versions)
    yield "#if " + " \\\n    ".join(textwrap.wrap(branches, WIDTH - 6, break_long_words=False))
    yield '#error "this test is of other releases of ESP-IDF: see above"'
    yield "#endif"
    for number in sorted(code.images):
        yield from ("", f"static const uint8_t image_{number}[] = {{")
        yield from _bytes(code.history.dut.image(number).contents, "    ")
        yield "};"
    yield from ("", "/* What otadata holds at some time: the first 32 bytes of each sector. */")
    yield "static const otadata_record_t records[][2] = {"
    for pair in code.records:
        for record, opens, ends in zip(pair, ("{{", " {"), ("},", "}},"), strict=True):
            lines = list(_bytes(record, "     "))
            yield from (f"    {opens}{lines[0].lstrip()}", *(f"      {line.lstrip()}" for line in lines[1:-1]))
            yield f"      {lines[-1].strip().rstrip(',')}{ends}"
    yield "};"
    for number, (label, lines) in enumerate(code.runs, 1):
        yield from ("", f"static void run_{number}(void) /* from {label} */", "{")
        if any("handle[" in line for line in lines):
            yield from ("    esp_ota_handle_t handle[16] = {0};", "")
        yield from _indented(lines)
        yield "}"
    yield from ("", f"static void {name}(void)", "{")
    yield from _indented(code.body)
    yield from ("}", "", "void app_main(void);", "void setUp(void)", "{", "}", "", "void tearDown(void)", "{", "}")
    yield from ("", "void app_main(void)", "{", "    UNITY_BEGIN();", f"    RUN_TEST({name});")
    yield from ("    exit(UNITY_END());", "}", "")


def _bytes(contents: bytes, indent: str) -> Iterator[str]:
    for at in range(0, len(contents), _BYTES_OF_LINE):
        yield indent + " ".join(f"0x{byte:02x}," for byte in contents[at : at + _BYTES_OF_LINE])


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        is_text = line.startswith(("/*", "   ")) or not line
        yield from (f"    {part}" if part else "" for part in ([line] if is_text else wrapped(line)))
