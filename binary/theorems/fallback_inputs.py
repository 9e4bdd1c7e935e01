"""The inputs of the choice among images, as z3 words that both sides share.

Slots 0 to app_count - 1 are in the partition table; where their images lie may be anything. The factory and the test
partition are there or not.
"""

import z3

from .boot_inputs import APP_COUNT, GIVEN, OTADATA_OFFSET

MOST_SLOTS = 4
"""With how many OTA slots the theorem is stated at most."""
PARTITION_SIZE = 0x100000
START_INDEX = z3.BitVec("start_index", 32)
IS_FRESH, HAS_FACTORY, HAS_TEST = z3.Bools("is_fresh has_factory has_test")
"""otadata was never written, as the selection noted; the two partitions are there."""
SLOT_OFFSETS = tuple(z3.BitVec(f"ota_{slot}_offset", 32) for slot in range(MOST_SLOTS))
FACTORY_PLACE, TEST_PLACE = z3.BitVecs("factory_place test_place", 32)
"""Their offsets, where they are there."""
GIVEN_OF_FALLBACK = (
    *GIVEN,
    z3.ULE(APP_COUNT, MOST_SLOTS),
    START_INDEX >= -1,
    z3.Or(START_INDEX <= 0, START_INDEX < APP_COUNT),
    z3.Implies(IS_FRESH, OTADATA_OFFSET != 0),
)
"""The start index is one that a selection returns: factory, a slot, or slot 0 where there is neither."""


def size_if(condition: object) -> object:
    """Return the size of a partition that is there on a condition; 0 means that it is not."""
    return z3.If(condition, z3.BitVecVal(PARTITION_SIZE, 32), z3.BitVecVal(0, 32))
