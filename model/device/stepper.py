"""The model as Python functions: from a state, every action that can be taken and the state after it.

A state is a tuple of ints, one for each field of the model, in their order. A function is made from the terms when a
state with its task is first met: its text is Python, with a local variable for each term that is used more than once.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from ..terms.terms import Bool, Op, Term
from ..terms.writer import Syntax, Writer, atom, infix, shaped
from .action import Action
from .model import DeviceModel, device_model
from .state import Scope

State = tuple[int, ...]
"""One number for each field of the model."""
Successors = Callable[[State], list[tuple[int, State]]]
"""From a state to (number of the action, state after it)."""

PYTHON: Syntax = {
    Op.VALUE: atom,
    Op.FIELD: atom,
    Op.NOT: shaped("(not {0})"),
    Op.AND: infix(" and "),
    Op.OR: infix(" or "),
    Op.EQUAL: infix(" == "),
    Op.LESS: infix(" < "),
    Op.PLUS: shaped("(({0} + {1}) & {mask})"),
    Op.MINUS: shaped("(({0} - {1}) & {mask})"),
    Op.CHOOSE: shaped("({1} if {0} else {2})"),
}
"""How a term reads in Python, where the fields are local variables."""


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
            writer = Writer(PYTHON, [term])
            lines += _assigned(writer, [term], "    ")
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
        guards = Writer(PYTHON, [action.when for _, action in chosen])
        lines += _assigned(guards, [action.when for _, action in chosen], " " * 4)
        for number, action in chosen:
            effects = self.model.effects[action.name]
            lines.append(f"    if {guards.text(action.when)}:")
            writer = Writer(PYTHON, effects.values(), names=guards.names)
            lines += _assigned(writer, effects.values(), " " * 8)
            values = [writer.text(effects[name]) if name in effects else name for name in self.names]
            values = [
                f"int({value})" if name in effects and isinstance(effects[name], Bool) else value
                for name, value in zip(self.names, values, strict=True)
            ]
            lines.append(f"        found.append(({number}, ({', '.join(values)},)))")
        return lines


def _assigned(writer: Writer, terms: Iterable[Term], indent: str) -> list[str]:
    """Return assignments to the local variables of what the terms share."""
    return [f"{indent}{name} = {text}" for name, text in writer.assignments(terms)]


def _function(text: str, name: str) -> Any:
    space: dict[str, Any] = {}
    exec(compile(text, f"<{name} of the device model>", "exec"), space)  # the text is made above, from terms alone
    return space[name]


@lru_cache(maxsize=64)
def stepper(scope: Scope) -> Stepper:
    """Return the stepper of a scope."""
    return Stepper(device_model(scope))
