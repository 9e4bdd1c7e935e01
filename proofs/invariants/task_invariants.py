"""Invariants of what goes on: what the bootloader has found out, what runs, what a session is.

See invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.config import Release
from ...model.device.calls import is_under_test
from ...model.device.device_parts import record_in
from ...model.device.flash_steps import API_TASKS, REWRITES
from ...model.device.image_loading import is_slot
from ...model.device.records import Sector, Word
from ...model.device.selection import boot_choice, next_update_slot
from ...model.device.state import TURNS_TASKS, Device, Phase, Scope, Task, Usage
from ...model.terms.terms import Bool, all_of, any_of, choose, fact
from .vocabulary import decides, deciding, is_new, is_open, is_valid, is_whole, named_choice, torn, without_record

BOOTING = (Task.OFF, Task.SELECT, Task.ABORT, Task.TRY, Task.BURN, Task.STUCK)
"""Tasks in which nothing runs yet."""
RUNNING = tuple(task for task in Task if task not in BOOTING and task not in TURNS_TASKS)
CALLS = tuple(task for task in RUNNING if task >= Task.RUN)
"""The application has begun."""
QUIET = (Task.STARTED, Task.RUN, Task.COMMENCE, Task.SPARE, Task.REJECT)
"""Something runs and no record is being rewritten."""
UPGRADING = (Task.COMMENCE, Task.SPARE, Task.COMPLETE, Task.REJECT)


def is_before_rewrite(device: Device) -> Bool:
    """Something runs, and no record has been changed yet by the call that is going on."""
    rewrites = device.task.is_in(Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK) & _erases(device)
    return device.task.is_in(*QUIET) | rewrites


def tasks_are_those_of_the_world(scope: Scope, device: Device) -> Bool:
    """Nothing goes on that this scope's options and usage rule out."""
    config, missing = scope.config, set()
    if scope.usage is not Usage.ANY:
        missing |= {Task.SET_BOOT, Task.FORGET_FIRST, Task.FORGET_SECOND}
    if scope.is_by_turns:
        return ~device.task.is_in(*_missing_by_turns(scope))
    if not scope.has_api_calls:
        missing |= set(API_TASKS)
    if not scope.has_factory:
        missing |= {Task.FORGET_FIRST, Task.FORGET_SECOND}
    if not config.rollback:
        missing |= {Task.ABORT, Task.TRY}
    if not config.rollback or config.app_release < Release.V5_5:
        missing |= {Task.SPARE}
    if not config.anti_rollback:
        missing |= {Task.BURN, Task.BURN_FRESH, Task.BURN_ACCEPT, Task.REJECT, Task.SET_BOOT_REJECT}
    if scope.has_factory:
        missing |= {Task.FRESH, Task.BURN_FRESH}
    return ~device.task.is_in(*missing)


def _missing_by_turns(scope: Scope) -> set[Task]:
    """Return the tasks that a device by turns has not."""
    config = scope.config
    missing = {Task.ABORT, Task.SPARE, Task.FORGET_FIRST, Task.FORGET_SECOND}
    if scope.usage is not Usage.ANY:
        missing |= {Task.SET_BOOT}
    if not scope.has_api_calls:
        missing |= {*API_TASKS, Task.UNNAME_RESUMED}
    if not config.rollback:
        missing |= {Task.TRY}
    if not config.anti_rollback:
        missing |= {Task.BURN, Task.BURN_FRESH, Task.BURN_ACCEPT, Task.REJECT, Task.SET_BOOT_REJECT}
    return missing


def only_rewrites_program(scope: Scope, device: Device) -> Bool:
    """A sector lies blank only while its record is being rewritten."""
    return (device.phase == Phase.PROGRAM).implies(device.task.is_in(*REWRITES))


def fresh_record_is_first(scope: Scope, device: Device) -> Bool:
    """The first record of all goes to the first sector, and so does the first erase of two."""
    return device.task.is_in(Task.FORGET_FIRST, Task.FRESH).implies(device.sector == Sector.FIRST)


def something_runs(scope: Scope, device: Device) -> Bool:
    """From the start of an image on, a slot runs, or the factory."""
    is_factory = (device.running == scope.factory) & fact(scope.has_factory)
    return device.task.is_in(*RUNNING).implies(is_slot(scope, device.running) | is_factory)


