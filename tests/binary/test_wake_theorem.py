"""The theorem of a wake-up from deep sleep: the right code is proved, each broken one refuted."""

from pathlib import Path

import pytest

pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

import z3

from build_firmware import CORES, IMAGES, Build, compile_firmware
from firmware_faults import FAULTS, Subject
from otaproof.binary.elf_file import read_bootloader_elf
from otaproof.binary.theorems.proof import TheoremProof, expected, prove_theorem
from otaproof.binary.theorems.question import TheoremVerdict
from otaproof.binary.theorems.wake_inputs import GIVEN_OF_WAKE, has_rtc_memory
from otaproof.binary.theorems.wake_theorem import WAKE
from otaproof.model.config import Chip, Config

RTC = ("CONFIG_RTC_FAST_MEM=1",)
OF_OTADATA = ("wake_without_otadata", "wake_aborts")
"""Faults of code without RTC memory alone."""
WAKE_FAULTS = [name for name, fault in FAULTS.items() if fault.subject is Subject.WAKE_UP]
CASES = [
    pytest.param(core, name, options, marks=() if options else pytest.mark.slow)
    for core in CORES
    for name in WAKE_FAULTS
    for options in (RTC, ())
    if not (options and name in OF_OTADATA)
]


def proof_of(elf: Path) -> TheoremProof:
    """Return what is known of a file."""
    return prove_theorem(WAKE, read_bootloader_elf(elf), (Config(rollback=True),))


@pytest.mark.parametrize("core", CORES)
def test_wake_up_with_rtc_memory_is_proved(core: str) -> None:
    """That the code asks for what was kept tells the kind of chip."""
    found = proof_of(IMAGES / f"{core}-faithful-Os-rtc_fast_mem=1.elf")
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts
    assert has_rtc_memory(found.followed.config)


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_wake_up_by_otadata_is_proved(core: str) -> None:
    """Without RTC memory the newest record names the image, whatever its state."""
    found = proof_of(IMAGES / f"{core}-faithful-Os.elf")
    assert TheoremVerdict.PROVED is found.verdict, found.verdicts
    assert not has_rtc_memory(found.followed.config)


@pytest.mark.parametrize(
    "name", ["riscv-wake_verifies-Os-rtc_fast_mem=1", "xtensa-wake_after_any_reset-Os-rtc_fast_mem=1"]
)
def test_committed_broken_wake_up_is_refuted(name: str) -> None:
    """It needs no compiler; impl does with the example what is said of it."""
    example = proof_of(IMAGES / f"{name}.elf").followed.example
    assert example is not None
    assert example.code != example.impl


@pytest.mark.parametrize(("core", "fault", "options"), CASES)
def test_broken_wake_up_is_refuted(core: str, fault: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """An image that was not to start, a check, or a write."""
    if not CORES[core].is_here:
        pytest.skip(f"{CORES[core].compiler} is not installed")
    found = proof_of(compile_firmware(Build(core, fault, options=options), tmp_path))
    assert TheoremVerdict.REFUTED is found.verdict, found.verdicts


@pytest.mark.parametrize("chip", [Chip.ESP32, Chip.ESP32C2])
def test_wakes_of_impl_leave_nothing_out(chip: Chip) -> None:
    """Under premises that can be met, one of them always comes about."""
    solver = z3.Solver()
    solver.add(*GIVEN_OF_WAKE)
    assert z3.sat == solver.check()
    outcomes = expected(WAKE, Config(chip=chip)).outcomes
    assert z3.unsat == solver.check(*(z3.Not(outcome.condition) for outcome in outcomes))
