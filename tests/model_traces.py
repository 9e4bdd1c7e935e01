"""Traces of the device model for tests: to every action, to a broken claim, random ones; and histories of a scope."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from otaproof.campaign.history.history import History, SmallImage
from otaproof.campaign.history.step import POWER_ON, Step
from otaproof.campaign.lockstep.trace_replay import device_of_scope
from otaproof.model.device.action import MISHAPS, Action
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Scope
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.proofs.explicit.explorer import claims_of, explore_in_python, with_ghosts_of


@lru_cache
def first_takes(scope: Scope) -> dict[str, tuple[str, ...]]:
    """Return, for every action that a search finds possible, a shortest trace that ends with it."""
    model = stepper(replace(scope, ghosts=frozenset()))
    search = DeviceSearch(model)
    taken: dict[str, tuple[str, ...]] = {}
    for place, state in enumerate(search):
        for number, _ in model.successors(state):
            name = model.model.actions[number].name
            if name not in taken:
                taken[name] = (*search.trace(place).actions, name)
        if len(taken) == len(model.model.actions) or len(search.order) > 60_000:
            break
    return taken


def breaking_trace(scope: Scope, claim_id: str) -> tuple[str, ...] | None:
    """Return a shortest trace that breaks a claim; None where every reachable state keeps it."""
    claims = [claim for claim in claims_of(scope) if claim.claim.id == claim_id]
    found = explore_in_python(with_ghosts_of(scope, claims), claims, until_broken=True)
    trace = found.violations.get(claim_id)
    assert trace is not None or found.is_complete
    return None if trace is None else trace.actions


def history_in(scope: Scope, *steps: Step) -> History:
    """Return a device of the scope, and these steps after its first power-on."""
    return History(device_of_scope(scope), (SmallImage(1), SmallImage(2)), (POWER_ON, *steps))


def random_walk(model: Stepper, source: random.Random, length: int) -> Iterator[Action]:
    """Yield actions one after another, cuts and failures less often than other steps."""
    state = model.initial
    for _ in range(length):
        after = model.successors(state)
        weights = [0.15 if model.model.actions[number].kind in MISHAPS else 1.0 for number, _ in after]
        ((number, state),) = source.choices(after, weights)
        yield model.model.actions[number]
