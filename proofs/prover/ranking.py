"""C9 for any number of slots, by a ranking function: some step that is no cut always lowers it.

`ranking_function` gives each state a number. Where an upgrade has just been completed it is 0; everywhere else some
step lowers it, which both solvers confirm of all states in which the invariants hold. So from each of them an upgrade
is completed in at most HIGHEST steps, if no further cut comes: the bootloader starts an image, which accepts itself if
it is under test, then wipes the next slot, writes it, marks it and restarts. The number is a bound, no shortest length.

Numbers near the end of their range are left out, as everywhere in the model; see sequence_growth.py.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from ...model.device.action import MISHAPS
from ...model.device.boot_steps import burned_for
from ...model.device.calls import has_next_number, is_accept_enough, is_under_test, marked_record, target_of
from ...model.device.device_parts import record_in, with_record
from ...model.device.image_loading import fallback, is_version_allowed
from ...model.device.model import DeviceModel
from ...model.device.records import active
from ...model.device.selection import aborted, boot_choice, next_update_slot
from ...model.device.state import Content, Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, Num, any_of, choose, fact, first_of, number, replaced
from ..smt.smtlib import Question, misfits
from ..smt.verification_condition import Condition
from .dead_ends import upgrade_is_completed
from .turns_ranking import turns_ranking_function

COMPLETING, WRITING, COMMENCING, ACCEPTING, BOOTING, CALLING = 16, 18, 21, 24, 28, 44
"""Least ranks, by what goes on, from complete() of an image that will start back to any call at all; below the first
of them the bootloader is about to start the marked image."""
HIGHEST = CALLING + 2
"""The greatest rank."""


def ranking_condition(model: DeviceModel, invariants: Iterable[Bool]) -> Condition:
    """Return the question whether all invariants hold in some state in which no step lowers the rank."""
    scope, device = model.scope, model.device
    here = ranking_function(model)
    at_task = cache(lambda task: replaced(here, {"task": number(task, 5)}))
    lowers = []
    for action in model.actions:
        if action.kind not in MISHAPS:
            effects = dict(model.effects[action.name])
            task = effects.get("task", device.task).value
            # Where the next task is certain, most of the function is not about it, and is dropped before all else.
            after = replaced(here if task is None else at_task(task), effects)
            lowers.append(model.guard(action) & (after < here))
    is_stranded = ~upgrade_is_completed(model) & has_next_number(scope, device) & ~any_of(lowers)
    question = Question(model)
    question.require_all((*invariants, is_stranded | misfits(model)))
    return Condition("C9_ranking", question.text(), "unsat", question.in_terms())


def ranking_function(model: DeviceModel) -> Num:
    """Return in how many steps at the most an upgrade can be completed from a state."""
    scope, device = model.scope, model.device
    if scope.is_by_turns:
        return turns_ranking_function(model)
    in_run = device.task == Task.RUN
    is_useful = _is_useful(scope, device)
    is_writing = in_run & device.session & is_useful
    content = target_of(scope, device).content
    may_accept = ~device.session | is_useful
    can_accept = is_under_test(scope, device) & model.can_begin(Task.ACCEPT)
    helps = may_accept & is_accept_enough(scope, device, choose(in_run, active(device.records).sector, device.sector))
    is_starting = device.task.is_in(*_BOOTING, Task.RUN)
    left = choose(device.phase == Phase.ERASE, number(1), number(0))
    return first_of(
        (
            (is_starting & _is_marked_next(model), _steps_to_start(device)),
            ((device.task == Task.COMPLETE) & _is_target_next(scope, device), number(COMPLETING, 6) + left),
            (is_writing & (content == Content.COMPLETE), number(WRITING)),
            (is_writing & (content == Content.PARTIAL), number(WRITING + 1)),
            (is_writing & (content == Content.EMPTY), number(WRITING + 2)),
            (device.task == Task.SPARE, number(COMMENCING)),
            (device.task == Task.COMMENCE, number(COMMENCING + 1)),
            (in_run & ~is_under_test(scope, device) & model.can_begin(Task.COMMENCE), number(COMMENCING + 2)),
            ((device.task == Task.BURN_ACCEPT) & may_accept & ~is_under_test(scope, device), number(ACCEPTING)),
            ((device.task == Task.ACCEPT) & helps, number(ACCEPTING + 1, 6) + left),
            (in_run & can_accept & helps, number(ACCEPTING + 3)),
            (is_starting, number(BOOTING, 6) + _steps_to_start(device)),
            (device.task.is_in(Task.STUCK, Task.FORGET_FIRST, Task.ERASE_LAST), number(HIGHEST)),
        ),
        number(CALLING, 6) + left,
    )


_BOOTING = (Task.OFF, *(task for task in Task if Task.SELECT <= task <= Task.STARTED))


def _steps_to_start(device: Device) -> Num:
    """Return in how many steps an image starts at the latest; a running program restarts first."""
    is_erasing = device.phase == Phase.ERASE
    aborts = [choose(record.is_under_test, number(3, 4), number(0, 4)) for record in device.records]
    to_abort = aborts[0] + aborts[1]
    return first_of(
        (
            (device.task == Task.STARTED, number(0)),
            (device.task == Task.BURN_FRESH, number(1)),
            (device.task == Task.FRESH, choose(is_erasing, number(3), number(2))),
            (device.task == Task.BURN, number(4)),
            (device.task == Task.TRY, choose(is_erasing, number(6), number(5))),
            (device.task == Task.SELECT, number(7) + to_abort),
            (device.task == Task.ABORT, choose(is_erasing, number(6), number(8)) + to_abort),
            (device.task == Task.OFF, number(14)),
        ),
        number(15),
    )


def _is_marked_next(model: DeviceModel) -> Bool:
    """complete() has marked an image, and that is the one that will start, by its record."""
    scope, device = model.scope, model.device
    named = record_in(device, device.sector).slot
    burned = replace(device, burned=burned_for(scope, device))
    place = first_of(
        (
            (device.task.is_in(Task.FRESH, Task.BURN_FRESH, Task.STARTED), device.running),
            (device.task == Task.TRY, fallback(scope, device, named)),
            (device.task == Task.BURN, fallback(scope, burned, named)),
        ),
        boot_choice(scope, device),
    )
    is_named = first_of(
        (
            (device.task == Task.STARTED, upgrade_is_completed(model)),
            (device.task.is_in(Task.FRESH, Task.BURN_FRESH), fact(True)),
            (device.task.is_in(Task.TRY, Task.BURN), named == device.expected),
        ),
        _is_selected(scope, device, device.expected),
    )
    return (device.expectation == Expectation.MARKED) & (place == device.expected) & is_named


def _is_selected(scope: Scope, device: Device, place: Num) -> Bool:
    """A record decides once tests are aborted, and names the place."""
    records = aborted(scope, device.records)
    return active(records).is_some & (active(records).of(records).slot == place)


def _is_target_next(scope: Scope, device: Device) -> Bool:
    """What complete() writes will start the target."""
    written = replace(device, records=with_record(device, device.sector, marked_record(scope, device)))
    target = next_update_slot(device)
    is_next = [(boot_choice(scope, it) == target) & _is_selected(scope, it, target) for it in (written, device)]
    return choose(device.phase == Phase.ERASE, *is_next)


def _is_useful(scope: Scope, device: Device) -> Bool:
    """Nothing that the session has written so far is wrong: complete() can still mark it."""
    target = target_of(scope, device)
    is_old = (target.content != Content.EMPTY) & ~is_version_allowed(scope, device, target.version)
    return (target.content != Content.BROKEN) & ~is_old
