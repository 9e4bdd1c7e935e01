"""A scenario of `otaproof check` over the time of its flash operations, as a page draws it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ...campaign.upgrade.boot_timeline import BootTimeline, TimedOperation

StartsName = Literal["old", "new", "other", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """A time in milliseconds of flash operations, from the beginning of what was cut of a scenario."""

    start: float
    """When it begins."""
    end: float
    """When it ends."""

    @property
    def length(self) -> float:
        """Milliseconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCall(TimeSpan):
    """A call, and when its flash operations run."""

    name: str
    """Such as commence."""
    calls: int
    """How many in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedBoots(TimeSpan):
    """A time in which every cut is followed by the same start."""

    call: str
    """The call that is cut."""
    starts: StartsName
    """What starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWait:
    """The time between the return of a call and the next call, as long as the application takes."""

    call: str
    """The call that has returned."""
    at: float
    """Milliseconds of flash operations before it."""
    starts: StartsName
    """What starts when the power fails in it."""
    broken: tuple[str, ...]
    """Ids of the claims that this breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousSpan(TimeSpan):
    """A time in which a power failure breaks a claim."""

    claim: str
    """Its id."""
    call: str
    """The call that is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRecord(TimeSpan):
    """A flash operation on otadata."""

    call: str
    """The call that makes it."""
    operation: Literal["erase", "program"]
    """What it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTimeline:
    """One scenario."""

    scenario: str
    """Its name."""
    previous: str
    """Label of the partition that runs when the upgrade begins."""
    target: str
    """Label of the partition that it goes to."""
    milliseconds: float
    """All of it."""
    calls: tuple[TimedCall, ...]
    """In order."""
    boots: tuple[TimedBoots, ...]
    """In order, without gaps."""
    records: tuple[TimedRecord, ...]
    """The operations on otadata."""
    waits: tuple[TimedWait, ...]
    """After each call, in order; calls of write() in a row that come to the same as one, at the last."""
    dangers: tuple[DangerousSpan, ...]
    """By claim, then in order."""


def scenario_timeline(scenario: str, timeline: BootTimeline) -> ScenarioTimeline:
    """Return the timeline of a scenario."""
    operations = timeline.operations
    return ScenarioTimeline(
        scenario=scenario,
        previous=timeline.previous,
        target=timeline.target,
        milliseconds=_ms(timeline.end),
        calls=tuple(_calls(operations)),
        boots=tuple(_boots(operations)),
        records=tuple(
            TimedRecord(call=_call(op), operation=_kind(op), start=_ms(op.start), end=_ms(op.end))
            for op in operations
            if op.is_otadata
        ),
        waits=tuple(_waits(timeline)),
        dangers=tuple(_dangers(operations)),
    )


def _calls(operations: tuple[TimedOperation, ...]) -> Iterator[TimedCall]:
    for name, group in groupby(operations, key=_call):
        found = list(group)
        calls = len({op.played.number for op in found})
        yield TimedCall(name=name, calls=calls, start=_ms(found[0].start), end=_ms(found[-1].end))


def _boots(operations: tuple[TimedOperation, ...]) -> Iterator[TimedBoots]:
    pieces = ((_call(op), part) for op in operations for part in op.stretches)
    for (call, starts), group in groupby(pieces, key=lambda piece: (piece[0], piece[1].starts)):
        found = [part for _, part in group]
        yield TimedBoots(call=call, start=_ms(found[0].start), end=_ms(found[-1].end), starts=starts.value)


def _waits(timeline: BootTimeline) -> Iterator[TimedWait]:
    for (call, starts, broken), group in groupby(timeline.returns, key=lambda r: (r.call, r.starts, r.broken)):
        yield TimedWait(call=call, at=_ms(list(group)[-1].at), starts=starts.value, broken=broken)


def _dangers(operations: tuple[TimedOperation, ...]) -> Iterator[DangerousSpan]:
    pieces = [(_call(op), part) for op in operations for part in op.stretches]
    claims = {claim for _, part in pieces for claim in part.broken}
    for claim in sorted(claims, key=lambda name: int(name[1:])):
        marked = [(call, claim in part.broken, part) for call, part in pieces]
        for (call, is_broken), group in groupby(marked, key=lambda piece: piece[:2]):
            parts = [part for *_, part in group]
            if is_broken:
                yield DangerousSpan(claim=claim, call=call, start=_ms(parts[0].start), end=_ms(parts[-1].end))


def _call(op: TimedOperation) -> str:
    return op.played.step.call_name


def _kind(op: TimedOperation) -> Literal["erase", "program"]:
    return "erase" if op.op.kind.value == "e" else "program"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 4)
