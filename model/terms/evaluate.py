"""What a term is for given values of its fields: the plainest reading, one state at a time."""

from collections.abc import Callable
from typing import Any

from .terms import Op, Term


def evaluated(term: Term, fields: dict[str, int]) -> int:
    """Return what a term is for these values of its fields: a number, or 0 or 1."""
    if term.op is Op.VALUE:
        return int(term.args[0])  # type: ignore[arg-type]  # VALUE holds an int
    if term.op is Op.FIELD:
        return fields[str(term.args[0])]
    args = [evaluated(arg, fields) for arg in term.args if isinstance(arg, Term)]
    return int(_MEANINGS[term.op](args)) & ((1 << term.bits) - 1 if term.bits else 1)


_MEANINGS: dict[Op, Callable[[list[int]], Any]] = {
    Op.NOT: lambda a: not a[0],
    Op.AND: all,
    Op.OR: any,
    Op.EQUAL: lambda a: a[0] == a[1],
    Op.LESS: lambda a: a[0] < a[1],
    Op.PLUS: lambda a: a[0] + a[1],
    Op.MINUS: lambda a: a[0] - a[1],
    Op.CHOOSE: lambda a: a[1] if a[0] else a[2],
}
