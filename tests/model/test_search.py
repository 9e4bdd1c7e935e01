"""The one search: nearest first, by steps or by costly steps; a trace leads where it says."""

import heapq
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from otaproof.model.config import Config
from otaproof.model.device.action import Kind
from otaproof.model.device.search import DeviceSearch, Search, follow, is_no_cut, reachable
from otaproof.model.device.state import Scope, Task, Usage
from otaproof.model.device.stepper import State, stepper
from otaproof.model.fault_model import FaultModel

SCOPE = Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F0)
Graph = dict[int, list[tuple[bool, int]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs of up to nine states; the label of a step says whether it is costly."""
    edges = draw(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 8)), max_size=30))
    return {node: [(label, after) for before, label, after in edges if before == node] for node in range(9)}


def distances(graph: Graph, by_cost: bool) -> dict[int, tuple[int, int]]:
    """Return for every state that is reached the least (costly steps, steps), by Dijkstra's search."""
    best: dict[int, tuple[int, int]] = {}
    queue = [(0, 0, 0)]
    while queue:
        cost, steps, node = heapq.heappop(queue)
        if node not in best:
            best[node] = cost, steps
            for label, after in graph[node]:
                heapq.heappush(queue, (cost + (label and by_cost), steps + 1, after))
    return best


@given(graphs(), st.booleans())
def test_every_state_is_found_at_its_least_distance(graph: Graph, by_cost: bool) -> None:
    """Costly steps count first, if any do; then steps; and what is nearer comes sooner."""
    search: Search[int, bool] = Search(graph.__getitem__, 0, (lambda label, node: label) if by_cost else None)
    order = list(search)
    assert order == search.order
    found = list(zip(search.costs, search.depths, strict=True))
    assert distances(graph, by_cost) == dict(zip(order, found, strict=True))
    assert sorted(found) == found
    assert sum(len(graph[node]) for node in order) == search.transitions


@given(graphs(), st.booleans())
def test_path_to_a_state_is_one(graph: Graph, by_cost: bool) -> None:
    """Each step by its label, from the first state on."""
    search: Search[int, bool] = Search(graph.__getitem__, 0, (lambda label, node: label) if by_cost else None)
    for place, node in enumerate(search):
        places = search.places_to(place)
        assert (0, node) == (search.order[places[0]], search.order[places[-1]])
        assert len(places) == search.depths[place] + 1
        for before, at in pairwise(places):
            assert (search.labels[at], search.order[at]) in graph[search.order[before]]


def test_nothing_is_expanded_before_the_iteration_goes_on() -> None:
    """A search that ends at a state has not asked for what comes after it."""
    asked: list[int] = []

    def successors(node: int) -> Iterator[tuple[int, int]]:
        asked.append(node)
        yield 0, node + 1

    for is_costly in (None, lambda label, node: True):
        asked.clear()
        search: Search[int, int] = Search(successors, 0, is_costly)
        assert 3 == next(node for node in search if node == 3)
        assert [0, 1, 2] == asked


def test_trace_is_taken_by_the_stepper() -> None:
    """Names and states go together, also where cuts count first."""
    steps = stepper(SCOPE)
    is_cut = [action.kind is Kind.CUT for action in steps.model.actions]
    for is_costly in (None, lambda label, state: is_cut[label]):
        search = DeviceSearch(steps, is_costly=is_costly)
        states = list(search)
        for place in range(0, len(states), 97):
            trace = search.trace(place)
            assert states[place] == follow(steps, trace.actions) == trace.states[-1]
            assert search.costs[place] == (sum(name.startswith("cut") for name in trace.actions) if is_costly else 0)


def test_states_do_not_depend_on_what_counts_first() -> None:
    """The same set."""
    steps = stepper(SCOPE)
    by_cuts = DeviceSearch(steps, is_costly=lambda label, state: steps.model.actions[label].kind is Kind.CUT)
    assert set(reachable(steps)) == set(by_cuts)


def test_actions_can_be_left_out_and_the_start_chosen() -> None:
    """Without cuts, from a state that only a cut leads to."""
    steps = stepper(SCOPE)
    task = steps.names.index("task")
    everything = DeviceSearch(steps)
    states = set(everything)
    start = next(state for state in everything.order[1:] if state[task] == Task.OFF)
    onward = set(DeviceSearch(steps, start, is_no_cut))
    assert onward < states
    assert {start} == {state for state in onward if state[task] == Task.OFF}


def test_first_wanted_state_has_a_shortest_trace_or_there_is_none() -> None:
    """Within as many states as are allowed."""
    steps = stepper(SCOPE)
    task = steps.names.index("task")

    def runs(state: State) -> bool:
        return state[task] == Task.RUN

    found = DeviceSearch(steps).first(runs, 1000)
    assert found is not None
    assert ("power_on", "boot_starts", "fresh_erases", "fresh_programs", "image_begins") == found.actions
    assert 5 == len(found)
    assert DeviceSearch(steps).first(runs, 3) is None
    assert DeviceSearch(steps).first(lambda state: False, 10**9) is None


def test_actions_that_cannot_be_taken_lead_nowhere() -> None:
    """None, not a wrong state."""
    assert follow(stepper(SCOPE), ("image_begins", "power_on")) is None


def test_trace_is_the_first_of_the_shortest_by_the_order_of_actions() -> None:
    """Set against the definition, for every state: of all ways from the level before, the least by its numbers."""
    steps = stepper(SCOPE)
    number = {action.name: place for place, action in enumerate(steps.model.actions)}
    search = DeviceSearch(steps)
    best: dict[State, tuple[int, ...]] = {}
    levels: dict[int, list[State]] = {}
    for place, state in enumerate(search):
        levels.setdefault(search.depths[place], []).append(state)
    best[steps.initial] = ()
    for depth, states in sorted(levels.items()):
        for state in states:
            for action, after in reversed(steps.successors(state)):
                if search.depths[search.numbers[after]] == depth + 1:
                    best[after] = min(best.get(after, (len(number),)), (*best[state], action))
    traces = {state: search.trace(place).actions for state, place in search.numbers.items()}
    assert best == {state: tuple(number[name] for name in actions) for state, actions in traces.items()}
