"""Where the sources of a project accept the running image, as far as a search for the calls shows it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def _sources(directory: Path) -> Iterator[Path]:
    """Yield the source files that are not too large to be one."""
    for root, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name not in _NO_SOURCES)
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix in _SUFFIXES and path.is_file() and path.stat().st_size <= _MAX_SIZE:
                yield path
