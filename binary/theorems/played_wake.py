"""impl's bootloader woken from deep sleep with the inputs of a counterexample, to check what a formula says."""

from collections.abc import Collection

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.image.verify_rules import VerifyMode
from ...impl.partitions.partition import Partition
from ...model.config import Config, ResetReason
from .deeds import Act, Deed, DeedKind
from .planned_hardware import PlannedEfuse, PlannedFlash, cells_with
from .wake_inputs import DEEP_SLEEP, WakeInputs


def played_wake(inputs: WakeInputs, failing: Collection[int], config: Config) -> Deed:
    """Return what impl's bootloader loads and starts; failing: numbers of what does not load, from 0."""
    start = inputs.otadata.offset if inputs.otadata else 0
    cells = cells_with((), start)
    for number, record in enumerate(inputs.records):
        cells = cells.with_bytes(start + SECTOR_SIZE * number, record)
    flash = PlannedFlash(cells, failing)
    reason = ResetReason.DEEP_SLEEP if inputs.reset_reason == DEEP_SLEEP else ResetReason.POWER_ON
    woken = _PlannedTable(flash, inputs, config)._load_boot_image_from_deep_sleep(reason, inputs.retained)
    started = () if woken is None else (Act(DeedKind.START, woken.offset, b"", fails=False),)
    return Deed(0, noted=False, acts=(*flash.acts, *started))


class _PlannedTable(Bootloader):
    """A bootloader that finds the table of the example, and whose images load or not as planned."""

    def __init__(self, flash: PlannedFlash, inputs: WakeInputs, config: Config) -> None:
        """Run on this hardware."""
        super().__init__(flash, PlannedEfuse(0, flash), config)
        self._planned = flash
        self._inputs = inputs

    def _load_partition_table(self) -> BootloaderState | None:
        if not self._inputs.table_is_taken:
            return None
        slots = dict(enumerate(self._inputs.slots))
        return BootloaderState(self._inputs.factory, None, slots, len(slots), self._inputs.otadata)

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        is_checked = mode is not VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE
        return not self._planned.fails(DeedKind.CHECK if is_checked else DeedKind.LOAD, partition.offset)
