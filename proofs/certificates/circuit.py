"""A circuit of three kinds of gates, built with hashing, and its clauses by Tseitin's encoding.

A wire is a literal as in DIMACS: a variable 1, 2, … or its negation, written with a minus. Variable 1 is true. Equal
gates are one gate, and what is certain while building never becomes a gate.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

TRUE, FALSE = 1, -1


class Gate(Enum):
    """What a gate makes of its inputs."""

    AND = "and"
    """All inputs, two at least, are true."""
    XOR = "xor"
    """The two inputs differ."""
    CHOOSE = "choose"
    """(condition, then, otherwise)."""


Clause = tuple[int, ...]


class Circuit:
    """Inputs and gates, each with a variable of its own."""

    def __init__(self) -> None:
        """Have the constant alone."""
        self.variables = 1
        self._gates: dict[int, tuple[Gate, tuple[int, ...]]] = {}
        self._known: dict[tuple[Gate, tuple[int, ...]], int] = {}

    def inputs(self, count: int) -> list[int]:
        """Return that many new wires that nothing determines."""
        self.variables += count
        return list(range(self.variables - count + 1, self.variables + 1))

    def all_of(self, wires: Iterable[int]) -> int:
        """Return whether all are true; of none, TRUE."""
        inputs = set(wires) - {TRUE}
        if FALSE in inputs or any(-wire in inputs for wire in inputs):
            return FALSE
        if len(inputs) < 2:
            return inputs.pop() if inputs else TRUE
        return self._gate(Gate.AND, tuple(sorted(inputs)))

    def any_of(self, wires: Iterable[int]) -> int:
        """Return whether at least one is true; of none, FALSE."""
        return -self.all_of(-wire for wire in wires)

    def differ(self, left: int, right: int) -> int:
        """Return whether one is true and the other is not."""
        if abs(left) == abs(right):
            return FALSE if left == right else TRUE
        for constant, other in ((left, right), (right, left)):
            if constant in (TRUE, FALSE):
                return other if constant == FALSE else -other
        low, high = sorted((abs(left), abs(right)))
        gate = self._gate(Gate.XOR, (low, high))
        return gate if (left > 0) == (right > 0) else -gate

    def choose(self, condition: int, then: int, otherwise: int) -> int:
        """Return `then` where the condition is true, else `otherwise`."""
        if condition < 0:
            condition, then, otherwise = -condition, otherwise, then
        if condition == TRUE or then == otherwise:
            return then
        if then == -otherwise:
            return self.differ(condition, otherwise)
        if then in (TRUE, condition):
            return self.any_of((condition, otherwise))
        if then in (FALSE, -condition):
            return self.all_of((-condition, otherwise))
        if otherwise in (FALSE, condition):
            return self.all_of((condition, then))
        if otherwise in (TRUE, -condition):
            return self.any_of((-condition, then))
        return self._gate(Gate.CHOOSE, (condition, then, otherwise))

    def clauses(self, required: Iterable[int]) -> Iterator[Clause]:
        """Yield clauses that can all be true exactly where every required wire can be.

        Only gates on which a required wire depends have clauses."""
        yield (TRUE,)
        reached: set[int] = set()
        open_wires: list[int] = []
        for wire in required:
            # What a required conjunction joins is required, and needs no gate.
            gate = self._gates.get(wire)
            parts = gate[1] if gate is not None and gate[0] is Gate.AND else (wire,)
            yield from ((part,) for part in parts)
            open_wires += parts
        while open_wires:
            output = abs(open_wires.pop())
            if output in self._gates and output not in reached:
                reached.add(output)
                open_wires += self._gates[output][1]
        for output in sorted(reached):
            yield from _meaning(output, *self._gates[output])

    def _gate(self, kind: Gate, inputs: tuple[int, ...]) -> int:
        key = (kind, inputs)
        if key not in self._known:
            (self._known[key],) = self.inputs(1)
            self._gates[self._known[key]] = key
        return self._known[key]


def _meaning(output: int, kind: Gate, inputs: tuple[int, ...]) -> Iterator[Clause]:
    """Yield the clauses that make the output what the gate says."""
    match kind:
        case Gate.AND:
            yield from ((-output, wire) for wire in inputs)
            yield (output, *(-wire for wire in inputs))
        case Gate.XOR:
            left, right = inputs
            yield from ((-output, left, right), (-output, -left, -right))
            yield from ((output, left, -right), (output, -left, right))
        case Gate.CHOOSE:
            condition, then, otherwise = inputs
            yield from ((-condition, -then, output), (-condition, then, -output))
            yield from ((condition, -otherwise, output), (condition, otherwise, -output))
