"""Lay the selector out for an ESP-IDF project: `python selector/lay_out.py PROJECT`.

    PROJECT/bootloader_components/boot_by_turns/    of the bootloader
    PROJECT/components/ota_by_turns/                of the application

Each holds its part with the core and a CMakeLists.txt, which has the linker put it in the place of ESP-IDF's functions.
Nothing else of the project is written. Exit codes: 0 laid out, 2 refused or failed, in one line.
What is refused is left as it is.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from otaproof.bounded_input import shown
from otaproof.errors import InputError
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Selector
from otaproof.model.idf_version import IdfVersion
from otaproof.project.device_builder import table_of
from otaproof.project.files import read_file
from otaproof.project.idf_project import is_idf_project
from otaproof.project.inputs import Inputs
from otaproof.project.release_text import read_release
from otaproof.project.resolve import Resolved, resolve
from otaproof.project.sdkconfig import Option

USAGE = "usage: python selector/lay_out.py PROJECT"
HERE = Path(__file__).resolve().parent
CORE = (HERE / "otadata_by_turns.c", HERE / "otadata_by_turns.h", HERE / "otadata_in_flash.h")
LAYOUT: Mapping[str, tuple[Path, ...]] = {
    "bootloader_components/boot_by_turns": (
        HERE / "bootloader/CMakeLists.txt",
        HERE / "bootloader/boot_by_turns.c",
        *CORE,
    ),
    "components/ota_by_turns": (HERE / "app/CMakeLists.txt", HERE / "app/ota_by_turns.c", *CORE),
}
"""By folder of a project, what lies in it."""
OLDEST = IdfVersion(5, 0, 0)
"""Of it and newer releases the headers have what the C includes."""
REFUSED = {
    "SECURE_ENABLE_TEE": "the bootloader loads the image of the TEE before it asks for that of the application",
    "APP_BUILD_TYPE_RAM": "the application is loaded into RAM, without a bootloader",
    "APP_BUILD_TYPE_PURE_RAM_APP": "the application is loaded into RAM, without a bootloader",
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "secure versions lie in flash then, which was never tried",
}
"""Options that the selector does not go with, and why."""
_ARDUINO = ("components/arduino", "components/arduino-esp32", "managed_components/espressif__arduino-esp32")
_NAMED_ARDUINO = re.compile(r"^\s*(?:espressif/)?arduino-esp32\s*:", re.MULTILINE)
_PROJECT = re.compile(r"^[^#\n]*/tools/cmake/project\.cmake", re.MULTILINE)
_MINIMAL = re.compile(
    r"^[^#\n]*(?:MINIMAL_BUILD\s+(?:ON|1|TRUE)|set\s*\(\s*COMPONENTS\s)", re.MULTILINE | re.IGNORECASE
)


NEXT_STEPS = (
    "1. idf.py build",
    "2. Look whether both parts were linked; each of these prints a line:",
    "     nm build/*.elf | grep __wrap_esp_ota_begin",
    "     nm build/bootloader/bootloader.elf | grep __wrap_bootloader_utility_load",
    "3. Devices in the field get the application first, by an update as ever. Once",
    "   the bootloader has taken the records over, an application without",
    "   ota_by_turns is not heard any more.",
    "4. idf.py flash: the bootloader comes by cable, or by your own update of it.",
)


def lay_out(project: Path) -> Iterator[str]:
    """Write what the selector needs into a project and yield the lines to print; raises InputError, nothing written."""
    text = _cmake_lists(project)
    resolved = resolve(Inputs(subject=project, selector=Selector.BY_TURNS))
    _check_options(resolved)
    _check_table(project, table_of(resolved))
    _check_sources(project)
    wanted = {project / folder / file.name: file for folder, files in LAYOUT.items() for file in files}
    present = [path for path in wanted if path.exists() or path.is_symlink()]
    for path in present:
        if not path.is_file() or path.read_bytes() != wanted[path].read_bytes():
            raise InputError(f"{_text(path)}: is there already, and is another; move it away, then lay out anew")
    for path, file in wanted.items():
        if path not in present:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.read_bytes())
    for folder in LAYOUT:
        state = "was there" if project / folder / "CMakeLists.txt" in present else "laid out"
        yield f"{state}: {_text(project / folder)}"
    yield from _steps(resolved, _MINIMAL.search(text) is not None)


def _cmake_lists(project: Path) -> str:
    lists = project / "CMakeLists.txt"
    is_project = project.is_dir() and lists.is_file() and is_idf_project(project)
    text = read_file(lists).decode("utf-8", "replace") if is_project else ""
    if not _PROJECT.search(text):
        raise InputError(
            f"{_text(project)}: is no ESP-IDF project; want a directory with an sdkconfig (idf.py reconfigure) and a "
            f"CMakeLists.txt that includes project.cmake"
        )
    return text


def _check_options(resolved: Resolved) -> None:
    """Raise InputError for an option or a release that the selector does not go with."""
    config, options = resolved.settings.config, resolved.said.options
    for name, why in REFUSED.items():
        if _is_on(options.get(name)):
            raise InputError(f"{options[name].place}: CONFIG_{name}: the selector does not go with it: {why}")
    if config.skip_validate_in_deep_sleep and not CHIPS[config.chip].has_rtc_fast_memory:
        raise InputError(
            f"CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP: the selector does not go with it on {config.chip.value}, "
            f"where a wake-up reads otadata by ESP-IDF's rules; turn it off"
        )
    release = resolved.value("ESP-IDF release of the application")
    if read_release(release.value, str(release.origin)).version < OLDEST:
        raise InputError(f"{release.origin}: the selector needs ESP-IDF {OLDEST.label} or newer")


def _text(path: Path) -> str:
    return shown(str(path))


def _is_on(option: Option | None) -> bool:
    return option is not None and option.raw == "y"


def _check_table(project: Path, table: tuple[Partition, ...]) -> None:
    """Raise InputError for a table without otadata or slots, or with a gap in the numbers of the slots."""
    slots = sorted(row.slot for row in table if row.is_ota_slot)
    if not any(row.is_otadata for row in table) or not slots:
        raise InputError(f"{_text(project)}: its partition table has no otadata with OTA slots to choose from")
    missing = next((number for number in range(len(slots)) if number not in slots), None)
    if missing is not None:
        raise InputError(f"{_text(project)}: its partition table has no ota_{missing}; number the slots without a gap")


def _check_sources(project: Path) -> None:
    """Raise InputError for what the selector is not told of: other writers of slots, and another bootloader."""
    start = project / "bootloader_components/main"
    if start.exists():
        raise InputError(f"{_text(start)}: a bootloader of your own; the selector is for ESP-IDF's")
    found = [path for path in (project / name for name in _ARDUINO) if path.exists()]
    manifests = [path for path in sorted(project.glob("*/idf_component.yml")) if path.is_file()]
    found += [path for path in manifests if _NAMED_ARDUINO.search(read_file(path).decode("utf-8", "replace"))]
    if found:
        raise InputError(
            f"{_text(found[0])}: Arduino's Update writes slots past esp_ota_begin, on which the selector relies"
        )


def _steps(resolved: Resolved, is_minimal: bool) -> Iterator[str]:
    """Yield what to do next."""
    yield ""
    if is_minimal:
        yield "Your CMakeLists.txt names what is built: add ota_by_turns to REQUIRES of main."
    yield from NEXT_STEPS
    if _is_on(resolved.said.options.get("SECURE_FLASH_ENC_ENABLED")):
        yield "Flash encryption: a record that is torn is seen by 32 bits, not for certain."


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if arguments in (["-h"], ["--help"]):
        print(f"{USAGE}\n\n{__doc__}", end="")
        return 0
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        for line in lay_out(Path(arguments[0])):
            print(line)
    except InputError as error:
        print(f"lay_out.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"lay_out.py: {shown(str(error.filename or arguments[0]))}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
