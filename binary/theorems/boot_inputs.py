"""The inputs of a bootloader's decisions, as z3 words that both sides share: the machine code and impl.

Both records with all 32 bytes, what the partition table says, and whether each flash operation fails, counted from the
first one.
"""

from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE

RECORDS = tuple(tuple(z3.BitVec(f"record{number}_word{place}", 32) for place in range(8)) for number in (0, 1))
"""Both otadata records as 8 little-endian words: number, five of label, state, check word."""
APP_COUNT, FACTORY_OFFSET, FACTORY_SIZE, OTADATA_OFFSET, OTADATA_SIZE, ENCRYPTED = z3.BitVecs(
    "app_count factory_offset factory_size otadata_offset otadata_size encrypted", 32
)
GIVEN = (z3.Extract(11, 0, OTADATA_OFFSET) == 0, z3.ULT(OTADATA_OFFSET, 1 << 28))
"""otadata begins at a sector, in the first 256 MiB of flash: the partition table's checks see to that."""
ENCRYPTION_GIVEN = z3.ULE(ENCRYPTED, 1)
"""A C bool is 0 or 1."""

MOST_OPERATIONS = 16
"""More operations than a boot has on any path that is right."""


def record_bits(number: int) -> Any:
    """Return a record as a z3 bit-vector with byte 0 in its lowest bits."""
    assert len(RECORDS[number]) * 4 == ENTRY_SIZE
    return z3.Concat(*reversed(RECORDS[number]))


def operation_result(number: int) -> Any:
    """Return what the flash operation of that number returns: 0 where it succeeds."""
    return z3.BitVec(f"operation{number}_result", 32)


def record_address(number: int) -> Any:
    """Return where a record lies in flash."""
    return z3.simplify(OTADATA_OFFSET + SECTOR_SIZE * number)
