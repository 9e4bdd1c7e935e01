"""The abstraction: the bytes of a flash, the eFuse bits and the running program as the device model sees them.

Whoever sets the model against a board, or against a recording, looks through this one function, so it is trusted: it
shares no code with impl, which could be wrong in the same way, and tests/campaign/test_abstraction.py sets it, with
the model and nothing else, against what ESP-IDF was recorded to do.

Two contents of a slot cannot always be distinguished by its bytes: of an image that does not verify, the last part may
be missing (Content.PARTIAL) or something may be wrong in it (Content.BROKEN). A StoredSlot says what bytes do tell:
whether a description can be read, which version it names, and whether the image verifies. Nothing in bootloader or
application asks for more than that; where the bootloader skips validation, it also asks whether the headers are whole.

Left out of the verification: load addresses and chip revisions, which no image here has wrong. Without validation, the
load addresses are those of an ESP32. Source: esp_image_format.c image_load for images, tests/data/vectors/README.md for
records.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from functools import lru_cache

from ...model.config import Release
from ...model.device.allowance import Failed
from ...model.device.end_numbers import LAST, erased_number
from ...model.device.records import Check, Word
from ...model.device.state import Content, Phase, Scope, Task
from ...model.device.stepper import State, Stepper
from .record_view import RecordView
from .turn_abstraction import turn_in_bytes

Sectors = tuple[bytes, ...]
ReadSectors = Callable[[int, int], Sectors]
"""From a sector's address and a length in bytes to the sectors there."""

SECTOR = 0x1000
ENTRY = 32
"""Bytes of a record."""
EMPTY_NUMBER = 0xFFFFFFFF
EMPTY_BYTE = 0xFF
ESP32 = 0
"""Chip id of the images."""
DESCRIPTION = 32
"""Offset of the description in an image; its secure version follows its magic word."""
DESCRIPTION_MAGIC = 0xABCD5432


@dataclass(frozen=True, slots=True)
class Places:
    """Where on the chip the records and the slots lie."""

    otadata: int
    """Address of the first record's sector; the second one follows."""
    slots: tuple[tuple[int, int], ...]
    """(address, size) of ota_0, ota_1, … without a gap."""


@dataclass(frozen=True, slots=True)
class StoredSlot:
    """One OTA slot, as far as its bytes tell."""

    has_description: bool
    verifies: bool
    version: int
    """Secure version that the description names; 0 without one, and where nobody looks at versions."""
    loads: bool = False
    """It does not verify, and its headers are whole; False where the bootloader never skips validation."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in flash and eFuse."""

    records: tuple[RecordView, RecordView]
    slots: tuple[StoredSlot, ...]
    burned: int
    """The bits of the eFuse field; 0 where nobody looks at them."""


def unlike_parts(one: Stored, other: Stored) -> list[str]:
    """Return what differs between two contents of flash and eFuse: the fields of records and slots, by name."""
    pairs: list[tuple[RecordView | StoredSlot, RecordView | StoredSlot]] = []
    pairs += zip(one.records, other.records, strict=True)
    pairs += zip(one.slots, other.slots, strict=True)
    found = {
        f"{type(mine).__name__}.{field.name}"
        for mine, its in pairs
        for field in dataclass_fields(mine)
        if getattr(mine, field.name) != getattr(its, field.name)
    }
    return sorted(found | ({"burned"} if one.burned != other.burned else set()))


@dataclass(frozen=True, slots=True)
class Program:
    """The program that runs."""

    place: int
    """A slot, or the place of factory."""
    session: bool
    """An upgrade is in progress."""
    other_session: bool = False
    """Another handle is open on the same slot."""


def stored_in_bytes(scope: Scope, places: Places, read: ReadSectors, efuse_bits: int) -> Stored:
    """Return what the model sees of flash and eFuse."""
    first, second = read(places.otadata, 2 * SECTOR)
    return Stored(
        records=records_in_bytes(scope, first, second),
        slots=tuple(slot_in_scope(scope, read(address, size), address) for address, size in places.slots),
        burned=efuse_bits if scope.config.anti_rollback else 0,
    )


