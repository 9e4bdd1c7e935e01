"""Invariants of what starts next: which image the records name, and what is left where none decides."""

from ...model.claims.state_claims import Statement
from ...model.device.records import active
from ...model.device.selection import aborted, boot_choice
from ...model.device.state import Device, Scope
from ...model.terms.terms import Bool, all_of, fact, number
from .vocabulary import (
    can_start_over,
    decides,
    deciding,
    first_target,
    is_earned,
    is_finished,
    is_first_upgrade,
    is_whole,
    named_choice,
    named_slot,
    next_slot,
)


def boot_choice_is_whole(scope: Scope, device: Device) -> Bool:
    """What starts next is whole, and the eFuse lets it run."""
    return is_whole(scope, device, boot_choice(scope, device))


def boot_choice_is_finished(scope: Scope, device: Device) -> Bool:
    """What starts next was verified."""
    return is_finished(scope, device, boot_choice(scope, device))


def deciding_record_is_boot_choice(scope: Scope, device: Device) -> Bool:
    """The record that decides once tests are aborted names what starts next."""
    chosen = active(aborted(scope, device.records))
    return chosen.is_some.implies(boot_choice(scope, device) == chosen.of(device.records).slot)


def named_choice_is_whole(scope: Scope, device: Device) -> Bool:
    """What the deciding record names, or without one the first image, is whole, and the eFuse lets it run."""
    return is_whole(scope, device, named_choice(scope, device))


def broken_choice_leaves_no_other(scope: Scope, device: Device) -> Bool:
    """Where the deciding record names no whole image, the other record may not decide."""
    other = decides(device).other_of(device.records)
    is_broken = decides(device).is_some & ~named_slot(device, deciding(device)).is_complete
    return is_broken.implies(~other.is_bootable)


def without_record_first_image_stays(scope: Scope, device: Device) -> Bool:
    """Where no record decides and there is no factory, the provisioned image is in ota_0."""
    return fact(scope.has_factory) | _is_decided(scope, device) | is_earned(scope, device, number(0))


def without_record_factory_starts(scope: Scope, device: Device) -> Bool:
    """Where no record decides and there is a factory image, that one starts."""
    return fact(not scope.has_factory) | _is_decided(scope, device) | (boot_choice(scope, device) == scope.factory)


def without_record_no_upgrade_was_kept(scope: Scope, device: Device) -> Bool:
    """Where no record decides, nothing but the first upgrade was ever written."""
    return fact(can_start_over(scope)) | _is_decided(scope, device) | is_first_upgrade(scope, device)


def without_record_second_is_none(scope: Scope, device: Device) -> Bool:
    """Where no record decides, there is none in the second sector."""
    return fact(can_start_over(scope)) | _is_decided(scope, device) | ~device.records[1].is_right


def without_record_first_images_are_named(scope: Scope, device: Device) -> Bool:
    """Where no record decides, there is none but that of the first image, or of the first upgrade."""
    first, second = device.records
    is_early = ~second.is_right & (~first.is_right | first.slot.is_in(0, first_target(scope)))
    return fact(can_start_over(scope)) | _is_decided(scope, device) | is_early


def unfinished_image_is_the_next_target(scope: Scope, device: Device) -> Bool:
    """If what a record names was not verified, the next upgrade goes there: the other record names the slot before."""
    parts = []
    for record, other in (device.records, device.records[::-1]):
        is_next = other.is_bootable & (next_slot(device, other.slot) == record.slot)
        is_first = ~_is_decided(scope, device) & (record.slot == first_target(scope))
        is_verified = named_slot(device, record).is_complete & named_slot(device, record).is_finished
        parts.append(record.is_right.implies(is_verified | is_next | is_first))
    return all_of(parts)


def choice_of_open_call_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """While a call or its cut is open, what starts next is what would have started before, or after."""
    choice = boot_choice(scope, device)
    is_open_call = device.old_choice != scope.nowhere
    return is_open_call.implies((choice == device.old_choice) | (choice == device.new_choice))


def named_choice_of_open_call_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """The same, of what is named to start next."""
    choice = named_choice(scope, device)
    is_open_call = device.old_choice != scope.nowhere
    return is_open_call.implies((choice == device.old_choice) | (choice == device.new_choice))


def _is_decided(scope: Scope, device: Device) -> Bool:
    """Some record decides once tests are aborted."""
    return active(aborted(scope, device.records)).is_some


CHOICE_FACTS: tuple[Statement, ...] = (
    named_choice_is_whole,
    boot_choice_is_whole,
    boot_choice_is_finished,
    deciding_record_is_boot_choice,
    broken_choice_leaves_no_other,
    without_record_first_image_stays,
    without_record_factory_starts,
    without_record_no_upgrade_was_kept,
    without_record_second_is_none,
    without_record_first_images_are_named,
    unfinished_image_is_the_next_target,
    named_choice_of_open_call_is_old_or_new,
    choice_of_open_call_is_old_or_new,
)
"""Facts of what starts next."""
