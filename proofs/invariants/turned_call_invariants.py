"""Invariants of the calls and of the bootloader's tasks where otadata is kept by turns."""

from ...model.device.image_loading import is_slot
from ...model.device.logical_state import deciding, is_on_trial, logical_state
from ...model.device.records import Word
from ...model.device.selection import boot_choice, next_update_slot
from ...model.device.state import Device, Expectation, Scope, Task, Usage
from ...model.terms.terms import Bool, fact
from .turns_at_rest import at_rest, can_fail, is_finished, rest_state
from .vocabulary import is_earned, is_whole

CALLED = (
    Task.UNNAME,
    Task.UNNAME_RESUMED,
    Task.COMMENCE,
    Task.COMPLETE,
    Task.REJECT,
    Task.SET_BOOT,
    Task.SET_BOOT_REJECT,
    Task.FORGET_LAST,
)
"""Tasks of calls that are refused on trial."""


def no_call_on_trial(scope: Scope, device: Device) -> Bool:
    """What is refused on trial does not go on then, nor is a session open."""
    is_busy = device.task.is_in(*CALLED) | ((device.task >= Task.RUN) & (device.session | device.other_session))
    return is_busy.implies(~is_on_trial(scope, at_rest(scope, device)))


def accepting_image_is_earned(scope: Scope, device: Device) -> Bool:
    """What accepts itself counts as accepted, and was on trial or selected."""
    state = rest_state(scope, device)
    is_selected = state.is_selected & state.selects(device.running)
    is_due = is_on_trial(scope, at_rest(scope, device)) | is_selected
    return (device.task == Task.ACCEPT).implies(is_due & is_earned(scope, device, device.running))


def wiped_slot_is_not_kept(scope: Scope, device: Device) -> Bool:
    """A slot that is being erased does not run, and the state neither starts it nor goes back to it."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    of_target = device.task.is_in(Task.COMMENCE, Task.REJECT)
    of_asked = device.task == Task.ERASE_LAST
    too_old = (device.asked != device.running) & is_slot(scope, device.asked) & ~state.selects(device.asked)
    too_old = too_old & ~(state.is_new & (state.other == device.asked))
    spared = ~state.keeps(target) & (target != device.running)
    spared_asked = ~state.keeps(device.asked) & (device.asked != device.running) & is_slot(scope, device.asked)
    return (
        of_target.implies(spared)
        & of_asked.implies(spared_asked)
        & (device.task == Task.SET_BOOT_REJECT).implies(too_old)
    )


def session_is_of_a_running_program(scope: Scope, device: Device) -> Bool:
    """A session is open only while an application runs."""
    return (device.session | device.other_session).implies(device.task >= Task.RUN)


def session_is_of_another_slot(scope: Scope, device: Device) -> Bool:
    """A session is on a slot that does not run and that the state does not keep, unless somebody selected it since."""
    state, target = rest_state(scope, device), next_update_slot(device)
    is_marked = state.is_new if scope.config.rollback else state.is_selected
    selected = state.selects(target) & is_marked & (state.other == device.running) & fact(scope.usage is Usage.ANY)
    is_open = (device.session | device.other_session) & (device.task >= Task.RUN)
    return is_open.implies((target != device.running) & (~state.keeps(target) | selected))


def selected_slot_is_another(scope: Scope, device: Device) -> Bool:
    """What complete() or esp_ota_set_boot_partition() is about to select is not selected yet, and is sound."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    sound = is_finished(scope, device, target) & is_whole(scope, device, target) & ~state.selects(target)
    asked = is_finished(scope, device, device.asked) & is_whole(scope, device, device.asked)
    asked = asked & ~state.selects(device.asked)
    of_complete = (device.task == Task.COMPLETE).implies(sound & (target != device.running))
    return of_complete & (device.task == Task.SET_BOOT).implies(asked)


def unnamed_slot_is_kept(scope: Scope, device: Device) -> Bool:
    """Before it is erased, the state still names the slot; what forgets it is what runs."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    unnaming = device.task.is_in(Task.UNNAME, Task.UNNAME_RESUMED)
    of_target = unnaming.implies(state.keeps(target) & (target != device.running))
    is_last = (state.other == device.asked) & is_slot(scope, device.asked) & (device.asked != device.running)
    is_last = is_last & state.has_way_back & state.selects(device.running)
    return of_target & (device.task == Task.FORGET_LAST).implies(is_last)


def rollback_has_a_way(scope: Scope, device: Device) -> Bool:
    """While rollback() writes, what runs is current, settled or with its try not noted, and the other place loads."""
    state = rest_state(scope, device)
    unnoted = state.is_new & fact(can_fail(scope))
    is_way = (state.has_way_back | unnoted) & state.selects(device.running) & (state.other != device.running)
    return (device.task == Task.ROLLBACK).implies(is_way & is_whole(scope, device, state.other))


def boot_tasks_have_their_state(scope: Scope, device: Device) -> Bool:
    """A try is of a new image; a first record is for the first image; a burn is of the current one."""
    state = rest_state(scope, device)
    tries = (device.task == Task.TRY).implies(state.is_new & fact(scope.config.rollback))
    first = boot_choice(scope, at_rest(scope, device))
    fresh = (device.task == Task.FRESH).implies(~state.is_some & (device.running == first))
    return tries & fresh


def burning_sector_decides(scope: Scope, device: Device) -> Bool:
    """While the bootloader burns, the sector that it notes is the one that decides, and its image is accepted."""
    chosen, state = deciding(device.records), logical_state(scope, device.records)
    is_its = chosen.is_some & (device.sector == chosen.sector) & (state.word == Word.VALID) & ~state.is_tried
    return (device.task == Task.BURN).implies(is_its & is_slot(scope, state.current))


def selecting_calls_expect_nothing(scope: Scope, device: Device) -> Bool:
    """While a call selects, accepts or goes back, nothing is expected of the next start."""
    tasks = (Task.COMPLETE, Task.ACCEPT, Task.BURN_ACCEPT, Task.ROLLBACK, Task.SET_BOOT)
    return device.task.is_in(*tasks).implies(device.expectation == Expectation.NONE)


def burning_image_was_accepted(scope: Scope, device: Device) -> Bool:
    """While accept() burns, what runs is current and VALID."""
    state = rest_state(scope, device)
    is_its = state.selects(device.running) & (state.word == Word.VALID) & ~state.is_tried
    return (device.task == Task.BURN_ACCEPT).implies(is_its)
