"""The result of `otaproof identify`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...project.flash_parts import PartKind
from ...project.identified_parts import IdentifiedPart, Sureness
from .result_parts import CommandResult

PartName = Literal["bootloader", "partition table", "application"]
SurenessName = Literal["stated", "evidence", "cannot tell"]
_KINDS: dict[PartKind, PartName] = {
    PartKind.BOOTLOADER: "bootloader",
    PartKind.TABLE: "partition table",
    PartKind.APP: "application",
}
_SURENESS: dict[Sureness, SurenessName] = {
    Sureness.STATED: "stated",
    Sureness.EVIDENCE: "evidence",
    Sureness.UNKNOWN: "cannot tell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactEntry:
    """One thing that a part tells of its build."""

    name: str
    """A short name for it, such as "rollback"."""
    value: str | None
    """What it is; null where it cannot be told."""
    sureness: SurenessName
    """stated: the part says so itself; evidence: something in it shows it; cannot tell: nothing does."""
    why: str
    """What shows it, or why nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEntry:
    """One part of the file."""

    kind: PartName
    """What it is."""
    offset: int
    """Where it begins in the file."""
    size: int
    """In bytes."""
    chip: str | None
    """Its chip; null where it tells none."""
    facts: tuple[FactEntry, ...]
    """What it tells of its build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyResult(CommandResult):
    """What `otaproof identify` tells."""

    command: Literal["identify"] = "identify"
    """The command that made the result."""
    file: str
    """The file."""
    parts: tuple[PartEntry, ...]
    """Its parts, in order."""


def identify_result(file: str, parts: Sequence[IdentifiedPart]) -> IdentifyResult:
    """Return the result for the parts of a file."""
    return IdentifyResult(file=file, parts=tuple(map(_entry, parts)))


def _entry(found: IdentifiedPart) -> PartEntry:
    return PartEntry(
        kind=_KINDS[found.part.kind],
        offset=found.part.offset,
        size=found.part.size,
        chip=None if found.chip is None else found.chip.value,
        facts=tuple(
            FactEntry(name=fact.name, value=fact.value, sureness=_SURENESS[fact.sureness], why=fact.why)
            for fact in found.facts
        ),
    )
