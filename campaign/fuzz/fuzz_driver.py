"""Deals out the runs of a fuzz, here or to several processes, and gathers what they found.

A block of runs is the unit of work: a plain tuple of numbers and a Worlds goes out, a list of RunResult comes back, and
both can be pickled. Blocks are independent, so a cluster needs nothing but `run_block`. Results come back in the order
of the runs; what is reported depends on which runs were made, never on how fast, or where.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from ...model.fault_model import MODELLED_FAULTS
from ..rare_collection import rarely_collecting
from ..workers import WorkerDied, mapped
from .board_runs import run_on_board
from .findings import BLOCK, Finding, Findings, RunResult, run
from .generator import Worlds
from .shrink import shrunk

Sink = Callable[[RunResult], None]
"""Takes each result as it comes."""


@dataclass(frozen=True, slots=True)
class Work:
    """One block of runs."""

    seed: int
    first: int
    """Number of the first run."""
    past: int
    """One past the last."""
    worlds: Worlds


def run_for(worlds: Worlds) -> Callable[..., RunResult]:
    """Return what makes a run: in lock step, or on the board alone where the model does not go."""
    return run if worlds.faults in MODELLED_FAULTS else run_on_board


def run_block(work: Work) -> list[RunResult]:
    """Return the results of a block."""
    play = run_for(work.worlds)
    with rarely_collecting():
        return [play(work.seed, index, work.worlds) for index in range(work.first, work.past)]


def blocks(seed: int, run_count: int | None, worlds: Worlds) -> Iterator[Work]:
    """Yield the blocks of so many runs; None: for ever."""
    for first in count(0, BLOCK):
        if run_count is not None and first >= run_count:
            return
        past = first + BLOCK if run_count is None else min(first + BLOCK, run_count)
        yield Work(seed, first, past, worlds)


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: after so many runs, or so many seconds, whichever comes first."""

    runs: int | None = None
    seconds: float | None = None


class Fuzz:
    """A fuzz under way: its findings so far can be read at any time."""

    def __init__(self, seed: int, worlds: Worlds, limits: Limits, jobs: int = 1) -> None:
        """Prepare; nothing runs yet."""
        self.findings = Findings()
        self.ended_by = ""
        """What ended it too soon, if anything did."""
        self._seed, self._worlds, self._limits, self._jobs = seed, worlds, limits, jobs

    def run(self, sink: Sink) -> None:
        """Make the runs; an interrupt ends them, and what was found stays."""
        started = time.monotonic()
        work = blocks(self._seed, self._limits.runs, self._worlds)
        try:
            for results in mapped(run_block, work, self._jobs):
                for result in results:
                    self.findings.add(result)
                    sink(result)
                if self._limits.seconds is not None and time.monotonic() - started >= self._limits.seconds:
                    return
        except KeyboardInterrupt:
            self.ended_by = "interrupted"
        except WorkerDied as error:
            self.ended_by = str(error)

    def reported(self) -> Iterator[Finding]:
        """Yield what was found, each kind once, shrunk; as it was found from where the fuzz ends too soon."""
        found = self.findings.all()
        count = 0
        try:
            for finding in () if self.ended_by else mapped(shrunk, found, self._jobs):
                yield finding
                count += 1
        except (WorkerDied, KeyboardInterrupt) as error:
            self.ended_by = str(error) or "interrupted"
        yield from found[count:]
