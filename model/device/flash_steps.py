"""The flash and eFuse operations that the tasks consist of, and what a power cut inside each can leave.

A record is rewritten in two operations: its sector is erased, then 32 bytes are programmed. A slot is erased from its
first sector on, and that one alone matters: with it go header and description. The bits of an eFuse burn set one by
one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from ..config import Release
from ..fault_model import FaultModel
from ..terms.terms import Bool, Num, any_of, choose, fact, first_of, number
from .action import Action, Actions, Kind
from .boot_steps import after_try, burned_for, fresh, launched, without_program
from .calls import after_commence, after_complete, asked_record, marked_record
from .device_parts import record_in, whichever, with_record, with_rejected, with_slot, without_origin
from .end_numbers import (
    FITTING,
    fits_though_erased,
    fitting_record,
    fitting_words,
    is_left_before_check,
    looks_written,
    loses_its_check_word,
    stays_fitting,
)
from .record_tears import Torn, erased_tears, programmed_tears
from .records import BLANK, Check, Record, Sector, Word, active
from .selection import next_update_slot
from .state import Content, Device, Expectation, Phase, Scope, Slot, Task, Usage
from .stray_numbers import stray_cuts

REWRITES = (Task.ABORT, Task.TRY, Task.FRESH, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK, Task.SET_BOOT)
"""Tasks that erase a record's sector, then program it."""
ERASES = (Task.SPARE, Task.FORGET_FIRST, Task.FORGET_SECOND, Task.FORGET_LAST)
"""Tasks that erase a record's sector."""
WIPES = (Task.COMMENCE, Task.REJECT, Task.SET_BOOT_REJECT, Task.ERASE_LAST)
"""Tasks that erase a slot."""
API_TASKS = (Task.SET_BOOT_REJECT, Task.ERASE_LAST, Task.FORGET_LAST)
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
IDLE = (Task.SELECT, Task.STUCK, Task.RUN)
"""Tasks with no operation in progress. An image that is started runs: a cut in between is one in RUN."""


