"""`make bench`, second part: the compiled search against SPIN, on one machine, in one run, over the same states.

Both search exactly and keep what a trace is made from. Seconds are those of searching alone; what compiling takes is
reported beside. Speeds are reported as ratios, since machines differ. Rounds alternate, and the middle one of each
counts. Different numbers of states or transitions end the run with exit code 1, and so does a search that memory ends.
Without SPIN the search is measured alone, with what its traces cost.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..model.config import Config
from ..model.device.model import device_model
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from .explicit.compiled.compiled_search import CompiledSearch
from .explicit.exploration import Exploration
from .export.promela import promela
from .export.spin import FAST, SpinFailed, SpinRun, run_spin, why_missing

MEMORY = 6 << 30
SCOPES = (
    (
        "4 slots, factory, F3, any usage",
        Scope(Config(rollback=True), slots=4, has_factory=True, faults=FaultModel.F3, usage=Usage.ANY),
    ),
)
THREADS = (1, 2)
SPIN_SECONDS = 1800.0
"""The most that one search by SPIN may take."""
SPIN_DEPTH = 30_000_000
"""Steps that SPIN's depth-first search may be deep."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One search."""

    states: int
    transitions: int
    seconds: float
    processor_seconds: float


def main() -> int:
    """Run the benchmark; return 1 when the two differ."""
    parser = argparse.ArgumentParser(prog="python -m otaproof.proofs.search_bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="searches of each kind (1)")
    rounds = parser.parse_args().rounds
    missing = why_missing()
    if missing is not None:
        print(f"the search is not set against SPIN: {missing}")
    # Two threads need two cores to themselves; where others work, processor time tells more than the clock.
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    return max(bench_scope(title, scope, rounds, missing is None) for title, scope in SCOPES)


def bench_scope(title: str, scope: Scope, rounds: int, has_spin: bool) -> int:
    """Measure one scope; return 1 when the two differ."""
    print(f"{title}; SPIN: spin -o2, gcc {' '.join(FAST)}" if has_spin else title)
    search = CompiledSearch(scope)
    print(f"  compiled search: {search.compile_seconds:.1f} s to compile or load (kept on disk)", flush=True)
    text = promela(device_model(scope))
    spins: list[SpinRun] = []
    ours: dict[int, list[Timing]] = {threads: [] for threads in THREADS}
    limits: set[str] = set()
    for _ in range(rounds):
        try:
            if has_spin:
                spins.append(run_spin(text, table_bits=26, depth=SPIN_DEPTH, time_limit=SPIN_SECONDS))
        except SpinFailed as error:
            print(f"  SPIN is left out, as it did not come to its end: {error}", flush=True)
            has_spin = False
            spins.clear()
        for threads in THREADS:
            timing, limit = _timed(lambda threads=threads: search.run(threads, MEMORY))  # type: ignore[misc]
            ours[threads].append(timing)
            limits |= {limit} - {""}
    reference = None
    if has_spin:
        reference = _middle([Timing(run.states, run.transitions, run.seconds, run.processor_seconds) for run in spins])
        print(f"  SPIN: {spins[0].compile_seconds:.1f} s to compile")
        _print("SPIN", reference, reference)
    for threads in THREADS:
        _print(f"{threads} thread{'s' if threads > 1 else ''}", _middle(ours[threads]), reference)
    _print_trace(search, ours[THREADS[-1]][-1].seconds)
    if limits:
        print(f"  the search was not complete: {', '.join(sorted(limits))}")
        return 1
    counts = {(timing.states, timing.transitions) for threads in THREADS for timing in ours[threads]}
    if len(counts) != 1 or not all(run.agrees_with(*count) for run in spins for count in counts):
        print(f"  the counts differ: {sorted(counts)}, {[(run.states, run.transitions) for run in spins]}")
        return 1
    return 0


def _timed(run: Callable[[], Exploration]) -> tuple[Timing, str]:
    """Return what a search took, and what stopped it before its end, if anything did."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(found.states, found.transitions, found.seconds, spent), found.limit


def _middle(timings: list[Timing]) -> Timing:
    return sorted(timings, key=lambda timing: timing.seconds)[(len(timings) - 1) // 2]


def _print(name: str, timing: Timing, reference: Timing | None) -> None:
    ratio = "" if reference is None else (
        f", {reference.seconds / timing.seconds:5.1f} times SPIN "
        f"({reference.processor_seconds / timing.processor_seconds:.1f} by processor time)"
    )  # fmt: skip
    print(
        f"  {name:10} {timing.states:>12,} states {timing.transitions:>13,} transitions {timing.seconds:>7.2f} s "
        f"{timing.states / timing.seconds:>12,.0f} states/s{ratio}",
        flush=True,
    )


def _print_trace(search: CompiledSearch, searched: float) -> None:
    """Show that traces are kept, and what they cost beside the last search, in seconds: find the canonical one to a
    state farthest from the start."""
    started = time.perf_counter()
    level = len(search.stores[0].levels) - 2
    farthest = np.concatenate([store.order[store.levels[level] : store.known] for store in search.stores])
    trace = search.traces.to_one_of(farthest, level)
    seconds = time.perf_counter() - started
    print(
        f"  the canonical trace to a farthest state, {len(trace)} steps, is found in {seconds:.2f} s, "
        f"{seconds / searched:.2f} times the search"
    )


if __name__ == "__main__":
    sys.exit(main())
