"""The reachable states of a small device, collapsed to what info() reports for the running slot and the other slot.

Two slots, restart-at-once usage. Every state in which the application runs belongs to one box; the numbers of the
slots do not matter. An arrow is a call or a reset, up to the next state in which the application runs; a dashed arrow
contains a power cut. Arrows from a box to itself are left out.
"""

from collections import Counter, deque
from dataclasses import dataclass
from functools import lru_cache

from ...model.config import Config, Selector
from ...model.device.action import Action, Kind
from ...model.device.calls import told_word
from ...model.device.records import Word, reported_word
from ...model.device.search import reachable
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import State, Stepper, stepper
from ...model.fault_model import FaultModel
from ...model.slot.situation import State as Reported
from ...model.terms.terms import number
from ..drawing.flow import Edge, Flow, Key, LineStyle, Node, Shape
from ..drawing.palette import Tone
from .strips import BUILDS

StatePair = tuple[Reported, Reported]
"""What info() reports for the running slot and for the other one."""
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
    Task.UNNAME: "commence",
    Task.UNNAME_RESUMED: "commence",
    Task.SET_BOOT: "complete",
    Task.ERASE_LAST: "erase_last_boot",
    Task.FORGET_LAST: "erase_last_boot",
}
"""By task, the call that it is of; as in the life-cycle table, complete() stands for esp_ota_set_boot_partition()."""
BY_TURNS = "by turns"
"""The build that keeps otadata by turns, with rollback."""
SLOTS = 2


