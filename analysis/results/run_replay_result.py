"""The result of `otaproof replay` of a run of a bootloader's machine code."""

from dataclasses import dataclass
from typing import Literal

from ...binary.elf_file import BootloaderElf
from ...binary.emulator.run_token import RunToken
from ...binary.emulator.trial_text import case_lines
from ...binary.emulator.trials import AnyPhase
from .result_parts import CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReplayResult(CommandResult):
    """What a bootloader's machine code and the simulated bootloader do in one run."""

    command: Literal["replay --bootloader"] = "replay --bootloader"
    """The command that made the result."""
    file: str
    """The ELF file."""
    sha256: str
    """Of the file, in hex."""
    case: tuple[str, ...]
    """What both ran on: the device, and each otadata record."""
    disturbance: str
    """The power cut, or the failing flash operations; empty for none."""
    in_next_boot: bool
    """They differ in the boot after the power cut."""
    program: str | None
    """What the program does where the two first differ; null where they do not."""
    simulated: str | None
    """What the simulated bootloader does there."""
    fault: str
    """Why the program could not be run on; empty where it could."""
    verdict: Literal["no difference", "differs", "inconclusive"]
    """Inconclusive where the program could not be run on."""


def run_replay_result(elf: BootloaderElf, token: RunToken, phase: AnyPhase) -> RunReplayResult:
    """Return what a repeated run came to."""
    found = phase.found
    return RunReplayResult(
        file=elf.name,
        sha256=elf.digest,
        case=case_lines(token.case),
        disturbance=str(token.disturbance),
        in_next_boot=found is not None and found.in_next_boot,
        program=None if found is None else found.emulated,
        simulated=None if found is None else found.simulated,
        fault=phase.fault,
        verdict="differs" if found is not None else "inconclusive" if phase.fault else "no difference",
    )
