"""What LLVM makes of terms says what the terms say: operation by operation, and for all actions of a model."""

from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Config, Release
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.search import DeviceSearch, is_no_cut
from otaproof.model.device.state import Ghost, Scope, Task
from otaproof.model.device.stepper import State, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.evaluate import evaluated
from otaproof.model.terms.terms import Bool, Num, Op, bool_field, choose, nodes_of, num_field, number
from otaproof.proofs.explicit.compiled.codegen import TABLE_BITS, facts_text, most_found, successors_text
from otaproof.proofs.explicit.compiled.machine_code import load
from otaproof.proofs.explicit.compiled.word_layout import Layout

SCOPES = (
    Scope(Config(rollback=True), faults=FaultModel.F3),
    Scope(Config(rollback=True, anti_rollback=True, app_release=Release.V6_1), 3, has_factory=True),
)
MODEL = device_model(SCOPES[1])
FIELDS = [field for field in MODEL.fields if field.bits]
NUMBERS = st.sampled_from([num_field(field.name, field.bits) for field in FIELDS]) | st.integers(0, 9).map(number)
FACTS = st.sampled_from([bool_field(field.name) for field in MODEL.fields if not field.bits])


def grown(numbers: st.SearchStrategy[Num], facts: st.SearchStrategy[Bool]) -> st.SearchStrategy[tuple[Num, Bool]]:
    """Return numbers and facts made of smaller ones, by every operation."""
    two = st.tuples(numbers, numbers)
    bigger = two.map(lambda a: a[0] + a[1]) | two.map(lambda a: a[0] - a[1])
    chosen = st.tuples(facts, numbers, numbers).map(lambda a: choose(*a))
    compared = two.map(lambda a: a[0] == a[1]) | two.map(lambda a: a[0] < a[1])
    joined = st.tuples(facts, facts, facts)
    combined = joined.map(lambda a: a[0] & a[1] & a[2]) | joined.map(lambda a: a[0] | ~a[1] | a[2])
    return st.tuples(numbers | bigger | chosen, facts | compared | combined)


def facts_of_depth(depth: int) -> st.SearchStrategy[Bool]:
    """Return facts that are nested so deep."""
    numbers, facts = NUMBERS, FACTS
    for _ in range(depth):
        pairs = grown(numbers, facts)
        numbers, facts = pairs.map(lambda pair: pair[0]), pairs.map(lambda pair: pair[1])
    return facts


def any_state(model: DeviceModel, draw: Callable[[int], int]) -> State:
    """Return a state of any values; most are not reached."""
    fields = [draw(1 << max(1, field.bits)) for field in model.fields]
    fields[[field.name for field in model.fields].index("task")] = draw(len(Task))
    return tuple(fields)


def assert_compiled(facts: list[Bool], draw: Callable[[int], int]) -> None:
    """Compare with what the terms mean, in states of any values."""
    layout = Layout(MODEL)
    function = CFUNCTYPE(c_int64, c_int64)(load(facts_text(MODEL, facts)))
    for _ in range(20):
        state = any_state(MODEL, draw)
        named = {field.name: value for field, value in zip(MODEL.fields, state, strict=True)}
        expected = sum(evaluated(fact, named) << bit for bit, fact in enumerate(facts))
        assert expected == function(layout.packed(state))


def test_each_operation_is_compiled() -> None:
    """Of two numbers that are too wide, together, for a table in a constant."""
    width = {field.name: field.bits for field in MODEL.fields}
    first, second = (num_field(name, width[name]) for name in ("record0_seq", "record1_seq"))
    session = bool_field("session")
    facts = [
        first == second,
        first < second,
        first + second == 5,
        first - second == 1,
        choose(session, first, second) == 2,
        ~(first == second) & session,
        (first < second) | ~session,
    ]
    assert width["record0_seq"] + width["record1_seq"] > TABLE_BITS
    assert set(Op) == {node.op for node in nodes_of(facts)}
    random = np.random.default_rng(1)
    assert_compiled(facts, lambda end: int(random.integers(end)))


@given(facts=st.lists(facts_of_depth(3), min_size=1, max_size=4), random=st.randoms(use_true_random=False))
def test_compiled_facts_mean_what_the_terms_mean(facts: list[Bool], random: np.random.Generator) -> None:
    """Nested ones, drawn at random; bit by bit."""
    assert_compiled(facts, random.randrange)  # type: ignore[attr-defined]  # Hypothesis's random.Random


@pytest.mark.parametrize("scope", SCOPES, ids=("F3", "anti-rollback"))
@pytest.mark.parametrize("onward", [False, True])
def test_compiled_successors_are_those_of_the_stepper(scope: Scope, onward: bool) -> None:
    """The same states as often, of some hundred states that are reached; without cuts, where that is asked."""
    steps, model = stepper(scope), device_model(scope)
    layout, found = Layout(model), np.zeros(most_found(model) + 1, np.int64)
    function = CFUNCTYPE(c_int64, c_int64, c_int64, c_int64)(load(successors_text(model, onward)))
    search = DeviceSearch(steps)
    reached = [state for place, state in zip(range(20_000), search, strict=False) if place % 97 == 0]
    for state in reached:
        after = [s for a, s in steps.successors(state) if not onward or is_no_cut(model.actions[a])]
        count = function(layout.packed(state), found.ctypes.data, 0)
        assert sorted(map(layout.packed, after)) == sorted(found[:count].tolist())
        assert count + 1 == function(layout.packed(state), found.ctypes.data, 1)


def test_compiled_claims_are_those_of_the_stepper() -> None:
    """Broken ones too: in states that are not reached most claims are broken somewhere."""
    scope = Scope(Config(rollback=True), ghosts=frozenset({Ghost.EXPECTED}))
    model, steps = device_model(scope), stepper(scope)
    broken = [~c.kept_in(model) for c in DEVICE_CLAIMS if c.ghosts <= scope.ghosts and c.applies_to(scope)]
    function = CFUNCTYPE(c_int64, c_int64)(load(facts_text(model, broken)))
    random = np.random.default_rng(1)
    seen = 0
    for _ in range(5_000):
        state = any_state(model, lambda end: int(random.integers(end)))
        mask = function(Layout(model).packed(state))
        assert sum(steps.value(term, state) << bit for bit, term in enumerate(broken)) == mask
        seen |= mask
    assert seen.bit_count() > len(broken) / 2
