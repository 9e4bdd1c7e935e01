"""Operations of flash and eFuse that fail and return an error: what they leave, and what the code does then.

An operation fails after none, half or all of it has taken effect, and does not go on: of a rewrite whose erase fails,
nothing is programmed. The application passes the error on, but for complete(), which hides that of the switch, and for
the erase of the spare record. The bootloader ignores its own, and boots as if it had written; while it decides, it goes
by its copies of the records. Source: IDF-OTADATA-REWRITE, NODEMCU-COMPLETE; recorded as R16, R25, R26 and R32.

Half of an erase takes the record, or the description, with it; half of a program of a record leaves its number alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..config import Release
from ..terms.terms import Bool, Num, choose, fact, number
from .action import Action, Actions, Kind
from .allowance import Allowance, Failed, Progress
from .boot_steps import burned_for, launched
from .calls import after_complete, target_of, with_promise_alone
from .device_parts import record_in, whichever, with_record, with_rejected, with_slot, without_origin
from .end_numbers import number_alone
from .flash_steps import BURNS, ERASES, REWRITES, WIPES, after_burn, rejected, returned, tasks_of, wiped
from .records import BLANK, Check, Record, Sector, Word, either
from .selection import boot_choice, next_update_slot
from .state import Content, Device, Expectation, Phase, Scope, Slot, Task

RAISING = (
    Task.COMMENCE,
    Task.ACCEPT,
    Task.BURN_ACCEPT,
    Task.ROLLBACK,
    Task.SET_BOOT,
    Task.FORGET_FIRST,
    Task.FORGET_SECOND,
    Task.UNNAME,
    Task.RUN,
)
"""Tasks of calls that raise the error of a failed operation. RUN: write() programs there."""
DECIDING = (Task.SELECT, Task.ABORT)
"""Tasks in which the bootloader goes by its copies of the records."""


def with_failures(scope: Scope, device: Device, plain: Actions) -> Actions:
    """Yield the actions of a model, and where the scope allows it those in which an operation fails."""
    if Allowance.FAILING_FLASH not in scope.allows:
        yield from plain
        return
    for action in plain:
        yield keeping_step(device, _settled(scope, device, action))
    for action in (*_failing_rewrites(scope, device), *_failing_erases(scope, device), *failing_wipes(scope, device)):
        yield _settled(scope, device, action)
    yield from failing_burns(scope, device)
    yield from failing_writes(scope, device)
    yield from overwrites(scope, device)


def failure(name: str, task: Task, when: Bool, then: Device, source: str) -> Action:
    """Return an operation of a task that returns an error."""
    return Action(name, (task,), when, then, Kind.FAILURE, source)


@dataclass(frozen=True, slots=True)
class _Left:
    """What a failed operation leaves of the record that is being rewritten."""

    name: str
    phase: Phase
    record: Record
    failed: Failed
    """Where the bootloader goes by its copy."""


def _lefts(scope: Scope, device: Device) -> Iterator[_Left]:
    record = record_in(device, device.sector)
    yield _Left("erase_fails_none", Phase.ERASE, record, Failed.BEFORE)
    yield _Left("erase_fails_done", Phase.ERASE, BLANK, Failed.ERASED)
    yield _Left("program_fails_none", Phase.PROGRAM, BLANK, Failed.ERASED)
    yield _Left("program_fails_half", Phase.PROGRAM, number_alone(scope, record), Failed.HALF)
    yield _Left("program_fails_all", Phase.PROGRAM, record, Failed.NOT)


def _failing_rewrites(scope: Scope, device: Device) -> Actions:
    for task in REWRITES:
        for left in _lefts(scope, device):
            when, name = device.phase == left.phase, f"{task.name.lower()}_{left.name}"
            yield failure(name, task, when, _after_rewrite(scope, device, task, left), "IDF-OTADATA-REWRITE")


def _after_rewrite(scope: Scope, device: Device, task: Task, left: _Left) -> Device:
    records = with_record(device, device.sector, left.record)
    over = replace(device, records=records, phase=number(Phase.ERASE), sector=number(Sector.FIRST))
    if task in (Task.ABORT, Task.ROLLBACK) and left.failed is Failed.NOT:
        over = replace(over, slots=with_rejected(over, left.record.slot, fact(True), left.record.is_right))
    match task:
        case Task.ABORT:
            copied = replace(record_in(device, device.sector), word=number(Word.ABORTED, 3))
            is_first = device.sector == Sector.FIRST
            return replace(
                over,
                task=number(Task.SELECT),
                records=with_record(device, device.sector, copied),
                first_failed=choose(is_first, number(left.failed), device.first_failed),
                second_failed=choose(is_first, device.second_failed, number(left.failed)),
            )
        case Task.TRY:
            return launched(scope, over, record_in(device, device.sector).slot)
        case Task.FRESH:
            burns = burned_for(scope, device) != device.burned
            return replace(over, task=choose(burns, number(Task.BURN_FRESH), number(Task.STARTED)))
        case Task.COMPLETE:
            return after_complete(scope, over)
        case Task.ROLLBACK if left.failed is not Failed.BEFORE:
            return replace(returned(scope, over), expectation=number(Expectation.SPOILT))
        case _:
            return raised(scope, device, over)


def raised(scope: Scope, device: Device, over: Device) -> Device:
    """Return the device as a call raises an error; `over` is what the failed operation has left of it."""
    is_changed = (device.old_choice != scope.nowhere) & (boot_choice(scope, over) != device.old_choice)
    after = returned(scope, over)
    return replace(
        after,
        expectation=choose(is_changed, number(Expectation.CHANGED), after.expectation),
        expected=choose(is_changed, number(scope.nowhere), after.expected),
    )


def _failing_erases(scope: Scope, device: Device) -> Actions:
    """Yield the failures of an erase that no program follows; esp_ota_begin ignores that of the spare record."""
    for task in tasks_of(scope, ERASES):
        for left in _lefts(scope, device):
            if left.phase is Phase.ERASE:
                records = with_record(device, device.sector, left.record)
                over = replace(device, records=records, sector=number(Sector.FIRST))
                then = returned(scope, over) if task is Task.SPARE else raised(scope, device, over)
                source = "IDF-OTA-BEGIN" if task is Task.SPARE else "IDF-OTA-SET-BOOT"
                yield failure(f"{task.name.lower()}_{left.name}", task, fact(True), then, source)


def failing_wipes(scope: Scope, device: Device) -> Actions:
    """Yield the failures in the erase of a slot: before its first sector is erased, or once that is."""
    for task in tasks_of(scope, WIPES):
        for name, is_wiped in (("erase_fails_none", False), ("erase_fails_done", True)):
            over = wiped(scope, device, next_update_slot(device)) if is_wiped else device
            then = rejected(scope, over) if task is Task.REJECT else _after_begin(scope, device, over, is_wiped)
            source = "IDF-OTA-SET-BOOT" if task is Task.REJECT else "IDF-OTA-BEGIN"
            yield failure(f"{task.name.lower()}_{name}", task, fact(True), then, source)


def _after_begin(scope: Scope, device: Device, over: Device, is_wiped: bool) -> Device:
    """Return the device as commence() raises the error of its erase: from 5.5 on with a session, before with the old.

    Source: IDF-OTA-BEGIN, recorded as R26."""
    after = raised(scope, device, over)
    was_empty = target_of(scope, device).content == Content.EMPTY
    if scope.config.app_release >= Release.V5_5:
        is_in_step = fact(is_wiped) | was_empty
        start = choose(is_in_step, number(Progress.IN_STEP, 2), number(Progress.AT_START, 2))
        return replace(after, session=fact(True), progress=start)
    if not is_wiped:
        return after
    had_none = ~device.session | was_empty | (device.progress == Progress.AT_START)
    ahead = choose(had_none, number(Progress.IN_STEP, 2), number(Progress.AHEAD, 2))
    return replace(after, progress=choose(device.progress == Progress.AHEAD, device.progress, ahead))


def failing_burns(scope: Scope, device: Device) -> Actions:
    """Yield the burns that fail: before any bit is burned, or once all are."""
    for task in BURNS if scope.config.anti_rollback else ():
        for name, burned in (("none", device.burned), ("all", burned_for(scope, device))):
            over = replace(device, burned=burned)
            then = raised(scope, device, over) if task is Task.BURN_ACCEPT else after_burn(scope, device, over, task)
            yield failure(f"{task.name.lower()}_fails_{name}", task, fact(True), then, "IDF-EFUSE-UPDATE")


def failing_writes(scope: Scope, device: Device) -> Actions:
    """Yield the writes that take effect and raise an error all the same: the next one goes to the same place."""
    target = target_of(scope, device)
    for version in range(scope.versions if scope.config.anti_rollback else 1):
        begun = Slot(number(Content.PARTIAL, 2), number(version), fact(False), fact(False), fact(False))
        suffix = f"_version_{version}" if scope.config.anti_rollback else ""
        when = device.session & (target.content == Content.EMPTY) & (device.progress == Progress.IN_STEP)
        yield _written(device, f"write_first_fails{suffix}", when, begun, number(Progress.AT_START))
    is_partial = device.session & (target.content == Content.PARTIAL)
    is_begun = device.progress != Progress.AT_START
    behind = choose(is_begun, number(Progress.BEHIND), device.progress)
    for name, content in (("write_rest_fails", Content.COMPLETE), ("write_rest_broken_fails", Content.BROKEN)):
        yield _written(device, name, is_partial, replace(target, content=number(content, 2)), behind)


def _written(device: Device, name: str, when: Bool, slot: Slot, progress: Num) -> Action:
    slots = with_slot(device, next_update_slot(device), slot)
    return failure(name, Task.RUN, when, replace(device, slots=slots, progress=progress), "SEED-WRITE")


def overwrites(scope: Scope, device: Device) -> Actions:
    """Yield the writes onto what is there already, which go on though an operation has failed.

    An image programmed over itself stays as it is; programmed over another one, it is damaged."""
    target = target_of(scope, device)
    has_some = device.session & target.content.is_in(Content.PARTIAL, Content.COMPLETE)
    is_at_start = device.progress == Progress.AT_START
    is_behind = is_at_start | (device.progress == Progress.BEHIND)
    behind, in_step = number(Progress.BEHIND), number(Progress.IN_STEP)
    damaged = Slot(number(Content.BROKEN, 2), target.version, fact(False), fact(False), fact(False))
    again = _written(device, "write_again", has_some & is_at_start, target, behind)
    over = _written(device, "write_over", has_some & is_behind, damaged, in_step)
    lost = without_origin(scope, with_promise_alone(scope, over.then), next_update_slot(device))
    over = replace(over, then=lost)
    yield from (replace(action, kind=Kind.FLASH) for action in (again, over))


def keeping_step(device: Device, action: Action) -> Action:
    """Return an action of the plain model with what it makes of the progress of a session."""
    in_step = number(Progress.IN_STEP)
    then, when = action.then, action.when
    is_begun, is_whole = action.name.startswith("write_"), action.name in ("complete", "complete_rejects")
    if is_begun or then.session.value is not None:
        then = replace(then, progress=in_step)
    if action.name.startswith("write_first"):
        when = when & (device.progress != Progress.AHEAD)
    if is_whole:
        when = when & (device.progress != Progress.AT_START)
    if action.name == "complete_fails":
        when = device.session & (when | (device.progress == Progress.AT_START))
    return replace(action, when=when, then=then)


def _settled(scope: Scope, device: Device, action: Action) -> Action:
    """Return an action after which, once the bootloader has decided or is gone, the records are what flash holds."""
    if not set(action.tasks) & set(DECIDING):
        return action
    then = action.then
    is_over = ~then.task.is_in(*DECIDING)
    none = number(Failed.NOT, 2)
    first = replace(
        then,
        records=(
            _in_flash(scope, then.records[0], then.first_failed),
            _in_flash(scope, then.records[1], then.second_failed),
        ),
        first_failed=none,
        second_failed=none,
    )
    return replace(action, then=whichever(is_over, first, then))


def _in_flash(scope: Scope, copy: Record, failed: Num) -> Record:
    """Return the record that flash holds, for the copy that the bootloader goes by."""
    is_blank, is_half = failed == Failed.ERASED, failed == Failed.HALF
    half_check = choose(copy.check == Check.EMPTY, copy.check, number(Check.WRONG))
    word = choose(failed == Failed.BEFORE, number(Word.PENDING_VERIFY), copy.word)
    is_gone = is_blank | is_half
    found = Record(
        choose(is_blank, BLANK.check, choose(is_half, half_check, copy.check)),
        choose(is_gone, BLANK.word, word),
        choose(is_gone, BLANK.slot, copy.slot),
        choose(is_gone, BLANK.seq, copy.seq),
    )
    return either(is_half, number_alone(scope, copy), found) if scope.has_end_numbers else found
