"""Kinds of runs, each compared, and what they came to; where there are several processes, they take cases by blocks.

What a phase comes to does not depend on their number: blocks are looked at in the order of the cases, and nothing of a
phase counts that comes after a block in which the program cannot be run on. An interrupt, or the death of a process,
ends all phases; what was compared before it counts.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, Generic

from ...campaign.workers import WorkerDied, mapped
from ...model.config import Config
from .boot_bench import BootBench
from .comparison import UNDISTURBED, CaseT, Disturbance, RunBench, TrialDifference, compare, simplest
from .core import CoreFault
from .program import BootloaderProgram
from .selection_bench import SelectionBench

Progress = Callable[[str, int], None]
"""Called with the name of the phase and the runs that it has had so far."""
Disturb = Callable[[RunBench[CaseT], CaseT], Iterable[Disturbance]]
"""Return what is to happen in the runs of a case; it is sent to processes, so it is a function of a module."""
_UNDISTURBED_BLOCK, _DISTURBED_BLOCK = 500, 20
"""Cases of a block; a disturbed case is run many times."""


class BenchKind(Enum):
    """What is run."""

    SELECTION = "selection"
    BOOT = "boot"


@dataclass(frozen=True, slots=True)
class TrialSetting:
    """A program beside the simulated bootloader; programs of the same file are the same."""

    program: BootloaderProgram
    config: Config
    kind: BenchKind
    flash_size: int | None = None
    """Of whole boots, where it is not the usual one."""

    def bench(self) -> RunBench[Any]:
        """Load the program; raises InputError where it lacks a function that is run."""
        if self.kind is BenchKind.SELECTION:
            return SelectionBench(self.program, self.config)
        size = () if self.flash_size is None else (self.flash_size,)
        return BootBench(self.program, self.config, *size)


@dataclass(frozen=True, slots=True)
class TrialPhase(Generic[CaseT]):
    """What one kind of runs came to."""

    name: str
    runs: int
    """Runs compared; one with a power cut counts once, with the boot after it."""
    differing: int
    """Those that differ."""
    seconds: float
    """What the runs took, divided by the number of processes."""
    found: TrialDifference[CaseT] | None
    """The first difference, made as simple as it gets."""
    fault: str
    """Why the program could not be run on; "": it could."""
    ended_by: str = ""
    """Why not all was run, where that is not the program's fault: an interrupt."""


@dataclass(frozen=True, slots=True)
class PhasePlan(Generic[CaseT]):
    """What is to be run in a phase."""

    name: str
    setting: TrialSetting
    cases: Iterable[CaseT]
    disturb: Disturb[CaseT]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some cases of a phase."""

    phase: int
    is_last: bool
    setting: TrialSetting
    disturb: Disturb[Any]
    cases: tuple[Any, ...]


@dataclass(slots=True)
class _Counts:
    """What some runs came to."""

    phase: int
    is_last: bool = False
    runs: int = 0
    differing: int = 0
    found: TrialDifference[Any] | None = None
    fault: str = ""
    seconds: float = 0.0

    def add(self, more: "_Counts") -> None:
        """Count further runs of the phase too, unless the program could not be run on."""
        if not self.fault:
            self.runs += more.runs
            self.differing += more.differing
            self.found = self.found or more.found
            self.fault = more.fault
            self.seconds += more.seconds


def run_phases(
    plans: Sequence[PhasePlan[Any]],
    jobs: int = 1,
    progress: Progress = lambda name, runs: None,
    is_simplified: bool = True,
) -> Iterator[TrialPhase[Any]]:
    """Yield what each phase comes to. Raises InputError where the program lacks a function that is run.

    jobs: how many processes. is_simplified: make the first difference of a phase simpler."""
    blocks = (block for number, plan in enumerate(plans) for block in _blocks(number, plan))
    counts, ended_by = _Counts(0), ""
    try:
        for more in mapped(_counted, blocks, jobs):
            counts.add(more)
            progress(plans[counts.phase].name, counts.runs)
            if more.is_last:
                if counts.found is not None and is_simplified:
                    _simplify(plans[counts.phase].setting, counts)
                yield _phase(plans, counts, jobs)
                counts = _Counts(counts.phase + 1)
    except (KeyboardInterrupt, WorkerDied) as error:
        ended_by = str(error) or "interrupted"
    if ended_by and counts.phase < len(plans):
        yield _phase(plans, counts, jobs, ended_by)


def _phase(plans: Sequence[PhasePlan[Any]], counts: _Counts, jobs: int, ended_by: str = "") -> TrialPhase[Any]:
    name, seconds = plans[counts.phase].name, counts.seconds / jobs
    return TrialPhase(name, counts.runs, counts.differing, seconds, counts.found, counts.fault, ended_by)


def undisturbed(bench: RunBench[CaseT], case: CaseT) -> tuple[Disturbance, ...]:
    """Return that nothing happens."""
    return (UNDISTURBED,)


def _blocks(number: int, plan: PhasePlan[Any]) -> Iterator[_Block]:
    """Yield the cases of a phase by blocks; one without cases where there are none."""
    rest, size = iter(plan.cases), _UNDISTURBED_BLOCK if plan.disturb is undisturbed else _DISTURBED_BLOCK
    cases = tuple(islice(rest, size))
    while True:
        following = tuple(islice(rest, size))
        yield _Block(number, not following, plan.setting, plan.disturb, cases)
        if not following:
            return
        cases = following


def _counted(block: _Block) -> _Counts:
    """Return what the runs of a block come to."""
    counts = _Counts(block.phase, block.is_last)
    bench = _loaded(block.setting)
    began = time.perf_counter()
    try:
        for case in block.cases:
            for disturbance in block.disturb(bench, case):
                found = compare(bench, case, disturbance)
                counts.runs += 1
                if found is not None:
                    counts.differing += 1
                    counts.found = counts.found or found
    except CoreFault as error:
        counts.fault = str(error)
    counts.seconds = time.perf_counter() - began
    return counts


def _simplify(setting: TrialSetting, counts: _Counts) -> None:
    assert counts.found is not None
    try:
        counts.found = simplest(_loaded(setting), counts.found)
    except CoreFault as error:
        counts.fault = str(error)


_benches: dict[TrialSetting, RunBench[Any]] = {}
"""The one that was used last: a process gets the program with each block, and loads it once."""


def _loaded(setting: TrialSetting) -> RunBench[Any]:
    if setting not in _benches:
        _benches.clear()
        _benches[setting] = setting.bench()
    return _benches[setting]
