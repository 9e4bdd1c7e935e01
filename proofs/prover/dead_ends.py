"""C9 by search: from every reachable state, an upgrade can still be completed.

Power cuts belong to how a state is reached, not to what follows: what is asked is that the application, left alone, can
bring a new image and have it started and accepted. The states from which it can are found backwards from those where
it just has; the others are deadlocks. For each state, the search stores the states that lead to it without a cut.
"""

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...model.device.action import MISHAPS
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers, Word
from ...model.device.search import DeviceSearch, Trace, follow, is_no_cut
from ...model.device.selection import decider
from ...model.device.state import Device, Expectation, Ghost, Scope, Task
from ...model.device.stepper import stepper
from ...model.terms.terms import Bool, Term, fact, replaced
from ..explicit.exploration import Exploration, Progress
from ..explicit.explorer import MEMORY, SMALL_WORLD, Reading, explore_in_python

RECOVERY = "C9"
"""Id of the claim decided here."""
GHOSTS = frozenset({Ghost.EXPECTED})
"""Ghost variables that the scope must have: the goal speaks of the image that was marked."""

MOST_ONWARD = 200_000
"""States that a search goes through which shows that actions lead to a deadlock."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Whether an upgrade can be completed from everywhere."""

    scope: Scope
    states: int
    steps: int
    """Steps that are no cuts."""
    goals: int
    """States in which an upgrade has just been completed: the marked image starts, and can accept itself."""
    dead_ends: int
    """Deadlocks: states from which no goal is reached."""
    is_complete: bool
    """All states were found; if not, deadlocks were not looked for."""
    seconds: float
    trace: Trace | None
    """A shortest trace to a deadlock."""
    reading: str
    limit: str = ""

    @property
    def holds(self) -> bool:
        """Tell whether it can."""
        return self.is_complete and self.dead_ends == 0


ACCEPTING = ("image_begins", "accept", "accept_erases", "accept_programs")
"""The actions by which an image that has been started accepts itself; a burn may follow."""


def upgrade_is_completed(model: DeviceModel) -> Bool:
    """The image that complete() marked has been started, and if no cut comes it can accept itself.

    It can where the record that decides names it, and is VALID or becomes so by the actions of ACCEPTING."""
    device = model.device
    is_marked = (device.task == Task.STARTED) & (device.expectation == Expectation.MARKED)
    return is_marked & (device.running == device.expected) & _can_accept(model)


def _can_accept(model: DeviceModel) -> Bool:
    """Tell whether ESP-IDF lets it accept itself; an application that never does has its reasons."""
    model = model.permitted
    actions = {action.name: action for action in model.actions}
    is_valid = _decides_as_valid(model.scope, model.device)
    if any(name not in actions for name in ACCEPTING):
        return fact(False)
    values: dict[str, Term] = {}
    possible = fact(True)
    for name in ACCEPTING:
        possible = possible & replaced(model.guard(actions[name]), values)
        values |= {field: replaced(effect, values) for field, effect in model.effects[name].items()}
    return is_valid | (possible & replaced(is_valid, values))


def _decides_as_valid(scope: Scope, device: Device) -> Bool:
    """The record that decides names what runs, as VALID."""
    chosen = decider(scope, device.records)
    record = chosen.of(device.records)
    return chosen.is_some & (record.slot == device.running) & (record.word == Word.VALID)


def recover(
    scope: Scope,
    memory: int = MEMORY,
    progress: Progress | None = None,
    reading: Reading = Reading.AUTO,
) -> Recovery:
    """Return whether an upgrade can be completed from every state that is reached.

    scope: with the ghost variables of GHOSTS; raises ValueError without."""
    if not scope.ghosts >= GHOSTS:
        raise ValueError("recovery is decided by the ghost variables of EXPECTED; see GHOSTS")
    started = time.perf_counter()
    if reading is not Reading.COMPILED:
        search = DeviceSearch(stepper(scope))
        most = SMALL_WORLD if reading is Reading.AUTO else None
        found = explore_in_python(scope, (), memory, progress, most, search)
        if found.is_complete:
            return _in_python(scope, search, started)
        if reading is Reading.PYTHON or found.states <= SMALL_WORLD:
            return _incomplete(scope, found, started)
    from ..explicit.compiled.compiled_search import CompiledSearch  # noqa: PLC0415
    from ..explicit.compiled.word_layout import DoesNotFit  # noqa: PLC0415

    try:
        compiled = CompiledSearch(scope, (), upgrade_is_completed(device_model(scope)))
    except DoesNotFit:
        return recover(scope, memory, progress, Reading.PYTHON)
    # The graph takes about as much again: 8 bytes for a state's number in the table, and 4 for each step.
    found = compiled.run(1, memory // 2, progress)
    if not found.is_complete:
        return _incomplete(scope, found, started)
    steps, goals, dead = compiled.dead_ends()
    trace = compiled.trace_to_nearest(dead) if len(dead) else None
    return Recovery(
        scope, found.states, steps, goals, len(dead), True, time.perf_counter() - started, trace, "compiled"
    )


def leads_to_deadlock(scope: Scope, actions: Sequence[str]) -> bool:
    """Tell whether a search shows that the actions lead to a deadlock.

    It looks at everything that is reached from there without a cut, up to MOST_ONWARD states."""
    steps = stepper(replace(scope, ghosts=GHOSTS, numbers=Numbers.RANKED))
    is_goal = upgrade_is_completed(steps.model)
    start = follow(steps, actions)
    if start is None:
        return False
    onward = DeviceSearch(steps, start, is_no_cut)
    return not any(steps.value(is_goal, state) or len(onward.order) > MOST_ONWARD for state in onward)


def _in_python(scope: Scope, search: DeviceSearch, started: float) -> Recovery:
    steps = search.steps
    is_goal = upgrade_is_completed(device_model(scope))
    is_mishap = [action.kind in MISHAPS for action in steps.model.actions]
    before: list[array[int]] = [array("l") for _ in search.order]
    count = 0
    for number, state in enumerate(search.order):
        for action, after in steps.successors(state):
            if not is_mishap[action]:
                before[search.numbers[after]].append(number)
                count += 1
    goals = [number for number, state in enumerate(search.order) if steps.value(is_goal, state)]
    dead = _not_reached_back(before, goals)
    return Recovery(
        scope=scope,
        states=len(search.order),
        steps=count,
        goals=len(goals),
        dead_ends=len(dead),
        is_complete=True,
        seconds=time.perf_counter() - started,
        trace=search.trace(dead[0]) if dead else None,
        reading="python",
    )


def _not_reached_back(before: Sequence[Sequence[int]], goals: Sequence[int]) -> list[int]:
    """Return the states from which no goal is reached, in the order in which they were found."""
    marked = bytearray(len(before))
    queue = list(goals)
    for number in queue:
        marked[number] = 1
    for number in queue:
        for earlier in before[number]:
            if not marked[earlier]:
                marked[earlier] = 1
                queue.append(earlier)
    return [number for number, mark in enumerate(marked) if not mark]


def _incomplete(scope: Scope, found: Exploration, started: float) -> Recovery:
    return Recovery(
        scope, found.states, 0, 0, 0, False, time.perf_counter() - started, None, found.reading, found.limit
    )
