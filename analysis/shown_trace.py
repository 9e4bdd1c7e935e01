"""A trace of the device model as a person can follow it: in sentences, and as a token that the board replays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..campaign.explain.trace_in_words import tell_trace
from ..campaign.explain.violation_in_words import tell_violation
from ..campaign.lockstep.divergence import Divergence
from ..campaign.lockstep.trace_replay import token_of_history, token_of_trace
from ..model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ..model.device.state import Ghost, Scope
from ..model.device.stepper import stepper
from ..proofs.prover.dead_ends import RECOVERY


@dataclass(frozen=True, slots=True)
class ShownTrace:
    """A trace that breaks a claim."""

    sentences: tuple[str, ...]
    """What happens; a sentence may stand for several steps."""
    token: str | None = None
    """The token under which `otaproof replay` shows it; None for C9, and where a board does not show it."""
    broken_by: str | None = None
    """The event at the end which the claim rules out."""
    divergence: str | None = None
    """Where the board does not show the trace, which is a bug in otaproof."""


def show_trace(scope: Scope, actions: Sequence[str], claim_id: str, own: Sequence[DeviceClaim] = ()) -> ShownTrace:
    """Return a trace that breaks a claim in sentences, and played on the board.

    own: claims of the user's own. The board shows their traces, and does not judge them."""
    sentences = tell_trace(scope, actions)
    if any(item.claim.id == claim_id for item in own):
        return _shown_own(scope, actions, sentences)
    broken_by = _broken_by(scope, actions, claim_id)
    if claim_id == RECOVERY:
        return ShownTrace(sentences, broken_by=broken_by)
    try:
        token = token_of_trace(scope, actions, claim_id)
    except Divergence as error:
        return ShownTrace(sentences, broken_by=broken_by, divergence=str(error))
    return ShownTrace(sentences, token, broken_by)


def _shown_own(scope: Scope, actions: Sequence[str], sentences: tuple[str, ...]) -> ShownTrace:
    try:
        return ShownTrace(sentences, token_of_history(scope, actions))
    except Divergence as error:
        return ShownTrace(sentences, divergence=str(error))


def _broken_by(scope: Scope, actions: Sequence[str], claim_id: str) -> str:
    """Return what breaks the claim at the end of a trace, seen with the ghosts that the claim reads."""
    ghosts = next((item.ghosts for item in DEVICE_CLAIMS if item.claim.id == claim_id), frozenset[Ghost]())
    scope = replace(scope, ghosts=ghosts)
    steps = stepper(scope)
    states = [steps.initial]
    for name in actions:
        after = steps.step(states[-1], name)
        assert after is not None, name
        states.append(after)
    return tell_violation(scope, claim_id, states)
