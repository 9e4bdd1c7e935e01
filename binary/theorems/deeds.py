"""What a function does with some inputs, as numbers and bytes: by its machine code, or by impl."""

from dataclasses import dataclass
from enum import Enum


class DeedKind(Enum):
    """What is done."""

    ERASE = "erase"
    PROGRAM = "program"
    CHECK = "check"
    """An image is checked."""
    LOAD = "load"
    """An image is loaded unchecked."""
    START = "start"
    """An image is started."""
    BURN = "burn"
    """The eFuse is asked to hold a secure version."""
    PLACE = "place"
    """A bootloader is taken to lie there from now on."""

    @property
    def can_fail(self) -> bool:
        """Whether it may return an error."""
        return self not in (DeedKind.START, DeedKind.PLACE)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done."""

    kind: DeedKind
    address: int
    """In flash, in bytes; of the partition, for an image; of a burn, the secure version."""
    data: bytes
    """What is programmed; else empty."""
    fails: bool
    """It returns an error; of a check or a load, the image does not pass."""
    encrypted: bool = False
    """Flash encryption is asked for."""
    size: int = 0
    """Bytes that are erased."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What one side does."""

    result: int
    """Boot index, of a selection: -1 is factory, -99 none. Of a call of an application: a CallEnd."""
    noted: bool
    """Whether ota_has_initial_contents is set, by a selection."""
    acts: tuple[Act, ...]
    words: tuple[int, ...] = ()
    """Of the loading of the partition table: where it was read, then offset and size of otadata, factory, test and each
    slot, then the count of slots; result is 1 where the table is taken. Of a call that returns: esp_err_t, or the
    number that it counts; the state or handle that it leaves; the last handle and the open sessions, or 0."""
    keeps_frame: bool = True
    """The registers and the memory that it has to leave alone are as they were."""
