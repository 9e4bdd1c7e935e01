"""impl's bootloader run on a simulated flash with the records of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.partitions.partition import AppSubtype
from ...model.config import Config
from .deeds import Deed
from .expected_selection import INVALID_INDEX
from .planned_hardware import PlannedEfuse, PlannedFlash, app_at, cells_with, otadata_at
from .selection_inputs import SelectionInputs

_SIZE = 0x100000
"""Of the partitions of applications, which a selection does not look at."""


def played_selection(inputs: SelectionInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader selects and writes for these inputs; failing: numbers of operations, from 0."""
    cells = cells_with(inputs.versions, inputs.otadata_offset)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(inputs.otadata_offset + SECTOR_SIZE * number, record)
    flash = PlannedFlash(cells, failing)
    efuse = PlannedEfuse(inputs.efuse_version, flash)
    selection = Bootloader(flash, efuse, config)._select(_table(inputs))
    if selection is None:
        return Deed(INVALID_INDEX, noted=False, acts=flash.acts)
    return Deed(selection.index, selection.has_initial_contents, flash.acts)


def _table(inputs: SelectionInputs) -> BootloaderState:
    factory = app_at(AppSubtype.FACTORY, inputs.factory_offset, inputs.factory_size) if inputs.has_factory else None
    slots = {slot: app_at(AppSubtype.OTA_0 + slot, item.offset, _SIZE) for slot, item in enumerate(inputs.versions)}
    otadata = otadata_at(inputs.otadata_offset, inputs.otadata_size)
    return BootloaderState(factory, None, slots, inputs.app_count, otadata)
