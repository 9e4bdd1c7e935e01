"""The life cycle of a slot as a diagram, with and without rollback: the transitions of the table, merged.

The diagram shows the transitions between the states that the build reaches by its own rows. Three or more states with
the same transition share one arrow, which starts at a text that names them. Transitions of one kind between the same
two states are one arrow, labelled with their events.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import ROWS, Event, Follows, Row, RowKind
from ...model.slot.situation import Guard, State, hides
from ...model.slot.state_machine import Arrow, arrows
from ..drawing.flow import Edge, Flow, Key, LineStyle, Node, Shape
from ..drawing.palette import Tone
from ..model_reading.guard_search import can_hold

ANY = "any state"
ERASED = "none again"
"""The second box for `none`, where arrows to it end, so that the diagram runs from top to bottom."""
_DOCUMENTED = tuple(row for row in ROWS if row.kind is RowKind.NORMAL)
_DRAWN = (RowKind.NORMAL, RowKind.MISUSE, RowKind.POWER_CUT)
_TONES = {RowKind.NORMAL: Tone.BLUE, RowKind.MISUSE: Tone.PURPLE, RowKind.POWER_CUT: Tone.RED}
_LINES = {RowKind.NORMAL: LineStyle.SOLID, RowKind.MISUSE: LineStyle.DOTTED, RowKind.POWER_CUT: LineStyle.DASHED}
_KEYS = (
    Key("documented use", Tone.BLUE),
    Key("power cut inside the call", Tone.RED, LineStyle.DASHED),
    Key("calls out of order", Tone.PURPLE, LineStyle.DOTTED),
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
"""The order of the boxes, from top to bottom."""


@dataclass(frozen=True, slots=True)
class SlotTransition:
    """A transition between two states, of one kind and for one event."""

    before: State
    after: State
    kind: RowKind
    event: Event
    is_documented: bool
    """The call is made in its documented order, also when a cut interrupts it."""


def is_chance(row: Row) -> bool:
    """Return whether the row needs a torn check word that matches by chance."""
    return bool(row.reach) and row.weakest is FaultModel.F3


def moves(kinds: Iterable[RowKind], rollback: bool, faults: FaultModel = FaultModel.F3) -> list[SlotTransition]:
    """Return the transitions between different states that a build has, in the order of the table.

    Left out: rows that need a chance match, and the states that a second record of the slot reports once the first is
    gone, except `none`."""
    found: dict[SlotTransition, None] = {}
    for arrow in arrows(kinds):
        if arrow.before is not arrow.after and _is_drawn(arrow, faults) and can_hold(_guard(arrow), rollback):
            event = next(e for e in arrow.row.events if arrow.trigger.split(" (")[0] == e.value)
            found[SlotTransition(arrow.before, arrow.after, arrow.row.kind, event, is_documented(arrow.row))] = None
    return list(found)


def _is_drawn(arrow: Arrow, faults: FaultModel) -> bool:
    row = arrow.row
    is_first = row.after is not Follows.HIDDEN or arrow.after is State.NONE
    return is_first and not is_chance(row) and (row.weakest is None or row.weakest <= faults)


def is_documented(row: Row) -> bool:
    """Return whether the calls were made in documented order; for a cut or flash error, the interrupted call."""
    return row.kind is RowKind.NORMAL or any(whole.id == row.id.split("-")[0] for whole in _DOCUMENTED)


def _guard(arrow: Arrow) -> Guard:
    return arrow.row.when & hides(arrow.after) if arrow.row.after is Follows.HIDDEN else arrow.row.when


def states_of(rollback: bool, faults: FaultModel = FaultModel.F1) -> tuple[State, ...]:
    """Return the states that a build reaches from `none` by its own rows, in drawing order."""
    drawn = moves(_DRAWN, rollback, faults)
    reached = {State.NONE}
    while new := {move.after for move in drawn if move.before in reached} - reached:
        reached |= new
    return tuple(state for state in _ORDER if state in reached)


def life_cycle(rollback: bool) -> Flow:
    """Return the diagram of a build: documented calls, calls out of order, and power cuts under F0 and F1."""
    states = states_of(rollback)
    drawn = [move for move in moves(_DRAWN, rollback, FaultModel.F1) if {move.before, move.after} <= set(states)]
    build = f"{'with' if rollback else 'without'} rollback"
    note = "Events without effect are left out. `none` is drawn twice. A second record can report another state."
    return life_cycle_flow(f"life-cycle-{build.replace(' ', '-')}", build, states, drawn, note)


def in_order(states: Iterable[State]) -> tuple[State, ...]:
    """Return states in drawing order."""
    found = set(states)
    return tuple(state for state in _ORDER if state in found)


def life_cycle_flow(name: str, build: str, states: tuple[State, ...], drawn: list[SlotTransition], note: str) -> Flow:
    """Return the diagram of these states and transitions. build: what is built, in words."""
    edges = tuple(_merged(_without_repeats(drawn), states))
    used = {name for edge in edges for name in (edge.before, edge.after)}
    nodes = [_node(state.value, state) for state in states]
    nodes += [_node(ERASED, State.NONE)] if ERASED in used else []
    groups = {edge.before: None for edge in edges if edge.before not in {node.name for node in nodes}}
    nodes += [Node(group, group, Shape.TEXT) for group in groups]
    return Flow(
        name,
        f"Life cycle of a slot, {build}",
        f"The states of a slot as info() reports them, in a build {build}, and the transitions between them. "
        + " ".join(_sentence(edge) for edge in edges),
        tuple(nodes),
        edges,
        tuple(key for key in _KEYS if key.tone in {edge.tone for edge in edges}),
        (note,),
    )


def _node(name: str, state: State) -> Node:
    return Node(name, state.value, Shape.STATE, _STATE_TONES.get(state, Tone.PLAIN))


def _without_repeats(drawn: list[SlotTransition]) -> list[SlotTransition]:
    """Drop misuse whose transition documented use of the same call has too, and cuts in misuse."""
    normal = {(m.before, m.after, m.event) for m in drawn if m.kind is RowKind.NORMAL}
    return [
        move
        for move in drawn
        if (move.kind is not RowKind.MISUSE or (move.before, move.after, move.event) not in normal)
        and (move.kind is not RowKind.POWER_CUT or move.is_documented)
    ]


def _merged(drawn: list[SlotTransition], states: tuple[State, ...]) -> Iterable[Edge]:
    """Yield an arrow for each kind and pair of states; three or more states with the same transition share one."""
    for kind in _DRAWN:
        events_of: dict[tuple[str, State], list[Event]] = {}
        for after in states:
            for event in Event:
                befores = {m.before for m in drawn if (m.kind, m.after, m.event) == (kind, after, event)}
                for source in _sources(befores, states, after):
                    events_of.setdefault((source, after), []).append(event)
        order = [state.value for state in states]
        for (source, after), events in sorted(events_of.items(), key=lambda item: _place(item[0][0], order)):
            yield _edge(source, after, kind, events)


def _sources(befores: set[State], states: tuple[State, ...], after: State) -> list[str]:
    """Return the boxes where the arrows start: each state, or one text for all of them."""
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
