"""SPIN, run on our Promela text: as a second opinion on what can be reached, and as what the explorer is measured by.

SPIN searches depth first. It stores exactly our states; of transitions it counts one more, as it counts the step that
puts its first state into the store. It tells eight digits of a count, so from 10^8 on two counts are compared as it
would print them. Everything is compiled for exact search: no partial-order reduction, no hashing
that can lose a state.
"""

import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FAST = ("-w", "-O3", "-march=native", "-DSAFETY", "-DNOREDUCE", "-DNOBOUNDCHECK", "-DNOFAIR")
"""The fastest options for an exact search, by measurement."""
QUICK = ("-w", "-O0", "-DSAFETY", "-DNOREDUCE")
"""Options that compile in less time, for small models."""
OWN_TRANSITIONS = 1
"""Transitions that SPIN counts and we do not."""


class SpinMissing(Exception):
    """SPIN or gcc is not installed."""


class SpinFailed(Exception):
    """SPIN, gcc or the search did not come to its end."""


@dataclass(frozen=True, slots=True)
class SpinRun:
    """What SPIN found."""

    states: int
    transitions: int
    """Ours: without SPIN's own one."""
    errors: int
    """1 when the claim in the text is broken."""
    seconds: float
    """As SPIN tells them: searching only."""
    processor_seconds: float
    compile_seconds: float
    """spin -a and gcc."""

    def agrees_with(self, states: int, transitions: int) -> bool:
        """Tell whether these counts, printed as SPIN prints its own, are those that it printed."""
        theirs = (self.states, self.transitions + OWN_TRANSITIONS)
        return all(
            f"{mine:.8g}" == f"{told:.8g}"
            for mine, told in zip((states, transitions + OWN_TRANSITIONS), theirs, strict=True)
        )


def why_missing() -> str | None:
    """Return what is missing to run SPIN, in one line; None when nothing is."""
    missing = [name for name in ("spin", "gcc") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (Debian packages spin and gcc)" if missing else None


def run_spin(
    text: str,
    table_bits: int = 20,
    depth: int = 3_000_000,
    time_limit: float = 600,
    gcc_options: Sequence[str] = FAST,
) -> SpinRun:
    """Return what SPIN found in a Promela text.

    table_bits: SPIN's -w, best about the logarithm of the number of states. Raises SpinMissing and SpinFailed."""
    missing = why_missing()
    if missing is not None:
        raise SpinMissing(missing)
    with tempfile.TemporaryDirectory(prefix="otaproof-spin-") as name:
        place = Path(name)
        (place / "ota.pml").write_text(text, encoding="utf-8")
        started = time.perf_counter()
        # Without -o2 SPIN leaves out of the state what is only written, such as ghost variables.
        _call(["spin", "-o2", "-a", "ota.pml"], place, time_limit)
        _call(["gcc", *gcc_options, "-o", "pan", "pan.c"], place, time_limit)
        compile_seconds = time.perf_counter() - started
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = _call(["./pan", "-n", f"-m{depth}", f"-w{table_bits}"], place, time_limit)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for cause in ("max search depth too small", "out of memory"):
        if cause in output:
            raise SpinFailed(f"the search was not complete: {cause}")
    return SpinRun(
        states=_number(r"([\d.e+]+) states, stored", output),
        transitions=_number(r"([\d.e+]+) transitions \(=", output) - OWN_TRANSITIONS,
        errors=_number(r"errors: (\d+)", output),
        seconds=float(_found(r"elapsed time ([\d.]+) seconds", output, "0")),
        processor_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        compile_seconds=compile_seconds,
    )


def _number(pattern: str, output: str) -> int:
    return int(float(_found(pattern, output)))


def _found(pattern: str, output: str, otherwise: str | None = None) -> str:
    match = re.search(pattern, output)
    if match is not None:
        return match[1]
    if otherwise is None:
        raise SpinFailed(f"SPIN said nothing of {pattern!r}: {output[-300:]}")
    return otherwise


def _call(command: list[str], place: Path, time_limit: float) -> str:
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=time_limit, check=False)
    except subprocess.TimeoutExpired:
        raise SpinFailed(f"{command[0]} took more than {time_limit:.0f} s") from None
    if done.returncode != 0:
        raise SpinFailed(f"{' '.join(command)}: {done.stderr[-300:] or done.stdout[-300:]}")
    return done.stdout
