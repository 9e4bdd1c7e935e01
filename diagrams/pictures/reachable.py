"""The states that a small device comes to, collapsed: what info() says of the image that runs and of the other slot.

Two slots, calls in their documented order. Every state in which the application runs falls into one box; which of the
slots is which number does not matter. An arrow is a call, or a reset, up to the next time the application runs; a
dashed one has a power cut in it. Arrows back to the same box are left out, and counted.
"""

from collections import Counter, deque
from dataclasses import dataclass
from functools import lru_cache

from ...model.config import Config
from ...model.device.action import Kind
from ...model.device.records import Word, reported_word
from ...model.device.search import reachable
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ...model.fault_model import FaultModel
from ...model.slot.situation import State as Reported
from ...model.terms.terms import number
from ..drawing.flow import Edge, Flow, Key, Line, Node, Shape
from ..drawing.palette import Tone
from .strips import BUILDS

Box = tuple[Reported, Reported]
"""What info() says of the slot that runs, and of the other one."""
_REPORTED = {
    Word.NEW: Reported.NEW,
    Word.PENDING_VERIFY: Reported.TESTING,
    Word.VALID: Reported.VALID,
    Word.INVALID: Reported.INVALID,
    Word.ABORTED: Reported.ABORTED,
    Word.UNDEFINED: Reported.UNDEFINED,
}
_CALLS = {
    Task.COMMENCE: "commence",
    Task.COMPLETE: "complete",
    Task.ACCEPT: "accept",
    Task.ROLLBACK: "rollback",
}
SLOTS = 2


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow between boxes."""

    before: Box
    after: Box
    call: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The collapsed graph."""

    states: int
    """States of the device, before they are collapsed."""
    boxes: dict[Box, int]
    """By box, how many states fall into it."""
    ways: tuple[Way, ...]


@lru_cache(maxsize=4)
def collapsed(rollback: bool, faults: FaultModel = FaultModel.F0) -> Graph:
    """Return the graph of a build."""
    steps = stepper(Scope(Config(rollback=rollback), SLOTS, faults=faults, usage=Usage.PROPER))
    view = _View(steps)
    states = reachable(steps)
    running = [state for state in states if view.task(state) is Task.RUN]
    boxes = Counter(view.box(state) for state in running)
    ways: dict[Way, None] = {}
    for state in running:
        before = view.box(state)
        for after, call, is_cut in view.next_runs(state):
            ways[Way(before, view.box(after), call, is_cut)] = None
    order = sorted(boxes, key=_rank)
    return Graph(
        len(states),
        {box: boxes[box] for box in order},
        tuple(sorted(ways, key=lambda way: (_rank(way.before), _rank(way.after), way.is_cut, way.call))),
    )


class _View:
    """Reads a state as the application sees it."""

    def __init__(self, steps: Stepper) -> None:
        self._steps = steps
        records = steps.model.device.records
        self._named = [reported_word(records, number(slot, 2)) for slot in range(SLOTS)]
        self._place_of = {name: place for place, name in enumerate(steps.names)}

    def task(self, state: State) -> Task:
        """Return what is going on."""
        return Task(state[self._place_of["task"]])

    def box(self, state: State) -> Box:
        """Return where a state in which the application runs belongs."""
        running = state[self._place_of["running"]]
        return self._reported(state, running), self._reported(state, 1 - running)

    def _reported(self, state: State, slot: int) -> Reported:
        is_named, word = self._named[slot]
        return _REPORTED[Word(self._steps.value(word, state))] if self._steps.value(is_named, state) else Reported.NONE

    def next_runs(self, start: State) -> list[tuple[State, str, bool]]:
        """Return where the application runs next, after one call or reset with at most one cut in it."""
        found: dict[tuple[State, str, bool], None] = {}
        todo = deque([(start, "", False)])
        while todo:
            state, call, is_cut = todo.popleft()
            for place, after in self._steps.successors(state):
                action = self._steps.model.actions[place]
                is_second_cut = action.kind is Kind.CUT and is_cut
                is_other_call = action.name == "restart" and state is not start
                if is_second_cut or is_other_call:
                    continue
                name = call or _CALLS.get(self.task(after), "power_on" if action.kind in (Kind.RESET, Kind.CUT) else "")
                way = (after, name, is_cut or (action.kind is Kind.CUT and self.task(state) is not Task.RUN))
                if self.task(after) is Task.RUN:
                    if name:
                        found[way] = None
                else:
                    todo.append(way)
        return list(found)


def _rank(box: Box) -> tuple[int, int]:
    order = list(Reported)
    return order.index(box[0]), order.index(box[1])


def reachable_flow(build: str) -> Flow:
    """Return the collapsed graph of a build; without rollback only the arrows without a cut, as the others are many."""
    rollback = BUILDS[build]
    graph = collapsed(rollback, FaultModel.F1)
    edges = [edge for edge in _edges(graph) if rollback or edge.line is Line.SOLID]
    used = {name for edge in edges for name in (edge.before, edge.after)}
    name = build.replace(" ", "-")
    cuts = "Power cuts under F1." if rollback else "Arrows with a power cut in them are left out."
    counts = f"{len(graph.boxes)} boxes for {graph.states:,} states."
    return Flow(
        f"reachable-{name}",
        f"The states of a device with two slots, {build}",
        f"What info() says of the slot that runs and of the other one, {build}. {counts} {cuts} "
        + " ".join(f"{edge.before} to {edge.after}: {' '.join(edge.label.split())}." for edge in edges),
        tuple(_node(box, count) for box, count in graph.boxes.items() if _name(box) in used),
        tuple(edges),
        (
            Key("a call or reset", Tone.BLUE),
            *([Key("with a power cut in it", Tone.RED, Line.DASHED)] if rollback else []),
        ),
        (f"Bold: the slot that runs. Below: the other one. {counts} {cuts}",),
    )


def _edges(graph: Graph) -> list[Edge]:
    """Merge ways: one arrow for the calls between two boxes, one for what only cuts lead to."""
    whole: dict[tuple[Box, Box], list[str]] = {}
    cut: dict[tuple[Box, Box], list[str]] = {}
    for way in graph.ways:
        if way.before == way.after:
            continue
        calls = whole if not way.is_cut else cut
        if not way.is_cut or way.call not in whole.get((way.before, way.after), []):
            calls.setdefault((way.before, way.after), []).append(way.call)
    edges = [Edge(_name(a), _name(b), ",\n".join(calls), Tone.BLUE) for (a, b), calls in whole.items()]
    edges += [
        Edge(_name(a), _name(b), "cut in\n" + ",\n".join(calls), Tone.RED, Line.DASHED) for (a, b), calls in cut.items()
    ]
    return edges


def _name(box: Box) -> str:
    return f"{box[0].value} and {box[1].value}"


def _node(box: Box, count: int) -> Node:
    tones = {Reported.TESTING: Tone.ORANGE, Reported.VALID: Tone.GREEN, Reported.INVALID: Tone.RED}
    unit = "state" if count == 1 else "states"
    text = f"{box[0].value}\nother: {box[1].value}\n{count} {unit}"
    return Node(_name(box), text, Shape.STATE, tones.get(box[0], Tone.PLAIN))
