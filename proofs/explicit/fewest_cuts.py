"""The trace with the fewest power cuts, and of those the shortest, to a state that a person asks about.

The states that n cuts lead to are all searched before a further cut is made. Power that goes away while the application
runs, with nothing being written, is no such cut. A state is found *at rest*: no record of it is half written, so what
lies on flash is what the state says.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ...model.device.action import Kind
from ...model.device.search import DeviceSearch, Trace
from ...model.device.state import Scope, Task
from ...model.device.stepper import State, stepper

IsGoal = Callable[[State], bool]
LIMIT = 400_000
"""States that are looked at before the search gives up."""
_IDLE = (Task.RUN, Task.STUCK)
"""Nothing is written here: that the power goes away is no power cut."""
_RESTING = (Task.OFF, *_IDLE)
_BETWEEN = (Task.SELECT,)
"""Between a restart and the bootloader's first write: a state is looked for here only when none rests."""
_CHECK_TIME_EVERY = 1 << 12


@dataclass(frozen=True, slots=True)
class Reach:
    """What a search came to."""

    trace: Trace | None
    """A trace to a state that is wanted; None when there is none, or none was found."""
    cuts: int
    """Power cuts of that trace."""
    states: int
    is_complete: bool
    """Every state was searched, or a trace was found."""


def reach(
    scope: Scope,
    is_goal: IsGoal,
    start: State | None = None,
    limit: int = LIMIT,
    seconds: float = 60.0,
    most_cuts: int | None = None,
) -> Reach:
    """Return the trace with the fewest cuts, and of those the shortest, to a state at rest that is wanted.

    start: None for a device as it leaves the factory. most_cuts: where to stop; None for any number."""
    steps = stepper(scope)
    task, is_cut = steps.names.index("task"), [action.kind is Kind.CUT for action in steps.model.actions]
    deadline = time.monotonic() + seconds

    def is_costly(action: int, before: State) -> bool:
        return is_cut[action] and before[task] not in _IDLE

    search = DeviceSearch(steps, start, is_costly=is_costly)
    second_best: int | None = None
    is_complete = True
    for place, state in enumerate(search):
        if most_cuts is not None and search.costs[place] > most_cuts:
            break
        if second_best is not None and search.costs[place] > search.costs[second_best]:
            break
        if state[task] in (*_RESTING, *_BETWEEN) and is_goal(state):
            if state[task] in _RESTING:
                return Reach(search.trace(place), search.costs[place], place + 1, is_complete=True)
            second_best = place if second_best is None else second_best
        is_late = (place + 1) % _CHECK_TIME_EVERY == 0 and time.monotonic() > deadline
        if len(search.order) > limit or is_late:
            is_complete = second_best is not None
            break
    if second_best is None:
        return Reach(None, search.costs[-1], len(search.order), is_complete)
    return Reach(search.trace(second_best), search.costs[second_best], len(search.order), is_complete=True)
