"""The binary partition table: rows of 32 bytes, an MD5 row, a terminator.

ESP-IDF reads it twice, and not in the same way: the bootloader checks every row against the chip and wants
the terminator (`decode_table`), the application stops at the first row that is none and, normally, wants
the MD5 row (`load_partitions`). Neither looks for overlaps: that is the table generator's business, and
`partition_rules` has it.
"""

import hashlib
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..model.config import Release
from .partitions import Partition

TABLE_MAGIC = b"\xaa\x50"
MD5_MAGIC = b"\xeb\xeb"
ROW_SIZE = 32
TABLE_MAX_LENGTH = 0xC00
"""Bytes of the table at most, MD5 row and terminator included. Source: esp_flash_partitions.h."""
MAX_ROWS = TABLE_MAX_LENGTH // ROW_SIZE
LABEL_LENGTH = 16

_ROW = struct.Struct("<2sBBII16sI")
_MD5_HEAD = MD5_MAGIC + b"\xff" * 14
_ENCRYPTED = 1 << 0
_READONLY = 1 << 1


class TableError(Exception):
    """The bytes are no partition table that the reader accepts; the message names row and field."""


class _Row(NamedTuple):
    magic: bytes
    type: int
    subtype: int
    offset: int
    size: int
    label: bytes
    flags: int


@lru_cache(maxsize=256)
def decode_table(raw: bytes, flash_size: int, release: Release) -> tuple[Partition, ...]:
    """Return the rows of a table as the bootloader of `release` reads it; raises TableError where it refuses.

    raw: TABLE_MAX_LENGTH bytes from the table's offset. Source: flash_partitions.c esp_partition_table_verify."""
    partitions: list[Partition] = []
    has_md5 = False
    for number, row in enumerate(_rows(raw)):
        if row.magic == TABLE_MAGIC:
            _check_place(number, row, flash_size, release)
            partitions.append(_partition(row, honours_readonly=False))
        elif row.magic == MD5_MAGIC:
            if has_md5:
                raise TableError(f"row {number}: a second MD5 row; only one is allowed")
            _check_md5(number, raw, len(partitions))
            has_md5 = True
        elif row.magic == b"\xff\xff" and row.type == row.subtype == 0xFF and (number or release < Release.V5_5):
            return tuple(partitions)
        else:
            raise TableError(f"row {number}: magic is {row.magic.hex()}, not {TABLE_MAGIC.hex()}; no table here?")
    raise TableError(f"no terminating row of 0xff within {MAX_ROWS} rows")


@lru_cache(maxsize=256)
def load_partitions(raw: bytes, release: Release, needs_md5: bool) -> tuple[Partition, ...]:
    """Return the partitions as an application of `release` reads them; raises TableError where it finds none.

    raw: the sector of the table, 4096 bytes. Source: partition.c load_partitions."""
    partitions: list[Partition] = []
    for number, row in enumerate(_rows(raw)):
        if row.magic != TABLE_MAGIC:
            if needs_md5 and row.magic != MD5_MAGIC:
                raise TableError(f"row {number}: no MD5 row after the last partition")
            if needs_md5:
                _check_md5(number, raw, number)
            break
        partitions.append(_partition(row, honours_readonly=release >= Release.V5_5))
    return tuple(partitions)


def encode_table(partitions: tuple[Partition, ...], md5: bool = True) -> bytes:
    """Return the TABLE_MAX_LENGTH bytes of a table, as gen_esp32part.py writes them.

    Raises TableError for more rows than fit and for a label that does not."""
    rows = b"".join(_encode(partition) for partition in partitions)
    if md5:
        rows += _MD5_HEAD + hashlib.md5(rows).digest()
    if len(rows) > TABLE_MAX_LENGTH - ROW_SIZE:
        raise TableError(f"{len(partitions)} partitions do not fit; at most {MAX_ROWS - 1 - md5} do")
    return rows.ljust(TABLE_MAX_LENGTH, b"\xff")


def _encode(partition: Partition) -> bytes:
    label = partition.label.encode()
    if len(label) > LABEL_LENGTH:
        raise TableError(f"{partition.label!r}: the name has {len(label)} bytes; at most {LABEL_LENGTH} fit")
    flags = _ENCRYPTED * partition.encrypted | _READONLY * partition.readonly
    return _ROW.pack(
        TABLE_MAGIC, partition.type, partition.subtype, partition.offset, partition.size, label, flags
    )


def _rows(raw: bytes) -> Iterator[_Row]:
    for at in range(0, len(raw) - ROW_SIZE + 1, ROW_SIZE):
        yield _Row(*_ROW.unpack_from(raw, at))


def _partition(row: _Row, honours_readonly: bool) -> Partition:
    return Partition(
        row.label.split(b"\0")[0].decode("utf-8", "replace"),
        row.type,
        row.subtype,
        row.offset,
        row.size,
        encrypted=bool(row.flags & _ENCRYPTED),
        readonly=honours_readonly and bool(row.flags & _READONLY),
    )


def _check_place(number: int, row: _Row, flash_size: int, release: Release) -> None:
    end = row.offset + row.size
    if release < Release.V6_1:
        # The C code adds in 32 bits, so a huge size can wrap to a small end.
        end %= 1 << 32
    if row.offset > flash_size or end > flash_size:
        raise TableError(
            f"row {number}: offset 0x{row.offset:x} and size 0x{row.size:x} exceed the flash of 0x{flash_size:x} bytes"
        )


def _check_md5(number: int, raw: bytes, rows: int) -> None:
    stored = raw[number * ROW_SIZE + 16 : (number + 1) * ROW_SIZE]
    if hashlib.md5(raw[: number * ROW_SIZE]).digest() != stored:
        raise TableError(f"row {number}: the MD5 of the {rows} rows before it is not the one it holds")
