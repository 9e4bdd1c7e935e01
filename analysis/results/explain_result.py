"""The result of `otaproof explain`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ...campaign.explain.device_life import by_labels
from ...campaign.explain.entries import EntryReading, SlotNames, summary_of
from ...campaign.explain.explanation import CallReading, Change, slot_names
from ...campaign.explain.found_images import ImageReading
from ...campaign.history.history_replay import replay_history
from ...campaign.history.history_token import decode_history_token
from ...campaign.lockstep.divergence import OutOfModel
from ...campaign.lockstep.lockstep import scope_of_device
from ...model.device.state import Usage
from ...model.fault_model import FaultModel
from ...project.flash_dump import Loaded
from ..history_search import Case, HistoryFound
from .result_parts import (
    CommandResult,
    FlashOperation,
    JudgedClaim,
    PartitionEntry,
    SelectorName,
    SettingEntry,
    judgement,
    operations_of,
    partition_entries,
    setting_entries,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtadataEntry:
    """One otadata entry, field by field."""

    raw: str
    """Its 32 bytes in hex."""
    seq: int
    """Sequence number."""
    label: str
    """The 20 bytes of seq_label in hex."""
    state: int
    """The state word."""
    state_name: str
    """Its name, or the word in hex."""
    crc: int
    """The check word."""
    crc_wanted: int
    """The check word that the sequence number asks for."""
    bootable: bool
    """ESP-IDF's bootloader can select it."""
    by_turns: bool
    """It is a whole record of a selector by turns."""
    says: str
    """What it says, in a few words."""
    problems: tuple[str, ...]
    """What is wrong with it, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAfter:
    """What an otadata entry holds after a boot or a call."""

    raw: str
    """Its 32 bytes in hex."""
    says: str
    """What it says, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEntry:
    """What an app partition holds."""

    label: str
    """Of the partition."""
    offset: int
    """Of the partition, in bytes."""
    blank: bool
    """Its first sector is erased."""
    project: str | None
    """Project name in the description; null without a description."""
    version: str | None
    """Version in the description."""
    secure_version: int | None
    """Secure version in the description."""
    idf_version: str | None
    """ESP-IDF version in the description."""
    boots: bool
    """The bootloader would start it."""
    problem: str | None
    """Why it would not."""
    app_problem: str | None
    """Why esp_image_verify refuses it in the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """What a call would do in the application that boots."""

    outcome: str
    """How it ends."""
    error: str | None
    """The text of the error that it raises."""
    writes: tuple[FlashOperation, ...]
    """Its flash operations."""
    otadata_after: tuple[EntryAfter, ...] | None
    """The two otadata entries after it; null without otadata."""
    then_boots: str | None
    """What the next power-on starts after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryViolation(JudgedClaim):
    """A claim that a history violates."""

    claim: str
    """Its id."""
    text: str
    """The event that the claim rules out, where it first happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHistory:
    """How a device came to hold what it holds."""

    verdict: str
    """What it takes, or that nothing was found."""
    steps: tuple[str, ...]
    """A shortest history, a sentence each."""
    cuts: int
    """Power cuts in it."""
    token: str | None
    """What `otaproof replay` plays it by."""
    why_no_token: str | None
    """Where the board does not show the history, which is a bug in otaproof."""
    note: str
    """In what the replay differs from the device."""
    violated: tuple[HistoryViolation, ...]
    """The claims that it violates on the way, and what mends them; empty where it is not replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesCase:
    """What follows under the rules of one release."""

    idf: str
    """ESP-IDF release of the application."""
    bootloader_idf: str
    """ESP-IDF release of the bootloader."""
    rollback: bool
    """App rollback is on in both builds."""
    anti_rollback: bool
    """Anti-rollback is on in both builds."""
    selector: SelectorName
    """What keeps otadata."""
    table_problem: str | None
    """Why the bootloader refuses the partition table."""
    app_table_problem: str | None
    """Why the application refuses it."""
    entries: tuple[OtadataEntry, ...] | None
    """The two otadata entries; null without otadata."""
    images: tuple[ImageEntry, ...] | None
    """What the app partitions hold; null where only otadata was given."""
    selected: str | None
    """Label of the partition that otadata selects."""
    why: tuple[str, ...]
    """How the selection comes about, a clause each."""
    is_fallback: bool
    """What boots is not what otadata selects."""
    boots: str | None
    """Label of the partition that boots next; null for none."""
    outcome: str
    """How the next power-on ends."""
    detail: str
    """What goes wrong in it."""
    state: str | None
    """What info() then says of the state of the running image."""
    writes: tuple[FlashOperation, ...]
    """Flash operations of the next power-on."""
    otadata_after: tuple[EntryAfter, ...] | None
    """The two otadata entries after it."""
    efuse_after: int
    """Bits of the eFuse field after it."""
    next_boots: str | None
    """Label of the partition that the power-on after that starts, if nothing is called."""
    next_writes: tuple[FlashOperation, ...] | None
    """Flash operations of that one; null where nothing boots."""
    calls: dict[str, CallEntry]
    """By the name of the call."""
    history: DeviceHistory | None
    """How the device came to this; null where it was not searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult(CommandResult):
    """What `otaproof explain` found."""

    command: Literal["explain"] = "explain"
    """The command that made the result."""
    source: str
    """What was read."""
    chip: str
    """IDF_TARGET."""
    settings: tuple[SettingEntry, ...]
    """Every value that the result rests on, with its origin."""
    notes: tuple[str, ...]
    """What is not modelled or could not be read, a sentence each."""
    table: tuple[PartitionEntry, ...]
    """The partition table; empty where it is not known."""
    releases: tuple[RulesCase, ...]
    """What follows, for each set of rules that was looked at."""


def explain_result(loaded: Loaded, cases: Sequence[Case]) -> ExplainResult:
    """Return all that a flash holds, and what follows under each set of rules."""
    names = slot_names(loaded.table)
    return ExplainResult(
        source=loaded.title,
        chip=loaded.config.chip.value,
        settings=setting_entries(loaded.settings),
        notes=tuple(loaded.notes),
        table=partition_entries(loaded.table if loaded.knows_table else ()),
        releases=tuple(_case(case, loaded, names) for case in cases),
    )


def _case(case: Case, loaded: Loaded, names: SlotNames) -> RulesCase:
    answer, config, first = case.answer, case.config, case.answer.first
    return RulesCase(
        idf=config.app_name,
        bootloader_idf=config.bootloader_name,
        rollback=config.rollback,
        anti_rollback=config.anti_rollback,
        selector=config.selector.value,
        table_problem=answer.table_problem,
        app_table_problem=answer.app_table_problem,
        entries=None if answer.entries is None else tuple(_entry(entry) for entry in answer.entries),
        images=tuple(_image(image) for image in answer.images) if loaded.knows_images else None,
        selected=answer.selected,
        why=answer.why,
        is_fallback=answer.is_fallback,
        boots=first.label,
        outcome=first.outcome.value,
        detail=first.detail,
        state=first.state,
        writes=operations_of(first.change.ops),
        otadata_after=_entries_after(first.change, names),
        efuse_after=first.change.efuse[1],
        next_boots=None if answer.second is None else answer.second.label,
        next_writes=None if answer.second is None else operations_of(answer.second.change.ops),
        calls={call.name: _call(call, names) for call in answer.calls},
        history=None if case.history is None else _history(case.history),
    )


def _call(call: CallReading, names: SlotNames) -> CallEntry:
    return CallEntry(
        outcome=call.outcome.value,
        error=call.error,
        writes=operations_of(call.change.ops),
        otadata_after=_entries_after(call.change, names),
        then_boots=call.then,
    )


def _entry(reading: EntryReading) -> OtadataEntry:
    entry = reading.entry
    return OtadataEntry(
        raw=reading.raw.hex(),
        seq=entry.ota_seq,
        label=entry.seq_label.hex(),
        state=entry.ota_state,
        state_name=reading.state_name,
        crc=entry.crc,
        crc_wanted=reading.crc_wanted,
        bootable=reading.is_bootable,
        by_turns=reading.is_by_turns,
        says=reading.summary,
        problems=reading.problems,
    )


def _image(image: ImageReading) -> ImageEntry:
    desc = image.desc
    return ImageEntry(
        label=image.label,
        offset=image.offset,
        blank=image.is_blank,
        project=None if desc is None else desc.project_name,
        version=None if desc is None else desc.version,
        secure_version=None if desc is None else desc.secure_version,
        idf_version=None if desc is None else desc.idf_ver,
        boots=image.is_whole,
        problem=image.problem,
        app_problem=image.app_problem,
    )


def _entries_after(change: Change, names: SlotNames) -> tuple[EntryAfter, ...] | None:
    if change.entries is None:
        return None
    return tuple(EntryAfter(raw=raw.hex(), says=summary_of(raw, names)) for raw in change.entries)


def _history(found: HistoryFound) -> DeviceHistory:
    return DeviceHistory(
        verdict=found.verdict,
        steps=found.sentences,
        cuts=found.cuts,
        token=found.token,
        why_no_token=found.why_no_token,
        note=found.note,
        violated=violations_of(found),
    )


@cache
def violations_of(found: HistoryFound) -> tuple[HistoryViolation, ...]:
    """Return the claims that a history violates, as its replay shows them.

    What tools and other systems have written has severities alone: no rule for the application mends it."""
    if found.token is None:
        return ()
    history = decode_history_token(found.token).history
    broken: dict[str, str] = {}
    for step in replay_history(history).steps:
        for item in step.broken:
            broken.setdefault(item.claim_id, by_labels(item.text, found.names))
    try:
        scope = scope_of_device(history.device, FaultModel.F1, Usage.DOCUMENTED)
    except OutOfModel:
        scope = None
    return tuple(
        HistoryViolation(claim=id_, text=text, **judgement(id_, scope, is_violated=not found.is_by_others))
        for id_, text in broken.items()
    )
