"""`make bench`: how fast random histories are played, and proof that what lock step remembers changes no result.

Speeds are reported as ratios within one run, since machines differ. The runs are made twice: once as `otaproof fuzz`
makes them, and once with every answer of the models forgotten before each run. Any difference ends the run with exit
code 1.
"""

import sys
import time
from collections.abc import Callable

from ..lockstep.known_model import forget_answers
from .findings import Findings, RunResult, run
from .generator import Worlds

RUNS = 400
SEED = 1


def timed_runs(before_each: Callable[[], None]) -> tuple[list[RunResult], float]:
    """Return the results of the runs, and the processor time that they took."""
    started = time.process_time()
    results = []
    for index in range(RUNS):
        before_each()
        results.append(run(SEED, index, Worlds()))
    return results, time.process_time() - started


def main() -> int:
    """Run the benchmark; return 1 when what is remembered changes a result."""
    timed_runs(lambda: None)  # makes the models
    anew, slowly = timed_runs(forget_answers)
    results, quickly = timed_runs(lambda: None)
    findings = Findings()
    for result in results:
        findings.add(result)
    print(
        f"random histories, {len(findings.coverage.scopes)} models made before: {findings.runs} runs of "
        f"{findings.steps:,} steps, {findings.steps / quickly:,.0f} steps/s; with what is known of states and steps "
        f"{slowly / quickly:.1f} times as fast as without"
    )
    differing = [one.index for one, other in zip(results, anew, strict=True) if one != other]
    print(f"{len(differing)} runs with another result{': ' if differing else ''}{', '.join(map(str, differing[:5]))}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
