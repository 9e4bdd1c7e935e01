"""The life-cycle table as a state machine of the `transitions` library: to step through, and to draw.

This is a view. Each transition is one arrow of the table, and nothing is added: no move without a row, no
automatic `to_X`. A trigger is named after its event; rows that only a cut or a failing flash operation walks
have triggers of their own, "complete (cut)" and "complete (flash error)", because there the outcome is open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from transitions import EventData, Machine, MachineError

from .life_cycle import TABLE, Event, Follows, NoSuchMove, Row, RowKind
from .situation import Situation, State

WHOLE_STEP_KINDS = frozenset({RowKind.NORMAL, RowKind.MISUSE, RowKind.FOREIGN})
"""The kinds of rows that a call or reset walks when it runs to its end."""
_TRIGGER_SUFFIX = {RowKind.POWER_CUT: " (cut)", RowKind.FLASH_ERROR: " (flash error)"}


@dataclass(frozen=True, slots=True)
class Arrow:
    """One row, from one state to one state."""

    before: State
    trigger: str
    after: State
    row: Row


def trigger_name(event: Event, kind: RowKind) -> str:
    """Return the name of the trigger that an event has in rows of that kind."""
    return event.value + _TRIGGER_SUFFIX.get(kind, "")


def arrows(kinds: Iterable[RowKind]) -> Iterator[Arrow]:
    """Yield the arrows of all rows of these kinds, in the order of the table."""
    wanted = frozenset(kinds)
    for row in TABLE:
        if row.kind not in wanted:
            continue
        for event in row.events:
            for before in row.states_before:
                for after in _states_after(row, before):
                    yield Arrow(before, trigger_name(event, row.kind), after, row)


def build_machine(model: object, kinds: Iterable[RowKind], initial: State = State.NONE) -> Machine:
    """Return a machine that moves `model` along the rows of these kinds, and along nothing else.

    model: gets the attribute `state`, a string such as "testing", and `trigger`. Each trigger needs the
    keyword `situation`; with the keyword `after`, a State, only an arrow that leads there is taken.
    """
    machine = Machine(
        model,
        states=[state.value for state in State],
        initial=initial.value,
        auto_transitions=False,
        send_event=True,
    )
    for arrow in arrows(kinds):
        machine.add_transition(arrow.trigger, arrow.before.value, arrow.after.value, conditions=_condition(arrow))
    return machine


class SlotMachine:
    """One slot that moves by the table."""

    def __init__(self, kinds: Iterable[RowKind] = WHOLE_STEP_KINDS, initial: State = State.NONE) -> None:
        """Start in `initial`, ready to move along rows of `kinds`."""
        self._machine = build_machine(self, kinds, initial)

    @property
    def current(self) -> State:
        """What info() says of the slot."""
        return State(self._machine.get_model_state(self).value)

    def step(self, trigger: str, situation: Situation, after: State | None = None) -> State:
        """Move, and return the state come to; raises NoSuchMove where the chosen kinds have no row for it.

        after: of the arrows that are open, take the one that leads there; needed where the outcome is open.
        """
        before = self.current
        try:
            has_moved = self._machine.events[trigger].trigger(self, situation=situation, after=after)
        except (KeyError, MachineError):
            has_moved = False
        if not has_moved:
            wanted = "" if after is None else f" to {after.value}"
            raise NoSuchMove(f"{before.value}, {trigger}: no row leads on{wanted} in {situation}")
        return self.current


def _states_after(row: Row, before: State) -> tuple[State, ...]:
    if row.after is Follows.HIDDEN:
        return tuple(State)
    return (row.state_after(before, State.NONE),)


def _condition(arrow: Arrow) -> Callable[[EventData], bool]:
    def is_open(data: EventData) -> bool:
        situation: Situation = data.kwargs["situation"]
        wanted: State | None = data.kwargs["after"]
        return (
            arrow.row.when.holds(situation)
            and arrow.row.state_after(arrow.before, situation.hidden) is arrow.after
            and wanted in (None, arrow.after)
        )

    return is_open
