"""impl's bootloader run on a simulated flash with the records of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config
from .deeds import Deed
from .expected_selection import INVALID_INDEX
from .planned_flash import PlannedFlash
from .selection_inputs import SelectionInputs

_FACTORY_SIZE = 0x100000


def played_selection(inputs: SelectionInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader selects and writes for these inputs; failing: numbers of operations, from 0."""
    cells = Cells.erased(inputs.otadata_offset + 2 * SECTOR_SIZE)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(inputs.otadata_offset + SECTOR_SIZE * number, record)
    flash = PlannedFlash(cells, failing)
    selection = Bootloader(flash, Efuse(0, config.secure_version_bits), config)._select(_table(inputs))
    if selection is None:
        return Deed(INVALID_INDEX, noted=False, acts=flash.acts)
    return Deed(selection.index, selection.has_initial_contents, flash.acts)


def _table(inputs: SelectionInputs) -> BootloaderState:
    factory = otadata = None
    if inputs.factory_offset:
        place = inputs.factory_offset, _FACTORY_SIZE
        factory = Partition("factory", PartitionType.APP, AppSubtype.FACTORY, *place)
    if inputs.otadata_offset:
        place = inputs.otadata_offset, inputs.otadata_size
        otadata = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    return BootloaderState(factory, None, {}, inputs.app_count, otadata)
