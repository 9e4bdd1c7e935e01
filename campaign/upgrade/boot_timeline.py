"""A scenario over the time of its flash operations: what boots after a cut at each moment, and what that breaks.

The time is that of flash_time.py: counted are the tears of F1, which follow one another in time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from ...impl.chip.flash import FlashOp
from ...impl.chip.flash_timing import operation_time
from ...model.claims.observation import Boot
from ..device_under_test import DeviceUnderTest
from ..history.player import Played
from .flash_time import has_prefixes, stretch_time
from .sweep import Stretch, SweepResult
from .uncut_run import UncutRun


class StartedImage(Enum):
    """What a power-on starts, as the upgrade has it."""

    OLD = "old"
    """The image that ran when the upgrade began."""
    NEW = "new"
    """The image in the target of the upgrade, whole."""
    OTHER = "other"
    """Another partition, or an image that is not whole."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class TimedStretch:
    """A part of a flash operation in which every cut comes to the same."""

    start: float
    """Seconds of flash time from the beginning of the scenario's cuts."""
    end: float
    starts: StartedImage
    broken: tuple[str, ...]
    """Ids of the claims that a cut breaks."""


@dataclass(frozen=True, slots=True)
class TimedOperation:
    """A flash operation, and when it runs."""

    played: Played
    op: FlashOp
    start: float
    """Seconds of flash time from the beginning of the scenario's cuts."""
    end: float
    stretches: tuple[TimedStretch, ...]
    """In order; they fill the time."""
    is_otadata: bool


@dataclass(frozen=True, slots=True)
class TimedReturn:
    """The time between the return of a call and the next call, which is as long as the application takes."""

    call: str
    at: float
    """Seconds of flash time."""
    starts: StartedImage
    """What starts when the power fails in it."""
    broken: tuple[str, ...]
    """Ids of the claims that this breaks."""


@dataclass(frozen=True, slots=True)
class BootTimeline:
    """What was cut of a scenario, in order."""

    operations: tuple[TimedOperation, ...]
    returns: tuple[TimedReturn, ...]
    previous: str
    """Label of the partition that runs when the upgrade begins."""
    target: str
    """Label of the partition that it goes to."""

    @property
    def end(self) -> float:
        """Seconds of all of it."""
        return self.operations[-1].end if self.operations else 0.0


def boot_timeline(dut: DeviceUnderTest, run: UncutRun, swept: SweepResult) -> BootTimeline | None:
    """Return the timeline of what was swept of a run; None where no cut has a place in time."""
    if not has_prefixes(swept):
        return None
    operations = tuple(_operations(dut, run, swept))
    ends = {timed.played.number: timed.end for timed in operations}
    returns = []
    at = 0.0
    for reset in swept.resets:
        at = ends.get(reset.played.number, at)
        starts = starts_of(reset.known.future.boot, run)
        returns.append(TimedReturn(reset.played.step.call_name, at, starts, reset.broken))
    return BootTimeline(operations, tuple(returns), run.previous, run.target)


def starts_of(boot: Boot, run: UncutRun) -> StartedImage:
    """Return which image a power-on starts."""
    if boot.partition is None:
        return StartedImage.NOTHING
    if boot.image is None or boot.partition not in (run.previous, run.target):
        return StartedImage.OTHER
    return StartedImage.OLD if boot.partition == run.previous else StartedImage.NEW


def _operations(dut: DeviceUnderTest, run: UncutRun, swept: SweepResult) -> Iterator[TimedOperation]:
    at = 0.0
    in_ops = (stretch for stretch in swept.stretches if stretch.op is not None)
    for _, group in groupby(in_ops, key=lambda stretch: (stretch.played.number, stretch.op_index)):
        found = list(group)
        op = found[0].op
        assert op is not None
        parts = tuple(_parts(run, found, at))
        end = at + operation_time(op)
        yield TimedOperation(found[0].played, op, at, end, parts, dut.is_in_otadata(op.address))
        at = end


def _parts(run: UncutRun, stretches: list[Stretch], at: float) -> Iterator[TimedStretch]:
    for stretch in stretches:
        seconds = stretch_time(stretch)
        if seconds:
            yield TimedStretch(at, at + seconds, starts_of(stretch.known.future.boot, run), stretch.broken)
            at += seconds