def running_image_is_whole(scope: Scope, device: Device) -> Bool:
    """What runs verifies, and the eFuse lets it run."""
    return device.task.is_in(*RUNNING).implies(is_whole(scope, device, device.running))


def running_image_is_named(scope: Scope, device: Device) -> Bool:
    """The record that decides names what runs."""
    return is_before_rewrite(device).implies(~decides(device).is_some | (deciding(device).slot == device.running))


def quiet_running_image_is_named_or_first(scope: Scope, device: Device) -> Bool:
    """The record that decides names what runs; without one the factory runs, or ota_0."""
    return device.task.is_in(*QUIET).implies(_is_named_or_first(scope, device))


def rewriting_image_is_named_or_first(scope: Scope, device: Device) -> Bool:
    """The same before a call rewrites a record."""
    tasks = device.task.is_in(Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK)
    return (tasks & _erases(device)).implies(_is_named_or_first(scope, device))


def running_image_is_boot_choice(scope: Scope, device: Device) -> Bool:
    """Unless it is under test, what runs is what starts next."""
    is_due = device.task.is_in(*QUIET) & ~is_under_test(scope, device)
    return is_due.implies(boot_choice(scope, device) == device.running)


def unnamed_running_image_is_last(scope: Scope, device: Device) -> Bool:
    """Where the deciding record does not name what runs, the other record may not decide."""
    is_other = decides(device).is_some & (deciding(device).slot != device.running)
    return (_is_begun(device) & is_other).implies(~decides(device).other_of(device.records).is_bootable)


def without_record_factory_runs(scope: Scope, device: Device) -> Bool:
    """Where no record decides and there is a factory image, that one runs."""
    is_due = _is_begun(device) & ~decides(device).is_some
    return fact(not scope.has_factory) | is_due.implies(device.running == scope.factory)


def tested_image_is_active(scope: Scope, device: Device) -> Bool:
    """The record of an image under test decides."""
    record = deciding(device)
    is_its = decides(device).is_some & (record.slot == device.running) & (record.word == Word.PENDING_VERIFY)
    return (device.task.is_in(Task.STARTED, *CALLS) & is_under_test(scope, device)).implies(is_its)


def started_image_alone_is_tested(scope: Scope, device: Device) -> Bool:
    """As an image starts, nothing is PENDING_VERIFY but the record that decides."""
    first, second = device.records
    is_first, is_second = decides(device).is_first, decides(device).is_second
    is_its = (~first.is_under_test | is_first) & (~second.is_under_test | is_second)
    return (device.task == Task.STARTED).implies(is_its)


def tried_image_alone_is_tested(scope: Scope, device: Device) -> Bool:
    """While the bootloader puts one image under test, no other one is."""
    first, second = device.records
    other_is_tested = choose(device.sector == Sector.SECOND, first.is_under_test, second.is_under_test)
    return (device.task == Task.TRY).implies(~other_is_tested)


def burn_is_of_no_tested_image(scope: Scope, device: Device) -> Bool:
    """Before the bootloader burns or writes a first record, it has aborted all tests."""
    is_due = device.task.is_in(Task.BURN, Task.FRESH, Task.BURN_FRESH)
    return is_due.implies(~any_of(record.is_under_test for record in device.records))


def pending_word_is_of_running_image(scope: Scope, device: Device) -> Bool:
    """While something runs, PENDING_VERIFY is said of that alone."""
    return device.task.is_in(Task.STARTED, *CALLS).implies(
        all_of((record.word != Word.PENDING_VERIFY) | record.names(device.running) for record in device.records)
    )


def nothing_is_marked_while_running(scope: Scope, device: Device) -> Bool:
    """No record is NEW until complete() writes one."""
    others = device.task.is_in(*QUIET, Task.ROLLBACK, Task.ACCEPT, Task.BURN_ACCEPT)
    is_due = others | ((device.task == Task.COMPLETE) & _erases(device))
    return is_due.implies(all_of(~is_new(record) for record in device.records))


def session_is_of_a_running_image(scope: Scope, device: Device) -> Bool:
    """A session ends with the program."""
    return device.session.implies(device.task.is_in(*CALLS))


