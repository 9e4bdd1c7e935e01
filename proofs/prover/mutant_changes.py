"""What is wrong with the mutants: changes of an action of the device model, each in one thing."""

from collections.abc import Callable
from dataclasses import replace

from ...model.device.action import Action
from ...model.device.calls import has_next_number
from ...model.device.device_parts import record_in, slot_at, with_record, with_slot
from ...model.device.image_loading import is_version_allowed
from ...model.device.records import BLANK, Word, active
from ...model.device.selection import next_update_slot
from ...model.device.state import Content, Device, Scope, Slot, Task
from ...model.terms.terms import Num, choose, fact, number

Change = Callable[[Scope, Device, Action], Action | None]
"""From an action to what the mutant does instead; None: it never does it."""


def programs(word: Word) -> Change:
    """The record gets another state word."""

    def change(scope: Scope, device: Device, action: Action) -> Action:
        record = replace(record_in(action.then, device.sector), word=number(word, 3))
        return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))

    return change


def in_sector(sector: Callable[[Device], Num]) -> Change:
    """Another sector is rewritten."""
    return lambda scope, device, action: replace(action, then=replace(action.then, sector=sector(device)))


def active_sector(device: Device) -> Num:
    """Return the sector of the record that decides."""
    return active(device.records).sector


def other_sector(device: Device) -> Num:
    """Return the other sector."""
    return active(device.records).other_sector


def always_between_calls(scope: Scope, device: Device, action: Action) -> Action:
    """The call is never refused."""
    return replace(action, when=fact(True))


def never(scope: Scope, device: Device, action: Action) -> None:
    """The call is always refused."""


def commences_under_test(scope: Scope, device: Device, action: Action) -> Action:
    """commence() does not ask whether the image is under test."""
    return replace(action, when=~device.session & (next_update_slot(device) != device.running))


def commences_on_itself(scope: Scope, device: Device, action: Action) -> Action:
    """commence() does not ask whether there is another slot."""
    return replace(action, when=~device.session)


def wipes_running(scope: Scope, device: Device, action: Action) -> Action:
    """The running slot is empty."""
    empty = Slot(number(Content.EMPTY, 2), number(0), fact(False), fact(False), fact(False))
    return replace(action, then=replace(action.then, slots=with_slot(device, device.running, empty)))


def marks_unverified(scope: Scope, device: Device, action: Action) -> Action:
    """complete() does not ask whether the image verifies."""
    target = slot_at(device, next_update_slot(device))
    return replace(
        action,
        when=device.session
        & target.has_description
        & has_next_number(scope, device)
        & is_version_allowed(scope, device, target.version),
    )


def names_running(scope: Scope, device: Device, action: Action) -> Action:
    """The record names the running slot."""
    record = replace(record_in(action.then, device.sector), slot=device.running)
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def erases_both(scope: Scope, device: Device, action: Action) -> Action:
    """The other record is blank, too."""
    other = choose(device.sector == 0, number(1), number(0))
    records = with_record(action.then, other, BLANK)
    return replace(action, then=replace(action.then, records=records))


def starts_without_looking(scope: Scope, device: Device, action: Action) -> Action:
    """What the record names starts, whatever it is."""
    chosen = active(device.records)
    place = choose(chosen.is_some, chosen.of(device.records).slot, number(0))
    return replace(action, then=replace(action.then, task=number(Task.STARTED), running=place))


def names_next(scope: Scope, device: Device, action: Action) -> Action:
    """The record names the slot after the one that it is of."""
    record = replace(record_in(action.then, device.sector), slot=next_update_slot(device))
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def writes_running(scope: Scope, device: Device, action: Action) -> Action:
    """The running slot holds the first part of an image."""
    begun = replace(slot_at(device, device.running), content=number(Content.PARTIAL, 2))
    return replace(action, then=replace(action.then, slots=with_slot(device, device.running, begun)))


def clears_efuse(scope: Scope, device: Device, action: Action) -> Action:
    """No bit of the eFuse field is burned."""
    return replace(action, then=replace(action.then, burned=number(0)))


def adds_sixteen_laps(scope: Scope, device: Device, action: Action) -> Action:
    """The record gets a number that is sixteen laps too high."""
    record = record_in(action.then, device.sector)
    record = replace(record, seq=record.seq + number(16 * scope.slots, 32))
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def leaves_blank(scope: Scope, device: Device, action: Action) -> Action:
    """The record is blank."""
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, BLANK)))


def forgets_records(scope: Scope, device: Device, action: Action) -> Action:
    """Both records are blank."""
    return replace(action, then=replace(action.then, records=(BLANK, BLANK)))


def leaves_other_pending(scope: Scope, device: Device, action: Action) -> Action:
    """The other record is PENDING_VERIFY."""
    other = number(1) - device.sector
    pending = replace(record_in(device, other), word=number(Word.PENDING_VERIFY, 3))
    return replace(action, then=replace(action.then, records=with_record(action.then, other, pending)))


def keeps_spare(scope: Scope, device: Device, action: Action) -> Action:
    """commence() is done, and the spare record is as it was."""
    nowhere = number(scope.nowhere)
    done = replace(action.then, task=number(Task.RUN), sector=number(0), old_choice=nowhere, new_choice=nowhere)
    return replace(action, then=done)
