"""`impl`'s bootloader, run the same way as an emulated one: its selection alone, or a whole boot."""

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic, PowerCut
from ...model.config import Config, ResetReason
from .outcome import PANIC, POWER_CUT, RESETS, Outcome, selects, starts


class SimulatedBootloader(Bootloader):
    """One run of `impl`'s bootloader, with an outcome instead of a partition."""

    def __init__(self, flash: NorFlash, config: Config) -> None:
        """Run on a flash that takes snapshots, built with `config`; the eFuse is blank."""
        super().__init__(flash, Efuse(0, config.secure_version_bits), config)

    def selection(self, otadata: Partition | None, app_count: int, factory: Partition | None) -> Outcome:
        """Return what the selection comes to."""
        state = BootloaderState(factory, None, {}, app_count, otadata)
        try:
            selection = self._select(state)
        except PowerCut:
            return Outcome.of(POWER_CUT, self._flash)
        except Panic:
            return Outcome.of(PANIC, self._flash)
        ending = RESETS if selection is None else selects(selection.index, selection.has_initial_contents)
        return Outcome.of(ending, self._flash)

    def whole_boot(self) -> Outcome:
        """Return what a boot after power-on comes to."""
        try:
            booted = self.boot(ResetReason.POWER_ON, None, None)
        except PowerCut:
            return Outcome.of(POWER_CUT, self._flash)
        except Panic:
            return Outcome.of(PANIC, self._flash)
        return Outcome.of(RESETS if booted is None else starts(booted.offset), self._flash)
