"""The bootloader of our own does as impl's, however it is compiled; each broken variant does not.

Without the RISC-V compiler only the committed ELFs are run. An Xtensa ELF is compiled and looked at, but not run here:
unicorn has no Xtensa core.
"""

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")

from build_firmware import CORES, IMAGES, SOURCES, Build, all_builds, compile_firmware
from emulated_firmware import SECTOR, EmulatedFirmware, Hardware
from firmware_faults import FAULTS, Subject
from firmware_trials import OTADATA, Trial, differs, first_difference, otadata_regions, trials
from otaproof.impl.bootloader import BootloaderState
from otaproof.impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, AppDesc, encode_app_desc
from otaproof.impl.otadata import SelectEntry, encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config
from otaproof.model.ota_state import OtaImgState

TRIALS = 2000
MANY = 60000
RIGHT_BUILDS = [build for build in all_builds() if build.core == "riscv" and build.fault is None]
UNNOTICED = [name for name, fault in FAULTS.items() if not fault.is_noticed]
EMPTY = SelectEntry(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)

needs_riscv_compiler = pytest.mark.skipif(
    not CORES["riscv"].is_here, reason=f"{CORES['riscv'].compiler} is not installed"
)


def marked(build: Build) -> Any:
    """Return the build as a parameter, slow where its options and its optimisation have each had their turn."""
    is_slow = build.options and (build.lto or build.optimisation != "-Os")
    return pytest.param(build, marks=[pytest.mark.slow] if is_slow else [])


def config_of(build: Build) -> Config:
    """Return the configuration of a build as impl has it."""
    return Config(
        rollback="CONFIG_ROLLBACK=0" not in build.options, anti_rollback="CONFIG_ANTI_ROLLBACK=1" in build.options
    )


def selection(first: SelectEntry, second: SelectEntry = EMPTY, otadata_size: int = 2 * SECTOR) -> Trial:
    """Return the selection by these records with two slots and no factory."""
    state = BootloaderState(None, None, {}, 2, Partition("otadata", 1, 0, OTADATA, otadata_size))
    return Trial(Hardware(otadata_regions(encode_entry(first), encode_entry(second))), state, Config(rollback=True))


def failing(trial: Trial) -> Trial:
    """Return the trial with every erase failing."""
    return replace(trial, hardware=replace(trial.hardware, erase_fails=True))


def described(trial: Trial, version: int) -> Trial:
    """Return the trial with anti-rollback, and an image of that version in slot 0."""
    slot = Partition("ota_0", 0, 0x10, 0x10000, 0x10000)
    image = bytes(APP_DESC_OFFSET) + encode_app_desc(AppDesc(APP_DESC_MAGIC, version, "", "", "", "", ""))
    hardware = replace(trial.hardware, regions=trial.hardware.regions | {slot.offset: image})
    state = replace(trial.state, ota={0: slot}, app_count=1)
    return replace(trial, hardware=hardware, state=state, config=Config(rollback=True, anti_rollback=True))


VALID = make_entry(1, OtaImgState.VALID)
WITNESSES = {
    "crc_low_byte": selection(replace(VALID, crc=VALID.crc ^ 1)),
    "invalid_half_word": selection(make_entry(2, 0x10000 + OtaImgState.INVALID)),
    "magic_state": selection(make_entry(2, 0x5AFEB007)),
    "rare_number": selection(make_entry(0x00C0FFEE, OtaImgState.VALID)),
    "small_otadata": selection(VALID, otadata_size=SECTOR),
    "pending_half_word": selection(make_entry(1, 0x10000 + OtaImgState.PENDING_VERIFY)),
    "new_half_word": selection(make_entry(1, 0x10000 + OtaImgState.NEW)),
    "erase_result_ignored": failing(selection(make_entry(1, OtaImgState.NEW))),
    "one_error_known": failing(selection(make_entry(1, OtaImgState.NEW))),
    "burned_half_word": described(selection(make_entry(1, 0x10000 + OtaImgState.VALID)), version=3),
}
"""For each fault that random trials do not notice, a trial that does."""


