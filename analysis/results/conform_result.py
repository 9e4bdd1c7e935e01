"""The result of `otaproof conform`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...campaign.conformance.vector_replay import Mismatch
from .result_parts import CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorMismatch:
    """The first difference between the board and one vector."""

    id: str
    """Of the vector."""
    family: str
    """The family that it belongs to."""
    step: int | None
    """The step, from 0; null for a boot vector."""
    field: str
    """The field of the record, dotted."""
    expected: Any
    """What was recorded."""
    got: Any
    """What the board does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformResult(CommandResult):
    """What `otaproof conform` found."""

    command: Literal["conform"] = "conform"
    """The command that made the result."""
    vectors: int
    """Vectors replayed."""
    agree: int
    """Those that agree in every field."""
    families: dict[str, int]
    """Vectors replayed, by family."""
    mismatches: tuple[VectorMismatch, ...]
    """The others."""


def conform_result(vectors: Mapping[str, int], mismatches: Sequence[Mismatch]) -> ConformResult:
    """Return the result of a replay. vectors: how many were replayed, by family."""
    total = Counter(vectors).total()
    return ConformResult(
        vectors=total,
        agree=total - len(mismatches),
        families=dict(sorted(vectors.items())),
        mismatches=tuple(
            VectorMismatch(id=m.id, family=m.family, step=m.step, field=m.field, expected=m.expected, got=m.got)
            for m in mismatches
        ),
    )
