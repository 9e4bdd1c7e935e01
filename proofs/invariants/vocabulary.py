"""The words in which the invariants are stated: what is torn, alone, open; what is a sound place to start."""

from collections.abc import Iterator
from dataclasses import replace

from ...model.device.boot_steps import without_program
from ...model.device.device_parts import record_in, slot_at, with_record
from ...model.device.image_loading import is_slot, is_version_allowed
from ...model.device.power_cuts import torn_records
from ...model.device.records import BLANK, Active, Check, Record, Word, active
from ...model.device.selection import aborted
from ...model.device.state import Device, Scope, Slot, Task
from ...model.terms.terms import Bool, Num, choose, fact, number


def torn(device: Device) -> Device:
    """Return the device when the record that is being rewritten is gone."""
    return replace(device, records=with_record(device, device.sector, BLANK))


def left_by_cuts(scope: Scope, device: Device) -> Iterator[tuple[Bool, Device]]:
    """Yield what a cut may leave while a record is rewritten: when it can, and the device with that.

    Records whose check word is not right differ in little: the blank one and one that counts as under test do."""
    off = without_program(scope, device, Task.OFF)
    for left in torn_records(scope, device):
        if left.check is Check.RIGHT or (left.check, left.word) in _NO_RECORDS:
            is_due = device.task.is_in(*left.tasks) & left.when
            yield is_due, replace(off, records=with_record(device, device.sector, left.record))


_NO_RECORDS = ((Check.EMPTY, Word.UNDEFINED), (Check.WRONG, Word.PENDING_VERIFY))


def without_record(device: Device, index: int) -> Device:
    """Return the device when one record is gone."""
    first, second = device.records
    return replace(device, records=(BLANK, second) if index == 0 else (first, BLANK))


def decides(device: Device) -> Active:
    """Return which record decides now."""
    return active(device.records)


def deciding(device: Device) -> Record:
    """Return the record that decides now; the first when there is none."""
    return decides(device).of(device.records)


def named_slot(device: Device, record: Record) -> Slot:
    """Return the slot that a record names."""
    return slot_at(device, record.slot)


def spared_record(device: Device) -> Record:
    """Return the record of the sector that is not being rewritten."""
    return record_in(device, number(1, 1) - device.sector)


def marking_word(scope: Scope) -> Word:
    """Return the state word with which complete() marks an image."""
    return Word.NEW if scope.config.rollback else Word.UNDEFINED


def is_new(record: Record) -> Bool:
    """The record's image is marked and was not started."""
    return record.is_right & (record.word == Word.NEW)


def is_open(record: Record) -> Bool:
    """The record's image is marked or under test: nobody has accepted or refused it."""
    return record.is_right & record.word.is_in(Word.NEW, Word.PENDING_VERIFY)


def is_valid(record: Record) -> Bool:
    """The record's image was accepted."""
    return record.is_right & (record.word == Word.VALID)


def is_whole(scope: Scope, device: Device, place: Num) -> Bool:
    """At the place is an image that verifies and may run."""
    slot = slot_at(device, place)
    in_slot = is_slot(scope, place) & slot.is_complete & is_version_allowed(scope, device, slot.version)
    in_factory = (place == scope.factory) & fact(scope.has_factory) & is_version_allowed(scope, device, number(0))
    return in_slot | in_factory


def is_finished(scope: Scope, device: Device, place: Num) -> Bool:
    """At the place is such an image, and it was verified by complete() or provisioned."""
    return is_whole(scope, device, place) & (~is_slot(scope, place) | slot_at(device, place).is_finished)


def is_earned(scope: Scope, device: Device, place: Num) -> Bool:
    """At the place is such an image, and it was accepted or provisioned."""
    return is_whole(scope, device, place) & (~is_slot(scope, place) | slot_at(device, place).is_earned)


def named_choice(scope: Scope, device: Device) -> Num:
    """Return what starts next if that is whole: what the record names that decides once tests are aborted, else the
    first image. It asks no image whether it is whole, which spares the solvers most of boot_choice()."""
    chosen = active(aborted(scope, device.records))
    first = number(scope.factory if scope.has_factory else 0)
    return choose(chosen.is_some, chosen.of(device.records).slot, first)


def next_slot(device: Device, slot: Num) -> Num:
    """Return the slot after, the first after the last."""
    return choose(slot == device.slot_count - 1, number(0), slot + 1)


def first_target(scope: Scope) -> int:
    """Return the slot that the first upgrade goes to."""
    return 0 if scope.has_factory else 1 % scope.slots


def can_start_over(scope: Scope) -> bool:
    """Tell whether a device can come back to its factory image and count from the start again."""
    return scope.has_factory and not scope.config.anti_rollback


def is_first_upgrade(scope: Scope, device: Device) -> Bool:
    """There is no record, or only that of the first upgrade."""
    first, second = device.records
    return ~second.is_right & (~first.is_right | (first.slot == first_target(scope)))
