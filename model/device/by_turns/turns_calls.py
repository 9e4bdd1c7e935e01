"""The calls of the application where otadata is kept by turns: those that decide otherwise than ESP-IDF's.

A call that is refused changes nothing, so it is no action. Source: selector/DESIGN.md.
"""

from dataclasses import replace

from ...config import Release
from ...terms.terms import Bool, Num, choose, fact, number
from ..action import Action, Actions
from ..allowance import Allowance
from ..api_calls import RESUME_FROM, is_resume_possible
from ..boot_steps import without_program
from ..calls import (
    after_complete,
    asked_for,
    call,
    choosing,
    has_next_number,
    target_of,
    with_other_handle,
    with_promise_alone,
    without_expectation,
)
from ..device_parts import burned_up_to, slot_at, whichever, with_record, with_rejected, with_slot
from ..flash_steps import WIPED
from ..image_loading import is_slot, is_version_allowed
from ..logical_state import LogicalState, deciding, is_on_trial, loads, logical_state, record_of, settled_word
from ..records import Record, Word
from ..selection import boot_choice, next_update_slot
from ..state import Device, Expectation, Phase, Scope, Task, Usage

TAKING_BACK = (Task.UNNAME, Task.UNNAME_RESUMED)
"""Tasks of commence() that take the slot of the next update out of the state."""
DESIGN = "selector/DESIGN.md"
"""The source of what is done by turns."""


def turns_calls(scope: Scope, device: Device) -> Actions:
    """Yield the calls."""
    yield from _commence(scope, device)
    yield _complete(scope, device)
    yield from _accept(scope, device)
    yield _rollback(scope, device)
    if scope.usage is Usage.ANY:
        yield from _set_boot(scope, device)
    if scope.has_api_calls:
        yield from _resume(scope, device)
        yield from _erase_last_boot(scope, device)


def coming_record(scope: Scope, device: Device, task: Task) -> Record:
    """Return the record that a task of a call programs, as the device is before its erase."""
    state = logical_state(scope, device.records)
    nowhere = number(scope.nowhere)
    running, new = device.running, Word.NEW if scope.config.rollback else Word.UNDEFINED
    match task:
        case Task.COMPLETE:
            return record_of(scope, device, new, next_update_slot(device), running)
        case Task.ACCEPT:
            return record_of(scope, device, Word.VALID, running, _back_once_accepted(scope, state, running))
        case Task.ROLLBACK:
            if not scope.config.rollback:
                return record_of(scope, device, Word.UNDEFINED, way_back(scope, device), nowhere)
            return record_of(scope, device, Word.VALID, way_back(scope, device), running, is_tried=True)
        case Task.SET_BOOT:
            is_settled = (device.asked == running) | (device.asked == scope.factory)
            word = choose(is_settled, number(settled_word(scope), 3), number(new, 3))
            return record_of(scope, device, word, device.asked, choose(is_settled, nowhere, running))
        case _:
            return _without_place(scope, device, state)


def _without_place(scope: Scope, device: Device, state: LogicalState) -> Record:
    """Return the record of the state that no longer names the slot of its two that does not run."""
    is_marked = state.current != device.running
    names_back = is_marked & (next_update_slot(device) == state.current)
    word = choose(names_back, number(settled_word(scope), 3), state.word)
    return record_of(scope, device, word, choose(names_back, device.running, state.current), number(scope.nowhere))


def is_unnamed_first(scope: Scope, device: Device) -> Bool:
    """Tell whether the slot of the next update may still be started or gone back to."""
    return logical_state(scope, device.records).keeps(next_update_slot(device))


def _rewriting(scope: Scope, device: Device, then: Device, task: Task) -> Device:
    """Return the device as a call goes on to rewrite the sector that does not decide; and what that is to choose."""
    sector = deciding(device.records).other_sector
    begun = replace(then, task=number(task), phase=number(Phase.ERASE), sector=sector)
    record = coming_record(scope, replace(device, asked=then.asked), task)
    # commence() marks nothing, so it is to leave the choice as it was.
    after = device if task in TAKING_BACK else replace(device, records=with_record(device, sector, record))
    return choosing(scope, device, begun, boot_choice(scope, after))


