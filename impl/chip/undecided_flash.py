"""A flash chip with undecided bits: each read of their sector may find them otherwise (fault model F4).

Only a chip that an unstable tear has been left on is one (`flash_of`), so that others lose no time on it. A question
about an image (`ask`) looks at one reading of its pieces, and the next read at another.
"""

from collections.abc import Hashable

from .cells import Cells, split_by_sector
from .flash import NorFlash, Query, Strictness
from .torn_cells import after_torn_program
from .torn_operations import AFTER
from .undecided_cells import UndecidedCells, undecided_in
from .worn_cells import WornCells
from .worn_flash import WornFlash


class UndecidedFlash(NorFlash):
    """A chip that may have undecided bits."""

    def read(self, address: int, length: int) -> bytes:
        """Return `length` bytes, as this read finds them."""
        contents = super().read(address, length)
        self._go_on(address % self.size, length)
        return contents

    def look(self, address: int, length: int) -> bytes:
        """Return what the next read finds."""
        return self.cells.read(address, length)

    def ask(self, query: Query) -> Hashable:
        """Return the answer to a query about the contents, as one reading finds them."""
        answer = super().ask(query)
        for address, length in query.pieces:
            self._go_on(address, length)
        return answer

    def _go_on(self, address: int, length: int) -> None:
        if isinstance(self.cells, UndecidedCells):
            self.cells = self.cells.after_reading(address, length)

    def _program_cells(self, address: int, data: bytes) -> None:
        """Program; bits that this clears are decided, and others of the sector stay as they are."""
        if any(undecided_in(self.cells, index) is not None for index, _, _ in split_by_sector(address, data)):
            self.cells = after_torn_program(self.cells, address, data, AFTER)
        else:
            super()._program_cells(address, data)


def flash_of(cells: Cells, strictness: Strictness = Strictness.STRICT) -> NorFlash:
    """Return a chip that holds these cells.

    What undecided and stuck bits read as may be programmed over, as correct code never does."""
    if isinstance(cells, UndecidedCells):
        return UndecidedFlash(cells, Strictness.CHIP)
    return WornFlash(cells) if isinstance(cells, WornCells) else NorFlash(cells, strictness)
