"""Where a bootloader's machine code and the simulated bootloader differ, as `binary run` and `check` tell it."""

from dataclasses import dataclass

from ...binary.emulator.boot_cases import BootCase
from ...binary.emulator.comparison import TrialDifference
from ...binary.emulator.otadata_pairs import OtadataPair
from ...binary.emulator.run_token import RunToken, encode_run_token
from ...binary.emulator.trial_text import case_lines
from ...model.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDifference:
    """Where program and simulated bootloader first differ, in a case that cannot be made simpler."""

    case: tuple[str, ...]
    """What both ran on: the device, and each otadata record."""
    disturbance: str
    """The power cut, or the failing flash operations; empty for none."""
    in_next_boot: bool
    """They differ in the boot after the power cut."""
    program: str
    """What the program does."""
    simulated: str
    """What the simulated bootloader does."""
    token: str
    """For --replay."""


def run_difference(found: TrialDifference[OtadataPair] | TrialDifference[BootCase], config: Config) -> RunDifference:
    """Return a difference with its token."""
    return RunDifference(
        case=case_lines(found.case),
        disturbance=str(found.disturbance),
        in_next_boot=found.in_next_boot,
        program=found.emulated,
        simulated=found.simulated,
        token=encode_run_token(RunToken(found.case, found.disturbance, config)),
    )
