"""Vacuity: whether the premise of a claim is ever reached. A claim that holds because it is not says little.

A short search, with cuts that tear nothing, looks for a state in which the premise holds.
"""

from dataclasses import replace
from functools import lru_cache

from ...model.claims.premises import PREMISES
from ...model.device.model import device_model
from ...model.device.records import Numbers
from ...model.device.search import DeviceSearch
from ...model.device.state import Scope
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import fact

MOST_STATES = 20_000
"""States that the search may look at."""


def premise_depth(scope: Scope, claim_id: str) -> int | None:
    """Return in how few steps the premise of a claim is reached; None where the search does not reach it."""
    premise, ghosts = PREMISES[claim_id]
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
