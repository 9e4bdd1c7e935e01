"""The two tables agree: each step of the device moves each of its slots along a row of the life cycle.

life_cycle.py says how what info() tells of *one* slot can change, and people draw it. The device model says what two
records, all slots and the bootloader do together, and the proofs are about it. Here every call and every boot of the
device is looked at from every reachable state: whole, each slot takes the one row that fits; cut, some row allows what
is left. And the other way round: a row that is never taken is listed in UNREACHED, with the reason.

Whole calls are the events of the table, so a chain of micro-steps is one move: the states in between, a sector erased
and its record not there yet, are no states of a slot, and show only when a cut makes them last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ...model.device.action import Kind
from ...model.device.search import reachable
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import State as DeviceState
from ...model.device.stepper import Stepper, stepper
from ...model.device.stray_numbers import Stray, stray_named
from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import TABLE, Event, NoSuchMove, Row, RowKind, allowed_rows, whole_row
from ...model.slot.situation import Situation, State
from ...model.slot.view import STATES, situation_of, slot_state, slot_view
from ...model.terms.terms import Term
from ...model.terms.terms import number as constant

EVENTS: Mapping[str, Event] = {
    "commence": Event.COMMENCE,
    "write": Event.WRITE,
    "complete": Event.COMPLETE,
    "accept": Event.ACCEPT,
    "rollback": Event.ROLLBACK,
    "set_boot_running": Event.COMPLETE,
    "set_boot_factory": Event.ERASE_OTADATA,
    "set_boot_ota": Event.COMPLETE,
    "session": Event.WRITE,
    "erase_last_boot": Event.ERASE_LAST_BOOT,
    "wake": Event.WAKE,
}
"""By the first words of an action that begins something: the event of the table.

