"""Partition tables as they are written, with the line of each row, even where their generator refuses them.

`parse_csv` stops at the first thing that is wrong; a doctor wants to see the rest of the patient. So a table is
read strictly first, and where that fails a second time leniently: lines that make no sense are left out, all
others are placed as the generator would place them.
"""

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..impl.partitions.csv_fields import EndlessNumber, FieldError, counted_lines, csv_fields, csv_number
from ..impl.partitions.csv_format import CsvPlaces, parse_csv
from ..impl.partitions.csv_names import SUBTYPES, TYPES, blank_subtype
from ..impl.partitions.generator_checks import TABLE_SIZE, check_table, is_primary, offset_alignment
from ..impl.partitions.partition import MAX_OTA_SLOTS, Partition
from ..impl.partitions.table import TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, decode_table
from ..model.config import Release
from .files import FLASH_SIZES, read_file

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LARGEST = 0xFFFFFFFF
"""What a field of a row can hold."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A partition, and where it is written."""

    partition: Partition
    place: str
    """File and line, or the file alone."""


@dataclass(frozen=True, slots=True)
class TableReading:
    """A partition table as far as it can be read."""

    file: str
    rows: tuple[TableRow, ...]
    refusal: str | None = None
    """What gen_esp32part.py has against it."""
    refused_at: str = ""
    too_high: tuple[tuple[str, str], ...] = ()
    """Place and subtype of each row that wants to be an OTA slot past ota_15."""
    unread: tuple[str, ...] = ()
    """Places of lines that are left out: what the table seems to lack may stand there."""

    @property
    def slots(self) -> list[TableRow]:
        """The OTA slots, in the order of the table."""
        return [row for row in self.rows if row.partition.is_ota_slot]

    @property
    def only_slot(self) -> TableRow | None:
        """The OTA slot of a table that has exactly one."""
        return self.slots[0] if len(self.slots) == 1 and not self.unread else None

    @property
    def apps(self) -> list[TableRow]:
        """All that holds an application."""
        return [row for row in self.rows if row.partition.is_app]

    @property
    def otadata(self) -> list[TableRow]:
        """All that is otadata."""
        return [row for row in self.rows if row.partition.is_otadata]

    @property
    def factory(self) -> TableRow | None:
        """The factory app."""
        return next((row for row in self.rows if row.partition.is_factory), None)


def read_table_leniently(path: Path, places: CsvPlaces) -> TableReading:
    """Return what a table file holds, CSV or binary; raises InputError for a file that is no table at all."""
    contents = read_file(path)
    if contents.startswith(TABLE_MAGIC):
        return _read_binary(path, contents, places)
    if b"\0" in contents and not contents.startswith(_UTF_16):
        raise InputError(f"{path}: neither a CSV nor a binary partition table; name the partition table")
    return read_csv(contents, places, str(path))


def read_csv(contents: bytes, places: CsvPlaces, file: str, one_place: str | None = None) -> TableReading:
    """Return what a CSV holds; raises InputError, with line and field, for a number without end.

    one_place: what to call every row, for a table that comes with ESP-IDF."""
    encoding = "utf-16" if contents.startswith(_UTF_16) else "utf-8-sig"
    lines = list(counted_lines(contents.decode(encoding, "replace")))
    at = [one_place or f"{file}:{number}" for number, _ in lines]
    try:
        return TableReading(file, tuple(map(TableRow, parse_csv(contents, places), at)))
    except TableError as error:
        match = re.match(r"line (\d+)", str(error))
        refused_at = one_place or (f"{file}:{match[1]}" if match else file)
        parsed = [(_parse(file, number, line, places), place) for (number, line), place in zip(lines, at, strict=True)]
        known = [(partition, place) for partition, place in parsed if isinstance(partition, Partition)]
        placed = _place([partition for partition, _ in known], places)
        rows = [TableRow(partition, place) for partition, (_, place) in zip(placed, known, strict=True)]
        too_high = tuple((place, subtype) for subtype, place in parsed if isinstance(subtype, str))
        unread = tuple(place for partition, place in parsed if partition is None)
        return TableReading(file, tuple(rows), str(error), refused_at, too_high, unread)


def read_table_in_flash(table: tuple[Partition, ...], file: str, places: CsvPlaces) -> TableReading:
    """Return a table whose rows were read already, from a dump or a binary file, with the generator's refusal."""
    rows = tuple(TableRow(partition, file) for partition in table)
    try:
        check_table(table, places.table_offset, version=places.version)
    except TableError as error:
        return TableReading(file, rows, str(error), file)
    return TableReading(file, rows)


def _read_binary(path: Path, contents: bytes, places: CsvPlaces) -> TableReading:
    try:
        table = decode_table(contents[:TABLE_MAX_LENGTH], FLASH_SIZES[-1], Release.V6_2_DEV)
    except TableError as error:
        raise InputError(f"{path}: {error}") from None
    return read_table_in_flash(table, str(path), places)


def _parse(file: str, number: int, line: str, places: CsvPlaces) -> Partition | str | None:
    """Return the partition of a line, with offset -1 where the line leaves that open.

    For a subtype past ota_15 returns the subtype, as it is written; None for nonsense."""
    try:
        label, type_field, subtype_field, offset_field, size_field, flags_field = csv_fields(line, places.environment)
        if _is_too_high(subtype_field.written):
            return subtype_field.written
        type_ = csv_number(type_field, TYPES)
        names = SUBTYPES.get(type_, {})
        subtype = csv_number(subtype_field, names) if subtype_field.value else blank_subtype(places.version)
        offset = csv_number(offset_field) if offset_field.value else -1
        size = csv_number(size_field)
    except EndlessNumber as error:
        raise InputError(f"{file}: line {number}, {error}") from None
    except FieldError:
        return None
    if any(not -_LARGEST <= value <= _LARGEST for value in (type_, subtype, offset, size)):
        return None
    flags = flags_field.value.split(":")
    return Partition(label.value, type_, subtype, offset, size, "encrypted" in flags, "readonly" in flags)


def _is_too_high(subtype: str) -> bool:
    slot = re.fullmatch(r"ota_0*(\d{1,9})", subtype.lower())
    return slot is not None and int(slot[1]) >= MAX_OTA_SLOTS


def _place(partitions: list[Partition], places: CsvPlaces) -> list[Partition]:
    """Return the partitions with open offsets and negative sizes filled in."""
    end, placed = places.table_offset + TABLE_SIZE, []
    for partition in partitions:
        whole = partition
        if whole.offset < 0 and not is_primary(whole.type, whole.subtype, places.version):
            alignment = offset_alignment(whole.type, places.version)
            whole = replace(whole, offset=-(-end // alignment) * alignment)
        if whole.size < 0:
            whole = replace(whole, size=max(0, -whole.size - whole.offset))
        if not is_primary(whole.type, whole.subtype, places.version):
            end = whole.end
        placed.append(whole)
    return placed
