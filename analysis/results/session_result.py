"""The result of `otaproof check --update-kind bootloader` and `partition-table`."""

from dataclasses import dataclass, replace
from typing import Literal

from ...campaign.unsafe_update.brick_window import BrickWindow, CutPlace, CutRun
from ...campaign.unsafe_update.session import UpdateKind
from ...campaign.unsafe_update.session_token import SessionToken, encode_session_token, make_session_token
from ...campaign.unsafe_update.settled_start import SettledStart, Version
from ..session_check import SessionReport
from .check_result import DeviceConfig, device_config
from .result_parts import (
    CommandResult,
    FaultName,
    FlashOperation,
    PartitionEntry,
    SettingEntry,
    fault_name,
    operations_of,
    partition_entries,
    setting_entries,
)

KindName = Literal["bootloader", "partition-table"]
VersionName = Literal["old", "new", "other"]
_ROM = (
    "The ROM is taken to start a bootloader with the magic byte, 1 to 16 segments and the right checksum, whatever its "
    "hash; secure boot is off, and there is no recovery bootloader."
)
_SAME_RULES = "The new bootloader is taken to do as the old one does: the rules of its release are those of the device."
_BOOTLOADER_STAYS = "The bootloader is taken to be whole: the session does not touch it."
_PANICS = "An application that finds no partition, since it refuses the table, is taken to panic as it starts."
_ERASED_AT_ONCE = "esp_ota_begin erases the whole slot that the data is downloaded into (OTA_SIZE_UNKNOWN)."
_COPY = "esp_ota_end copies (finalize_with_copy); to call esp_partition_copy instead makes the same operations."


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEntry:
    """What a device comes to, power-on after power-on, with no call made."""

    brick: bool
    """No application of the user's runs for good."""
    text: str
    """What the device does, to follow "the device"."""
    partition: str | None
    """Label of the partition whose application runs; null where none does."""
    table: VersionName | None
    """The partition table that this application reads; null where the update brings none, and where none runs."""
    bootloader: VersionName | None
    """The bootloader that runs; null where the update brings none, and where none runs that is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCutEntry:
    """One place at which the power is cut."""

    call: str
    """The call that it cuts."""
    operation_index: int
    """The flash operation within that call, from 0."""
    operation: FlashOperation
    """The operation."""
    torn: str
    """What is left of it, as tokens have it: before, after, prefix:N, partial:N, bytes:P.S, bits:P.S."""
    bytes_done: int | None
    """Bytes of the operation that took effect, from its start; null for a sampled pattern."""
    token: str
    """What `otaproof replay` plays the session up to that cut by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEntry:
    """The brick window of one fault model."""

    faults: FaultName
    """The fault model."""
    sampled: bool
    """Torn bytes are sampled, so that the window can be larger than told."""
    cuts: int
    """Cut points of the session under it."""
    bricks: int
    """Those that leave a brick."""
    first: SessionCutEntry | None
    """The first that does; null where none does."""
    last: SessionCutEntry | None
    """The last that does."""
    between: int
    """Cut points from the first to the last, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEntry:
    """Cut points in a row that come to the same; of F0 and F1, in the order of the session."""

    first: SessionCutEntry
    """The first of them."""
    last: SessionCutEntry
    """The last of them."""
    cuts: int
    """How many there are."""
    start: StartEntry
    """What the device comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult(CommandResult):
    """What `otaproof check --update-kind` found of one update."""

    command: Literal["check --update-kind"] = "check --update-kind"
    """The command that made the result."""
    kind: KindName
    """What the update brings."""
    verdict: Literal["brick window", "no brick", "inconclusive"]
    """Whether a power cut, or the update itself, can leave a brick."""
    config: DeviceConfig
    """The configuration of the device."""
    settings: tuple[SettingEntry, ...]
    """Every value that the result rests on, with its origin."""
    notes: tuple[str, ...]
    """What is not modelled or was left out, a sentence each."""
    assumptions: tuple[str, ...]
    """What is taken to be so, a sentence each."""
    layout: tuple[PartitionEntry, ...]
    """The partition table before the update."""
    final: PartitionEntry
    """Where the update goes."""
    bytes: int
    """Size of what it brings."""
    faults: FaultName
    """The fault model."""
    seed: int
    """Chooses the samples of F2 and F3."""
    cuts: int
    """Cut points decided."""
    distinct_starts: int
    """Distinct states after them, each played once."""
    seconds: float
    """For everything."""
    complete: bool
    """Every cut point was decided."""
    uncut: StartEntry
    """What the device comes to when no power is cut."""
    uncut_token: str
    """What `otaproof replay` plays the whole session by."""
    windows: tuple[WindowEntry, ...]
    """The brick window of each fault model up to that one."""
    outcomes: tuple[OutcomeEntry, ...]
    """What the cuts of F0 and F1 come to, in the order of the session."""


