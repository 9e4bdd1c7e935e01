"""What a scope may allow beyond calls, resets and power cuts; nothing of it unless the scope names it."""

from enum import Enum


class Allowance(Enum):
    """One kind of thing that can happen to a device. The value is its name on the command line."""

    FAILING_FLASH = "failing-flash"
    """Operations of flash and eFuse that return an error, after none, half or all of them has taken effect."""
    PINS = "pins"
    """The pins of factory reset and test app are held while the bootloader selects."""
    OTHER_WRITERS = "other-writers"
    """Tools on a PC blank otadata, or flash a slot with a whole image."""
