"""All that a bootloader is run on, in phases, and what came of each."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic

from ...model.config import Chip, Config, ResetReason
from ...model.fault_model import FaultModel
from .boot_bench import BootBench
from .boot_cases import BootCase, boot_cases, has_slots, random_boots, version_cases, wake_ups
from .comparison import (
    UNDISTURBED,
    CaseT,
    Disturbance,
    RunBench,
    TrialDifference,
    compare,
    failing_operations,
    power_cuts,
    simplest,
)
from .core import CoreFault
from .emulated_bootloader import RETAINED, WAKE_UP
from .otadata_pairs import OtadataPair, classes, random_pairs, writing_pairs
from .program import BootloaderProgram
from .selection_bench import SelectionBench

Progress = Callable[[str, int], None]
"""Called with the name of the phase and the runs that it has had so far."""
_TOLD_EVERY = 512
_PROBED = 29
"""Of so many boots, one is a probe of how the program was built."""
_OPTIONS = ((True, False), (False, False), (True, True))
"""Rollback and anti-rollback, the likeliest first."""
Run = tuple[CaseT, Disturbance]


@dataclass(frozen=True, slots=True)
class TrialPhase(Generic[CaseT]):
    """What one kind of runs came to."""

    name: str
    runs: int
    """Runs compared; one with a power cut counts once, with the boot after it."""
    differing: int
    """Those that differ."""
    seconds: float
    found: TrialDifference[CaseT] | None
    """The first difference, made as simple as it gets."""
    fault: str
    """Why the program could not be run on; "": it could."""


AnyPhase = TrialPhase[OtadataPair] | TrialPhase[BootCase]


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """How much is run."""

    pairs: int = 20_000
    """Random pairs."""
    seed: int = 0
    """Chooses them, the random boots, and the random patterns of F2 and F3."""
    faults: FaultModel = FaultModel.F1
    """What a power cut may leave."""
    every: int = 1
    """Of all cases that are not random, one in so many is run."""

    @property
    def boots(self) -> int:
        """Boots of random tables; each takes as long as many pairs."""
        return self.pairs // 20

    def sampled(self, cases: Iterable[CaseT]) -> list[CaseT]:
        """Return the cases to run."""
        return list(islice(cases, 0, None, self.every))


def fitting_config(program: BootloaderProgram, config: Config) -> Config:
    """Return the configuration with rollback and anti-rollback as the program fits best."""
    probes = [case for number, case in enumerate(version_cases()) if number % _PROBED == 0]

    def misfits(options: tuple[bool, bool]) -> int:
        bench = BootBench(program, replace(config, rollback=options[0], anti_rollback=options[1]))
        return sum(_is_misfit(bench, case) for case in probes)

    rollback, anti_rollback = min(_OPTIONS, key=misfits)
    return replace(config, rollback=rollback, anti_rollback=anti_rollback)


def waking_config(program: BootloaderProgram, config: Config) -> Config:
    """Return the configuration of a program that has the fast path out of deep sleep.

    Whether the chip retains the last boot is told by the function that gives it; here it has retained nothing."""
    chip = config.chip if program.has_code(RETAINED) else Chip.ESP32C2
    return replace(config, skip_validate_in_deep_sleep=True, chip=chip)


def _is_misfit(bench: BootBench, case: BootCase) -> bool:
    try:
        return compare(bench, case) is not None
    except CoreFault:
        return True


def trials(
    program: BootloaderProgram, config: Config, plan: TrialPlan, progress: Progress = lambda name, runs: None
) -> Iterator[AnyPhase]:
    """Yield what each phase came to. Raises InputError where the program lacks a function that is run."""
    failing, cuts = "failing flash operations", f"power cuts under {plan.faults.name}"
    # With anti-rollback a selection goes by the images as well, so only whole boots have all that it reads.
    if not config.anti_rollback:
        pairs, writing = SelectionBench(program, config), plan.sampled(writing_pairs())
        yield _phase("classes of pairs", pairs, _undisturbed(plan.sampled(classes())), progress)
        yield _phase("random pairs", pairs, _undisturbed(random_pairs(plan.seed, plan.pairs)), progress)
        yield _phase(f"{failing}, selection", pairs, _failing(pairs, writing), progress)
        yield _phase(f"{cuts}, selection", pairs, _cut(pairs, writing, plan), progress)
    boots = BootBench(program, config)
    # Without slots, anti-rollback takes a slot number modulo 0: on RISC-V that is any number, so it reads anywhere.
    needs_slots = config.anti_rollback and not program.traps_division_by_zero
    cases = [case for case in boot_cases() if has_slots(case) or not needs_slots]
    yield _phase("whole boots", boots, _undisturbed(plan.sampled(cases)), progress)
    drawn = (case for case in random_boots(plan.seed, plan.boots) if has_slots(case) or not needs_slots)
    yield _phase("whole boots of random tables", boots, _undisturbed(drawn), progress)
    if config.anti_rollback:
        yield _phase("whole boots, secure versions", boots, _undisturbed(plan.sampled(version_cases())), progress)
    plain = plan.sampled(case for case in cases if not case.damaged)
    yield _phase(f"{failing}, whole boots", boots, _failing(boots, plain), progress)
    yield _phase(f"{cuts}, whole boots", boots, _cut(boots, plain, plan), progress)
    if program.has_code(WAKE_UP):
        waking = BootBench(program, waking_config(program, config))
        asleep = plan.sampled(wake_ups())
        yield _phase("wake-ups from deep sleep", waking, _undisturbed(asleep), progress)


def repeat(
    program: BootloaderProgram, config: Config, case: OtadataPair | BootCase, disturbance: Disturbance
) -> AnyPhase:
    """Return what one run comes to, as it is."""
    if isinstance(case, OtadataPair):
        return _phase("one run", SelectionBench(program, config), iter([(case, disturbance)]), is_simplified=False)
    if case.reason is ResetReason.DEEP_SLEEP:
        config = waking_config(program, config)
    bench = BootBench(program, config, case.flash_size)
    return _phase("one run", bench, iter([(case, disturbance)]), is_simplified=False)


def _undisturbed(cases: Iterable[CaseT]) -> Iterator[Run[CaseT]]:
    return ((case, UNDISTURBED) for case in cases)


def _failing(bench: RunBench[CaseT], cases: Iterable[CaseT]) -> Iterator[Run[CaseT]]:
    return ((case, failure) for case in cases for failure in failing_operations(bench, case))


def _cut(bench: RunBench[CaseT], cases: Iterable[CaseT], plan: TrialPlan) -> Iterator[Run[CaseT]]:
    return ((case, cut) for case in cases for cut in power_cuts(bench, case, plan.faults, plan.seed))


def _phase(
    name: str,
    bench: RunBench[CaseT],
    runs: Iterator[Run[CaseT]],
    progress: Progress = lambda name, runs: None,
    is_simplified: bool = True,
) -> TrialPhase[CaseT]:
    count = differing = 0
    first, fault = None, ""
    began = time.perf_counter()
    try:
        for case, disturbance in runs:
            found = compare(bench, case, disturbance)
            count += 1
            if found is not None:
                differing += 1
                first = first or found
            if count % _TOLD_EVERY == 0:
                progress(name, count)
        if first is not None and is_simplified:
            first = simplest(bench, first)
    except CoreFault as error:
        fault = str(error)
    return TrialPhase(name, count, differing, time.perf_counter() - began, first, fault)
