"""Invariants of the calls: what each has found out before it goes on, and what it leaves."""

from ...model.claims.state_claims import Statement
from ...model.device.calls import rewrite_sector, target_of
from ...model.device.device_parts import record_in, slot_at
from ...model.device.end_numbers import is_on_the_border
from ...model.device.flash_steps import wiped_slot
from ...model.device.image_loading import is_slot
from ...model.device.records import TOP, Numbers, Word
from ...model.device.selection import boot_choice, next_update_slot
from ...model.device.state import Content, Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, all_of, fact
from .task_invariants import CALLS
from .vocabulary import (
    can_start_over,
    decides,
    deciding,
    is_finished,
    is_new,
    is_open,
    is_valid,
    marking_word,
    named_slot,
    torn,
)


def commence_erases_the_spare(scope: Scope, device: Device) -> Bool:
    """The record that commence() erases is not the one that decides."""
    is_spare = decides(device).is_some & (device.sector == decides(device).other_sector)
    return (device.task == Task.SPARE).implies(is_spare)


def commence_has_wiped_the_target(scope: Scope, device: Device) -> Bool:
    """When commence() erases the spare record, the session is open and the target is empty."""
    is_open = device.session & (target_of(scope, device).content == Content.EMPTY)
    return (device.task == Task.SPARE).implies(is_open)


def complete_rewrites_the_other(scope: Scope, device: Device) -> Bool:
    """complete() rewrites the record that does not decide."""
    is_due = (device.task == Task.COMPLETE) & _erases(device)
    return is_due.implies(device.sector == decides(device).other_sector)


def complete_rewrites_its_sector(scope: Scope, device: Device) -> Bool:
    """complete() rewrites the record that the release's rule says."""
    sector = rewrite_sector(scope, device, next_update_slot(device))
    return ((device.task == Task.COMPLETE) & _erases(device)).implies(device.sector == sector)


def complete_has_room(scope: Scope, device: Device) -> Bool:
    """Before a higher number is written, both are far from the end of the range, or at it where that is allowed."""
    if scope.numbers is Numbers.RANKED:
        return fact(True)
    is_due = device.task.is_in(Task.COMPLETE, Task.SET_BOOT) & _erases(device)
    if scope.has_end_numbers:
        return is_due.implies(~is_on_the_border(device))
    return is_due.implies(all_of(record.seq < TOP for record in device.records))


def complete_marks_finished_image(scope: Scope, device: Device) -> Bool:
    """What complete() marks has been verified."""
    target = next_update_slot(device)
    return (device.task == Task.COMPLETE).implies(is_finished(scope, device, target))


def complete_programs_its_record(scope: Scope, device: Device) -> Bool:
    """What complete() programs names the target, as marked."""
    record = record_in(device, device.sector)
    is_its = record.names(next_update_slot(device)) & (record.word == marking_word(scope))
    return ((device.task == Task.COMPLETE) & _programs(device)).implies(is_its)


def complete_torn_keeps_running_image(scope: Scope, device: Device) -> Bool:
    """If the record that complete() writes is lost, what runs starts again."""
    return (device.task == Task.COMPLETE).implies(boot_choice(scope, torn(device)) == device.running)


def complete_chooses_running_or_target(scope: Scope, device: Device) -> Bool:
    """Before complete() what runs would start, after it the target."""
    is_target = device.new_choice == next_update_slot(device)
    return (device.task == Task.COMPLETE).implies(is_target & (device.old_choice == device.running))


def set_boot_rewrites_its_sector(scope: Scope, device: Device) -> Bool:
    """esp_ota_set_boot_partition(slot) rewrites the record that the release's rule says."""
    is_due = (device.task == Task.SET_BOOT) & _erases(device)
    return is_due.implies(device.sector == rewrite_sector(scope, device, device.asked))


def set_boot_is_of_a_whole_slot(scope: Scope, device: Device) -> Bool:
    """esp_ota_set_boot_partition(slot) has verified the image of a slot."""
    is_whole = is_slot(scope, device.asked) & slot_at(device, device.asked).is_complete
    return device.task.is_in(Task.SET_BOOT, Task.SET_BOOT_REJECT).implies(is_whole)


def set_boot_names_a_slot(scope: Scope, device: Device) -> Bool:
    """esp_ota_set_boot_partition(slot) was asked for a slot that there is."""
    return device.task.is_in(Task.SET_BOOT, Task.SET_BOOT_REJECT).implies(device.asked < device.slot_count)


def erased_slot_does_not_run(scope: Scope, device: Device) -> Bool:
    """The slot that a call of ESP-IDF's own erases is not the one that runs."""
    is_due = device.task.is_in(Task.SET_BOOT_REJECT, Task.ERASE_LAST)
    return is_due.implies(wiped_slot(scope, device) != device.running)


