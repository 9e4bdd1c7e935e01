"""What boots: the bootloader's choice as a function of the device, and what the application says of it."""

from dataclasses import dataclass, replace

from ..terms.terms import Bool, Num, choose, fact, first_of, number
from .device_parts import burned_up_to, slot_at
from .image_loading import fallback, is_slot, is_version_allowed
from .logical_state import after_start, deciding, logical_state, starting_place
from .records import Active, Record, Records, Word, active, newest
from .state import Device, Scope


@dataclass(frozen=True, slots=True)
class Selection:
    """What the two records select."""

    start: Num
    """Place to try first; the factory's place also where there is no factory."""
    active: Active
    """The record that decided, if one did."""
    is_fresh: Bool
    """No record was ever written: the slot that starts is written down as VALID."""


def select(scope: Scope, device: Device) -> Selection:
    """Return the bootloader's selection, once nothing is PENDING_VERIFY any more. Source: IDF-BOOT-SELECT."""
    if scope.is_by_turns:
        state = logical_state(scope, device.records)
        default = number(scope.factory if scope.has_factory else 0)
        return Selection(choose(state.is_some, state.current, default), decider(scope, device.records), ~state.is_some)
    first, second = device.records
    is_never_written = first.is_initial & second.is_initial
    if scope.config.anti_rollback:
        allowed = tuple(r.is_bootable & _is_described_allowed(scope, device, r) for r in device.records)
        chosen = newest(device.records, (allowed[0], allowed[1]))
        start = choose(chosen.is_some, chosen.of(device.records).slot, number(scope.factory))
        return Selection(start, chosen, is_never_written)
    are_both_invalid = first.is_invalid & second.is_invalid
    chosen = active(device.records)
    default = number(scope.factory) if scope.has_factory else number(0)
    start = first_of(
        ((are_both_invalid, default), (chosen.is_some, chosen.of(device.records).slot)), number(scope.factory)
    )
    is_fresh = fact(False) if scope.has_factory else are_both_invalid & is_never_written
    return Selection(start, chosen, is_fresh)


def decider(scope: Scope, records: Records) -> Active:
    """Return the record that decides; none where otadata has no record, or one that selects factory."""
    if not scope.is_by_turns:
        return active(records)
    chosen = deciding(records)
    names_slot = chosen.of(records).word != Word.ABORTED
    return Active(chosen.is_first & names_slot, chosen.is_second & names_slot)


def are_of_one_slot(scope: Scope, records: Records) -> Bool:
    """Two records name the same slot; by turns, one that selects factory names none."""
    first, second = records
    name_slots = first.is_right & second.is_right
    if scope.is_by_turns:
        name_slots = name_slots & (first.word != Word.ABORTED) & (second.word != Word.ABORTED)
    return name_slots & (first.slot == second.slot)


def _is_described_allowed(scope: Scope, device: Device, record: Record) -> Bool:
    """Tell whether the slot that a record names has a description, of an allowed version; it need not verify."""
    slot = slot_at(device, record.slot)
    return slot.has_description & is_version_allowed(scope, device, slot.version)


def aborted(scope: Scope, records: Records) -> Records:
    """Return the records once the bootloader has aborted what was under test."""
    if not scope.config.rollback or scope.is_by_turns:
        return records
    first, second = (
        replace(record, word=choose(record.is_under_test, number(Word.ABORTED, 3), record.word)) for record in records
    )
    return first, second


def burned_by_boot(scope: Scope, device: Device, selection: Selection) -> Num:
    """Return the eFuse after the bootloader has burned the version that an accepted image is described to have.

    The image is not verified before that. Source: IDF-BOOT-SELECT."""
    if not scope.config.anti_rollback:
        return device.burned
    record = selection.active.of(device.records)
    slot = slot_at(device, record.slot)
    is_burned = selection.active.is_some & (record.word == Word.VALID) & slot.has_description
    return choose(is_burned, burned_up_to(scope, device.burned, slot.version), device.burned)


def boot_choice(scope: Scope, device: Device) -> Num:
    """Return the place that starts at the next power-on, when no further cut comes; nowhere when nothing does."""
    if scope.is_by_turns:
        return starting_place(scope, replace(device, is_power_on=fact(scope.skips_at_power_on_alone)))
    rested = replace(device, records=aborted(scope, device.records), is_power_on=fact(scope.skips_at_power_on_alone))
    selection = select(scope, rested)
    rested = replace(rested, burned=burned_by_boot(scope, rested, selection))
    return fallback(scope, rested, selection.start)


def records_after_boot(scope: Scope, device: Device) -> Records:
    """Return the records once a power-on has run to its end."""
    if scope.is_by_turns:
        return device_after_boot(scope, device).records
    rested = replace(device, records=aborted(scope, device.records))
    selection = select(scope, rested)
    place = boot_choice(scope, device)
    first, second = rested.records
    if scope.config.rollback:
        first, second = (
            replace(r, word=choose(is_it & (r.word == Word.NEW), number(Word.PENDING_VERIFY, 3), r.word))
            for r, is_it in ((first, selection.active.is_first), (second, selection.active.is_second))
        )
    return fresh_record(selection.is_fresh & is_slot(scope, place), place, first), second


def device_after_boot(scope: Scope, device: Device) -> Device:
    """Return the device once a power-on has run to its end: its records and its eFuse, all else as it was."""
    if scope.is_by_turns:
        after = after_start(scope, replace(device, is_power_on=fact(scope.skips_at_power_on_alone)))
        return replace(device, records=after.records, burned=after.burned)
    rested = replace(device, records=aborted(scope, device.records))
    selection = select(scope, rested)
    place = boot_choice(scope, device)
    burned = burned_by_boot(scope, rested, selection)
    is_fresh = selection.is_fresh & is_slot(scope, place)
    version = slot_at(device, place).version
    burned = choose(is_fresh, burned_up_to(scope, burned, version), burned)
    return replace(device, records=records_after_boot(scope, device), burned=burned)


def fresh_record(condition: Bool, place: Num, otherwise: Record) -> Record:
    """Return, where the condition holds, the VALID record that names the slot at a place with its lowest number."""
    return Record(
        choose(condition, number(2), otherwise.check),
        choose(condition, number(Word.VALID), otherwise.word),
        choose(condition, place, otherwise.slot),
        choose(condition, place + number(1, 5), otherwise.seq),
    )


def next_update_slot(device: Device) -> Num:
    """Return the slot that commence() and complete() act on: the next one round. Source: IDF-OTA-NEXT-UPDATE."""
    return choose(device.running < device.slot_count - 1, device.running + 1, number(0))


def boot_partition(scope: Scope, records: Records) -> Num:
    """Return the place that info() says boots next: what the active record names, no image looked at.

    Source: IDF-OTA-GET-BOOT."""
    chosen = decider(scope, records)
    default = number(scope.factory) if scope.has_factory else number(0)
    return choose(chosen.is_some, chosen.of(records).slot, default)
