"""The life cycle of an image as pictures, with or without rollback: the arrows of the table, merged.

Drawn are the arrows between states that the build comes to itself by its own rows. Where three states or more go the
same way, one arrow starts at a text that names them. Arrows of one kind between the same two states are one, labelled
with their events.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import ROWS, Event, Follows, Row, RowKind
from ...model.slot.situation import Guard, State, hides
from ...model.slot.state_machine import Arrow, arrows
from ..drawing.flow import Edge, Flow, Key, Line, Node, Shape
from ..drawing.palette import Tone
from ..model_reading.guard_search import can_hold

ANY = "any state"
ERASED = "none again"
"""Where arrows end that lead to none: so the picture runs from top to bottom."""
_DOCUMENTED = tuple(row for row in ROWS if row.kind is RowKind.NORMAL)
_DRAWN = (RowKind.NORMAL, RowKind.MISUSE, RowKind.POWER_CUT)
_TONES = {RowKind.NORMAL: Tone.BLUE, RowKind.MISUSE: Tone.PURPLE, RowKind.POWER_CUT: Tone.RED}
_LINES = {RowKind.NORMAL: Line.SOLID, RowKind.MISUSE: Line.DOTTED, RowKind.POWER_CUT: Line.DASHED}
_KEYS = (
    Key("documented use", Tone.BLUE),
    Key("power cut inside the call", Tone.RED, Line.DASHED),
    Key("calls out of order", Tone.PURPLE, Line.DOTTED),
)
_STATE_TONES = {
    State.NEW: Tone.BLUE,
    State.TESTING: Tone.ORANGE,
    State.VALID: Tone.GREEN,
    State.UNDEFINED: Tone.GREEN,
    State.INVALID: Tone.RED,
    State.ABORTED: Tone.RED,
}
_ORDER = (State.NONE, State.NEW, State.UNDEFINED, State.TESTING, State.VALID, State.INVALID, State.ABORTED)
"""From top to bottom, as a life goes."""


@dataclass(frozen=True, slots=True)
class Move:
    """One kind of way from one state to another, for one event."""

    before: State
    after: State
    kind: RowKind
    event: Event
    is_documented: bool
    """The call that is made, or cut, is in its documented place."""


def is_chance(row: Row) -> bool:
    """Tell whether the row needs a torn check word that fits by chance."""
    return bool(row.reach) and row.weakest is FaultModel.F3


def moves(kinds: Iterable[RowKind], rollback: bool, faults: FaultModel = FaultModel.F3) -> list[Move]:
    """Return each way between two states that a build has, in the order of the table.

    Left out: rows by chance, and what a second record for the same slot says once the first is gone, but for none."""
    found: dict[Move, None] = {}
    for arrow in arrows(kinds):
        if arrow.before is not arrow.after and _is_drawn(arrow, faults) and can_hold(_guard(arrow), rollback):
            event = next(e for e in arrow.row.events if arrow.trigger.split(" (")[0] == e.value)
            found[Move(arrow.before, arrow.after, arrow.row.kind, event, is_documented(arrow.row))] = None
    return list(found)


def _is_drawn(arrow: Arrow, faults: FaultModel) -> bool:
    row = arrow.row
    is_first = row.after is not Follows.HIDDEN or arrow.after is State.NONE
    return is_first and not is_chance(row) and (row.weakest is None or row.weakest <= faults)


def is_documented(row: Row) -> bool:
    """Tell whether the calls came as documented; of a cut or a flash error: in the call that was caught."""
    return row.kind is RowKind.NORMAL or any(whole.id == row.id.split("-")[0] for whole in _DOCUMENTED)


def _guard(arrow: Arrow) -> Guard:
    return arrow.row.when & hides(arrow.after) if arrow.row.after is Follows.HIDDEN else arrow.row.when


def states_of(rollback: bool, faults: FaultModel = FaultModel.F1) -> tuple[State, ...]:
    """Return the states that a build comes to from none, by its own rows, in the order of a life."""
    ways = moves(_DRAWN, rollback, faults)
    reached = {State.NONE}
    while new := {move.after for move in ways if move.before in reached} - reached:
        reached |= new
    return tuple(state for state in _ORDER if state in reached)


def life_cycle(rollback: bool) -> Flow:
    """Return the diagram of a build: documented calls, calls out of order, and power cuts under F0 and F1."""
    states = states_of(rollback)
    ways = [move for move in moves(_DRAWN, rollback, FaultModel.F1) if {move.before, move.after} <= set(states)]
    build = "with" if rollback else "without"
    edges = tuple(_merged(_without_repeats(ways), states))
    used = {name for edge in edges for name in (edge.before, edge.after)}
    nodes = [_node(state.value, state) for state in states]
    nodes += [_node(ERASED, State.NONE)] if ERASED in used else []
    groups = {edge.before: None for edge in edges if edge.before not in {node.name for node in nodes}}
    nodes += [Node(group, group, Shape.TEXT) for group in groups]
    return Flow(
        f"life-cycle-{build}-rollback",
        f"Life cycle of an image, {build} rollback",
        f"States of a slot as info() tells them, in a build {build} rollback, and what leads from one to another. "
        + " ".join(_sentence(edge) for edge in edges),
        tuple(nodes),
        edges,
        tuple(key for key in _KEYS if key.tone in {edge.tone for edge in edges}),
        ("What changes nothing is left out. none, drawn twice: or what a second record says of the slot.",),
    )


def _node(name: str, state: State) -> Node:
    return Node(name, state.value, Shape.STATE, _STATE_TONES.get(state, Tone.PLAIN))


def _without_repeats(ways: list[Move]) -> list[Move]:
    """Drop misuse that leads where the documented use of the same call leads too, and cuts in misuse."""
    normal = {(m.before, m.after, m.event) for m in ways if m.kind is RowKind.NORMAL}
    return [
        move
        for move in ways
        if (move.kind is not RowKind.MISUSE or (move.before, move.after, move.event) not in normal)
        and (move.kind is not RowKind.POWER_CUT or move.is_documented)
    ]


def _merged(ways: list[Move], states: tuple[State, ...]) -> Iterable[Edge]:
    """Yield an arrow for each kind and pair of states; three states or more that go the same way share one."""
    for kind in _DRAWN:
        events_of: dict[tuple[str, State], list[Event]] = {}
        for after in states:
            for event in Event:
                befores = {m.before for m in ways if (m.kind, m.after, m.event) == (kind, after, event)}
                for source in _sources(befores, states, after):
                    events_of.setdefault((source, after), []).append(event)
        order = [state.value for state in states]
        for (source, after), events in sorted(events_of.items(), key=lambda item: _place(item[0][0], order)):
            yield _edge(source, after, kind, events)


def _sources(befores: set[State], states: tuple[State, ...], after: State) -> list[str]:
    """Return where the arrows start: at each state, or once for all of them."""
    if befores == set(states) - {after}:
        return [ANY]
    names = [state.value for state in states if state in befores]
    own, shared = [name for name in names if name == State.NONE.value], [n for n in names if n != State.NONE.value]
    return names if len(shared) < 3 else [*own, ", ".join(shared[:-1]) + " or " + shared[-1]]


def _place(source: str, order: list[str]) -> int:
    return order.index(source) if source in order else len(order)


def _edge(before: str, after: State, kind: RowKind, events: list[Event]) -> Edge:
    names = [event.value for event in Event if event in events]
    label = ",\n".join(names) if kind is not RowKind.POWER_CUT else "cut in\n" + ",\n".join(names)
    goal = ERASED if after is State.NONE else after.value
    return Edge(before, goal, label, _TONES[kind], _LINES[kind])


def _sentence(edge: Edge) -> str:
    words = " ".join(edge.label.split())
    kind = {Tone.BLUE: "", Tone.PURPLE: "out of order, ", Tone.RED: ""}[edge.tone]
    return f"From {edge.before} to {edge.after.removesuffix(' again')}: {kind}{words}."
