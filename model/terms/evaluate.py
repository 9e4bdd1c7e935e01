"""The value of a term for given values of its fields, one state at a time."""

from collections.abc import Callable
from typing import Any

from .terms import Op, Term
from .walker import arguments_of, walk


def evaluated(term: Term, fields: dict[str, int]) -> int:
    """Return what a term is for these values of its fields: a number, or 0 or 1."""

    def visit(node: Term, args: list[int]) -> int:
        if node.op is Op.VALUE:
            return node.value or 0
        if node.op is Op.FIELD:
            return fields[str(node.args[0])]
        return int(_MEANINGS[node.op](args)) & ((1 << node.bits) - 1 if node.bits else 1)

    return walk(term, arguments_of, visit, {})


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
