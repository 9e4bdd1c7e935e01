"""The value of a term for given values of its fields."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .terms import Op, Term
from .walker import arguments_of, walk


def evaluated(term: Term, fields: Mapping[str, int]) -> int:
    """Return what a term is for these values of its fields: a number, or 0 or 1."""
    return evaluated_in_rows(term, {name: (value,) for name, value in fields.items()}, 1)[0]


def evaluated_in_rows(term: Term, columns: Mapping[str, Sequence[int]], rows: int) -> Sequence[int]:
    """Return what a term is in each of some states, which are given by field: a sequence of its values."""

    def visit(node: Term, args: list[Sequence[int]]) -> Sequence[int]:
        if node.op is Op.VALUE:
            return [node.value or 0] * rows
        if node.op is Op.FIELD:
            return columns[str(node.args[0])]
        meaning, mask = _MEANINGS[node.op], (1 << node.bits) - 1 if node.bits else 1
        return [int(meaning(row)) & mask for row in zip(*args, strict=True)]

    return walk(term, arguments_of, visit, {})


_MEANINGS: dict[Op, Callable[[Sequence[int]], Any]] = {
    Op.NOT: lambda a: not a[0],
    Op.AND: all,
    Op.OR: any,
    Op.EQUAL: lambda a: a[0] == a[1],
    Op.LESS: lambda a: a[0] < a[1],
    Op.PLUS: lambda a: a[0] + a[1],
    Op.MINUS: lambda a: a[0] - a[1],
    Op.CHOOSE: lambda a: a[1] if a[0] else a[2],
}
