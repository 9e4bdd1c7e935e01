"""What a run asks of a bootloader's ELF file, in the words of the run."""

import struct

from ...errors import InputError
from ...impl.partitions.partition import Partition
from ...model.config import Chip
from ..elf_file import Architecture, BootloaderElf, LoadedSegment
from .core import OWN_MEMORY

XTENSA_CHIPS = (Chip.ESP32, Chip.ESP32S2, Chip.ESP32S3)
INITIAL_CONTENTS = "ota_has_initial_contents"
"""Set by the selection where neither record was ever written. Source: bootloader_utility.c."""
_ENDLESS = ("load_image", "bootloader_reset", "abort", "__assert_func")
"""Functions whose arguments no stand-in looks at, so that a clone of them may have one too."""


class BootloaderProgram:
    """A bootloader to be run."""

    def __init__(self, elf: BootloaderElf) -> None:
        """Take the file; raises InputError where it cannot be run."""
        if not elf.is_free(OWN_MEMORY.start, len(OWN_MEMORY)):
            raise InputError(f"{elf.name}: loads at 0x{OWN_MEMORY.start:x}, where no chip of the family has memory")
        self._elf = elf
        self.architecture = elf.architecture
        self.functions = {name: symbol.address for name, symbol in elf.symbols.items()}
        """Addresses by name, those of other symbols too."""
        for name in _ENDLESS:
            for clone in elf.symbols.values():
                if clone.name.startswith(f"{name}."):
                    self.functions.setdefault(name, clone.address)
        self.initial_contents = elf.object(INITIAL_CONTENTS).address
        """Address of the variable of that name."""
        self.gp = self.functions.get("__global_pointer$", 0)
        """What gp holds."""

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the program of the same file."""
        return isinstance(other, BootloaderProgram) and self._key == other._key

    def __hash__(self) -> int:
        """Return a number that the programs of one file share."""
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return self._elf.name, self._elf.digest, self._elf.segments

    @property
    def segments(self) -> tuple[LoadedSegment, ...]:
        """The bytes that are loaded."""
        return self._elf.segments

    @property
    def chip(self) -> Chip:
        """A chip that has the program's instruction set: runs differ by no more than the images that are made."""
        return Chip.ESP32 if self.architecture is Architecture.XTENSA else Chip.ESP32C3

    @property
    def traps_division_by_zero(self) -> bool:
        """Whether a remainder by 0 ends in a panic; on RISC-V it is the dividend."""
        return self.architecture is Architecture.XTENSA

    def has_code(self, name: str) -> bool:
        """Tell whether the file has the code of a function."""
        address = self.functions.get(name)
        return address is not None and not self._elf.is_free(address, 1)

    def room(self, name: str) -> int:
        """Return how many bytes at a function's address belong to it: of one in ROM, those of a jump."""
        symbol = self._elf.find(name)
        return symbol.size if symbol is not None and symbol.size else 4

    def function(self, name: str) -> int:
        """Return the address of a function that has code; raises InputError."""
        return self._elf.function(name).address

    def state(self, otadata: Partition | None, app_count: int, factory: Partition | None) -> bytes:
        """Return a bootloader_state_t; raises InputError where the file's struct has no such member."""
        layout = self._elf.layout
        contents = bytearray(layout.size)
        words = {"app_count": struct.pack("<I", app_count)}
        for member, partition in {"ota_info": otadata, "factory": factory}.items():
            if partition is not None:
                words[member] = struct.pack("<II", partition.offset, partition.size)
        for member, value in words.items():
            if member not in layout.offsets:
                raise InputError(f"{self._elf.name}: bootloader_state_t has no member {member}")
            contents[layout.offsets[member] : layout.offsets[member] + len(value)] = value
        return bytes(contents)
