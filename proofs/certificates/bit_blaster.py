"""Terms as wires of a circuit: a fact is one wire, a number one for each of its bits, the lowest first.

Written straight from the meaning of the ten operations (model/terms/terms.py), and apart from the SMT-LIB encoding:
neither knows of the other. An operation on two widths takes the larger one; `+` and `-` wrap there.
"""

from collections.abc import Mapping, Sequence

from ...model.terms.terms import Op, Term
from ...model.terms.walker import arguments_of, walk
from .circuit import FALSE, TRUE, Circuit

Wires = tuple[int, ...]


class BitBlaster:
    """Reads terms that are said of one state."""

    def __init__(self, circuit: Circuit, fields: Mapping[str, Wires]) -> None:
        """Fields: the wires of each field of the state."""
        self.circuit = circuit
        self._fields = fields
        self._done: dict[Term, Wires] = {}

    def wires(self, term: Term) -> Wires:
        """Return the wires of a term."""
        return walk(term, arguments_of, self._wires, self._done)

    def fact(self, term: Term) -> int:
        """Return the wire of a fact."""
        (wire,) = self.wires(term)
        return wire

    def _wires(self, node: Term, args: list[Wires]) -> Wires:
        circuit = self.circuit
        match node.op:
            case Op.VALUE:
                return constant_wires(node.value or 0, node.bits)
            case Op.FIELD:
                return self._fields[str(node.args[0])]
            case Op.NOT:
                return (-args[0][0],)
            case Op.AND:
                return (circuit.all_of(wire for (wire,) in args),)
            case Op.OR:
                return (circuit.any_of(wire for (wire,) in args),)
            case Op.EQUAL:
                return (equal(circuit, *_same_width(args)),)
            case Op.LESS:
                return (_less(circuit, *_same_width(args)),)
            case Op.PLUS:
                left, right = _same_width(args)
                return _sum(circuit, left, right)
            case Op.MINUS:
                return _difference(circuit, *_same_width(args))
            case Op.CHOOSE:
                (condition,), *cases = args
                pairs = zip(*_same_width(cases), strict=True)
                return tuple(circuit.choose(condition, then, otherwise) for then, otherwise in pairs)


def constant_wires(value: int, bits: int) -> Wires:
    """Return a constant; bits: 0 for a fact."""
    return tuple(TRUE if value >> place & 1 else FALSE for place in range(bits or 1))


def fitted(wires: Wires, width: int) -> Wires:
    """Return the number with that many bits: zeros before it, or its upper bits lost."""
    return (*wires, *(FALSE for _ in range(width - len(wires))))[:width]


def equal(circuit: Circuit, left: Wires, right: Wires) -> int:
    """Return whether two numbers of one width are equal."""
    return circuit.all_of(-circuit.differ(a, b) for a, b in zip(left, right, strict=True))


def _less(circuit: Circuit, left: Wires, right: Wires) -> int:
    """Return whether the left is smaller: the highest bit in which they differ is the right one's."""
    is_less = FALSE
    for a, b in zip(left, right, strict=True):
        is_less = circuit.choose(circuit.differ(a, b), b, is_less)
    return is_less


def _sum(circuit: Circuit, left: Wires, right: Wires, carry: int = FALSE) -> Wires:
    found = []
    for a, b in zip(left, right, strict=True):
        is_odd = circuit.differ(a, b)
        found.append(circuit.differ(is_odd, carry))
        carry = circuit.choose(is_odd, carry, a)
    return tuple(found)


def _difference(circuit: Circuit, left: Wires, right: Wires) -> Wires:
    """Return the sum of the left number, the inverted right one, and 1."""
    return _sum(circuit, left, tuple(-wire for wire in right), TRUE)


def _same_width(numbers: Sequence[Wires]) -> list[Wires]:
    width = max(map(len, numbers))
    return [fitted(wires, width) for wires in numbers]
