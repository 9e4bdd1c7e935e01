"""impl's bootloader choosing among the images of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import Bootloader, BootloaderState, SlotSelection
from ...impl.image.verify_rules import VerifyMode
from ...impl.partitions.partition import AppSubtype, Partition
from ...model.config import Config, ResetReason
from .deeds import Act, Deed, DeedKind
from .fallback_inputs import PARTITION_SIZE, FallbackInputs
from .planned_hardware import PlannedEfuse, PlannedFlash, app_at, cells_with, otadata_at


def played_fallback(inputs: FallbackInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader checks, writes and starts; failing: numbers of what does not pass, from 0."""
    flash = PlannedFlash(cells_with(inputs.versions, inputs.otadata_offset), failing)
    selection = SlotSelection(inputs.start_index, None, inputs.is_fresh)
    bootloader = _PlannedBootloader(flash, PlannedEfuse(inputs.efuse_version, flash), config)
    chosen = bootloader._load_boot_image(_table(inputs), selection, ResetReason.POWER_ON)
    started = () if chosen is None else (Act(DeedKind.START, chosen.offset, b"", fails=False),)
    return Deed(0, noted=False, acts=(*flash.acts, *started))


class _PlannedBootloader(Bootloader):
    """A bootloader whose images pass their check or not as planned."""

    def __init__(self, flash: PlannedFlash, efuse: PlannedEfuse, config: Config) -> None:
        """Run on this hardware."""
        super().__init__(flash, efuse, config)
        self._planned = flash

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        return not self._planned.fails(DeedKind.CHECK, partition.offset)


def _table(inputs: FallbackInputs) -> BootloaderState:
    slots = {slot: app_at(AppSubtype.OTA_0 + slot, offset, PARTITION_SIZE) for slot, offset in enumerate(inputs.slots)}
    factory = None if inputs.factory is None else app_at(AppSubtype.FACTORY, inputs.factory, PARTITION_SIZE)
    test = None if inputs.test is None else app_at(AppSubtype.TEST, inputs.test, PARTITION_SIZE)
    otadata = otadata_at(inputs.otadata_offset, inputs.otadata_size)
    return BootloaderState(factory, test, slots, len(slots), otadata)
