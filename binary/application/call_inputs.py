"""The inputs of an application's esp_ota_* calls, as z3 words that both sides share.

Beside both otadata records and the results of operations (theorems/boot_inputs.py): which app partitions the table has,
and the partition that a call is asked about.
"""

from collections.abc import Callable
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.partitions.partition import MAX_OTA_SLOTS, AppSubtype
from ..execution.words import REMAINDER
from ..theorems.boot_inputs import OTADATA_OFFSET, OTADATA_SIZE, RECORDS

HAS_OTADATA, HAS_FACTORY, HAS_TEST = z3.Bools("has_otadata has_factory has_test")
HAS_SLOT = tuple(z3.Bool(f"has_ota_{slot}") for slot in range(MAX_OTA_SLOTS))
"""There is a partition of that kind in the table; slots may have gaps."""
APP_PARTITIONS = {
    **{AppSubtype.OTA_0 + slot: there for slot, there in enumerate(HAS_SLOT)},
    int(AppSubtype.FACTORY): HAS_FACTORY,
    int(AppSubtype.TEST): HAS_TEST,
}
"""By subtype."""
SLOT_COUNT = z3.BitVec("slot_count", 32)
"""How many slots there are without a gap from ota_0."""
HAS_TOO_MANY = z3.And(*HAS_SLOT, HAS_TEST)
"""What esp_ota_get_app_partition_count takes for a 17th slot: the subtype after ota_15 is that of the test app."""
IS_ASKED = z3.Bool("is_asked")
"""The partition that the call is given; else NULL."""
ASKED_TYPE, ASKED_SUBTYPE, ASKED_OFFSET, ASKED_SIZE = z3.BitVecs("asked_type asked_subtype asked_offset asked_size", 32)
WANTS_STATE = z3.Bool("wants_state")
"""Where to put the state is given; else NULL."""
STATE_BEFORE = z3.BitVec("state_before", 32)
"""What is there before the call."""


def app_offset(subtype: int) -> Any:
    """Return where the app partition of a subtype lies."""
    return z3.BitVec(f"app_{subtype:02x}_offset", 32)


def app_size(subtype: int) -> Any:
    """Return its size in bytes."""
    return z3.BitVec(f"app_{subtype:02x}_size", 32)


def of_app(subtype: Any, field: Callable[[int], Any]) -> Any:
    """Return the field of the app partition of a subtype, as a term without a fork.

    subtype: a z3 bit-vector that is one of APP_PARTITIONS. field: Return it for a subtype that is known."""
    *others, last = APP_PARTITIONS
    term = field(last)
    for known in reversed(others):
        term = z3.If(subtype == known, field(known), term)
    return z3.simplify(term)


def slot_named(seq: Any) -> Any:
    """Return the slot that a number names."""
    return REMAINDER(z3.simplify(seq - 1), SLOT_COUNT)


def first_number(subtype: Any) -> Any:
    """Return the number from which the search for the next one begins: the slot's number and 1, mod their count."""
    return REMAINDER(z3.simplify((subtype & 0x0F) + 1), SLOT_COUNT)


def _count() -> Any:
    count = z3.BitVecVal(MAX_OTA_SLOTS, 32)
    for slot in reversed(range(MAX_OTA_SLOTS)):
        count = z3.If(HAS_SLOT[slot], count, z3.BitVecVal(slot, 32))
    return count


GIVEN_OF_CALLS = (
    z3.Extract(11, 0, OTADATA_OFFSET) == 0,
    z3.ULT(OTADATA_OFFSET, 1 << 28),
    z3.UGE(OTADATA_SIZE, 2 * SECTOR_SIZE),
    z3.ULE(ASKED_TYPE, 0xFF),
    z3.ULE(ASKED_SUBTYPE, 0xFF),
    SLOT_COUNT == _count(),
    *(z3.Implies(SLOT_COUNT != 0, z3.ULT(slot_named(words[0]), SLOT_COUNT)) for words in RECORDS),
)
"""otadata has two sectors; type and subtype are those of a row in a partition table; remainders
are below their divisor."""
