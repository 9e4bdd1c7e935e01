"""Invariants of the two records side by side, where they may name one slot, or slots whose images were wiped.

With three slots and more an upgrade can wipe a slot that a record names while a third image runs. See
invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.device.records import Word
from ...model.device.state import Device, Scope
from ...model.terms.terms import Bool, all_of, fact
from .vocabulary import decides, deciding, is_new, is_valid, named_slot, next_slot


def equal_numbers_name_one_slot(scope: Scope, device: Device) -> Bool:
    """Two records that may decide name one slot if they have one number."""
    first, second = device.records
    return (first.is_bootable & second.is_bootable & (first.seq == second.seq)).implies(first.slot == second.slot)


def two_bootable_records_follow_or_agree(scope: Scope, device: Device) -> Bool:
    """Of two records that may decide, the newer one names the slot after that of the older one, or the same."""
    first, second = device.records
    are_same = first.slot == second.slot
    is_second_next = (first.seq < second.seq) & (second.slot == next_slot(device, first.slot))
    is_first_next = (second.seq < first.seq) & (first.slot == next_slot(device, second.slot))
    return (first.is_bootable & second.is_bootable).implies(is_second_next | is_first_next | are_same)


def whole_image_is_followed(scope: Scope, device: Device) -> Bool:
    """If the record that does not decide names a whole image, the other one names the slot after it, or the same.

    Without factory, ota_0 can be written anew while its record, of an image that was wiped, is still there."""
    other, slot = decides(device).other_of(device.records), deciding(device).slot
    is_due = decides(device).is_some & other.is_bootable & named_slot(device, other).is_complete
    is_anew = fact(not scope.has_factory) & (other.slot == 0) & (other.word != Word.VALID)
    return is_due.implies((slot == next_slot(device, other.slot)) | (slot == other.slot) | is_anew)


def older_record_of_the_slot_is_unaccepted(scope: Scope, device: Device) -> Bool:
    """Where both records name one slot, the one that does not decide was not accepted."""
    other = decides(device).other_of(device.records)
    is_due = decides(device).is_some & other.is_bootable & (other.slot == deciding(device).slot)
    return is_due.implies(other.word != Word.VALID)


def other_record_names_whole_image_or_the_same(scope: Scope, device: Device) -> Bool:
    """The record that does not decide names a whole image, or the same slot as the one that does.

    Without factory, one of them may also name ota_0, whose image was wiped: what started then is in a slot above. If
    that is the one that decides, the other one names the last slot."""
    other, record = decides(device).other_of(device.records), deciding(device)
    is_wiped = (record.slot == 0) & ~named_slot(device, record).is_complete & (next_slot(device, other.slot) == 0)
    is_above = fact(not scope.has_factory) & ((other.slot == 0) | is_wiped)
    is_due = decides(device).is_some & other.is_bootable
    return is_due.implies(named_slot(device, other).is_complete | (other.slot == record.slot) | is_above)


def broken_image_follows_a_whole_one(scope: Scope, device: Device) -> Bool:
    """Below a slot that a record names, and that holds no whole image, is a slot that does."""
    return all_of(
        (record.is_bootable & (record.slot == index)).implies(slot.is_complete | below.is_complete)
        for record in device.records
        for index, (below, slot) in enumerate(zip(device.slots[:-1], device.slots[1:], strict=True), 1)
    )


def accepted_image_outlives_the_choice(scope: Scope, device: Device) -> Bool:
    """A VALID record names a whole image, unless the one that decides was not accepted and names ota_0, wiped."""
    record = deciding(device)
    is_wiped = (record.slot == 0) & ~named_slot(device, record).is_complete
    is_lost = decides(device).is_some & (record.word != Word.VALID) & is_wiped
    return all_of(is_valid(r).implies(named_slot(device, r).is_complete | is_lost) for r in device.records)


def marked_record_is_newest(scope: Scope, device: Device) -> Bool:
    """No record that may decide has a higher number than one whose image is marked."""
    first, second = device.records
    first_is = (is_new(first) & second.is_bootable).implies(first.seq >= second.seq)
    return first_is & (is_new(second) & first.is_bootable).implies(second.seq >= first.seq)


def marked_records_name_one_slot(scope: Scope, device: Device) -> Bool:
    """Only one image is marked, if by two records."""
    first, second = device.records
    return (is_new(first) & is_new(second)).implies(first.slot == second.slot)


PAIR_FACTS: tuple[Statement, ...] = (
    equal_numbers_name_one_slot,
    two_bootable_records_follow_or_agree,
    whole_image_is_followed,
    older_record_of_the_slot_is_unaccepted,
    other_record_names_whole_image_or_the_same,
    broken_image_follows_a_whole_one,
    accepted_image_outlives_the_choice,
    marked_record_is_newest,
    marked_records_name_one_slot,
)
"""Facts of the two records side by side."""
