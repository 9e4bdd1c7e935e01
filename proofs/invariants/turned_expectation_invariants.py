"""Invariants of what is expected of the next start where otadata is kept by turns."""

from ...model.device.records import Word
from ...model.device.state import Device, Expectation, Scope, Task, Usage
from ...model.terms.terms import Bool, fact
from .turns_at_rest import can_fail, rest_state


def marked_image_is_new(scope: Scope, device: Device) -> Bool:
    """A marked image is in the state as such, with what ran when it was marked; once noted, as tried."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.MARKED
    is_new = state.is_new if scope.config.rollback else state.is_selected
    waits = is_new & (state.current == device.expected) & (state.other == device.previous)
    tried = (device.task == Task.STARTED) & state.is_some & state.is_tried & (state.other == device.expected)
    tried = tried & (state.current == device.previous) & (device.running == device.expected)
    tasks = device.task.is_in(Task.OFF, Task.SELECT, Task.TRY, Task.STARTED, Task.RUN, Task.STUCK)
    settled = waits & (device.task != Task.STARTED) if scope.config.rollback else waits
    if can_fail(scope):
        # The try may not be noted, and complete() may not have marked the image.
        starts = (device.task == Task.STARTED) & (device.running == device.expected)
        ran = state.selects(device.previous) | (state.selects(scope.factory) & fact(scope.usage is Usage.ANY))
        unmarked = ~state.keeps(device.expected) & ~starts & ran & ~state.is_new
        settled = (waits & ((device.task != Task.STARTED) | starts)) | unmarked
        tasks = tasks | (device.task == Task.BURN)
    return is_due.implies(tasks & (settled | (tried & fact(scope.config.rollback))))


def tried_image_has_its_home(scope: Scope, device: Device) -> Bool:
    """Where a try is over, the state is TRIED, and starts what is expected; where an
    operation has failed, it may be NEW, or as it was before complete()."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.TRIED
    is_noted = state.is_some & state.is_tried & (state.current == device.expected)
    unnoted = state.is_new & (state.other == device.expected)
    unmarked = state.selects(device.expected) & ~state.is_new
    return is_due.implies(is_noted | (fact(can_fail(scope)) & (unnoted | unmarked)))


def accepted_image_is_current(scope: Scope, device: Device) -> Bool:
    """An accepted image is current, and not new."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.ACCEPTED
    is_its = state.selects(device.expected) & (state.word == Word.VALID)
    tasks = ~device.task.is_in(Task.TRY, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK, Task.SET_BOOT, Task.BURN_ACCEPT)
    return is_due.implies(tasks & is_its)


def refused_image_is_not_current(scope: Scope, device: Device) -> Bool:
    """After rollback() another place is current."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.REFUSED
    is_other = state.is_some & ~state.is_new & (state.current != device.expected)
    runs = device.task.is_in(Task.STARTED).implies(device.running == state.current)
    tasks = device.task.is_in(Task.SELECT, Task.BURN, Task.STARTED)
    return is_due.implies(is_other & runs & tasks)


def previous_of_a_refused_image_is_current(scope: Scope, device: Device) -> Bool:
    """After rollback() what ran when the refused image was marked is current, where that is known."""
    is_due = (device.expectation == Expectation.REFUSED) & (device.previous != scope.nowhere)
    return is_due.implies(rest_state(scope, device).current == device.previous)


def selected_place_is_current(scope: Scope, device: Device) -> Bool:
    """What was selected is current; once noted as tried, it is what starts."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.SELECTED
    is_tried = state.is_some & state.is_tried & (state.other == device.expected) & (device.running == device.expected)
    is_tried = is_tried & (device.task == Task.STARTED)
    tasks = device.task.is_in(Task.OFF, Task.SELECT, Task.TRY, Task.BURN, Task.STARTED, Task.RUN)
    starts = (device.task == Task.STARTED).implies(device.running == device.expected)
    return is_due.implies(tasks & starts & (state.selects(device.expected) | is_tried))


def origin_is_the_way_back(scope: Scope, device: Device) -> Bool:
    """The way back of the image that was marked last is what ran then, as long as there is one."""
    state = rest_state(scope, device)
    is_due = (device.upgraded != scope.nowhere) & state.is_some
    settled = state.has_way_back & state.selects(device.upgraded) & (state.other != scope.nowhere)
    tried = state.is_tried & (state.other == device.upgraded)
    new = state.is_new & state.selects(device.upgraded)
    back = settled.implies(state.other == device.upgraded_from) & tried.implies(state.current == device.upgraded_from)
    return is_due.implies(back & new.implies(state.other == device.upgraded_from))
