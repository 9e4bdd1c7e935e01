"""A simulated flash on which impl plays a counterexample: what is done is noted, and what is to fail fails."""

from collections.abc import Collection

from ...impl.chip.cells import Cells
from ...impl.chip.flash import NorFlash
from ...impl.esp_err import EspErr, OtaError
from .deeds import Act, DeedKind


class PlannedFlash(NorFlash):
    """A flash that notes what is done on it, checks of images too."""

    def __init__(self, cells: Cells, failing: Collection[int]) -> None:
        """Start powered, holding `cells`; failing: numbers of what returns an error and has no effect, from 0."""
        super().__init__(cells)
        self._failing = failing
        self.acts: tuple[Act, ...] = ()

    def erase_sector(self, address: int) -> None:
        """Erase a sector."""
        self._end(DeedKind.ERASE, address)
        super().erase_sector(address)

    def program(self, address: int, data: bytes) -> None:
        """Program bytes."""
        self._end(DeedKind.PROGRAM, address, data)
        super().program(address, data)

    def fails(self, kind: DeedKind, address: int, data: bytes = b"") -> bool:
        """Note what is done, and tell whether it fails."""
        is_failing = len(self.acts) in self._failing
        self.acts += (Act(kind, address, data, is_failing),)
        return is_failing

    def _end(self, kind: DeedKind, address: int, data: bytes = b"") -> None:
        if self.fails(kind, address, data):
            raise OtaError(EspErr.FLASH_OP_FAIL)
