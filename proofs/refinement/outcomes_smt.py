"""The outcomes of a cut once more, decided by z3: from any well-formed state, whether it can be reached or not.

A call is followed symbolically: `paths` puts its steps one after another, from a state in which nothing but the task is
known, and each cut on the way leaves a state that is a term over the fields of the first. For an outcome that no
reachable state has, z3 then says one of two things: no well-formed state has it either, so the search did not even have
to be complete; or some has, and it is only the history of a device that keeps it from there.

The search of cut_outcomes.py and this share the model and nothing else: what the one finds, the other must allow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import z3

from ...model.device.action import Kind
from ...model.device.device_parts import slot_at
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Check, Record, Sector, Word
from ...model.device.selection import boot_choice
from ...model.device.state import Content, Device, Phase, Scope, Task
from ...model.terms.terms import Bool, Num, Term, all_of, any_of, fact, number, replaced
from ..explicit.cut_outcomes import ENDS, Call, Outcome
from ..smt.z3_terms import Z3Reading

Values = dict[str, Term]
"""A state: each field as a term over the fields of the first state; a field that is not there is as it was."""


@dataclass(frozen=True, slots=True)
class CallPath:
    """One path that an undisturbed call can take."""

    actions: tuple[str, ...]
    when: Bool
    """Over the first state: the call takes this path."""
    states: tuple[Values, ...]
    """The first state, and the one after each action."""


def is_well_formed(scope: Scope, device: Device) -> Bool:
    """Tell whether a state makes sense: fields in their ranges, ranks that two numbers can have, what runs can load.

    Every reachable state between calls, or without power, is well-formed; most well-formed ones are not reachable."""
    first, second = device.records
    places = scope.slots + 1 if scope.has_factory else scope.slots
    is_loaded = (device.running == scope.factory) | slot_at(device, device.running).loads
    is_running = choose_task(device, Task.RUN, (device.running < places) & is_loaded, device.running == scope.nowhere)
    slots = [
        (slot.content != Content.EMPTY) | (slot.version == 0) if scope.config.anti_rollback else fact(True)
        for slot in device.slots
    ]
    above = scope.slots + 1
    highest = [record.seq == above + 1 for record in device.records]
    ranks = [
        highest[0].implies(second.seq == above),
        highest[1].implies(first.seq == above),
        (first.is_right & second.is_right & (first.seq == second.seq)).implies(first.slot == second.slot),
    ]
    versions = [slot.version < scope.versions for slot in device.slots] if scope.config.anti_rollback else []
    return all_of(
        [
            device.task.is_in(Task.RUN, Task.OFF),
            device.phase == Phase.ERASE,
            device.sector == Sector.FIRST,
            is_running,
            choose_task(device, Task.RUN, fact(True), ~device.session & ~device.other_session),
            device.asked == 0,
            ~device.is_power_on,
            *(_is_record(scope, record) for record in device.records),
            *ranks,
            *slots,
            *versions,
        ]
    )


def choose_task(device: Device, task: Task, then: Bool, otherwise: Bool) -> Bool:
    """Return the fact that holds in a task, or the one that holds in any other."""
    is_it = device.task == task
    return (is_it & then) | (~is_it & otherwise)


def beginning(scope: Scope, call: Call) -> Values:
    """Return the state in which the call begins, as far as it is known: the task, and what that implies."""
    is_off = call is Call.POWER_ON
    task = Task.OFF if is_off else Task.RUN
    known: Values = {"task": number(task, 5), "phase": number(Phase.ERASE, 1), "sector": number(Sector.FIRST, 1)}
    known["asked"] = number(0, scope.slot_bits)
    if is_off:
        known |= {"running": number(scope.nowhere, scope.place_bits), "session": fact(False)}
        known["other_session"] = fact(False)
    return known


def paths(model: DeviceModel, call: Call, known: Values | None = None) -> Iterator[CallPath]:
    """Yield every path that the call can take; known: of the first state, if it is not what beginning() says."""
    known = beginning(model.scope, call) if known is None else known
    for action in model.actions:
        if call.is_begun_by(action.name):
            when = replaced(model.guard(action), known)
            if when.value != 0:
                after = stepped(model, known, action.name)
                yield from _continued(model, call, CallPath((action.name,), when, (known, after)))


def stepped(model: DeviceModel, before: Values, action: str) -> Values:
    """Return the state after an action."""
    return before | {name: replaced(term, before) for name, term in model.effects[action].items()}


def _continued(model: DeviceModel, call: Call, path: CallPath) -> Iterator[CallPath]:
    """Yield the continuations of a path, until the call ends."""
    last = path.states[-1]
    task = last["task"]
    assert isinstance(task, Num)
    has_ended = path.when & task.is_in(*ENDS[call])
    if has_ended.value != 0:
        yield replace(path, when=has_ended)
    for action in model.actions:
        if action.kind not in (Kind.FLASH, Kind.BOOT) or set(action.tasks) & ENDS[call]:
            continue
        if task.is_in(*action.tasks).value != 0:
            when = path.when & replaced(model.guard(action), last)
            if when.value != 0:
                after = stepped(model, last, action.name)
                yield from _continued(model, call, CallPath((*path.actions, action.name), when, (*path.states, after)))


@dataclass(frozen=True, slots=True)
class _SymbolicCut:
    """A cut on a path: when it is possible, and what starts before the call, after it, and after the cut."""

    when: Bool
    old: Num
    new: Num
    found: Num

    def has(self, outcome: Outcome, nowhere: int) -> Bool:
        """Tell whether the outcome is this one; outcome_of() in terms."""
        is_old, is_new, is_nothing = self.found == self.old, self.found == self.new, self.found == nowhere
        is_same = self.old == self.new
        match outcome:
            case Outcome.SAME:
                return self.when & is_old & is_same
            case Outcome.OLD:
                return self.when & is_old & ~is_same
            case Outcome.BRICK:
                return self.when & ~is_old & is_nothing
            case Outcome.NEW:
                return self.when & ~is_old & ~is_nothing & is_new
            case Outcome.THIRD:
                return self.when & ~is_old & ~is_nothing & ~is_new


def possible_outcomes(scope: Scope, call: Call) -> frozenset[Outcome]:
    """Return the outcomes that a cut in the call has from some well-formed state; raises Undecided."""
    scope = replace(scope, ghosts=frozenset())
    model = device_model(scope)
    cuts = list(_cuts(model, call))
    reading = Z3Reading()
    solver = z3.Solver()
    solver.add(reading(replaced(is_well_formed(scope, model.device), beginning(scope, call))))
    found = set()
    for outcome in Outcome:
        answer = solver.check(reading(any_of(cut.has(outcome, scope.nowhere) for cut in cuts)))
        if answer == z3.unknown:
            raise Undecided(f"{call.value}, {outcome.value}: {solver.reason_unknown()}")
        if answer == z3.sat:
            found.add(outcome)
    return frozenset(found)


class Undecided(Exception):
    """The solver gave up: nothing is known."""


def _cuts(model: DeviceModel, call: Call) -> Iterator[_SymbolicCut]:
    """Yield the cuts in a call, those before its first step and after its last included."""
    choice = boot_choice(model.scope, model.device)
    for path in paths(model, call):
        old, new = replaced(choice, path.states[0]), replaced(choice, path.states[-1])
        yield _SymbolicCut(path.when, old, new, old)
        yield _SymbolicCut(path.when, old, new, new)
        for state in path.states[1:-1]:
            for action in model.actions:
                if action.kind is Kind.CUT:
                    when = path.when & replaced(model.guard(action), state)
                    if when.value != 0:
                        left = stepped(model, state, action.name)
                        yield _SymbolicCut(when, old, new, replaced(choice, left))


def _is_record(scope: Scope, record: Record) -> Bool:
    """Tell whether a record makes sense by itself."""
    above = scope.slots + 1
    is_named = (record.seq == record.slot + number(1, 5)) | record.seq.is_in(above, above + 1)
    right = (record.slot < scope.slots) & (record.seq != 0) & is_named
    is_right = record.check == Check.RIGHT
    return all_of(
        [
            record.check <= Check.RIGHT,
            record.word <= Word.UNDEFINED,
            is_right.implies(right),
            (~is_right).implies((record.slot == 0) & (record.seq == 0)),
        ]
    )
