"""Cells of which some are undecided: an interrupted operation has left them between 0 and 1 (fault model F4).

A read finds an undecided bit done or not done, as the pattern of the tear and the number of the read say
(torn_operations.reading_mask), and the next read may find it otherwise. An erase of its sector decides it; a program
decides the bits that it clears.

The value is the chip as the *next* read finds it, so that whatever looks at cells looks at one reading of them.
`after_reading` is the chip as the read after that does: undecided_flash.py goes on to it. What follows from such a
value is still a function of it, but not of the bytes that were read alone: an oracle that goes by those cannot tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .cells import SECTOR_SIZE, Cells
from .torn_operations import Torn, reading_mask


@dataclass(frozen=True, slots=True)
class UndecidedBits:
    """The undecided bits of a sector."""

    bits: int
    """Ones where a bit of the sector is undecided; bit 0 is the lowest of its first byte."""
    torn: Torn
    """What has left them."""
    reads: int = 0
    """How often they were read since."""

    @property
    def found_done(self) -> int:
        """Those that the next read finds done."""
        return self.bits & int.from_bytes(reading_mask(self.torn, self.reads, SECTOR_SIZE), "little")


class UndecidedCells(Cells):
    """A chip with undecided bits; equal to another with the same bits decided, undecided, and as often read."""

    __slots__ = ("settled", "undecided")

    settled: Cells
    """The chip with each undecided bit as if its operation had not begun."""
    undecided: Mapping[int, UndecidedBits]
    """By number of the sector."""

    def with_sector(self, index: int, contents: bytes) -> Cells:
        """Return this chip with all of a sector decided: `contents` (4096 bytes)."""
        others = {sector: left for sector, left in self.undecided.items() if sector != index}
        return with_undecided(self.settled.with_sector(index, contents), others)

    def after_reading(self, address: int, length: int) -> "UndecidedCells":
        """Return the chip as it is after a read of that range: the undecided bits there may read otherwise."""
        touched = range(address // SECTOR_SIZE, (address + max(length, 1) - 1) // SECTOR_SIZE + 1)
        if all(sector not in touched for sector in self.undecided):
            return self
        items = self.undecided.items()
        return _of(self.settled, {s: replace(u, reads=u.reads + 1) if s in touched else u for s, u in items})

    def __eq__(self, other: object) -> bool:
        """Compare what is decided, what is not, and what comes of it; a chip without undecided bits is another."""
        return isinstance(other, UndecidedCells) and (self.settled, self.undecided) == (other.settled, other.undecided)

    def __hash__(self) -> int:
        """Hash what is decided."""
        return hash(self.settled)


def undecided_in(cells: Cells, index: int) -> UndecidedBits | None:
    """Return the undecided bits of a sector; None where there are none."""
    return cells.undecided.get(index) if isinstance(cells, UndecidedCells) else None


def settled_sector(cells: Cells, index: int) -> bytes:
    """Return a sector with each undecided bit as if its operation had not begun."""
    return (cells.settled if isinstance(cells, UndecidedCells) else cells).sector(index)


def with_undecided(cells: Cells, undecided: Mapping[int, UndecidedBits]) -> Cells:
    """Return the chip with these bits undecided as well, of sectors in which all are decided."""
    known = cells.undecided if isinstance(cells, UndecidedCells) else {}
    settled = cells.settled if isinstance(cells, UndecidedCells) else cells
    left = {sector: bits for sector, bits in {**known, **undecided}.items() if bits.bits}
    return _of(settled, left) if left else settled


def _of(settled: Cells, undecided: Mapping[int, UndecidedBits]) -> UndecidedCells:
    found = settled
    for index, left in undecided.items():
        read = int.from_bytes(settled.sector(index), "little") ^ left.found_done
        found = found.with_sector(index, read.to_bytes(SECTOR_SIZE, "little"))
    cells = UndecidedCells.__new__(UndecidedCells)
    cells._blocks, cells.size = found._blocks, found.size
    cells.settled, cells.undecided = settled, undecided
    return cells