def tasks_of(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return those of the tasks that the usage has."""
    return tasks if scope.has_api_calls else tuple(task for task in tasks if task not in API_TASKS)


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


def cuts(scope: Scope, device: Device) -> Actions:
    """Yield the ways in which the power can fail."""
    off = without_program(scope, device, Task.OFF)
    yield Action("cut", IDLE, fact(True), off, Kind.CUT, "IDF-OTA-SAFE-UPDATE", FaultModel.F0)
    for torn in torn_records(scope, device):
        yield Action(
            torn.name,
            torn.tasks,
            torn.when,
            _left(scope, device, off, torn),
            Kind.CUT,
            "IDF-OTADATA-REWRITE",
            torn.weakest,
        )
    if scope.has_strays:
        during = {Phase.ERASE: REWRITES + tasks_of(scope, ERASES), Phase.PROGRAM: REWRITES}
        yield from stray_cuts(scope, device, off, during)
    yield from _torn_wipes(scope, device, off)
    if scope.config.anti_rollback:
        yield from _torn_burns(scope, device, off)


def _left(scope: Scope, device: Device, off: Device, torn: "TornRecord") -> Device:
    """Return the device after a cut that left this record; a note that is whole counts, though nothing came of it."""
    left = replace(off, records=with_record(device, device.sector, torn.record))
    if torn.phase is not Phase.PROGRAM or torn.check is not Check.RIGHT:
        return left
    if torn.word is Word.PENDING_VERIFY:
        is_over = device.expectation.is_in(Expectation.MARKED, Expectation.SELECTED)
        return after_try(scope, left, (device.task == Task.TRY) & is_over)
    if torn.word in (Word.ABORTED, Word.INVALID):
        is_written = device.task == (Task.ABORT if torn.word is Word.ABORTED else Task.ROLLBACK)
        return replace(left, slots=with_rejected(left, torn.record.slot, fact(True), is_written))
    return left


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
            return whichever(burns, replace(whole, task=number(Task.BURN_ACCEPT)), _accepted(scope, whole))
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
            return _selected(scope, whole, device.asked)


def _selected(scope: Scope, device: Device, place: Num) -> Device:
    """Return the device as esp_ota_set_boot_partition() returns."""
    return replace(returned(scope, device), expectation=number(Expectation.SELECTED), expected=place)


def _accepted(scope: Scope, device: Device) -> Device:
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
        then = _selected(scope, erased, number(scope.factory))
    else:
        then = returned(scope, erased)
    source = SOURCES.get(task, "IDF-OTA-SET-BOOT")
    return Action(f"{task.name.lower()}_erases", (task,), fact(True), then, Kind.FLASH, source)


def _wipe(scope: Scope, device: Device, task: Task) -> Action:
    over = wiped(scope, device, _wiped_by(device, task))
    source = SOURCES.get(task, "IDF-OTA-SET-BOOT")
    return Action(
        f"{task.name.lower()}_erases", (task,), fact(True), _after_wipe(scope, over, task), Kind.FLASH, source
    )


def _after_wipe(scope: Scope, over: Device, task: Task) -> Device:
    match task:
        case Task.COMMENCE:
            return after_commence(scope, over)
        case Task.ERASE_LAST:
            return replace(over, task=number(Task.FORGET_LAST), sector=active(over.records).other_sector)
        case Task.SET_BOOT_REJECT:
            return returned(scope, over)
        case _:
            return rejected(scope, over)


def wiped_slot(scope: Scope, device: Device) -> Num:
    """Return the slot that is erased while one is."""
    cases = ((device.task == task, _wiped_by(device, task)) for task in tasks_of(scope, WIPES) if task in API_TASKS)
    return first_of(cases, next_update_slot(device))


def _wiped_by(device: Device, task: Task) -> Num:
    match task:
        case Task.ERASE_LAST:
            return active(device.records).other_of(device.records).slot
        case Task.SET_BOOT_REJECT:
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
    return replace(done, task=number(Task.STARTED)) if task is Task.BURN_FRESH else _accepted(scope, done)


@dataclass(frozen=True, slots=True)
class TornRecord:
    """One thing that a record which is being rewritten can read as after a cut."""

    phase: Phase
    tasks: tuple[Task, ...]
    check: Check
    word: Word
    when: Bool
    """The phase is this one, and the record can be torn to that."""
    record: Record
    weakest: FaultModel
    """The weakest fault model in which it can."""
    is_fitting: bool = False
    """The number is the last one, and the check word fits it; see end_numbers.py."""

    @property
    def name(self) -> str:
        """The name of the action."""
        check = FITTING if self.is_fitting else self.check.name.lower()
        return f"cut_in_{self.phase.name.lower()}_leaves_{check}_{self.word.name.lower()}"


def torn_records(scope: Scope, device: Device) -> Iterator[TornRecord]:
    """Yield all that the record which is being rewritten can read as after a cut."""
    for phase, tasks, tears in (
        (Phase.ERASE, REWRITES + tasks_of(scope, ERASES), erased_tears),
        (Phase.PROGRAM, REWRITES, programmed_tears),
    ):
        for left in product(Check, Word):
            yield _torn_record(scope, device, phase, tasks, tears, left)
        for word in fitting_words(scope) if scope.has_end_numbers else ():
            when = (device.phase == phase) & stays_fitting(scope, phase, record_in(device, device.sector), word)
            record = fitting_record(scope, word)
            yield TornRecord(phase, tasks, Check.EMPTY, word, when, record, FaultModel.F0, is_fitting=True)


def _torn_record(
    scope: Scope,
    device: Device,
    phase: Phase,
    tasks: tuple[Task, ...],
    tears: Callable[[Check, Word, FaultModel], frozenset[Torn]],
    left: Torn,
) -> TornRecord:
    old = record_in(device, device.sector)
    check, word = left
    causes = {
        (c, w): weakest
        for c, w in product(Check, Word)
        if (weakest := _weakest(tears, c, w, left)) is not None and weakest <= scope.faults
    }
    keeps = check is Check.RIGHT or (check is Check.WRONG and scope.has_strays)
    record = Record(
        number(check, 2), number(word, 3), old.slot if keeps else number(0), old.seq if keeps else number(0)
    )
    when = any_of((old.check == c) & (old.word == w) for c, w in sorted(causes))
    if is_left_before_check(scope, phase, left):
        when = when | looks_written(old)
    if scope.has_end_numbers and check is Check.EMPTY and word is not Word.UNDEFINED:
        when = when & (~fits_though_erased(scope, old) | fact(loses_its_check_word(scope, phase)))
    return TornRecord(phase, tasks, check, word, (device.phase == phase) & when, record, min(causes.values()))


def _weakest(
    tears: Callable[[Check, Word, FaultModel], frozenset[Torn]], check: Check, word: Word, left: Torn
) -> FaultModel | None:
    return next((fault for fault in FaultModel if left in tears(check, word, fault)), None)


def _torn_wipes(scope: Scope, device: Device, off: Device) -> Actions:
    """Yield the cuts in the erase of a slot."""
    target = wiped_slot(scope, device)

    def cut(name: str, left: Device, when: Bool, weakest: FaultModel) -> Action:
        return Action(name, tasks_of(scope, WIPES), when, left, Kind.CUT, "IDF-OTA-BEGIN", weakest)

    yield cut("cut_before_wipe", off, fact(True), FaultModel.F0)
    yield cut("cut_after_wipe", wiped(scope, off, target), fact(True), FaultModel.F0)
    if scope.faults >= FaultModel.F1:
        has_description = any_of((target == i) & slot.has_description for i, slot in enumerate(device.slots))
        yield cut("cut_in_wipe", _ruined(scope, device, off, target), has_description, FaultModel.F1)
    if scope.skips_validation:
        yield from _wipes_with_headers(scope, device, off, cut)


def _ruined(scope: Scope, device: Device, off: Device, target: Num, is_loadable: bool = False) -> Device:
    """Return the device after a cut that left the description of a slot, and perhaps all headers."""
    ruined = tuple(
        replace(
            slot,
            content=choose(target == index, number(RUINED, 2), slot.content),
            is_finished=slot.is_finished & (target != index),
            is_earned=slot.is_earned & (target != index),
            is_rejected=slot.is_rejected & (target != index),
            is_loadable=choose(target == index, fact(is_loadable), slot.is_loadable),
        )
        for index, slot in enumerate(device.slots)
    )
    return without_origin(scope, replace(off, slots=ruined), target)


def _wipes_with_headers(scope: Scope, device: Device, off: Device, cut: Callable[..., Action]) -> Actions:
    """Yield the cuts after which an image does not verify, and loads where validation is skipped.

    Before 6.2, the bootloader then looks at no byte of the header but the number of segments, so the first byte may be
    gone. With other bytes gone than the first ones, the description may be: it matters with anti-rollback. It does as
    well on chips whose images name an MMU page size; the model has them start such an image all the same.
    Source: IDF-BOOT-SKIP."""
    target = wiped_slot(scope, device)
    slots = tuple(enumerate(device.slots))
    loads = any_of((target == i) & slot.loads for i, slot in slots)
    has_description = any_of((target == i) & slot.has_description for i, slot in slots)
    looks_at_magic = scope.config.bootloader_release >= Release.V6_2_DEV
    weakest = FaultModel.F2 if looks_at_magic else FaultModel.F1
    if scope.faults >= weakest:
        left = _ruined(scope, device, off, target, is_loadable=True)
        found = cut("cut_in_wipe_leaves_headers", left, loads & has_description, weakest)
        yield replace(found, source="IDF-BOOT-SKIP")
    if scope.faults >= FaultModel.F2 and not scope.config.anti_rollback:
        left = wiped(scope, off, target)
        headers = replace(WIPED, is_loadable=fact(True))
        left = replace(left, slots=with_slot(left, target, headers))
        yield replace(cut("cut_in_wipe_leaves_headers_alone", left, loads, FaultModel.F2), source="IDF-BOOT-SKIP")


def _torn_burns(scope: Scope, device: Device, off: Device) -> Actions:
    """Yield the cuts in a burn: any of the bits on their way may be set."""
    goal = burned_for(scope, device)
    rows = range(1 << (scope.versions - 1))
    for left in rows:
        causes = [
            (bits, end)
            for bits in rows
            for end in rows
            if bits | left == left and left | end == end and (scope.faults is not FaultModel.F0 or left in (bits, end))
        ]
        when = any_of((device.burned == bits) & (goal == end) for bits, end in causes)
        yield Action(
            f"cut_in_burn_leaves_{left:0{scope.versions - 1}b}",
            BURNS,
            when,
            replace(off, burned=number(left)),
            Kind.CUT,
            "IDF-EFUSE-UPDATE",
            FaultModel.F0,
        )
