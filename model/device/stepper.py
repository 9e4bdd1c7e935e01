"""The model as Python functions: from a state, every action that can be taken and the state after it.

A state is a tuple of ints, one for each field of the model, in their order. A function is made from the terms when a
state with its task is first met: its text is Python, with a local variable for each term that is used more than once.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from ..terms.terms import Bool, Op, Term, nodes_of, uses_of
from .action import Action
from .model import DeviceModel, device_model
from .state import Scope

State = tuple[int, ...]
"""One number for each field of the model."""
Successors = Callable[[State], list[tuple[int, State]]]
"""From a state to (number of the action, state after it)."""

_SYMBOLS = {Op.AND: " and ", Op.OR: " or ", Op.EQUAL: " == ", Op.LESS: " < "}


class Stepper:
    """One model, to step through."""

    def __init__(self, model: DeviceModel) -> None:
        """Make no function yet."""
        self.model = model
        self.names = tuple(field.name for field in model.fields)
        self.initial: State = tuple(field.initial for field in model.fields)
        self._index = {name: place for place, name in enumerate(self.names)}
        self._task = self.names.index("task")
        self._branches: dict[int, Successors] = {}
        self._values: dict[Term, Callable[[State], int]] = {}

    def successors(self, state: State) -> list[tuple[int, State]]:
        """Return (number of the action, state after it) for every action that can be taken."""
        task = state[self._task]
        branch = self._branches.get(task)
        if branch is None:
            branch = self._branches[task] = self._branch(task)
        return branch(state)

    def step(self, state: State, name: str) -> State | None:
        """Return the state after the action of that name; None when it cannot be taken."""
        for number, after in self.successors(state):
            if self.model.actions[number].name == name:
                return after
        return None

    def value(self, term: Term, state: State) -> int:
        """Return what a term is in a state: a number, or 0 or 1."""
        known = self._values.get(term)
        if known is None:
            lines = ["def value(state):", f"    {self._unpacking()}"]
            writer = _Writer([term])
            lines += writer.lines([term], "    ")
            lines.append(f"    return int({writer.text(term)})")
            known = _function("\n".join(lines), "value")
            self._values[term] = known
        return known(state)

    def as_dict(self, state: State) -> dict[str, int]:
        """Return the state by the names of the fields."""
        return dict(zip(self.names, state, strict=True))

    def _unpacking(self) -> str:
        return f"({', '.join(self.names)},) = state"

    def _branch(self, task: int) -> Successors:
        """Return the function for the states of one task."""
        actions = [(number, action) for number, action in enumerate(self.model.actions) if task in action.tasks]
        lines = ["def successors(state):", f"    {self._unpacking()}", "    found = []", *self._lines(actions)]
        compiled: Successors = _function("\n".join([*lines, "    return found"]), "successors")
        return compiled

    def _lines(self, actions: Iterable[tuple[int, Action]]) -> list[str]:
        """Return the lines for the actions of one task: first what every guard needs, then each with what it needs."""
        lines: list[str] = []
        chosen = list(actions)
        guards = _Writer([action.when for _, action in chosen])
        lines += guards.lines([action.when for _, action in chosen], " " * 4)
        for number, action in chosen:
            effects = self.model.effects[action.name]
            lines.append(f"    if {guards.text(action.when)}:")
            writer = _Writer(effects.values(), dict(guards.names))
            lines += writer.lines(effects.values(), " " * 8)
            values = [writer.text(effects[name]) if name in effects else name for name in self.names]
            values = [
                f"int({value})" if name in effects and isinstance(effects[name], Bool) else value
                for name, value in zip(self.names, values, strict=True)
            ]
            lines.append(f"        found.append(({number}, ({', '.join(values)},)))")
        return lines


class _Writer:
    """Writes terms as Python, with a local variable for each that is used more than once."""

    def __init__(self, terms: Iterable[Term], names: dict[Term, str] | None = None) -> None:
        uses = uses_of(terms)
        self._shared = {t for t, count in uses.items() if count > 1 and t.op not in (Op.FIELD, Op.VALUE)}
        self.names: dict[Term, str] = {} if names is None else names

    def lines(self, terms: Iterable[Term], indent: str) -> Iterator[str]:
        """Yield assignments for the shared parts of the terms that have no name yet."""
        for node in nodes_of(terms):
            if node in self._shared and node not in self.names:
                text = self.text(node)
                self.names[node] = f"t{len(self.names)}"
                yield f"{indent}{self.names[node]} = {text}"

    def text(self, term: Term) -> str:
        """Return the term as Python."""
        if term in self.names:
            return self.names[term]
        if term.op in (Op.FIELD, Op.VALUE):
            return str(term.args[0])
        args = [self.text(arg) for arg in term.args if isinstance(arg, Term)]
        match term.op:
            case Op.NOT:
                return f"(not {args[0]})"
            case Op.CHOOSE:
                return f"({args[1]} if {args[0]} else {args[2]})"
            case Op.PLUS | Op.MINUS:
                symbol = "+" if term.op is Op.PLUS else "-"
                return f"(({args[0]} {symbol} {args[1]}) & {(1 << term.bits) - 1})"
            case _:
                return "(" + _SYMBOLS[term.op].join(args) + ")"


def _function(text: str, name: str) -> Any:
    space: dict[str, Any] = {}
    exec(compile(text, f"<{name} of the device model>", "exec"), space)  # the text is made above, from terms alone
    return space[name]


@lru_cache(maxsize=64)
def stepper(scope: Scope) -> Stepper:
    """Return the stepper of a scope."""
    return Stepper(device_model(scope))
