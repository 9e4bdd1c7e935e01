"""`make bench`: how fast random histories are played, and proof that what lock step remembers changes no result.

Speeds are reported as ratios within one run, since machines differ. The runs are made twice: once as `otaproof fuzz`
makes them, and once with every answer of the models forgotten before each run. Any difference ends the run with exit
code 1.
"""

import sys
import time
from collections.abc import Callable

from ...model.config import Release
from ..lockstep.known_model import forget_answers, forget_models
from .findings import Findings, RunResult, run
from .fuzz_driver import Fuzz, Limits
from .generator import Worlds

RUNS = 400
SEED = 1
RUNS_TO_SHARE = 30_000
"""Dealt to one process, and to two; so many that what each has to learn of the model weighs little."""
ONE_KIND = Worlds(slots=2, has_factory=False, rollback=True, anti_rollback=False, app_version=Release.V5_1.point)
"""One model, so that each process makes no more of them than the other."""


def timed_runs(before_each: Callable[[], None]) -> tuple[list[RunResult], float]:
    """Return the results of the runs, and the processor time that they took."""
    started = time.process_time()
    results = []
    for index in range(RUNS):
        before_each()
        results.append(run(SEED, index, Worlds()))
    return results, time.process_time() - started


def seconds_of(jobs: int) -> float:
    """Return how long so many processes take for a fuzz, from their start to the last result."""
    forget_models()
    fuzz = Fuzz(SEED, ONE_KIND, Limits(RUNS_TO_SHARE), jobs)
    started = time.perf_counter()
    fuzz.run(lambda result: None)
    return time.perf_counter() - started


def main() -> int:
    """Run the benchmark; return 1 when what is remembered changes a result."""
    # Each in processes of its own, which know nothing yet; a pool of one process is asked for as such.
    alone, together = seconds_of(1), seconds_of(2)
    print(f"{RUNS_TO_SHARE:,} random histories: two processes are {alone / together:.2f} times as fast as one")
    forget_models()
    _, making = timed_runs(lambda: None)
    anew, slowly = timed_runs(forget_answers)
    results, quickly = timed_runs(lambda: None)
    findings = Findings()
    for result in results:
        findings.add(result)
    print(
        f"random histories, {len(findings.coverage.scopes)} models: {findings.runs} runs of {findings.steps:,} steps, "
        f"{findings.steps / making:,.0f} steps/s where the models are made on the way, "
        f"{findings.steps / quickly:,.0f} where they were made before; with what is known of states and steps "
        f"{slowly / quickly:.1f} times as fast as without"
    )
    differing = [one.index for one, other in zip(results, anew, strict=True) if one != other]
    print(f"{len(differing)} runs with another result{': ' if differing else ''}{', '.join(map(str, differing[:5]))}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
