"""The selection alone, on a flash that holds nothing but otadata."""

from collections.abc import Iterator
from functools import lru_cache

from ...impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...model.config import Config
from .comparison import RunBench
from .emulated_bootloader import EmulatedBootloader
from .otadata_pairs import OtadataPair, simpler_pairs
from .program import BootloaderProgram
from .run_outcome import ChipMemory, RunOutcome
from .simulated_bootloader import SimulatedBootloader

OTADATA = 0x1000
_FLASH_SIZE = 0x4000
_BLANK = Cells.erased(_FLASH_SIZE)
_REST = ERASED_SECTOR[ENTRY_SIZE:]
_FACTORY = Partition("factory", 0, 0, 0x10000, 0x10000)


class SelectionBench(RunBench[OtadataPair]):
    """Both selections, of one program and one configuration."""

    def __init__(self, program: BootloaderProgram, config: Config) -> None:
        """Load the program."""
        self._emulated = EmulatedBootloader(program, config, _FLASH_SIZE)
        self._config = config

    def cells(self, case: OtadataPair) -> Cells:
        """Return a flash with the two records."""
        first, second = case.records
        index = OTADATA // SECTOR_SIZE
        return _BLANK.with_sector(index, first + _REST).with_sector(index + 1, second + _REST)

    def efuse(self, case: OtadataPair) -> Efuse:
        """Return a blank eFuse."""
        return Efuse(0, self._config.secure_version_bits)

    def emulate(self, case: OtadataPair, chip: ChipMemory) -> RunOutcome:
        """Run the selection of the program."""
        factory = _FACTORY if case.has_factory else None
        return self._emulated.select(chip, _otadata(case.otadata_size), case.app_count, factory, case.is_encrypted)

    def simulate(self, case: OtadataPair, chip: ChipMemory) -> RunOutcome:
        """Run the selection of `impl`."""
        factory = _FACTORY if case.has_factory else None
        return SimulatedBootloader(chip, self._config).selection(_otadata(case.otadata_size), case.app_count, factory)

    def simpler(self, case: OtadataPair) -> Iterator[OtadataPair]:
        """Yield pairs that are simpler in one respect."""
        return simpler_pairs(case)


@lru_cache
def _otadata(size: int) -> Partition | None:
    return Partition("otadata", 1, 0, OTADATA, size) if size else None
