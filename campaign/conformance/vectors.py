"""Reads recorded behaviour: JSON-lines files of vectors, one line at a time.

A *vector* is one recorded boot or one scenario of several steps. Its head names releases, build options, a
partition layout, two otadata entries, images and a secure version; this module turns the head into a device
(flash contents and Config), and leaves what was recorded of its behaviour as it stands in the file.

The plain format: tests/data/vectors/README.md; the extended one: tests/data/vectors-2026-11/README.md. The otadata
entries are put into flash as they stand, undecoded, as `recording` does with the table. A field that neither format
has is bad input.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...bounded_input import json_value, read_lines, shortened
from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.release_points import read_point, with_versions
from ...json_fields import Record, check_fields, parse_field, parse_hex, take, take_number
from ...model.config import Config
from ...path_bounds import inside
from .recording import FlashLayout, Recording, with_bytes

ENTRY_SIZE = 32
"""Bytes of an otadata entry."""
SECURE_VERSION_BITS = 16
"""eFuse bits that a recorded build counts, unless the head names another number."""
RECORDED_CHIP_REVISION = 300
"""Revision of the silicon of the recordings, unless the head names another one."""
_MOST_SECURE_VERSION_BITS = 32
_COMMENTS = frozenset(["id", "family", "note", "torn"])
_BUILD_FIELDS = frozenset(
    ["idf", "bootloader_idf", "rollback", "anti_rollback", "skip_validate", "secure_version_bits"]
)
_CHIP_FIELDS = frozenset(["chip_revision", "revision", "layout", "otadata", "slots", "efuse"])
_HEAD_FIELDS = _COMMENTS | _BUILD_FIELDS | _CHIP_FIELDS
_BOOT_FIELDS = _HEAD_FIELDS | frozenset(["booted", "panic", "otadata_after", "ops", "efuse_after"])
_SCENARIO_FIELDS = _HEAD_FIELDS | {"steps"}
_SKIP_OPTIONS = ("deep_sleep", "power_on", "always")
"""The parts that `skip_validate` can have: those of CONFIG_BOOTLOADER_SKIP_VALIDATE_…"""


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
    recording: Recording
    """Where its images come from."""


def list_vector_files(arguments: list[Path], follows_outside: bool = False) -> list[Path]:
    """Return the files, with each directory replaced by its *.jsonl and *.jsonl.gz files in order of name.

    follows_outside: whether a link in a directory may lead out of it; else it is an InputError."""
    files: list[Path] = []
    for path in arguments:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.iterdir() if file.name.endswith((".jsonl", ".jsonl.gz")))
        if not found:
            raise InputError(f"{path}: no *.jsonl or *.jsonl.gz file in this directory")
        files += [inside(file, path, follows_outside) for file in found]
    return files


def read_vectors(path: Path, follows_outside: bool = False) -> Iterator[Vector]:
    """Yield the vectors of a .jsonl or .jsonl.gz file, in order; raises InputError with file and line.

    follows_outside: as of a Recording."""
    recording = Recording(path.parent, follows_outside)
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        record = json_value(line, where)
        if not isinstance(record, dict):
            raise InputError(f"{where}: want one JSON object a line")
        yield parse_vector(record, recording, where)


def parse_vector(record: Record, recording: Recording, where: str) -> Vector:
    """Return the vector that a JSON object describes; raises InputError naming the field."""
    check_fields(record, _SCENARIO_FIELDS if "steps" in record else _BOOT_FIELDS, where)
    config = _parse_config(record, where)
    layout = recording.layout(take(record, "layout", str, where), where)
    cells = layout.cells
    if layout.otadata is not None:
        entries = take(record, "otadata", list, where)
        for offset, entry in zip(layout.entry_offsets(), entries, strict=False):
            cells = with_bytes(cells, offset, parse_hex(entry, "otadata", where), where)
    # After otadata: where its partition has one sector only, the second entry lies in the next partition.
    slots = take(record, "slots", dict, where)
    for label in slots:
        image = recording.image(take(slots, label, str, where), where)
        cells = with_bytes(cells, layout.area(label, where).offset, image, where)
    return Vector(
        where=where,
        id=take(record, "id", str, where),
        family=take(record, "family", str, where),
        config=replace(config, table_offset=layout.table_offset),
        layout=layout,
        cells=cells,
        efuse=take_number(record, "efuse", config.secure_version_bits, where),
        record=record,
        recording=recording,
    )


def _parse_config(record: Record, where: str) -> Config:
    anti_rollback = take(record, "anti_rollback", bool, where)
    rollback = take(record, "rollback", bool, where)
    revisions = [take(record, name, int, where) for name in ("chip_revision", "revision") if name in record]
    app = parse_field(read_point, record, "idf", where)
    old = parse_field(read_point, record, "bootloader_idf", where) if "bootloader_idf" in record else app
    skipped = _parse_skip_validate(record, where)
    config = Config(
        rollback=rollback or anti_rollback,
        anti_rollback=anti_rollback,
        skip_validate_in_deep_sleep="deep_sleep" in skipped,
        skip_validate_on_power_on="power_on" in skipped,
        skip_validate_always="always" in skipped,
        chip_revision=revisions[0] if revisions else RECORDED_CHIP_REVISION,
        secure_version_bits=_parse_bits(record, where),
    )
    return with_versions(config, app, old)


def _parse_bits(record: Record, where: str) -> int:
    if "secure_version_bits" not in record:
        return SECURE_VERSION_BITS
    bits = take_number(record, "secure_version_bits", _MOST_SECURE_VERSION_BITS, where)
    if bits == 0:
        raise InputError(f"{where}: field 'secure_version_bits' is 0, want 1 … {_MOST_SECURE_VERSION_BITS}")
    return bits


def _parse_skip_validate(record: Record, where: str) -> list[str]:
    """Return the parts of `skip_validate`, which plus signs join."""
    text = take(record, "skip_validate", str, where) if "skip_validate" in record else ""
    parts = text.split("+") if text else []
    for part in parts:
        if part not in _SKIP_OPTIONS:
            raise InputError(
                f"{where}: field 'skip_validate': '{shortened(part)}' is none of {', '.join(_SKIP_OPTIONS)}"
            )
    return parts
