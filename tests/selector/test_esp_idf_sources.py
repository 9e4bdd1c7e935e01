"""The glue with ESP-IDF's own sources: it links with them, updates, and keeps the choice wherever the power fails."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selector_costs import compiler_version, costs_of, entry, link_idf_bootloader, run
from selector_esp_idf import (
    VARIABLE,
    build_for_chip,
    build_program,
    has_flash_file,
    release_of,
    releases,
    riscv_library,
    wrapped,
)
from selector_upstream import RELEASE, patched

from otaproof.impl.by_turns.turn_record import FACTORY_PLACE, NO_PLACE, Turn, TurnKind, TurnPlaces, TurnState, decide
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.otadata import NOTE_AT
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from places import ROOT

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not releases(), reason=f"{VARIABLE} names no folders with ESP-IDF's sources"),
]
TABLE = "otadata, data, ota, 0xd000, 0x2000\nota_0, app, ota_0, 0x10000, 64K\nota_1, app, ota_1, 0x20000, 64K\n"
FACTORY_ROW = "factory, app, factory, 0x30000, 64K\n"
FLASH_SIZE, OTADATA, IMAGE_SIZE = 0x40000, 0xD000, 8192
IMAGE = b"\xe9" + bytes(IMAGE_SIZE - 2) + b"\x5a"
THE_POWER_FAILED = 9
UPDATE = ("begin", "write", "end", "set_boot")
LIFE = (UPDATE, ("accept",), UPDATE, ())
"""By power-on, the calls of an application: an update that is accepted, then one that is not."""
LIFE_WITH_FACTORY = (
    UPDATE,
    ("accept", "set_factory"),
    ("begin", "write", "end"),
    UPDATE,
    ("accept",),
    UPDATE,
    ("refuse",),
)
"""An update from factory, back to it, updates from there, one of which is taken back."""
FIRST, SECOND = 0, 1
NEWER = {
    *("esp_ota_resume", "esp_ota_mark_app_invalid_rollback", "esp_ota_set_final_partition"),
    *("esp_ota_set_boot_partition_skip_validate", "esp_ota_invalidate_inactive_ota_data_slot"),
}
"""Functions that not every release from 5.0 on has."""


def provisioned(table_text: str = TABLE) -> bytes:
    """Return the flash of a device that has never started: an image where it is to start, and blank otadata."""
    flash = bytearray(b"\xff" * FLASH_SIZE)
    table = encode_table(parse_csv(table_text.encode(), CsvPlaces(0x8000)))
    flash[0x8000 : 0x8000 + len(table)] = table
    start = 0x30000 if FACTORY_ROW in table_text else 0x10000
    flash[start : start + IMAGE_SIZE] = IMAGE
    return bytes(flash)


@dataclass(frozen=True)
class PowerOns:
    """A device whose program was built with a release of ESP-IDF."""

    program: Path
    flash: Path

    def run(self, calls: tuple[str, ...], cut: int = -1) -> tuple[int, list[str]]:
        """Return the exit code of a power-on, and what it printed."""
        command = [str(self.program), str(self.flash), str(cut), *calls]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def choice(self) -> TurnState | None:
        """Return what the records in flash say."""
        raw = self.flash.read_bytes()[OTADATA:]
        found: Turn | None = decide((raw[:32], raw[SECTOR_SIZE : SECTOR_SIZE + 32]), TurnPlaces(2, True))
        return None if found is None else found.state


@pytest.fixture(params=releases(), ids=release_of)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> PowerOns:
    """Return a device that has never started."""
    if not has_flash_file(request.param):
        pytest.skip("this release's flash for Linux is no file")
    (tmp_path / "flash").write_bytes(provisioned())
    return PowerOns(build_program(request.param, tmp_path), tmp_path / "flash")


def test_an_update_is_tried_and_accepted_and_the_next_one_goes_back(device: PowerOns) -> None:
    """Each call is ESP-IDF's, as the application calls it."""
    told = []
    for calls in LIFE:
        code, lines = device.run(calls)
        told.append((code, lines[0], lines[-2:], device.choice()))
        assert all(line.endswith(" 0x0") for line in lines[1:-2])
    assert told == [
        (0, "boots ota_0", ["state 0x2", "next ota_1"], TurnState(TurnKind.NEW, SECOND, FIRST)),
        (0, "boots ota_1", ["state 0x2", "next ota_1"], TurnState(TurnKind.VALID, SECOND, FIRST)),
        (0, "boots ota_1", ["state 0x2", "next ota_0"], TurnState(TurnKind.NEW, FIRST, SECOND)),
        (0, "boots ota_0", ["state 0x1", "next ota_1"], TurnState(TurnKind.TRIED, SECOND, FIRST)),
    ]
    assert device.run(())[1][0] == "boots ota_1"


def choices_of(device: PowerOns, calls: tuple[str, ...]) -> list[TurnState | None]:
    """Return the choices before a power-on, after its boot, and after each of its calls."""
    start = device.flash.read_bytes()
    choices = [device.choice()]
    for count in range(len(calls) + 1):
        device.flash.write_bytes(start)
        device.run(calls[:count])
        choices.append(device.choice())
    device.flash.write_bytes(start)
    return choices


