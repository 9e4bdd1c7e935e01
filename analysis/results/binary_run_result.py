"""The result of `otaproof binary run`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...binary.elf_file import BootloaderElf
from ...binary.emulator.trials import AnyPhase, TrialPlan
from ...model.config import Config
from .result_parts import CommandResult, FaultName, fault_name
from .run_difference import RunDifference, run_difference


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPhase:
    """One kind of runs."""

    name: str
    """What was run."""
    runs: int
    """Runs compared; a power cut and the boot after it are one."""
    differing: int
    """Runs that differ."""
    seconds: float
    """What they took, divided by the number of processes."""
    difference: RunDifference | None
    """The first of them, made as simple as it gets; null where none differs."""
    fault: str
    """Why the program could not be run on; empty where it could."""
    ended_by: str
    """Why not all was run, such as an interrupt; empty where all was. Later phases are left out then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryRunResult(CommandResult):
    """What `otaproof binary run` found."""

    command: Literal["binary run"] = "binary run"
    """The command that made the result."""
    file: str
    """The ELF file."""
    sha256: str
    """Of the file, in hex."""
    architecture: str
    """Its instruction set."""
    rollback: bool
    """CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE of the simulated bootloader."""
    anti_rollback: bool
    """CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK of it."""
    is_configuration_given: bool
    """The command line says so; else both are what the program fits best."""
    idf: str
    """ESP-IDF release whose rules the simulated bootloader follows."""
    pairs: int
    """Random pairs of records asked for."""
    seed: int
    """What chose them."""
    every: int
    """Of all cases that are not random, one in so many was run."""
    faults: FaultName
    """Fault model of the power cuts."""
    phases: tuple[RunPhase, ...]
    """What was run, in order."""
    verdict: Literal["no difference", "differs", "inconclusive"]
    """A difference counts more than what could not be run."""


def binary_run_result(
    elf: BootloaderElf, config: Config, is_given: bool, plan: TrialPlan, phases: Sequence[AnyPhase]
) -> BinaryRunResult:
    """Return the result of all phases."""
    return BinaryRunResult(
        file=elf.name,
        sha256=elf.digest,
        architecture=elf.architecture.value,
        rollback=config.rollback,
        anti_rollback=config.anti_rollback,
        is_configuration_given=is_given,
        idf=config.bootloader_name,
        pairs=plan.pairs,
        seed=plan.seed,
        every=plan.every,
        faults=fault_name(plan.faults.name),
        phases=tuple(_phase(phase, config) for phase in phases),
        verdict=_verdict(phases),
    )


def _verdict(phases: Sequence[AnyPhase]) -> Literal["no difference", "differs", "inconclusive"]:
    if any(phase.differing for phase in phases):
        return "differs"
    return "inconclusive" if any(phase.fault or phase.ended_by for phase in phases) else "no difference"


def _phase(phase: AnyPhase, config: Config) -> RunPhase:
    return RunPhase(
        name=phase.name,
        runs=phase.runs,
        differing=phase.differing,
        seconds=round(phase.seconds, 3),
        difference=None if phase.found is None else run_difference(phase.found, config),
        fault=phase.fault,
        ended_by=phase.ended_by,
    )