def _commence(scope: Scope, device: Device) -> Actions:
    """Take the target out of the state, if it is in it, then begin to wipe it; refused on trial."""
    has_target = next_update_slot(device) != device.running
    when = has_target & ~is_on_trial(scope, device) & (fact(_begins_anew(scope)) | ~device.session)
    promised = with_promise_alone(scope, device)
    wiping = choosing(scope, device, replace(promised, task=number(Task.COMMENCE)), boot_choice(scope, device))
    unnaming = _rewriting(scope, device, promised, Task.UNNAME)
    is_named = is_unnamed_first(scope, device)
    yield call("commence", when & ~is_named, wiping, DESIGN)
    yield call("commence_of_named", when & is_named & has_next_number(scope, device), unnaming, DESIGN)


def _begins_anew(scope: Scope) -> bool:
    """Tell whether commence() is let through while a session is open; the old one is then forgotten, where no call
    is modelled that goes on with it. Source: IDF-OTA-BEGIN."""
    is_forgotten = scope.usage is Usage.ANY and Allowance.FAILING_FLASH in scope.allows
    return scope.has_two_handles or (is_forgotten and scope.config.app_release < Release.V6_1)


def _complete(scope: Scope, device: Device) -> Action:
    """Close the session; of an image that verifies, go on to select it, where it is not selected already."""
    target, place = target_of(scope, device), next_update_slot(device)
    slots = with_slot(device, place, asked_for(target))
    closed = replace(without_expectation(scope, device), session=fact(False), slots=slots)
    marking = _rewriting(scope, device, closed, Task.COMPLETE)
    is_selected = logical_state(scope, device.records).selects(place)
    when = device.session & target.is_complete & ~is_on_trial(scope, device)
    when = when & is_version_allowed(scope, device, target.version) & has_next_number(scope, device)
    return call("complete", when, whichever(is_selected, after_complete(scope, closed), marking), DESIGN)


def _accept(scope: Scope, device: Device) -> Actions:
    """Make the image that runs the one to stay: on trial, or selected without rollback."""
    state = logical_state(scope, device.records)
    is_selected = state.is_selected & (state.current == device.running)
    is_due = is_on_trial(scope, device) | is_selected
    when = is_due if scope.usage is Usage.ANY else is_due & ~device.session
    slots = tuple(
        replace(slot, is_earned=slot.is_earned | (device.running == index)) for index, slot in enumerate(device.slots)
    )
    accepting = replace(without_expectation(scope, device), slots=slots)
    burned = burned_up_to(scope, device.burned, slot_at(device, device.running).version)
    is_image_of_slot = is_slot(scope, device.running)
    accepting = _rewriting(scope, device, accepting, Task.ACCEPT)
    after = replace(
        device,
        records=with_record(device, accepting.sector, coming_record(scope, device, Task.ACCEPT)),
        burned=choose(is_image_of_slot, burned, device.burned),
    )
    yield call(
        "accept",
        when & has_next_number(scope, device),
        replace(accepting, new_choice=boot_choice(scope, after)),
        DESIGN,
    )
    if scope.usage is Usage.ANY:
        done = replace(
            without_expectation(scope, device), expectation=number(Expectation.ACCEPTED), expected=device.running
        )
        is_accepted = state.selects(device.running) & (state.word == Word.VALID) & ~is_on_trial(scope, device)
        yield call("accept_again", is_accepted, done, DESIGN)


def _back_once_accepted(scope: Scope, state: LogicalState, running: Num) -> Num:
    """Return where rollback may go once the image that runs is accepted: nowhere, where that would be itself."""
    back = choose(state.is_tried, state.current, state.other)
    return choose(back == running, number(scope.nowhere), back)


def way_back(scope: Scope, device: Device) -> Num:
    """Return where rollback() goes; nowhere for no place that loads, or the one that runs."""
    state = logical_state(scope, device.records)
    is_of_running = state.selects(device.running)
    is_tried = is_on_trial(scope, device) & state.is_tried
    back = choose(is_tried, state.current, state.other)
    is_way = is_tried | (is_of_running & (state.has_way_back | is_on_trial(scope, device)))
    is_way = is_way & (back != device.running) & loads(scope, device, back)
    return choose(is_way, back, number(scope.nowhere))


