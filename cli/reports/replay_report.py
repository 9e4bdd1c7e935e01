"""What `otaproof replay` prints: every step with its flash operations and the otadata entries after it."""

from collections.abc import Sequence

from rich.console import Console

from ...analysis.broken_claim import broken_by_cut
from ...campaign.fuzz.findings import DIVERGENCE
from ...campaign.history.history_replay import HistoryReplay
from ...campaign.history.history_token import HistoryToken
from ...campaign.history.known_case import KnownCase
from ...campaign.history.replayed_step import ReplayedStep
from ...campaign.operation_text import describe_ops
from ...campaign.unsafe_update.session_replay import SessionReplay
from ...campaign.unsafe_update.session_token import SessionToken
from ...campaign.unsafe_update.settled_start import SettledStart
from ...campaign.upgrade.future_in_words import future_lines
from ...campaign.upgrade.upgrade_replay import Replay
from ...campaign.upgrade.upgrade_token import Token
from ...model.claims.claims import claim
from .entry_view import entry_lines
from .report_page import WRONG, ReportPage
from .verdict_words import verdict_words


def print_cut_replay(console: Console, token: Token, slots: int, played: Replay) -> None:
    """Print a power cut in an upgrade, and what follows. slots: OTA slots of its partition table."""
    page = ReportPage(console)
    page.calls(token.device.config.updater)
    page.blank()
    if played.is_claim_kept is not None:
        _print_claim(page, token.claim_id)
    _print_steps(page, played.steps, slots, token.device.config.notes_in_place)
    page.blank()
    for line in future_lines(played.observation.future):
        page.item("→", line)
    if played.is_claim_kept is False:
        page.item(WRONG, broken_by_cut(token.claim_id, played.observation), style="bold red")
    page.blank()
    if played.is_claim_kept is None:
        page.line(f"{token.claim_id} is a claim of your own: the cut is played, and not judged", indent=0, style="bold")
        return
    verdict = "holds here" if played.is_claim_kept else verdict_words("violated")
    page.line(f"{token.claim_id} {claim(token.claim_id).name}: {verdict}", indent=0, style="bold")


def print_history_replay(
    console: Console,
    token: HistoryToken,
    case: KnownCase | None,
    claim_id: str | None,
    played: HistoryReplay,
    confirmed: bool,
    difference: str | None = None,
) -> None:
    """Print a history. case, claim_id: what the token is about; confirmed: it ends as the token says.

    difference: what board and model each do at its end, where they differ and the token is about that."""
    page = ReportPage(console)
    page.calls(token.history.device.config.updater)
    page.blank()
    if case is not None:
        page.line(f"{case.name}: {case.title}", indent=0, style="bold")
    if claim_id is not None:
        _print_claim(page, claim_id)
    history = token.history
    failing = "; operations fail or lie (F5)" if any(step.failures for step in history.steps) else ""
    page.line(f"{_device(token)}; the cuts need {history.weakest_of_cuts.name}{failing}", indent=0)
    device = token.history.device
    _print_steps(page, played.steps, len(device.slots), device.config.notes_in_place)
    page.blank()
    end = played.outcome.value if played.running is None else f"{played.running} runs"
    if token.shows == DIVERGENCE:
        page.line(f"at the end: {end}", indent=0)
        page.line(difference or "board and model agree, in this version", indent=0)
        return
    told = token.outcome.value if token.running is None else f"{token.running} runs"
    page.line(f"at the end: {end}" + ("" if end == told else f"; the token says: {told}"), indent=0)
    page.line(f"the board {'confirms' if confirmed else 'does not confirm'} {token.shows or 'this history'}", indent=0)


def print_session_replay(console: Console, token: SessionToken, slots: int, played: SessionReplay) -> None:
    """Print a session, up to its cut, and what the device comes to. slots: OTA slots of its partition table."""
    page = ReportPage(console)
    where = "" if token.cut is None else ", and a power cut in it"
    page.line(f"An update of the {token.kind.value.replace('-', ' ')}{where}", indent=0, style="bold")
    _print_steps(page, played.steps, slots)
    page.blank()
    start, told = played.start, SettledStart(token.start)
    runs = "" if start.partition is None else f": {start.partition}"
    page.item(
        WRONG if start.is_brick else "→",
        f"the device {start.kind.value}{runs}",
        style="bold red" if start.is_brick else None,
    )
    if start.kind is not told.kind:
        page.line(f"the token says: the device {told.kind.value}")
        page.line("where the bytes of a bootloader matter, give its file by --image")
    page.blank()
    confirms = "confirms" if played.is_as_told(token) else "does not confirm"
    page.line(f"the board {confirms} {'a brick' if told.is_brick else 'that it is none'}", indent=0, style="bold")


def _print_claim(page: ReportPage, claim_id: str) -> None:
    promised = claim(claim_id)
    page.line(f"{promised.id} {promised.name}: {promised.title}", indent=0, style="bold")


def _print_steps(page: ReportPage, steps: Sequence[ReplayedStep], slots: int, notes_in_place: bool = False) -> None:
    page.blank()
    for number, step in enumerate(steps, 1):
        page.item(f"{number:3} ", step.text, 0, "bold" if step.is_cut else None)
        if step.ops:
            page.line(f"flash: {describe_ops(step.ops)}", indent=7)
        for fields, meaning in () if step.entries is None else entry_lines(step.entries, slots, notes_in_place):
            page.whole(fields, indent=7)
            page.line(meaning, indent=19)
        if step.efuse is not None:
            page.line(f"eFuse: 0x{step.efuse[0]:x} → 0x{step.efuse[1]:x}", indent=7)
        for broken in step.broken:
            page.item(WRONG, f"{broken.claim_id} is violated: {broken.text}", 5, "bold red")


def _device(token: HistoryToken) -> str:
    device = token.history.device
    config = device.config
    parts = (["factory"] if device.has_factory else []) + [f"ota_{slot}" for slot in device.slots]
    options = [name for name in ("rollback", "anti_rollback") if getattr(config, name)]
    return f"{', '.join(parts)}; release rules {config.app_name}; {', '.join(options) or 'no rollback'}"
