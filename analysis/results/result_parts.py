"""The parts that several results share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from ...impl.chip.flash import FlashOp
from ...impl.partitions.partition import Partition
from ...model.claims.left_out import LEFT_OUT_OF_RESTART, LeftOut, left_out_rows
from ...model.claims.own_claim import OwnClaim
from ...model.claims.severity import CONSEQUENCES
from ...model.device.allowance import Allowance
from ...model.device.state import Scope
from ...model.remedies import Remedy
from ...project.option_reader import ConfigValue
from ..remedy_table import RemedyRow, all_rows, remedies_for

SCHEMA_VERSION = "1.0"
"""Version of the JSON output of every command."""

FaultName = Literal["F0", "F1", "F2", "F3", "F4", "F5"]
UsageName = Literal["restart-at-once", "documented", "any"]
AllowanceName = Literal["failing-flash", "pins", "other-writers", "other-records", "end-numbers"]
SkipName = Literal["always", "on-power-on", "in-deep-sleep"]
SelectorName = Literal["esp-idf", "by-turns"]
RemedyName = Literal[
    "restart-at-once",
    "erase-last-boot",
    "accept-on-trial",
    "never-rollback",
    "rollback-on-trial",
    "rollback-if-selected",
    "commence-if-selected",
    "flag-download",
    "note-in-place",
]
SeverityName = Literal["brick", "wrong image", "old image comes back", "update lost", "misreport"]
FlashOperation = tuple[Literal["e", "p"], int, int]
"""Erase or program, address, length in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixEntry:
    """A set of remedies that mends a claim."""

    remedies: tuple[RemedyName, ...]
    """To be kept together."""
    reaches_premise: bool
    """A short search reaches the claim's premise with them; else it may hold only as that is never met."""
    breaks: tuple[str, ...]
    """Claims that hold without them and are violated with them."""


FixEntries = tuple[FixEntry, ...] | None
"""Sets of remedies, each of which mends a claim; first those with which its premise is reached and that break none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSpread:
    """Releases of ESP-IDF by what is shown of a claim: two OTA slots, documented usage, F1, no remedies."""

    violated: tuple[str, ...]
    """Those that violate it, oldest first."""
    proved: tuple[str, ...]
    """Those of which it is proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """What a result says of a claim beside its verdict."""

    severity: SeverityName
    """What a violation means for a device."""
    releases: ReleaseSpread | None
    """Violated: the releases that do so too with esp_ota_*, on a device with the same slots and protection; null where
    none of them does, and where such a device is not in the table of remedies."""
    fixes: FixEntries
    """Violated: sets of remedies with which the claim is proved of documented usage under F1, smallest first; none
    where no set does it; null where they were not looked for."""


class Judgement(TypedDict):
    """The fields of JudgedClaim."""

    severity: SeverityName
    releases: ReleaseSpread | None
    fixes: FixEntries


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What the result of every command says of itself."""

    schema_version: str = SCHEMA_VERSION
    """Version of this schema."""
    command: str
    """The command that made the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutEntry:
    """Something that no history of the device model has, so that no verdict speaks of it."""

    name: str
    """A few words for it."""
    text: str
    """What it is, and what is known to come of it."""
    weakest_fault: FaultName | None
    """The weakest fault model under which it can matter; null where no power cut is needed."""
    breaks: tuple[str, ...]
    """Ids of the claims that it is known to break, whatever the verdict on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult(CommandResult):
    """A result that speaks of histories of the device model, with what the model leaves out."""

    left_out: tuple[LeftOutEntry, ...]
    """What no history of the device model has; empty where nothing was asked of the model."""
    left_out_of_restart_at_once: tuple[LeftOutEntry, ...]
    """What the documentation allows and this usage does not have; empty where nothing was asked of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEntry:
    """One value that a result depends on."""

    name: str
    """CONFIG_… for an option of ESP-IDF, words for anything else."""
    value: str
    """As a person would write it."""
    origin: str
    """File and line, argument of the command line, or the reason for an assumption."""
    assumed: bool
    """Nobody chose the value."""
    remark: str | None
    """What is to be said of the value beside its origin; null for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionEntry:
    """One row of a partition table."""

    label: str
    """Its name."""
    type: int
    """0 app, 1 data."""
    subtype: int
    """Such as 0x10 for ota_0."""
    offset: int
    """In flash, in bytes."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeEntry:
    """The devices that a verdict covers."""

    slots: int
    """OTA slots."""
    factory: bool
    """There is a factory partition with an image."""
    rollback: bool
    """App rollback is on in both builds."""
    anti_rollback: bool
    """Anti-rollback is on in both builds."""
    idf: str
    """ESP-IDF release whose rules the application follows."""
    bootloader_idf: str
    """ESP-IDF release whose rules the bootloader follows."""
    allows: tuple[AllowanceName, ...] = ()
    """What can happen beyond calls, resets and power cuts."""
    skip_validate: tuple[SkipName, ...] = ()
    """When the bootloader loads an image without validation."""
    remedies: tuple[RemedyName, ...] = ()
    """What application and bootloader do so that more claims hold; a restart at once is told by the usage."""
    selector: SelectorName = "esp-idf"
    """What keeps otadata."""