def _rollback(scope: Scope, device: Device) -> Action:
    """Go back: by the state as it is, where the image that runs is on trial."""
    state = logical_state(scope, device.records)
    unexpected = without_expectation(scope, device)
    refused = after_rollback(scope, unexpected)
    refusing = _rewriting(scope, device, unexpected, Task.ROLLBACK)
    is_written = is_on_trial(scope, device) & state.is_tried
    when = (way_back(scope, device) != scope.nowhere) & has_next_number(scope, device)
    return call("rollback", when, whichever(is_written, refused, refusing), DESIGN)


def after_rollback(scope: Scope, device: Device) -> Device:
    """Return the device as rollback() restarts."""
    is_of_upgrade = device.running == device.upgraded
    nowhere = number(scope.nowhere)
    refused = replace(
        device,
        slots=with_rejected(device, device.running, fact(True), is_slot(scope, device.running)),
        expectation=number(Expectation.REFUSED),
        expected=device.running,
        previous=choose(is_of_upgrade, device.upgraded_from, nowhere),
        old_choice=nowhere,
        new_choice=nowhere,
    )
    return without_program(scope, refused, Task.SELECT)


def _set_boot(scope: Scope, device: Device) -> Actions:
    """Ask for an OTA slot or factory: on trial, for what starts next alone."""
    places = range(scope.slots + scope.has_factory)
    for index in places:
        place = number(index, scope.place_bits)
        is_factory = index == scope.factory
        others = scope.has_api_calls or is_factory
        slot = None if is_factory else device.slots[index]
        when = is_version_allowed(scope, device, number(0) if slot is None else slot.version)
        when = when if slot is None else when & slot.is_complete
        when = when & (fact(others) | (device.running == index))
        slots = device.slots if slot is None else with_slot(device, place, asked_for(slot))
        asked = replace(without_expectation(scope, device), slots=slots)
        state = logical_state(scope, device.records)
        is_selected = state.selects(place)
        when = when & (~is_on_trial(scope, device) | (is_selected & state.is_tried)) & has_next_number(scope, device)
        setting = _rewriting(scope, device, replace(asked, asked=place), Task.SET_BOOT)
        done = replace(asked, expectation=number(Expectation.SELECTED), expected=place)
        name = "set_boot_factory" if is_factory else f"set_boot_ota_{index}"
        yield call(name, when, whichever(is_selected, done, setting), DESIGN)


def _resume(scope: Scope, device: Device) -> Actions:
    """Open a session on what the target holds, once the state does not name it."""
    if scope.config.app_release < RESUME_FROM:
        return
    promised = with_promise_alone(scope, device)
    resumed = replace(promised, session=fact(True), other_session=with_other_handle(scope, device))
    unnaming = _rewriting(scope, device, promised, Task.UNNAME_RESUMED)
    when = is_resume_possible(scope, device) & ~is_on_trial(scope, device) & has_next_number(scope, device)
    yield call("session_resume", when, whichever(is_unnamed_first(scope, device), unnaming, resumed), DESIGN)


def _erase_last_boot(scope: Scope, device: Device) -> Actions:
    """Erase the slot that rollback may go to, or that was tried, once the state does not name it as the former."""
    state = logical_state(scope, device.records)
    is_other = is_slot(scope, state.other) & (state.other != device.running) & state.selects(device.running)
    asked = replace(with_promise_alone(scope, device), asked=state.other)
    wiped = replace(device, slots=with_slot(device, state.other, WIPED))
    wiping = choosing(scope, device, replace(asked, task=number(Task.ERASE_LAST)), boot_choice(scope, wiped))
    unnaming = _rewriting(scope, device, asked, Task.FORGET_LAST)
    yield call("erase_last_boot", is_other & state.is_tried, wiping, DESIGN)
    yield call("erase_last_boot_kept", is_other & state.has_way_back & has_next_number(scope, device), unnaming, DESIGN)
