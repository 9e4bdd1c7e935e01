"""A history that the simulated board has played as a list of sentences.

The calls of one upgrade that run to their end are one sentence. A power cut names the flash operation that it
interrupts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from otaproof.campaign.history.history import OTADATA, History
from otaproof.campaign.history.history_replay import HistoryReplay
from otaproof.campaign.history.replayed_step import ReplayedStep
from otaproof.campaign.history.step import Step, StepName
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.flash import FlashOp, FlashOpKind
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import ResetReason

from .trace_text import with_capital

_RESULTS = {
    "ok": "returns",
    "restarts": "restarts the chip",
    "panics": "ends in a panic",
    "never ends": "never returns",
}
"""Results of a call, as the replay prints them; an error is printed as it is."""
_LONGEST_TEAR = 40
"""Characters; of a longer tear only the kind is named."""


@dataclass(frozen=True, slots=True)
class _PlayedStep:
    """A step of the history beside the step of its replay."""

    step: Step
    replayed: ReplayedStep

    @property
    def result(self) -> str:
        """What came of it, as the replay prints it."""
        return self.replayed.text.partition(": ")[2]

    @property
    def is_done(self) -> bool:
        """The call ran to its end without an error."""
        return self.result in ("ok", "restarts")


def history_sentences(history: History, replay: HistoryReplay) -> list[str]:
    """Return what happens in a history, a sentence each."""
    steps = [_PlayedStep(*pair) for pair in zip(history.steps, replay.steps, strict=True)]
    return [with_capital(text) for text in _sentences(steps, history.dut.table)]


def operation_text(op: FlashOp) -> str:
    """Return a flash operation in words, such as "erase of otadata sector 1"."""
    kind = "erase" if op.kind is FlashOpKind.ERASE else "program"
    if not _is_otadata(op):
        return f"{kind} at 0x{op.address:x}"
    sector = (op.address - OTADATA) // SECTOR_SIZE
    return f"erase of otadata sector {sector}" if kind == "erase" else f"program of record {sector}"


def _is_otadata(op: FlashOp) -> bool:
    return OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE


def _sentences(steps: Sequence[_PlayedStep], table: Sequence[Partition]) -> Iterator[str]:
    at = 0
    while at < len(steps):
        if steps[at].step.name is StepName.COMMENCE and steps[at].is_done:
            end = _end_of_upgrade(steps, at)
            yield _upgrade_sentence(steps[at : end + 1], table)
            at = end + 1
        else:
            yield _sentence(steps[at])
            at += 1


def _end_of_upgrade(steps: Sequence[_PlayedStep], at: int) -> int:
    """Return the index of the last of a commence(), its writes and their complete(), all done without an error."""
    end = at
    while end + 1 < len(steps) and steps[end + 1].step.name is StepName.WRITE and steps[end + 1].is_done:
        end += 1
    is_completed = end + 1 < len(steps) and steps[end + 1].step.name is StepName.COMPLETE and steps[end + 1].is_done
    return end + 1 if is_completed and end > at else end


def _upgrade_sentence(steps: Sequence[_PlayedStep], table: Sequence[Partition]) -> str:
    commence, last = steps[0], steps[-1]
    target = next(p.label for p in table if p.is_app and p.offset == commence.replayed.ops[0].address)
    if len(steps) == 1:
        return f"commence() wipes {target}"
    written = f"image {steps[1].step.image} is downloaded to {target}"
    if last.step.name is not StepName.COMPLETE:
        return written
    is_marked = any(_is_otadata(op) for op in last.replayed.ops)
    after = "and restarts the chip" if last.result == "restarts" else "without a restart"
    return f"{written}; {_call(last.step)} marks {'it' if is_marked else 'nothing'} {after}"


def _sentence(played: _PlayedStep) -> str:
    step, result = played.step, played.result
    if played.replayed.is_cut:
        return _cut_sentence(played)
    if step.name is StepName.RESET:
        return f"{_after_reset(step)} {result.lower() if result.isupper() else result}"
    return f"{_call(step)} {_RESULTS.get(result) or result.replace('error', 'raises', 1)}"


def _after_reset(step: Step) -> str:
    match step.reason:
        case ResetReason.POWER_ON:
            return "at power-on"
        case ResetReason.SOFTWARE:
            return "after the restart"
        case reason:
            return f"after a reset ({reason.value})"


def _cut_sentence(played: _PlayedStep) -> str:
    step, cut = played.step, played.step.cut
    if cut is None:
        return "the power fails while nothing is written"
    where = "the bootloader" if step.name is StepName.RESET else _call(step)
    if cut.torn is None:
        return f"the power fails in {where}, inside the burn of the eFuse (bits done: 0x{cut.efuse_done or 0:x})"
    kind = str(cut.torn)
    place = kind if kind in ("before", "after") else "inside"
    detail = "" if place == kind else f" ({kind.partition(':')[0] if len(kind) > _LONGEST_TEAR else kind})"
    return f"the power fails in {where}, {place} the {operation_text(played.replayed.ops[-1])}{detail}"


def _call(step: Step) -> str:
    """Return the call as an application writes it; `complete(nil)` for the one without an argument."""
    return "complete(nil)" if str(step) == "complete()" else str(step)
