"""The device model as SMT-LIB text over bit-vectors: what z3 and bitwuzla read, each with a reader of its own.

A question is written once and put to both. It speaks of a chain of states, number 0, 1, …: the field `task` of
state 1 is the constant `task.1`, as wide as the model says; a fact is a Bool. One step is a disjunction over the
actions, each with its guard, what it changes and what stays. With Numbers.EXACT, sequence numbers have 32 bits.

A value written to a narrower field loses its upper bits here, and keeps them in the Python reading: `misfits` says
where that could matter, and the prover shows that it never does.
"""

from collections.abc import Iterable, Mapping

from ...model.device.model import DeviceModel, Field
from ...model.device.stepper import State
from ...model.terms.terms import Bool, Num, Op, Term, all_of, any_of, number
from ...model.terms.walker import arguments_of, walk

_JOINS = {Op.AND: "and", Op.OR: "or", Op.EQUAL: "=", Op.LESS: "bvult", Op.PLUS: "bvadd", Op.MINUS: "bvsub"}


class Question:
    """SMT-LIB text in the making: states, terms about them, and what is asserted."""

    def __init__(self, model: DeviceModel, states: int = 1, fields: Iterable[Field] = ()) -> None:
        """Declare that many states of the model, and more fields that terms may speak of."""
        self.model = model
        self._lines: list[str] = []
        self._taken = 0
        self._names: dict[tuple[Term, int], str] = {}
        for at in range(states):
            self._lines += [f"(declare-const {f.name}.{at} {_sort(f.bits)})" for f in (*model.fields, *fields)]

    def declare_fact(self, name: str) -> str:
        """Declare a fact of no state, to switch a part of the question on and off; return its name."""
        self._lines.append(f"(declare-const {name} Bool)")
        return name

    def require(self, text: str) -> None:
        """Assert what is written in the text."""
        self._lines.append(f"(assert {text})")

    def term(self, term: Term, at: int = 0) -> str:
        """Return the term, said of state number `at`; its parts are defined before."""
        return walk((term, at), _parts, self._defined, self._names)

    def _defined(self, node_at: tuple[Term, int], args: list[str]) -> str:
        """Return the text of a node; what is more than a word is defined, and known by its name from then on."""
        node, at = node_at
        text = _written(node, at, args)
        if node.op in (Op.FIELD, Op.VALUE, Op.NOT):
            return text
        name = f"t{len(self._names)}.{at}"
        self._lines.append(f"(define-fun {name} () {_sort(node.bits)} {text})")
        return name

    def require_state(self, state: State, at: int = 0) -> None:
        """Assert that state number `at` is this one."""
        for field, value in zip(self.model.fields, state, strict=True):
            self.require(f"(= {field.name}.{at} {constant(value, field.bits)})")

    def require_start(self) -> None:
        """Assert that state number 0 is one in which a history starts."""
        for field in self.model.fields:
            if field.is_input:
                continue
            starts = (constant(value, field.bits) for value in self.model.starts(field))
            self.require(any_text(f"(= {field.name}.0 {value})" for value in starts))

    def require_step(self, at: int = 0) -> None:
        """Assert that some action leads from state number `at` to the next one."""
        self.require(_joined("or", [self._action(number, at) for number in range(len(self.model.actions))]))

    def action(self, name: str, at: int = 0) -> str:
        """Return that the action of that name leads from state number `at` to the next one."""
        names = [action.name for action in self.model.actions]
        return self._action(names.index(name), at)

    def text(self) -> str:
        """Return the question."""
        return "(set-logic QF_BV)\n" + "\n".join(self._lines) + "\n(check-sat)\n"

    def new_text(self) -> str:
        """Return what was added since the last call: for an incremental solver."""
        lines, self._taken = self._lines[self._taken :], len(self._lines)
        return "\n".join(lines)

    def _action(self, index: int, at: int) -> str:
        action = self.model.actions[index]
        effects = self.model.effects[action.name]
        parts = [self.term(self.model.guard(action), at)]
        parts += [self._change(field, effects, at) for field in self.model.fields if not field.is_input]
        return _joined("and", parts)

    def _change(self, field: Field, effects: Mapping[str, Term], at: int) -> str:
        if field.name not in effects:
            return f"(= {field.name}.{at + 1} {field.name}.{at})"
        effect = effects[field.name]
        return f"(= {field.name}.{at + 1} {_fitted(self.term(effect, at), effect.bits, field.bits)})"


def _parts(node_at: tuple[Term, int]) -> list[tuple[Term, int]]:
    """Return the arguments of a term that is said of a state, said of the same state."""
    return [(arg, node_at[1]) for arg in arguments_of(node_at[0])]


def _written(node: Term, at: int, args: list[str]) -> str:
    if node.op is Op.VALUE:
        return constant(node.value or 0, node.bits)
    if node.op is Op.FIELD:
        return f"{node.args[0]}.{at}"
    if node.op is Op.NOT:
        return f"(not {args[0]})"
    parts = arguments_of(node)
    width = max(arg.bits for arg in parts)
    texts = [_fitted(text, arg.bits, width) if arg.bits else text for arg, text in zip(parts, args, strict=True)]
    return f"({'ite' if node.op is Op.CHOOSE else _JOINS[node.op]} {' '.join(texts)})"


def misfits(model: DeviceModel) -> Bool:
    """Return the fact that some action can be taken that writes a value too wide for its field."""
    widths = {field.name: field.bits for field in model.fields}
    found = []
    for action in model.actions:
        too_wide = [
            effect >= number(1 << widths[name])
            for name, effect in model.effects[action.name].items()
            if isinstance(effect, Num) and effect.bits > widths[name]
        ]
        found.append(all_of((model.guard(action), any_of(too_wide))))
    return any_of(found)


def any_text(parts: Iterable[str]) -> str:
    """Return that one of the facts holds, said as text."""
    return _joined("or", parts)


def not_text(text: str) -> str:
    """Return that a fact does not hold, said as text."""
    return f"(not {text})"


def constant(value: int, bits: int) -> str:
    """Return a constant of that width."""
    return f"(_ bv{value} {bits})" if bits else ("true" if value else "false")


def _joined(word: str, parts: Iterable[str]) -> str:
    """Return the parts joined by "and" or "or", of which SMT-LIB wants two at least."""
    texts = list(parts)
    if len(texts) < 2:
        return texts[0] if texts else constant(int(word == "and"), 0)
    return f"({word} {' '.join(texts)})"


def _fitted(text: str, bits: int, wanted: int) -> str:
    if bits == wanted:
        return text
    if bits < wanted:
        return f"((_ zero_extend {wanted - bits}) {text})"
    return f"((_ extract {wanted - 1} 0) {text})"


def _sort(bits: int) -> str:
    return f"(_ BitVec {bits})" if bits else "Bool"
