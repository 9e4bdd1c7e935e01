"""The otadata entry: 32 bytes, its check word, and the decisions that read two of them.

The partition holds two entries, at offset 0 and at offset 4096. The newest bootable one names the slot to
boot: (ota_seq - 1) mod the number of slots. The check word covers `ota_seq` alone, so a torn `ota_state`
goes unnoticed, and "invalid" does not look at the check word at all.

The decision functions take and return plain numbers, so that they can be run on symbolic words too.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from ..model.ota_state import OtaImgState
from .program_end import Hang

ENTRY_SIZE = 32
"""Bytes of an entry: sizeof(esp_ota_select_entry_t)."""
SEQ_EMPTY = 0xFFFFFFFF
"""The `ota_seq` of erased flash: no entry."""
WORD = 1 << 32
"""Sequence numbers are counted modulo this."""

NOTE_AT = 23
"""The last byte of the label, which the patch note-in-place programs."""
_BLANK = 0xFF

_LAYOUT = struct.Struct("<I20sII")
_NO_LABEL = b"\xff" * 20


@dataclass(frozen=True, slots=True)
class SelectEntry:
    """One otadata entry. Source: esp_flash_partitions.h esp_ota_select_entry_t."""

    ota_seq: int
    """0 … 0xFFFFFFFF; 0xFFFFFFFF means no entry."""
    ota_state: int
    """An OtaImgState, or any other 32-bit word: garbage counts as bootable."""
    crc: int
    """Check word of `ota_seq` alone."""
    seq_label: bytes = _NO_LABEL
    """20 unused bytes, carried along when an entry is rewritten."""


class EntryPair(NamedTuple):
    """The two entries of an otadata partition, by sector."""

    first: SelectEntry
    second: SelectEntry


def decode_entry(raw: bytes, notes_in_place: bool = False) -> SelectEntry:
    """Return the entry that 32 bytes hold; any bytes are an entry.

    notes_in_place: a note in the label makes NEW be PENDING_VERIFY, and is no part of the entry."""
    ota_seq, seq_label, ota_state, crc = _LAYOUT.unpack(raw)
    if notes_in_place and raw[NOTE_AT] != _BLANK:
        ota_state = OtaImgState.PENDING_VERIFY if ota_state == OtaImgState.NEW else ota_state
        seq_label = seq_label[:-1] + bytes([_BLANK])
    return SelectEntry(ota_seq, ota_state, crc, seq_label)


def encode_entry(entry: SelectEntry) -> bytes:
    """Return the 32 bytes of an entry, little-endian."""
    return _LAYOUT.pack(entry.ota_seq, entry.seq_label, entry.ota_state, entry.crc)


def make_entry(ota_seq: int, ota_state: int) -> SelectEntry:
    """Return an entry with the right check word and no label."""
    return SelectEntry(ota_seq, ota_state, ota_select_crc(ota_seq))


def ota_select_crc(ota_seq: int) -> int:
    """Return the check word of an entry: the CRC-32 of `ota_seq` as 4 little-endian bytes.

    Source: bootloader_common_loader.c bootloader_common_ota_select_crc."""
    return zlib.crc32(ota_seq.to_bytes(4, "little"), 0xFFFFFFFF)


def is_crc_right(entry: SelectEntry) -> bool:
    """Tell whether the check word fits the sequence number."""
    return entry.crc == ota_select_crc(entry.ota_seq)


def is_select_invalid(entry: SelectEntry) -> bool:
    """Tell whether the entry is empty, INVALID or ABORTED; the check word does not matter.

    Source: bootloader_common_loader.c bootloader_common_ota_select_invalid."""
    return entry.ota_seq == SEQ_EMPTY or entry.ota_state in (OtaImgState.INVALID, OtaImgState.ABORTED)


def is_select_valid(entry: SelectEntry) -> bool:
    """Tell whether the bootloader may boot by this entry.

    Source: bootloader_common_loader.c bootloader_common_ota_select_valid."""
    return not is_select_invalid(entry) and is_crc_right(entry)


def is_initial(entry: SelectEntry) -> bool:
    """Tell whether the entry counts as never written: empty, or its check word is wrong.

    Source: bootloader_utility.c bootloader_utility_get_selected_boot_partition."""
    return entry.ota_seq == SEQ_EMPTY or not is_crc_right(entry)


def is_rejected(entry: SelectEntry) -> bool:
    """Tell whether the entry, with its check word right, says INVALID or ABORTED.

    Source: esp_ota_ops.c check_invalid_otadata."""
    return not is_initial(entry) and entry.ota_state in (OtaImgState.INVALID, OtaImgState.ABORTED)


def select_otadata(entries: EntryPair, usable: tuple[bool, bool], newest: bool = True) -> int | None:
    """Return which of the usable entries has the highest (else the lowest) number; entry 0 of equal ones.

    Source: bootloader_common_loader.c bootloader_common_select_otadata."""
    if all(usable):
        first, second = entries.first.ota_seq, entries.second.ota_seq
        return 0 if (first >= second if newest else first <= second) else 1
    if not any(usable):
        return None
    return 0 if usable[0] else 1


def active_otadata(entries: EntryPair) -> int | None:
    """Return which entry names the image to boot, or None without a valid one.

    Source: bootloader_common_loader.c bootloader_common_get_active_otadata."""
    return select_otadata(entries, (is_select_valid(entries.first), is_select_valid(entries.second)))


def slot_of_seq(ota_seq: int, slot_count: int) -> int:
    """Return the slot that a sequence number names; number 0 counts as 2^32."""
    return (ota_seq - 1) % WORD % slot_count


def next_seq(current: int, slot: int, slot_count: int) -> int:
    """Return the number that the C code's counting loop finds for `slot`: normally the smallest one, not
    below `current`, that names it.

    The loop adds `slot_count` in 32-bit arithmetic until it is no longer below `current`, so past the top it
    goes on with the numbers it wraps to, which name other slots unless `slot_count` divides 2^32. Where it
    finds none, this raises Hang. Source: esp_ota_ops.c compute_ota_seq_for_target_slot (6.0 and later),
    esp_rewrite_ota_data (before).
    """
    base = (slot + 1) % slot_count
    for lap in range(slot_count):
        at_least = max(base, lap * WORD + current)
        found = at_least + (base - at_least) % slot_count
        if found < (lap + 1) * WORD:
            return found % WORD
    raise Hang
