"""The layouts and images of a directory of vectors, which its vectors name.

The bytes are put into flash from the recording's own data alone. Nothing here decodes a partition table, lest a
decoder that is wrong agree with itself.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ...bounded_input import json_value, read_bounded, shortened, unpacked
from ...errors import InputError
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...json_fields import Record, check_fields, parse_hex, take, take_number
from ...path_bounds import inside

FLASH_SIZE = 0x400000
"""Bytes on the chip of every recording."""
_LARGEST_PARTITION = 0xFFFFFFFF
"""Bytes that a row of a table can name, whatever the chip has: up to 6.0 its end is added up in 32 bits."""
_LAYOUT_FIELDS = frozenset(["name", "note", "table_offset", "table_hex", "partitions"])
_PARTITION_FIELDS = frozenset(["label", "type", "subtype", "offset", "size"])
_TYPE_APP = 0
_KIND_OTADATA = (1, 0)
"""Type and subtype of the otadata partition."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where a partition of a layout lies."""

    label: str
    offset: int
    """Bytes from the start of flash."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class FlashLayout:
    """A partition layout of a recording."""

    name: str
    table_offset: int
    areas: tuple[Area, ...]
    apps: tuple[Area, ...]
    """The partitions of type app among `areas`."""
    otadata: Area | None
    """The first otadata partition."""
    cells: Cells
    """The chip with the partition table, all else erased."""

    def area(self, label: str, where: str) -> Area:
        """Return the partition of that label; raises InputError when there is none."""
        for area in self.areas:
            if area.label == label:
                return area
        raise InputError(f"{where}: layout {self.name!r} has no partition {label!r}")

    def entry_offsets(self) -> tuple[int, ...]:
        """Return where the two otadata entries lie, whatever the size of their partition; () without one."""
        if self.otadata is None:
            return ()
        return (self.otadata.offset, self.otadata.offset + SECTOR_SIZE)


class Recording:
    """The layouts and images of one directory of vectors, each read when first asked for."""

    def __init__(self, directory: Path, follows_outside: bool = False) -> None:
        """Read all layouts*.json and images*.json; raises InputError when there are no layouts.

        follows_outside: whether links that lead out of the directory are followed; else they are an InputError."""
        self.directory = directory
        self._follows_outside = follows_outside
        self._layout_records = self._read_tables("layouts*.json")
        self._image_records = self._read_tables("images*.json")
        self._layouts: dict[str, FlashLayout] = {}
        self._images: dict[str, bytes] = {}
        if not self._layout_records:
            raise InputError(f"{directory}: no layouts*.json here; vectors need it in their directory")

    def layout(self, name: str, where: str) -> FlashLayout:
        """Return the layout of that name; raises InputError when there is none."""
        if name not in self._layouts:
            if name not in self._layout_records:
                raise InputError(f"{where}: no layout {name!r} in {self.directory}/layouts*.json")
            self._layouts[name] = parse_layout(name, *self._layout_records[name])
        return self._layouts[name]

    def image(self, name: str, where: str) -> bytes:
        """Return the bytes of the image of that name; raises InputError when it is absent or not as described."""
        if name not in self._images:
            record, _ = self._image_records.get(name, ({}, ""))
            file = record.get("file", f"{name}.bin")
            if not isinstance(file, str) or not file.isprintable() or "/" in file:
                raise InputError(
                    f"{where}: image '{shortened(name)}': its file '{shortened(file)}' is no name of a file"
                )
            path = self.directory / "images" / file
            try:
                contents = read_bounded(inside(path, self.directory, self._follows_outside))
            except InputError as error:
                raise InputError(f"{where}: image '{shortened(name)}': {error}") from None
            digest = hashlib.sha256(contents).hexdigest()
            if record.get("sha256", digest) != digest:
                raise InputError(f"{path}: not the SHA-256 that images*.json gives for {name!r}")
            self._images[name] = contents
        return self._images[name]

    def _read_tables(self, pattern: str) -> dict[str, tuple[Record, str]]:
        """Return name -> (object, file) of all files that match, whose JSON is an object of objects."""
        tables: dict[str, tuple[Record, str]] = {}
        for path in sorted(self.directory.glob(pattern)):
            contents = read_bounded(inside(path, self.directory, self._follows_outside))
            table = json_value(unpacked(path, contents), str(path))
            if not isinstance(table, dict) or not all(isinstance(record, dict) for record in table.values()):
                raise InputError(f"{path}: want a JSON object that maps names to objects")
            tables.update({name: (record, str(path)) for name, record in table.items()})
        return tables


def parse_layout(name: str, record: Record, where: str) -> FlashLayout:
    """Return the layout that a JSON object describes; raises InputError naming the field."""
    where = f"{where}: layout {name!r}"
    check_fields(record, _LAYOUT_FIELDS, where)
    areas: list[Area] = []
    apps: list[Area] = []
    otadata: list[Area] = []
    for row in take(record, "partitions", list, where):
        label = take(row, "label", str, where)
        check_fields(row, _PARTITION_FIELDS, where)
        offset = take_number(row, "offset", FLASH_SIZE, where)
        area = Area(label, offset, take_number(row, "size", _LARGEST_PARTITION, where))
        kind = take(row, "type", int, where), take(row, "subtype", int, where)
        areas.append(area)
        if kind[0] == _TYPE_APP:
            apps.append(area)
        if kind == _KIND_OTADATA:
            otadata.append(area)
    table_offset = take_number(record, "table_offset", FLASH_SIZE, where)
    table = parse_hex(take(record, "table_hex", str, where), "table_hex", where)
    return FlashLayout(
        name=name,
        table_offset=table_offset,
        areas=tuple(areas),
        apps=tuple(apps),
        otadata=otadata[0] if otadata else None,
        cells=with_bytes(Cells.erased(FLASH_SIZE), table_offset, table, where),
    )


def with_bytes(cells: Cells, offset: int, contents: bytes, where: str) -> Cells:
    """Return the chip with `contents` put at `offset`; raises InputError where they do not fit."""
    try:
        return cells.with_bytes(offset, contents)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
