"""Reads recorded behaviour: JSON-lines files of vectors, and the layouts and images that lie beside them.

A *vector* is one recorded boot or one scenario of several steps. Its head names a release, build options, a
partition layout, two otadata entries, images and a secure version; this module turns the head into a device
(flash contents and Config), and leaves what was recorded of its behaviour as it stands in the file.

The bytes are put into flash from the recording's own data alone. Nothing here decodes a partition table or
an otadata entry, lest a decoder that is wrong agree with itself. Fields of a head that are not known here
are ignored. The format: tests/data/vectors/README.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...bounded_input import json_value, read_bounded, shortened, unpacked
from ...errors import InputError
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...model.config import Config, Release

Record = Mapping[str, Any]
"""A JSON object."""
_Value = TypeVar("_Value")

FLASH_SIZE = 0x400000
"""Bytes on the chip of every recording."""
ENTRY_SIZE = 32
"""Bytes of an otadata entry."""
SECURE_VERSION_BITS = 16
"""eFuse bits that the recorded builds count."""
RECORDED_CHIP_REVISION = 300
"""Revision of the silicon of the recordings, unless the head names another one."""
_TYPE_APP = 0
_KIND_OTADATA = (1, 0)
"""Type and subtype of the otadata partition."""
_JSON_KINDS = {str: "a string", int: "an integer", bool: "true or false", list: "a list", dict: "an object"}


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


@dataclass(frozen=True, slots=True)
class Vector:
    """One recorded boot or scenario: the device before it, and the record of what it did."""

    where: str
    """File and line, for messages."""
    id: str
    family: str
    config: Config
    layout: FlashLayout
    cells: Cells
    """The flash before the first step."""
    efuse: int
    """The secure version held by the eFuses before the first step."""
    record: Record
    """The vector as it stands in the file."""
    recording: "Recording"
    """Where its images come from."""


class Recording:
    """The layouts and images of one directory of vectors, each read when first asked for."""

    def __init__(self, directory: Path) -> None:
        """Read all layouts*.json and images*.json; raises InputError when there are no layouts."""
        self.directory = directory
        self._layout_records = _read_tables(directory, "layouts*.json")
        self._image_records = _read_tables(directory, "images*.json")
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
                contents = read_bounded(path)
            except InputError as error:
                raise InputError(f"{where}: image '{shortened(name)}': {error}") from None
            digest = hashlib.sha256(contents).hexdigest()
            if record.get("sha256", digest) != digest:
                raise InputError(f"{path}: not the SHA-256 that images*.json gives for {name!r}")
            self._images[name] = contents
        return self._images[name]


def take(record: Record, name: str, kind: type[_Value], where: str) -> _Value:
    """Return field `name`, whose JSON type must be `kind`; raises InputError naming `where` and the field."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: {shortened(json.dumps(record))} stands where an object with {name!r} belongs")
    if name not in record:
        raise InputError(f"{where}: field {name!r} is missing")
    value = record[name]
    if type(value) is not kind:
        raise InputError(f"{where}: field {name!r} is {shortened(json.dumps(value))}, want {_JSON_KINDS[kind]}")
    return value


def take_number(record: Record, name: str, most: int, where: str) -> int:
    """Return field `name`, an integer from 0 to `most`; raises InputError for anything else."""
    value = take(record, name, int, where)
    if not 0 <= value <= most:
        raise InputError(f"{where}: field {name!r} is {shortened(value)}, want 0 … {most}")
    return value


def list_vector_files(arguments: list[Path]) -> list[Path]:
    """Return the files, with each directory replaced by its *.jsonl and *.jsonl.gz files in order of name."""
    files: list[Path] = []
    for path in arguments:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.iterdir() if file.name.endswith((".jsonl", ".jsonl.gz")))
        if not found:
            raise InputError(f"{path}: no *.jsonl or *.jsonl.gz file in this directory")
        files += found
    return files


def read_vectors(path: Path) -> Iterator[Vector]:
    """Yield the vectors of a .jsonl or .jsonl.gz file, in order; raises InputError with file and line."""
    lines = _read_text(path).splitlines()
    recording = Recording(path.parent)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        record = json_value(line, where)
        if not isinstance(record, dict):
            raise InputError(f"{where}: want one JSON object a line")
        yield parse_vector(record, recording, where)


