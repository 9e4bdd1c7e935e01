"""A flash chip that ages: it counts the erases of each sector, and bits get stuck past a number of them.

A stuck bit stays 0, whatever is erased. Each erase past the endurance of a sector leaves one more, at a place that
follows from the sector and the number of the erase. Data sheets say no more than how many erases a chip is made for.
"""

import hashlib
from collections import Counter

from .cells import SECTOR_SIZE, Cells
from .flash import NorFlash, Strictness

ENDURANCE = 100_000
"""Erases that a sector is made for: "more than 100,000 write cycles per sector", Micron M25P16, data sheet, rev. I,
features. Serial flash of other makers is sold with the same number."""


class WornFlash(NorFlash):
    """A chip that ages."""

    def __init__(self, cells: Cells, endurance: int = ENDURANCE) -> None:
        """Start powered, holding `cells`; what is stuck may be programmed over."""
        super().__init__(cells, Strictness.CHIP)
        self.endurance = endurance
        self.erases: Counter[int] = Counter()
        """By number of the sector. An erase that the power cuts counts too: it wears as much, at most."""

    def erase_sector(self, address: int) -> None:
        """Set the 4096 bytes at `address` to 0xFF, but for the bits that are stuck."""
        try:
            super().erase_sector(address)
        finally:
            index = address // SECTOR_SIZE
            self.erases[index] += 1
            self._stick(index)

    def _stick(self, index: int) -> None:
        stuck = 0
        for number in range(1, 1 + self.erases[index] - self.endurance):
            digest = hashlib.shake_128(f"stuck/{index}/{number}".encode()).digest(4)
            stuck |= 1 << int.from_bytes(digest, "little") % (8 * SECTOR_SIZE)
        if stuck:
            held = int.from_bytes(self.cells.sector(index), "little") & ~stuck
            self.cells = self.cells.with_sector(index, held.to_bytes(SECTOR_SIZE, "little"))