def erase_last_erases_the_spare(scope: Scope, device: Device) -> Bool:
    """The record that esp_ota_erase_last_boot_app_partition() erases is not the one that decides."""
    is_spare = decides(device).is_some & (device.sector == decides(device).other_sector)
    return (device.task == Task.FORGET_LAST).implies(is_spare) & (
        (device.task == Task.ERASE_LAST).implies(decides(device).is_some)
    )


def one_asks_in_set_boot_alone(scope: Scope, device: Device) -> Bool:
    """No other call has a slot that it was asked for."""
    return device.task.is_in(Task.SET_BOOT, Task.SET_BOOT_REJECT) | (device.asked == 0)


def other_handle_is_of_a_running_image(scope: Scope, device: Device) -> Bool:
    """A handle ends with the program."""
    return device.other_session.implies(device.task.is_in(*CALLS))


def accept_and_rollback_rewrite_the_active(scope: Scope, device: Device) -> Bool:
    """accept() and rollback() rewrite the record that decides."""
    is_its = decides(device).is_some & (device.sector == decides(device).sector)
    return (device.task.is_in(Task.ACCEPT, Task.ROLLBACK) & _erases(device)).implies(is_its)


def accepted_record_stays_active(scope: Scope, device: Device) -> Bool:
    """accept() rewrites the record that decides, and it decides afterwards."""
    is_its = decides(device).is_some & (device.sector == decides(device).sector)
    return (device.task == Task.ACCEPT).implies(is_its)


def accept_is_of_tested_image(scope: Scope, device: Device) -> Bool:
    """With rollback, accept() finds the running image under test."""
    record = record_in(device, device.sector)
    is_its = record.names(device.running) & (record.word == Word.PENDING_VERIFY)
    is_due = (device.task == Task.ACCEPT) & _erases(device)
    return is_due.implies(is_its & slot_at(device, device.running).is_earned)


def accept_is_of_unknown_image(scope: Scope, device: Device) -> Bool:
    """Without rollback, accept() finds a state word that says nothing."""
    record = record_in(device, device.sector)
    is_its = record.names(device.running) & (record.word == Word.UNDEFINED)
    return fact(scope.config.rollback) | ((device.task == Task.ACCEPT) & _erases(device)).implies(is_its)


def accept_earns(scope: Scope, device: Device) -> Bool:
    """accept() is of a slot that has earned it."""
    is_its = slot_at(device, device.running).is_earned & is_slot(scope, device.running)
    return device.task.is_in(Task.ACCEPT, Task.BURN_ACCEPT).implies(is_its)


def accept_programs_valid(scope: Scope, device: Device) -> Bool:
    """What accept() programs names what runs, as VALID, and leads to it."""
    is_its = is_valid(record_in(device, device.sector)) & record_in(device, device.sector).names(device.running)
    is_due = (device.task == Task.ACCEPT) & _programs(device)
    return is_due.implies(is_its & (boot_choice(scope, device) == device.running))


def accept_writes_valid(scope: Scope, device: Device) -> Bool:
    """What accept() programs is VALID, whatever it names."""
    is_due = (device.task == Task.ACCEPT) & _programs(device)
    return is_due.implies(record_in(device, device.sector).word == Word.VALID)


def accept_chooses_running_image(scope: Scope, device: Device) -> Bool:
    """After accept() what runs starts."""
    return device.task.is_in(Task.ACCEPT, Task.BURN_ACCEPT).implies(device.new_choice == device.running)


def rollback_is_of_running_image(scope: Scope, device: Device) -> Bool:
    """rollback() finds the record of what runs."""
    is_due = (device.task == Task.ROLLBACK) & _erases(device)
    return is_due.implies(record_in(device, device.sector).names(device.running))


def rollback_programs_invalid(scope: Scope, device: Device) -> Bool:
    """What rollback() programs names what runs, as INVALID, and something else starts next."""
    record = record_in(device, device.sector)
    is_its = record.names(device.running) & (record.word == Word.INVALID)
    is_due = (device.task == Task.ROLLBACK) & _programs(device)
    return is_due.implies(is_its & (boot_choice(scope, device) != device.running))


def rollback_torn_leaves_running_image(scope: Scope, device: Device) -> Bool:
    """If the record that rollback() writes is lost, something else starts next."""
    return (device.task == Task.ROLLBACK).implies(boot_choice(scope, torn(device)) != device.running)


def rollback_has_another_record(scope: Scope, device: Device) -> Bool:
    """If the record that rollback() writes is lost, the other one decides."""
    is_due = device.task == Task.ROLLBACK
    return is_due.implies(fact(can_start_over(scope)) | decides(torn(device)).is_some)


