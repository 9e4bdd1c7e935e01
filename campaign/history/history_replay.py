"""Plays a history token step by step and says what happens: calls, operations, cuts, boots, and what they show."""

from dataclasses import dataclass

from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.chip.flash import FlashMisuse, PlanNotReached
from .claim_monitor import BrokenClaim, ClaimMonitor
from .history import History
from .history_token import HistoryToken
from .player import Played, Player, StepOutcome
from .replayed_step import ReplayedStep, replayed_step


@dataclass(frozen=True)
class HistoryReplay:
    """A history, played."""

    steps: tuple[ReplayedStep, ...]
    outcome: StepOutcome
    """How the last step ended."""
    running: str | None
    """What ran after it."""
    broken: tuple[BrokenClaim, ...]
    """The claims that were broken after it."""
    cells: Cells
    efuse_bits: int

    def breaks(self, claim_id: str) -> BrokenClaim | None:
        """Return how a claim is broken after the last step; None when it is not."""
        return next((broken for broken in self.broken if broken.claim_id == claim_id), None)


def token_of(history: History, shows: str) -> HistoryToken:
    """Return the token of a history: what it shows, and the outcome that the board gives it now."""
    played = replay_history(history)
    return HistoryToken(shows, played.outcome, played.running, history)


def is_confirmed(token: HistoryToken, played: HistoryReplay, claim_id: str | None) -> bool:
    """Tell whether the history ends as the token says, and breaks the claim (None: any)."""
    is_as_told = (token.outcome, token.running) == (played.outcome, played.running)
    return is_as_told and (claim_id is None or played.breaks(claim_id) is not None)


def replay_history(history: History) -> HistoryReplay:
    """Play a history; raises InputError when a cut of it never comes, or it does what no program can."""
    player = Player(history.dut)
    monitor = ClaimMonitor(player)
    steps: list[ReplayedStep] = []
    played: Played | None = None
    broken: tuple[BrokenClaim, ...] = ()
    for number, step in enumerate(history.steps, 1):
        try:
            played, broken = monitor.play(step)
        except (PlanNotReached, FlashMisuse) as error:
            raise InputError(f"token: step {number}, {step}: {error}; it was made with another version") from None
        steps.append(replayed_step(player, played, broken))
    if played is None:
        raise InputError("token: has no steps")
    moment = player.moment
    return HistoryReplay(tuple(steps), played.outcome, played.running, broken, moment.cells, moment.efuse_bits)
