"""The bootloader, from reset to a started image, as micro-steps. Source: bootloader_utility.c, bootloader_start.c."""

from dataclasses import replace

from ..terms.terms import Bool, Num, choose, fact, number
from .action import Action, Actions, Kind
from .device_parts import burned_up_to, record_in, slot_at
from .image_loading import fallback, is_slot
from .records import Record, Sector, Word
from .selection import Selection, boot_choice, burned_by_boot, records_after_boot, select
from .state import Device, Expectation, Phase, Scope, Task


def without_program(scope: Scope, device: Device, task: Task) -> Device:
    """Return the device when what RAM and processor held is gone, and `task` comes next.

    Without power, nothing is expected of a rollback() any more: it was to restart, and did not get there."""
    is_forgotten = fact(task is Task.OFF) & (device.expectation == Expectation.REFUSED)
    return replace(
        device,
        expectation=choose(is_forgotten, number(Expectation.NONE), device.expectation),
        expected=choose(is_forgotten, number(scope.nowhere), device.expected),
        previous=choose(is_forgotten, number(scope.nowhere), device.previous),
        task=number(task),
        phase=number(Phase.ERASE),
        sector=number(Sector.FIRST),
        running=number(scope.nowhere),
        session=fact(False),
        other_session=fact(False),
        asked=number(0),
        is_power_on=fact(False),
    )


def boot_steps(scope: Scope, device: Device) -> Actions:
    """Yield the steps of the bootloader, flash operations left out."""
    yield Action("power_on", (Task.OFF,), fact(True), _powered(scope, device), Kind.RESET, "IDF-BOOT-SELECT")
    first, second = device.records
    pending = fact(scope.config.rollback) & (first.is_under_test | second.is_under_test)
    sector = choose(first.is_under_test, number(Sector.FIRST), number(Sector.SECOND))
    selection = select(scope, device)
    chosen = selection.active.of(device.records)
    is_new = fact(scope.config.rollback) & selection.active.is_some & (chosen.word == Word.NEW)
    burns = burned_by_boot(scope, device, selection) != device.burned

    def decide(name: str, when: Bool, then: Device) -> Action:
        return Action(name, (Task.SELECT,), when, then, Kind.BOOT, "IDF-BOOT-SELECT")

    yield decide("boot_aborts", pending, replace(device, task=number(Task.ABORT), sector=sector))
    yield decide(
        "boot_tries_new",
        ~pending & is_new,
        replace(device, task=number(Task.TRY), sector=selection.active.sector),
    )
    yield decide(
        "boot_burns",
        ~pending & ~is_new & burns,
        replace(device, task=number(Task.BURN), sector=selection.active.sector),
    )
    yield decide(
        "boot_starts",
        ~pending & ~is_new & ~burns,
        launched(scope, device, selection.start, selection),
    )
    yield Action(
        "image_begins",
        (Task.STARTED,),
        fact(True),
        _begun(scope, device),
        Kind.BOOT,
        "IDF-BOOT-LOAD",
    )


def launched(scope: Scope, device: Device, start: Num, selection: Selection | None = None) -> Device:
    """Return the device as the first image in fallback order starts; a fresh one writes its record first."""
    place = fallback(scope, device, start)
    is_fresh = fact(False) if selection is None else selection.is_fresh & is_slot(scope, place)
    is_found = place != scope.nowhere
    started = choose(is_fresh, number(Task.FRESH), number(Task.STARTED))
    return replace(
        device,
        task=choose(is_found, started, number(Task.STUCK)),
        phase=number(Phase.ERASE),
        sector=number(Sector.FIRST),
        running=place,
        is_power_on=fact(False),
    )


def fresh(scope: Scope, device: Device) -> Record:
    """Return the record that the bootloader writes for the slot that it starts. Source: IDF-BOOT-LOAD."""
    return Record(number(2), number(Word.VALID, 3), device.running, device.running + number(1, 5))


def burned_for(scope: Scope, device: Device) -> Num:
    """Return the eFuse once the burn that is going on is done; the factory's image has version 0."""
    is_boot = device.task == Task.BURN
    place = choose(is_boot, record_in(device, device.sector).slot, device.running)
    version = choose(is_slot(scope, place), slot_at(device, place).version, number(0))
    return burned_up_to(scope, device.burned, version)


def _powered(scope: Scope, device: Device) -> Device:
    """Return the device as power comes on; it notes what the power-on may choose, unless a call's cut is open."""
    is_open = device.old_choice != scope.nowhere
    after = replace(device, records=records_after_boot(scope, device))
    old, new = boot_choice(scope, device), boot_choice(scope, after)
    return replace(
        device,
        task=number(Task.SELECT),
        is_power_on=fact(scope.skips_at_power_on_alone),
        old_choice=choose(is_open, device.old_choice, old),
        new_choice=choose(is_open, device.new_choice, new),
    )


def _begun(scope: Scope, device: Device) -> Device:
    """Return the device as the started image begins to run; expectations on the start are settled."""
    is_upgraded = (device.expectation == Expectation.MARKED) & (device.running == device.expected)
    settled = after_try(scope, device, device.expectation != Expectation.ACCEPTED)
    return replace(
        settled,
        task=number(Task.RUN),
        old_choice=number(scope.nowhere),
        new_choice=number(scope.nowhere),
        upgraded=choose(is_upgraded, device.running, device.upgraded),
        upgraded_from=choose(is_upgraded, device.previous, device.upgraded_from),
    )


def after_try(scope: Scope, device: Device, when: Bool) -> Device:
    """Return the device once what is expected of the next start is over, where the condition holds.

    With rollback, a marked image has used up its one try: what ran when it was marked comes next."""
    is_tried = (device.expectation == Expectation.MARKED) & fact(scope.config.rollback)
    expectation = choose(is_tried, number(Expectation.TRIED), number(Expectation.NONE))
    nowhere = number(scope.nowhere)
    return replace(
        device,
        expectation=choose(when, expectation, device.expectation),
        expected=choose(when, choose(is_tried, device.previous, nowhere), device.expected),
        previous=choose(when, nowhere, device.previous),
    )
