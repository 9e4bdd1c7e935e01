"""A question in terms as clauses, in DIMACS: a second encoding, which shares no code with the SMT-LIB one.

It reads the model itself: where a history starts, and of each action its guard, what it changes and what stays. A value
written to a narrower field loses its upper bits, as in smtlib.py, whose `misfits` says where that could matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from ...model.device.action import Action
from ...model.device.model import DeviceModel
from ..smt.question_terms import Assertion, QuestionTerms, SomeHold, Starts, Steps
from .bit_blaster import BitBlaster, Wires, constant_wires, equal, fitted
from .circuit import Circuit, Clause


@dataclass(frozen=True, slots=True)
class QuestionClauses:
    """A question as clauses: they can all be true exactly if there are states as asked."""

    variables: int
    clauses: tuple[Clause, ...]
    state_bits: tuple[dict[str, Wires], ...]
    """For each state, the variables of each field, the lowest bit first."""
    asserted: tuple[str, ...]
    """For each assertion, the literals that have to be true for it, and what it says."""

    def dimacs(self, comments: Iterable[str] = ()) -> str:
        """Return the clauses in DIMACS, after comments of a line each and the variables of the states."""
        lines = [f"c {comment}" for comment in (*comments, *self._variables_text(), *self.asserted)]
        lines.append(f"p cnf {self.variables} {len(self.clauses)}")
        lines += [" ".join(map(str, (*clause, 0))) for clause in self.clauses]
        return "\n".join(lines) + "\n"

    def _variables_text(self) -> Iterator[str]:
        yield "variable 1 is true; fields of the states, the lowest bit first:"
        for at, state in enumerate(self.state_bits):
            for name, wires in state.items():
                yield f"state {at} {name}: {wires[0]}" + (f" to {wires[-1]}" if len(wires) > 1 else "")


def question_clauses(asked: QuestionTerms) -> QuestionClauses:
    """Return the question as clauses."""
    circuit = Circuit()
    fields = (*asked.model.fields, *asked.extra)
    states = tuple({f.name: tuple(circuit.inputs(f.bits or 1)) for f in fields} for _ in range(asked.states))
    writer = _QuestionWriter(circuit, asked.model, [BitBlaster(circuit, state) for state in states], states)
    required = [writer.asserted(assertion) for assertion in asked.assertions]
    clauses = tuple(circuit.clauses(wire for wires in required for wire in wires))
    said = (f"true: {' '.join(map(str, w))}: {_words(a)}" for w, a in zip(required, asked.assertions, strict=True))
    return QuestionClauses(circuit.variables, clauses, states, tuple(said))


def _words(assertion: Assertion) -> str:
    match assertion:
        case SomeHold(((_, at),)):
            return f"a fact of state {at}"
        case SomeHold(facts):
            states = " or ".join(map(str, sorted({at for _, at in facts})))
            return f"one of {len(facts)} facts of state {states}"
        case Starts():
            return "a history starts in state 0"
        case Steps(at, name):
            return f"{name or 'some action'} leads from state {at} to state {at + 1}"
        case _:
            assert_never(assertion)


@dataclass(frozen=True, slots=True)
class _QuestionWriter:
    """What is asserted of a chain of states, as wires that have to be true."""

    circuit: Circuit
    model: DeviceModel
    blasters: list[BitBlaster]
    """One for each state."""
    states: tuple[dict[str, Wires], ...]

    def asserted(self, assertion: Assertion) -> list[int]:
        """Return the wires that have to be true."""
        match assertion:
            case SomeHold(facts):
                return [self.circuit.any_of(self.blasters[at].fact(fact) for fact, at in facts)]
            case Starts():
                return list(self._starts())
            case Steps(at, name):
                actions = [action for action in self.model.actions if name in (None, action.name)]
                return [self.circuit.any_of(self._taken(action, at) for action in actions)]
            case _:
                assert_never(assertion)

    def _starts(self) -> Iterator[int]:
        for field in self.model.fields:
            wires = self.states[0][field.name]
            values = (constant_wires(value, field.bits) for value in self.model.starts(field))
            yield self.circuit.any_of(equal(self.circuit, wires, value) for value in values)

    def _taken(self, action: Action, at: int) -> int:
        """Return whether the action can be taken in state `at`, and the next state is what it makes of it."""
        before, after, blaster = self.states[at], self.states[at + 1], self.blasters[at]
        effects = self.model.effects[action.name]
        parts = [blaster.fact(self.model.guard(action))]
        for field in self.model.fields:
            wires = after[field.name]
            effect = blaster.wires(effects[field.name]) if field.name in effects else before[field.name]
            parts.append(equal(self.circuit, wires, fitted(effect, len(wires))))
        return self.circuit.all_of(parts)
