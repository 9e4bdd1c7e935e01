"""The flash and eFuse operations that the tasks consist of.

A record is rewritten in two operations: its sector is erased, then 32 bytes are programmed. What a power cut inside an
operation can leave, power_cuts.py says.
"""

from dataclasses import replace

from ..terms.terms import Num, choose, fact, first_of, number
from .action import Action, Actions, Kind
from .boot_steps import burned_for, fresh, launched, without_program
from .calls import after_commence, after_complete, asked_record, marked_record
from .device_parts import record_in, whichever, with_record, with_rejected, with_slot, without_origin
from .records import BLANK, Record, Sector, Word, active
from .selection import next_update_slot
from .state import Content, Device, Expectation, Phase, Scope, Slot, Task, Usage

REWRITES = (Task.ABORT, Task.TRY, Task.FRESH, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK, Task.SET_BOOT)
"""Tasks that erase a record's sector, then program it."""
ERASES = (Task.SPARE, Task.FORGET_FIRST, Task.FORGET_SECOND, Task.FORGET_LAST)
"""Tasks that erase a record's sector."""
WIPES = (Task.COMMENCE, Task.REJECT, Task.SET_BOOT_REJECT, Task.ERASE_LAST)
"""Tasks that erase a slot."""
LAST_BOOT_TASKS = (Task.ERASE_LAST, Task.FORGET_LAST)
"""Tasks of esp_ota_erase_last_boot_app_partition()."""
API_TASKS = (Task.SET_BOOT_REJECT, *LAST_BOOT_TASKS)
"""Tasks of the calls of api_calls.py."""
SOURCES = {
    Task.COMMENCE: "IDF-OTA-BEGIN",
    Task.SPARE: "IDF-OTA-BEGIN",
    Task.ERASE_LAST: "IDF-OTA-ERASE-LAST",
    Task.FORGET_LAST: "IDF-OTA-ERASE-LAST",
}
"""Where erases are read that are not those of esp_ota_set_boot_partition."""
BURNS = (Task.BURN, Task.BURN_FRESH, Task.BURN_ACCEPT)
"""Tasks that burn eFuse bits."""