@dataclass(frozen=True, slots=True)
class BoxEdge:
    """An arrow between two boxes."""

    before: StatePair
    after: StatePair
    call: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The collapsed graph."""

    states: int
    """Number of reachable states of the device model."""
    boxes: dict[StatePair, int]
    """The boxes, with the number of states in each."""
    arrows: tuple[BoxEdge, ...]


@lru_cache(maxsize=4)
def collapsed(rollback: bool, faults: FaultModel = FaultModel.F0, selector: Selector = Selector.ESP_IDF) -> Graph:
    """Return the graph of a build."""
    config = Config(rollback=rollback, selector=selector)
    steps = stepper(Scope(config, SLOTS, faults=faults, usage=Usage.RESTART_AT_ONCE))
    view = ApplicationView(steps)
    states = reachable(steps)
    running = [state for state in states if view.task(state) is Task.RUN]
    boxes = Counter(view.box(state) for state in running)
    arrows: dict[BoxEdge, None] = {}
    for state in running:
        before = view.box(state)
        for after, call, is_cut in view.next_runs(state):
            arrows[BoxEdge(before, view.box(after), call, is_cut)] = None
    order = sorted(boxes, key=_rank)
    return Graph(
        len(states),
        {box: boxes[box] for box in order},
        tuple(sorted(arrows, key=lambda arrow: (_rank(arrow.before), _rank(arrow.after), arrow.is_cut, arrow.call))),
    )


class ApplicationView:
    """Reads states as the application observes them."""

    def __init__(self, steps: Stepper) -> None:
        """Take the model, of two slots."""
        self._steps = steps
        scope, device = steps.model.scope, steps.model.device
        self._named = [
            told_word(scope, device, slot) if scope.is_by_turns else reported_word(device.records, number(slot, 2))
            for slot in range(SLOTS)
        ]
        self._place_of = {name: place for place, name in enumerate(steps.names)}

    def task(self, state: State) -> Task:
        """Return the task of a state."""
        return Task(state[self._place_of["task"]])

    def box(self, state: State) -> StatePair:
        """Return the box of a state in which the application runs."""
        running = state[self._place_of["running"]]
        return self.reported(state, running), self.reported(state, 1 - running)

    def reported(self, state: State, slot: int) -> Reported:
        """Return what info() reports of a slot."""
        is_named, word = self._named[slot]
        return _REPORTED[Word(self._steps.value(word, state))] if self._steps.value(is_named, state) else Reported.NONE

    def next_runs(self, start: State) -> list[tuple[State, str, bool]]:
        """Return the next states in which the application runs, after one call or reset with at most one cut."""
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
                name = call or _call_begun(action, self.task(after))
                step = (after, name, is_cut or (action.kind is Kind.CUT and self.task(state) is not Task.RUN))
                if self.task(after) is Task.RUN:
                    if name:
                        found[step] = None
                else:
                    todo.append(step)
        return list(found)


def _call_begun(action: Action, task: Task) -> str:
    """Return the call or reset that an action begins, which leads to a task; "" for none that is drawn."""
    if action.name == "rollback":
        # By turns, on trial, it writes nothing.
        return "rollback"
    return _CALLS.get(task, "power_on" if action.kind in (Kind.RESET, Kind.CUT) else "")


def _rank(box: StatePair) -> tuple[int, int]:
    order = list(Reported)
    return order.index(box[0]), order.index(box[1])


def reachable_flow(build: str) -> Flow:
    """Return the collapsed graph of a build; without rollback, arrows with a cut are left out, as they are too many."""
    is_by_turns = build == BY_TURNS
    rollback = is_by_turns or BUILDS[build]
    graph = collapsed(rollback, FaultModel.F1, Selector.BY_TURNS if is_by_turns else Selector.ESP_IDF)
    edges = [edge for edge in _edges(graph) if rollback or edge.line is LineStyle.SOLID]
    used = {name for edge in edges for name in (edge.before, edge.after)}
    name = build.replace(" ", "-")
    build = "with rollback, otadata by turns" if is_by_turns else build
    cuts = "Power cuts under F1." if rollback else "Arrows with a power cut are left out."
    counts = f"{len(graph.boxes)} boxes for {graph.states:,} states."
    return Flow(
        f"reachable-{name}",
        f"The reachable states of a device with two slots, {build}",
        f"What info() reports for the running slot and for the other one, {build}. {counts} {cuts} "
        + " ".join(f"{edge.before} to {edge.after}: {' '.join(edge.label.split())}." for edge in edges),
        tuple(_node(box, count) for box, count in graph.boxes.items() if _name(box) in used),
        tuple(edges),
        (
            Key("a call or reset", Tone.BLUE),
            *([Key("with a power cut", Tone.RED, LineStyle.DASHED)] if rollback else []),
        ),
        (f"Bold: the running slot. Below: the other one. {counts} {cuts}",),
    )


def _edges(graph: Graph) -> list[Edge]:
    """Merge arrows: one for the calls between two boxes, one for the calls that lead there only with a cut."""
    whole: dict[tuple[StatePair, StatePair], list[str]] = {}
    cut: dict[tuple[StatePair, StatePair], list[str]] = {}
    for arrow in graph.arrows:
        if arrow.before == arrow.after:
            continue
        calls = whole if not arrow.is_cut else cut
        if not arrow.is_cut or arrow.call not in whole.get((arrow.before, arrow.after), []):
            calls.setdefault((arrow.before, arrow.after), []).append(arrow.call)
    edges = [Edge(_name(a), _name(b), ",\n".join(calls), Tone.BLUE) for (a, b), calls in whole.items()]
    edges += [
        Edge(_name(a), _name(b), "cut in\n" + ",\n".join(calls), Tone.RED, LineStyle.DASHED)
        for (a, b), calls in cut.items()
    ]
    return edges


def _name(box: StatePair) -> str:
    return f"{box[0].value} and {box[1].value}"


def _node(box: StatePair, count: int) -> Node:
    tones = {Reported.TESTING: Tone.ORANGE, Reported.VALID: Tone.GREEN, Reported.INVALID: Tone.RED}
    unit = "state" if count == 1 else "states"
    text = f"{box[0].value}\nother: {box[1].value}\n{count} {unit}"
    return Node(_name(box), text, Shape.STATE, tones.get(box[0], Tone.PLAIN))
