"""Invariants of the two records and the slots that they name; see invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.device.end_numbers import erased_number
from ...model.device.image_loading import is_version_allowed
from ...model.device.records import TOP, Check, Numbers, Word
from ...model.device.selection import boot_choice
from ...model.device.state import TURNS_TASKS, Content, Device, Expectation, Scope, Task, Usage
from ...model.terms.terms import Bool, Num, all_of, fact, number
from .vocabulary import (
    can_start_over,
    decides,
    deciding,
    first_target,
    is_earned,
    is_finished,
    is_first_upgrade,
    is_open,
    is_valid,
    named_slot,
    next_slot,
    without_record,
)


def task_and_running_are_in_range(scope: Scope, device: Device) -> Bool:
    """Neither what goes on nor what runs has a value that means nothing."""
    last = max(Task) if scope.is_by_turns else max(task for task in Task if task not in TURNS_TASKS)
    return (device.task <= last) & (device.running <= scope.nowhere)


def expected_places_are_in_range(scope: Scope, device: Device) -> Bool:
    """No ghost variable that is a place has a value that means nothing."""
    return all_of(place <= scope.nowhere for place in _ghost_places(device))


def _ghost_places(device: Device) -> tuple[Num, ...]:
    return (
        device.expected,
        device.previous,
        device.old_choice,
        device.new_choice,
        device.upgraded,
        device.upgraded_from,
    )


def expectation_is_of_the_world(scope: Scope, device: Device) -> Bool:
    """Nothing is expected that the calls of this usage do not promise."""
    last = Expectation.SELECTED if scope.usage is Usage.ANY else Expectation.REFUSED
    return device.expectation <= last


def records_are_in_range(scope: Scope, device: Device) -> Bool:
    """No check word and no state word has a value that means nothing."""
    return all_of((r.check <= Check.RIGHT) & (r.word <= Word.UNDEFINED) for r in device.records)


def slots_of_records_are_in_range(scope: Scope, device: Device) -> Bool:
    """No record names a slot that the table has not."""
    return all_of(record.slot < device.slot_count for record in device.records)


def slot_count_is_in_range(scope: Scope, device: Device) -> Bool:
    """The number of slots is one of those that this scope allows."""
    return device.slot_count.is_in(*(scope.counts or (scope.slots,)))


def slots_beyond_are_empty(scope: Scope, device: Device) -> Bool:
    """Beyond the last slot there is nothing."""
    parts = []
    for index, slot in enumerate(device.slots):
        knows_nothing = ~slot.is_finished & ~slot.is_earned & ~slot.is_rejected
        is_empty = (slot.content == Content.EMPTY) & (slot.version == 0) & knows_nothing
        parts.append((device.slot_count <= index).implies(is_empty))
    return all_of(parts)


def places_are_no_slots_beyond(scope: Scope, device: Device) -> Bool:
    """No slot beyond the last one runs, nor is it expected to."""
    places = (device.running, *_ghost_places(device))
    return all_of((place < device.slot_count) | (place >= scope.factory) for place in places)


def versions_are_in_range(scope: Scope, device: Device) -> Bool:
    """No image has a secure version beyond those of this scope."""
    return all_of(slot.version < scope.versions for slot in device.slots)


def numbers_are_below_the_top(scope: Scope, device: Device) -> Bool:
    """No number is so high that the next one could be FFFFFFFF; where the ends are allowed, none is that."""
    if scope.numbers is Numbers.RANKED:
        return fact(True)
    if scope.has_end_numbers:
        return all_of((record.seq != erased_number(scope)) | ~record.is_right for record in device.records)
    # By turns, the bootloader writes one more record after that of a call.
    beyond = scope.slots * (1 + scope.is_by_turns)
    return all_of(record.seq < TOP + beyond for record in device.records)


def right_records_alone_have_numbers(scope: Scope, device: Device) -> Bool:
    """A record has a number, and names a slot, exactly if its check word is right; or was, before strays could be."""
    parts = []
    for record in device.records:
        has_number = record.is_right | (fact(scope.has_strays) & (record.check == Check.WRONG))
        parts += [record.is_right.implies(record.seq != 0), has_number | ((record.seq == 0) & (record.slot == 0))]
    return all_of(parts)


def words_need_rollback(scope: Scope, device: Device) -> Bool:
    """Without rollback no record is NEW, PENDING_VERIFY or ABORTED."""
    if scope.config.rollback:
        return fact(True)
    return all_of(~r.word.is_in(Word.NEW, Word.PENDING_VERIFY, Word.ABORTED) for r in device.records)


def right_record_has_a_state(scope: Scope, device: Device) -> Bool:
    """With the check word, the state word is there, too."""
    return all_of(record.is_right.implies(record.word != Word.UNDEFINED) for record in device.records)


def one_record_is_open(scope: Scope, device: Device) -> Bool:
    """Only one image is marked or under test."""
    first, second = device.records
    return ~(is_open(first) & is_open(second))


def one_word_is_pending(scope: Scope, device: Device) -> Bool:
    """Only one state word is PENDING_VERIFY, torn records included."""
    first, second = device.records
    return ~(first.is_under_test & second.is_under_test)


def open_record_is_newest(scope: Scope, device: Device) -> Bool:
    """An image that is marked or under test has the higher number."""
    first, second = device.records
    first_is = (is_open(first) & second.is_bootable).implies(second.seq < first.seq)
    return first_is & (is_open(second) & first.is_bootable).implies(first.seq < second.seq)


def open_record_names_finished_image(scope: Scope, device: Device) -> Bool:
    """What is marked or under test was verified."""
    return all_of(is_open(record).implies(is_finished(scope, device, record.slot)) for record in device.records)


def open_record_leaves_another_choice(scope: Scope, device: Device) -> Bool:
    """Without the record that is open another image starts, which was accepted."""
    parts = []
    for index, record in enumerate(device.records):
        left = without_record(device, index)
        choice = boot_choice(scope, left)
        parts.append(is_open(record).implies(is_earned(scope, left, choice) & (choice != record.slot)))
    return all_of(parts)


def open_record_leaves_an_allowed_one(scope: Scope, device: Device) -> Bool:
    """Without the record that is open the other one decides, and the eFuse lets its image run."""
    parts = []
    for index, record in enumerate(device.records):
        left = without_record(device, index)
        slot = deciding(left).slot
        is_allowed = is_version_allowed(scope, device, named_slot(left, deciding(left)).version)
        is_chosen = boot_choice(scope, left) == slot
        parts.append((is_open(record) & decides(left).is_some).implies(is_allowed & is_chosen))
    return all_of(parts)


def open_record_alone_leaves_first_image(scope: Scope, device: Device) -> Bool:
    """Where no other record decides and there is no factory, the provisioned image is in ota_0."""
    if scope.has_factory:
        return fact(True)
    return all_of(
        is_open(record).implies(decides(without_record(device, index)).is_some | is_earned(scope, device, number(0)))
        for index, record in enumerate(device.records)
    )


def open_record_alone_leaves_factory(scope: Scope, device: Device) -> Bool:
    """Where no other record decides and there is a factory image, that one starts."""
    if not scope.has_factory:
        return fact(True)
    return all_of(
        is_open(record).implies(
            decides(without_record(device, index)).is_some
            | (boot_choice(scope, without_record(device, index)) == scope.factory)
        )
        for index, record in enumerate(device.records)
    )


def open_record_alone_is_of_first_upgrade(scope: Scope, device: Device) -> Bool:
    """Where no other record decides, it is that of the first upgrade: in the first sector."""
    if can_start_over(scope):
        return fact(True)
    return all_of(
        is_open(record).implies(
            decides(without_record(device, index)).is_some | (fact(index == 0) & (record.slot == first_target(scope)))
        )
        for index, record in enumerate(device.records)
    )


def open_record_alone_leaves_no_upgrade(scope: Scope, device: Device) -> Bool:
    """Where no other record decides, nothing but the first upgrade was ever written."""
    if can_start_over(scope):
        return fact(True)
    return all_of(
        is_open(record).implies(
            decides(without_record(device, index)).is_some | is_first_upgrade(scope, without_record(device, index))
        )
        for index, record in enumerate(device.records)
    )


def valid_record_names_earned_image(scope: Scope, device: Device) -> Bool:
    """What a VALID record names was accepted."""
    return all_of(is_valid(r).implies(named_slot(device, r).is_earned) for r in device.records)


def whole_image_of_valid_record_is_earned(scope: Scope, device: Device) -> Bool:
    """If it is whole, what a VALID record names was accepted."""
    slots = [(record, named_slot(device, record)) for record in device.records]
    return all_of((is_valid(record) & slot.is_complete).implies(slot.is_earned) for record, slot in slots)


def earned_image_is_finished(scope: Scope, device: Device) -> Bool:
    """What was accepted was verified before."""
    return all_of(slot.is_earned.implies(slot.is_finished) for slot in device.slots)


def noted_image_is_complete(scope: Scope, device: Device) -> Bool:
    """What was verified, accepted or rejected verifies."""
    return all_of(
        (slot.is_finished | slot.is_earned | slot.is_rejected).implies(slot.is_complete) for slot in device.slots
    )


def bootable_record_names_whole_image(scope: Scope, device: Device) -> Bool:
    """What a record leads to is whole."""
    return all_of(r.is_bootable.implies(named_slot(device, r).is_complete) for r in device.records)


def bootable_record_names_finished_image(scope: Scope, device: Device) -> Bool:
    """What a record leads to was verified."""
    return all_of(r.is_bootable.implies(named_slot(device, r).is_finished) for r in device.records)


def two_bootable_records_differ(scope: Scope, device: Device) -> Bool:
    """Two records that may decide name two slots."""
    first, second = device.records
    return (first.is_bootable & second.is_bootable).implies(first.slot != second.slot)


def two_bootable_records_follow(scope: Scope, device: Device) -> Bool:
    """Of two records that may decide, the newer one names the slot after."""
    first, second = device.records
    return (first.is_bootable & second.is_bootable).implies(_follow(device))


def two_records_follow(scope: Scope, device: Device) -> Bool:
    """Of two records, whatever their states, the newer one names the slot after."""
    first, second = device.records
    return (first.is_right & second.is_right).implies(_follow(device))


def _follow(device: Device) -> Bool:
    """The record with the higher number names the slot after that of the other one."""
    first, second = device.records
    is_second_next = (first.seq < second.seq) & (second.slot == next_slot(device, first.slot))
    is_first_next = (second.seq < first.seq) & (first.slot == next_slot(device, second.slot))
    return is_second_next | is_first_next


def two_records_differ(scope: Scope, device: Device) -> Bool:
    """Two records name two slots, whatever their states."""
    first, second = device.records
    return (first.is_right & second.is_right).implies(first.slot != second.slot)


def bootable_second_record_differs(scope: Scope, device: Device) -> Bool:
    """A second record that may decide names another slot than the first record."""
    first, second = device.records
    return (first.is_right & second.is_bootable).implies(first.slot != second.slot)


def sector_is_parity_of_slot(scope: Scope, device: Device) -> Bool:
    """With an even number of slots, even ones have their record in the first sector."""
    if any(count % 2 for count in scope.counts or (scope.slots,)):
        return fact(True)
    return all_of(
        record.is_right.implies(record.slot.is_in(*range(index, scope.slots, 2)))
        for index, record in enumerate(device.records)
    )


COUNT_INVARIANTS: tuple[Statement, ...] = (
    slot_count_is_in_range,
    slots_of_records_are_in_range,
    slots_beyond_are_empty,
    places_are_no_slots_beyond,
)
"""Facts that go without saying where the number of slots is known."""

RECORD_FACTS: tuple[Statement, ...] = (
    *COUNT_INVARIANTS,
    task_and_running_are_in_range,
    expected_places_are_in_range,
    expectation_is_of_the_world,
    records_are_in_range,
    versions_are_in_range,
    numbers_are_below_the_top,
    right_records_alone_have_numbers,
    words_need_rollback,
    right_record_has_a_state,
    one_record_is_open,
    one_word_is_pending,
    open_record_is_newest,
    open_record_names_finished_image,
    open_record_leaves_another_choice,
    open_record_leaves_an_allowed_one,
    open_record_alone_leaves_first_image,
    open_record_alone_leaves_factory,
    open_record_alone_is_of_first_upgrade,
    open_record_alone_leaves_no_upgrade,
    valid_record_names_earned_image,
    whole_image_of_valid_record_is_earned,
    earned_image_is_finished,
    noted_image_is_complete,
    bootable_record_names_whole_image,
    bootable_record_names_finished_image,
    two_bootable_records_differ,
    two_bootable_records_follow,
    two_records_follow,
    two_records_differ,
    bootable_second_record_differs,
    sector_is_parity_of_slot,
)
"""Facts of the device as it lies there."""
