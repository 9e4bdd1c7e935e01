"""The search for a state: the way found is one, has the fewest cuts, and none is missed."""

import heapq
import operator
from functools import partial

import pytest

from otaproof.model.config import Config
from otaproof.model.device.action import Kind
from otaproof.model.device.state import Scope, Task, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.fewest_cuts import reach

SCOPE = Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F0)
IDLE = (Task.RUN, Task.STUCK)


def is_costly(steps: Stepper, action: int, before: State) -> bool:
    """Tell whether a step is a power cut with something going on."""
    return steps.model.actions[action].kind is Kind.CUT and steps.as_dict(before)["task"] not in IDLE


def fewest_cuts(steps: Stepper) -> dict[State, int]:
    """Return, for every state, the fewest cuts that lead to it; by Dijkstra's search."""
    best = {steps.initial: 0}
    queue = [(0, steps.initial)]
    while queue:
        cuts, state = heapq.heappop(queue)
        if cuts > best[state]:
            continue
        for action, after in steps.successors(state):
            cost = cuts + is_costly(steps, action, state)
            if cost < best.get(after, 99):
                best[after] = cost
                heapq.heappush(queue, (cost, after))
    return best


def test_every_state_at_rest_is_found_with_the_fewest_cuts() -> None:
    """All states of a small world, against another search; and each way is one."""
    steps = stepper(SCOPE)
    task = steps.names.index("task")
    best = fewest_cuts(steps)
    at_rest = [state for state in best if state[task] in (Task.OFF, Task.RUN, Task.STUCK)]
    assert len(at_rest) > 50
    for wanted in at_rest[::3]:
        found = reach(SCOPE, partial(operator.eq, wanted))
        assert found.trace is not None
        assert best[wanted] == found.cuts
        assert wanted == found.trace.states[-1]
        state = steps.initial
        for name, after in zip(found.trace.actions, found.trace.states[1:], strict=True):
            assert steps.step(state, name) == after
            state = after


def test_state_that_cannot_be_is_not_found() -> None:
    """The search says that it was complete."""
    found = reach(SCOPE, lambda state: False)
    assert found.trace is None
    assert found.is_complete
    assert len(fewest_cuts(stepper(SCOPE))) == found.states


@pytest.mark.parametrize(("limit", "seconds"), [(10, 60.0), (400_000, -1.0)])
def test_search_that_stops_early_says_so(limit: int, seconds: float) -> None:
    """Neither found nor refuted."""
    wide = Scope(Config(rollback=True), usage=Usage.ANY, faults=FaultModel.F1)
    found = reach(wide, lambda state: False, limit=limit, seconds=seconds)
    assert found.trace is None
    assert not found.is_complete
