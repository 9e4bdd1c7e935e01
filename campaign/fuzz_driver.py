"""Deals out the runs of a fuzz, here or to several processes, and gathers what they found.

A block of runs is the unit of work: a plain tuple of numbers and a Worlds goes out, a list of RunResult comes back, and
both can be pickled. Blocks are independent, so a cluster needs nothing but `run_block`. Results come back in the order
of the runs; what is reported depends on which runs were made, never on how fast, or where.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeVar

from .fuzz import BLOCK, Finding, Findings, RunResult, minimised, run
from .random_history import Worlds

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
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


def run_block(work: Work) -> list[RunResult]:
    """Return the results of a block."""
    return [run(work.seed, index, work.worlds) for index in range(work.first, work.past)]


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
    """A fuzz under way: what it has found so far can be asked for at any time."""

    def __init__(self, seed: int, worlds: Worlds, limits: Limits, jobs: int = 1) -> None:
        """Prepare; nothing runs yet."""
        self.findings = Findings()
        self.is_interrupted = False
        self._seed, self._worlds, self._limits, self._jobs = seed, worlds, limits, jobs

    def run(self, sink: Sink) -> None:
        """Make the runs; an interrupt ends them, and what was found stays."""
        started = time.monotonic()
        work = blocks(self._seed, self._limits.runs, self._worlds)
        try:
            with mapper(self._jobs) as mapped:
                for results in mapped(run_block, work):
                    for result in results:
                        self.findings.add(result)
                        sink(result)
                    if self._limits.seconds is not None and time.monotonic() - started >= self._limits.seconds:
                        return
        except KeyboardInterrupt:
            self.is_interrupted = True

    def reported(self) -> Iterator[Finding]:
        """Yield what was found, each kind once, minimised."""
        with mapper(self._jobs) as mapped:
            yield from mapped(minimised, self.findings.all())


class Mapper(Protocol):
    """A function like map() with one iterable."""

    def __call__(self, function: Callable[[_Given], _Made], given: Iterable[_Given], /) -> Iterable[_Made]:
        """Yield what the function makes of each thing given, in their order."""


@contextmanager
def mapper(jobs: int) -> Iterator[Mapper]:
    """Give a mapper: in this process for one job, else over so many."""
    if jobs == 1:
        yield map
        return
    with multiprocessing.Pool(jobs, ignore_interrupts) as pool:
        yield pool.imap


def ignore_interrupts() -> None:
    """The process that deals out the work handles them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
