"""The ELF file of a bootloader or an application: the bytes that are loaded, its symbols, and a struct's layout.

No address and no offset is guessed here: what the file does not tell is an InputError that names it. What can be found
out of a file without symbols is in binary/recovery.
Relocatable files are read by binary/linking.
Left out: 64-bit and big-endian files, and every architecture but RISC-V and Xtensa.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path

from elftools.elf.elffile import ELFFile

from ..bounded_input import read_bounded
from ..errors import InputError
from .metered_bytes import Meter, MeteredBytes
from .struct_layout import ProgramKind, StructLayout, find_layout, has_debug_information

MAX_FILE_SIZE = 64 << 20
"""Bytes of the largest file that is read."""
MAX_LOADED_SIZE = 16 << 20
"""Bytes of memory that the segments of a file may fill."""
MAX_SYMBOLS = 200_000
MAX_SECTIONS = 65_536
MAX_SEGMENTS = 256
"""Segments that are loaded."""
_CLONE = re.compile(r"[.$](?:isra|constprop|part|lto_priv|cold)\b.*")


class Architecture(Enum):
    """The instruction sets of the ESP32 family."""

    RISCV = "RISC-V"
    XTENSA = "Xtensa"


APPLICATION_FUNCTION = "esp_ota_set_boot_partition"
"""What makes a file an application that updates itself."""


@dataclass(frozen=True, slots=True)
class LoadedSegment:
    """Bytes as the loader puts them into memory; what the file leaves out is zero."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + len(self.data)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or an object."""

    name: str
    """As the file has it, with what the compiler appended: write_otadata.isra.0."""
    address: int
    size: int
    """Bytes; 0 where the file does not tell."""


@dataclass(frozen=True, slots=True)
class LoadedElf:
    """What an ELF file says whether it has symbols or not."""

    architecture: Architecture
    segments: tuple[LoadedSegment, ...]
    """By address, without overlaps."""
    entry: int
    """Where the program begins."""
    has_symbols: bool


class BootloaderElf:
    """What a proof or a run needs of the file."""

    def __init__(
        self,
        name: str,
        digest: str,
        architecture: Architecture,
        segments: tuple[LoadedSegment, ...],
        symbols: Mapping[str, Symbol],
        layout: StructLayout,
        kind: ProgramKind = ProgramKind.BOOTLOADER,
    ) -> None:
        """Take what was read; see read_bootloader_elf."""
        self.name = name
        self.digest = digest
        """SHA-256 of the file, as hex."""
        self.architecture = architecture
        self.segments = segments
        """By address, without overlaps."""
        self.symbols = symbols
        self.kind = kind
        self.layout = layout
        """Of the struct that its kind names."""
        self._starts = [segment.address for segment in segments]

    def byte_at(self, address: int) -> int | None:
        """Return a byte of memory as loaded; None where nothing is loaded."""
        number = bisect_right(self._starts, address) - 1
        if number < 0 or address >= self.segments[number].end:
            return None
        return self.segments[number].data[address - self.segments[number].address]

    def bytes_at(self, address: int, length: int) -> bytes:
        """Return the bytes that are loaded from an address on, at most `length`."""
        found = (self.byte_at(address + offset) for offset in range(length))
        return bytes(_until_none(found))

    def is_free(self, address: int, length: int) -> bool:
        """Tell whether nothing is loaded in a range."""
        return all(segment.end <= address or address + length <= segment.address for segment in self.segments)

    def find(self, name: str) -> Symbol | None:
        """Return the symbol of exactly that name: a clone of a function may take other arguments."""
        return self.symbols.get(name)

    def place_text(self, address: int) -> str:
        """Return an address for a reader, with the name of what begins there."""
        names = sorted(symbol.name for symbol in self.symbols.values() if symbol.address == address)
        return f"{names[0]} at 0x{address:x}" if names else f"0x{address:x}"

    def has_code(self, name: str) -> bool:
        """Tell whether the file has code of a function of exactly that name."""
        symbol = self.find(name)
        return symbol is not None and self.byte_at(symbol.address) is not None

    def function(self, name: str) -> Symbol:
        """Return a function that has code in the file; raises InputError."""
        symbol = self.find(name)
        if symbol is None:
            raise InputError(f"{self.name}: no symbol {name}; want the bootloader's ELF with its symbols, not stripped")
        if self.byte_at(symbol.address) is None:
            raise InputError(f"{self.name}: {name} at 0x{symbol.address:x} has no code in the file")
        return symbol

    def object(self, name: str) -> Symbol:
        """Return a variable, static ones included, whatever the compiler appended to the name; raises InputError."""
        found = [symbol for symbol in self.symbols.values() if _CLONE.sub("", symbol.name) == name]
        if len(found) != 1:
            raise InputError(f"{self.name}: {len(found)} symbols {name}, want one")
        return found[0]

    def patched(self, patches: Mapping[int, bytes]) -> "BootloaderElf":
        """Return the file with other bytes at some addresses; raises InputError where nothing is loaded."""
        loaded = {segment.address: bytearray(segment.data) for segment in self.segments}
        for address, data in patches.items():
            number = bisect_right(self._starts, address) - 1
            if number < 0 or address + len(data) > self.segments[number].end:
                raise InputError(f"{self.name}: no {len(data)} bytes are loaded at 0x{address:x}")
            start = address - self._starts[number]
            loaded[self._starts[number]][start : start + len(data)] = data
        segments = tuple(LoadedSegment(address, bytes(data)) for address, data in loaded.items())
        return BootloaderElf(self.name, self.digest, self.architecture, segments, self.symbols, self.layout, self.kind)


