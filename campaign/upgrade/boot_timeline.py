"""A scenario over the time of its flash operations: what boots after a cut in each, and which claims that breaks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.chip.torn_operations import AFTER
from ...model.claims.observation import Boot
from ..device_under_test import DeviceUnderTest
from ..history.player import Played
from .sweep import Stretch, SweepResult
from .uncut_run import UncutRun


class Starts(Enum):
    """What a power-on starts, as the upgrade has it."""

    OLD = "old"
    """The image that ran when the upgrade began."""
    NEW = "new"
    """The image in the target of the upgrade, whole."""
    OTHER = "other"
    """Another partition, or an image that is not whole."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class TimedOperation:
    """A flash operation, when it runs, and what a cut in it comes to."""

    played: Played
    op: FlashOp
    start: float
    """Milliseconds of flash time from the beginning of the scenario's cuts."""
    end: float
    starts: frozenset[Starts]
    """What can boot after a cut in it: before it, or with any part of it done."""
    broken: frozenset[str]
    """Ids of the claims that such a cut breaks."""
    is_otadata: bool


@dataclass(frozen=True, slots=True)
class BootTimeline:
    """The flash operations of a scenario, in order."""

    operations: tuple[TimedOperation, ...]
    previous: str
    """Label of the partition that runs when the upgrade begins."""
    target: str
    """Label of the partition that it goes to."""

    @property
    def end(self) -> float:
        """Milliseconds of all of them."""
        return self.operations[-1].end if self.operations else 0.0


def boot_timeline(dut: DeviceUnderTest, run: UncutRun, swept: SweepResult) -> BootTimeline:
    """Return the timeline of what was swept of a run."""
    return BootTimeline(tuple(_timed(dut, run, swept.stretches)), run.previous, run.target)


def starts_of(boot: Boot, run: UncutRun) -> Starts:
    """Return which image a power-on starts."""
    if boot.partition is None:
        return Starts.NOTHING
    if boot.image is None or boot.partition not in (run.previous, run.target):
        return Starts.OTHER
    return Starts.OLD if boot.partition == run.previous else Starts.NEW


def _timed(dut: DeviceUnderTest, run: UncutRun, stretches: Iterable[Stretch]) -> Iterator[TimedOperation]:
    at = 0.0
    in_ops = (stretch for stretch in stretches if stretch.op is not None)
    for _, group in groupby(in_ops, key=lambda stretch: (stretch.played.number, stretch.op_index)):
        found = list(group)
        op = found[0].op
        assert op is not None
        # What the whole operation leaves is there when it no longer runs.
        inside = [stretch for stretch in found if stretch.torn != AFTER]
        end = at + _milliseconds(op)
        starts = frozenset(starts_of(stretch.known.future.boot, run) for stretch in inside)
        broken = frozenset(claim for stretch in inside for claim in stretch.broken)
        yield TimedOperation(found[0].played, op, at, end, starts, broken, dut.is_in_otadata(op.address))
        at = end


def _milliseconds(op: FlashOp) -> float:
    return 45.0 if op.kind is FlashOpKind.ERASE else 0.03 * max(1, -(-op.length // 256)) + 0.0025 * op.length
