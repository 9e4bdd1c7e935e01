"""A torn operation byte by byte: the states of a chip with ever more bytes of it done."""

from collections.abc import Iterable
from dataclasses import dataclass

from .cells import Cells

Piece = tuple[int, int]
"""(address, bytes) of a piece of the chip."""


@dataclass(frozen=True, slots=True)
class GrowingPrefix:
    """One of those states, and where it goes from there."""

    cells: Cells
    """The chip with the first `done` bytes of the operation done."""
    after: Cells
    """The chip after the whole operation."""
    address: int
    """Where the operation begins."""
    done: int
    last: int
    """The most bytes that are looked at: fewer than the operation has."""

    def until_it_reaches(self, pieces: Iterable[Piece]) -> int:
        """Return the most bytes, up to `last`, that can be done before another byte of these pieces is."""
        at = self.address + self.done
        reached = (max(begin, at) - self.address for begin, length in pieces if at < begin + length)
        return min(self.last, *reached, self.last)
