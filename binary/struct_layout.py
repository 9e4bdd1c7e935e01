"""The layout of a C struct, by the debug information (DWARF) of an ELF file.

Strangers made it: links may go back, sizes may be any. Entries are read in the order of the file, so no link between
siblings counts; structs have bounds, and what is read is counted (metered_bytes.py).
Left out: DWARF of 64 bits, and sections .zdebug_*, which compilers no longer write.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DebugSectionDescriptor
from elftools.elf.elffile import ELFFile

from .metered_bytes import Meter, MeteredBytes, RefusedContents

MAX_DEBUG_SIZE = 128 << 20
"""Bytes of all debug information of a file, unpacked."""
MAX_UNITS = 20_000
"""Units of compilation."""
MAX_ABBREVIATION_READS = 2_000_000
"""Abbreviations stay in memory."""
MAX_STRUCT_SIZE = 1024
"""Bytes: several times those of either struct."""
MAX_MEMBERS = 1000
"""Of a struct, those of structs inside it included."""
MAX_DEPTH = 16
"""Structs in structs, and names of names of a type."""
MAX_NAME = 256
_IS_LONG = 0xFFFFFFFF
"""In place of a unit's length: DWARF of 64 bits."""
_ALIASES = ("DW_TAG_typedef", "DW_TAG_array_type", "DW_TAG_const_type", "DW_TAG_volatile_type")


class ProgramKind(Enum):
    """What a file is, with the struct whose layout is read from it."""

    BOOTLOADER = "bootloader_state_t"
    """Source: bootloader_config.h."""
    APPLICATION = "esp_partition_t"
    """Source: esp_partition.h."""


_PLACES = ("ota_info", "factory", "test")
NEEDED_MEMBERS = {
    ProgramKind.BOOTLOADER: (
        *(f"{place}.{part}" for place in _PLACES for part in ("offset", "size")),
        "ota",
        "app_count",
    ),
    ProgramKind.APPLICATION: ("type", "subtype", "address", "size"),
}
"""What theorems and runs store into the struct."""


@dataclass(frozen=True, slots=True)
class StructLayout:
    """A C struct."""

    size: int
    """Bytes."""
    offsets: Mapping[str, int]
    """Bytes from its start by member, those of structs inside it too: ota_info, ota_info.offset, ota.size."""


def find_layout(file: ELFFile, kind: ProgramKind, function: int | None = None) -> StructLayout | None:
    """Return the layout of the kind's struct, as the unit of a function has it, or the first one that does.

    file: on MeteredBytes. Raises RefusedContents, and what pyelftools raises."""
    if not has_debug_information(file):
        return None
    for unit in _units(file, function):
        for _, entry in _below(unit.get_top_DIE()):
            if entry.tag == "DW_TAG_typedef" and _name(entry) == kind.value:
                return _struct_layout(entry.get_DIE_from_attribute("DW_AT_type"), kind)
    return None


def has_debug_information(file: ELFFile) -> bool:
    """Tell whether there is DWARF at all."""
    return file.get_section_by_name(".debug_info") is not None


def _units(file: ELFFile, function: int | None) -> Iterator[Any]:
    """Yield the units of compilation, that of a function first: an application has thousands."""
    dwarf = _metered_dwarf(file)
    ranges = dwarf.debug_aranges_sec
    place = None if ranges is None or function is None else _unit_at(ranges.stream.getvalue(), function)
    if place is not None:
        yield dwarf.get_CU_at(place)
    yield from dwarf.iter_CUs()


def _metered_dwarf(file: ELFFile) -> Any:
    """Return the file's debug information, whose reads count as the file's; raises RefusedContents for too much."""
    sections = [section for section in file.iter_sections() if section.name.startswith((".debug", ".zdebug", ".eh_fr"))]
    if sum(section.data_size for section in sections) > MAX_DEBUG_SIZE:
        raise RefusedContents(f"more than {MAX_DEBUG_SIZE:,} bytes of debug information")
    if any(section.name.startswith(".zdebug") for section in sections):
        raise RefusedContents("debug information in .zdebug sections, which are not read")
    dwarf = file.get_dwarf_info(relocate_dwarf_sections=False, follow_links=False)
    for name, section in tuple(vars(dwarf).items()):
        if isinstance(section, DebugSectionDescriptor):
            raw = section.stream.getvalue()
            is_kept = name == "debug_abbrev_sec"
            meter = Meter(len(raw), MAX_ABBREVIATION_READS) if is_kept else file.stream.meter
            setattr(dwarf, name, section._replace(stream=MeteredBytes(raw, meter)))
            if name in ("debug_info_sec", "debug_types_sec"):
                _check_units(raw)
    return dwarf


