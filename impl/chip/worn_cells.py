"""Cells that age: they count the erases of each sector, and past a number of them bits are stuck at 0.

Whatever is put into a sector, a stuck bit of it stays 0. The value carries its own wear, so that a snapshot of the chip
is one of its age too. Data sheets say no more than how many erases a chip is made for: which bits stick, and when, is
assumed here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .cells import SECTOR_SIZE, Cells

BITS = 8 * SECTOR_SIZE
"""Of a sector; bit 0 is the lowest of its first byte."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """Which sectors age, how fast, and what sticks."""

    endurance: int
    """Erases that a sector takes without harm."""
    sectors: frozenset[int] | None = None
    """Numbers of those that age; None: all."""
    bit: int | None = None
    """The one bit that sticks with the first erase past the endurance; None: each erase past it leaves one more, at a
    place that follows from the sector and the number of the erase."""

    def is_of(self, index: int) -> bool:
        """Tell whether a sector ages."""
        return self.sectors is None or index in self.sectors

    def stuck(self, index: int, erases: int) -> int:
        """Return ones for the stuck bits of a sector that was erased so often."""
        past = erases - self.endurance
        if past <= 0 or not self.is_of(index):
            return 0
        return _stuck(index, past) if self.bit is None else 1 << self.bit


@lru_cache(maxsize=1024)
def _stuck(index: int, past: int) -> int:
    stuck = 0
    for number in range(1, 1 + past):
        digest = hashlib.shake_128(f"stuck/{index}/{number}".encode()).digest(4)
        stuck |= 1 << int.from_bytes(digest, "little") % BITS
    return stuck


class WornCells(Cells):
    """A chip that ages; equal to another with the same bits, as old, that ages alike."""

    __slots__ = ("ageing", "erases")

    ageing: Ageing
    erases: Mapping[int, int]
    """By number of the sector, of those that age; what was never erased is left out."""

    def with_sector(self, index: int, contents: bytes) -> "WornCells":
        """Return this chip with sector `index` replaced by `contents` (4096 bytes), but for the bits that are stuck."""
        stuck = self.ageing.stuck(index, self.erases.get(index, 0))
        if stuck:
            contents = (int.from_bytes(contents, "little") & ~stuck).to_bytes(SECTOR_SIZE, "little")
        changed = super().with_sector(index, contents)
        return self if changed is self else worn_cells(changed, self.ageing, self.erases)

    def as_new(self) -> Cells:
        """Return a chip that holds the same and does not age."""
        cells = Cells.__new__(Cells)
        cells._blocks, cells.size = self._blocks, self.size
        return cells

    def after_erase(self, index: int) -> "WornCells":
        """Return the chip with one more erase of a sector counted, if it ages, and what is stuck now at 0."""
        if not self.ageing.is_of(index):
            return self
        older = worn_cells(self, self.ageing, {**self.erases, index: self.erases.get(index, 0) + 1})
        return older.with_sector(index, older.sector(index))

    def __eq__(self, other: object) -> bool:
        """Compare all cells, their age, and how they age; a chip that does not age is another."""
        return (
            isinstance(other, WornCells)
            and (self.ageing, self.erases) == (other.ageing, other.erases)
            and self._blocks == other._blocks
        )

    def __hash__(self) -> int:
        """Hash all cells."""
        return hash(self._blocks)


def worn_cells(cells: Cells, ageing: Ageing, erases: Mapping[int, int]) -> WornCells:
    """Return a chip that holds these cells, was erased so often, and ages from now on; nothing sticks before an erase
    or a program."""
    worn = WornCells.__new__(WornCells)
    worn._blocks, worn.size = cells._blocks, cells.size
    worn.ageing, worn.erases = ageing, erases
    return worn