def accept_burns_for_running_image(scope: Scope, device: Device) -> Bool:
    """accept() burns once the record is VALID, decides and leads to what runs."""
    is_its = decides(device).is_some & (deciding(device).slot == device.running) & is_valid(deciding(device))
    is_quiet = all_of(record.word != Word.PENDING_VERIFY for record in device.records)
    is_earned = slot_at(device, device.running).is_earned
    is_chosen = boot_choice(scope, device) == device.running
    return (device.task == Task.BURN_ACCEPT).implies(is_its & is_quiet & is_earned & is_chosen)


def accepted_image_is_active(scope: Scope, device: Device) -> Bool:
    """What was accepted is whole, and the record that decides names it."""
    record = deciding(device)
    is_its = decides(device).is_some & (record.slot == device.expected) & named_slot(device, record).is_complete
    return _is_accepted(device).implies(is_its)


def accepted_device_tests_nothing(scope: Scope, device: Device) -> Bool:
    """Once an image is accepted, no record is under test."""
    is_quiet = all_of(~record.is_under_test for record in device.records)
    return _is_accepted(device).implies(is_quiet & (device.task != Task.ABORT))


def accepted_image_runs(scope: Scope, device: Device) -> Bool:
    """What was accepted is what runs, if anything does."""
    is_due = _is_accepted(device) & device.task.is_in(Task.STARTED, *CALLS)
    return is_due.implies(device.running == device.expected)


def accepted_image_has_no_rival(scope: Scope, device: Device) -> Bool:
    """Once an image was accepted, none is marked or under test."""
    return _is_accepted(device).implies(all_of(~is_open(record) for record in device.records))


def accepted_image_ends_with_a_call(scope: Scope, device: Device) -> Bool:
    """A call that changes the choice ends what accept() promised."""
    over = (Task.COMPLETE, Task.ROLLBACK, Task.ACCEPT, Task.BURN_ACCEPT, Task.TRY)
    return _is_accepted(device).implies(~device.task.is_in(*over))


def accepted_device_is_not_fresh(scope: Scope, device: Device) -> Bool:
    """Once an image was accepted there is a record."""
    return _is_accepted(device).implies(~device.task.is_in(Task.FRESH, Task.BURN_FRESH))


def refused_image_is_not_the_choice(scope: Scope, device: Device) -> Bool:
    """While rollback() restarts, something else is what starts next."""
    return _is_refused(device).implies(boot_choice(scope, device) != device.expected)


def refused_image_leaves_a_record(scope: Scope, device: Device) -> Bool:
    """While rollback() restarts, a record decides, or there is a factory."""
    return _is_refused(device).implies(decides(device).is_some | fact(scope.has_factory))


def refused_image_is_forgotten_at_start(scope: Scope, device: Device) -> Bool:
    """rollback() is over once an image runs, and nothing is marked on the way."""
    tasks = (Task.SELECT, Task.ABORT, Task.BURN, Task.FRESH, Task.BURN_FRESH, Task.STARTED)
    nothing_new = all_of(~is_new(record) for record in device.records)
    return _is_refused(device).implies(device.task.is_in(*tasks) & nothing_new)


def _erases(device: Device) -> Bool:
    return device.phase == Phase.ERASE


def _programs(device: Device) -> Bool:
    return device.phase == Phase.PROGRAM


def _is_accepted(device: Device) -> Bool:
    return device.expectation == Expectation.ACCEPTED


def _is_refused(device: Device) -> Bool:
    return device.expectation == Expectation.REFUSED


CALL_FACTS: tuple[Statement, ...] = (
    commence_erases_the_spare,
    commence_has_wiped_the_target,
    complete_rewrites_the_other,
    complete_rewrites_its_sector,
    complete_has_room,
    complete_marks_finished_image,
    complete_programs_its_record,
    complete_torn_keeps_running_image,
    complete_chooses_running_or_target,
    set_boot_rewrites_its_sector,
    set_boot_is_of_a_whole_slot,
    set_boot_names_a_slot,
    erased_slot_does_not_run,
    erase_last_erases_the_spare,
    one_asks_in_set_boot_alone,
    other_handle_is_of_a_running_image,
    accept_and_rollback_rewrite_the_active,
    accepted_record_stays_active,
    accept_is_of_tested_image,
    accept_is_of_unknown_image,
    accept_earns,
    accept_programs_valid,
    accept_writes_valid,
    accept_chooses_running_image,
    rollback_is_of_running_image,
    rollback_programs_invalid,
    rollback_torn_leaves_running_image,
    rollback_has_another_record,
    accept_burns_for_running_image,
    accepted_image_is_active,
    accepted_device_tests_nothing,
    accepted_image_runs,
    accepted_image_has_no_rival,
    accepted_image_ends_with_a_call,
    accepted_device_is_not_fresh,
    refused_image_is_not_the_choice,
    refused_image_leaves_a_record,
    refused_image_is_forgotten_at_start,
)
"""Facts of the calls, and of what is expected after them."""
