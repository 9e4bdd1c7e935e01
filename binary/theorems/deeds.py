"""What a bootloader does with some inputs, as numbers and bytes: by its machine code, or by impl."""

from dataclasses import dataclass
from enum import Enum


class DeedKind(Enum):
    """What is done."""

    ERASE = "erase"
    PROGRAM = "program"
    CHECK = "check"
    """An image is checked."""
    START = "start"
    """An image is started."""
    BURN = "burn"
    """The eFuse is asked to hold a secure version."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done."""

    kind: DeedKind
    address: int
    """In flash, in bytes; of the partition, for an image; of a burn, the secure version."""
    data: bytes
    """What is programmed; else empty."""
    fails: bool
    """It returns an error; of a check, the image does not pass."""
    encrypted: bool = False
    """Flash encryption is asked for."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What one side does."""

    result: int
    """Boot index, of a selection: -1 is factory, -99 none."""
    noted: bool
    """Whether ota_has_initial_contents is set, by a selection."""
    acts: tuple[Act, ...]
    words: tuple[int, ...] = ()
    """Of the loading of the partition table: where it was read, then offset and size of otadata, factory, test and each
    slot, then the count of slots; result is 1 where the table is taken."""
    keeps_frame: bool = True
    """The registers and the table that it has to leave alone are as they were."""
