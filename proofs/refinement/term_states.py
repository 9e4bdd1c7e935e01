"""States whose fields are terms, compared."""

from collections.abc import Mapping

from ...model.terms.terms import Bool, Num, Term, all_of


def is_same_state(values: Mapping[str, Term], others: Mapping[str, Term]) -> Bool:
    """Tell whether two states are one, in all fields of the first."""
    return all_of(_is_same(value, others[name]) for name, value in values.items())


def _is_same(one: Term, other: Term) -> Bool:
    if isinstance(one, Bool) and isinstance(other, Bool):
        return one.same_as(other)
    assert isinstance(one, Num) and isinstance(other, Num)
    return one == other
