"""A trace of the device model as a person can follow it: in sentences, and as a token that the board replays."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..campaign.explain.history_target import STARTS, tell
from ..campaign.lockstep.divergence import Divergence
from ..campaign.lockstep.trace_replay import place_label, token_of_trace
from ..model.device.state import Scope
from ..proofs.prover.dead_ends import RECOVERY
from .broken_claim import broken_in_history


@dataclass(frozen=True, slots=True)
class ShownTrace:
    """A trace that breaks a claim."""

    sentences: tuple[str, ...]
    """What happens; a sentence may stand for several steps."""
    token: str | None = None
    """The token under which `otaproof replay` shows it; None for C9, and where a board does not show it."""
    broken_by: str | None = None
    """With a token: the event at the end which the claim rules out, as the board shows it."""
    divergence: str | None = None
    """Where the board does not show the trace, which is a bug in otaproof."""


def sentences_of(scope: Scope, actions: Sequence[str]) -> tuple[str, ...]:
    """Return what happens in a trace that begins with a blank device."""
    names = [place_label(scope, slot) for slot in range(scope.slots)]
    return tell(scope, STARTS[0], actions, names)


def show_trace(scope: Scope, actions: Sequence[str], claim_id: str) -> ShownTrace:
    """Return a trace that breaks a claim in sentences, and played on the board."""
    sentences = sentences_of(scope, actions)
    if claim_id == RECOVERY:
        return ShownTrace(sentences)
    try:
        token = token_of_trace(scope, actions, claim_id)
    except Divergence as error:
        return ShownTrace(sentences, divergence=str(error))
    return ShownTrace(sentences, token, broken_in_history(token, claim_id))