def parse_vector(record: Record, recording: Recording, where: str) -> Vector:
    """Return the vector that a JSON object describes; raises InputError naming the field."""
    layout = recording.layout(take(record, "layout", str, where), where)
    cells = layout.cells
    if layout.otadata is not None:
        entries = take(record, "otadata", list, where)
        for offset, entry in zip(layout.entry_offsets(), entries, strict=False):
            cells = _with_bytes(cells, offset, _parse_hex(entry, "otadata", where), where)
    # After otadata: where its partition has one sector only, the second entry lies in the next partition.
    slots = take(record, "slots", dict, where)
    for label in slots:
        image = recording.image(take(slots, label, str, where), where)
        cells = _with_bytes(cells, layout.area(label, where).offset, image, where)
    return Vector(
        where=where,
        id=take(record, "id", str, where),
        family=take(record, "family", str, where),
        config=_parse_config(record, layout, where),
        layout=layout,
        cells=cells,
        efuse=take_number(record, "efuse", SECURE_VERSION_BITS, where),
        record=record,
        recording=recording,
    )


def _parse_config(record: Record, layout: FlashLayout, where: str) -> Config:
    anti_rollback = take(record, "anti_rollback", bool, where)
    rollback = take(record, "rollback", bool, where)
    revisions = [take(record, name, int, where) for name in ("chip_revision", "revision") if name in record]
    try:
        release = Release.parse(take(record, "idf", str, where))
    except ValueError as error:
        raise InputError(f"{where}: field 'idf': {error}") from None
    return Config(
        rollback=rollback or anti_rollback,
        anti_rollback=anti_rollback,
        app_release=release,
        bootloader_release=release,
        chip_revision=revisions[0] if revisions else RECORDED_CHIP_REVISION,
        table_offset=layout.table_offset,
        secure_version_bits=SECURE_VERSION_BITS,
    )


def parse_layout(name: str, record: Record, where: str) -> FlashLayout:
    """Return the layout that a JSON object describes; raises InputError naming the field."""
    where = f"{where}: layout {name!r}"
    areas: list[Area] = []
    apps: list[Area] = []
    otadata: list[Area] = []
    for row in take(record, "partitions", list, where):
        offset = take_number(row, "offset", FLASH_SIZE, where)
        area = Area(take(row, "label", str, where), offset, take_number(row, "size", FLASH_SIZE - offset, where))
        kind = take(row, "type", int, where), take(row, "subtype", int, where)
        areas.append(area)
        if kind[0] == _TYPE_APP:
            apps.append(area)
        if kind == _KIND_OTADATA:
            otadata.append(area)
    table_offset = take_number(record, "table_offset", FLASH_SIZE, where)
    table = _parse_hex(take(record, "table_hex", str, where), "table_hex", where)
    return FlashLayout(
        name=name,
        table_offset=table_offset,
        areas=tuple(areas),
        apps=tuple(apps),
        otadata=otadata[0] if otadata else None,
        cells=_with_bytes(Cells.erased(FLASH_SIZE), table_offset, table, where),
    )


def _read_tables(directory: Path, pattern: str) -> dict[str, tuple[Record, str]]:
    """Return name -> (object, file) of all files that match, whose JSON is an object of objects."""
    tables: dict[str, tuple[Record, str]] = {}
    for path in sorted(directory.glob(pattern)):
        table = json_value(_read_text(path), str(path))
        if not isinstance(table, dict) or not all(isinstance(record, dict) for record in table.values()):
            raise InputError(f"{path}: want a JSON object that maps names to objects")
        tables.update({name: (record, str(path)) for name, record in table.items()})
    return tables


def _read_text(path: Path) -> str:
    """Return the text of a file, gzip or not; raises InputError when it cannot be read."""
    try:
        return unpacked(path, read_bounded(path)).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start}; want JSON lines") from None


def _parse_hex(text: object, name: str, where: str) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise InputError(f"{where}: field {name!r} holds '{shortened(text)}', want hex bytes") from None


def _with_bytes(cells: Cells, offset: int, contents: bytes, where: str) -> Cells:
    try:
        return cells.with_bytes(offset, contents)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