esp_ota_set_boot_partition is what complete() ends in, with another target, and asked for factory it erases otadata as
the factory-reset pin does. Opening and closing a handle moves no slot, as write() does."""
REFUSED = ("complete_fails", "complete_rejects")
"""Actions of complete() that do not get as far as otadata."""
REFUSABLE = (Event.COMMENCE, Event.COMPLETE, Event.ACCEPT, Event.ROLLBACK, Event.ERASE_LAST_BOOT)
"""Calls that the device can refuse; a refused call is no action of the model, and no slot may move by it."""
MAX_WRONG = 10
"""So many forbidden moves are reported."""


class Why(Enum):
    """Why no step of a device takes a row."""

    FLASH_ERROR = "a flash operation fails and returns: the scopes that are looked at allow no errors"
    FOREIGN = "records that another program wrote, or a build with another configuration left"
    HISTORY = "no history of calls and cuts leads to it, though records could say so"


UNREACHED: Mapping[str, Why] = {
    row_id: why
    for why, row_ids in (
        (Why.FLASH_ERROR, tuple(row.id for row in TABLE if row.kind is RowKind.FLASH_ERROR)),
        # With rollback off, nothing writes NEW, TESTING or ABORTED, and no tear of another word reads as one of them.
        (Why.FOREIGN, ("L15", "L15-E", "L15-T2", "L15-T3", "L15-T4", "L15-T5", "L15-T7")),
        (Why.FOREIGN, ("L17-T2", "L17-T3", "L17-T4", "L17-T5", "L17-T7")),
        (Why.FOREIGN, ("L26", *(f"L26-T{tear}" for tear in (1, 2, 3, 4, 5, 6, 7, 11)))),
        (Why.FOREIGN, ("L36", "L36-E", *(f"L36-T{tear}" for tear in (1, 2, 4, 5, 6, 7, 8, 9)))),
        (Why.FOREIGN, ("L46", "L46-E", *(f"L46-T{tear}" for tear in (1, 2, 3, 5, 6, 10)))),
        (Why.FOREIGN, ("L55",)),
        # One record at a time is TESTING: the others are aborted first. Until the next boot no call writes in front of
        # it, or behind it, a second one for its slot that decides while another slot runs.
        (Why.HISTORY, ("L04-T6", "L04-T7", "L28-T6", "L28-T7", "L71-T6", "L71-T7")),
    )
    for row_id in row_ids
}
"""Every row that no device takes, whatever its history, with the reason."""
_FOREIGN_OR_HISTORY = (Why.FOREIGN, Why.HISTORY)
MET_BY_ANY_RECORDS = frozenset(row_id for row_id, why in UNREACHED.items() if why in _FOREIGN_OR_HISTORY)
"""Those of them that well-formed records lead to all the same; see device_refines_slot_smt.py."""


@dataclass(frozen=True, slots=True)
class SlotRefinement:
    """What the steps of a device showed."""

    scope: Scope
    states: int
    moves: int
    """(state of the device, event, outcome, slot): how many were looked at."""
    wrong: tuple[str, ...]
    """Moves that the table does not allow; the first few."""
    walked: frozenset[tuple[str, State]]
    """Row and state before of every move: (id, state)."""

    @property
    def rows(self) -> frozenset[str]:
        """The rows that were taken."""
        return frozenset(row_id for row_id, _ in self.walked)


def is_refused_action(action: str) -> bool:
    """Tell whether an action that begins a call does not get as far as otadata."""
    return action in REFUSED or action.endswith("_rejects")


def event_of(action: str) -> Event | None:
    """Return the event that an action begins; None for one that goes on, or is a cut or a reset."""
    return next((event for words, event in EVENTS.items() if action == words or action.startswith(f"{words}_")), None)


def check_reachable(scope: Scope) -> SlotRefinement:
    """Return what every event from every reachable state showed."""
    return _EventWalk(stepper(scope)).run()


class _EventWalk:
    """Follows the events of one scope through the table."""

    def __init__(self, steps: Stepper) -> None:
        self.steps = steps
        self.scope: Scope = steps.model.scope
        device = steps.model.device
        slots = range(self.scope.slots)
        self._task = steps.names.index("task")
        self._actions = steps.model.actions
        self._event = [event_of(a.name) if Task.RUN in a.tasks else None for a in self._actions]
        self._is_cut = [action.kind is Kind.CUT for action in self._actions]
        self._strays = [stray_named(action.name) for action in self._actions]
        self._views = [tuple(slot_view(self.scope, device, slot).terms()) for slot in slots]
        targets = {f"set_boot_ota_{slot}": constant(slot, self.scope.slot_bits) for slot in slots}
        self._views_of = {
            name: [tuple(slot_view(self.scope, device, slot, target).terms()) for slot in slots]
            for name, target in {"set_boot_running": device.running, **targets}.items()
        }
        """By action, the slots seen with the target that it has of its own."""
        self._states = [slot_state(device.records, slot) for slot in slots]
        self._looks = _Looks(steps)
        self.moves = 0
        self.wrong: list[str] = []
        self.walked: set[tuple[str, State]] = set()
        self._judged: set[tuple[object, ...]] = set()

    def run(self) -> SlotRefinement:
        """Walk from every reachable state."""
        states = reachable(self.steps)
        for state in states:
            match state[self._task]:
                case Task.RUN:
                    self._calls(state)
                case Task.SELECT:
                    self._event_from(state, state, Event.POWER_ON)
                case _:
                    pass
        return SlotRefinement(self.scope, len(states), self.moves, tuple(self.wrong), frozenset(self.walked))

    def _calls(self, state: DeviceState) -> None:
        begun = set()
        for number, after in self.steps.successors(state):
            event, name = self._event[number], self._actions[number].name
            if event is None:
                continue
            views = self._views_of.get(name.removesuffix("_rejects"))
            self._event_from(state, after, event, is_refused_action(name), views)
            if views is None and not is_refused_action(name):
                begun.add(event)
        self._judge_all(state, Event.INFO, state)
        if self.scope.usage is Usage.ANY:
            for event in REFUSABLE:
                if event not in begun:
                    self._judge_all(state, event, state, is_refused=True)

    def _event_from(
        self,
        before: DeviceState,
        first: DeviceState,
        event: Event,
        is_refused: bool = False,
        views: list[tuple[Term, ...]] | None = None,
    ) -> None:
        """Follow an event from the state after its first step to its end, with every cut on the way."""
        state = first
        while not self._has_ended(event, state):
            onward = []
            for number, after in self.steps.successors(state):
                if self._is_cut[number]:
                    self._judge_all(before, event, after, is_refused, views, self.scope.faults, self._strays[number])
                else:
                    onward.append(after)
            (state,) = onward
        self._judge_all(before, event, state, is_refused, views)

    def _has_ended(self, event: Event, state: DeviceState) -> bool:
        ends = (Task.STARTED, Task.STUCK) if event in (Event.POWER_ON, Event.WAKE) else (Task.RUN, Task.SELECT)
        return state[self._task] in ends

    def _judge_all(
        self,
        before: DeviceState,
        event: Event,
        after: DeviceState,
        is_refused: bool = False,
        views: list[tuple[Term, ...]] | None = None,
        cut: FaultModel | None = None,
        stray: Stray | None = None,
    ) -> None:
        for slot, terms in enumerate(self._views if views is None else views):
            self.moves += 1
            (now,) = self._looks((self._states[slot],), after)
            is_stray = stray is not None and stray.slot == slot
            self._judge(self._looks(terms, before), event, now, is_refused, cut, is_stray)

    def _judge(
        self,
        view: tuple[int, ...],
        event: Event,
        after: int,
        is_refused: bool,
        cut: FaultModel | None,
        is_stray: bool,
    ) -> None:
        key = (view, event, after, is_refused, cut, is_stray)
        if key in self._judged:
            return
        state, situation = situation_of(self.scope.config, view, is_refused)
        situation = replace(situation, is_stray=is_stray)
        rows = fitting_rows(state, event, STATES[after], situation, cut)
        self._judged.add(key)
        self.walked.update((row.id, state) for row in rows)
        if not rows and len(self.wrong) < MAX_WRONG:
            how = "" if cut is None else f", cut under {cut.name}"
            self.wrong.append(f"{event.value}{how}: {state.value} to {STATES[after].value}, {situation}")


class _Looks:
    """Terms in states, remembered by what they read: most states differ in what no slot shows."""

    def __init__(self, steps: Stepper) -> None:
        self._steps = steps
        reads = ("record", "slot", "running", "burned")
        self._places = [i for i, name in enumerate(steps.names) if name.startswith(reads)]
        self._known: dict[tuple[tuple[Term, ...], tuple[int, ...]], tuple[int, ...]] = {}

    def __call__(self, terms: tuple[Term, ...], state: DeviceState) -> tuple[int, ...]:
        """Return the values of the terms."""
        key = terms, tuple([state[place] for place in self._places])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(self._steps.value(term, state) for term in terms)
        return known


def fitting_rows(
    before: State, event: Event, after: State, situation: Situation, cut: FaultModel | None
) -> tuple[Row, ...]:
    """Return the rows that allow a move: of a whole event the one that fits, if it leads there; () when none does."""
    if cut is not None:
        return allowed_rows(before, event, after, situation, cut)
    try:
        row = whole_row(before, event, situation)
    except NoSuchMove:
        return ()
    return (row,) if row.state_after(before, situation.hidden) is after else ()
