"""requirements.lock: one version of each dependency, with the SHA-256 of every file of it that may be installed.

`make lock` writes it with uv, in the format of pip's requirements files. A distribution has two entries where two
Pythons get two versions; their markers exclude each other.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry."""

    requirement: Requirement
    """Name, the version that it is pinned to, and a marker."""
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed, in hex."""
    text: str
    """The lines of the file."""

    @property
    def name(self) -> str:
        """The normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The version that it is pinned to. Raises ValueError where it is not."""
        (only,) = self.requirement.specifier
        if only.operator != "==" or only.version.endswith(".*"):
            raise ValueError(f"{self.requirement} is no pin")
        return only.version

    @property
    def is_for_here(self) -> bool:
        """Whether the marker holds for this Python on this machine."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def locked(text: str) -> list[Locked]:
    """Return the entries of the text of a lock file. Raises ValueError for a line that is none of its format."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if line[:1] not in ("#", " ", ""):
            entries.append([line])
        elif entries:
            entries[-1].append(line)
    return [_entry(lines) for lines in entries]


def _entry(lines: list[str]) -> Locked:
    head, *rest = (line.strip().removesuffix("\\").strip() for line in lines)
    found = [_HASH.match(line) for line in rest if not line.startswith("#")]
    if not found or None in found:
        raise ValueError(f"{head} is followed by something else than hashes")
    return Locked(Requirement(head), tuple(match[1] for match in found if match), "\n".join(lines))


def read_lock() -> list[Locked]:
    """Return the entries of requirements.lock."""
    return locked(LOCK.read_text(encoding="utf-8"))
