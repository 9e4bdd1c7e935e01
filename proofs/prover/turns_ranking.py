"""The ranking function of C9 where otadata is kept by turns; see ranking.py."""

from ...model.device.allowance import Progress
from ...model.device.calls import target_of
from ...model.device.image_loading import is_version_allowed
from ...model.device.logical_state import is_on_trial, logical_state
from ...model.device.model import DeviceModel
from ...model.device.state import Content, Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, Num, choose, fact, first_of, number

STARTING, COMPLETING, WRITING, COMMENCING, UNNAMING, ACCEPTING, BOOTING, CALLING = 1, 6, 8, 11, 12, 15, 19, 29
"""Least ranks, by what goes on: from the try of a marked image back to any call at all."""
TURNS_HIGHEST = CALLING + 3
"""The greatest rank."""


def turns_ranking_function(model: DeviceModel) -> Num:
    """Return in how many steps at the most an upgrade can be completed from a state."""
    scope, device = model.scope, model.device
    in_run = device.task == Task.RUN
    is_tested = is_on_trial(scope, device)
    is_writing = in_run & device.session & ~is_tested & _is_useful(scope, device)
    content = target_of(scope, device).content
    # Where operations can fail, a session may have got elsewhere than the contents of its slot.
    has_begun = device.progress != Progress.AT_START
    can_commence = model.can_begin(Task.COMMENCE) | model.can_begin(Task.UNNAME)
    left = choose(device.phase == Phase.ERASE, number(1), number(0))
    of_erase = (Task.REJECT, Task.SET_BOOT_REJECT, Task.ERASE_LAST)
    return first_of(
        (
            (_is_marked_next(scope, device), _steps_to_try(device)),
            (device.task == Task.COMPLETE, number(COMPLETING, 6) + left),
            (is_writing & (content == Content.COMPLETE) & has_begun, number(WRITING)),
            (is_writing & (content == Content.COMPLETE) & ~has_begun, number(WRITING + 1)),
            (is_writing & (content == Content.PARTIAL), number(WRITING + 1)),
            (is_writing & (content == Content.EMPTY) & (device.progress != Progress.AHEAD), number(WRITING + 2)),
            (device.task == Task.COMMENCE, number(COMMENCING)),
            (device.task == Task.UNNAME, number(UNNAMING, 6) + left),
            (in_run & can_commence, number(UNNAMING + 2)),
            ((device.task == Task.BURN_ACCEPT) & ~device.session, number(ACCEPTING)),
            ((device.task == Task.ACCEPT) & ~device.session, number(ACCEPTING + 1, 6) + left),
            (in_run & is_tested & ~device.session, number(ACCEPTING + 3)),
            (device.task.is_in(*_BOOTING), number(BOOTING, 6) + _steps_to_start(device)),
            (in_run, number(CALLING)),
            (device.task.is_in(*of_erase, Task.BURN_ACCEPT), number(CALLING + 1)),
        ),
        number(CALLING + 2, 6) + left,
    )


_BOOTING = (Task.OFF, *(task for task in Task if Task.SELECT <= task <= Task.STARTED))


def _steps_to_try(device: Device) -> Num:
    """Return in how many steps the marked image starts."""
    left = choose(device.phase == Phase.ERASE, number(1), number(0))
    return first_of(
        (
            (device.task == Task.STARTED, number(0)),
            (device.task == Task.TRY, number(STARTING, 6) + left),
            (device.task == Task.SELECT, number(STARTING + 2)),
            (device.task == Task.OFF, number(STARTING + 3)),
        ),
        number(STARTING + 4),
    )


def _steps_to_start(device: Device) -> Num:
    """Return in how many steps an image starts at the latest."""
    left = choose(device.phase == Phase.ERASE, number(1), number(0))
    return first_of(
        (
            (device.task == Task.STARTED, number(0)),
            (device.task == Task.BURN_FRESH, number(1)),
            (device.task == Task.FRESH, number(2, 6) + left),
            (device.task == Task.BURN, number(4)),
            (device.task == Task.TRY, number(5, 6) + left),
            (device.task == Task.SELECT, number(7)),
        ),
        number(8),
    )


def _is_marked_next(scope: Scope, device: Device) -> Bool:
    """complete() has marked an image, and that is the one that starts next, or has been started."""
    state = logical_state(scope, device.records)
    is_new = state.is_new if scope.config.rollback else state.is_selected
    waits = device.task.is_in(Task.OFF, Task.SELECT, Task.RUN) & is_new & (state.current == device.expected)
    # While its try is noted, the record to come names it as tried.
    noting = (device.task == Task.TRY) & fact(scope.config.rollback)
    started = (device.task == Task.STARTED) & (device.running == device.expected)
    return (device.expectation == Expectation.MARKED) & (waits | noting | started)


def _is_useful(scope: Scope, device: Device) -> Bool:
    """Nothing that the session has written so far is wrong, and the state does not keep it from being written."""
    target = target_of(scope, device)
    is_old = (target.content != Content.EMPTY) & ~is_version_allowed(scope, device, target.version)
    return (target.content != Content.BROKEN) & ~is_old
