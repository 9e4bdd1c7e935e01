"""Invariants of what the ghost variables note: what is expected, what was rejected, where an upgrade came from.

See invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.device.device_parts import record_in, slot_at
from ...model.device.flash_steps import REWRITES
from ...model.device.image_loading import is_slot
from ...model.device.records import Word, active
from ...model.device.selection import aborted, boot_choice
from ...model.device.state import Device, Expectation, Phase, Scope, Task
from ...model.terms.terms import Bool, Num, all_of, fact
from .task_invariants import BOOTING, is_before_rewrite
from .vocabulary import decides, deciding, is_open, is_whole, named_choice, named_slot, torn, without_record


def nothing_runs_while_booting(scope: Scope, device: Device) -> Bool:
    """Until the bootloader has found an image, none runs, and no session is open."""
    return device.task.is_in(*BOOTING).implies((device.running == scope.nowhere) & ~device.session)


def sector_is_of_a_rewrite(scope: Scope, device: Device) -> Bool:
    """Where no record is rewritten or erased, the sector is the first."""
    others = (*REWRITES, Task.BURN, Task.SPARE, Task.FORGET_FIRST, Task.FORGET_SECOND)
    return device.task.is_in(*others) | (device.sector == 0)


def expected_place_has_a_reason(scope: Scope, device: Device) -> Bool:
    """A place is expected exactly if there is a reason, and one before it only if the reason has one."""
    has_previous = device.expectation.is_in(Expectation.MARKED, Expectation.REFUSED)
    is_expected = device.expected != scope.nowhere
    previous = (device.previous == scope.nowhere) | has_previous
    return is_expected.same_as(device.expectation != Expectation.NONE) & previous


def marked_image_is_not_the_previous(scope: Scope, device: Device) -> Bool:
    """The image that was marked is not the one that ran then, and that one is known."""
    is_marked = device.expectation == Expectation.MARKED
    is_one = is_slot(scope, device.expected) & (device.previous != scope.nowhere)
    return is_marked.implies(is_one & (device.expected != device.previous))


def marked_image_is_whole(scope: Scope, device: Device) -> Bool:
    """The image that was marked is whole, and so is the one that ran then."""
    are_whole = is_whole(scope, device, device.expected) & is_whole(scope, device, device.previous)
    return (device.expectation == Expectation.MARKED).implies(are_whole)


def upgrade_has_two_ends(scope: Scope, device: Device) -> Bool:
    """An upgrade that is remembered went from one place to another, a slot."""
    is_known = device.upgraded != scope.nowhere
    are_two = is_slot(scope, device.upgraded) & (device.upgraded != device.upgraded_from)
    return is_known.same_as(device.upgraded_from != scope.nowhere) & is_known.implies(are_two)


def upgrade_has_whole_ends(scope: Scope, device: Device) -> Bool:
    """Both images of an upgrade that is remembered are whole."""
    are_whole = is_whole(scope, device, device.upgraded) & is_whole(scope, device, device.upgraded_from)
    return (device.upgraded != scope.nowhere).implies(are_whole)


def bootable_record_names_no_rejected_image(scope: Scope, device: Device) -> Bool:
    """What a record leads to was not rejected."""
    return all_of(record.is_bootable.implies(~named_slot(device, record).is_rejected) for record in device.records)


def boot_choice_is_not_rejected(scope: Scope, device: Device) -> Bool:
    """What starts next was not rejected."""
    return ~_is_rejected(scope, device, boot_choice(scope, device))


def named_choice_is_not_rejected(scope: Scope, device: Device) -> Bool:
    """What is named to start next was not rejected."""
    return ~_is_rejected(scope, device, named_choice(scope, device))


def running_image_is_not_rejected(scope: Scope, device: Device) -> Bool:
    """What runs was not rejected."""
    return ~_is_rejected(scope, device, device.running)


def without_record_first_image_is_not_rejected(scope: Scope, device: Device) -> Bool:
    """Where no record decides, the image in ota_0 was not rejected."""
    is_decided = active(aborted(scope, device.records)).is_some
    return is_decided | fact(scope.has_factory) | ~device.slots[0].is_rejected


def open_record_leaves_no_rejected_choice(scope: Scope, device: Device) -> Bool:
    """Without the record that is open, what starts was not rejected."""
    parts = []
    for index, record in enumerate(device.records):
        left = without_record(device, index)
        parts.append(is_open(record).implies(~_is_rejected(scope, left, boot_choice(scope, left))))
    return all_of(parts)


def marked_record_leaves_the_previous(scope: Scope, device: Device) -> Bool:
    """Without the record that marks the new image, what ran then starts."""
    parts = []
    for index, record in enumerate(device.records):
        left = boot_choice(scope, without_record(device, index))
        parts.append((record.names(device.expected) & record.is_bootable).implies(left == device.previous))
    return (device.expectation == Expectation.MARKED).implies(all_of(parts))


def upgraded_record_leaves_the_origin(scope: Scope, device: Device) -> Bool:
    """Where the upgraded image is the one selected, what it was upgraded from starts without its record."""
    is_its = decides(device).is_some & (deciding(device).slot == device.upgraded)
    parts = []
    for index, is_it in enumerate((decides(device).is_first, decides(device).is_second)):
        parts.append(is_it.implies(boot_choice(scope, without_record(device, index)) == device.upgraded_from))
    return ((device.upgraded != scope.nowhere) & is_its).implies(all_of(parts))


def other_record_is_of_the_origin(scope: Scope, device: Device) -> Bool:
    """Where the upgraded image is the one selected, the other record, if it may decide, names where it came from."""
    is_its = decides(device).is_some & (deciding(device).slot == device.upgraded)
    other = decides(device).other_of(device.records)
    is_due = (device.upgraded != scope.nowhere) & is_its & other.is_bootable
    return is_due.implies(other.slot == device.upgraded_from)


def torn_record_of_upgrade_leaves_the_origin(scope: Scope, device: Device) -> Bool:
    """While the record of the upgraded image is rewritten, what it was upgraded from starts without it."""
    is_its = record_in(device, device.sector).names(device.upgraded) & (device.upgraded != scope.nowhere)
    tasks = device.task.is_in(Task.ACCEPT, Task.ROLLBACK, Task.TRY)
    return (tasks & is_its).implies(boot_choice(scope, torn(device)) == device.upgraded_from)


def refusal_leads_to_the_origin(scope: Scope, device: Device) -> Bool:
    """While rollback() restarts, what the refused image was upgraded from is what starts, if it is known."""
    is_due = (device.expectation == Expectation.REFUSED) & (device.previous != scope.nowhere)
    return is_due.implies(boot_choice(scope, device) == device.previous)


def rollback_leads_to_the_origin(scope: Scope, device: Device) -> Bool:
    """Once rollback() has erased the record, what the running image was upgraded from starts."""
    is_of_upgrade = (device.running == device.upgraded) & (device.upgraded != scope.nowhere)
    is_due = (device.task == Task.ROLLBACK) & (device.phase == Phase.PROGRAM) & is_of_upgrade
    return is_due.implies(boot_choice(scope, device) == device.upgraded_from)


def tested_word_is_of_the_deciding_record(scope: Scope, device: Device) -> Bool:
    """While something runs, PENDING_VERIFY stands in the record that decides, or another image is marked."""
    is_marked = decides(device).is_some & (deciding(device).word == Word.NEW)
    parts = [
        (record.word == Word.PENDING_VERIFY).implies(is_it | is_marked)
        for record, is_it in zip(device.records, (decides(device).is_first, decides(device).is_second), strict=True)
    ]
    return is_before_rewrite(device).implies(all_of(parts))


def accepted_record_is_valid(scope: Scope, device: Device) -> Bool:
    """Once accept() has returned, the record that decides names its image as VALID."""
    record = deciding(device)
    is_its = decides(device).is_some & (record.slot == device.expected) & (record.word == Word.VALID)
    is_due = (device.expectation == Expectation.ACCEPTED) & is_slot(scope, device.expected)
    return is_due.implies(is_its & named_slot(device, record).is_complete)


def accepted_image_is_named_valid(scope: Scope, device: Device) -> Bool:
    """Once accept() has returned, no record names its image with another state."""
    is_due = (device.expectation == Expectation.ACCEPTED) & is_slot(scope, device.expected)
    return is_due.implies(
        all_of(record.names(device.expected).implies(record.word == Word.VALID) for record in device.records)
    )


def accepted_image_runs_or_boots(scope: Scope, device: Device) -> Bool:
    """What accept() has promised to stay runs, or starts next; nothing is under test."""
    is_due = device.expectation == Expectation.ACCEPTED
    is_safe = (device.running == device.expected) | device.task.is_in(*BOOTING)
    return is_due.implies(is_safe & (boot_choice(scope, device) == device.expected))


def marked_image_is_selected(scope: Scope, device: Device) -> Bool:
    """What complete() has marked is what the record that decides names, and starts next."""
    is_its = decides(device).is_some & (deciding(device).slot == device.expected)
    is_due = device.expectation == Expectation.MARKED
    return is_due.implies(is_its & (boot_choice(scope, device) == device.expected))


def _is_rejected(scope: Scope, device: Device, place: Num) -> Bool:
    return is_slot(scope, place) & slot_at(device, place).is_rejected


BOOKKEEPING_FACTS: tuple[Statement, ...] = (
    nothing_runs_while_booting,
    sector_is_of_a_rewrite,
    expected_place_has_a_reason,
    marked_image_is_not_the_previous,
    marked_image_is_whole,
    upgrade_has_two_ends,
    upgrade_has_whole_ends,
    bootable_record_names_no_rejected_image,
    boot_choice_is_not_rejected,
    named_choice_is_not_rejected,
    running_image_is_not_rejected,
    without_record_first_image_is_not_rejected,
    open_record_leaves_no_rejected_choice,
    marked_record_leaves_the_previous,
    upgraded_record_leaves_the_origin,
    other_record_is_of_the_origin,
    torn_record_of_upgrade_leaves_the_origin,
    refusal_leads_to_the_origin,
    rollback_leads_to_the_origin,
    tested_word_is_of_the_deciding_record,
    accepted_record_is_valid,
    accepted_image_is_named_valid,
    accepted_image_runs_or_boots,
    marked_image_is_selected,
)
"""Facts of what the ghost variables note."""
