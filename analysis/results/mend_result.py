"""The result of `otaproof mend`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...campaign.explain.mending import Patch
from ...project.flash_dump import Loaded
from ..history_search import Case
from ..mend_search import Mending
from .result_parts import CommandResult, PartitionEntry, SettingEntry, partition_entries, setting_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedStretch:
    """A stretch of flash to erase, or to write."""

    address: int
    """Its first byte."""
    length: int
    """Bytes, whole sectors."""
    erase: bool
    """It is erased, and nothing written."""
    what: str
    """What lies there then."""
    file: str | None
    """Name of the file that is written; null where none is, or the user has it."""
    size: int | None
    """Bytes of that file."""
    sha256: str | None
    """Of that file, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootNow:
    """What a flash comes to as it is, under one set of rules."""

    idf: str
    """ESP-IDF release of the application."""
    rollback: bool
    """App rollback is on in both builds."""
    boots: str | None
    """Label of the partition that boots; null where nothing does."""
    selected: str | None
    """Label of the partition that otadata selects."""
    why: tuple[str, ...]
    """How the selection comes about, a clause each."""
    history: str | None
    """What it takes to come to this; null where none was searched for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MendResult(CommandResult):
    """What mends a flash."""

    command: Literal["mend"] = "mend"
    """The command that made the result."""
    source: str
    """The dump."""
    chip: str
    """IDF_TARGET."""
    settings: tuple[SettingEntry, ...]
    """Every value that the result rests on, with its origin."""
    notes: tuple[str, ...]
    """What is not modelled or could not be read, a sentence each."""
    table: tuple[PartitionEntry, ...]
    """The partition table."""
    now: tuple[BootNow, ...]
    """What boots as it is, for each set of rules that was looked at."""
    faults: tuple[str, ...]
    """What is wrong with it as it is, a sentence each."""
    asked: str | None
    """Label of the partition that shall boot, where somebody said."""
    verdict: Literal["nothing to mend", "can be mended", "needs a new image", "nothing is known to mend it"]
    """What it comes to."""
    boots: str | None
    """Label of the partition that boots once it is mended, played under all these rules; null without a mend."""
    needs_image: str | None
    """Label of the partition that a new image has to be flashed to; null where none is needed."""
    stretches: tuple[MendedStretch, ...]
    """What to write, in this order."""
    commands: tuple[str, ...]
    """The command lines that do so."""
    instead: str | None
    """Another command line for the last of them; null where there is none."""


_VERDICTS: dict[
    str, Literal["nothing to mend", "can be mended", "needs a new image", "nothing is known to mend it"]
] = {
    "nothing to mend": "nothing to mend",
    "can be mended": "can be mended",
    "needs a new image": "needs a new image",
    "nothing is known to mend it": "nothing is known to mend it",
}


def mend_result(loaded: Loaded, cases: Sequence[Case], mending: Mending) -> MendResult:
    """Return what mends a flash, and what it comes to as it is."""
    found = mending.mend
    return MendResult(
        source=loaded.title,
        chip=loaded.config.chip.value,
        settings=setting_entries(loaded.settings),
        notes=tuple(loaded.notes),
        table=partition_entries(loaded.table),
        now=tuple(_now(case) for case in cases),
        faults=mending.flash.faults,
        asked=mending.asked,
        verdict=_VERDICTS[mending.verdict],
        boots=None if found is None else found.boots,
        needs_image=None if found is None else found.needs_image,
        stretches=() if found is None else tuple(map(_stretch, found.patches)),
        commands=mending.commands,
        instead=mending.instead,
    )


def _now(case: Case) -> BootNow:
    return BootNow(
        idf=case.config.app_name,
        rollback=case.config.rollback,
        boots=case.answer.first.label,
        selected=case.answer.selected,
        why=case.answer.why,
        history=None if case.history is None else case.history.verdict,
    )


def _stretch(patch: Patch) -> MendedStretch:
    contents = patch.contents if patch.name else None
    return MendedStretch(
        address=patch.address,
        length=patch.length,
        erase=patch.contents is None,
        what=patch.what,
        file=patch.name or None,
        size=None if contents is None else len(contents),
        sha256=None if contents is None else hashlib.sha256(contents).hexdigest(),
    )
