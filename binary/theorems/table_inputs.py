"""The inputs of the loading of the partition table, as z3 words that both sides share.

Every byte of the first rows, up to an end row that comes after them at the latest, and the size of the flash chip.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import z3

from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...impl.partitions.table import MD5_MAGIC, ROW_SIZE, TABLE_MAGIC, TERMINATOR_MAGIC
from ...model.config import Config
from .model_reader import ModelReader

MOST_ROWS = 8
"""How many rows there can be before the end row, an MD5 row among them."""
_END_HEAD = TERMINATOR_MAGIC + b"\xff\xff"
"""Magic, type and subtype of an end row; the rest of it is anything."""
ROWS = (
    *(z3.BitVec(f"row{number}", 8 * ROW_SIZE) for number in range(MOST_ROWS)),
    z3.Concat(
        z3.BitVec("end_row", 8 * (ROW_SIZE - len(_END_HEAD))),
        z3.BitVecVal(int.from_bytes(_END_HEAD, "little"), 8 * len(_END_HEAD)),
    ),
)
"""With byte 0 in the lowest bits; the last one is an end row."""
FLASH_SIZE = z3.BitVec("flash_size", 32)
TABLE_PLACES = ("ota_info", "factory", "test", *(f"ota_{slot}" for slot in range(MAX_OTA_SLOTS)))
"""The partitions of bootloader_state_t that the table fills, each with offset and size; 0 and 0 where there is none."""


@cache
def table_part(start: int, length: int) -> Any:
    """Return bytes of the table as a z3 bit-vector; raises IndexError behind the end row."""
    if start + length > ROW_SIZE * len(ROWS):
        raise IndexError(start + length)
    first, last = start // ROW_SIZE, (start + length - 1) // ROW_SIZE
    rows = ROWS[first : last + 1]
    joined = z3.Concat(*reversed(rows)) if len(rows) > 1 else rows[0]
    low = 8 * (start - ROW_SIZE * first)
    return z3.simplify(z3.Extract(low + 8 * length - 1, low, joined))


def md5_of_rows(count: int) -> Any:
    """Return the MD5 of the first rows as a z3 bit-vector of 16 bytes; that of some rows may be anything."""
    if not count:
        return z3.BitVecVal(int.from_bytes(hashlib.md5(b"").digest(), "little"), 128)
    return z3.BitVec(f"md5_of_{count}_rows", 128)


@dataclass(frozen=True, slots=True)
class TableInputs:
    """What the loading of the partition table depends on."""

    rows: bytes
    """Every row up to the end row, and this one."""
    flash_size: int
    """Bytes of the chip."""


def read_table(reader: ModelReader, config: Config) -> TableInputs:
    """Return the inputs that a model has."""
    return TableInputs(b"".join(map(reader.data, ROWS)), reader.number(FLASH_SIZE))


def plain_tables(config: Config) -> Iterator[Any]:
    """Yield how an example is to look, what matters most first: where an MD5 is read, it is the true one.

    Either no row is an MD5 row, or one is, behind rows of zeros."""
    are_md5 = [z3.Extract(15, 0, row) == int.from_bytes(MD5_MAGIC, "little") for row in ROWS]
    yield z3.Not(z3.Or(*are_md5))
    for count in range(1, MOST_ROWS):
        digest = hashlib.md5(_PLAIN_ROW * count).digest()
        plain = (row == int.from_bytes(_PLAIN_ROW, "little") for row in ROWS[:count])
        others = (not_this for number, not_this in enumerate(map(z3.Not, are_md5)) if number != count)
        yield z3.And(md5_of_rows(count) == int.from_bytes(digest, "little"), are_md5[count], *plain, *others)
    yield FLASH_SIZE == 0x400000
    yield from (z3.Extract(255, 96, row) == 0 for row in ROWS)


_PLAIN_ROW = TABLE_MAGIC.ljust(ROW_SIZE, b"\0")
"""A factory row of size 0."""
