"""What a decision comes to, by machine code or by impl: what is returned, noted and done to flash."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import z3

from .flash_operations import FlashOperation, Programmed, same_operations, shape_of


@dataclass(frozen=True, slots=True)
class FunctionOutcome:
    """The end of a path, or of all paths with the same end."""

    condition: Any
    """The formula of exactly the inputs that come to it."""
    result: Any
    """What is returned, as a z3 bit-vector."""
    noted: Any
    """Formula: otadata was never written, as the code notes it."""
    operations: tuple[FlashOperation, ...]
    frame: Any = True
    """Formula: what may not be touched is as it was; impl touches nothing else."""

    @property
    def terms(self) -> tuple[Any, ...]:
        """The terms that say everything but when."""
        parts = [self.result, self.noted, z3.BoolVal(self.frame) if self.frame is True else self.frame]
        for op in self.operations:
            parts += op.terms
            if isinstance(op, Programmed) and op.encrypted is not None:
                parts.append(op.encrypted)
        return tuple(parts)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal where the ends are the same terms."""
        return shape_of(self.operations), *(term.get_id() for term in self.terms)

    def equals(self, other: "FunctionOutcome", encrypted: Any) -> Any:
        """Return when an outcome of impl, of the same shape, is this one; encrypted: what each program must ask for."""
        same = same_operations(self.operations, other.operations, encrypted)
        return z3.simplify(z3.And(self.result == other.result, self.noted == other.noted, *same))


def distinct_outcomes(outcomes: Iterable[FunctionOutcome]) -> tuple[FunctionOutcome, ...]:
    """Return the outcomes with those of the same end as one."""
    by_key: dict[tuple[Any, ...], list[FunctionOutcome]] = {}
    for outcome in outcomes:
        by_key.setdefault(outcome.key, []).append(outcome)
    return tuple(
        FunctionOutcome(
            z3.Or(*(same.condition for same in found)),
            found[0].result,
            found[0].noted,
            found[0].operations,
            found[0].frame,
        )
        for found in by_key.values()
    )


def differing(
    code: Iterable[FunctionOutcome], expected: tuple[FunctionOutcome, ...], encrypted: Any, is_by_case: bool = False
) -> Any:
    """Return the formula of exactly the inputs for which the code comes to an end that impl does not come to.

    is_by_case: leave out pairs of ends that no input comes to."""
    by_shape: dict[Any, list[FunctionOutcome]] = {}
    for other in expected:
        by_shape.setdefault(shape_of(other.operations), []).append(other)

    def agrees(outcome: FunctionOutcome) -> Any:
        of_shape = by_shape.get(shape_of(outcome.operations), [])
        if is_by_case:
            of_shape = [other for other in of_shape if _can_meet(outcome, other)]
        pairs = ((other, outcome.equals(other, encrypted)) for other in of_shape)
        same = (z3.And(other.condition, equal) for other, equal in pairs if not z3.is_false(equal))
        return z3.And(outcome.frame, z3.Or(*same))

    return z3.Or(*(z3.And(outcome.condition, z3.Not(agrees(outcome))) for outcome in code))


def _can_meet(outcome: FunctionOutcome, other: FunctionOutcome) -> bool:
    """Tell whether an input may come to both ends."""
    return bool(z3.Solver().check(outcome.condition, other.condition) != z3.unsat)
