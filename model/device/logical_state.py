"""The logical state that two records hold, and what the bootloader makes of it. Source: selector/DESIGN.md."""

from dataclasses import dataclass, replace

from ..terms.terms import Bool, Num, any_of, choose, fact, first_of, number
from .device_parts import burned_up_to, slot_at, with_record
from .image_loading import fallback, is_version_allowed, passes
from .records import Active, Check, Record, Records, Word, either, newest, next_seq
from .state import Device, Scope


@dataclass(frozen=True, slots=True)
class LogicalState:
    """What the record that decides says."""

    is_some: Bool
    """A record decides; without one, the other parts say nothing."""
    word: Num
    """NEW, VALID (with `is_tried`: TRIED), or UNDEFINED (SELECTED)."""
    current: Num
    """Place."""
    other: Num
    """Place, or nowhere."""
    is_tried: Bool
    """`other` was tried and is not accepted."""

    @property
    def is_new(self) -> Bool:
        """It is NEW."""
        return self.is_some & ~self.is_tried & (self.word == Word.NEW)

    @property
    def is_selected(self) -> Bool:
        """It is SELECTED, as only a build without rollback writes."""
        return self.is_some & (self.word == Word.UNDEFINED)

    @property
    def has_way_back(self) -> Bool:
        """It is VALID or SELECTED, so that rollback may go to `other`."""
        return self.is_some & ~self.is_tried & self.word.is_in(Word.VALID, Word.UNDEFINED)

    def selects(self, place: Num | int) -> Bool:
        """The place is the current one."""
        return self.is_some & (self.current == place)

    def keeps(self, place: Num | int) -> Bool:
        """The place may be started or gone back to."""
        return self.is_some & ((self.current == place) | (~self.is_tried & (self.other == place)))


def deciding(records: Records) -> Active:
    """Return which record decides: the right one with the higher number."""
    return newest(records, (records[0].is_right, records[1].is_right))


def logical_state(scope: Scope, records: Records) -> LogicalState:
    """Return the state that the records hold."""
    chosen = deciding(records)
    record = chosen.of(records)
    is_factory = record.word == Word.ABORTED
    word = choose(is_factory, number(Word.VALID, 3), record.word)
    current = choose(is_factory, number(scope.factory, scope.place_bits), record.slot)
    return LogicalState(chosen.is_some, word, current, record.other, record.is_tried)


def is_on_trial(scope: Scope, device: Device) -> Bool:
    """Tell whether the image that runs is on trial."""
    state = logical_state(scope, device.records)
    is_tried = state.is_some & state.is_tried & (state.other == device.running)
    return fact(scope.config.rollback) & (is_tried | (state.is_new & (state.current == device.running)))


def told_word(scope: Scope, device: Device, place: Num | int) -> tuple[Bool, Num]:
    """Return whether the state names a place, and the word that info() tells of it."""
    state = logical_state(scope, device.records)
    back = number(settled_word(scope), 3)
    is_current = state.selects(place)
    # What runs on trial is told to be, also where its try could not be noted.
    is_tested = is_on_trial(scope, device) & (device.running == place)
    word = choose(is_current, state.word, choose(state.is_tried, number(Word.ABORTED, 3), back))
    word = choose(is_tested, number(Word.PENDING_VERIFY, 3), word)
    return is_current | (state.is_some & (state.other == place)), word


def record_of(
    scope: Scope, device: Device, word: Word | Num, current: Num, other: Num, is_tried: bool = False
) -> Record:
    """Return the record that puts a state in force: with the next number that names its slot, for factory the next."""
    chosen = deciding(device.records)
    before = chosen.of(device.records)
    lap = number(device.slot_count, 5)
    is_factory = current == scope.factory
    ahead = next_seq(before, current, device.slot_count)
    ahead = choose(before.slot == current, before.seq + lap, ahead)
    following = before.seq + number(1, scope.seq_bits)
    next_slot = choose(before.slot + number(1, 5) == lap, number(0), before.slot + number(1, 5))
    is_some = chosen.is_some
    zero = number(0)
    return Record(
        number(Check.RIGHT, 2),
        choose(is_factory, number(Word.ABORTED, 3), number(word, 3)),
        choose(is_factory, choose(is_some, next_slot, zero), current),
        choose(
            is_some,
            choose(is_factory, following, ahead),
            choose(is_factory, number(1), current + number(1, scope.place_bits)),
        ),
        other,
        fact(is_tried),
    )


def settled_word(scope: Scope) -> Word:
    """Return the word of a place that is selected for good: SELECTED without rollback, as nobody has accepted it."""
    return Word.VALID if scope.config.rollback else Word.UNDEFINED


def loads(scope: Scope, device: Device, place: Num) -> Bool:
    """Tell whether the image at a place loads."""
    slots = any_of((place == index) & passes(scope, device, slot) for index, slot in enumerate(device.slots))
    factory = fact(scope.has_factory) & is_version_allowed(scope, device, number(0))
    return slots | ((place == scope.factory) & factory)


def home(scope: Scope, state: LogicalState) -> Num:
    """Return where a failed try of a NEW state goes back to: to itself where there is no other place."""
    return choose(state.other == scope.nowhere, state.current, state.other)


def starting_place(scope: Scope, device: Device) -> Num:
    """Return the place that the bootloader starts, once it has written what it writes before; nowhere for none."""
    state = logical_state(scope, device.records)
    tries = state.is_new & fact(scope.config.rollback)
    first = choose(tries, home(scope, state), state.current)
    default = number(scope.factory if scope.has_factory else 0, scope.place_bits)
    return first_of(
        (
            (~state.is_some, fallback(scope, device, default)),
            (loads(scope, device, state.current), state.current),
            (loads(scope, device, first), first),
            (state.has_way_back & loads(scope, device, state.other), state.other),
        ),
        fallback(scope, device, first),
    )


def tried_record(scope: Scope, device: Device) -> Record:
    """Return the record by which the bootloader notes the try of a NEW state."""
    state = logical_state(scope, device.records)
    return record_of(scope, device, Word.VALID, home(scope, state), state.current, is_tried=True)


def first_record(scope: Scope, device: Device, place: Num) -> Record:
    """Return the record of a place that starts although no record decides."""
    return record_of(scope, device, Word.VALID, place, number(scope.nowhere))


def burned_by_start(scope: Scope, device: Device) -> Num:
    """Return the eFuse once the bootloader has burned the version of an accepted image that it is about to start."""
    state = logical_state(scope, device.records)
    is_accepted = state.is_some & (state.word == Word.VALID) & ~state.is_tried
    is_burned = is_accepted & (state.current < scope.slots) & loads(scope, device, state.current)
    return choose(is_burned, burned_up_to(scope, device.burned, slot_at(device, state.current).version), device.burned)


def after_start(scope: Scope, device: Device) -> Device:
    """Return the device once a power-on has run to its end: its records and its eFuse, all else as it was."""
    state = logical_state(scope, device.records)
    place = starting_place(scope, device)
    is_first = ~state.is_some & (place != scope.nowhere)
    is_written = is_first | (state.is_new & fact(scope.config.rollback))
    sector = deciding(device.records).other_sector
    written = with_record(
        device, sector, either(is_first, first_record(scope, device, place), tried_record(scope, device))
    )
    first, second = (either(is_written, new, old) for new, old in zip(written, device.records, strict=True))
    of_first = burned_up_to(scope, device.burned, slot_at(device, place).version)
    burned = choose(is_first & (place < scope.slots), of_first, burned_by_start(scope, device))
    return replace(device, records=(first, second), burned=burned)
