"""Whole boots after power-on: partition table, selection, and the images that are tried until one is started."""

from collections.abc import Iterator

from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...model.config import Config
from .boot_cases import FLASH_SIZE, BootCase, simpler_boots
from .comparison import RunBench
from .emulated_bootloader import EmulatedBootloader
from .program import BootloaderProgram
from .run_outcome import ChipMemory, RunOutcome
from .simulated_bootloader import SimulatedBootloader


class BootBench(RunBench[BootCase]):
    """Both boots, of one program and one configuration."""

    def __init__(self, program: BootloaderProgram, config: Config, flash_size: int = FLASH_SIZE) -> None:
        """Load the program, for cases of one size of the flash."""
        self._emulated = EmulatedBootloader(program, config, flash_size)
        self._config = config

    def cells(self, case: BootCase) -> Cells:
        """Return a flash with the table, the images and the records."""
        return case.cells(self._config)

    def efuse(self, case: BootCase) -> Efuse:
        """Return an eFuse of the case's secure version."""
        return Efuse(case.efuse_bits, self._config.secure_version_bits)

    def emulate(self, case: BootCase, chip: ChipMemory) -> RunOutcome:
        """Boot by the program."""
        return self._emulated.boot(chip, case.reason)

    def simulate(self, case: BootCase, chip: ChipMemory) -> RunOutcome:
        """Boot by `impl`."""
        return SimulatedBootloader(chip, self._config).whole_boot(case.reason)

    def simpler(self, case: BootCase) -> Iterator[BootCase]:
        """Yield boots that are simpler in one respect."""
        return simpler_boots(case)
