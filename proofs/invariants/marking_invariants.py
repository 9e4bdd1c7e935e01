"""Invariants of an image that runs while the records select another one: after complete(nil), or in its place.

See invariant_catalogue.py."""

from dataclasses import replace

from ...model.claims.state_claims import Statement
from ...model.device.calls import target_of
from ...model.device.device_parts import burned_up_to, record_in, slot_at
from ...model.device.image_loading import fallback, is_slot
from ...model.device.records import Word
from ...model.device.selection import aborted, boot_choice, next_update_slot, select
from ...model.device.state import Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, all_of, any_of, fact
from .task_invariants import CALLS, is_before_rewrite
from .vocabulary import decides, deciding, is_new, is_open, marking_word, named_slot, next_slot, spared_record


def unnamed_choice_is_the_target(scope: Scope, device: Device) -> Bool:
    """If the record that decides does not name what runs, it names the target; without factory, or a broken image."""
    record = deciding(device)
    is_broken = fact(not scope.has_factory) & ~named_slot(device, record).is_complete
    return _is_unnamed(device).implies((record.slot == next_update_slot(device)) | is_broken)


def unnamed_choice_is_unaccepted(scope: Scope, device: Device) -> Bool:
    """If the record that decides does not name what runs, its image was not accepted."""
    return _is_unnamed(device).implies(deciding(device).word != Word.VALID)


def marked_choice_is_the_target(scope: Scope, device: Device) -> Bool:
    """If the record that decides is NEW while something runs, it names the target."""
    is_due = is_before_rewrite(device) & decides(device).is_some & is_new(deciding(device))
    return is_due.implies(deciding(device).slot == next_update_slot(device))


def stand_in_is_the_boot_choice(scope: Scope, device: Device) -> Bool:
    """What runs in place of a broken image that the deciding record names starts again; the target may be either."""
    record = deciding(device)
    is_other = ~named_slot(device, record).is_complete & (record.slot != next_update_slot(device))
    is_due = is_before_rewrite(device) & decides(device).is_some & is_other
    return is_due.implies(boot_choice(scope, device) == device.running)


def wiped_image_is_after_the_choice(scope: Scope, device: Device) -> Bool:
    """If the other record names an image above ota_0 that was wiped, the one that starts next is in the slot before.

    That one started in place of a broken image in ota_0, and an upgrade began."""
    other = decides(device).other_of(device.records)
    is_wiped = other.is_bootable & ~named_slot(device, other).is_complete & (other.slot != 0)
    is_due = decides(device).is_some & is_wiped & (other.slot != deciding(device).slot)
    return is_due.implies(next_slot(device, boot_choice(scope, device)) == other.slot)


def running_device_is_not_fresh(scope: Scope, device: Device) -> Bool:
    """While something runs, the records are not those of a device that was never written."""
    rested = replace(device, records=aborted(scope, device.records))
    return is_before_rewrite(device).implies(~select(scope, rested).is_fresh)


def accepted_running_image_burns_nothing(scope: Scope, device: Device) -> Bool:
    """The version of what runs is burned, if the record that decides calls it VALID."""
    record = deciding(device)
    is_its = decides(device).is_some & (record.slot == device.running) & (record.word == Word.VALID)
    burned = burned_up_to(scope, device.burned, slot_at(device, device.running).version)
    return (is_before_rewrite(device) & is_its).implies(burned == device.burned)


def tested_image_beside_a_marked_one_is_broken(scope: Scope, device: Device) -> Bool:
    """Where one image is marked and another one under test, that one is broken; so it is while the test is aborted."""
    aborting = (device.task == Task.ABORT) & _programs(device)
    parts = []
    for index, (record, other) in enumerate((device.records, device.records[::-1])):
        is_aborted = aborting & (device.sector == index) & (record.word == Word.ABORTED)
        is_tested = record.is_right & (record.is_under_test | is_aborted)
        parts.append((is_tested & is_new(other)).implies(~named_slot(device, record).is_complete))
    return all_of(parts)


def tried_place_is_not_rejected(scope: Scope, device: Device) -> Bool:
    """What is tried, or starts in its place, was not rejected."""
    place = fallback(scope, device, record_in(device, device.sector).slot)
    is_rejected = is_slot(scope, place) & slot_at(device, place).is_rejected
    return (device.task == Task.TRY).implies(~is_rejected)