class ScopeFields(TypedDict):
    """The fields of ScopeEntry."""

    slots: int
    factory: bool
    rollback: bool
    anti_rollback: bool
    idf: str
    bootloader_idf: str
    allows: tuple[AllowanceName, ...]
    skip_validate: tuple[SkipName, ...]
    remedies: tuple[RemedyName, ...]
    selector: SelectorName


class LeftOutFields(TypedDict):
    """The fields of ModelResult."""

    left_out: tuple[LeftOutEntry, ...]
    left_out_of_restart_at_once: tuple[LeftOutEntry, ...]


def scope_entry(scope: Scope) -> ScopeEntry:
    """Return what a scope covers."""
    return ScopeEntry(**scope_fields(scope))


def scope_fields(scope: Scope) -> ScopeFields:
    """Return the fields of ScopeEntry."""
    config = scope.config
    return {
        "slots": scope.slots,
        "factory": scope.has_factory,
        "rollback": config.rollback,
        "anti_rollback": config.anti_rollback,
        "idf": config.app_name,
        "bootloader_idf": config.bootloader_name,
        "allows": tuple(allowance.value for allowance in Allowance if allowance in scope.allows),
        "skip_validate": tuple(skip.value for skip in config.skipped_validation),
        "remedies": tuple(remedy.value for remedy in Remedy if remedy in scope.remedies),
        "selector": config.selector.value,
    }


def fault_name(name: str) -> FaultName:
    """Return the name of a fault model; raises KeyError for another text."""
    names: dict[str, FaultName] = {"F0": "F0", "F1": "F1", "F2": "F2", "F3": "F3", "F4": "F4", "F5": "F5"}
    return names[name]


def left_out_entries(
    is_asked: bool = True, allows: frozenset[Allowance] = frozenset(), is_by_turns: bool = False
) -> LeftOutFields:
    """Return both tables of what the model leaves out where this is allowed, by the fields of ModelResult.

    They are for every fault model; empty if not asked for."""
    if not is_asked:
        return {"left_out": (), "left_out_of_restart_at_once": ()}
    rows = left_out_rows(allows, is_by_turns)
    return {"left_out": _entries(rows), "left_out_of_restart_at_once": _entries(LEFT_OUT_OF_RESTART)}


def severity_name(claim_id: str, own: Iterable[OwnClaim] = ()) -> SeverityName:
    """Return how bad it is when a claim is violated. own: those that are the user's."""
    harm = {claim.id: claim.harm for claim in own}.get(claim_id)
    return CONSEQUENCES[claim_id].severity.value if harm is None else harm.value


def judgement(claim_id: str, scope: Scope | None, is_violated: bool, own: Iterable[OwnClaim] = ()) -> Judgement:
    """Return what is to be said of a claim beside its verdict.

    scope: the device, to look for releases and remedies; None where there is none of the model. own: claims of the
    user's own, for which no remedies are looked for."""
    is_own = any(claim.id == claim_id for claim in own)
    row = None if scope is None or is_own else remedies_for(scope)
    return {
        "severity": severity_name(claim_id, own),
        "releases": _spread(claim_id, scope) if is_violated and scope is not None else None,
        "fixes": fixes_in(row, claim_id) if is_violated and row is not None else None,
    }


def _spread(claim_id: str, scope: Scope) -> ReleaseSpread | None:
    """Return which releases violate a claim on devices with the same slots; None where the table has none of them."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for row in all_rows():
        if _kind(row.scope) == _kind(scope):
            found[claim_id in row.mends] += row.releases
    return ReleaseSpread(violated=tuple(found[True]), proved=tuple(found[False])) if found[True] else None


def _kind(scope: Scope) -> tuple[object, ...]:
    config = scope.config
    return scope.slots, scope.has_factory, config.rollback, config.anti_rollback, config.selector


def fixes_in(row: RemedyRow, claim_id: str) -> FixEntries:
    """Return what a row of the table has for a claim; None where it is not violated."""
    sets = row.mends.get(claim_id)
    if sets is None:
        return None
    found = (
        FixEntry(
            remedies=tuple(remedy.value for remedy in on),
            reaches_premise=claim_id not in row.unmet.get(on, ()),
            breaks=row.breaks.get(on, ()),
        )
        for on in sets
    )
    return tuple(sorted(found, key=lambda entry: (not entry.reaches_premise, bool(entry.breaks))))


def setting_entries(settings: Iterable[ConfigValue]) -> tuple[SettingEntry, ...]:
    """Return settings as a result has them."""
    return tuple(
        SettingEntry(
            name=s.name, value=s.value, origin=s.origin.text, assumed=s.origin.assumed, remark=s.remark or None
        )
        for s in settings
    )


def partition_entries(table: Iterable[Partition]) -> tuple[PartitionEntry, ...]:
    """Return the rows of a partition table as a result has them."""
    return tuple(
        PartitionEntry(label=p.label, type=p.type, subtype=p.subtype, offset=p.offset, size=p.size) for p in table
    )


def operations_of(ops: Sequence[FlashOp]) -> tuple[FlashOperation, ...]:
    """Return flash operations as a result has them."""
    return tuple((op.kind.value, op.address, op.length) for op in ops)


def _entries(rows: Iterable[LeftOut]) -> tuple[LeftOutEntry, ...]:
    return tuple(
        LeftOutEntry(
            name=row.name,
            text=row.text,
            weakest_fault=None if row.faults is None else fault_name(row.faults.name),
            breaks=row.breaks,
        )
        for row in rows
    )