def records_in_bytes(scope: Scope, first: bytes, second: bytes) -> tuple[RecordView, RecordView]:
    """Return the records at the start of two sectors."""
    one, other = (_record_in_sector(scope, sector) for sector in (first, second))
    return ranked((one, other), scope)


def _record_in_sector(scope: Scope, sector: bytes) -> RecordView:
    if scope.is_by_turns:
        return turn_in_bytes(scope, sector[:ENTRY])
    return record_in_bytes(sector, scope.slots, scope.has_end_numbers, scope.is_patched)


def record_in_bytes(sector: bytes, slot_count: int, has_ends: bool = False, is_patched: bool = False) -> RecordView:
    """Return the record at the start of a sector, its number not ranked yet.

    has_ends: 0xFFFFFFFF is a number, too. is_patched: a try may be noted in the last byte of the label."""
    number, label, word, check = struct.unpack_from("<I20sII", sector)
    state = Word(word) if word < Word.UNDEFINED else Word.UNDEFINED
    if is_patched and state is Word.NEW and label[19] < EMPTY_BYTE:
        state = Word.PENDING_VERIFY
    fits = check == zlib.crc32(sector[:4], 0xFFFFFFFF)
    if number == EMPTY_NUMBER:
        named = ((number - 1) % slot_count, number) if fits and has_ends else (0, 0)
        return RecordView(Check.EMPTY, state, *named)
    if not fits:
        return RecordView(Check.WRONG, state)
    return RecordView(Check.RIGHT, state, (number - 1) % 2**32 % slot_count, number)


def ranked(records: tuple[RecordView, RecordView], scope: Scope) -> tuple[RecordView, RecordView]:
    """Return the records with their numbers as Numbers.RANKED keeps them."""
    first, second = records
    ranks = ranks_of((first.seq, second.seq), scope)
    return replace(first, seq=ranks[0]), replace(second, seq=ranks[1])


def ranks_of(numbers: tuple[int, int], scope: Scope) -> tuple[int, int]:
    """Return two numbers with those above the number of slots ranked by their order alone, but for the last ones."""
    above, last = scope.slots + 1, _first_of_last(scope)
    high = [above <= number < last for number in numbers]
    ranks = [above + (all(high) and number > other) for number, other in (numbers, numbers[::-1])]
    shift = EMPTY_NUMBER - erased_number(scope)
    kept = [number - shift if number >= last else number for number in numbers]
    first, second = (rank if is_high else own for rank, is_high, own in zip(ranks, high, kept, strict=True))
    return first, second


def number_meant(kept: int, scope: Scope) -> int:
    """Return the 32-bit number that a number of a state stands for, if it is one of the last; else what is given."""
    meant = kept + EMPTY_NUMBER - erased_number(scope)
    return meant if meant >= _first_of_last(scope) else kept


def _first_of_last(scope: Scope) -> int:
    """Return the 32-bit number from which on numbers keep their value; past the end where none does."""
    return EMPTY_NUMBER - LAST if scope.has_end_numbers else EMPTY_NUMBER + 1


def is_at_end(scope: Scope, record: RecordView) -> bool:
    """Tell whether the number of a record is 0, or one of the last."""
    return record.fits_though_empty or (record.is_right and not 0 < record.seq <= scope.slots + 2)


def slot_in_scope(scope: Scope, sectors: Sectors, address: int) -> StoredSlot:
    """Return what a slot at that address holds, as far as the scope tells."""
    found = slot_in_bytes(sectors)
    found = found if scope.config.anti_rollback or not found.version else replace(found, version=0)
    if not scope.skips_validation or found.verifies:
        return found
    looks_at_magic = scope.config.bootloader_release >= Release.V6_2_DEV
    return replace(found, loads=are_headers_whole(sectors, address, looks_at_magic))


