"""impl's bootloader choosing among the images of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import Bootloader, BootloaderState, SlotSelection
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.image.verify import VerifyMode
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config, ResetReason
from .deeds import Act, Deed, DeedKind
from .fallback_inputs import PARTITION_SIZE, FallbackInputs
from .planned_flash import PlannedFlash


def played_fallback(inputs: FallbackInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader checks, writes and starts; failing: numbers of what does not pass, from 0."""
    flash = PlannedFlash(Cells.erased(inputs.otadata_offset + 2 * SECTOR_SIZE), failing)
    selection = SlotSelection(inputs.start_index, None, inputs.is_fresh)
    chosen = _PlannedBootloader(flash, config)._load_boot_image(_table(inputs), selection, ResetReason.POWER_ON)
    started = () if chosen is None else (Act(DeedKind.START, chosen.offset, b"", fails=False),)
    return Deed(0, noted=False, acts=(*flash.acts, *started))


class _PlannedBootloader(Bootloader):
    """A bootloader whose images pass their check or not as planned."""

    def __init__(self, flash: PlannedFlash, config: Config) -> None:
        """Run on this flash."""
        super().__init__(flash, Efuse(0, config.secure_version_bits), config)
        self._planned = flash

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        return not self._planned.fails(DeedKind.CHECK, partition.offset)


def _table(inputs: FallbackInputs) -> BootloaderState:
    slots = {slot: _app(AppSubtype.OTA_0 + slot, offset) for slot, offset in enumerate(inputs.slots)}
    factory = None if inputs.factory is None else _app(AppSubtype.FACTORY, inputs.factory)
    test = None if inputs.test is None else _app(AppSubtype.TEST, inputs.test)
    otadata = None
    if inputs.otadata_offset:
        place = inputs.otadata_offset, inputs.otadata_size
        otadata = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    return BootloaderState(factory, test, slots, len(slots), otadata)


def _app(subtype: int, offset: int) -> Partition:
    return Partition("app", PartitionType.APP, subtype, offset, PARTITION_SIZE)
