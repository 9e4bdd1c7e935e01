"""How badly a power cut, and a chip that is no good, can damage a flash operation: the names of the six fault models.

impl/chip/torn_operations.py does to bytes what they say; the life-cycle table notes the weakest one that allows a row.
They are a ladder: each admits all that smaller ones do. The device model has the rungs up to F3 (MODELLED_FAULTS): what
lies in flash is one thing then. From F4 on it may read otherwise at each read, which the board alone plays.
"""

from enum import IntEnum


class FaultModel(IntEnum):
    """What becomes of a flash operation; each model admits all that smaller ones do."""

    F0 = 0
    """Nothing torn: the operation took effect or it did not."""
    F1 = 1
    """A prefix of the bytes is programmed or erased."""
    F2 = 2
    """Any subset of the bytes is."""
    F3 = 3
    """Any subset of the bits on their way is."""
    F4 = 4
    """Bits on their way stay undecided, and may read otherwise at each read, until their sector is erased again."""
    F5 = 5
    """Other bytes of the sector in progress change too; an operation reports success and did nothing, or half; one
    fails and returns."""


MODELLED_FAULTS = (FaultModel.F0, FaultModel.F1, FaultModel.F2, FaultModel.F3)
"""Those that the device model has."""