@lru_cache(maxsize=4096)
def slot_in_bytes(sectors: Sectors) -> StoredSlot:
    """Return what a partition of these sectors holds."""
    contents = b"".join(sectors)
    magic, version = struct.unpack_from("<II", contents, DESCRIPTION)
    is_described = magic == DESCRIPTION_MAGIC
    return StoredSlot(is_described, is_image_right(contents), version if is_described else 0)


def is_image_right(partition: bytes) -> bool:
    """Tell whether the image at the start of a partition verifies: header, segments, checksum, hash."""
    magic, segment_count, chip, hash_appended = struct.unpack_from("<BB10xH9xB", partition)
    if magic != 0xE9 or segment_count > 16 or chip != ESP32:
        return False
    at, checksum = 24, 0xEF
    for _ in range(segment_count):
        if at + 8 > len(partition):
            return False
        (length,) = struct.unpack_from("<4xI", partition, at)
        at += 8
        if length % 4 or length >= 0x1000000 or at + length > len(partition):
            return False
        checksum ^= _xor(partition[at : at + length])
        at += length
    at += 16 - at % 16
    if at + 32 * bool(hash_appended) > len(partition) or partition[at - 1] != checksum:
        return False
    return not hash_appended or hashlib.sha256(partition[:at]).digest() == partition[at : at + 32]


@lru_cache(maxsize=4096)
def are_headers_whole(sectors: Sectors, address: int, looks_at_magic: bool) -> bool:
    """Tell whether an ESP32 loads the image at that address of flash without validation."""
    contents = b"".join(sectors)
    magic, segment_count = contents[:2]
    if looks_at_magic and (magic != 0xE9 or segment_count > 16):
        return False
    at = 24
    for _ in range(segment_count):
        if at + 8 > len(contents):
            return False
        load_address, length = struct.unpack_from("<II", contents, at)
        at += 8
        if length % 4 or length >= 0x1000000 or not _is_address_right(load_address, length, address + at):
            return False
        at += length
    return at + 16 - at % 16 + 32 * bool(contents[23]) <= len(contents)


_MAPPED = ((0x3F400000, 0x3F800000), (0x400D0000, 0x40400000))
"""Constants and code that an ESP32 maps from flash, page by page."""
_PAGE = 0x10000
_RAM = (
    (0x3FFAE000, 0x3FFE0000),
    (0x3FFF5FFC, 0x40000000),
    (0x40080000, 0x400AA000),
    (0x400C0000, 0x400C2000),
    (0x3FF80000, 0x3FF82000),
    (0x50000000, 0x50002000),
)
"""Memory of an ESP32 that a segment is copied to: DRAM, less what is IRAM too and ends before; IRAM, RTC memory."""


def _is_address_right(load_address: int, length: int, source: int) -> bool:
    """Tell whether a segment that lies at `source` in flash can be mapped, or copied, to its address."""
    if any(low <= load_address < high for low, high in _MAPPED):
        return source % _PAGE == load_address % _PAGE
    is_copied = load_address >= 0x10000000 and length
    end = load_address + length
    return not is_copied or any(low <= load_address and end <= high for low, high in _RAM)


def _xor(data: bytes) -> int:
    result = 0
    for (word,) in struct.iter_unpack("<I", data):
        result ^= word
    return (result ^ result >> 8 ^ result >> 16 ^ result >> 24) & 0xFF


def stored_in_state(stepper: Stepper, state: State) -> Stored:
    """Return what a device in that state of the model has in flash and eFuse."""
    scope, fields = stepper.model.scope, in_flash(stepper.as_dict(state))
    records = [_record_in_fields(fields, index, scope) for index in range(2)]
    return Stored(
        records=ranked((records[0], records[1]), scope),
        slots=tuple(
            StoredSlot(
                fields[f"slot{index}_content"] != Content.EMPTY,
                fields[f"slot{index}_content"] == Content.COMPLETE,
                fields.get(f"slot{index}_version", 0),
                bool(fields.get(f"slot{index}_is_loadable", 0)),
            )
            for index in range(scope.slots)
        ),
        burned=fields.get("burned", 0),
    )