def tasks_of(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return those of the tasks that usage and remedies have."""
    if scope.has_api_calls:
        return tasks
    missing = [task for task in API_TASKS if not (scope.erases_last_boot and task in LAST_BOOT_TASKS)]
    return tuple(task for task in tasks if task not in missing)


def flash_steps(scope: Scope, device: Device) -> Actions:
    """Yield the operations, whole."""
    for task in REWRITES:
        yield _erase_before(scope, device, task)
        yield _program(scope, device, task)
    for task in tasks_of(scope, ERASES):
        yield _erase_only(scope, device, task)
    for task in tasks_of(scope, WIPES):
        yield _wipe(scope, device, task)
    for task in BURNS if scope.config.anti_rollback else ():
        yield _burn(scope, device, task)


def _erase_before(scope: Scope, device: Device, task: Task) -> Action:
    """The sector is erased; from here on the record is the one that will be programmed."""
    records = with_record(device, device.sector, _coming(scope, device, task))
    then = replace(device, records=records, phase=number(Phase.PROGRAM))
    return Action(
        f"{task.name.lower()}_erases", (task,), device.phase == Phase.ERASE, then, Kind.FLASH, "IDF-OTADATA-REWRITE"
    )


def _coming(scope: Scope, device: Device, task: Task) -> Record:
    """Return the record that the task programs."""
    old = record_in(device, device.sector)
    match task:
        case Task.ABORT:
            return replace(old, word=number(Word.ABORTED, 3))
        case Task.TRY:
            return replace(old, word=number(Word.PENDING_VERIFY, 3))
        case Task.ACCEPT:
            return replace(old, word=number(Word.VALID, 3))
        case Task.ROLLBACK:
            return replace(old, word=number(Word.INVALID, 3))
        case Task.COMPLETE:
            return marked_record(scope, device)
        case Task.SET_BOOT:
            return asked_record(scope, device)
        case _:
            return fresh(scope, device)


def _program(scope: Scope, device: Device, task: Task) -> Action:
    """The record is programmed; what comes next."""
    whole = replace(device, phase=number(Phase.ERASE), sector=number(Sector.FIRST))
    return Action(
        f"{task.name.lower()}_programs",
        (task,),
        device.phase == Phase.PROGRAM,
        _after_program(scope, device, whole, task),
        Kind.FLASH,
        "IDF-OTADATA-REWRITE",
    )


def _after_program(scope: Scope, device: Device, whole: Device, task: Task) -> Device:
    record = record_in(device, device.sector)
    rejected = with_rejected(whole, record.slot, fact(True), record.is_right)
    match task:
        case Task.ABORT:
            return replace(whole, task=number(Task.SELECT), slots=rejected)
        case Task.TRY:
            return launched(scope, whole, record.slot)
        case Task.FRESH:
            burns = burned_for(scope, device) != device.burned
            return replace(whole, task=choose(burns, number(Task.BURN_FRESH), number(Task.STARTED)))
        case Task.COMPLETE:
            return after_complete(scope, whole)
        case Task.ACCEPT:
            burns = burned_for(scope, device) != device.burned
            return whichever(burns, replace(whole, task=number(Task.BURN_ACCEPT)), accepted(scope, whole))
        case Task.ROLLBACK:
            is_of_upgrade = whole.running == whole.upgraded
            refused = replace(
                whole,
                slots=rejected,
                expectation=number(Expectation.REFUSED),
                expected=whole.running,
                previous=choose(is_of_upgrade, whole.upgraded_from, number(scope.nowhere)),
                old_choice=number(scope.nowhere),
                new_choice=number(scope.nowhere),
            )
            return without_program(scope, refused, Task.SELECT)
        case _:
            return selected(scope, whole, device.asked)


def selected(scope: Scope, device: Device, place: Num) -> Device:
    """Return the device as esp_ota_set_boot_partition() returns."""
    return replace(returned(scope, device), expectation=number(Expectation.SELECTED), expected=place)


def accepted(scope: Scope, device: Device) -> Device:
    """Return the device as accept() returns."""
    done = returned(scope, device)
    return replace(done, expectation=number(Expectation.ACCEPTED), expected=device.running)


def returned(scope: Scope, device: Device) -> Device:
    """Return the device as a call returns."""
    nowhere = number(scope.nowhere)
    return replace(device, task=number(Task.RUN), asked=number(0), old_choice=nowhere, new_choice=nowhere)


def rejected(scope: Scope, device: Device) -> Device:
    """Return the device once complete() has erased an image that is too old; complete(1) restarts all the same."""
    done = returned(scope, device)
    return without_program(scope, done, Task.SELECT) if scope.usage is Usage.RESTART_AT_ONCE else done


def _erase_only(scope: Scope, device: Device, task: Task) -> Action:
    erased = replace(device, records=with_record(device, device.sector, BLANK), sector=number(Sector.FIRST))
    if task is Task.FORGET_FIRST:
        then = replace(erased, task=number(Task.FORGET_SECOND), sector=number(Sector.SECOND))
    elif task is Task.FORGET_SECOND:
        then = selected(scope, erased, number(scope.factory))
    else:
        then = returned(scope, erased)
    source = SOURCES.get(task, "IDF-OTA-SET-BOOT")
    return Action(f"{task.name.lower()}_erases", (task,), fact(True), then, Kind.FLASH, source)


def _wipe(scope: Scope, device: Device, task: Task) -> Action:
    over = wiped(scope, device, _wiped_by(scope, device, task))
    source = SOURCES.get(task, "IDF-OTA-SET-BOOT")
    return Action(
        f"{task.name.lower()}_erases", (task,), fact(True), _after_wipe(scope, over, task), Kind.FLASH, source
    )


def _after_wipe(scope: Scope, over: Device, task: Task) -> Device:
    match task:
        case Task.COMMENCE:
            return after_commence(scope, over)
        case Task.ERASE_LAST if not scope.is_by_turns:
            return replace(over, task=number(Task.FORGET_LAST), sector=active(over.records).other_sector)
        case Task.SET_BOOT_REJECT | Task.ERASE_LAST:
            return returned(scope, over)
        case _:
            return rejected(scope, over)


def wiped_slot(scope: Scope, device: Device) -> Num:
    """Return the slot that is erased while one is."""
    cases = (
        (device.task == task, _wiped_by(scope, device, task)) for task in tasks_of(scope, WIPES) if task in API_TASKS
    )
    return first_of(cases, next_update_slot(device))


def _wiped_by(scope: Scope, device: Device, task: Task) -> Num:
    match task:
        case Task.ERASE_LAST if not scope.is_by_turns:
            return active(device.records).other_of(device.records).slot
        case Task.SET_BOOT_REJECT | Task.ERASE_LAST:
            return device.asked
        case _:
            return next_update_slot(device)


def wiped(scope: Scope, device: Device, target: Num) -> Device:
    """Return the device with a slot wiped."""
    return without_origin(scope, replace(device, slots=with_slot(device, target, WIPED)), target)


WIPED = Slot(number(Content.EMPTY, 2), number(0), fact(False), fact(False), fact(False))
"""A slot whose first sector is erased."""
RUINED = Content.BROKEN
"""What a slot holds once some bytes of its first sector are erased: the description can still be there."""


def _burn(scope: Scope, device: Device, task: Task) -> Action:
    then = after_burn(scope, device, replace(device, burned=burned_for(scope, device)), task)
    return Action(f"{task.name.lower()}_burns", (task,), fact(True), then, Kind.FLASH, "IDF-EFUSE-UPDATE")


def after_burn(scope: Scope, device: Device, done: Device, task: Task) -> Device:
    """Return the device once a burn is over; `done` is the device with what it has burned."""
    if task is Task.BURN:
        return launched(scope, replace(done, sector=number(Sector.FIRST)), record_in(device, device.sector).slot)
    return replace(done, task=number(Task.STARTED)) if task is Task.BURN_FRESH else accepted(scope, done)
