"""The terms of the device model as z3 formulas, for questions that are put together in Python.

The prover asks its questions as SMT-LIB text instead (smtlib.py), so that another solver reads the same.
"""

from typing import Any

import z3

from ...model.terms.terms import Op, Term
from ...model.terms.walker import arguments_of, walk


class Z3Reading:
    """Terms as z3 formulas: a fact is a Bool, a number a bit-vector, a field a constant of its name."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._done: dict[Term, Any] = {}

    def __call__(self, term: Term) -> Any:
        """Return the term as a formula."""
        return walk(term, arguments_of, _formula, self._done)


def _formula(node: Term, args: list[Any]) -> Any:
    """Return the formula of a node."""
    match node.op:
        case Op.VALUE:
            return z3.BitVecVal(node.value, node.bits) if node.bits else z3.BoolVal(bool(node.value))
        case Op.FIELD:
            name = str(node.args[0])
            return z3.BitVec(name, node.bits) if node.bits else z3.Bool(name)
        case Op.NOT:
            return z3.Not(args[0])
        case Op.AND:
            return z3.And(args)
        case Op.OR:
            return z3.Or(args)
        case Op.EQUAL:
            left, right = _widened(args)
            return left == right
        case Op.LESS:
            return z3.ULT(*_widened(args))
        case Op.PLUS:
            left, right = _widened(args)
            return left + right
        case Op.MINUS:
            left, right = _widened(args)
            return left - right
        case Op.CHOOSE:
            return z3.If(args[0], *_widened(args[1:]))


def _widened(numbers: list[Any]) -> list[Any]:
    bits = max(word.size() for word in numbers)
    return [z3.ZeroExt(bits - word.size(), word) for word in numbers]