def in_flash(fields: Mapping[str, int]) -> dict[str, int]:
    """Return the fields of a state with the records as they lie in flash.

    The record that is being programmed is not there yet: its sector is blank. Nor is one there that the bootloader
    goes by a copy of, having failed to write it."""
    found = dict(fields)
    for sector, failed in enumerate((fields.get("first_failed", 0), fields.get("second_failed", 0))):
        name = f"record{sector}_"
        if fields["phase"] == Phase.PROGRAM and fields["sector"] == sector:
            failed = Failed.ERASED  # noqa: PLW2901  # as blank as if nothing else had ever come of it
        check = fields[f"{name}check"]
        match Failed(failed):
            case Failed.BEFORE:
                found[f"{name}word"] = Word.PENDING_VERIFY
            case Failed.HALF if check == Check.RIGHT and fields[f"{name}seq"] == 0:
                # Number 0 has the check word of erased flash.
                found[f"{name}word"] = Word.UNDEFINED
            case Failed.ERASED | Failed.HALF:
                is_blank = failed == Failed.ERASED or check == Check.EMPTY
                found |= {f"{name}check": Check.EMPTY if is_blank else Check.WRONG, f"{name}word": Word.UNDEFINED}
                gone = ("slot", "seq", "other", "is_tried")
                found |= {f"{name}{part}": 0 for part in gone if f"{name}{part}" in found}
    return found


def _record_in_fields(fields: dict[str, int], index: int, scope: Scope) -> RecordView:
    check, word = Check(fields[f"record{index}_check"]), Word(fields[f"record{index}_word"])
    is_last = check is Check.EMPTY and fields[f"record{index}_seq"] == scope.last_number
    if check is not Check.RIGHT and not is_last:
        return RecordView(check, word)
    seq = number_meant(fields[f"record{index}_seq"], scope)
    other, is_tried = fields.get(f"record{index}_other", 0), bool(fields.get(f"record{index}_is_tried", 0))
    return RecordView(check, word, fields.get(f"record{index}_slot", 0), seq, other, is_tried)


def program_in_state(stepper: Stepper, state: State) -> Program | None:
    """Return the program of a device in that state of the model; None when none runs."""
    fields = stepper.as_dict(state)
    if fields["task"] != Task.RUN:
        return None
    return Program(fields["running"], bool(fields["session"]), bool(fields.get("other_session", 0)))


def state_of(stepper: Stepper, stored: Stored) -> State:
    """Return the state of a device that is switched off and holds this; whole images count as provisioned.

    An image that has a description and does not verify is taken to be BROKEN."""
    fields = dict(zip(stepper.names, stepper.initial, strict=True))
    for index, record in enumerate(stored.records):
        values = ((part.name, getattr(record, part.name)) for part in dataclass_fields(record))
        fields |= _present(fields, ((f"record{index}_{name}", value) for name, value in values))
    for index, slot in enumerate(stored.slots):
        content = Content.BROKEN if slot.has_description else Content.EMPTY
        fields |= _present(
            fields,
            (
                (f"slot{index}_content", Content.COMPLETE if slot.verifies else content),
                (f"slot{index}_version", slot.version),
                (f"slot{index}_is_finished", slot.verifies),
                (f"slot{index}_is_earned", slot.verifies),
                (f"slot{index}_is_loadable", slot.loads),
            ),
        )
    fields |= _present(fields, [("burned", stored.burned)])
    return tuple(fields[name] for name in stepper.names)


def _present(fields: dict[str, int], values: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return those of the values that are fields of the model."""
    return {name: int(value) for name, value in values if name in fields}
