"""Plays a history token step by step and says what happens: calls, operations, cuts, boots, and what they show."""

from dataclasses import dataclass

from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.chip.flash import FlashMisuse, Op, PlanNotReached
from .claim_monitor import Verdict, Witness
from .history import History, Outcome, Played, Player, StepName
from .history_token import HistoryToken


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of a replay."""

    text: str
    """What was done, and what came of it."""
    ops: tuple[Op, ...]
    entries: tuple[bytes, bytes] | None
    """The otadata entries after it, where it changed them."""
    efuse: tuple[int, int] | None
    """The bits of the eFuse before and after it, where it changed them."""
    is_cut: bool
    verdicts: tuple[Verdict, ...]
    """The claims that are broken after it."""


@dataclass(frozen=True)
class HistoryReplay:
    """A history, played."""

    steps: tuple[HistoryStep, ...]
    outcome: Outcome
    """How the last step ended."""
    running: str | None
    """What ran after it."""
    verdicts: tuple[Verdict, ...]
    """The claims that were broken after it."""
    cells: Cells
    efuse_bits: int

    def breaks(self, claim_id: str) -> Verdict | None:
        """Return how a claim is broken after the last step; None when it is not."""
        return next((verdict for verdict in self.verdicts if verdict.claim_id == claim_id), None)


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
    player = Player(history.world)
    witness = Witness(player)
    steps: list[HistoryStep] = []
    played: Played | None = None
    verdicts: tuple[Verdict, ...] = ()
    for number, step in enumerate(history.steps, 1):
        try:
            played, verdicts = witness.play(step)
        except (PlanNotReached, FlashMisuse) as error:
            raise InputError(f"token: step {number}, {step}: {error}; it was made with another version") from None
        steps.append(_told(player, played, verdicts))
    if played is None:
        raise InputError("token: has no steps")
    moment = player.moment
    return HistoryReplay(tuple(steps), played.outcome, played.running, verdicts, moment.cells, moment.efuse_bits)


def _told(player: Player, played: Played, verdicts: tuple[Verdict, ...]) -> HistoryStep:
    world = player.world
    before, after = (world.entries(moment.cells) for moment in (played.before, played.after))
    bits = played.before.efuse_bits, played.after.efuse_bits
    return HistoryStep(
        _text(player, played),
        played.ops,
        after if before != after else None,
        bits if bits[0] != bits[1] else None,
        played.outcome is Outcome.CUT,
        verdicts,
    )


def _text(player: Player, played: Played) -> str:
    step = played.step
    if played.outcome is Outcome.CUT:
        return str(step) if step.cut is None else f"{step}: THE POWER FAILS ({step.cut})"
    if step.name is StepName.RESET and played.outcome is Outcome.RETURNED:
        return f"{step}: {_describe_boot(player, played.running or '')}"
    results = {
        Outcome.RETURNED: "ok",
        Outcome.RAISED: f"error “{played.error}”",
        Outcome.RESTARTED: "restarts",
        Outcome.NOTHING_BOOTS: "NOTHING BOOTS",
        Outcome.PANICKED: "panics",
        Outcome.HUNG: "never ends",
        Outcome.NOBODY: "no application runs that could call",
    }
    return f"{step}: {results[played.outcome]}"


def _describe_boot(player: Player, label: str) -> str:
    app = player.app
    assert app is not None
    image = player.image_in(label) or "no known image"
    state = app.otaupgrade.info().slots.get(label, {}).get("state")
    said = "" if state is None else f", info() says {state}"
    return f"{label} boots ({image}{said})"
