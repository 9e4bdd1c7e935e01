"""What a call of an application knows of the image that runs: its partition, and the version it was linked with.

The partition is any app partition of the table; its fields are those of that one, as terms without a fork.
"""

import z3

from ...impl.partitions.partition import Partition, PartitionType
from ..theorems.expected_flash import word_of
from .call_inputs import APP_PARTITIONS, app_offset, app_size, of_app

RUNNING_SUBTYPE = z3.BitVec("running_subtype", 32)
LINKED_VERSION = z3.BitVec("linked_version", 32)
"""The secure version in the description that is part of the running code."""
GIVEN_OF_RUNNING = z3.Or(*(z3.And(there, RUNNING_SUBTYPE == subtype) for subtype, there in APP_PARTITIONS.items()))
"""It is in the table."""


def running_partition() -> Partition:
    """Return the running app's partition on impl's side."""
    place = of_app(RUNNING_SUBTYPE, app_offset), of_app(RUNNING_SUBTYPE, app_size)
    return Partition("", PartitionType.APP, *map(word_of, (RUNNING_SUBTYPE, *place)))