def session_is_left_alone(scope: Scope, device: Device) -> Bool:
    """With restart-at-once use, a session sees no call but those that end it, and rollback()."""
    if scope.usage is Usage.ANY:
        return fact(True)
    return device.session.implies(device.task.is_in(Task.RUN, Task.SPARE, Task.ROLLBACK))


def session_tests_nothing(scope: Scope, device: Device) -> Bool:
    """While an upgrade is on, no record is PENDING_VERIFY."""
    is_due = device.session | device.task.is_in(*UPGRADING)
    return is_due.implies(~any_of(record.is_under_test & record.is_right for record in device.records))


def session_is_not_under_test(scope: Scope, device: Device) -> Bool:
    """While an upgrade is on, info() says of no running image that it is under test."""
    is_due = device.session | device.task.is_in(*UPGRADING)
    return fact(not scope.config.rollback) | is_due.implies(~is_under_test(scope, device))


def session_target_is_named_by_none(scope: Scope, device: Device) -> Bool:
    """While the target is written, no record that may decide names it."""
    is_due = (device.session & (device.task == Task.RUN)) | ((device.task == Task.COMPLETE) & _erases(device))
    target = next_update_slot(device)
    return is_due.implies(all_of(~record.is_bootable | (record.slot != target) for record in device.records))


def try_is_of_marked_image(scope: Scope, device: Device) -> Bool:
    """The bootloader tries what the deciding record marks, and nothing is under test."""
    is_its = decides(device).is_some & (device.sector == decides(device).sector)
    is_marked = is_new(record_in(device, device.sector)) & ~any_of(r.is_under_test for r in device.records)
    return ((device.task == Task.TRY) & _erases(device)).implies(is_its & is_marked)


def try_stays_active(scope: Scope, device: Device) -> Bool:
    """The record of what is tried decides, before and after."""
    is_its = decides(device).is_some & (device.sector == decides(device).sector)
    return (device.task == Task.TRY).implies(is_its)


def try_programs_pending(scope: Scope, device: Device) -> Bool:
    """What is tried is put under test."""
    record = record_in(device, device.sector)
    is_its = record.is_right & (record.word == Word.PENDING_VERIFY)
    return ((device.task == Task.TRY) & _programs(device)).implies(is_its)


def tried_image_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """While a call's cut is open, what is tried is one of its choices."""
    place = record_in(device, device.sector).slot
    is_due = (device.old_choice != scope.nowhere) & (device.task == Task.TRY)
    return is_due.implies((place == device.old_choice) | (place == device.new_choice))


def without_open_record_choice_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """While a call or its cut is open, what starts without the record that is open is one of its choices."""
    parts = []
    for index, record in enumerate(device.records):
        choice = boot_choice(scope, without_record(device, index))
        parts.append(is_open(record).implies((choice == device.old_choice) | (choice == device.new_choice)))
    return (device.old_choice != scope.nowhere).implies(all_of(parts))


def without_open_record_named_choice_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """The same, of what is named to start without the record that is open."""
    parts = []
    for index, record in enumerate(device.records):
        choice = named_choice(scope, without_record(device, index))
        parts.append(is_open(record).implies((choice == device.old_choice) | (choice == device.new_choice)))
    return (device.old_choice != scope.nowhere).implies(all_of(parts))


def abort_is_of_tested_image(scope: Scope, device: Device) -> Bool:
    """The bootloader aborts what is PENDING_VERIFY."""
    is_due = (device.task == Task.ABORT) & _erases(device)
    return is_due.implies(record_in(device, device.sector).is_under_test)


def abort_programs_aborted(scope: Scope, device: Device) -> Bool:
    """It makes ABORTED of it."""
    is_due = (device.task == Task.ABORT) & _programs(device)
    return is_due.implies(record_in(device, device.sector).word == Word.ABORTED)


def fresh_device_has_no_record(scope: Scope, device: Device) -> Bool:
    """Before the first record is written there is none, and nothing is PENDING_VERIFY."""
    is_blank = all_of(
        (record.word != Word.PENDING_VERIFY) & (~record.is_right | _programs(device)) for record in device.records
    )
    return (device.task == Task.FRESH).implies(is_blank & ~device.records[1].is_right)


