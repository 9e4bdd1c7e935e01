"""The shortest trace of the device model to a state where a claim is broken: breadth first, up to so many states.

This is the plain search of the campaign, for traces to replay. The one that goes to the end is
proofs/explicit/explorer.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ...model.device.state import Scope
from ...model.device.stepper import State, Stepper, stepper

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
    return shortest_traces(scope_for(scope, claim_id), (claim_id,), limit).get(claim_id)


def shortest_traces(scope: Scope, claim_ids: Iterable[str], limit: int = LIMIT) -> dict[str, tuple[str, ...]]:
    """Return a shortest trace for each of the claims that is found broken; the scope has their ghosts."""
    model = stepper(scope)
    kept = {claim_id: device_claim(claim_id).is_kept(scope, model.model.device) for claim_id in claim_ids}
    found: dict[str, tuple[str, ...]] = {}
    came_from: CameFrom = {}
    for state in breadth_first(model, came_from, limit):
        for claim_id in [known for known in kept if not model.value(kept[known], state)]:
            found[claim_id] = trace_to(model, came_from, state)
            del kept[claim_id]
        if not kept:
            break
    return found


CameFrom = dict[State, tuple[int, State] | None]
"""By state, the number of the action that led there first, and the state before it; None for the initial state."""


def breadth_first(model: Stepper, came_from: CameFrom, limit: int) -> Iterator[State]:
    """Yield the states, nearest first, and note in `came_from` how each was reached; up to some `limit` of them."""
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


def trace_to(model: Stepper, came_from: CameFrom, state: State) -> tuple[str, ...]:
    """Return the names of the actions that led to a state."""
    names = []
    while (step := came_from[state]) is not None:
        number, state = step
        names.append(model.model.actions[number].name)
    return tuple(reversed(names))
