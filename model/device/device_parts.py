"""Parts of a device read and changed: a slot by its place, a record by its sector, the eFuse; one of two devices."""

from dataclasses import replace

from ..terms.terms import Bool, Num, any_of, choose, first_of, number, table
from .records import Record, Records, either
from .state import Device, Scope, Slot


def slot_at(device: Device, place: Num) -> Slot:
    """Return the slot at a place; the last one for any place that is no slot."""
    *cases, last = device.slots
    is_there = [place == index for index in range(len(cases))]
    return Slot(
        first_of(((here, slot.content) for here, slot in zip(is_there, cases, strict=True)), last.content),
        first_of(((here, slot.version) for here, slot in zip(is_there, cases, strict=True)), last.version),
        any_of(
            here & slot.is_finished for here, slot in zip([*is_there, place == len(cases)], device.slots, strict=True)
        ),
        any_of(
            here & slot.is_earned for here, slot in zip([*is_there, place == len(cases)], device.slots, strict=True)
        ),
        any_of(
            here & slot.is_rejected for here, slot in zip([*is_there, place == len(cases)], device.slots, strict=True)
        ),
        any_of(
            here & slot.is_loadable for here, slot in zip([*is_there, place == len(cases)], device.slots, strict=True)
        ),
    )


def with_slot(device: Device, place: Num, new: Slot) -> tuple[Slot, ...]:
    """Return the slots with the one at a place changed."""
    return tuple(
        Slot(
            choose(place == index, new.content, old.content),
            choose(place == index, new.version, old.version),
            choose(place == index, new.is_finished, old.is_finished),
            choose(place == index, new.is_earned, old.is_earned),
            choose(place == index, new.is_rejected, old.is_rejected),
            choose(place == index, new.is_loadable, old.is_loadable),
        )
        for index, old in enumerate(device.slots)
    )


def with_rejected(device: Device, place: Num, is_rejected: Bool, when: Bool) -> tuple[Slot, ...]:
    """Return the slots with the one at a place noted as rejected or not, where the condition holds."""
    return tuple(
        replace(slot, is_rejected=choose(when & (place == index), is_rejected, slot.is_rejected))
        for index, slot in enumerate(device.slots)
    )


def without_origin(scope: Scope, device: Device, place: Num) -> Device:
    """Return the device once the image of a slot is gone: there is no way back to it, or from it."""
    is_lost = (device.upgraded == place) | (device.upgraded_from == place)
    nowhere = number(scope.nowhere)
    return replace(
        device,
        upgraded=choose(is_lost, nowhere, device.upgraded),
        upgraded_from=choose(is_lost, nowhere, device.upgraded_from),
    )


def with_record(device: Device, sector: Num, new: Record) -> Records:
    """Return the records with the one in a sector changed."""
    is_second = sector == 1
    return either(is_second, device.records[0], new), either(is_second, new, device.records[1])


def whichever(condition: Bool, then: Device, otherwise: Device) -> Device:
    """Return one of two devices."""

    def part(one: Num, other: Num) -> Num:
        return choose(condition, one, other)

    first, second = (either(condition, a, b) for a, b in zip(then.records, otherwise.records, strict=True))
    return Device(
        slot_count=part(then.slot_count, otherwise.slot_count),
        task=part(then.task, otherwise.task),
        phase=part(then.phase, otherwise.phase),
        sector=part(then.sector, otherwise.sector),
        running=part(then.running, otherwise.running),
        session=choose(condition, then.session, otherwise.session),
        other_session=choose(condition, then.other_session, otherwise.other_session),
        asked=part(then.asked, otherwise.asked),
        progress=part(then.progress, otherwise.progress),
        first_failed=part(then.first_failed, otherwise.first_failed),
        second_failed=part(then.second_failed, otherwise.second_failed),
        pin=part(then.pin, otherwise.pin),
        download_flag=choose(condition, then.download_flag, otherwise.download_flag),
        is_power_on=choose(condition, then.is_power_on, otherwise.is_power_on),
        records=(first, second),
        slots=tuple(
            Slot(
                part(a.content, b.content),
                part(a.version, b.version),
                choose(condition, a.is_finished, b.is_finished),
                choose(condition, a.is_earned, b.is_earned),
                choose(condition, a.is_rejected, b.is_rejected),
                choose(condition, a.is_loadable, b.is_loadable),
            )
            for a, b in zip(then.slots, otherwise.slots, strict=True)
        ),
        burned=part(then.burned, otherwise.burned),
        expectation=part(then.expectation, otherwise.expectation),
        expected=part(then.expected, otherwise.expected),
        previous=part(then.previous, otherwise.previous),
        old_choice=part(then.old_choice, otherwise.old_choice),
        new_choice=part(then.new_choice, otherwise.new_choice),
        upgraded=part(then.upgraded, otherwise.upgraded),
        upgraded_from=part(then.upgraded_from, otherwise.upgraded_from),
        chance=then.chance,
        chance_slot=then.chance_slot,
        chance_word=then.chance_word,
    )


def record_in(device: Device, sector: Num) -> Record:
    """Return the record of a sector."""
    return either(sector == 1, device.records[1], device.records[0])


def other_record(device: Device) -> Record:
    """Return the record of the sector that is not being rewritten."""
    return either(device.sector == 1, device.records[0], device.records[1])


def burned_up_to(scope: Scope, burned: Num, version: Num) -> Num:
    """Return the eFuse bits after a burn up to a version: as they are when it would program a bit again.

    Source: IDF-EFUSE-UPDATE."""
    if not scope.config.anti_rollback:
        return burned
    rows = range(1 << (scope.versions - 1))
    return table(version, (table(burned, (burn(bits, wanted) for bits in rows)) for wanted in range(scope.versions)))


def burn(bits: int, version: int) -> int:
    """Return what a whole burn up to a version makes of eFuse bits."""
    new_bits = ((1 << version) - 1) - ((1 << bits.bit_count()) - 1)
    return bits if new_bits <= 0 or new_bits & bits else bits | new_bits


def efuse_version(scope: Scope, burned: Num) -> Num:
    """Return the secure version of the eFuse: how many bits are burned. Source: IDF-EFUSE-VERSION."""
    if not scope.config.anti_rollback:
        return number(0)
    return table(burned, (bits.bit_count() for bits in range(1 << (scope.versions - 1))))
