"""A state of the device model as one 64-bit word: where in it each field lies.

The bits of `task` are stored inverted, so that no state is the word 0: there are not 32 tasks.
"""

import itertools
from collections.abc import Iterable

from ....model.device.model import DeviceModel
from ....model.device.stepper import State

WORD_BITS = 64
STATE_BITS = 63
"""Bits of a word without its sign."""
TASK_FLIP = 31


class DoesNotFit(Exception):
    """A state of the model has more bits than a word."""


class Layout:
    """Where in the word each field lies."""

    def __init__(self, model: DeviceModel) -> None:
        """Lay the fields out in the order of the model, the first one lowest; raise DoesNotFit."""
        self.fields = model.fields
        self.widths = {field.name: max(1, field.bits) for field in model.fields}
        ends = itertools.accumulate(self.widths.values())
        self.positions = {name: end - self.widths[name] for name, end in zip(self.widths, ends, strict=True)}
        self.bits = sum(self.widths.values())
        if self.bits > STATE_BITS:
            raise DoesNotFit(f"a state of this scope takes {self.bits} bits, and the compiled search has {STATE_BITS}")

    def packed(self, state: State) -> int:
        """Return the word of a state, as the signed number that numba knows."""
        word = sum(value << self.positions[field.name] for field, value in zip(self.fields, state, strict=True))
        return signed(word ^ (TASK_FLIP << self.positions["task"]))

    def unpacked(self, word: int) -> State:
        """Return the state of a word."""
        word ^= TASK_FLIP << self.positions["task"]
        return tuple((word >> self.positions[f.name]) & (1 << self.widths[f.name]) - 1 for f in self.fields)

    def mask(self, names: Iterable[str]) -> int:
        """Return a word with ones in the places of these fields."""
        return sum(((1 << self.widths[name]) - 1) << self.positions[name] for name in names)


def signed(word: int) -> int:
    """Return 64 bits as a signed number."""
    word &= (1 << WORD_BITS) - 1
    return word - (1 << WORD_BITS) if word >> (WORD_BITS - 1) else word
