"""The bootloader of our own does as impl's, however it is compiled; each broken variant does not.

Both are run by the emulator of `otaproof binary run`, of RISC-V and of Xtensa.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")

from build_firmware import CORES, SOURCES, Build, all_builds, compile_firmware
from firmware_faults import FAULTS, Subject
from firmware_runs import differs
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.emulator.boot_bench import BootBench
from otaproof.binary.emulator.boot_cases import TABLES, BootCase
from otaproof.binary.emulator.comparison import UNDISTURBED, Disturbance, compare
from otaproof.binary.emulator.otadata_pairs import BLANK_RECORD, OtadataPair, make_record
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.binary.emulator.selection_bench import SelectionBench
from otaproof.impl.chip.flash import PlannedCut
from otaproof.impl.chip.torn_operations import Torn, TornKind
from otaproof.impl.otadata import ota_select_crc
from otaproof.model.config import Chip, Config
from otaproof.model.ota_state import OtaImgState

RIGHT_BUILDS = [build for build in all_builds() if build.fault is None]
UNNOTICED = [name for name, fault in FAULTS.items() if not fault.is_noticed]
SUBJECTS = (Subject.SELECTION, Subject.FALLBACK, Subject.WAKE_UP)
"""A partition table is read in every run of a fallback."""

pytestmark = pytest.mark.skipif(not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed")


def marked(build: Build) -> Any:
    """Return the build as a parameter, slow where its options and its optimisation have each had their turn."""
    is_slow = (build.options or build.core == "xtensa") and (build.lto or build.optimisation != "-Os")
    return pytest.param(build, marks=[pytest.mark.slow] if is_slow else [])


def config_of(build: Build) -> Config:
    """Return the configuration of a build as impl has it."""
    chip = Chip.ESP32 if build.core == "xtensa" else Chip.ESP32C3
    has_anti_rollback = "CONFIG_ANTI_ROLLBACK=1" in build.options
    return Config(rollback="CONFIG_ROLLBACK=0" not in build.options, anti_rollback=has_anti_rollback, chip=chip)


def compiled(build: Build, folder: Path) -> BootloaderProgram:
    """Return a build to be run."""
    if not CORES[build.core].is_here:
        pytest.skip(f"{CORES[build.core].compiler} is not installed")
    return BootloaderProgram(read_bootloader_elf(compile_firmware(build, folder)))


def selection(number: int, state: int) -> OtadataPair:
    """Return the selection by one record with a right check word, with two slots and no factory."""
    return OtadataPair((make_record(number, state, ota_select_crc(number)), BLANK_RECORD), 2, False)


def versioned(record: bytes) -> BootCase:
    """Return the boot of two slots with this first record, and images of secure version 3."""
    return BootCase(TABLES["two slots"], "", (), (record, BLANK_RECORD), (3, 3))


def factory_at_0() -> BootCase:
    """Return the boot of a table that has a factory app at offset 0, which counts as none."""
    rows = (replace(row, offset=0) if row.is_factory else row for row in TABLES["two slots, factory"])
    return BootCase(tuple(rows), "", (), (BLANK_RECORD, BLANK_RECORD))


HALF_VALID = make_record(1, 0x10000 + OtaImgState.VALID, ota_select_crc(1))
CUT = Disturbance(PlannedCut(0, Torn(TornKind.BEFORE)))
"""The power fails before the first flash operation."""
WITNESSES: dict[str, tuple[type[Any], Any, Disturbance]] = {
    "magic_state": (SelectionBench, selection(2, 0x5AFEB007), UNDISTURBED),
    "rare_number": (SelectionBench, selection(0x00C0FFEE, OtaImgState.VALID), UNDISTURBED),
    "factory_by_size": (BootBench, factory_at_0(), UNDISTURBED),
    "burned_half_word": (BootBench, versioned(HALF_VALID), UNDISTURBED),
    "burned_before_record": (BootBench, versioned(BLANK_RECORD), CUT),
}
"""For each fault that no run of the table's test notices: bench, case and disturbance that show it."""
PROVED_ALONE = {"subtype_noted", "wake_after_any_reset", "wake_starts_anything"}
"""Faults that no run shows, but a theorem: a field that nothing reads, a chip that was not asleep, an image that
does not even load unchecked."""


def test_every_fault_of_the_sources_is_in_the_table() -> None:
    """The table and the sources name the same faults."""
    text = "".join(source.read_text(encoding="utf-8") for source in SOURCES.glob("*.c"))
    assert set(FAULTS) == set(re.findall(r"FAULT\((\w+),", text))


def test_every_unnoticed_fault_has_a_witness() -> None:
    """What no run notices is a fault all the same."""
    assert set(UNNOTICED) == set(WITNESSES) | PROVED_ALONE


@pytest.mark.parametrize("build", [marked(build) for build in RIGHT_BUILDS], ids=lambda build: build.name)
def test_right_bootloader_does_as_impl(build: Build, tmp_path: Path) -> None:
    """Selection, fallback with the partition table, and wake-up, at every optimisation and in every configuration."""
    program, config = compiled(build, tmp_path), config_of(build)
    found = {subject: differs(program, subject, config, every=97) for subject in SUBJECTS}
    assert dict.fromkeys(SUBJECTS, False) == found


@pytest.mark.parametrize("core", ["riscv", pytest.param("xtensa", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FAULTS)
def test_runs_notice_a_fault_as_the_table_says(name: str, core: str, tmp_path: Path) -> None:
    """A fault is noticed, or it has a witness, or a proof."""
    fault = FAULTS[name]
    build = Build(core, name, options=fault.options)
    assert fault.is_noticed == differs(compiled(build, tmp_path), fault.subject, config_of(build), every=7)


@pytest.mark.parametrize("name", WITNESSES)
def test_unnoticed_fault_shows_on_its_witness(name: str, tmp_path: Path) -> None:
    """The witness tells the broken variant from impl; the right one does as impl there."""
    bench, case, disturbance = WITNESSES[name]
    builds = [Build("riscv", fault, options=FAULTS[name].options) for fault in (None, name)]
    benches = [bench(compiled(build, tmp_path), config_of(build)) for build in builds]
    assert [False, True] == [compare(each, case, disturbance) is not None for each in benches]