def _check_units(raw: bytes) -> None:
    """Refuse more units than any program has: pyelftools keeps each in memory."""
    at = count = 0
    while at + 4 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "little")
        if length == _IS_LONG:
            raise RefusedContents("DWARF of 64 bits; want that of a program of 32 bits")
        at += 4 + length
        count += 1
        if count > MAX_UNITS:
            raise RefusedContents(f"more than {MAX_UNITS:,} units of compilation")


def _unit_at(ranges: bytes, address: int) -> int | None:
    """Return where the unit of an address lies, by .debug_aranges. Source: DWARF 4, 6.1.2."""
    at = 0
    while at + 16 <= len(ranges):
        length, _, unit, address_size, selector_size = struct.unpack_from("<IHIBB", ranges, at)
        end = at + 4 + length
        if length < 12:
            break
        if (address_size, selector_size) == (4, 0):
            pairs = ranges[at + 16 : min(end, len(ranges))]
            for start, size in struct.iter_unpack("<II", pairs[: len(pairs) // 8 * 8]):
                if start <= address < start + size:
                    return int(unit)
        at = end
    return None


def _below(first: Any) -> Iterator[tuple[int, Any]]:
    """Yield what lies below an entry, in the order of the file, with its depth: 1 for the entry's own children."""
    unit, depth, at = first.cu, int(bool(first.has_children)), first.offset + first.size
    while depth and at < unit.cu_offset + unit.size:
        entry = DIE(unit, first.stream, at)
        at += entry.size
        if entry.is_null():
            depth -= 1
        else:
            yield depth, entry
            depth += bool(entry.has_children)


def _struct_layout(entry: Any, kind: ProgramKind) -> StructLayout:
    """Return the layout of a DW_TAG_structure_type; raises RefusedContents where it is none that a program has."""
    size = int(entry.attributes["DW_AT_byte_size"].value)
    members = list(islice(_offsets(entry, 0), MAX_MEMBERS + 1))
    if size > MAX_STRUCT_SIZE or len(members) > MAX_MEMBERS or any(offset > size for _, offset in members):
        raise RefusedContents(
            f"a struct of 0x{size:x} bytes, which is too large, or whose members are too many or lie outside"
        )
    offsets = dict(members)
    if missing := [name for name in NEEDED_MEMBERS[kind] if name not in offsets]:
        raise RefusedContents(f"{kind.value} without the member {missing[0]}")
    return StructLayout(size, offsets)


def _offsets(entry: Any, depth: int) -> Iterator[tuple[str, int]]:
    """Yield the members of a struct, and of those inside it."""
    for level, member in _below(entry):
        if level > 1 or member.tag != "DW_TAG_member" or _name(member) is None:
            continue
        place = int(member.attributes["DW_AT_data_member_location"].value)
        yield str(_name(member)), place
        inner = _plain_type(member)
        if inner.tag == "DW_TAG_structure_type" and depth < MAX_DEPTH:
            yield from ((f"{_name(member)}.{part}", place + offset) for part, offset in _offsets(inner, depth + 1))


def _plain_type(entry: Any) -> Any:
    """Return the type of a member, without names, qualifiers, and the array that it is an element of."""
    for _ in range(MAX_DEPTH):
        if "DW_AT_type" not in entry.attributes:
            break
        entry = entry.get_DIE_from_attribute("DW_AT_type")
        if entry.tag not in _ALIASES:
            break
    return entry


def _name(entry: Any) -> str | None:
    attribute = entry.attributes.get("DW_AT_name")
    return None if attribute is None else attribute.value[:MAX_NAME].decode(errors="replace")
