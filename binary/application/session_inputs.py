"""The inputs of esp_ota_begin beside those of every call, as z3 words that both sides share."""

import z3

from ...impl.partitions.partition import DataSubtype, PartitionType
from ..theorems.boot_inputs import OTADATA_OFFSET, OTADATA_SIZE
from .call_inputs import (
    APP_PARTITIONS,
    ASKED_OFFSET,
    ASKED_SIZE,
    ASKED_SUBTYPE,
    ASKED_TYPE,
    HAS_OTADATA,
    app_offset,
    app_size,
    of_app,
)

IMAGE_SIZE = z3.BitVec("image_size", 32)
"""The argument."""
LAST_HANDLE = z3.BitVec("last_handle", 32)
"""The handle that was given out last."""
OTHER_IS_THERE = z3.Bool("other_is_there")
"""The partition that the call is given is in the table, where it is no app partition."""
APP_IS_THERE = z3.And(
    z3.Or(*(ASKED_SUBTYPE == known for known in APP_PARTITIONS)),
    of_app(ASKED_SUBTYPE, APP_PARTITIONS.__getitem__),
    of_app(ASKED_SUBTYPE, app_offset) == ASKED_OFFSET,
    of_app(ASKED_SUBTYPE, app_size) == ASKED_SIZE,
)
"""It is in the table, where it is an app partition."""
IS_APP = ASKED_TYPE == PartitionType.APP
_IS_OTADATA = z3.And(
    HAS_OTADATA,
    ASKED_TYPE == PartitionType.DATA,
    ASKED_SUBTYPE == DataSubtype.OTA,
    ASKED_OFFSET == OTADATA_OFFSET,
    ASKED_SIZE == OTADATA_SIZE,
)
GIVEN_OF_SESSIONS = z3.Implies(_IS_OTADATA, OTHER_IS_THERE)
"""otadata is in the table, if there is one."""
