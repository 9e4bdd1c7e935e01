"""Raw otadata bytes as the life-cycle table speaks of them. Shares no code with impl: both could be wrong alike.

An entry is 32 bytes, little-endian: number at 0, state word at 24, check word at 28. Source: the vectors' README.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from otaproof.model.config import Config
from otaproof.model.slot.situation import Place, Situation, State

EMPTY = 0xFFFFFFFF
NEW, PENDING_VERIFY, VALID, INVALID, ABORTED = range(5)
WORDS = {
    State.NEW: NEW,
    State.TESTING: PENDING_VERIFY,
    State.VALID: VALID,
    State.INVALID: INVALID,
    State.ABORTED: ABORTED,
    State.UNDEFINED: EMPTY,
}
READINGS = {word: state for state, word in WORDS.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """An otadata entry."""

    number: int
    word: int
    """The state word."""
    has_good_check: bool

    @property
    def is_empty(self) -> bool:
        """Neither bootloader nor application finds anything here."""
        return self.number == EMPTY or not self.has_good_check

    @property
    def is_rejected(self) -> bool:
        """Whatever its check word says, it may not be booted."""
        return self.number == EMPTY or self.word in (INVALID, ABORTED)

    @property
    def is_bootable(self) -> bool:
        """It may be selected."""
        return self.has_good_check and not self.is_rejected

    @property
    def is_ordinary(self) -> bool:
        """The table speaks of it: its number is not at an end of the range."""
        return not self.has_good_check or 0 < self.number < 0xFFFFFF00

    def slot(self, slot_count: int) -> int:
        """Return the slot that the number names."""
        return (self.number - 1) % 2**32 % slot_count


Records = tuple[Record, Record]


@dataclass(frozen=True, slots=True)
class Moment:
    """A device just before something happens to it, as far as slots are concerned."""

    config: Config
    slot_count: int
    """Slots ota_0 … without a gap."""
    has_factory: bool
    records: Records
    running: int | None = None
    """The slot whose image runs; None: factory, or the device is off."""


def parse_record(raw: bytes) -> Record:
    """Return the entry in the first 32 bytes of its sector."""
    number, word, check = struct.unpack("<I20xII", raw[:32])
    return Record(number, word, check == zlib.crc32(raw[:4], 0xFFFFFFFF))


def make_record(number: int, word: int) -> bytes:
    """Return the 32 bytes of an entry with a good check word."""
    raw = struct.pack("<I", number)
    return raw + b"\xff" * 20 + struct.pack("<II", word, zlib.crc32(raw, 0xFFFFFFFF))


def selected(records: Sequence[Record]) -> int | None:
    """Return which record decides what boots."""
    bootable = [index for index in (0, 1) if records[index].is_bootable]
    return max(bootable, key=lambda index: (records[index].number, -index), default=None)


def reported(records: Records, slot: int, slot_count: int) -> tuple[State, State]:
    """Return what info() says of a slot, and what the second record that names it says: none without one."""
    found = [records[index] for index in _naming(records, slot, slot_count)]
    states = [READINGS.get(record.word, State.UNDEFINED) for record in found]
    first, second, *_ = [*states, State.NONE, State.NONE]
    return first, second


def next_slot(running: int | None, slot_count: int) -> int:
    """Return the slot that commence() takes: the one after the running one, or the first."""
    return 0 if running is None else (running + 1) % slot_count


def situations(
    moment: Moment,
    *,
    is_refused: bool = False,
    started: int | None = None,
    is_test_pin_held: bool = False,
) -> Mapping[int, tuple[State, Situation]]:
    """Return for each slot its state and how it stands to what happens.

    started: for a reset, the slot whose image starts.
    """
    records, count = moment.records, moment.slot_count
    active = selected(records)
    target = next_slot(moment.running, count)
    looked_at = _aborted(records) if moment.config.rollback else records
    is_fresh = not moment.has_factory and _counts_for_nothing(looked_at, moment.config)
    found = {}
    for slot in range(count):
        naming = _naming(records, slot, count)
        first = naming[0] if naming else None
        state, hidden = reported(records, slot, count)
        found[slot] = (
            state,
            Situation(
                config=moment.config,
                place=_place(first, active),
                in_first_sector=first == 0,
                hidden=hidden,
                is_running=slot == moment.running,
                is_target=slot == target,
                target_is_selected=active is not None and records[active].slot(count) == target,
                is_refused=is_refused,
                is_chosen=first is not None and selected(looked_at) == first,
                is_fresh=is_fresh and not is_test_pin_held,
                is_started=slot == started,
            ),
        )
    return found


def after_look(records: Records, config: Config) -> Records:
    """Return the records after the bootloader has selected, and before it starts an image."""
    if not config.rollback:
        return records
    looked_at = _aborted(records)
    chosen = selected(looked_at)
    first, second = (
        replace(record, word=PENDING_VERIFY) if index == chosen and record.word == NEW else record
        for index, record in enumerate(looked_at)
    )
    return first, second


def _naming(records: Records, slot: int, slot_count: int) -> list[int]:
    return [index for index in (0, 1) if records[index].has_good_check and records[index].slot(slot_count) == slot]


def _place(first: int | None, active: int | None) -> Place:
    if first is None:
        return Place.ABSENT
    if active is None:
        return Place.REJECTED
    return Place.SELECTED if active == first else Place.SPARE


def _aborted(records: Records) -> Records:
    """The bootloader begins by aborting what was under test, whatever its check word."""
    first, second = (replace(record, word=ABORTED) if record.word == PENDING_VERIFY else record for record in records)
    return first, second


def _counts_for_nothing(records: Records, config: Config) -> bool:
    all_empty = all(record.is_empty for record in records)
    return all_empty and (config.anti_rollback or all(record.is_rejected for record in records))
