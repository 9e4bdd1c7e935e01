"""Traces of the device model for tests: a shortest one to every action, and random ones."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from otaproof.model.device.action import MISHAPS, Action
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Scope
from otaproof.model.device.stepper import Stepper, stepper


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


def random_walk(model: Stepper, source: random.Random, length: int) -> Iterator[Action]:
    """Yield actions one after another, cuts and failures less often than other steps."""
    state = model.initial
    for _ in range(length):
        after = model.successors(state)
        weights = [0.15 if model.model.actions[number].kind in MISHAPS else 1.0 for number, _ in after]
        ((number, state),) = source.choices(after, weights)
        yield model.model.actions[number]
