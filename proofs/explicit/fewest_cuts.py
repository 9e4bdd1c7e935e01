"""A way to a given state: the device model searched, cut by cut, for one that a person asks about.

The ways with the fewest power cuts come first, and of those the shortest: the states that n cuts lead to are all looked
at before a further cut is made. Power that goes away while the application runs, with nothing being written, is no such
cut. A state is found *at rest*: no record of it is half written, so what lies on flash is what the state says.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ...model.device.action import Kind
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, Stepper, stepper
from .exploration import Trace

IsGoal = Callable[[State], bool]
LIMIT = 400_000
"""States that are looked at before the search gives up."""
_RESTING = (Task.OFF, Task.RUN, Task.STUCK)
_BETWEEN = (Task.SELECT,)
"""Between a restart and the bootloader's first write: a state is looked for here only when none rests."""
_CHECK_TIME_EVERY = 1 << 12


@dataclass(frozen=True, slots=True)
class Reach:
    """What a search came to."""

    trace: Trace | None
    """A way to a state that is asked for; None when there is none, or none was found."""
    cuts: int
    """Power cuts on that way."""
    states: int
    is_complete: bool
    """Everything was looked at, or a way was found."""


def reach(
    scope: Scope, is_goal: IsGoal, start: State | None = None, limit: int = LIMIT, seconds: float = 60.0
) -> Reach:
    """Return the way with the fewest cuts, and of those the shortest, to a state at rest that is asked for.

    start: None for a device as it leaves the factory."""
    return _Search(stepper(scope), is_goal, limit, time.monotonic() + seconds).run(start)


class _Search:
    """One search, layer by layer: a layer is what a number of cuts leads to."""

    def __init__(self, steps: Stepper, is_goal: IsGoal, limit: int, deadline: float) -> None:
        self._steps = steps
        self._is_goal = is_goal
        self._limit = limit
        self._deadline = deadline
        self._task = steps.names.index("task")
        self._is_cut = [action.kind is Kind.CUT for action in steps.model.actions]
        self._came_from: dict[State, tuple[int, State] | None] = {}

    def run(self, start: State | None) -> Reach:
        first = self._steps.initial if start is None else start
        self._came_from[first] = None
        layer, cuts = [first], 0
        while layer:
            found, after_cuts, is_complete = self._layer(layer)
            if found is not None:
                return Reach(self._trace(found), cuts, len(self._came_from), is_complete=True)
            if not is_complete:
                return Reach(None, cuts, len(self._came_from), is_complete=False)
            layer = []
            for action, before, after in after_cuts:
                if after not in self._came_from:
                    self._came_from[after] = action, before
                    layer.append(after)
            cuts += 1
        return Reach(None, cuts, len(self._came_from), is_complete=True)

    def _layer(self, layer: list[State]) -> tuple[State | None, list[tuple[int, State, State]], bool]:
        """Return the state asked for, the cuts that lead to the next layer, and whether all was looked at."""
        after_cuts: list[tuple[int, State, State]] = []
        second_best: State | None = None
        place = 0
        while place < len(layer):
            state = layer[place]
            place += 1
            task = state[self._task]
            if (task in _RESTING or task in _BETWEEN) and self._is_goal(state):
                if task in _RESTING:
                    return state, after_cuts, True
                second_best = second_best or state
            is_idle = task in (Task.RUN, Task.STUCK)
            for action, after in self._steps.successors(state):
                if after in self._came_from:
                    continue
                if self._is_cut[action] and not is_idle:
                    after_cuts.append((action, state, after))
                else:
                    self._came_from[after] = action, state
                    layer.append(after)
            if len(self._came_from) > self._limit:
                return second_best, after_cuts, second_best is not None
            if place % _CHECK_TIME_EVERY == 0 and time.monotonic() > self._deadline:
                return second_best, after_cuts, second_best is not None
        return second_best, after_cuts, True

    def _trace(self, state: State) -> Trace:
        states, names = [state], []
        while (step := self._came_from[state]) is not None:
            action, state = step
            names.append(self._steps.model.actions[action].name)
            states.append(state)
        return Trace(tuple(reversed(names)), tuple(reversed(states)))