def read_bootloader_elf(path: Path) -> BootloaderElf:
    """Return a bootloader's ELF file; raises InputError for anything else, and for a damaged file."""
    return parse_bootloader_elf(read_bounded(path, MAX_FILE_SIZE), str(path))


def parse_bootloader_elf(raw: bytes, name: str) -> BootloaderElf:
    """Return the ELF file that these bytes are; name: what errors call it. Raises InputError."""
    with reading_elf(raw, name) as file:
        loaded = _loaded(file, raw, name)
        symbols = _symbols(file, name)
        called = symbols.get(APPLICATION_FUNCTION)
        kind = ProgramKind.BOOTLOADER if called is None else ProgramKind.APPLICATION
        layout = _layout(file, name, kind, None if called is None else called.address)
    digest = hashlib.sha256(raw).hexdigest()
    return BootloaderElf(name, digest, loaded.architecture, loaded.segments, symbols, layout, kind)


def parse_core_elf(raw: bytes, name: str, layout: StructLayout) -> BootloaderElf:
    """Return a linked file of which no debug information is asked; layout: in the place of what it would tell."""
    with reading_elf(raw, name) as file:
        loaded = _loaded(file, raw, name)
        symbols = _symbols(file, name)
    digest = hashlib.sha256(raw).hexdigest()
    return BootloaderElf(name, digest, loaded.architecture, loaded.segments, symbols, layout)


def parse_loaded(raw: bytes, name: str) -> LoadedElf:
    """Return what an ELF file loads, with or without symbols; raises InputError."""
    with reading_elf(raw, name) as file:
        return _loaded(file, raw, name)


def symbols_of(raw: bytes, name: str) -> dict[str, int]:
    """Return the addresses of an ELF file's functions and variables by their names; none for one that was stripped."""
    with reading_elf(raw, name) as file:
        has_symbols = file.get_section_by_name(".symtab") is not None
        return {symbol.name: symbol.address for symbol in _symbols(file, name).values()} if has_symbols else {}


