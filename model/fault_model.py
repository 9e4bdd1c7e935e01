"""How badly a power cut can damage the flash operation it interrupts: the names of the four models.

impl/chip/torn_operations.py does to bytes what they say; the life-cycle table notes the weakest one that allows a row.
"""

from enum import IntEnum


class FaultModel(IntEnum):
    """What a cut may leave of the operation in progress; each model admits all that smaller ones do."""

    F0 = 0
    """Nothing torn: the operation took effect or it did not."""
    F1 = 1
    """A prefix of the bytes is programmed or erased."""
    F2 = 2
    """Any subset of the bytes is."""
    F3 = 3
    """Any subset of the bits on their way is."""
