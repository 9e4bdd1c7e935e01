"""The bootloader and the flash operations where otadata is kept by turns. Source: selector/DESIGN.md.

A record is written into the sector that does not decide: that is erased, then programmed. A cut leaves the record that
was there or none, and the new one or none: whatever else the bytes are, they are not whole.
"""

from dataclasses import replace

from ...fault_model import FaultModel
from ...terms.terms import Bool, Num, choose, fact, number
from ..action import Action, Actions, Kind
from ..allowance import Allowance
from ..api_calls import api_calls
from ..boot_steps import after_try, boot_steps, burned_for, without_program
from ..calls import after_complete, calls, with_other_handle
from ..device_parts import record_in, whichever, with_record, with_rejected
from ..flash_steps import accepted, flash_steps, returned, selected
from ..image_loading import is_slot
from ..logical_state import (
    burned_by_start,
    deciding,
    first_record,
    is_on_trial,
    loads,
    logical_state,
    starting_place,
    tried_record,
)
from ..power_cuts import cuts
from ..records import BLANK, Record, Sector
from ..selection import next_update_slot
from ..state import Device, Expectation, Phase, Scope, Task, Usage
from .turns_calls import DESIGN, after_rollback, coming_record, turns_calls

OF_BOOT = (Task.TRY, Task.FRESH)
OF_CALLS = (
    Task.COMPLETE,
    Task.ACCEPT,
    Task.ROLLBACK,
    Task.SET_BOOT,
    Task.UNNAME,
    Task.UNNAME_RESUMED,
    Task.FORGET_LAST,
)
"""Tasks that write the state."""
_OF_API_CALLS = (Task.UNNAME_RESUMED, Task.FORGET_LAST)
"""Those of calls that no scope has in which operations can fail."""
SHARED_BOOT = ("power_on", "image_begins")
SHARED_CALLS = (
    "write_",
    "complete_fails",
    "complete_rejects",
    "restart",
    "wake",
    "session_abort",
    "session_switch",
)
"""Actions of ESP-IDF's model, by the start of their name, that are the same here."""
SHARED_TASKS = (
    Task.COMMENCE,
    Task.REJECT,
    Task.SET_BOOT_REJECT,
    Task.ERASE_LAST,
    Task.BURN,
    Task.BURN_FRESH,
    Task.BURN_ACCEPT,
)
"""Tasks whose flash operations are the same here."""


def turns_actions(scope: Scope, device: Device) -> Actions:
    """Yield every action of the device, failing operations, pins and other writers left out."""
    yield from (action for action in boot_steps(scope, device) if action.name in SHARED_BOOT)
    yield from _boot(scope, device)
    for action in (*calls(scope, device), *api_calls(scope, device)):
        if action.name.startswith(SHARED_CALLS) or action.name.endswith("_rejects"):
            yield guarded(scope, device, action)
    yield from turns_calls(scope, device)
    yield from (action for action in flash_steps(scope, device) if action.tasks[0] in SHARED_TASKS)
    yield from _updates(scope, device)
    yield from (
        action for action in cuts(scope, device) if not action.name.startswith(("cut_in_erase", "cut_in_program"))
    )
    yield from _torn_updates(scope, device)


def guarded(scope: Scope, device: Device, action: Action) -> Action:
    """Return an action with what is refused here: to write to a slot that is named, and to select on trial."""
    if action.name.startswith("write_"):
        return replace(action, when=action.when & ~is_kept_by_state(scope, device))
    if action.name.endswith("_rejects"):
        return replace(action, when=action.when & ~is_on_trial(scope, device))
    return action


def is_kept_by_state(scope: Scope, device: Device) -> Bool:
    """Tell whether the state names the slot of the session, as one to start or to go back to."""
    return logical_state(scope, device.records).keeps(next_update_slot(device))


def _boot(scope: Scope, device: Device) -> Actions:
    """Yield what the bootloader decides, once it has read the state."""
    state = logical_state(scope, device.records)
    chosen = deciding(device.records)
    is_new = state.is_new & fact(scope.config.rollback)
    burns = burned_by_start(scope, device) != device.burned

    def decide(name: str, when: Bool, then: Device) -> Action:
        return Action(name, (Task.SELECT,), when, then, Kind.BOOT, DESIGN)

    yield decide("boot_tries_new", is_new, replace(device, task=number(Task.TRY), sector=chosen.other_sector))
    # What was tried and does not run any more is given up.
    is_given_up = state.is_some & state.is_tried & (state.other != state.current)
    slots = with_rejected(device, state.other, fact(True), is_given_up)
    settled = replace(device, slots=slots)
    burning = replace(settled, task=number(Task.BURN), sector=chosen.sector)
    yield decide("boot_burns", ~is_new & burns, burning)
    place = starting_place(scope, device)
    yield decide("boot_starts", ~is_new & ~burns, _launched(scope, settled, place, ~state.is_some))


