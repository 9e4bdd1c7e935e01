"""A played step as replays print it: what was done, what came of it, what it changed."""

from dataclasses import dataclass

from ...impl.chip.flash import FlashOp
from .claim_monitor import BrokenClaim
from .player import Played, Player, StepOutcome
from .step import StepName


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """One step of a replay."""

    text: str
    """What was done, and what came of it."""
    ops: tuple[FlashOp, ...] = ()
    """Flash operations of the step."""
    entries: tuple[bytes, bytes] | None = None
    """The otadata entries after it, where it changed them."""
    efuse: tuple[int, int] | None = None
    """The bits of the eFuse before and after it, where it changed them."""
    is_cut: bool = False
    """The power failed in this step."""
    broken: tuple[BrokenClaim, ...] = ()
    """The claims that are broken after it."""


def replayed_step(
    player: Player, played: Played, broken: tuple[BrokenClaim, ...] = (), names_images: bool = True
) -> ReplayedStep:
    """Return the step that the player has just played, in words.

    names_images: say which image boots, and what info() says of it. That is no read of the device: undecided bits are
    then as often read as before."""
    seen = player.board.flash.cells
    text = _text(player, played, names_images)
    player.board.flash.cells = seen
    before, after = (player.dut.entries(moment.cells) for moment in (played.before, played.after))
    bits = played.before.efuse_bits, played.after.efuse_bits
    return ReplayedStep(
        text,
        played.ops,
        after if before != after else None,
        bits if bits[0] != bits[1] else None,
        played.outcome is StepOutcome.CUT,
        broken,
    )


def _text(player: Player, played: Played, names_images: bool) -> str:
    step = played.step
    failing = f" ({'; '.join(map(str, step.failures))})" if step.failures else ""
    if played.outcome is StepOutcome.CUT:
        return str(step) if step.cut is None else f"{step}{failing}: THE POWER FAILS ({step.cut})"
    if step.name is StepName.RESET and played.outcome is StepOutcome.RETURNED:
        image = f" ({_describe_image(player, played.running or '')})" if names_images else ""
        return f"{step}{failing}: {played.running} boots{image}"
    results = {
        StepOutcome.RETURNED: "ok",
        StepOutcome.RAISED: f"error “{played.error}”",
        StepOutcome.RESTARTED: "restarts",
        StepOutcome.NOTHING_BOOTS: "NOTHING BOOTS",
        StepOutcome.PANICKED: "panics",
        StepOutcome.HUNG: "never ends",
        StepOutcome.NOBODY: "no application runs that could call",
    }
    return f"{step}{failing}: {results[played.outcome]}"


def _describe_image(player: Player, label: str) -> str:
    app = player.app
    assert app is not None
    image = player.image_in(label) or "no known image"
    state = app.otaupgrade.info().slots.get(label, {}).get("state")
    return image if state is None else f"{image}, info() says {state}"