def first_record_follows_none(scope: Scope, device: Device) -> Bool:
    """Until its sector is erased, no record has a right check word."""
    is_due = (device.task == Task.FRESH) & (device.phase == Phase.ERASE)
    return is_due.implies(all_of(~record.is_right for record in device.records))


def fresh_device_runs_a_slot(scope: Scope, device: Device) -> Bool:
    """The first record is of a slot."""
    return device.task.is_in(Task.FRESH, Task.BURN_FRESH).implies(device.running < device.slot_count)


def fresh_device_runs_first_slot(scope: Scope, device: Device) -> Bool:
    """The first record is of ota_0, and there is no other."""
    is_due = device.task.is_in(Task.FRESH, Task.BURN_FRESH)
    return is_due.implies((device.running == 0) & ~decides(torn(device)).is_some)


def fresh_record_is_valid(scope: Scope, device: Device) -> Bool:
    """The first record is written as VALID."""
    first = device.records[0]
    is_due = (device.task == Task.FRESH) & _programs(device)
    return is_due.implies(first.names(device.running) & is_valid(first))


def fresh_burn_follows_the_record(scope: Scope, device: Device) -> Bool:
    """The eFuse is burned once the first record is written."""
    first, second = device.records
    is_alone = ~second.is_right & (second.word != Word.PENDING_VERIFY)
    is_due = device.task == Task.BURN_FRESH
    return is_due.implies(first.names(device.running) & is_valid(first) & is_alone)


def burn_is_of_valid_image(scope: Scope, device: Device) -> Bool:
    """The bootloader burns for the record that decides, a VALID one, and nothing is under test."""
    is_its = decides(device).is_some & (decides(device).sector == device.sector)
    is_accepted = record_in(device, device.sector).word == Word.VALID
    is_quiet = all_of(record.word != Word.PENDING_VERIFY for record in device.records)
    return (device.task == Task.BURN).implies(is_its & is_accepted & is_quiet)


def burn_is_of_boot_choice(scope: Scope, device: Device) -> Bool:
    """The bootloader burns for what starts next."""
    return (device.task == Task.BURN).implies(boot_choice(scope, device) == record_in(device, device.sector).slot)


def _erases(device: Device) -> Bool:
    return device.phase == Phase.ERASE


def _programs(device: Device) -> Bool:
    return device.phase == Phase.PROGRAM


def _is_begun(device: Device) -> Bool:
    """Something runs, and no call but an upgrade is going on."""
    return device.task.is_in(Task.STARTED, Task.RUN, Task.COMMENCE) | ((device.task == Task.COMPLETE) & _erases(device))


def _is_named_or_first(scope: Scope, device: Device) -> Bool:
    is_named = deciding(device).slot == device.running
    return choose(decides(device).is_some, is_named, ~is_slot(scope, device.running) | (device.running == 0))


TASK_FACTS: tuple[Statement, ...] = (
    tasks_are_those_of_the_world,
    only_rewrites_program,
    fresh_record_is_first,
    something_runs,
    running_image_is_whole,
    running_image_is_named,
    quiet_running_image_is_named_or_first,
    rewriting_image_is_named_or_first,
    running_image_is_boot_choice,
    unnamed_running_image_is_last,
    without_record_factory_runs,
    tested_image_is_active,
    started_image_alone_is_tested,
    tried_image_alone_is_tested,
    burn_is_of_no_tested_image,
    pending_word_is_of_running_image,
    nothing_is_marked_while_running,
    session_is_of_a_running_image,
    session_is_left_alone,
    session_tests_nothing,
    session_is_not_under_test,
    session_target_is_named_by_none,
    try_is_of_marked_image,
    try_stays_active,
    try_programs_pending,
    tried_image_is_old_or_new,
    without_open_record_choice_is_old_or_new,
    without_open_record_named_choice_is_old_or_new,
    abort_is_of_tested_image,
    abort_programs_aborted,
    fresh_device_has_no_record,
    fresh_device_runs_a_slot,
    fresh_device_runs_first_slot,
    fresh_record_is_valid,
    fresh_burn_follows_the_record,
    burn_is_of_valid_image,
    burn_is_of_boot_choice,
)
"""Facts of what goes on."""
