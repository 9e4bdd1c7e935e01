"""A scenario of `otaproof check` over the time of its flash operations, as a page draws it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ...campaign.upgrade.boot_timeline import BootTimeline, Starts, TimedOperation

StartsName = Literal["old", "new", "other", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCall:
    """A call, and when its flash operations run."""

    name: str
    """Such as commence."""
    calls: int
    """How many in a row."""
    start: float
    """Milliseconds of flash time."""
    end: float
    """The same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedBoots:
    """A time in which a cut comes to the same."""

    call: str
    """The call that is cut."""
    start: float
    """Milliseconds of flash time."""
    end: float
    """The same."""
    starts: tuple[StartsName, ...]
    """What can start after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRecord:
    """A flash operation on otadata."""

    call: str
    """The call that makes it."""
    operation: Literal["erase", "program"]
    """What it is."""
    start: float
    """Milliseconds of flash time."""
    end: float
    """The same."""
    starts: tuple[StartsName, ...]
    """What can start after a cut in it."""
    broken: tuple[str, ...]
    """Claims that such a cut breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousTime:
    """A time in which a cut breaks a claim."""

    claim: str
    """Its id."""
    call: str
    """The call that is cut."""
    start: float
    """Milliseconds of flash time."""
    end: float
    """The same."""


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
    """Flash time of all of it."""
    calls: tuple[TimedCall, ...]
    """In order."""
    boots: tuple[TimedBoots, ...]
    """In order, without gaps."""
    records: tuple[TimedRecord, ...]
    """The operations on otadata."""
    dangers: tuple[DangerousTime, ...]
    """Where claims are broken."""


def scenario_timeline(scenario: str, timeline: BootTimeline) -> ScenarioTimeline:
    """Return the timeline of a scenario."""
    operations = timeline.operations
    return ScenarioTimeline(
        scenario=scenario,
        previous=timeline.previous,
        target=timeline.target,
        milliseconds=_rounded(timeline.end),
        calls=tuple(_calls(operations)),
        boots=tuple(_boots(operations)),
        records=tuple(_record(op) for op in operations if op.is_otadata),
        dangers=tuple(_dangers(operations)),
    )


def _calls(operations: tuple[TimedOperation, ...]) -> Iterator[TimedCall]:
    for name, group in groupby(operations, key=lambda op: op.played.step.call_name):
        found = list(group)
        calls = len({op.played.number for op in found})
        yield TimedCall(name=name, calls=calls, start=_rounded(found[0].start), end=_rounded(found[-1].end))


def _boots(operations: tuple[TimedOperation, ...]) -> Iterator[TimedBoots]:
    for (call, starts), group in groupby(operations, key=lambda op: (op.played.step.call_name, op.starts)):
        found = list(group)
        yield TimedBoots(
            call=call, start=_rounded(found[0].start), end=_rounded(found[-1].end), starts=_names(starts)
        )


def _record(op: TimedOperation) -> TimedRecord:
    return TimedRecord(
        call=op.played.step.call_name,
        operation="erase" if op.op.kind.value == "e" else "program",
        start=_rounded(op.start),
        end=_rounded(op.end),
        starts=_names(op.starts),
        broken=tuple(sorted(op.broken, key=_number)),
    )


def _dangers(operations: tuple[TimedOperation, ...]) -> Iterator[DangerousTime]:
    claims = sorted({claim for op in operations for claim in op.broken}, key=_number)
    for claim in claims:
        keyed = groupby(operations, key=lambda op, claim=claim: (claim in op.broken, op.played.step.call_name))
        for (is_broken, call), group in keyed:
            found = list(group)
            if is_broken:
                yield DangerousTime(
                    claim=claim, call=call, start=_rounded(found[0].start), end=_rounded(found[-1].end)
                )


def _names(starts: frozenset[Starts]) -> tuple[StartsName, ...]:
    return tuple(kind.value for kind in Starts if kind in starts)


def _number(claim: str) -> int:
    return int(claim[1:])


def _rounded(milliseconds: float) -> float:
    return round(milliseconds, 4)
