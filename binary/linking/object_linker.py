"""Links an archive or an object into a program: every section gets an address, every relocation is applied.

Nothing is left out and nothing is added. A symbol that no object defines gets an address where no bytes are: a hook may
stand there for the function of that name, and whatever else is called or read there stops its path.
Where symbols of one name are defined twice, the first strong one counts, as for a linker that searches an archive.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from elftools.elf.elffile import ELFFile

from ...errors import InputError
from ..elf_file import (
    APPLICATION_FUNCTION,
    MAX_LOADED_SIZE,
    MAX_SYMBOLS,
    Architecture,
    BootloaderElf,
    LoadedSegment,
    Symbol,
    architecture_of,
    damage_told,
    reading_elf,
)
from ..metered_bytes import Meter
from ..struct_layout import ProgramKind, StructLayout, find_layout
from .object_archive import ObjectFile, object_files
from .relocations import Relocation, RelocationFailed, apply_all
from .riscv_relocations import riscv_table
from .xtensa_relocations import XTENSA_TABLE

_START = 0x4008_0000
"""Where the first section lies: in the part of memory that code runs from."""
_UNDEFINED = 0x4007_0000
"""Where the first symbol lies that no object defines; within reach of a call."""
_STRIDE = 4
_ALLOC, _EXECUTABLE, _COMPRESSED = 0x2, 0x4, 0x800
_WORD = 0xFFFFFFFF
_COMMON = "SHN_COMMON"
_BINDINGS = ("STB_LOCAL", "STB_GLOBAL", "STB_WEAK")
_NO_NAME = ("STT_FILE", "STT_SECTION")
_LABEL = ".L"
"""What the names of a compiler's own labels begin with."""


@dataclass(slots=True)
class _LinkedObject:
    """An object on its way into the program."""

    source: ObjectFile
    file: ELFFile
    sections: list[Any]
    symbols: list[Any]
    data: bytearray
    """Its bytes, in which relocations are applied."""
    places: dict[int, int] = field(default_factory=dict)
    """Addresses of the sections that are loaded, by number."""


def link_objects(raw: bytes, name: str, layout: StructLayout | None = None) -> BootloaderElf:
    """Return the program that an archive or an object is; raises InputError.

    layout: of the struct of its kind, where no debug information is to be asked."""
    meter = Meter(len(raw))
    linker = _Linker(name, [_opened(source, meter) for source in object_files(raw, name)], meter)
    return linker.linked(hashlib.sha256(raw).hexdigest(), layout)


def _opened(source: ObjectFile, meter: Meter) -> _LinkedObject:
    with reading_elf(source.raw, source.name, meter) as file:
        architecture_of(file, source.name)
        table = file.get_section_by_name(".symtab")
        if table is not None and table.num_symbols() > MAX_SYMBOLS:
            raise InputError(f"{source.name}: more than {MAX_SYMBOLS} symbols")
        symbols = [] if table is None else list(table.iter_symbols())
        for symbol in symbols:
            if _binding(symbol) not in _BINDINGS:
                raise InputError(f"{source.name}: {symbol.name} has the binding {_binding(symbol)}, which is not known")
        return _LinkedObject(source, file, list(file.iter_sections()), symbols, bytearray(source.raw))


