"""The two tables agree from *any* well-formed state: no history is needed, and the slot is any of them.

device_refines_slot.py walks every state that calls and cuts lead to. Here one event is followed symbolically, as in
outcomes_smt.py, with records that any program may have written, images of any kind in the slots, and one slot of
them left open. z3 lists every case of (state, situation, state after) that there is, and each must have its row: the
one that fits when the event was whole, some row when it was cut. The list is finite and short, since a Situation is
what the table can ask; so it is a proof for that number of slots, and rows that only foreign records take are met.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import z3

from ...model.device.action import Kind
from ...model.device.model import DeviceModel, device_model
from ...model.device.state import Scope, Usage
from ...model.slot.life_cycle import Event
from ...model.slot.situation import State
from ...model.slot.view import STATES, situation_of, slot_state, slot_view
from ...model.terms.terms import Bool, Num, Term, any_of, fact, num_field, number, replaced
from ..explicit.cut_outcomes import Call
from ..smt.z3_terms import Z3Reading
from .device_refines_slot import REFUSABLE, event_of, fitting_rows, is_refused_action
from .outcomes_smt import CallPath, Undecided, Values, beginning, is_well_formed, paths, stepped

EVENT_CALLS: dict[Event, tuple[Call, ...]] = {
    Event.POWER_ON: (Call.POWER_ON,),
    Event.COMMENCE: (Call.COMMENCE,),
    Event.WRITE: (Call.WRITE,),
    Event.COMPLETE: (Call.COMPLETE, Call.SET_BOOT_RUNNING, Call.SET_BOOT_OTHER),
    Event.ACCEPT: (Call.ACCEPT,),
    Event.ROLLBACK: (Call.ROLLBACK,),
    Event.ERASE_OTADATA: (Call.SET_BOOT_FACTORY,),
    Event.ERASE_LAST_BOOT: (Call.ERASE_LAST_BOOT,),
}
"""The calls of the device model that are an event of the table."""


@dataclass(frozen=True, slots=True)
class EventRefinement:
    """What one event showed, from every well-formed state of a scope."""

    scope: Scope
    call: Call
    cases: int
    """Different (state, situation, state after, cut or whole) that there are."""
    wrong: tuple[str, ...]
    """Those that the table does not allow."""
    walked: frozenset[tuple[str, State]]
    """Row and state before of the others."""


@dataclass(frozen=True, slots=True)
class _EventCase:
    """How an event can go: when it goes so, and what a slot is after it."""

    when: Bool
    after: Num
    is_refused: bool
    is_cut: bool


def check_well_formed(scope: Scope, call: Call) -> EventRefinement:
    """Return what every case of a call shows; raises Undecided."""
    scope = replace(scope, ghosts=frozenset(), usage=Usage.ANY)
    event = next(event for event, calls in EVENT_CALLS.items() if call in calls)
    model = device_model(scope)
    slot = num_field("slot", scope.slot_bits) if scope.slots > 1 else number(0)
    known = beginning(scope, call)
    target = model.device.running if call is Call.SET_BOOT_RUNNING else _chosen_target(model, call)
    view = [replaced(term, known) for term in slot_view(scope, model.device, slot, target).terms()]
    view = view if event is Event.POWER_ON else [*view[:-3], fact(False), fact(False), fact(False)]
    premise = replaced(is_well_formed(scope, model.device), known) & (slot < scope.slots)
    wrong: list[str] = []
    walked: set[tuple[str, State]] = set()
    count = 0
    cases = list(_event_cases(model, call, slot))
    for is_refused, is_cut in sorted({(case.is_refused, case.is_cut) for case in cases}):
        alike = [case for case in cases if (case.is_refused, case.is_cut) == (is_refused, is_cut)]
        for *values, after in _cases(premise, view, alike):
            count += 1
            cut = scope.faults if is_cut else None
            state, situation = situation_of(scope.config, values, is_refused)
            rows = fitting_rows(state, event, STATES[after], situation, cut)
            walked.update((row.id, state) for row in rows)
            if not rows:
                how = f", cut under {scope.faults.name}" if is_cut else ""
                wrong.append(f"{call.value}{how}: {state.value} to {STATES[after].value}, {situation}")
    return EventRefinement(scope, call, count, tuple(wrong), frozenset(walked))


def _event_cases(model: DeviceModel, call: Call, slot: Num) -> Iterator[_EventCase]:
    """Yield every case of the call: whole, cut anywhere, or refused."""
    known = beginning(model.scope, call)
    begins = []
    for path in _paths_to_target(model, call):
        is_refused = is_refused_action(path.actions[0])
        begins.append(replaced(_guard_of(model, path.actions[0]), known))
        yield _EventCase(path.when, _state_after(model, slot, path.states[-1]), is_refused, False)
        yield from _cut_cases(model, path, slot, is_refused)
    if event_of(call.value) in REFUSABLE and call not in (Call.SET_BOOT_RUNNING, Call.SET_BOOT_OTHER):
        yield _EventCase(~any_of(begins), _state_after(model, slot, known), True, False)


def _chosen_target(model: DeviceModel, call: Call) -> Num | None:
    """Return the slot that the application chooses, left open; None for a call without such a choice."""
    if call is not Call.SET_BOOT_OTHER:
        return None
    return num_field("target", model.scope.slot_bits) if model.scope.slots > 1 else number(0)


def _paths_to_target(model: DeviceModel, call: Call) -> Iterator[CallPath]:
    """Yield the paths of a call; those to a slot that the application chooses only where that is the target."""
    target = _chosen_target(model, call)
    for path in paths(model, call):
        asked = path.states[1]["asked"]
        assert isinstance(asked, Num)
        yield path if target is None else replace(path, when=path.when & (target == asked))


def _cut_cases(model: DeviceModel, path: CallPath, slot: Num, is_refused: bool) -> Iterator[_EventCase]:
    for state in path.states[1:-1]:
        for action in model.actions:
            if action.kind is Kind.CUT:
                when = path.when & replaced(model.guard(action), state)
                if when.value != 0:
                    yield _EventCase(
                        when, _state_after(model, slot, stepped(model, state, action.name)), is_refused, True
                    )


def _state_after(model: DeviceModel, slot: Num, values: Values) -> Num:
    return replaced(slot_state(model.device.records, slot), values)


def _guard_of(model: DeviceModel, name: str) -> Bool:
    return next(model.guard(action) for action in model.actions if action.name == name)


def _cases(premise: Bool, view: list[Term], cases: list[_EventCase]) -> Iterator[list[int]]:
    """Yield every combination of values that the view, and the state after one of the cases, can have."""
    reading = Z3Reading()
    after = z3.BitVec("after", 3)
    solver = z3.Solver()
    solver.add(reading(premise))
    by_after: dict[Num, list[Bool]] = {}
    for case in cases:
        by_after.setdefault(case.after, []).append(case.when)
    solver.add(z3.Or([z3.And(reading(any_of(whens)), after == _wide(reading(a))) for a, whens in by_after.items()]))
    formulas = [*(reading(term) for term in view), after]
    while (answer := solver.check()) == z3.sat:
        found = [solver.model().eval(formula, model_completion=True) for formula in formulas]
        yield [int(z3.is_true(v)) if z3.is_bool(v) else v.as_long() for v in found]
        solver.add(z3.Or([formula != value for formula, value in zip(formulas, found, strict=True)]))
    if answer == z3.unknown:
        raise Undecided(solver.reason_unknown())


def _wide(word: Any) -> Any:
    return z3.ZeroExt(3 - word.size(), word) if word.size() < 3 else word
