"""The step that a finding of the model stops before: what the device does next, or the cut that the call can have.

Some claims are about what a step does, and not about a state: the model breaks them where an action that breaks them is
possible. So a history can end before that. Here it is played on: the upgrade writes on, or the power fails in an
operation of the last call and leaves a stray number. Whatever breaks the claim on the board is the history that shows
it.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from ...impl.chip.flash import FlashOpKind, PlanNotReached
from ...impl.program_end import Panic
from ...model.claims.state_claims import DEVICE_CLAIMS
from ...model.device.stray_numbers import stray_named
from ..history.history import IMAGE_SIZE, OTADATA, History
from ..history.history_replay import replay_history
from ..history.player import Player
from ..history.step import Step, StepCut, StepName
from ..lockstep.known_model import known_model
from ..lockstep.torn_bytes import torn_by_cut
from .findings import Finding

OVER_EFFECTS = frozenset(item.claim.id for item in DEVICE_CLAIMS if item.is_over_effects)
"""The claims about what a step does."""


def played_on(finding: Finding) -> History | None:
    """Return the history with the step or the cut that breaks the claim on the board; None where none was found."""
    if finding.claim_id not in OVER_EFFECTS or finding.is_on_board:
        return None
    for history in (*_writing_on(finding.history), *_with_cuts(finding)):
        try:
            if replay_history(history).breaks(finding.claim_id) is not None:
                return history
        except (Panic, PlanNotReached):
            continue
    return None


def _writing_on(history: History) -> Iterator[History]:
    """Yield the history with one more write(): where the last one of its image ended, and of its first bytes."""
    for image in range(len(history.images)):
        ends = [
            step.offset + step.length for step in history.steps if (step.name, step.image) == (StepName.WRITE, image)
        ]
        for offset in sorted({0, *ends[-1:]} - {IMAGE_SIZE}, reverse=True):
            step = Step(StepName.WRITE, image=image, offset=offset, length=IMAGE_SIZE - offset)
            yield replace(history, steps=(*history.steps, step))


def _with_cuts(finding: Finding) -> Iterator[History]:
    """Yield the history with the power failing in an erase of otadata in its last step, with each stray number."""
    history, scope = finding.history, finding.scope
    *before, last = history.steps
    if last.cut is not None:
        return
    player = Player(history.dut)
    for step in before:
        player.play(step)
    played = player.play(last)
    names = [action.name for action in known_model(scope).stepper.model.actions if stray_named(action.name)]
    for number, (op, moments) in enumerate(zip(played.ops, pairwise(played.moments), strict=False)):
        if op.kind is not FlashOpKind.ERASE or op.address not in range(OTADATA, OTADATA + 0x2000):
            continue
        for name in names:
            torn = torn_by_cut(name, op, moments, scope.slots, scope.faults) if "_erase_" in name else None
            if torn is not None:
                yield replace(history, steps=(*before, replace(last, cut=StepCut(number, torn))))
