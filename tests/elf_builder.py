"""ELF files of 32 bits, DWARF and archives, byte by byte: whatever counts, links and offsets a test wants in them."""

import struct
from dataclasses import dataclass

RISCV = 243
CODE, PLACE = b"\x67\x80\x00\x00", 0x40380000
"""ret, and where it lies."""
KIND = "bootloader_state_t"
FUNCTIONS = ("bootloader_utility_get_selected_boot_partition", "ota_has_initial_contents")
PROGBITS, SYMTAB, STRTAB, RELA, NOBITS = 1, 2, 3, 4, 8
TYPEDEF, STRUCT, MEMBER, BASE, UNIT = 0x16, 0x13, 0x0D, 0x24, 0x11
NAME, BYTE_SIZE, TYPE, LOCATION, SIBLING = 0x03, 0x0B, 0x49, 0x38, 0x01
STRING, NUMBER, REFERENCE, STRP = 0x08, 0x0F, 0x13, 0x0E
_UNIT_HEADER = 11


@dataclass(frozen=True)
class Section:
    """A section; what is None is as its data says."""

    name: str
    data: bytes = b""
    kind: int = PROGBITS
    flags: int = 0
    size: int | None = None
    offset: int | None = None
    link: int = 0
    info: int = 0
    align: int = 1
    entry_size: int = 0


def elf(
    sections: list[Section], is_program: bool = True, code: bytes = CODE, section_count: int | None = None
) -> bytes:
    """Return a file; a program loads `code` at PLACE, and begins there."""
    names = b"\0" + b"".join(each.name.encode() + b"\0" for each in sections) + b".shstrtab\0"
    rows = [Section(""), *sections, Section(".shstrtab", names, STRTAB)]
    start = 84 if is_program else 52
    body, table, name_at = bytearray(code if is_program else b""), b"", 1
    for number, row in enumerate(rows):
        place = start + len(body) if row.offset is None else row.offset
        size = len(row.data) if row.size is None else row.size
        called = name_at if number else 0
        name_at += len(row.name) + 1 if number else 0
        table += struct.pack(
            "<10I",
            called,
            row.kind if number else 0,
            row.flags,
            0,
            place,
            size,
            row.link,
            row.info,
            row.align,
            row.entry_size,
        )
        body += row.data
    count = len(rows) if section_count is None else section_count
    fields = (2 if is_program else 1, RISCV, 1, PLACE, 52, start + len(body), 0, 52, 32, int(is_program), 40, count)
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", *fields, len(rows) - 1)
    segment = struct.pack("<8I", 1, 84, PLACE, PLACE, len(code), len(code), 7, 4)
    return bytes(head + (segment if is_program else b"") + body + table)


def symbols(rows: list[tuple[str, int, int]], link: int) -> list[Section]:
    """Return a table of symbols and its names. rows: name, address, st_info; link: number of the second section."""
    names, table = b"\0", bytes(16)
    for name, address, info in rows:
        table += struct.pack("<IIIBBH", len(names), address, 4, info, 0, 1)
        names += name.encode() + b"\0"
    return [Section(".symtab", table, SYMTAB, link=link, entry_size=16), Section(".strtab", names, STRTAB)]


def program(debug: list[Section], functions: tuple[str, ...] = FUNCTIONS) -> bytes:
    """Return a bootloader of one instruction that has these functions and this debug information."""
    code = Section(".text", CODE, flags=6)
    return elf([code, *debug, *symbols([(name, PLACE, 0x12) for name in functions], len(debug) + 3)])


def unlinked(sections: list[Section], names: list[tuple[str, int, int]]) -> bytes:
    """Return an object with code, further sections and symbols."""
    code = Section(".text", CODE, flags=6)
    return elf([code, *sections, *symbols(names, len(sections) + 3)], is_program=False)


def archive(members: list[tuple[bytes, bytes]]) -> bytes:
    """Return an archive. members: names of at most 16 bytes, with contents of an even length."""
    heads = [name.ljust(48) + str(len(data)).encode().ljust(10) + b"`\n" for name, data in members]
    return b"!<arch>\n" + b"".join(head + data for head, (_, data) in zip(heads, members, strict=True))


