"""The CSV form of a partition table: name, type, subtype, offset, size, flags.

Lines that are blank or begin with # do not count, and what stands after the sixth field neither. Numbers
are decimal or 0x…, with K or M behind them; csv_fields.py reads them. A blank offset follows
the partition before it, aligned; a negative size means "up to that address". Each version of ESP-IDF reads it by
its own rules (generator_rules.py). Source: gen_esp32part.py PartitionTable.from_csv, PartitionDefinition.from_csv.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...bounded_input import shortened
from ...model.idf_version import MASTER, IdfVersion
from .csv_fields import CsvField, FieldError, counted_lines, csv_fields, csv_number
from .csv_names import (
    FLAGS,
    RECOVERY_SUBTYPE,
    SUBTYPES,
    TYPES,
    blank_subtype,
    brought_by,
    is_named,
    subtype_names,
    type_names,
)
from .generator_checks import TABLE_SIZE, check_table, is_placed, is_primary, offset_alignment
from .generator_rules import KNOWS_UNDEFINED, READS_BYTE_ORDER_MARK, known_to, whose
from .partition import Partition, PartitionType
from .table import LABEL_LENGTH, TableError, encode_label

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF32_BE: "utf-32",
}
_MARK = codecs.BOM_UTF8.decode()


@dataclass(frozen=True, slots=True)
class CsvPlaces:
    """What a CSV leaves to the build: where the table's own parts lie, values of variables, and whose generator."""

    table_offset: int = 0x8000
    """Bytes; where the partition table lies."""
    bootloader_offset: int | None = None
    """Bytes; where the bootloader lies."""
    recovery_offset: int | None = None
    """Bytes; where the recovery bootloader lies."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What $NAME stands for; by itself nothing, lest a table of others shows what is secret."""
    version: IdfVersion = MASTER
    """The ESP-IDF whose generator reads it."""
    extra_subtypes: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """By type and name, the subtypes that components add (gen_esp32part.py --extra-partition-subtypes)."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    partition: Partition
    has_offset: bool
    """Whether the line gives an offset."""


def parse_csv(
    raw: bytes,
    places: CsvPlaces | None = None,
    secure_boot_v1: bool = False,
) -> tuple[Partition, ...]:
    """Return the partitions of a CSV, checked, in the order of its lines.

    A name longer than a label is cut off, as the generator does without a word.
    Raises TableError naming line and field."""
    places = places or CsvPlaces()
    text = _decode(raw, places.version)
    lines = [_line(number, line, places) for number, line in counted_lines(text)]
    placed = _place(lines, places)
    numbers = {id(partition): line.number for partition, line in zip(placed, lines, strict=True)}
    check_table(
        placed,
        places.table_offset,
        secure_boot_v1,
        version=places.version,
        where=lambda p: f"line {numbers[id(p)]}, partition {p.label!r}",
    )
    return tuple(replace(partition, label=_as_stored(partition.label)) for partition in placed)


def format_csv(partitions: tuple[Partition, ...]) -> str:
    """Return the CSV of a table, with every offset and size written out."""
    rows = ["# Name, Type, SubType, Offset, Size, Flags"]
    for p in partitions:
        type_ = next((name for name, value in TYPES.items() if value == p.type), str(p.type))
        subtype = next((n for n, value in SUBTYPES.get(p.type, {}).items() if value == p.subtype), str(p.subtype))
        flags = ":".join(name for name in FLAGS if getattr(p, name))
        rows.append(f"{p.label},{type_},{subtype},0x{p.offset:x},0x{p.size:x},{flags}")
    return "\n".join(rows) + "\n"


def _as_stored(label: str) -> str:
    """Return what a row has room for: whole bytes, be it half a character at the end."""
    return encode_label(label)[:LABEL_LENGTH].decode("utf-8", "surrogateescape")


def _decode(raw: bytes, version: IdfVersion) -> str:
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "utf-8")
    if raw.startswith(codecs.BOM_UTF32_LE):
        raise TableError("line 1: UTF-32, which the generator takes for UTF-16; save the file as UTF-8")
    if not READS_BYTE_ORDER_MARK.holds_in(version):
        if encoding not in ("utf-8", "utf-8-sig"):
            raise TableError(f"line 1: {encoding} text; save the file as UTF-8{known_to(READS_BYTE_ORDER_MARK)}")
        encoding = "utf-8"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        # Not `raw`: the positions do not count a byte order mark that has been taken off.
        line, byte = error.object[: error.start].count(b"\n") + 1, error.object[error.start]
        raise TableError(f"line {line}: byte 0x{byte:02x} is no {encoding} text; want a CSV in UTF-8") from None


def _line(number: int, line: str, places: CsvPlaces) -> _Line:
    """Return what a line that counts says; raises TableError naming it."""
    try:
        return _parse_line(number, csv_fields(line, places.environment), places)
    except FieldError as error:
        told = str(error)
        if line.startswith(_MARK):
            told = f"name: begins with a byte order mark; save the file without one{known_to(READS_BYTE_ORDER_MARK)}"
        raise TableError(f"line {number}, {told}") from None


def _parse_line(number: int, fields: list[CsvField], places: CsvPlaces) -> _Line:
    label, type_field, subtype_field, offset_field, size_field, flags_field = fields
    if not type_field.value:
        raise FieldError(f"type: empty; want {', '.join(type_names(places.version))} or a number")
    type_ = _byte(type_field, type_names(places.version), TYPES)
    if subtype_field.value:
        subtype = _subtype(subtype_field, type_, places)
    elif type_ == PartitionType.APP and KNOWS_UNDEFINED.holds_in(places.version):
        raise FieldError(f"subtype: empty; an app needs one, such as factory or ota_0{whose(KNOWS_UNDEFINED)}")
    else:
        subtype = blank_subtype(places.version)
    offset = _fixed_offset(type_, subtype, number, places)
    if offset is None and offset_field.value:
        offset = csv_number(offset_field)
    flags = _flags(flags_field, places.version)
    size = _size(type_, size_field, number, places)
    partition = Partition(
        label.value, type_, subtype, offset or 0, size, encrypted="encrypted" in flags, readonly="readonly" in flags
    )
    return _Line(number, partition, offset is not None)


def _flags(field: CsvField, version: IdfVersion) -> list[str]:
    flags = [flag for flag in field.value.split(":") if flag]
    known = [flag for flag in FLAGS if is_named(flag, version)]
    for flag in flags:
        if flag not in known:
            since = known_to(brought_by(flag)) if flag in FLAGS else ""
            raise FieldError(f"flags: unknown flag in {shortened(field.written)!r}; want {' or '.join(known)}{since}")
    return flags


def _subtype(field: CsvField, type_: int, places: CsvPlaces) -> int:
    """Return the number of a subtype, by its name of ESP-IDF or of a component of the project."""
    extra = {name: value for (of_type, name), value in places.extra_subtypes.items() if of_type == type_}
    every = SUBTYPES.get(type_, {})
    try:
        return _byte(field, {**extra, **subtype_names(type_, places.version)}, every)
    except FieldError as error:
        if not field.value.isidentifier() or field.value.lower() in every:
            raise
        more = "or one that a component of the project adds (EXTRA_PARTITION_SUBTYPES): name the project, or its number"
        raise FieldError(f"{error}; {more}") from None


def _byte(field: CsvField, names: Mapping[str, int], every: Mapping[str, int]) -> int:
    """Return the number of a type or subtype. names: those that the version knows; every: those that any knows."""
    try:
        value = csv_number(field, names)
    except FieldError as error:
        name = field.value.lower()
        if name in every:
            raise FieldError(f"{error}{known_to(brought_by(name))}") from None
        raise
    if not 0 <= value <= 0xFF:
        raise FieldError(f"{field.name}: {shortened(field.written)} does not fit a byte; want 0 … 254")
    return value


def _fixed_offset(type_: int, subtype: int, number: int, places: CsvPlaces) -> int | None:
    """Return the offset that the build gives a bootloader or the table; what the line says does not count."""
    primary = is_primary(type_, subtype, places.version)
    if type_ == PartitionType.PARTITION_TABLE and primary:
        return places.table_offset
    if type_ != PartitionType.BOOTLOADER or not is_placed(type_, places.version):
        return None
    if primary:
        return _given(places.bootloader_offset, number, "primary bootloader")
    if subtype == RECOVERY_SUBTYPE:
        return _given(places.recovery_offset, number, "recovery bootloader")
    return None


def _size(type_: int, field: CsvField, number: int, places: CsvPlaces) -> int:
    sized = is_placed(type_, places.version)
    if sized and type_ == PartitionType.BOOTLOADER:
        size = places.table_offset - _given(places.bootloader_offset, number, "primary bootloader")
        if size <= 0:
            raise TableError(
                f"line {number}, size: the bootloader at 0x{places.bootloader_offset:x} does not end before the "
                f"partition table at 0x{places.table_offset:x}; correct one of the two"
            )
        return size
    if sized:
        return TABLE_SIZE
    if not field.value:
        raise FieldError("size: empty; want bytes, such as 0x100000 or 1M")
    return csv_number(field)


def _given(offset: int | None, number: int, what: str) -> int:
    if offset is None:
        raise TableError(f"line {number}, offset: where the {what} lies is not known here; give its offset")
    return offset


def _place(lines: list[_Line], places: CsvPlaces) -> tuple[Partition, ...]:
    """Return the partitions with blank offsets and negative sizes filled in."""
    end = places.table_offset + TABLE_SIZE
    placed = []
    for line in lines:
        partition = line.partition
        if is_primary(partition.type, partition.subtype, places.version):
            placed.append(partition)
            continue
        if not line.has_offset:
            alignment = offset_alignment(partition.type, places.version)
            partition = replace(partition, offset=-(-end // alignment) * alignment)
        elif partition.offset < end:
            raise TableError(
                f"line {line.number}, offset: 0x{partition.offset:x} lies before 0x{end:x}, where "
                f"{'the partition before it' if placed else 'the partition table'} ends; move it up or leave it blank"
            )
        if partition.size < 0:
            partition = replace(partition, size=-partition.size - partition.offset)
        for name in ("offset", "size"):
            if not 0 <= getattr(partition, name) <= 0xFFFFFFFF:
                raise TableError(f"line {line.number}, {name}: {getattr(partition, name)} does not fit 32 bits")
        end = partition.end
        placed.append(partition)
    return tuple(placed)