def session_result(report: SessionReport) -> SessionResult:
    """Return all that a check of such an update found."""
    device, sweep = report.checked.device, report.sweep
    uncut = make_session_token(device, None, sweep.uncut.kind)
    windows = tuple(_window(window, uncut) for window in sweep.windows())
    return SessionResult(
        kind=_KINDS[device.kind],
        verdict=_verdict(report, windows),
        config=device_config(device.dut),
        settings=setting_entries(report.checked.values),
        notes=report.checked.notes,
        assumptions=_assumptions(device.kind),
        layout=partition_entries(device.dut.table),
        final=partition_entries((device.final,))[0],
        bytes=len(device.new),
        faults=fault_name(sweep.faults.name),
        seed=report.seed,
        cuts=sweep.cuts,
        distinct_starts=sweep.distinct_starts,
        seconds=round(report.seconds, 3),
        complete=sweep.is_complete,
        uncut=_start(sweep.uncut),
        uncut_token=encode_session_token(uncut),
        windows=windows,
        outcomes=tuple(_outcome(run, uncut) for run in sweep.outcomes()),
    )


def _verdict(
    report: SessionReport, windows: tuple[WindowEntry, ...]
) -> Literal["brick window", "no brick", "inconclusive"]:
    if report.sweep.uncut.is_brick or any(window.bricks for window in windows):
        return "brick window"
    return "no brick" if report.sweep.is_complete else "inconclusive"


def _assumptions(kind: UpdateKind) -> tuple[str, ...]:
    own = (_ROM, _SAME_RULES) if kind is UpdateKind.BOOTLOADER else (_BOOTLOADER_STAYS, _PANICS)
    return (*own, _ERASED_AT_ONCE, _COPY)


def _window(window: BrickWindow, session: SessionToken) -> WindowEntry:
    return WindowEntry(
        faults=fault_name(window.faults.name),
        sampled=window.is_sampled,
        cuts=window.cuts,
        bricks=window.bricks,
        first=None if window.first is None else _cut(window.first, session),
        last=None if window.last is None else _cut(window.last, session),
        between=window.between,
    )


def _outcome(run: CutRun, session: SessionToken) -> OutcomeEntry:
    first, last = _cut(run.first, session), _cut(run.last, session)
    return OutcomeEntry(first=first, last=last, cuts=run.count, start=_start(run.start))


def _cut(place: CutPlace, session: SessionToken) -> SessionCutEntry:
    return SessionCutEntry(
        call=place.name,
        operation_index=place.op_index,
        operation=operations_of((place.op,))[0],
        torn=str(place.torn),
        bytes_done=place.done,
        token=encode_session_token(replace(session, cut=place.session_cut, start=place.start.kind)),
    )


def _start(start: SettledStart) -> StartEntry:
    return StartEntry(
        brick=start.is_brick,
        text=start.kind.value,
        partition=start.partition,
        table=None if start.table is None else _VERSIONS[start.table],
        bootloader=None if start.bootloader is None else _VERSIONS[start.bootloader],
    )


_KINDS: dict[UpdateKind, KindName] = {
    UpdateKind.BOOTLOADER: "bootloader",
    UpdateKind.PARTITION_TABLE: "partition-table",
}
_VERSIONS: dict[Version, VersionName] = {Version.OLD: "old", Version.NEW: "new", Version.OTHER: "other"}