def cut_everywhere(device: PowerOns, calls: tuple[str, ...]) -> Iterator[tuple[int, TurnState | None, list[str]]]:
    """Yield each cut of a power-on with the choice that it leaves and the next power-on; the last one is uncut."""
    start, cut, code = device.flash.read_bytes(), 0, THE_POWER_FAILED
    while code == THE_POWER_FAILED:
        device.flash.write_bytes(start)
        code, lines = device.run(calls, cut)
        left, after = device.choice(), device.flash.read_bytes()
        assert code in (0, THE_POWER_FAILED)
        again, lines = device.run(())
        assert again == 0
        device.flash.write_bytes(after)
        yield cut, left, lines
        cut += 1


@pytest.mark.parametrize("has_factory", [False, True], ids=("slots", "factory"))
def test_a_cut_leaves_the_choice_before_or_after_the_call(device: PowerOns, has_factory: bool) -> None:
    """Before, in the middle of and after each operation on flash, from the first boot on; and an image boots."""
    if has_factory:
        device.flash.write_bytes(provisioned(TABLE + FACTORY_ROW))
    cuts = 0
    for calls in LIFE_WITH_FACTORY if has_factory else LIFE:
        allowed = choices_of(device, calls)
        for _, left, lines in cut_everywhere(device, calls):
            assert left in allowed
            assert lines[0] in ("boots ota_0", "boots ota_1", "boots factory")
            cuts += 1
    assert cuts > 40


def test_a_download_leaves_the_choice_of_factory(device: PowerOns) -> None:
    """Which for ESP-IDF is a record that does not count, and that its esp_ota_begin erases from 5.5 on."""
    device.flash.write_bytes(provisioned(TABLE + FACTORY_ROW))
    for calls in LIFE_WITH_FACTORY[:3]:
        device.run(calls)
    assert device.choice() == TurnState(TurnKind.VALID, FACTORY_PLACE, NO_PLACE)
    assert device.run(())[1][0] == "boots factory"


def test_a_first_boot_notes_what_it_starts(device: PowerOns) -> None:
    """Before the application runs."""
    assert device.choice() is None
    device.run(())
    assert device.choice() == TurnState(TurnKind.VALID, FIRST, NO_PLACE)


@pytest.mark.skipif(riscv_library() is None, reason="there is no C library for riscv64-unknown-elf-gcc")
@pytest.mark.parametrize("idf", releases(), ids=release_of)
@pytest.mark.parametrize("options", [(), ("ROLLBACK_ENABLE",), ("ROLLBACK_ENABLE", "ANTI_ROLLBACK")])
def test_both_parts_build_for_esp32c3(idf: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    """Without a warning, with ESP-IDF's headers; what the linker replaces is called from another object."""
    built = build_for_chip(idf, tmp_path, options)
    assert built.warnings == []
    called = built.symbols("bootloader_start", "--undefined-only")
    assert set(wrapped("bootloader")) <= called & built.symbols("bootloader_utility", "--defined-only")
    assert "bootloader_common_get_partition_description" in built.symbols("bootloader_utility", "--defined-only")
    missing = set(wrapped("app")) - built.symbols("esp_ota_ops", "--defined-only") - {"esp_partition_erase_range"}
    assert "esp_partition_erase_range" in built.symbols("esp_ota_ops", "--undefined-only")
    assert missing <= NEWER


NAMED = [idf for idf in releases() if release_of(idf) == RELEASE]
NEW_RECORD = entry(2, 0)


@pytest.mark.skipif(riscv_library() is None or not NAMED, reason=f"no ESP-IDF {RELEASE} or no C library")
def test_the_patch_of_the_page_notes_a_try_without_an_erase(tmp_path: Path) -> None:
    """Applied to the release that it is for, and run: NEW is noted, and a note is a try that is over."""
    folder = tmp_path / "patched"
    patched(NAMED[0], folder)
    program = link_idf_bootloader(NAMED[0], tmp_path, folder / "components")
    first = run(program, (entry(1, 2), NEW_RECORD), 2)
    noted = NEW_RECORD[:NOTE_AT] + b"\0" + NEW_RECORD[NOTE_AT + 1 :]
    assert (first.result, first.records) == (1, (entry(1, 2), noted))
    second = run(program, first.records, 2)
    assert (second.result, second.records) == (0, (entry(1, 2), entry(2, 4)))


MEASURED = dict(
    re.findall(r"^\| (\w.*?) \| ([\d,]+ \| [\d,]+) \|$", (ROOT / "selector/README.md").read_text(), re.MULTILINE)
)
MEASURED_WITH = [idf for idf in releases() if release_of(idf) == "6.1.0"]


@pytest.mark.skipif(riscv_library() is None or not MEASURED_WITH, reason="no ESP-IDF 6.1.0 or no C library")
@pytest.mark.skipif(compiler_version() != "12.2.0", reason="the page was measured with another compiler")
def test_the_page_tells_what_is_measured(tmp_path: Path) -> None:
    """Bytes, stack and instructions of selector/README.md."""
    costs = costs_of(MEASURED_WITH[0], tmp_path)
    assert {title: f"{theirs:,} | {ours:,}" for title, theirs, ours in costs} == MEASURED
