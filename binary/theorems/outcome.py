"""What a decision comes to, by machine code or by impl: what is returned, noted and done to flash."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import z3

from ..execution.words import as_bits
from .flash_operations import FlashOperation, Programmed, shape_of


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
    def compared(self) -> tuple[Any, ...]:
        """The terms that are compared with those of another outcome of the same shape."""
        return (self.result, self.noted, *(term for operation in self.operations for term in operation.terms))

    @property
    def asked(self) -> tuple[Any, ...]:
        """What each program asks of flash encryption, where the side knows of it."""
        programs = (operation for operation in self.operations if isinstance(operation, Programmed))
        return tuple(program.encrypted for program in programs if program.encrypted is not None)

    @property
    def terms(self) -> tuple[Any, ...]:
        """The terms that say everything but when."""
        return (*self.compared, *self.asked, z3.BoolVal(True) if self.frame is True else self.frame)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal where the ends are the same terms."""
        return shape_of(self.operations), *(term.get_id() for term in self.terms)


_Numbered = tuple[tuple[int, Any], ...]
"""Terms with their ids."""


def _numbered(terms: Iterable[Any]) -> _Numbered:
    return tuple((term.get_id(), term) for term in terms)


class _Equalities:
    """When terms are equal; each pair of them is looked at once, as there are far more pairs of outcomes."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def all_of(self, ones: _Numbered, others: _Numbered) -> Any:
        """Return the formula that all of some terms equal all of others; False where that is plain."""
        found = []
        for (number, one), (other_number, other) in zip(ones, others, strict=True):
            key = number, other_number
            if key not in self._known:
                # With the terms beside it, no others get their numbers.
                self._known[key] = one, other, _equality(one, other)
            equal = self._known[key][2]
            if equal is False:
                return False
            if equal is not True:
                found.append(equal)
        return z3.And(*found)


def _equality(one: Any, other: Any) -> Any:
    """Return when two terms are equal: True or False where that is plain, else a formula."""
    equal = z3.simplify(one == other)
    return z3.is_true(equal) or (False if z3.is_false(equal) else equal)


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
    by_shape: dict[Any, list[tuple[FunctionOutcome, _Numbered]]] = {}
    for other in expected:
        by_shape.setdefault(shape_of(other.operations), []).append((other, _numbered(other.compared)))
    equalities = _Equalities()

    def same(outcome: FunctionOutcome) -> Any:
        of_shape = by_shape.get(shape_of(outcome.operations), [])
        if is_by_case:
            of_shape = [(other, terms) for other, terms in of_shape if _can_meet(outcome, other)]
        ours = _numbered(outcome.compared)
        pairs = ((other, equalities.all_of(ours, terms)) for other, terms in of_shape)
        return z3.Or(*(z3.And(other.condition, equal) for other, equal in pairs if equal is not False))

    return _not_met(code, encrypted, same)


def differing_in_place(code: Iterable[FunctionOutcome], first: tuple[FunctionOutcome, ...], encrypted: Any) -> Any:
    """Return a formula that is true wherever the code comes to an end other than `first` does.

    It is true as well where the same end is written in other terms: quick, for code that was followed twice."""
    by_end: dict[Any, list[Any]] = {}
    for other in first:
        by_end.setdefault(_end_of(other), []).append(other.condition)
    return _not_met(code, encrypted, lambda outcome: z3.Or(*by_end.get(_end_of(outcome), ())))


def _end_of(outcome: FunctionOutcome) -> tuple[Any, ...]:
    return shape_of(outcome.operations), *(term.get_id() for term in outcome.compared)


def _not_met(code: Iterable[FunctionOutcome], encrypted: Any, same: Callable[[FunctionOutcome], Any]) -> Any:
    """Return when an outcome of the code is not allowed; same: when the other side comes to the same end."""

    def agrees(outcome: FunctionOutcome) -> Any:
        asks = (as_bits(asked) == encrypted for asked in outcome.asked)
        return z3.And(outcome.frame, *asks, same(outcome))

    return z3.Or(*(z3.And(outcome.condition, z3.Not(agrees(outcome))) for outcome in code))


def _can_meet(outcome: FunctionOutcome, other: FunctionOutcome) -> bool:
    """Tell whether an input may come to both ends."""
    return bool(z3.Solver().check(outcome.condition, other.condition) != z3.unsat)