Attribute = tuple[int, int, "str | int"]
"""Name, form and value; a reference names a label."""


class Dwarf:
    """The debug information of one unit."""

    def __init__(self) -> None:
        """Begin with the unit's own entry."""
        self._info = b""
        self._abbreviations: list[bytes] = []
        self._labels: dict[str, int] = {}
        self._references: list[tuple[int, str]] = []
        self.entry(UNIT, (NAME, STRING, "a.c"), has_children=True)

    def entry(self, tag: int, *attributes: Attribute, label: str = "", has_children: bool = False) -> "Dwarf":
        """Append an entry."""
        self._labels[label] = _UNIT_HEADER + len(self._info)
        forms = b"".join(leb(name) + leb(form) for name, form, _ in attributes)
        abbreviation = leb(tag) + bytes([has_children]) + forms + b"\0\0"
        if abbreviation not in self._abbreviations:
            self._abbreviations.append(abbreviation)
        self._info += leb(self._abbreviations.index(abbreviation) + 1)
        for _, form, value in attributes:
            self._info += self._value(form, value)
        return self

    def _value(self, form: int, value: str | int) -> bytes:
        if isinstance(value, int):
            return leb(value) if form == NUMBER else value.to_bytes(4, "little")
        if form == STRING:
            return value.encode() + b"\0"
        self._references.append((len(self._info), value))
        return bytes(4)

    def end(self) -> "Dwarf":
        """End the children of an entry."""
        self._info += b"\0"
        return self

    def structure(self, label: str, size: int, *members: tuple[str, str, int], **more: str) -> "Dwarf":
        """Append a struct. members: names, types and offsets."""
        sibling = [(SIBLING, REFERENCE, more["sibling"])] if more else []
        self.entry(STRUCT, (BYTE_SIZE, NUMBER, size), *sibling, label=label, has_children=True)
        for name, kind, offset in members:
            self.entry(MEMBER, (NAME, STRING, name), (TYPE, REFERENCE, kind), (LOCATION, NUMBER, offset))
        return self.end()

    def typedef(self, name: str, kind: str, label: str = "") -> "Dwarf":
        """Append another name of a type."""
        return self.entry(TYPEDEF, (NAME, STRING, name), (TYPE, REFERENCE, kind), label=label)

    def sections(self, tail: bytes = b"\0") -> list[Section]:
        """Return .debug_info, with how the unit ends, and .debug_abbrev."""
        info = bytearray(self._info + tail)
        for at, label in self._references:
            info[at : at + 4] = self._labels[label].to_bytes(4, "little")
        unit = struct.pack("<HIB", 4, 0, 4) + info
        raw = struct.pack("<I", len(unit)) + unit
        table = b"".join(leb(number) + each for number, each in enumerate(self._abbreviations, 1))
        return [Section(".debug_info", raw), Section(".debug_abbrev", table + b"\0")]


def leb(number: int) -> bytes:
    """Return a number of variable length (ULEB128)."""
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


MEMBERS = (
    *((name, "place", 8 * number) for number, name in enumerate(("ota_info", "factory", "test", "ota"))),
    ("app_count", "word", 152),
)
ADDRESSES = [(name, 0, 0x12) for name in FUNCTIONS]
"""Of the functions in an object."""


def word() -> Dwarf:
    """Return debug information with a type of 4 bytes, and a place in flash made of two."""
    found = Dwarf().entry(BASE, (BYTE_SIZE, NUMBER, 4), label="word")
    return found.structure("place", 8, ("offset", "word", 0), ("size", "word", 4))


def state(size: int = 160, members: tuple[tuple[str, str, int], ...] = MEMBERS) -> list[Section]:
    """Return debug information as a bootloader has it."""
    return word().structure("state", size, *members).typedef(KIND, "state").sections()


def relocated(**more: int) -> bytes:
    """Return an object with one relocation, in a section with these further fields."""
    return unlinked([Section(".rela.text", struct.pack("<IIi", 0, 0x101, 0), RELA, **more), *state()], ADDRESSES)
