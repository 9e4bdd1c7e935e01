"""Invariants of the images that a state by turns names, and of the one that runs."""

from ...model.device.device_parts import burned_up_to, slot_at
from ...model.device.image_loading import is_slot
from ...model.device.logical_state import is_on_trial
from ...model.device.records import Word
from ...model.device.selection import next_update_slot
from ...model.device.state import Device, Scope, Task, Usage
from ...model.terms.terms import Bool, Num, fact, number
from .turns_at_rest import at_rest, can_fail, is_finished, rest_state
from .vocabulary import is_earned, is_whole


def current_image_is_whole(scope: Scope, device: Device) -> Bool:
    """What the state has as current loads, and was verified or provisioned."""
    state = rest_state(scope, device)
    return state.is_some.implies(is_finished(scope, device, state.current) & is_whole(scope, device, state.current))


def way_back_is_finished(scope: Scope, device: Device) -> Bool:
    """The place to go back to is another one, and if its image verifies, that was verified or provisioned."""
    state = rest_state(scope, device)
    is_due = state.is_some & ~state.is_tried & (state.other != scope.nowhere)
    slot = slot_at(device, state.other)
    is_known = ~is_slot(scope, state.other) | slot.is_complete.implies(slot.is_finished)
    return is_due.implies(is_known & (state.other != state.current))


def way_back_is_earned(scope: Scope, device: Device) -> Bool:
    """With rollback, the place to go back to holds an image that was accepted or provisioned."""
    if not scope.config.rollback:
        return fact(True)
    state = rest_state(scope, device)
    slot = slot_at(device, state.other)
    is_due = state.is_some & ~state.is_tried & is_slot(scope, state.other) & slot.is_complete
    return is_due.implies(slot.is_earned)


def home_of_a_new_image_is_whole(scope: Scope, device: Device) -> Bool:
    """With rollback, a marked image has a place to go back to, and that loads."""
    state = rest_state(scope, device)
    return (fact(scope.config.rollback) & state.is_new).implies(is_whole(scope, device, state.other))


def settled_current_is_earned(scope: Scope, device: Device) -> Bool:
    """Unless it is new or only selected, the current image was accepted or provisioned."""
    state = rest_state(scope, device)
    is_due = state.is_some & (state.word == Word.VALID)
    return is_due.implies(is_earned(scope, device, state.current))


def tried_image_is_another(scope: Scope, device: Device) -> Bool:
    """What was tried is not what is current."""
    state = rest_state(scope, device)
    return (state.is_some & state.is_tried).implies(state.other != state.current)


def without_state_nothing_has_run(scope: Scope, device: Device) -> Bool:
    """Without a record, no application has begun yet, and the first image is there."""
    state = rest_state(scope, device)
    first = number(scope.factory if scope.has_factory else 0)
    early = device.task.is_in(Task.OFF, Task.SELECT, Task.FRESH)
    return state.is_some | (early & is_earned(scope, device, first))


def running_image_has_its_state(scope: Scope, device: Device) -> Bool:
    """What runs is current, or on trial, or the one that has marked another."""
    state = rest_state(scope, device)
    is_current = state.selects(device.running)
    is_tried = state.is_some & state.is_tried & (state.other == device.running)
    is_home = state.is_some & ~state.is_tried & (state.other == device.running)
    is_home = is_home & (state.is_new if scope.config.rollback else fact(True))
    begun = device.task >= Task.RUN
    started = device.task.is_in(Task.STARTED, Task.BURN_FRESH)
    if scope.usage is Usage.ANY:
        # Factory was selected since.
        is_home = is_home | (state.selects(scope.factory) & ~state.is_new)
    # Where an operation can fail, the note of a try may be missing.
    new_runs = fact(scope.config.rollback and not can_fail(scope)) & state.is_new & is_current
    return (begun.implies((is_current & ~new_runs) | is_tried | is_home)) & started.implies(
        (is_current & ~new_runs) | is_tried
    )


def running_turned_image_is_whole(scope: Scope, device: Device) -> Bool:
    """What runs loads, and was verified or provisioned."""
    begun = (device.task >= Task.RUN) | device.task.is_in(Task.STARTED, Task.BURN_FRESH, Task.FRESH)
    is_sound = is_finished(scope, device, device.running) & is_whole(scope, device, device.running)
    return begun.implies(is_sound)


def settled_running_image_is_earned(scope: Scope, device: Device) -> Bool:
    """With rollback, an image that runs and is not on trial was accepted or provisioned."""
    if not scope.config.rollback:
        return fact(True)
    is_tested = is_on_trial(scope, at_rest(scope, device))
    is_due = (device.task >= Task.RUN) & ~is_tested & (device.task != Task.ACCEPT)
    return is_due.implies(is_earned(scope, device, device.running))


def kept_places_are_not_rejected(scope: Scope, device: Device) -> Bool:
    """Neither the current place nor one to go back to was rejected, nor is what runs or is about to be selected."""
    state = rest_state(scope, device)

    def is_rejected(place: Num) -> Bool:
        return is_slot(scope, place) & slot_at(device, place).is_rejected

    current = state.is_some.implies(~is_rejected(state.current))
    back = (state.is_some & ~state.is_tried).implies(~is_rejected(state.other))
    runs = (device.task >= Task.STARTED) & (device.task != Task.STUCK)
    asked = (device.task == Task.SET_BOOT).implies(~is_rejected(device.asked))
    asked = asked & (device.task == Task.COMPLETE).implies(~is_rejected(next_update_slot(device)))
    return current & back & asked & runs.implies(~is_rejected(device.running))


def kept_versions_are_burned(scope: Scope, device: Device) -> Bool:
    """With anti-rollback, the version of a settled image is burned: but for a current one that does not run yet."""
    if not scope.config.anti_rollback:
        return fact(True)
    state = rest_state(scope, device)

    def is_burned(place: Num) -> Bool:
        slot = slot_at(device, place)
        is_same = burned_up_to(scope, device.burned, slot.version) == device.burned
        return (is_slot(scope, place) & slot.is_complete).implies(is_same)

    back = (state.is_some & ~state.is_tried).implies(is_burned(state.other))
    current = (state.is_some & state.is_tried).implies(is_burned(state.current))
    is_tested = is_on_trial(scope, at_rest(scope, device))
    settled = (device.task >= Task.RUN) & ~is_tested & ~device.task.is_in(Task.ACCEPT, Task.BURN_ACCEPT)
    return back & current & settled.implies(is_burned(device.running))
