"""The result of `otaproof replay`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...campaign.history.history_replay import HistoryReplay
from ...campaign.history.history_token import HistoryToken
from ...campaign.history.replayed_step import ReplayedStep
from ...campaign.unsafe_update.session_replay import SessionReplay
from ...campaign.unsafe_update.session_token import SessionToken
from ...campaign.unsafe_update.settled_start import SettledStart
from ...campaign.upgrade.upgrade_replay import Replay
from ...campaign.upgrade.upgrade_token import Token
from ..broken_claim import broken_by_cut
from .result_parts import CommandResult, FlashOperation, operations_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedViolation:
    """A claim that is broken after a step."""

    claim: str
    """Its id."""
    text: str
    """The event that the claim rules out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayStepEntry:
    """One step of a replay."""

    text: str
    """What was done, and how it ended."""
    ops: tuple[FlashOperation, ...]
    """Its flash operations."""
    otadata: tuple[str, str] | None
    """The two otadata entries after it in hex, where it changed them."""
    efuse: tuple[int, int] | None
    """Bits of the eFuse field before and after it, where it changed them."""
    cut: bool
    """The power failed in it."""
    violated: tuple[ReplayedViolation, ...]
    """Claims that are broken after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult(CommandResult):
    """What `otaproof replay` saw."""

    command: Literal["replay"] = "replay"
    """The command that made the result."""
    kind: Literal["cut", "history", "session"]
    """A power cut in an upgrade, a history with any number of them, or an update of bootloader or partition table."""
    shows: str
    """Id of the claim that the token is about, or name of the known case; empty for neither. For a session, "brick" or
    empty."""
    confirmed: bool
    """It ends as the token says, and breaks the claim; for a session, it ends as the token says. False for a claim of
    the user's own, which a token does not carry."""
    steps: tuple[ReplayStepEntry, ...]
    """Step by step."""
    outcome: str
    """How it ends."""
    running: str | None
    """What runs at the end; for a cut, what the next power-on starts; for a session, what the device comes to."""
    running_image: str | None
    """For a cut, the image that starts; null for none that is whole."""
    then: str | None
    """For a cut, what the power-on after that starts, if nothing is called."""
    broken_by: str | None
    """Confirmed, of a claim: the event that the claim rules out."""


def cut_replay_result(token: Token, played: Replay) -> ReplayResult:
    """Return the replay of a power cut in an upgrade."""
    future = played.observation.future
    is_broken = played.is_claim_kept is False
    return ReplayResult(
        kind="cut",
        shows=token.claim_id,
        confirmed=is_broken,
        steps=_steps(played.steps),
        outcome="nothing boots" if future.boot.partition is None else "boots",
        running=future.boot.partition,
        running_image=future.boot.image,
        then=None if future.idle_boot is None else future.idle_boot.partition,
        broken_by=broken_by_cut(token.claim_id, played.observation) if is_broken else None,
    )


def history_replay_result(
    token: HistoryToken, played: HistoryReplay, claim_id: str | None, confirmed: bool
) -> ReplayResult:
    """Return the replay of a history. claim_id: of the claim that it is about; confirmed: it ends as the token says."""
    broken = None if claim_id is None else played.breaks(claim_id)
    return ReplayResult(
        kind="history",
        shows=token.shows,
        confirmed=confirmed,
        steps=_steps(played.steps),
        outcome=played.outcome.value,
        running=played.running,
        running_image=None,
        then=None,
        broken_by=broken.text if broken is not None and confirmed else None,
    )


def session_replay_result(token: SessionToken, played: SessionReplay) -> ReplayResult:
    """Return the replay of an update of bootloader or partition table."""
    return ReplayResult(
        kind="session",
        shows="brick" if SettledStart(token.start).is_brick else "",
        confirmed=played.is_as_told(token),
        steps=_steps(played.steps),
        outcome=played.start.kind.value,
        running=played.start.partition,
        running_image=None,
        then=None,
        broken_by=None,
    )


def _steps(steps: Iterable[ReplayedStep]) -> tuple[ReplayStepEntry, ...]:
    return tuple(
        ReplayStepEntry(
            text=step.text,
            ops=operations_of(step.ops),
            otadata=_hex(step.entries),
            efuse=step.efuse,
            cut=step.is_cut,
            violated=tuple(ReplayedViolation(claim=verdict.claim_id, text=verdict.text) for verdict in step.broken),
        )
        for step in steps
    )


def _hex(entries: tuple[bytes, bytes] | None) -> tuple[str, str] | None:
    return None if entries is None else (entries[0].hex(), entries[1].hex())
