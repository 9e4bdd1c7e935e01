"""All that a bootloader is run on, in phases, and what came of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from ...model.config import Chip, Config, ResetReason
from ...model.fault_model import FaultModel
from .boot_bench import BootBench
from .boot_cases import BootCase, boot_cases, has_slots, random_boots, version_cases, wake_ups
from .comparison import CaseT, Disturbance, compare, failing_operations, power_cuts
from .core import CoreFault
from .emulated_bootloader import RETAINED, WAKE_UP
from .otadata_pairs import OtadataPair, classes, random_pairs, writing_pairs
from .program import BootloaderProgram
from .trial_phase import BenchKind, PhasePlan, Progress, TrialPhase, TrialSetting, run_phases, undisturbed

AnyPhase = TrialPhase[OtadataPair] | TrialPhase[BootCase]
_PROBED = 29
"""Of so many boots, one is a probe of how the program was built."""
_OPTIONS = ((True, False), (False, False), (True, True))
"""Rollback and anti-rollback, the likeliest first."""


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
    program: BootloaderProgram,
    config: Config,
    plan: TrialPlan,
    jobs: int = 1,
    progress: Progress = lambda name, runs: None,
) -> Iterator[AnyPhase]:
    """Yield what each phase came to. Raises InputError where the program lacks a function that is run.

    jobs: how many processes."""
    yield from run_phases(list(_phases(program, config, plan)), jobs, progress)


def _phases(program: BootloaderProgram, config: Config, plan: TrialPlan) -> Iterator[PhasePlan[Any]]:
    failing, cuts = "failing flash operations", f"power cuts under {plan.faults.name}"
    cut = partial(power_cuts, faults=plan.faults, seed=plan.seed)
    # With anti-rollback a selection goes by the images as well, so only whole boots have all that it reads.
    if not config.anti_rollback:
        pairs, writing = TrialSetting(program, config, BenchKind.SELECTION), plan.sampled(writing_pairs())
        yield PhasePlan("classes of pairs", pairs, plan.sampled(classes()), undisturbed)
        yield PhasePlan("random pairs", pairs, random_pairs(plan.seed, plan.pairs), undisturbed)
        yield PhasePlan(f"{failing}, selection", pairs, writing, failing_operations)
        yield PhasePlan(f"{cuts}, selection", pairs, writing, cut)
    boots = TrialSetting(program, config, BenchKind.BOOT)
    # Without slots, anti-rollback takes a slot number modulo 0: on RISC-V that is any number, so it reads anywhere.
    needs_slots = config.anti_rollback and not program.traps_division_by_zero
    cases = [case for case in boot_cases() if has_slots(case) or not needs_slots]
    yield PhasePlan("whole boots", boots, plan.sampled(cases), undisturbed)
    drawn = (case for case in random_boots(plan.seed, plan.boots) if has_slots(case) or not needs_slots)
    yield PhasePlan("whole boots of random tables", boots, drawn, undisturbed)
    if config.anti_rollback:
        yield PhasePlan("whole boots, secure versions", boots, plan.sampled(version_cases()), undisturbed)
    plain = plan.sampled(case for case in cases if not case.damaged)
    yield PhasePlan(f"{failing}, whole boots", boots, plain, failing_operations)
    yield PhasePlan(f"{cuts}, whole boots", boots, plain, cut)
    if program.has_code(WAKE_UP):
        waking = TrialSetting(program, waking_config(program, config), BenchKind.BOOT)
        yield PhasePlan("wake-ups from deep sleep", waking, plan.sampled(wake_ups()), undisturbed)


def repeat(
    program: BootloaderProgram, config: Config, case: OtadataPair | BootCase, disturbance: Disturbance
) -> AnyPhase:
    """Return what one run comes to, as it is."""
    if isinstance(case, OtadataPair):
        setting = TrialSetting(program, config, BenchKind.SELECTION)
    else:
        config = waking_config(program, config) if case.reason is ResetReason.DEEP_SLEEP else config
        setting = TrialSetting(program, config, BenchKind.BOOT, case.flash_size)
    plan = PhasePlan("one run", setting, [case], lambda bench, case: (disturbance,))
    (phase,) = run_phases([plan], is_simplified=False)
    return phase
