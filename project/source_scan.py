"""What the sources of a project show: where they accept the running image, and subtypes of partitions that they add."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..impl.partitions.csv_names import TYPES
from .project_files import ProjectFiles

_ACCEPT_CALL = re.compile(
    r"esp_ota_mark_app_valid_cancel_rollback|otaupgrade\s*\.\s*accept|mark_app_valid_cancel_rollback|"
    r"mark_running_slot_valid|Update\.confirm"
)
_SUFFIXES = {".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".ino", ".lua", ".rs", ".py", ".zig", ".go"}
_NO_SOURCES = {"build", ".git", ".pio", ".esphome", "target", "node_modules", "__pycache__", "managed_components"}
_MAX_FILES, _MAX_SIZE = 3000, 1 << 20


@dataclass(frozen=True, slots=True)
class SourceScan:
    """What the sources show."""

    accept_call: str | None = None
    """File and line of a call that accepts the running image; None where none was found."""
    is_complete: bool = False
    """Whether there are sources, and all of them were read: only then "no call" says anything."""


def scan_sources(files: ProjectFiles, directory: Path) -> SourceScan:
    """Return what the sources below a directory of a project show; a link that leads out of it is not followed."""
    seen = 0
    for path in _sources(directory):
        if not files.holds(path):
            return SourceScan()
        if seen >= _MAX_FILES:
            return SourceScan()
        seen += 1
        text = path.read_bytes().decode("utf-8", "replace")
        if match := _ACCEPT_CALL.search(text):
            return SourceScan(f"{path}:{text.count(chr(10), 0, match.start()) + 1}", is_complete=True)
    return SourceScan(is_complete=seen > 0)


_EXTRA_SUBTYPES = re.compile(r"idf_build_set_property\s*\(\s*EXTRA_PARTITION_SUBTYPES\s+\"([^\"]*)\"")
_NOT_CONFIGURED = _NO_SOURCES - {"managed_components"}


def extra_subtypes(files: ProjectFiles) -> dict[tuple[int, str], int]:
    """Return the subtypes that CMake files of a project add, by type and name; entries that are none are left out.

    Source: docs/en/api-guides/partition-tables.rst, Extra Partition SubTypes; gen_esp32part.py add_extra_subtypes."""
    found: dict[tuple[int, str], int] = {}
    for number, path in enumerate(_cmake_files(files.root)):
        if number >= _MAX_FILES or not files.holds(path):
            break
        for listed in _EXTRA_SUBTYPES.findall(path.read_bytes().decode("utf-8", "replace")):
            for entry in listed.split(";"):
                type_, name, value = [*(part.strip() for part in entry.split(",")), "", "", ""][:3]
                if type_ in TYPES and name and _HEX.fullmatch(value):
                    found[TYPES[type_], name.lower()] = int(value, 16)
    return found


_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,2}")


def _cmake_files(directory: Path) -> Iterator[Path]:
    for root, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name not in _NOT_CONFIGURED)
        for name in sorted(names):
            path = Path(root, name)
            is_cmake = name == "CMakeLists.txt" or path.suffix == ".cmake"
            if is_cmake and path.is_file() and path.stat().st_size <= _MAX_SIZE:
                yield path


def _sources(directory: Path) -> Iterator[Path]:
    """Yield the source files that are not too large to be one."""
    for root, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name not in _NO_SOURCES)
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix in _SUFFIXES and path.is_file() and path.stat().st_size <= _MAX_SIZE:
                yield path
