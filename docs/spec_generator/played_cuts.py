"""Plays a call on the simulated board with a power cut at every flash operation, and the next power-on after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from otaproof.campaign.history.history import OTADATA, History
from otaproof.campaign.history.player import Played, Player, StepOutcome
from otaproof.campaign.history.step import Step, StepCut, StepName
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOp, FlashOpKind
from otaproof.impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind

ON = Step(StepName.RESET)
HALF_RECORD = 16
"""Bytes of a record that a cut half-way through its program has written: the number and half of the label."""


@dataclass(frozen=True, slots=True)
class CutRow:
    """One operation, or a run of equal ones, with the boot that follows a cut before, inside and after it."""

    number: str
    operation: str
    before: str
    half: str
    after: str


def ready(history: History) -> Player:
    """Return a player that has played the history; raises ValueError if a step fails."""
    player = Player(history.dut)
    for step in history.steps:
        played = player.play(step)
        if played.outcome in (StepOutcome.RAISED, StepOutcome.NOBODY, StepOutcome.NOTHING_BOOTS):
            raise ValueError(f"{step}: {played.outcome.value} {played.error}")
    return player


def whole(history: History, step: Step) -> Played:
    """Return the played step."""
    return ready(history).play(step)


def end_of(history: History, step: Step) -> str:
    """Return how the step ends without a cut."""
    player = ready(history)
    played = player.play(step)
    if played.outcome is StepOutcome.RAISED:
        return f"raises “{played.error}”"
    said = {StepOutcome.RETURNED: "returns", StepOutcome.RESTARTED: "restarts"}.get(
        played.outcome, played.outcome.value
    )
    if step.name is StepName.RESET:
        return _boot(player)
    return f"{said}; then {_next(player)}"


def cut_rows(history: History, step: Step) -> Iterator[CutRow]:
    """Yield a row for each operation of a step; the erases of a whole slot are one row."""
    player = ready(history)
    played = player.fork().play(step)
    last = 0
    for number, op in enumerate(played.ops):
        if number < last:
            continue
        last = _last_alike(played.ops, number) + 1
        many = last - number
        label = str(number) if many == 1 else f"{number} … {last - 1}"
        name = _name(op, many)
        half = (
            Torn(TornKind.PARTIAL, length=SECTOR_SIZE // 2)
            if op.kind is FlashOpKind.ERASE
            else Torn(TornKind.PREFIX, length=HALF_RECORD)
        )
        yield CutRow(
            label,
            name,
            _after_cut(player, step, StepCut(number, BEFORE)),
            _after_cut(player, step, StepCut(number, half)),
            _after_cut(player, step, StepCut(last - 1, AFTER)),
        )
    for number, bits in enumerate(played.burns):
        cuts = (0, bits & -bits, bits)
        texts = [_after_cut(player, step, StepCut(number, efuse_done=done)) for done in cuts]
        yield CutRow(f"burn {number}", f"burn eFuse bits 0x{bits:x}", *texts)


def _last_alike(ops: tuple[FlashOp, ...], first: int) -> int:
    """Return the index of the last erase in a run of erases of one slot."""
    last = first
    while (
        last + 1 < len(ops)
        and ops[first].kind is FlashOpKind.ERASE
        and not _is_otadata(ops[first])
        and ops[last + 1].kind is FlashOpKind.ERASE
        and ops[last + 1].address == ops[last].address + SECTOR_SIZE
    ):
        last += 1
    return last


def _is_otadata(op: FlashOp) -> bool:
    return OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE


def _name(op: FlashOp, many: int) -> str:
    if _is_otadata(op):
        sector = (op.address - OTADATA) // SECTOR_SIZE
        return (
            f"erase otadata sector {sector}" if op.kind is FlashOpKind.ERASE else f"program record {sector}, 32 bytes"
        )
    slot = f"0x{op.address:x}"
    return (
        f"erase {many} sectors from {slot}" if op.kind is FlashOpKind.ERASE else f"program {op.length} bytes at {slot}"
    )


def _after_cut(player: Player, step: Step, cut: StepCut) -> str:
    other = player.fork()
    other.play(replace(step, cut=cut))
    return _next(other)


def _next(player: Player) -> str:
    """Return which image the next power-on starts, and what info() then reports."""
    player.play(ON)
    return _boot(player)


def _boot(player: Player) -> str:
    if player.app is None:
        return "**nothing boots**"
    slots = player.app.otaupgrade.info().slots
    said = ", ".join(f"{label} {info.get('state', 'none')}" for label, info in sorted(slots.items()))
    return f"{player.running} boots ({said})"