def rejection_leaves_no_record(scope: Scope, device: Device) -> Bool:
    """While a record is made INVALID or ABORTED, no other one may decide for its slot."""
    record, other = record_in(device, device.sector), spared_record(device)
    is_left = record.is_right & other.is_bootable & (other.slot == record.slot)
    return device.task.is_in(Task.ROLLBACK, Task.ABORT).implies(~is_left)


def rollback_writes_invalid(scope: Scope, device: Device) -> Bool:
    """What rollback() programs is INVALID, whatever it names."""
    is_due = (device.task == Task.ROLLBACK) & _programs(device)
    return is_due.implies(record_in(device, device.sector).word == Word.INVALID)


def rollback_leaves_nothing_open(scope: Scope, device: Device) -> Bool:
    """Once rollback() has erased the record, no image is marked or under test."""
    is_due = (device.task == Task.ROLLBACK) & _programs(device)
    return is_due.implies(~any_of(is_open(record) for record in device.records))


def rollback_leaves_a_whole_image(scope: Scope, device: Device) -> Bool:
    """If the record that rollback() does not rewrite may decide, it names a whole image."""
    other = spared_record(device)
    is_due = (device.task == Task.ROLLBACK) & other.is_bootable
    return is_due.implies(named_slot(device, other).is_complete)


def accept_leaves_no_test(scope: Scope, device: Device) -> Bool:
    """Once accept() has erased the record, nothing is PENDING_VERIFY."""
    is_due = (device.task == Task.ACCEPT) & _programs(device)
    return is_due.implies(~any_of(record.is_under_test for record in device.records))


def complete_leads_to_the_target(scope: Scope, device: Device) -> Bool:
    """Once complete() has erased a record, the target is marked by the one that decides, and starts next."""
    record, target = deciding(device), next_update_slot(device)
    is_its = decides(device).is_some & (record.slot == target) & (record.word == marking_word(scope))
    is_due = (device.task == Task.COMPLETE) & _programs(device)
    return is_due.implies(is_its & (boot_choice(scope, device) == target))


def session_target_is_unknown(scope: Scope, device: Device) -> Bool:
    """What is downloaded was neither accepted nor rejected yet, and is no end of an upgrade that is remembered."""
    target, place = target_of(scope, device), next_update_slot(device)
    is_known = target.is_earned | target.is_rejected | (place == device.upgraded) | (place == device.upgraded_from)
    return (device.session | (device.task == Task.COMPLETE)).implies(~is_known)


def call_leaves_one_promise(scope: Scope, device: Device) -> Bool:
    """While an upgrade or another call is on, nothing is expected but that an accepted image stays."""
    others = tuple(task for task in CALLS if task is not Task.RUN)
    is_due = device.session | device.task.is_in(*others)
    return is_due.implies(device.expectation.is_in(Expectation.NONE, Expectation.ACCEPTED))


def marked_device_is_not_fresh(scope: Scope, device: Device) -> Bool:
    """Once an image was marked there is a record."""
    is_fresh = device.task.is_in(Task.FRESH, Task.BURN_FRESH)
    return (device.expectation == Expectation.MARKED).implies(~is_fresh)


def other_record_is_of_the_previous(scope: Scope, device: Device) -> Bool:
    """Where the marked image is the one selected, the other record, if it may decide, names what ran then."""
    is_its = decides(device).is_some & (deciding(device).slot == device.expected)
    other = decides(device).other_of(device.records)
    is_due = (device.expectation == Expectation.MARKED) & is_its & other.is_bootable
    return is_due.implies(other.slot == device.previous)


def _is_unnamed(device: Device) -> Bool:
    """Something runs, and the record that decides does not name it."""
    is_other = deciding(device).slot != device.running
    return is_before_rewrite(device) & decides(device).is_some & is_other


def _programs(device: Device) -> Bool:
    return device.phase == Phase.PROGRAM


MARKING_FACTS: tuple[Statement, ...] = (
    unnamed_choice_is_the_target,
    unnamed_choice_is_unaccepted,
    marked_choice_is_the_target,
    stand_in_is_the_boot_choice,
    wiped_image_is_after_the_choice,
    running_device_is_not_fresh,
    accepted_running_image_burns_nothing,
    tested_image_beside_a_marked_one_is_broken,
    tried_place_is_not_rejected,
    rejection_leaves_no_record,
    rollback_writes_invalid,
    rollback_leaves_nothing_open,
    rollback_leaves_a_whole_image,
    accept_leaves_no_test,
    complete_leads_to_the_target,
    session_target_is_unknown,
    call_leaves_one_promise,
    marked_device_is_not_fresh,
    other_record_is_of_the_previous,
)
"""Facts of what runs while another image is selected."""
