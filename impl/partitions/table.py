"""The binary partition table: rows of 32 bytes, an MD5 row, a terminator.

ESP-IDF reads it twice, and not in the same way: the bootloader checks every row against the chip and wants
the terminator (`decode_table`), the application stops at the first row that is none and, normally, wants
the MD5 row (`load_partitions`). Neither looks for overlaps: that is the table generator's business, and
`partition_rules` has it.

Rows are counted from 0, as ESP-IDF's log counts them. A label is any 16 bytes up to the first NUL; bytes that
are no UTF-8 are kept as lone surrogates, so that no two labels become one.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from ..release_rules import ADDS_WITHOUT_WRAP, REFUSES_EMPTY_TABLE, AnyVersion, app_rules
from .partition import Partition

TABLE_MAGIC = b"\xaa\x50"
MD5_MAGIC = b"\xeb\xeb"
TERMINATOR_MAGIC = b"\xff\xff"
ROW_SIZE = 32
TABLE_MAX_LENGTH = 0xC00
"""Bytes of the table at most, MD5 row and terminator included. Source: esp_flash_partitions.h."""
MAX_ROWS = TABLE_MAX_LENGTH // ROW_SIZE
LABEL_LENGTH = 16
"""Bytes of a label at most; a label of this length has no NUL behind it."""

_ROW = struct.Struct("<2sBBII16sI")
_MD5_HEAD = MD5_MAGIC + b"\xff" * 14
_ENCRYPTED = 1 << 0
_READONLY = 1 << 1
_MD5_OFFSET = 16
"""Where in its row the MD5 lies."""
_FIELD_LIMITS = {"type": 0xFF, "subtype": 0xFF, "offset": 0xFFFFFFFF, "size": 0xFFFFFFFF}


class TableError(Exception):
    """The bytes are no partition table that the reader accepts; the message names row and field."""


class _BinaryRow(NamedTuple):
    magic: bytes
    type: int
    subtype: int
    offset: int
    size: int
    label: bytes
    flags: int


@lru_cache(maxsize=256)
def decode_table(raw: bytes, flash_size: int, release: AnyVersion) -> tuple[Partition, ...]:
    """Return the rows of a table as the bootloader of `release` reads it; raises TableError where it refuses.

    raw: TABLE_MAX_LENGTH bytes from the table's offset. The flags are those of the rows; the bootloader
    itself heeds none. Source: flash_partitions.c esp_partition_table_verify."""
    rows: list[_BinaryRow] = []
    has_md5 = False
    for number, row in enumerate(_rows(raw[:TABLE_MAX_LENGTH])):
        if row.magic == TABLE_MAGIC:
            _check_place(number, row, flash_size, release)
        elif row.magic == MD5_MAGIC:
            if has_md5:
                raise TableError(f"row {number}: a second MD5 row; only one is allowed")
            _check_md5(number, raw)
            has_md5 = True
        elif _is_terminator(row) and (number or not REFUSES_EMPTY_TABLE.holds_in(release)):
            # The C code counts the MD5 row off without regard to where it is: behind it, the last row is lost.
            return tuple(_partition(counted) for counted in rows[: number - has_md5])
        else:
            raise TableError(f"row {number}: magic is {row.magic.hex()}, not {TABLE_MAGIC.hex()}; no table here?")
        rows.append(row)
    raise TableError(f"no terminating row of 0xff within {MAX_ROWS} rows")


@lru_cache(maxsize=256)
def load_partitions(raw: bytes, release: AnyVersion, needs_md5: bool) -> tuple[Partition, ...]:
    """Return the partitions as an application of `release` reads them; raises TableError where it finds none.

    raw: the sector of the table, 4096 bytes. Without flash encryption, no partition counts as encrypted.
    Source: partition.c load_partitions."""
    rows = list(takewhile(lambda row: row.magic == TABLE_MAGIC, _rows(raw)))
    if needs_md5:
        end = len(rows) * ROW_SIZE
        if raw[end : end + len(MD5_MAGIC)] != MD5_MAGIC:
            raise TableError(f"row {len(rows)}: no MD5 row after the last partition")
        _check_md5(len(rows), raw)
    honours_readonly = app_rules(release).honours_readonly
    return tuple(
        replace(partition, encrypted=False, readonly=partition.readonly and honours_readonly)
        for partition in map(_partition, rows)
    )


def encode_table(partitions: tuple[Partition, ...], md5: bool = True) -> bytes:
    """Return the TABLE_MAX_LENGTH bytes of a table, as gen_esp32part.py writes them.

    Raises TableError for more rows than fit, and for a label or a number that does not.
    Source: gen_esp32part.py PartitionTable.to_binary."""
    rows = b"".join(_encode(partition) for partition in partitions)
    if md5:
        rows += _MD5_HEAD + hashlib.md5(rows).digest()
    if len(rows) > TABLE_MAX_LENGTH - ROW_SIZE:
        raise TableError(f"{len(partitions)} partitions do not fit; at most {MAX_ROWS - 1 - md5} do")
    return rows.ljust(TABLE_MAX_LENGTH, b"\xff")


def _encode(partition: Partition) -> bytes:
    label = encode_label(partition.label)
    if len(label) > LABEL_LENGTH:
        raise TableError(f"{partition.label!r}: the name has {len(label)} bytes; at most {LABEL_LENGTH} fit")
    for field, limit in _FIELD_LIMITS.items():
        value = getattr(partition, field)
        if not 0 <= value <= limit:
            raise TableError(f"{partition.label!r}: {field} {value} is not in 0 … 0x{limit:x}")
    flags = _ENCRYPTED * partition.encrypted | _READONLY * partition.readonly
    return _ROW.pack(TABLE_MAGIC, partition.type, partition.subtype, partition.offset, partition.size, label, flags)


def encode_label(label: str) -> bytes:
    """Return the bytes of a label, without padding; the inverse of `decode_label`."""
    return label.encode("utf-8", "surrogateescape")


def decode_label(raw: bytes) -> str:
    """Return the label that up to LABEL_LENGTH bytes hold; what stands behind a NUL does not count."""
    return raw.split(b"\0")[0].decode("utf-8", "surrogateescape")


def _rows(raw: bytes) -> Iterator[_BinaryRow]:
    for at in range(0, len(raw) - ROW_SIZE + 1, ROW_SIZE):
        yield _BinaryRow(*_ROW.unpack_from(raw, at))


def _partition(row: _BinaryRow) -> Partition:
    return Partition(
        decode_label(row.label),
        row.type,
        row.subtype,
        row.offset,
        row.size,
        encrypted=bool(row.flags & _ENCRYPTED),
        readonly=bool(row.flags & _READONLY),
    )


def _is_terminator(row: _BinaryRow) -> bool:
    return row.magic == TERMINATOR_MAGIC and row.type == row.subtype == 0xFF


def _check_place(number: int, row: _BinaryRow, flash_size: int, release: AnyVersion) -> None:
    end = row.offset + row.size
    if not ADDS_WITHOUT_WRAP.holds_in(release):
        # The C code adds in 32 bits, so a huge size can wrap to a small end.
        end %= 1 << 32
    if row.offset > flash_size or end > flash_size:
        raise TableError(
            f"row {number}: offset 0x{row.offset:x} and size 0x{row.size:x} exceed the flash of 0x{flash_size:x} bytes"
        )


def _check_md5(number: int, raw: bytes) -> None:
    stored = raw[number * ROW_SIZE + _MD5_OFFSET : (number + 1) * ROW_SIZE]
    if hashlib.md5(raw[: number * ROW_SIZE]).digest() != stored:
        raise TableError(f"row {number}: the MD5 of the {number} rows before it is not the one it holds")