def _launched(scope: Scope, device: Device, place: Num, is_first: Bool) -> Device:
    is_found = place != scope.nowhere
    started = choose(is_first, number(Task.FRESH), number(Task.STARTED))
    return replace(
        device,
        task=choose(is_found, started, number(Task.STUCK)),
        phase=number(Phase.ERASE),
        sector=number(Sector.FIRST),
        running=place,
        is_power_on=fact(False),
    )


def coming(scope: Scope, device: Device, task: Task) -> Record:
    """Return the record that a task programs, as the device is before its erase."""
    match task:
        case Task.TRY:
            return tried_record(scope, device)
        case Task.FRESH:
            return first_record(scope, device, device.running)
        case _:
            return coming_record(scope, device, task)


def tasks_that_write(scope: Scope) -> tuple[Task, ...]:
    """Return the tasks that the scope can have."""
    missing: set[Task] = set()
    if scope.usage is not Usage.ANY:
        missing = {Task.SET_BOOT, *_OF_API_CALLS}
    elif Allowance.FAILING_FLASH in scope.allows:
        missing = set(_OF_API_CALLS)
    return OF_BOOT + tuple(task for task in OF_CALLS if task not in missing)


def _updates(scope: Scope, device: Device) -> Actions:
    """Yield the two operations of each update, whole."""
    for task in tasks_that_write(scope):
        name = task.name.lower()
        records = with_record(device, device.sector, coming(scope, device, task))
        erased = replace(device, records=records, phase=number(Phase.PROGRAM))
        yield Action(f"{name}_erases", (task,), device.phase == Phase.ERASE, erased, Kind.FLASH, DESIGN)
        whole = replace(device, phase=number(Phase.ERASE), sector=number(Sector.FIRST))
        then = after_update(scope, device, whole, task)
        yield Action(f"{name}_programs", (task,), device.phase == Phase.PROGRAM, then, Kind.FLASH, DESIGN)


def after_update(scope: Scope, device: Device, whole: Device, task: Task) -> Device:
    """Return the device once the record of a task is whole.

    device: as it is programmed; whole: the same with no record being rewritten."""
    match task:
        case Task.TRY:
            tried = record_in(device, device.sector).other
            place = choose(loads(scope, whole, tried), tried, starting_place(scope, whole))
            return _launched(scope, whole, place, fact(False))
        case Task.FRESH:
            burns = burned_for(scope, device) != device.burned
            return replace(whole, task=choose(burns, number(Task.BURN_FRESH), number(Task.STARTED)))
        case Task.COMPLETE:
            return after_complete(scope, whole)
        case Task.ACCEPT:
            burns = burned_for(scope, device) != device.burned
            return whichever(burns, replace(whole, task=number(Task.BURN_ACCEPT)), accepted(scope, whole))
        case Task.ROLLBACK:
            return after_rollback(scope, whole)
        case Task.SET_BOOT:
            return selected(scope, whole, device.asked)
        case Task.UNNAME:
            return replace(whole, task=number(Task.COMMENCE))
        case Task.UNNAME_RESUMED:
            return replace(returned(scope, whole), session=fact(True), other_session=with_other_handle(scope, device))
        case _:
            return replace(whole, task=number(Task.ERASE_LAST))


def _torn_updates(scope: Scope, device: Device) -> Actions:
    """Yield what a cut in an update leaves."""
    tasks = tasks_that_write(scope)
    off = without_program(scope, device, Task.OFF)
    blank = replace(off, records=with_record(device, device.sector, BLANK))
    is_over = (device.task == Task.TRY) & device.expectation.is_in(Expectation.MARKED, Expectation.SELECTED)
    whole = after_try(scope, off, is_over)
    # A try that is noted whole has come: what a cut in a call before left has been started, as far as a claim goes.
    is_try, nowhere = device.task == Task.TRY, number(scope.nowhere)
    whole = replace(
        whole,
        old_choice=choose(is_try, nowhere, whole.old_choice),
        new_choice=choose(is_try, nowhere, whole.new_choice),
    )
    refused = (device.task == Task.ROLLBACK) & is_slot(scope, device.running)
    whole = replace(whole, slots=with_rejected(whole, device.running, fact(True), refused))

    def cut(name: str, phase: Phase, left: Device) -> Action:
        return Action(name, tasks, device.phase == phase, left, Kind.CUT, DESIGN, FaultModel.F0)

    yield cut("cut_in_erase_leaves_old", Phase.ERASE, off)
    yield cut("cut_in_erase_leaves_none", Phase.ERASE, blank)
    yield cut("cut_in_program_leaves_none", Phase.PROGRAM, blank)
    yield cut("cut_in_program_leaves_new", Phase.PROGRAM, whole)
