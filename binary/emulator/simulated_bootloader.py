"""`impl`'s bootloader, run the same way as an emulated one: its selection alone, or a whole boot."""

from collections.abc import Callable

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.image.verify_rules import VerifyMode
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic, PowerCut
from ...model.config import Config, ResetReason
from .run_outcome import PANIC, POWER_CUT, RESETS, ChipMemory, RunOutcome, TriedImage, selects, starts


class SimulatedBootloader(Bootloader):
    """One run of `impl`'s bootloader, with an outcome instead of a partition."""

    def __init__(self, chip: ChipMemory, config: Config) -> None:
        """Run on a chip whose flash takes snapshots, built with `config`."""
        super().__init__(chip.flash, chip.efuse, config)
        self._chip = chip
        self._tried: list[TriedImage] = []

    def selection(self, otadata: Partition | None, app_count: int, factory: Partition | None) -> RunOutcome:
        """Return what the selection comes to."""
        return self._outcome(lambda: self._selected(BootloaderState(factory, None, {}, app_count, otadata)))

    def whole_boot(self, reason: ResetReason = ResetReason.POWER_ON) -> RunOutcome:
        """Return what a boot comes to, with nothing retained in RTC memory."""
        return self._outcome(lambda: self._booted(reason))

    def _outcome(self, run: Callable[[], str]) -> RunOutcome:
        try:
            ending = run()
        except PowerCut:
            ending = POWER_CUT
        except Panic:
            ending = PANIC
        return RunOutcome.of(ending, self._chip, self._tried)

    def _selected(self, state: BootloaderState) -> str:
        selection = self._select(state)
        return RESETS if selection is None else selects(selection.index, selection.has_initial_contents)

    def _booted(self, reason: ResetReason) -> str:
        partition = self.boot(reason, None, None)
        return RESETS if partition is None else starts(partition.offset)

    def _unpack(self, partition: Partition) -> None:
        """Do nothing: the emulated run ends where it would start the image."""

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        self._tried.append(TriedImage(partition.offset, mode is VerifyMode.BOOTLOADER_LOAD))
        return super()._is_loadable(partition, mode)
