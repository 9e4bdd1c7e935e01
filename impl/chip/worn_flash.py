"""A flash chip that ages: it counts the erases of each sector, and past a number of them bits stick (worn_cells.py)."""

from collections import Counter

from .cells import SECTOR_SIZE, Cells
from .flash import NorFlash, Strictness
from .worn_cells import Ageing, WornCells, worn_cells

ENDURANCE = 100_000
"""Erases that a sector is made for: "more than 100,000 write cycles per sector", Micron M25P16, data sheet, rev. I,
features. Serial flash of other makers is sold with the same number."""


class WornFlash(NorFlash):
    """A chip that ages."""

    cells: WornCells

    def __init__(self, cells: Cells, endurance: int = ENDURANCE) -> None:
        """Start powered, holding `cells`, as old as they are; others are new, and made for `endurance` erases.

        What is stuck may be programmed over."""
        worn = cells if isinstance(cells, WornCells) else worn_cells(cells, Ageing(endurance), {})
        super().__init__(worn, Strictness.CHIP)

    @property
    def erases(self) -> Counter[int]:
        """By number of the sector. An erase that the power cuts counts too: it wears as much, at most."""
        return Counter(self.cells.erases)

    def erase_sector(self, address: int) -> None:
        """Set the 4096 bytes at `address` to 0xFF, but for the bits that are stuck."""
        begun = len(self.ops)
        try:
            super().erase_sector(address)
        finally:
            if len(self.ops) > begun:
                self.cells = self.cells.after_erase(address // SECTOR_SIZE)