class _Linker:
    """One program in the making."""

    def __init__(self, name: str, objects: list[_LinkedObject], meter: Meter) -> None:
        """Take objects of one architecture, and what counts their reads; raises InputError."""
        self._name = name
        self._meter = meter
        self._objects = objects
        self._architecture = architecture_of(objects[0].file, objects[0].source.name)
        if any(architecture_of(item.file, item.source.name) is not self._architecture for item in objects):
            raise InputError(f"{name}: objects of more than one architecture")
        if sum(len(item.symbols) for item in objects) > MAX_SYMBOLS:
            raise InputError(f"{name}: more than {MAX_SYMBOLS} symbols")
        self._end = _START
        self._shared: dict[str, Symbol] = {}
        """Symbols that any object may name."""
        self._definer: dict[str, _LinkedObject] = {}
        self._common: list[LoadedSegment] = []
        """Variables that no object has a section for."""

    def linked(self, digest: str, layout: StructLayout | None) -> BootloaderElf:
        """Return the program; raises InputError."""
        for item in self._objects:
            self._place_sections(item)
        self._share(lambda symbol: _binding(symbol) == "STB_GLOBAL" and symbol["st_shndx"] != _COMMON)
        self._share(lambda symbol: symbol["st_shndx"] == _COMMON)
        self._share(lambda symbol: _binding(symbol) == "STB_WEAK")
        self._leave_undefined()
        for item in self._objects:
            self._relocate(item, is_loaded=True)
        segments = (*(segment for item in self._objects for segment in _loaded(item)), *self._common)
        if not segments:
            raise InputError(f"{self._name}: nothing to load in it")
        definer = self._definer.get(APPLICATION_FUNCTION)
        kind = ProgramKind.BOOTLOADER if definer is None else ProgramKind.APPLICATION
        symbols = {**self._local_symbols(), **self._shared}
        layout = self._layout(kind, definer) if layout is None else layout
        return BootloaderElf(self._name, digest, self._architecture, segments, symbols, layout, kind)

    def _place_sections(self, item: _LinkedObject) -> None:
        """Give each section that is loaded an address: literals before the code that loads them."""
        for number in sorted(range(len(item.sections)), key=lambda number: _order(item.sections[number])):
            section = item.sections[number]
            if section["sh_flags"] & _ALLOC:
                if section["sh_type"] != "SHT_NOBITS" and section["sh_offset"] + section["sh_size"] > len(item.data):
                    raise InputError(f"{item.source.name}: truncated: {section.name} ends behind the file")
                item.places[number] = self._room(section["sh_size"], section["sh_addralign"])

    def _room(self, size: int, alignment: int) -> int:
        """Return an address with so many bytes behind it."""
        place = -(-self._end // max(alignment, 1)) * max(alignment, 1)
        self._end = place + size
        if self._end - _START > MAX_LOADED_SIZE:
            raise InputError(f"{self._name}: more than 0x{MAX_LOADED_SIZE:x} bytes to load")
        return place

    def _share(self, is_meant: Callable[[Any], bool]) -> None:
        """Define symbols that objects define for each other; the first one of a name counts."""
        for item in self._objects:
            for symbol in item.symbols:
                name = symbol.name
                if name and symbol["st_shndx"] != "SHN_UNDEF" and name not in self._shared and is_meant(symbol):
                    self._shared[name] = Symbol(name, self._shared_address(item, symbol), symbol["st_size"])
                    self._definer[name] = item

    def _shared_address(self, item: _LinkedObject, symbol: Any) -> int:
        """Return where a symbol lies; a common variable gets memory."""
        if symbol["st_shndx"] != _COMMON:
            return _address(item, symbol)
        place = self._room(symbol["st_size"], symbol["st_value"])
        if symbol["st_size"]:
            self._common.append(LoadedSegment(place, bytes(symbol["st_size"])))
        return place

    def _leave_undefined(self) -> None:
        """Give an address without bytes to what is named and never defined."""
        named = {symbol.name for item in self._objects for symbol in item.symbols if symbol["st_shndx"] == "SHN_UNDEF"}
        for number, name in enumerate(sorted(named - self._shared.keys() - {""})):
            address = _UNDEFINED + _STRIDE * number
            if address >= _START:
                raise InputError(f"{self._name}: more undefined symbols than any archive has")
            self._shared[name] = Symbol(name, address, 0)

    def _local_symbols(self) -> dict[str, Symbol]:
        """Return the symbols of each object's own; of those with one name the last."""
        return {
            symbol.name: Symbol(symbol.name, _address(item, symbol), symbol["st_size"])
            for item in self._objects
            for symbol in item.symbols
            if symbol.name
            and not symbol.name.startswith(_LABEL)
            and _binding(symbol) == "STB_LOCAL"
            and symbol["st_info"]["type"] not in _NO_NAME
            and symbol["st_shndx"] in item.places
        }

    def _relocate(self, item: _LinkedObject, is_loaded: bool) -> None:
        """Apply the relocations of the sections that are loaded, or of all others."""
        for section in item.sections:
            if section["sh_type"] != "SHT_RELA" or section["sh_info"] >= len(item.sections):
                continue
            target = item.sections[section["sh_info"]]
            if bool(target["sh_flags"] & _ALLOC) is is_loaded and target["sh_type"] != "SHT_NOBITS":
                with damage_told(item.source.name):
                    self._relocate_section(item, section, target)

    def _relocate_section(self, item: _LinkedObject, section: Any, target: Any) -> None:
        start, size = target["sh_offset"], target["sh_size"]
        place = item.places.get(section["sh_info"], 0)
        data = item.data[start : start + size]
        found = [self._relocation(item, entry, place) for entry in section.iter_relocations()]
        table = riscv_table(found) if self._architecture is Architecture.RISCV else XTENSA_TABLE
        if not target["sh_flags"] & _ALLOC:
            found = [one for one in found if one.kind in table]
        try:
            apply_all(data, found, table)
        except RelocationFailed as error:
            raise InputError(f"{item.source.name}: {target.name}: {error}") from None
        item.data[start : start + size] = data

    def _relocation(self, item: _LinkedObject, entry: Any, place: int) -> Relocation:
        if entry["r_info_sym"] >= len(item.symbols):
            raise InputError(f"{item.source.name}: a relocation names symbol {entry['r_info_sym']}, and there is none")
        symbol = item.symbols[entry["r_info_sym"]]
        is_own = _binding(symbol) == "STB_LOCAL" or not symbol.name
        address = _address(item, symbol) if is_own else self._shared[symbol.name].address
        at = entry["r_offset"]
        return Relocation(entry["r_info_type"], at, place + at, address + entry["r_addend"])

    def _layout(self, kind: ProgramKind, definer: _LinkedObject | None) -> StructLayout:
        """Return the layout of the kind's struct, as the definer's debug information has it, or any object's."""
        for item in sorted(self._objects, key=lambda item: item is not definer):
            if any(section["sh_flags"] & _COMPRESSED for section in item.sections):
                continue
            self._relocate(item, is_loaded=False)
            with reading_elf(bytes(item.data), item.source.name, self._meter) as file:
                layout = find_layout(file, kind)
            if layout is not None:
                return layout
        raise InputError(f"{self._name}: no object has DWARF with {kind.value}; want debug information (-g)")


def _binding(symbol: Any) -> str:
    return str(symbol["st_info"]["bind"])


def _order(section: Any) -> int:
    if ".literal" in section.name:
        return 0
    if section["sh_flags"] & _EXECUTABLE:
        return 1
    return 3 if section["sh_type"] == "SHT_NOBITS" else 2


def _address(item: _LinkedObject, symbol: Any) -> int:
    """Return where a symbol lies that the object itself defines; a section that is not loaded begins at 0."""
    return int(item.places.get(symbol["st_shndx"], 0) + symbol["st_value"]) & _WORD


def _loaded(item: _LinkedObject) -> Iterator[LoadedSegment]:
    """Yield the object's sections as they are in memory, by address."""
    for number, place in sorted(item.places.items(), key=lambda one: one[1]):
        section = item.sections[number]
        start, size = section["sh_offset"], section["sh_size"]
        data = bytes(size) if section["sh_type"] == "SHT_NOBITS" else bytes(item.data[start : start + size])
        if data:
            yield LoadedSegment(place, data)
