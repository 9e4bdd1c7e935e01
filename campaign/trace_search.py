"""The shortest trace of the device model to a state where a claim is broken: breadth first, up to so many states.

This is the plain search of the campaign, for traces to replay. The one that goes to the end is proofs/explorer.py.
"""

from collections.abc import Iterator
from dataclasses import replace

from ..model.device import Scope
from ..model.device_claims import DEVICE_CLAIMS, DeviceClaim
from ..model.stepper import State, Stepper, stepper

LIMIT = 30_000
"""States that are looked at before the search gives up."""


def device_claim(claim_id: str) -> DeviceClaim:
    """Return the claim with that id, as the device model can be asked for it; raises KeyError for another."""
    return {known.claim.id: known for known in DEVICE_CLAIMS}[claim_id]


def scope_for(scope: Scope, claim_id: str) -> Scope:
    """Return the scope with the ghosts that the claim reads, and no others."""
    return replace(scope, ghosts=device_claim(claim_id).ghosts)


def shortest_trace(scope: Scope, claim_id: str, limit: int = LIMIT) -> tuple[str, ...] | None:
    """Return the action names of a shortest trace to a state that breaks the claim; None when none is found."""
    claim = device_claim(claim_id)
    scope = scope_for(scope, claim_id)
    model = stepper(scope)
    kept = claim.is_kept(scope, model.model.device)
    came_from: dict[State, tuple[int, State] | None] = {}
    for state in _breadth_first(model, came_from, limit):
        if not model.value(kept, state):
            return tuple(_trace(model, came_from, state))
    return None


def _breadth_first(model: Stepper, came_from: dict[State, tuple[int, State] | None], limit: int) -> Iterator[State]:
    came_from[model.initial] = None
    level = [model.initial]
    while level and len(came_from) < limit:
        coming = []
        for state in level:
            yield state
            for action, after in model.successors(state):
                if after not in came_from:
                    came_from[after] = action, state
                    coming.append(after)
        level = coming


def _trace(model: Stepper, came_from: dict[State, tuple[int, State] | None], state: State) -> list[str]:
    names = []
    while (step := came_from[state]) is not None:
        number, state = step
        names.append(model.model.actions[number].name)
    return names[::-1]
