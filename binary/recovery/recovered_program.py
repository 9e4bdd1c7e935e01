"""A bootloader without symbols, with names for those of its functions that were found and confirmed.

Theorems and runs read it as they read an ELF file with symbols. What was not found has no name: a theorem that needs it
is undecided, and the reason says what could not be told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...errors import InputError
from ...impl.chip.chips import CHIPS
from ...model.config import Chip
from ..elf_file import BootloaderElf, LoadedSegment, Symbol
from ..execution.machine_state import ExecutionStopped
from ..struct_layout import StructLayout
from .boot_chain import STATE_SIZE, BootChainSearch
from .bss import find_bss
from .code_map import CodeMap
from .flash_driver import FlashDriver, Recognised
from .image_functions import ImageFunctions
from .initial_contents import initial_contents
from .program_image import ProgramImage
from .rom_facts import CRC32, ERASE, NOTHING_KNOWN, RESET, ROM_FACTS, WRITE, RomFacts

_PLACE = {"offset": 0, "size": 4}
_FIELDS = {"ota_info": 0, "factory": 8, "test": 16, "ota": 24}
LAYOUT = StructLayout(
    STATE_SIZE,
    {
        **_FIELDS,
        **{f"{field}.{part}": at + more for field, at in _FIELDS.items() for part, more in _PLACE.items()},
        "app_count": 152,
        "selected_subtype": 156,
    },
)
"""Of bootloader_state_t: files without symbols do not tell it. Source: bootloader_config.h, 4.4 to 6.0."""
CHAIN = (
    "bootloader_utility_load_partition_table",
    "bootloader_utility_get_selected_boot_partition",
    "bootloader_utility_load_boot_image",
)
FLAG = "ota_has_initial_contents"


class CannotTell(ExecutionStopped, InputError):
    """A function of a program without symbols was not found: whatever needs it is undecided, or cannot be run."""


@dataclass(frozen=True, slots=True)
class RecoveredNames:
    """What was found in a program, and what was not."""

    chip: Chip
    found: tuple[Recognised, ...]
    """Functions and the variable; ROM functions are not among them."""
    missing: Mapping[str, str]
    """By name, why it was not found."""


class RecoveredProgram(BootloaderElf):
    """A program whose functions have names again."""

    def __init__(
        self, image: ProgramImage, segments: tuple[LoadedSegment, ...], rom: RomFacts, found: RecoveredNames
    ) -> None:
        """Take what is loaded, and what was found."""
        symbols = _rom_symbols(rom) | {item.name: Symbol(item.name, item.address, 0) for item in found.found}
        super().__init__(image.name, image.digest, image.architecture, segments, symbols, LAYOUT)
        self.recovery = found

    def function(self, name: str) -> Symbol:
        """Return a function; raises CannotTell where it was not found."""
        return self._told(name)

    def object(self, name: str) -> Symbol:
        """Return a variable, or a static function; raises CannotTell where it was not found."""
        return self._told(name)

    def _told(self, name: str) -> Symbol:
        symbol = self.find(name)
        if symbol is None:
            reason = self.recovery.missing.get(name, "no code in the file was shown to do what it does")
            raise CannotTell(f"{self.name}: without symbols, cannot tell where {name} is: {reason}")
        return symbol


def recover(image: ProgramImage) -> RecoveredProgram:
    """Return the program with the functions that can be told; raises InputError where not even the chip can."""
    try:
        chip = _chip_of(image)
        return _NameSearch(image, chip, ROM_FACTS.get(chip, NOTHING_KNOWN)).program()
    except ExecutionStopped as error:
        raise InputError(f"{image.name}: without symbols, and its code cannot be read: {error}") from error


class _NameSearch:
    """Fills names in, each by those before."""

    def __init__(self, image: ProgramImage, chip: Chip, rom: RomFacts) -> None:
        self._image, self._chip, self._rom = image, chip, rom
        self._found: list[Recognised] = []
        self._missing: dict[str, str] = {}
        bare = self._elf(image.segments)
        self._code = CodeMap(bare, image.entry)
        cleared = find_bss(bare, self._code, rom.functions.get("memset"))
        self._segments = tuple(sorted((*image.segments, *cleared), key=lambda segment: segment.address))

    def program(self) -> RecoveredProgram:
        """Return the program with all that is found."""
        elf = self._elf(self._segments)
        driver = FlashDriver(elf, self._code, self._rom, CHIPS[self._chip].drom[0])
        for found in (driver.erase_sector(), driver.write(), driver.mapping(), driver.encryption(), driver.reset()):
            self._take(found)
        self._take_chain(elf)
        if CHAIN[1] in self._names:
            self._take_flag()
        if CHAIN[2] in self._names:
            self._take_images(elf)
        recovery = RecoveredNames(self._chip, tuple(self._found), self._missing)
        return RecoveredProgram(self._image, self._segments, self._rom, recovery)

    @property
    def _names(self) -> dict[str, int]:
        return {item.name: item.address for item in self._found}

    def _elf(self, segments: tuple[LoadedSegment, ...]) -> BootloaderElf:
        """Return the program with the names that are known so far."""
        symbols = _rom_symbols(self._rom) | {item.name: Symbol(item.name, item.address, 0) for item in self._found}
        return BootloaderElf(self._image.name, self._image.digest, self._image.architecture, segments, symbols, LAYOUT)

    def _take(self, found: Iterable[Recognised]) -> None:
        """Take the first function of each name: whatever else does the same is as good."""
        for item in found:
            if item.name not in self._names:
                self._found.append(item)

    def _take_chain(self, elf: BootloaderElf) -> None:
        resets = frozenset(item.address for item in self._found if item.name == "bootloader_reset")
        try:
            chain = BootChainSearch(elf, self._code, self._rom.functions.get("memset"), resets).found()
        except ExecutionStopped as error:
            self._missing.update(dict.fromkeys(CHAIN, str(error)))
            return
        how = (
            "by data flow: from the entry on, it is given the structure first",
            "by data flow: it is given the same structure, and what it returns is handed on",
            "by data flow: it is given the structure and what the selection returned",
        )
        addresses = (chain.load_table, chain.select, chain.load_boot_image)
        self._take(map(Recognised, CHAIN, addresses, how))

    def _take_flag(self) -> None:
        try:
            place = initial_contents(self._elf(self._segments), self._code, self._names[CHAIN[1]], LAYOUT)
        except ExecutionStopped as error:
            self._missing[FLAG] = str(error)
            return
        self._take([Recognised(FLAG, place, "run on blank otadata: the one variable that the selection sets")])

    def _take_images(self, elf: BootloaderElf) -> None:
        images = ImageFunctions(elf, self._code, CHIPS[self._chip], self._names[CHAIN[2]])
        known = {**self._rom.functions, **self._names}
        readers = (known[name] for name in ("esp_rom_spiflash_read", "bootloader_mmap") if name in known)
        for found in (images.check(frozenset(readers)), images.start(), images.retained()):
            self._take(found)


def _rom_symbols(rom: RomFacts) -> dict[str, Symbol]:
    return {name: Symbol(name, address, 0) for name, address in (*rom.functions.items(), *rom.data.items())}


def _chip_of(image: ProgramImage) -> Chip:
    """Return the chip that the image names, or the only one whose ROM has the functions that the code calls."""
    if len(image.chips) == 1:
        return image.chips[0]
    bare = BootloaderElf(image.name, image.digest, image.architecture, image.segments, {}, LAYOUT)
    outside = CodeMap(bare, image.entry).outside
    known = {chip: ROM_FACTS[chip].functions for chip in image.chips if chip in ROM_FACTS}
    fitting = [chip for chip, functions in known.items() if outside >= {functions.get(name, 0) for name in _TELLING}]
    if len(fitting) != 1:
        raise InputError(f"{image.name}: no symbols, and the ROM functions that it calls do not tell the chip")
    return fitting[0]


_TELLING = (ERASE, WRITE, CRC32, RESET, "memset", "memcpy")
"""ROM functions that every bootloader calls."""
