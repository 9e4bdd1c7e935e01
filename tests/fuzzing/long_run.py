"""The long run: `make fuzz-inputs`, or `python tests/fuzzing/long_run.py --inputs 10000000 --seed 7 --keep DIRECTORY`.

All decoders take turns of equal processor time. An input that is answered in a new way is mutated further. What raises
something that no command tells, takes longer than LONGEST_SECONDS, or asks for more than MOST_MEMORY, is a failure: it
is kept in a file, and is to become a test. Exit code 1 with any failure.
"""

import argparse
import hashlib
import importlib.util
import re
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

# Run as a file, it finds the folder of tests by itself.
sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing.input_decoders import DECODERS, Decoder, answer
from fuzzing.mutation import mutated

LONGEST_SECONDS = 10.0
"""Processor time of one input."""
MOST_MEMORY = 3 << 30
"""Bytes of address space of the whole process."""
_TURN_SECONDS = 2.0
_MOST_BASES = 400
_SHAPE = re.compile(r"'[^']*'|\"[^\"]*\"|0x[0-9a-fA-F]+|\d+")


class TakesTooLong(BaseException):
    """An input has had its time; no handler of errors holds this up."""


@dataclass(slots=True)
class Campaign:
    """The inputs of one decoder."""

    decoder: Decoder
    random: Random
    bases: list[bytes]
    inputs: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    failures: dict[str, bytes] = field(default_factory=dict)
    """Input by what it raised and where: the first of each."""

    def turn(self, seconds: float, most: int) -> None:
        """Try inputs for some processor time, and no more than `most`."""
        begun = time.process_time()
        while most > 0 and time.process_time() - begun < seconds:
            for _ in range(min(64, most)):
                self._try(mutated(self.random.choice(self.bases), self.bases, self.random))
            most -= 64
        self.seconds += time.process_time() - begun

    def _try(self, data: bytes) -> None:
        self.inputs += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_SECONDS)
        try:
            told = _SHAPE.sub("#", answer(self.decoder, data))[:120]
        except (Exception, TakesTooLong, SystemExit) as error:
            self._fail(error, data)
            return
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if told not in self.answers and len(self.bases) < _MOST_BASES:
            self.bases.append(data)
        self.answers[told] += 1

    def _fail(self, error: BaseException, data: bytes) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = "" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        kind = f"{type(error).__name__} at {place}"
        if kind not in self.failures:
            self.failures[kind] = data
            print(f"{self.decoder.name}: {kind}: {str(error)[:200]!a}", flush=True)


def chosen(names: Iterable[str]) -> list[Decoder]:
    """Return the decoders of these names, all for none, without those whose optional dependency is missing."""
    found = [DECODERS[name] for name in names] or list(DECODERS.values())
    return [one for one in found if not one.needs or importlib.util.find_spec(one.needs) is not None]


def fuzz(decoders: Iterable[Decoder], seed: int, inputs: int) -> list[Campaign]:
    """Try so many inputs in all, or until SIGINT; the same seed makes the same inputs of each decoder, in one order."""
    campaigns = [Campaign(one, Random(f"{seed} {one.name}"), list(one.seeds())) for one in decoders]
    left = inputs
    with suppress(KeyboardInterrupt):
        while left > 0:
            for campaign in campaigns:
                before = campaign.inputs
                campaign.turn(_TURN_SECONDS, left)
                left -= campaign.inputs - before
    return campaigns


def print_counts(campaigns: Iterable[Campaign], keep: Path) -> int:
    """Print a line for each decoder, keep the inputs of failures, and return how many of those there are."""
    total = failed = 0
    print(f"{'decoder':26}{'inputs':>12}{'accepted':>12}{'answers':>9}{'inputs/s':>10}{'failures':>10}")
    for one in campaigns:
        rate = one.inputs / one.seconds if one.seconds else 0
        accepted, kinds = one.answers["ok"], len(one.answers)
        print(f"{one.decoder.name:26}{one.inputs:>12,}{accepted:>12,}{kinds:>9,}{rate:>10,.0f}{len(one.failures):>10}")
        total += one.inputs
        failed += len(one.failures)
    print(f"{'all':26}{total:>12,}{'':>31}{failed:>10}")
    for one in campaigns:
        for text, data in one.failures.items():
            keep.mkdir(parents=True, exist_ok=True)
            path = keep / f"{one.decoder.name}-{hashlib.sha256(data).hexdigest()[:12]}"
            path.write_bytes(data)
            print(f"{path}: {text}")
    return failed


def main() -> int:
    """Read the command line, fuzz, print."""
    parser = argparse.ArgumentParser(description="Fuzz every decoder of what otaproof reads.")
    parser.add_argument("decoders", nargs="*", help=f"default: all of {', '.join(DECODERS)}")
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz-failures"), help="where failing inputs go")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    campaigns = fuzz(chosen(arguments.decoders), arguments.seed, arguments.inputs)
    return 1 if print_counts(campaigns, arguments.keep) else 0


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TakesTooLong(f"more than {LONGEST_SECONDS:g} s")


if __name__ == "__main__":
    sys.exit(main())
