"""The life cycle of a slot where otadata is kept by turns, read from the device model: there is no table of it.

Two slots, with rollback. Each state in which the application runs, and the one of a new device, is looked at as info()
reports a slot, whether that runs or not; a transition is a call or a reset, up to the next state in which the
application runs.
"""

from functools import lru_cache

from ...model.config import Config, Selector
from ...model.device.search import reachable
from ...model.device.state import Scope, Task, Usage
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...model.slot.life_cycle import Event, RowKind
from ..drawing.flow import Flow
from .reachable import SLOTS, ApplicationView
from .slot_states import SlotTransition, in_order, life_cycle_flow

BUILD = "with rollback, otadata by turns"


@lru_cache(maxsize=2)
def _seen(usage: Usage) -> frozenset[SlotTransition]:
    """Return the transitions of a slot in a usage, each as one of documented use, or of a power cut in it."""
    config = Config(rollback=True, selector=Selector.BY_TURNS)
    steps = stepper(Scope(config, SLOTS, faults=FaultModel.F1, usage=usage))
    view = ApplicationView(steps)
    found: set[SlotTransition] = set()
    for state in reachable(steps):
        if view.task(state) is not Task.RUN and state != steps.initial:
            continue
        for after, call, is_cut in view.next_runs(state):
            kind = RowKind.POWER_CUT if is_cut else RowKind.NORMAL
            for slot in range(SLOTS):
                pair = view.reported(state, slot), view.reported(after, slot)
                if pair[0] is not pair[1]:
                    found.add(SlotTransition(*pair, kind, Event(call), is_documented=True))
    return frozenset(found)


def turn_moves() -> list[SlotTransition]:
    """Return the transitions between different states: of documented use, of cuts in it, and of calls out of order."""
    documented, any_order = _seen(Usage.DOCUMENTED), _seen(Usage.ANY)
    whole = {(move.before, move.after, move.event) for move in documented if move.kind is RowKind.NORMAL}
    cuts = [m for m in documented if m.kind is RowKind.POWER_CUT and (m.before, m.after, m.event) not in whole]
    others = [
        SlotTransition(move.before, move.after, RowKind.MISUSE, move.event, is_documented=False)
        for move in any_order
        if move.kind is RowKind.NORMAL and move not in documented
    ]
    normal = [move for move in documented if move.kind is RowKind.NORMAL]
    return [*normal, *cuts, *others]


def life_cycle_by_turns() -> Flow:
    """Return the diagram."""
    drawn = turn_moves()
    states = in_order(state for move in drawn for state in (move.before, move.after))
    note = "Two slots, read from the model. rollback() and power cuts are drawn with the start that follows."
    return life_cycle_flow("life-cycle-by-turns", BUILD, states, drawn, note)
