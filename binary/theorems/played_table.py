"""impl's bootloader loading the partition table of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import NO_PARTITIONS, Bootloader
from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...model.config import Config
from .deeds import Deed
from .expected_table import numbers_of
from .table_inputs import TableInputs


def played_table(inputs: TableInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader knows of the table; failing plays no part, as nothing is written."""
    flash = _TableOnly(inputs)
    state = Bootloader(flash, Efuse(0, config.secure_version_bits), config)._load_partition_table()
    words = (flash.read_at, *numbers_of(NO_PARTITIONS if state is None else state))
    return Deed(int(state is not None), noted=False, acts=(), words=words)


class _TableOnly(NorFlash):
    """A chip of any size that holds a partition table wherever it is looked for."""

    def __init__(self, inputs: TableInputs) -> None:
        """Nothing was read yet."""
        super().__init__(Cells.erased(0x1000))
        self._inputs = inputs
        self.read_at = 0

    @property
    def size(self) -> int:
        """Bytes of the chip."""
        return self._inputs.flash_size

    def read(self, address: int, length: int) -> bytes:
        """Return the table."""
        self.read_at = address
        return self._inputs.rows.ljust(length, b"\xff")
