"""Tokens of sessions: a device, what a session brings to it, and where the power fails in it, in a line of text.

A token carries everything that decides what happens, except the bytes of images (campaign/noted_device.py) and of
bootloaders. Of a bootloader it keeps its lengths, its checksum and the first 8 hex digits of its SHA-256, and a replay
without the file builds one of that length and checksum, so that the same bytes of it have to be there before the ROM
starts it. A partition table is kept whole. The text is "ots1." and the base64url of a deflated JSON list.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.chips import CHIPS
from ...impl.chip.flash import Strictness
from ...impl.chip.torn_operations import Torn
from ...impl.image.format import (
    CHECKSUM_BLOCK,
    CHECKSUM_SEED,
    HASH_SIZE,
    IMAGE_HEADER_SIZE,
    SEGMENT_HEADER_SIZE,
    encode_image,
    xor_bytes,
)
from ...impl.rom import read_bootloader
from ...model.config import Chip
from ..noted_device import (
    NotedDevice,
    by_digest,
    check_numbers,
    decode_device,
    device_of_note,
    digest_of,
    encode_device,
    note_device,
)
from ..token_packing import pack_token, unpack_token
from .session import SessionCut, SessionDevice, UpdateKind
from .settled_start import StartKind

SESSION_PREFIX = "ots1."
_LEAST_LENGTH = (IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE) // CHECKSUM_BLOCK * CHECKSUM_BLOCK + CHECKSUM_BLOCK
"""Bytes up to the checksum of a bootloader with one segment and nothing in it."""
_ERASED = b"\xff"


@dataclass(frozen=True, slots=True)
class BootloaderNote:
    """What a token keeps of a bootloader."""

    length: int
    """Bytes up to its checksum, included: all that the ROM looks at."""
    size: int
    """Bytes of the file."""
    checksum: int
    digest: str


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A token of a session, taken apart."""

    kind: UpdateKind
    cut: SessionCut | None
    """None: the session goes through."""
    start: StartKind
    """What the device was found to come to."""
    old: bytes | BootloaderNote
    """What lies in the final place: a partition table, or a bootloader."""
    new: bytes | BootloaderNote
    """What the session brings."""
    device: NotedDevice


def make_session_token(device: SessionDevice, cut: SessionCut | None, start: StartKind) -> SessionToken:
    """Return the token of a cut in a session, and of what the device comes to by it."""
    old, new = (_note(device, contents) for contents in (device.old, device.new))
    return SessionToken(device.kind, cut, start, old, new, note_device(device.dut))


def encode_session_token(token: SessionToken) -> str:
    """Return the text of a token."""
    cut = token.cut
    record = [
        token.kind.value,
        None if cut is None else [cut.call, cut.op, str(cut.torn)],
        token.start.name,
        _encode_contents(token.old),
        _encode_contents(token.new),
        *encode_device(token.device),
    ]
    return pack_token(SESSION_PREFIX, record)


def decode_session_token(text: str) -> SessionToken:
    """Return the token that a text holds; raises InputError for anything else."""
    return unpack_token(SESSION_PREFIX, text, _decode)


def session_of_token(token: SessionToken, files: Iterable[bytes] = ()) -> SessionDevice:
    """Return the session of a token; of `files`, those whose digest it names take the place of what is built."""
    kept = list(files)
    dut = replace(device_of_note(token.device, kept), strictness=Strictness.CHIP)
    chip = dut.config.chip
    old, new = (_contents(contents, chip, kept) for contents in (token.old, token.new))
    place = CHIPS[chip].bootloader_offset if token.kind is UpdateKind.BOOTLOADER else dut.config.table_offset
    return SessionDevice(replace(dut, cells=dut.cells.with_bytes(place, old)), token.kind, old, new)


def build_bootloader(chip: Chip, note: BootloaderNote) -> bytes:
    """Return a bootloader of one segment that has the lengths and the checksum of another."""
    # A whole word is left over for the data to make the checksum come out; below 16 bytes there is no room for data.
    room = (note.length - 1 - IMAGE_HEADER_SIZE - SEGMENT_HEADER_SIZE) // 4 * 4
    data = bytearray(random.Random(int(note.digest, 16)).randbytes(room))
    data[-1] ^= xor_bytes(bytes(data)) ^ CHECKSUM_SEED ^ note.checksum
    is_hashed = note.size - note.length >= HASH_SIZE
    built = encode_image(chip, [(CHIPS[chip].loadable[0][0], bytes(data))], hash_appended=is_hashed)
    return built.ljust(note.size, _ERASED)


def _note(device: SessionDevice, contents: bytes) -> bytes | BootloaderNote:
    if device.kind is UpdateKind.PARTITION_TABLE:
        return contents
    flash = Cells.erased(-(-len(contents) // SECTOR_SIZE) * SECTOR_SIZE).with_bytes(0, contents)
    started = read_bootloader(flash, 0, flash.size)
    assert started is not None, "a session brings and replaces bootloaders that the ROM starts"
    return BootloaderNote(len(started), len(contents), started[-1], digest_of(contents))


def _encode_contents(contents: bytes | BootloaderNote) -> list[object]:
    if isinstance(contents, bytes):
        return [contents.rstrip(_ERASED).hex(), len(contents)]
    return [contents.length, contents.size, contents.checksum, contents.digest]


def _contents(contents: bytes | BootloaderNote, chip: Chip, files: Iterable[bytes]) -> bytes:
    if isinstance(contents, bytes):
        return contents
    return by_digest(files).get(contents.digest) or build_bootloader(chip, contents)


def _decode(record: Any) -> SessionToken:
    kind, cut, start, old, new, *device = record
    token = SessionToken(
        UpdateKind(kind),
        None if cut is None else _cut(*cut),
        StartKind[start],
        _decode_contents(UpdateKind(kind), old),
        _decode_contents(UpdateKind(kind), new),
        decode_device(device),
    )
    _check_place(token)
    return token


def _cut(call: int, op: int, torn: str) -> SessionCut:
    check_numbers([call, op])
    return SessionCut(call, op, Torn.parse(torn))


def _decode_contents(kind: UpdateKind, value: Any) -> bytes | BootloaderNote:
    if kind is UpdateKind.PARTITION_TABLE:
        table, length = value
        check_numbers([length])
        if not len(table) // 2 <= length <= SECTOR_SIZE:
            raise ValueError("a partition table is larger than a sector")
        return bytes.fromhex(table).ljust(length, _ERASED)
    note = BootloaderNote(*value)
    check_numbers([note.length, note.size, note.checksum])
    int(note.digest, 16)
    if note.length % CHECKSUM_BLOCK or not _LEAST_LENGTH <= note.length <= note.size or note.checksum > 0xFF:
        raise ValueError("no bootloader has such lengths")
    return note


def _check_place(token: SessionToken) -> None:
    """Raise ValueError where the final place does not lie in flash, or does not hold what is meant for it."""
    config = token.device.config
    if config.table_offset % SECTOR_SIZE or config.table_offset + SECTOR_SIZE > token.device.flash_size:
        raise ValueError("the flash does not hold its partition table")
    room = config.table_offset - CHIPS[config.chip].bootloader_offset
    if any(isinstance(contents, BootloaderNote) and contents.size > room for contents in (token.old, token.new)):
        raise ValueError("a bootloader reaches into the partition table")
