"""The CSV form of a partition table: name, type, subtype, offset, size, flags.

Lines that are blank or begin with # do not count, and what stands after the sixth field neither. Numbers
are decimal or 0x…, with K or M behind them; $NAME is replaced if its value is given. A blank offset follows
the partition before it, aligned; a negative size means "up to that address". Source: gen_esp32part.py
PartitionTable.from_csv, PartitionDefinition.from_csv (6.2-dev).
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...bounded_input import shortened
from .generator_checks import TABLE_SIZE, check_table, is_primary, offset_alignment
from .partition import Partition, PartitionType
from .table import LABEL_LENGTH, TableError, encode_label

TYPES: Mapping[str, int] = {
    "bootloader": PartitionType.BOOTLOADER,
    "partition_table": PartitionType.PARTITION_TABLE,
    "app": PartitionType.APP,
    "data": PartitionType.DATA,
}
SUBTYPES: Mapping[int, Mapping[str, int]] = {
    PartitionType.BOOTLOADER: {"primary": 0x00, "ota": 0x01, "recovery": 0x02},
    PartitionType.PARTITION_TABLE: {"primary": 0x00, "ota": 0x01},
    PartitionType.APP: {
        "factory": 0x00,
        "test": 0x20,
        **{f"ota_{slot}": 0x10 + slot for slot in range(16)},
        "tee_0": 0x30,
        "tee_1": 0x31,
    },
    PartitionType.DATA: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
        "tee_ota": 0x90,
    },
}
_UNDEFINED = SUBTYPES[PartitionType.DATA]["undefined"]
_LARGEST_NUMBER = 1 << 33
"""No field holds a number beyond: a size may be as negative as the end of the largest partition."""
LONGEST_NUMBER = 80
"""Characters of a number or of the name of a type; 32 bits in binary have 34."""
_FLAGS = ("encrypted", "readonly")
_SUFFIXES = {"k": 1 << 10, "m": 1 << 20}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF32_BE: "utf-32",
}


@dataclass(frozen=True, slots=True)
class CsvPlaces:
    """Where a table's own parts lie, which a CSV may leave to the build."""

    table_offset: int = 0x8000
    """Bytes; where the partition table lies."""
    bootloader_offset: int | None = None
    """Bytes; where the bootloader lies."""
    recovery_offset: int | None = None
    """Bytes; where the recovery bootloader lies."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    partition: Partition
    has_offset: bool
    """Whether the line gives an offset."""


def parse_csv(
    raw: bytes,
    places: CsvPlaces | None = None,
    environment: Mapping[str, str] | None = None,
    secure_boot_v1: bool = False,
) -> tuple[Partition, ...]:
    """Return the partitions of a CSV, checked, in the order of its lines.

    environment: what $NAME stands for; by itself nothing, lest a table of others shows what is secret.
    A name longer than a label is cut off, as the generator does without a word.
    Raises TableError naming line and field."""
    places = places or CsvPlaces()
    text = _decode(raw)
    lines = [
        _parse_line(number, fields, places)
        for number, line in enumerate(text.splitlines(), 1)
        if (fields := _fields(number, line, environment or {}))
    ]
    placed = _place(lines, places)
    numbers = {id(partition): line.number for partition, line in zip(placed, lines, strict=True)}
    check_table(
        placed,
        places.table_offset,
        secure_boot_v1,
        where=lambda p: f"line {numbers[id(p)]}, partition {p.label!r}",
    )
    return tuple(replace(partition, label=_as_stored(partition.label)) for partition in placed)


def format_csv(partitions: tuple[Partition, ...]) -> str:
    """Return the CSV of a table, with every offset and size written out."""
    rows = ["# Name, Type, SubType, Offset, Size, Flags"]
    for p in partitions:
        type_ = next((name for name, value in TYPES.items() if value == p.type), str(p.type))
        subtype = next((n for n, value in SUBTYPES.get(p.type, {}).items() if value == p.subtype), str(p.subtype))
        flags = ":".join(name for name in _FLAGS if getattr(p, name))
        rows.append(f"{p.label},{type_},{subtype},0x{p.offset:x},0x{p.size:x},{flags}")
    return "\n".join(rows) + "\n"


def _as_stored(label: str) -> str:
    """Return what a row has room for: whole bytes, be it half a character at the end."""
    return encode_label(label)[:LABEL_LENGTH].decode("utf-8", "surrogateescape")


def _decode(raw: bytes) -> str:
    if raw.startswith(codecs.BOM_UTF32_LE):
        raise TableError("line 1: UTF-32, which the generator takes for UTF-16; save the file as UTF-8")
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        # Not `raw`: the positions do not count a byte order mark that has been taken off.
        line, byte = error.object[: error.start].count(b"\n") + 1, error.object[error.start]
        raise TableError(f"line {line}: byte 0x{byte:02x} is no {encoding} text; want a CSV in UTF-8") from None


def _fields(number: int, line: str, environment: Mapping[str, str]) -> list[str] | None:
    """Return the six fields of a line, None for one that does not count."""

    def value_of(match: re.Match[str]) -> str:
        return environment.get(match[1] or match[2], match[0])

    line = re.sub(r"\$(?:(\w+)|\{([^}]*)\})", value_of, line, flags=re.ASCII)
    if match := re.match(r"\$([A-Za-z_]\w*)", line, re.ASCII):
        raise TableError(f"line {number}: ${match[1]} is not filled in from the environment; write its value")
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    return [field.strip() for field in (line + ",,,,,").split(",")][:6]


def _parse_line(number: int, fields: list[str], places: CsvPlaces) -> _Line:
    label, type_text, subtype_text, offset_text, size_text, flags_text = fields
    if not type_text:
        raise TableError(f"line {number}, type: empty; want {', '.join(TYPES)} or a number")
    type_ = _number(type_text, number, "type", TYPES)
    if subtype_text:
        subtype = _number(subtype_text, number, "subtype", SUBTYPES.get(type_, {}))
    elif type_ == PartitionType.APP:
        raise TableError(f"line {number}, subtype: empty; an app needs one, such as factory or ota_0")
    else:
        subtype = _UNDEFINED
    for name, value in (("type", type_), ("subtype", subtype)):
        if not 0 <= value <= 0xFF:
            raise TableError(f"line {number}, {name}: {value} does not fit a byte; want 0 … 254")
    offset = _fixed_offset(type_, subtype, number, places)
    if offset is None and offset_text:
        offset = _number(offset_text, number, "offset")
    flags = [flag for flag in flags_text.split(":") if flag]
    for flag in flags:
        if flag not in _FLAGS:
            raise TableError(f"line {number}, flags: unknown flag {shortened(flag)!r}; want {' or '.join(_FLAGS)}")
    size = _size(type_, size_text, number, places)
    partition = Partition(
        label, type_, subtype, offset or 0, size, encrypted="encrypted" in flags, readonly="readonly" in flags
    )
    return _Line(number, partition, offset is not None)


def _fixed_offset(type_: int, subtype: int, number: int, places: CsvPlaces) -> int | None:
    """Return the offset that the build gives a bootloader or the table; what the line says does not count."""
    if type_ == PartitionType.PARTITION_TABLE and is_primary(type_, subtype):
        return places.table_offset
    if type_ != PartitionType.BOOTLOADER:
        return None
    if is_primary(type_, subtype):
        return _given(places.bootloader_offset, number, "primary bootloader")
    if subtype == SUBTYPES[PartitionType.BOOTLOADER]["recovery"]:
        return _given(places.recovery_offset, number, "recovery bootloader")
    return None


def _size(type_: int, text: str, number: int, places: CsvPlaces) -> int:
    if type_ == PartitionType.BOOTLOADER:
        size = places.table_offset - _given(places.bootloader_offset, number, "primary bootloader")
        if size <= 0:
            raise TableError(
                f"line {number}, size: the bootloader at 0x{places.bootloader_offset:x} does not end before the "
                f"partition table at 0x{places.table_offset:x}; correct one of the two"
            )
        return size
    if type_ == PartitionType.PARTITION_TABLE:
        return TABLE_SIZE
    if not text:
        raise TableError(f"line {number}, size: empty; want bytes, such as 0x100000 or 1M")
    return _number(text, number, "size")


def _given(offset: int | None, number: int, what: str) -> int:
    if offset is None:
        raise TableError(f"line {number}, offset: where the {what} lies is not known here; give its offset")
    return offset


def _number(text: str, line: int, field: str, names: Mapping[str, int] | None = None) -> int:
    """Return a number, with K and M understood, or the value of a name."""
    names = names or {}
    if len(text) > LONGEST_NUMBER:
        raise TableError(f"line {line}, {field}: '{shortened(text)}' is too long for a number")
    digits, factor = text, 1
    while digits and digits[-1].lower() in _SUFFIXES:
        factor *= _SUFFIXES[digits[-1].lower()]
        digits = digits[:-1]
    # The generator takes the letters off names too: "otaK" is 1024 times ota, which is 0.
    if digits.lower() in names:
        return names[digits.lower()] * factor
    try:
        value = int(digits, 0) * factor
    except ValueError:
        wanted = f"a number or one of {', '.join(names)}" if names else "a number, such as 0x10000, 64K or 1M"
        raise TableError(f"line {line}, {field}: {shortened(text)!r} is not valid; want {wanted}") from None
    if abs(value) > _LARGEST_NUMBER:
        raise TableError(f"line {line}, {field}: {shortened(text)!r} does not fit 32 bits")
    return value


def _place(lines: list[_Line], places: CsvPlaces) -> tuple[Partition, ...]:
    """Return the partitions with blank offsets and negative sizes filled in."""
    end = places.table_offset + TABLE_SIZE
    placed = []
    for line in lines:
        partition = line.partition
        if is_primary(partition.type, partition.subtype):
            placed.append(partition)
            continue
        if not line.has_offset:
            alignment = offset_alignment(partition.type)
            partition = replace(partition, offset=-(-end // alignment) * alignment)
        elif partition.offset < end:
            raise TableError(
                f"line {line.number}, offset: 0x{partition.offset:x} lies before 0x{end:x}, where "
                f"{'the partition before it' if placed else 'the partition table'} ends; move it up or leave it blank"
            )
        if partition.size < 0:
            partition = replace(partition, size=-partition.size - partition.offset)
        for field in ("offset", "size"):
            if not 0 <= getattr(partition, field) <= 0xFFFFFFFF:
                raise TableError(f"line {line.number}, {field}: {getattr(partition, field)} does not fit 32 bits")
        end = partition.end
        placed.append(partition)
    return tuple(placed)
