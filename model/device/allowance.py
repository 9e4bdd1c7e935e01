"""What a scope may allow beyond calls, resets and power cuts, and the values of the fields that it takes."""

from enum import Enum, IntEnum


class Allowance(Enum):
    """One kind of thing that can happen to a device. The value is its name on the command line."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    FAILING_FLASH = "failing-flash"
    """Operations of flash and eFuse that return an error, after none, half or all of them has taken effect."""
    PINS = "pins"
    """The pins of factory reset and test app are held while the bootloader selects."""
    OTHER_WRITERS = "other-writers"
    """Tools on a PC blank otadata, or flash a slot with a whole image."""
    OTHER_RECORDS = "other-records"
    """Tools on a PC write records: an upload of Arduino, which brings an image too, and otatool.py, which selects a
    slot that holds a whole image and keeps the state word that it finds."""
    END_NUMBERS = "end-numbers"
    """Other programs select a whole image by a record whose number is 0 or one of the last. Two OTA slots, up to F2."""


class Progress(IntEnum):
    """How far a session with a failed operation has got; in any other the next byte goes where the contents end."""

    IN_STEP = 0
    """The next byte goes where the contents of the slot end, or there is no session."""
    AT_START = 1
    """Nothing was written, though the slot holds something: complete() refuses it."""
    BEHIND = 2
    """Less was written than the slot holds: what comes next is programmed over it."""
    AHEAD = 3
    """The start of the slot was wiped after it was written: what is missing does not come any more."""


class HeldPin(IntEnum):
    """Which pin the bootloader finds held, once it has selected."""

    NONE = 0
    FACTORY_RESET = 1
    TEST_APP = 2
    DONE = 3
    """The factory reset is on its way, or was made; no pin counts until the next reset."""


class Failed(IntEnum):
    """How the bootloader failed to write ABORTED into a record, while it goes by its copy in RAM."""

    NOT = 0
    """It did not fail: the record is as the copy."""
    BEFORE = 1
    """The record is as it was, PENDING_VERIFY."""
    ERASED = 2
    """The sector is blank."""
    HALF = 3
    """The number is there, state and check word are not."""
