"""Steers the draw of random histories towards what was seldom come through.

A guide knows how many runs have come through each action of the model, and through each site of a power cut. Of choices
that can be made, one that was taken less often than the others weighs more, and none is ruled out.
"""

from collections.abc import Collection, Mapping, Sequence
from math import sqrt

from ...model.fault_model import FaultModel
from ..history.step import Step
from ..lockstep.seen_operations import OpKind, SeenOp

_MOST = 8.0
"""A choice weighs so many times as much at most, and so many times less."""


class Guide:
    """Weighs choices by how often they were taken."""

    def __init__(self, seen: Mapping[str, int]) -> None:
        """Take how many runs have come through what."""
        self._seen = seen

    def weights(self, points: Sequence[Collection[str]], weights: Sequence[float]) -> list[float]:
        """Return the weights of choices. points: what each comes through; nothing: its weight stays.

        weights: what they weigh without a guide."""
        counts = [min((self._seen.get(point, 0) for point in through), default=None) for through in points]
        known = sorted(count for count in counts if count is not None)
        typical = known[len(known) // 2] if known else 0
        return [
            weight if count is None else weight * min(_MOST, max(1 / _MOST, sqrt((1 + typical) / (1 + count))))
            for weight, count in zip(weights, counts, strict=True)
        ]


def site(step: Step, op: SeenOp, rung: FaultModel | None = None) -> str:
    """Return the site of a power cut in words: the call, its operation, and the fault model of the tear."""
    place = "" if op.kind is OpKind.BURN else " of a record" if op.record is not None else " of a slot"
    first = ", first sector" if op.is_first_sector else ""
    return f"cut in {step.name.value}: {op.kind.value}{place}{first}{'' if rung is None else f', {rung.name}'}"
