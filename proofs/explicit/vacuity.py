"""Vacuity: whether the premise of a claim is ever reached. A claim that holds because it is not says little.

A short search, with cuts that tear nothing, looks for a state in which the premise holds.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from ...model.claims.premises import PREMISES
from ...model.claims.state_claims import DeviceClaim
from ...model.device.model import device_model
from ...model.device.records import Numbers
from ...model.device.search import DeviceSearch
from ...model.device.state import Device, Ghost, Scope
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool, fact

MOST_STATES = 20_000
"""States that the search may look at."""


def has_premise(claim: DeviceClaim) -> bool:
    """Tell whether a claim can hold because its premise never does."""
    return claim.premise is not None or claim.claim.id in PREMISES


def depth_of_premise(scope: Scope, claim: DeviceClaim) -> int | None:
    """Return in how few steps the premise that a claim has is reached; None where the search does not reach it."""
    if claim.premise is None:
        return premise_depth(scope, claim.claim.id)
    return _depth(scope, claim.premise, claim.ghosts)


def premise_depth(scope: Scope, claim_id: str) -> int | None:
    """Return the same of a claim of this project."""
    return _depth(scope, *PREMISES[claim_id])


def _depth(scope: Scope, premise: Callable[[Scope, Device], Bool], ghosts: frozenset[Ghost]) -> int | None:
    plain = replace(scope, ghosts=ghosts, numbers=Numbers.RANKED, faults=FaultModel.F0)
    wanted = premise(plain, device_model(plain).device)
    if wanted.value is not None:
        return 0 if wanted is fact(True) else None
    search = _searched(plain)
    value = search.steps.value
    return next((d for d, state in zip(search.depths, search.order, strict=True) if value(wanted, state)), None)


@lru_cache(maxsize=8)
def _searched(scope: Scope) -> DeviceSearch:
    """Return a search of the states nearest to the start."""
    search = DeviceSearch(stepper(scope))
    for _ in search:
        if len(search.order) > MOST_STATES:
            break
    return search
