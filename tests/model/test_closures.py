"""Closures of terms: what they come to, and what a stepper makes of them."""

from random import Random

import pytest

from otaproof.model.config import Config
from otaproof.model.device.model import device_model
from otaproof.model.device.search import reachable
from otaproof.model.device.state import Scope
from otaproof.model.device.stepper import _WARM, State, Stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.closures import Closures
from otaproof.model.terms.evaluate import evaluated
from otaproof.model.terms.terms import all_of, any_of, choose, num_field, number

STEPS = Stepper(device_model(Scope(Config(rollback=True), faults=FaultModel.F3, versions=2)))


def states(count: int) -> list[State]:
    """Return states of the model, some of them with several tasks."""
    found = reachable(STEPS)
    return Random(3).sample(found, count)


def test_closures_come_to_what_the_terms_mean() -> None:
    """Each guard and effect of a model, in states of it."""
    model = STEPS.model
    terms = [term for a in model.actions for term in (a.when, *model.effects[a.name].values())]
    closures = Closures({name: place for place, name in enumerate(STEPS.names)}, terms)
    for state in states(12):
        fields, env = STEPS.as_dict(state), closures.environment(state)
        assert [int(closures.of(term)(env)) for term in terms] == [evaluated(term, fields) for term in terms]


@pytest.mark.parametrize("values", [(0, 7), (3, 3), (7, 1), (5, 6)])
def test_every_operation_has_its_meaning(values: tuple[int, int]) -> None:
    """Those of more arguments than the models have as well, and arithmetic that wraps."""
    a, b = num_field("a", 3), num_field("b", 3)
    facts = [a == b, a < b, b == 6, a != 3, b < 7]
    numbers = [a + b, a - b, choose(a < b, a, b + 1), number(2, 3)]
    terms = [*facts, all_of(facts[:3]), all_of(facts), any_of(facts[:2]), any_of(facts), ~any_of(facts[:3]), *numbers]
    closures = Closures({"a": 0, "b": 1}, terms)
    env = closures.environment(values)
    fields = dict(zip(("a", "b"), values, strict=True))
    assert [int(closures.of(term)(env)) for term in terms] == [evaluated(term, fields) for term in terms]


def test_what_is_compiled_once_it_is_warm_comes_to_the_same() -> None:
    """In the same states, before and after."""
    found = states(20)
    term = STEPS.model.actions[5].when
    cold = Stepper(STEPS.model)
    function = cold.function([term, STEPS.model.device.task])
    first = [(cold.part(state, are_cuts=True), cold.part(state, are_cuts=False), function(state)) for state in found]
    for state in found * (_WARM // 10):
        cold.part(state, are_cuts=True), cold.part(state, are_cuts=False), function(state)
    again = [(cold.part(state, are_cuts=True), cold.part(state, are_cuts=False), function(state)) for state in found]
    assert first == again
    assert any(cuts and rest for cuts, rest, _ in first)