@contextmanager
def reading_elf(raw: bytes, name: str, meter: Meter | None = None) -> Iterator[ELFFile]:
    """Open the ELF file that these bytes are; whatever is wrong with it becomes an InputError.

    meter: of the archive that it is in."""
    if raw[:4] != b"\x7fELF":
        raise InputError(f"{name}: no ELF file; want the bootloader.elf that the build leaves beside bootloader.bin")
    with damage_told(name):
        file = ELFFile(MeteredBytes(raw, meter or Meter(len(raw))))
        if file.num_sections() > MAX_SECTIONS or file.num_segments() > MAX_SECTIONS:
            raise InputError(f"{name}: more than {MAX_SECTIONS:,} sections or segments")
        yield file


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """Make an InputError that names the file of whatever goes wrong in it: pyelftools raises errors of every kind."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{name}: a damaged ELF file: {detail}") from error


def _loaded(file: ELFFile, raw: bytes, name: str) -> LoadedElf:
    architecture = architecture_of(file, name)
    if file.header.e_type != "ET_EXEC":
        raise InputError(f"{name}: {file.header.e_type}; want a linked program (ET_EXEC)")
    has_symbols = file.get_section_by_name(".symtab") is not None
    return LoadedElf(architecture, _segments(file, len(raw), name), int(file.header.e_entry), has_symbols)


def architecture_of(file: ELFFile, name: str) -> Architecture:
    """Return the file's instruction set; raises InputError for another one."""
    machine = file.header.e_machine
    known = {"EM_RISCV": Architecture.RISCV, "EM_XTENSA": Architecture.XTENSA}
    if file.elfclass != 32 or not file.little_endian or machine not in known:
        order = "little" if file.little_endian else "big"
        raise InputError(
            f"{name}: {machine}, {file.elfclass} bits, {order}-endian; want RISC-V or Xtensa, 32 bits, little-endian"
        )
    return known[machine]


def _segments(file: ELFFile, file_size: int, name: str) -> tuple[LoadedSegment, ...]:
    found = []
    total = 0
    for segment in file.iter_segments("PT_LOAD"):
        address, size, stored = (int(segment[field]) for field in ("p_vaddr", "p_memsz", "p_filesz"))
        total += size
        if segment["p_offset"] + stored > file_size or stored > size:
            raise InputError(f"{name}: truncated: the segment at 0x{address:x} ends behind the file")
        if total > MAX_LOADED_SIZE or address + size > 1 << 32:
            raise InputError(f"{name}: the segment at 0x{address:x} has 0x{size:x} bytes, which no bootloader has")
        if size:
            found.append(LoadedSegment(address, bytes(segment.data()).ljust(size, b"\0")))
    found.sort(key=lambda segment: segment.address)
    for lower, upper in pairwise(found):
        if lower.end > upper.address:
            raise InputError(f"{name}: two segments overlap at 0x{upper.address:x}")
    if not 0 < len(found) <= MAX_SEGMENTS:
        raise InputError(f"{name}: {len(found) or 'no'} segments to load; want 1 to {MAX_SEGMENTS}")
    return tuple(found)


def _symbols(file: ELFFile, name: str) -> dict[str, Symbol]:
    table = file.get_section_by_name(".symtab")
    if table is None:
        raise InputError(f"{name}: no symbols; want the bootloader's ELF before it was stripped")
    if table.num_symbols() > MAX_SYMBOLS:
        raise InputError(f"{name}: more than {MAX_SYMBOLS} symbols")
    found = {}
    for symbol in table.iter_symbols():
        if symbol.name and symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["type"] not in _NO_PLACE:
            found[symbol.name] = Symbol(symbol.name, symbol["st_value"], symbol["st_size"])
    return found


_NO_PLACE = ("STT_FILE", "STT_SECTION")


def _layout(file: ELFFile, name: str, kind: ProgramKind, function: int | None) -> StructLayout:
    """Return the layout of the kind's struct; raises InputError."""
    if not has_debug_information(file):
        raise InputError(f"{name}: no DWARF, which tells the layout of {kind.value}; want debug information")
    layout = find_layout(file, kind, function)
    if layout is None:
        raise InputError(
            f"{name}: its DWARF has no {kind.value}; is it a bootloader, or an application with esp_ota_ops.c?"
        )
    return layout


def _until_none(values: Iterator[int | None]) -> Iterator[int]:
    for value in values:
        if value is None:
            return
        yield value
