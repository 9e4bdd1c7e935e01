"""For how long a claim is in danger: the time of flash operations in which a power failure breaks it.

It is told for one scenario, of what that scenario has beyond the plain upgrade. Counted are the tears of F1, which
follow one another in time; what lies between two operations takes as long as the application takes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...impl.chip.flash_timing import operation_time, time_of_bytes
from ...impl.chip.torn_operations import BEFORE, TornKind
from .sweep import Stretch, SweepResult


@dataclass(frozen=True, slots=True)
class DangerousTime:
    """When a power failure breaks a claim."""

    scenario: str
    """The scenario where that is longest."""
    seconds: float
    """Of its flash operations, those in which it does; 0 where it does between operations alone."""
    of: float
    """Seconds that all its flash operations take."""
    waits: tuple[str, ...]
    """Calls after whose return a power failure breaks it too, until the next one, by name."""


def dangerous_times(sweeps: Mapping[str, SweepResult]) -> dict[str, DangerousTime]:
    """Return, by the id of a claim, when a power failure breaks it; claims that none breaks are left out, and all where
    no tear of F1 was looked at.

    sweeps: by the name of the scenario."""
    longest: dict[str, DangerousTime] = {}
    for name, result in sweeps.items():
        for claim_id, time in _in_scenario(name, result).items() if has_prefixes(result) else ():
            known = longest.setdefault(claim_id, time)
            if (time.seconds, len(time.waits)) > (known.seconds, len(known.waits)):
                longest[claim_id] = time
    return longest


def stretch_time(stretch: Stretch) -> float:
    """Return the seconds for which the flash is as a stretch says; 0 for what has no place in time."""
    if stretch.op is None or stretch.torn is None:
        return 0.0
    if stretch.torn == BEFORE:
        return time_of_bytes(stretch.op, 0, 1)
    if stretch.torn.kind in (TornKind.PREFIX, TornKind.PARTIAL):
        return time_of_bytes(stretch.op, stretch.torn.length, stretch.torn.length + stretch.count)
    return 0.0


def flash_time(result: SweepResult) -> float:
    """Return the seconds that the flash operations take which a sweep has cut."""
    return sum(operation_time(stretch.op) for stretch in _begun(result) if stretch.op is not None)


def _in_scenario(name: str, result: SweepResult) -> dict[str, DangerousTime]:
    seconds: dict[str, float] = {}
    waits: dict[str, dict[str, None]] = {}
    for stretch in result.stretches:
        for claim_id in stretch.broken:
            seconds[claim_id] = seconds.get(claim_id, 0.0) + stretch_time(stretch)
    for reset in result.resets:
        for claim_id in reset.broken:
            waits.setdefault(claim_id, {})[reset.played.step.name.value] = None
    found = {id_: (seconds.get(id_, 0.0), tuple(waits.get(id_, ()))) for id_ in {**seconds, **waits}}
    total = flash_time(result)
    return {id_: DangerousTime(name, time, total, calls) for id_, (time, calls) in found.items() if time or calls}


def _begun(result: SweepResult) -> Iterator[Stretch]:
    """Yield a stretch for each operation."""
    return (stretch for stretch in result.stretches if stretch.torn == BEFORE)


def has_prefixes(result: SweepResult) -> bool:
    """Tell whether cuts inside operations were looked at, which have a place in time."""
    return any(
        stretch.torn is not None and stretch.torn.kind in (TornKind.PREFIX, TornKind.PARTIAL)
        for stretch in result.stretches
    )
