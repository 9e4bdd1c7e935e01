"""Invariants of the records of otadata by turns, and of the one that is being rewritten."""

from dataclasses import replace
from functools import partial

from ...model.device.by_turns.turns_steps import coming, tasks_that_write
from ...model.device.calls import has_next_number
from ...model.device.device_parts import record_in, with_record
from ...model.device.logical_state import deciding
from ...model.device.records import BLANK, TOP, Numbers, Record, Word
from ...model.device.selection import boot_choice
from ...model.device.state import Device, Phase, Scope, Task, Usage
from ...model.terms.terms import Bool, Num, all_of, choose, fact
from .turns_at_rest import at_rest, is_writing, rest_state


def turned_records_are_well_formed(scope: Scope, device: Device) -> Bool:
    """A record that is right has words and places that mean something; any other is blank."""
    words = (Word.NEW, Word.VALID) if scope.config.rollback else (Word.UNDEFINED, Word.VALID)
    allowed = words + ((Word.ABORTED,) if scope.has_factory else ())
    parts = []
    for record in device.records:
        is_place = (record.other < device.slot_count) | (record.other == scope.nowhere)
        if scope.has_factory:
            is_place = is_place | (record.other == scope.factory)
        is_tried = fact(scope.config.rollback) & record.word.is_in(Word.VALID, Word.ABORTED)
        meant = record.word.is_in(*allowed) & is_place & (record.seq != 0) & record.is_tried.implies(is_tried)
        meant = meant & (~record.is_tried | (record.other != scope.nowhere))
        blank = (record.check == BLANK.check) & (record.word == BLANK.word) & (record.other == 0) & ~record.is_tried
        parts.append(choose(record.is_right, meant, blank & (record.seq == 0) & (record.slot == 0)))
    return all_of(parts)


def turned_numbers_differ(scope: Scope, device: Device) -> Bool:
    """Two right records have different numbers."""
    first, second = device.records
    return (first.is_right & second.is_right).implies(first.seq != second.seq)


def rewritten_sector_does_not_decide(scope: Scope, device: Device) -> Bool:
    """Before its erase, the sector that is being rewritten is the one that does not decide."""
    is_due = is_writing(scope, device) & (device.phase == Phase.ERASE)
    return is_due.implies(device.sector == deciding(device.records).other_sector)


def turned_numbers_have_room(scope: Scope, device: Device) -> Bool:
    """While a call writes a record, the number that decides is far enough from the end of the range."""
    is_due = is_writing(scope, device) & (device.task != Task.TRY)
    return is_due.implies(has_next_number(scope, at_rest(scope, device)))


def number_of_a_new_image_leaves_room(scope: Scope, device: Device) -> Bool:
    """The number of a marked image leaves room for the note of its try."""
    if scope.numbers is Numbers.RANKED:
        return fact(True)
    rest = at_rest(scope, device)
    record = deciding(rest.records).of(rest.records)
    return rest_state(scope, device).is_new.implies(record.seq < TOP + scope.slots)


def coming_record_follows_from_the_state(scope: Scope, device: Device) -> Bool:
    """While a record is programmed, it is the one that state and RAM ask for, with a number above the others."""
    held = record_in(device, device.sector)
    rest = at_rest(scope, device)
    is_same = partial(_is_same, has_ranks=scope.numbers is Numbers.RANKED)
    return all_of(
        (is_programming(device) & (device.task == task)).implies(is_same(held, coming(scope, rest, task)))
        for task in tasks_that_write(scope)
    )


def is_programming(device: Device) -> Bool:
    """The sector is blank, and its record is being programmed."""
    return device.phase == Phase.PROGRAM


def _is_same(one: Record, other: Record, has_ranks: bool) -> Bool:
    numbers = (one.check == other.check) & (one.word == other.word) & (one.slot == other.slot)
    return (
        numbers
        & ((one.seq == other.seq) | fact(has_ranks))
        & (one.other == other.other)
        & one.is_tried.same_as(other.is_tried)
    )


def turned_writers_alone_program(scope: Scope, device: Device) -> Bool:
    """A sector lies blank only while its record is being rewritten."""
    return is_programming(device).implies(is_writing(scope, device))


def choice_at_rest_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """Where the choice of a call is open, the state at rest and the record to come start one of the two."""
    is_due = (device.old_choice != scope.nowhere) & ~device.task.is_in(Task.STARTED, Task.STUCK)

    def is_either(place: Num) -> Bool:
        return (place == device.old_choice) | (place == device.new_choice)

    rest = is_either(boot_choice(scope, at_rest(scope, device)))
    whole = (is_programming(device) & (device.task != Task.TRY)).implies(is_either(boot_choice(scope, device)))
    coming_ones = all_of(
        (device.task == task).implies(is_either(boot_choice(scope, _with_coming(scope, device, task))))
        for task in tasks_that_write(scope)
        if task is not Task.TRY
    )
    return is_due.implies(rest & whole & (device.phase == Phase.ERASE).implies(coming_ones))


def choice_at_rest_is_old(scope: Scope, device: Device) -> Bool:
    """Where a call can raise an error, the state at rest starts what would start without the call.

    Where complete() does not restart at once, commence() may have taken the mark of an image back."""
    of_commence = (Task.COMMENCE,) if scope.usage is Usage.RESTART_AT_ONCE else ()
    raising = (Task.UNNAME, Task.ACCEPT, Task.ROLLBACK, Task.SET_BOOT, *of_commence)
    is_old = boot_choice(scope, at_rest(scope, device)) == device.old_choice
    return device.task.is_in(*raising).implies(is_old)


def _with_coming(scope: Scope, device: Device, task: Task) -> Device:
    return replace(device, records=with_record(device, device.sector, coming(scope, device, task)))


def started_choice_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """What starts is the old or the new choice, where one is open."""
    is_due = (device.old_choice != scope.nowhere) & device.task.is_in(Task.STARTED, Task.FRESH, Task.BURN_FRESH)
    return is_due.implies((device.running == device.old_choice) | (device.running == device.new_choice))
