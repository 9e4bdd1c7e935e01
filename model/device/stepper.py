"""The model as Python functions: from a state, every action that can be taken and the state after it.

A state is a tuple of ints, one for each field of the model, in their order. A function is made from the terms when a
state with its task is first met: its text is Python, with a local variable for each term that is used more than once.
To make it takes longer than hundreds of calls of it, so tasks that have the same actions share one, and a part that
few states are asked about is not compiled.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from ..terms.closures import Closures
from ..terms.terms import Bool, Op, Term
from ..terms.writer import Syntax, Writer, atom, infix, shaped
from .action import Action, Kind
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
Found = TypeVar("Found")
_WARM = 100
"""After so many calls a function is compiled: until then it would not be worth the time."""


class Warming(Generic[Found]):
    """A function of a state: closures at first, compiled once it is called often. Both come to the same."""

    __slots__ = ("_call", "_compiled", "_left")

    def __init__(self, closures: Callable[[State], Found], compiled: Callable[[], Callable[[State], Found]]) -> None:
        """Take the one, and what makes the other."""
        self._call, self._compiled, self._left = closures, compiled, _WARM

    def __call__(self, state: State) -> Found:
        """Return what the function is in a state."""
        if self._left:
            self._left -= 1
            if not self._left:
                self._call = self._compiled()
        return self._call(state)


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
        self._parts: dict[tuple[int, bool], Successors] = {}
        self._functions: dict[tuple[int, ...], Successors] = {}
        self._warming: dict[tuple[int, ...], Successors] = {}
        self._values: dict[Term, Callable[[State], tuple[int, ...]]] = {}

    def successors(self, state: State) -> list[tuple[int, State]]:
        """Return (number of the action, state after it) for every action that can be taken."""
        task = state[self._task]
        branch = self._branches.get(task)
        if branch is None:
            branch = self._branches[task] = self._function_of(self._actions_in(task))
        return branch(state)

    def part(self, state: State, are_cuts: bool) -> list[tuple[int, State]]:
        """Return those of `successors` that are power cuts, or those that are none.

        Most actions are cuts, and most states are never cut in: to ask for a part spares the making of the rest."""
        task = state[self._task]
        part = self._parts.get((task, are_cuts))
        if part is None:
            actions = self.model.actions
            chosen = [n for n in self._actions_in(task) if (actions[n].kind is Kind.CUT) is are_cuts]
            part = self._parts[task, are_cuts] = self._warming_part(tuple(chosen))
        return part(state)

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
            known = self._values[term] = self.function([term])
        return known(state)[0]

    def function(self, terms: Sequence[Term]) -> Callable[[State], tuple[int, ...]]:
        """Return the function from a state to what each of the terms is there."""
        closures = Closures(self._index, terms)
        made = tuple(map(closures.of, terms))

        def values(state: State) -> tuple[int, ...]:
            env = closures.environment(state)
            return tuple([int(closure(env)) for closure in made])

        return Warming(values, lambda: self._compiled(terms))

    def _compiled(self, terms: Sequence[Term]) -> Callable[[State], tuple[int, ...]]:
        writer = Writer(PYTHON, terms)
        lines = ["def values(state):", f"    {self._unpacking()}", *_assigned(writer, terms, "    ")]
        found = "".join(f"int({writer.text(term)}), " for term in terms)
        made: Callable[[State], tuple[int, ...]] = _function("\n".join([*lines, f"    return ({found})"]), "values")
        return made

    def as_dict(self, state: State) -> dict[str, int]:
        """Return the state by the names of the fields."""
        return dict(zip(self.names, state, strict=True))

    def _unpacking(self) -> str:
        return f"({', '.join(self.names)},) = state"

    def _actions_in(self, task: int) -> list[int]:
        """Return the numbers of the actions that a task has."""
        return [number for number, action in enumerate(self.model.actions) if task in action.tasks]

    def _warming_part(self, numbers: tuple[int, ...]) -> Successors:
        """Return the function for these actions; tasks that have the same ones share it."""
        known = self._warming.get(numbers)
        if known is None:
            known = self._warming[numbers] = Warming(self._closures_of(numbers), lambda: self._function_of(numbers))
        return known

    def _closures_of(self, numbers: Sequence[int]) -> Successors:
        """Return the function for these actions, as closures."""
        actions, effects = self.model.actions, self.model.effects
        chosen = [(number, actions[number].when, effects[actions[number].name]) for number in numbers]
        closures = Closures(self._index, [term for _, when, changed in chosen for term in (when, *changed.values())])
        index, of = self._index, closures.of
        made = [
            (number, of(when), [(index[name], of(term)) for name, term in changed.items()])
            for number, when, changed in chosen
        ]

        def successors(state: State) -> list[tuple[int, State]]:
            env = closures.environment(state)
            found = []
            for number, when, changed in made:
                if when(env):
                    after = list(state)
                    for place, term in changed:
                        after[place] = int(term(env))
                    found.append((number, tuple(after)))
            return found

        return successors

    def _function_of(self, chosen: Iterable[int]) -> Successors:
        """Return the function for these actions, by their numbers; tasks that have the same ones share it."""
        numbers = tuple(chosen)
        known = self._functions.get(numbers)
        if known is None:
            actions = ((number, self.model.actions[number]) for number in numbers)
            lines = ["def successors(state):", f"    {self._unpacking()}", "    found = []", *self._lines(actions)]
            known = self._functions[numbers] = _function("\n".join([*lines, "    return found"]), "successors")
        return known

    def _lines(self, actions: Iterable[tuple[int, Action]]) -> list[str]:
        """Return the lines for actions of a task: what any of them use twice, then each of them."""
        chosen = [(number, action, self.model.effects[action.name]) for number, action in actions]
        terms = [term for _, action, effects in chosen for term in (action.when, *effects.values())]
        writer = Writer(PYTHON, terms)
        lines = _assigned(writer, terms, " " * 4)
        for number, action, effects in chosen:
            texts = {name: writer.text(term) for name, term in effects.items()}
            texts |= {name: f"int({texts[name]})" for name, term in effects.items() if isinstance(term, Bool)}
            values = ", ".join(texts.get(name, name) for name in self.names)
            lines.append(f"    if {writer.text(action.when)}:")
            lines.append(f"        found.append(({number}, ({values},)))")
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