def test_every_fault_of_the_sources_is_in_the_table() -> None:
    """The table and the sources name the same faults."""
    text = "".join(source.read_text(encoding="utf-8") for source in SOURCES.glob("*.c"))
    assert set(FAULTS) == set(re.findall(r"FAULT\((\w+),", text))


def test_every_unnoticed_fault_has_a_witness() -> None:
    """What random trials do not notice is a fault all the same."""
    assert set(UNNOTICED) == set(WITNESSES)


@needs_riscv_compiler
@pytest.mark.parametrize("build", [marked(build) for build in RIGHT_BUILDS], ids=lambda build: build.name)
def test_right_bootloader_does_as_impl(build: Build, tmp_path: Path) -> None:
    """Selection, fallback, partition table and wake-up, at every optimisation and in every configuration."""
    firmware = EmulatedFirmware(compile_firmware(build, tmp_path))
    found = {subject: first_difference(firmware, subject, config_of(build), TRIALS // 4) for subject in Subject}
    assert dict.fromkeys(Subject) == found


@needs_riscv_compiler
@pytest.mark.parametrize("name", FAULTS)
def test_random_trials_notice_a_fault_as_the_table_says(tmp_path: Path, name: str) -> None:
    """A fault is noticed, or it is one of those that random trials pass over."""
    fault = FAULTS[name]
    build = Build("riscv", name, options=fault.options)
    firmware = EmulatedFirmware(compile_firmware(build, tmp_path))
    found = first_difference(firmware, fault.subject, config_of(build), TRIALS)
    assert fault.is_noticed == (found is not None)


@needs_riscv_compiler
@pytest.mark.parametrize("name", WITNESSES)
def test_unnoticed_fault_shows_on_its_witness(tmp_path: Path, name: str) -> None:
    """The witness tells the broken variant from impl; the right one does as impl there."""
    options = FAULTS[name].options
    right = EmulatedFirmware(compile_firmware(Build("riscv", options=options), tmp_path))
    broken = EmulatedFirmware(compile_firmware(Build("riscv", name, options=options), tmp_path))
    trial = WITNESSES[name]
    assert (False, True) == tuple(differs(firmware, Subject.SELECTION, trial) for firmware in (right, broken))


@needs_riscv_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", UNNOTICED)
def test_at_most_one_pair_in_sixty_thousand_notices_a_fault(tmp_path: Path, name: str) -> None:
    """So it takes a proof to find it: of a half word, the other half must be right by chance."""
    build = Build("riscv", name, options=FAULTS[name].options)
    firmware = EmulatedFirmware(compile_firmware(build, tmp_path))
    drawn = islice(trials(Subject.SELECTION, config_of(build), seed=1), MANY)
    assert 1 >= sum(differs(firmware, Subject.SELECTION, trial) for trial in drawn)


@pytest.mark.parametrize("subject", Subject)
def test_committed_right_bootloader_does_as_impl(subject: Subject) -> None:
    """The file needs no compiler."""
    assert first_difference(committed("riscv-faithful-Os"), subject, Config(rollback=True), TRIALS) is None


def test_committed_bootloader_with_signed_numbers_is_noticed() -> None:
    """The compare of the numbers goes wrong for those from 0x80000000 on."""
    firmware = committed("riscv-signed_numbers-Os")
    assert first_difference(firmware, Subject.SELECTION, Config(rollback=True), TRIALS) is not None


def test_committed_bootloader_with_a_half_word_shows_on_its_witness_only() -> None:
    """Random pairs pass over a state of which only the low half is looked at."""
    firmware = committed("riscv-new_half_word-Os")
    found = first_difference(firmware, Subject.SELECTION, Config(rollback=True), TRIALS)
    assert (None, True) == (found, differs(firmware, Subject.SELECTION, WITNESSES["new_half_word"]))


def committed(name: str) -> EmulatedFirmware:
    """Return one of the committed ELFs, to be run."""
    return EmulatedFirmware(IMAGES / f"{name}.elf")
