"""The search of all that a device can reach: its size, its traces, its two readings, and how it fails."""

import numpy as np
import pytest

from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.state import Expectation, Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.evaluate import evaluated
from otaproof.model.terms.terms import Bool
from otaproof.proofs.explicit.compiled import compiled_search
from otaproof.proofs.explicit.compiled.bfs_kernels import owner_of
from otaproof.proofs.explicit.compiled.compiled_search import CompiledSearch, Store
from otaproof.proofs.explicit.compiled.word_layout import DoesNotFit, Layout, signed
from otaproof.proofs.explicit.explorer import Reading, claims_of, explore, explore_in_python, with_ghosts_of
from otaproof.proofs.prover import dead_ends as graph
from otaproof.proofs.prover.dead_ends import GHOSTS, recover

ROLLBACK = Config(rollback=True)
FEW = [claim for claim in DEVICE_CLAIMS if claim.claim.id in ("C1", "C10", "C14")]
PLAIN = [claim for claim in DEVICE_CLAIMS if not claim.ghosts and not claim.claim.needs_anti_rollback]


@pytest.mark.parametrize(
    ("name", "scope", "states", "transitions", "depth"),
    [
        ("2 slots", Scope(ROLLBACK), 85_784, 363_850, 63),
        ("2 slots, rollback off", Scope(Config()), 34_565, 146_113, 56),
        ("2 slots, factory, F3", Scope(ROLLBACK, has_factory=True, faults=FaultModel.F3), 1_113_636, 9_861_388, 75),
        (
            "2 slots, 6.2-dev, F0",
            Scope(Config(rollback=True, app_release=Release.V6_2_DEV), faults=FaultModel.F0),
            16_375,
            53_261,
            69,
        ),
        ("3 slots, restart-at-once usage", Scope(ROLLBACK, slots=3, usage=Usage.RESTART_AT_ONCE), 14_760, 37_659, 125),
    ],
)
def test_size_of_a_world_is_known(name: str, scope: Scope, states: int, transitions: int, depth: int) -> None:
    """States, transitions and depth are pinned: a change of the model shows here."""
    found = explore(scope)
    assert found.is_complete
    assert (states, transitions, depth) == (found.states, found.transitions, found.depth)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slots", "states", "transitions", "depth"), [(3, 310_343, 1_135_558, 115), (4, 1_614_437, 5_903_130, 150)]
)
@pytest.mark.parametrize("threads", [1, 2])
def test_size_of_a_big_world_is_known(threads: int, slots: int, states: int, transitions: int, depth: int) -> None:
    """The same with compiled code, one thread or two."""
    found = explore(Scope(ROLLBACK, slots=slots), threads=threads)
    assert found.reading == "compiled"
    assert (states, transitions, depth) == (found.states, found.transitions, found.depth)


def test_compiled_search_finds_what_the_python_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """States, transitions, depth, and every claim's canonical trace: two readings, any number of threads."""
    scope = Scope(ROLLBACK, faults=FaultModel.F0)
    python = explore(scope, FEW, reading=Reading.PYTHON)
    search = CompiledSearch(scope, FEW)
    assert len(python.violations) > 1
    for threads, distance_bits in ((1, 8), (2, 8), (3, 8), (8, 8), (1, 30), (2, 30)):
        # With so many bits for the distance a short entry has no room, so this runs with long ones.
        monkeypatch.setattr(compiled_search, "DISTANCE_BITS", distance_bits)
        compiled = search.run(threads, threads << 28)
        assert {store.room.itemsize for store in search.stores} == {4 if distance_bits == 8 else 8}
        assert compiled.is_complete
        assert (python.states, python.transitions, python.depth) == (
            compiled.states,
            compiled.transitions,
            compiled.depth,
        )
        assert python.violations == compiled.violations
        known = {word for store in search.stores for word in store.order[: store.known].tolist()}
        assert len(known) == compiled.states
    assert search.run(1, 1 << 18).is_complete is False
    assert search.run(2, 1 << 18).is_complete is False


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [Config(), Config(rollback=True, anti_rollback=True), Config(rollback=True, app_release=Release.V6_2_DEV)],
    ids=["rollback off", "anti-rollback", "6.2-dev"],
)
def test_compiled_search_finds_what_the_python_search_finds_of_every_claim(config: Config) -> None:
    """The same for all claims, with all their ghosts at once."""
    usage = Usage.RESTART_AT_ONCE if config.anti_rollback else Usage.ANY
    scope = Scope(config, faults=FaultModel.F3, versions=2, usage=usage)
    claims = claims_of(scope)
    scope = with_ghosts_of(scope, claims)
    python, compiled = (explore(scope, claims, reading=reading) for reading in (Reading.PYTHON, Reading.COMPILED))
    assert (python.states, python.transitions, python.depth) == (compiled.states, compiled.transitions, compiled.depth)
    assert python.violations == compiled.violations


def test_trace_leads_from_the_first_state_to_one_that_breaks_the_claim() -> None:
    """A counterexample can be stepped through, and its last state alone breaks the claim."""
    scope = Scope(ROLLBACK)
    found = explore(scope, PLAIN)
    assert found.violations
    steps = stepper(scope)
    for claim in PLAIN:
        if claim.claim.id not in found.violations:
            assert found.holds(claim.claim.id)
            continue
        trace = found.violations[claim.claim.id]
        state = steps.initial
        kept = claim.kept_in(steps.model)
        for name, after in zip(trace.actions, trace.states[1:], strict=True):
            assert steps.value(kept, state)
            assert (state := steps.step(state, name) or ()) == after
        assert not steps.value(kept, state)


def test_search_that_does_not_fit_says_so() -> None:
    """Too little memory is inconclusive, never "holds"."""
    found = explore(Scope(ROLLBACK), PLAIN, memory=1 << 20)
    assert not found.is_complete
    assert "1 MB" in found.limit
    assert not found.holds("C1")


def test_claim_without_its_ghosts_is_refused() -> None:
    """A claim cannot be told in a world that does not remember what it speaks of."""
    claim = next(claim for claim in DEVICE_CLAIMS if claim.ghosts)
    with pytest.raises(ValueError, match="ghost variables"):
        explore(Scope(ROLLBACK), [claim])
    assert claim.ghosts == with_ghosts_of(Scope(ROLLBACK), [claim]).ghosts


@pytest.mark.parametrize("threads", [0, 17])
def test_no_threads_and_too_many_are_refused(threads: int) -> None:
    """Bad usage, not a search that never begins."""
    with pytest.raises(ValueError, match=f"{threads} threads"):
        explore(Scope(ROLLBACK), threads=threads)


def test_states_too_wide_for_a_word_are_searched_in_python() -> None:
    """Sixteen slots do not fit the compiled search; the other one says how far it came."""
    scope = Scope(ROLLBACK, slots=16)
    with pytest.raises(DoesNotFit, match="bits"):
        explore(scope, reading=Reading.COMPILED)
    found = explore(scope, memory=1 << 21)
    assert (found.reading, found.is_complete) == ("python", False)


def test_word_of_a_state_gives_the_state_back_and_is_never_0() -> None:
    """Packing loses nothing; 0 means an empty place of the table."""
    scope = Scope(ROLLBACK, slots=3, ghosts=frozenset({Ghost.EXPECTED, Ghost.FINISHED}))
    layout, steps = Layout(device_model(scope)), stepper(scope)
    state = steps.initial
    for _ in range(200):
        word = layout.packed(state)
        assert word != 0
        assert layout.unpacked(word) == state
        assert owner_of(word, layout.bits, 3) in (0, 1, 2)
        state = steps.successors(state)[-1][1]
    zero = tuple(0 for _ in layout.fields)
    assert layout.packed(zero) != 0


def test_progress_is_told() -> None:
    """Who waits is told how many states are known."""
    told: list[int] = []
    found = explore_in_python(Scope(ROLLBACK), progress=lambda states, seconds: told.append(states))
    assert told == sorted(told)
    assert 0 < told[-1] <= found.states


def test_trace_that_the_model_does_not_know_is_an_error() -> None:
    """If compiled code found a state that the terms in Python do not lead to, that is an error, not a trace."""
    search = CompiledSearch(Scope(ROLLBACK, faults=FaultModel.F0))
    search.run(1, 1 << 28)
    elsewhere = np.array([search.stores[0].order[-1] | 1], np.int64)
    with pytest.raises(ValueError, match="is not reached"):
        search.traces.to_one_of(elsewhere, 5)


def test_upgrade_can_be_completed_from_everywhere() -> None:
    """C9 with two slots: after anything at all, an upgrade still goes through."""
    found = recover(Scope(ROLLBACK, ghosts=GHOSTS))
    assert found.holds
    assert found.goals > 0


def test_one_slot_alone_is_a_dead_end_from_the_start() -> None:
    """With nowhere to write to no upgrade completes; the shortest way to a dead end has no steps."""
    found = recover(Scope(ROLLBACK, slots=1, ghosts=GHOSTS))
    assert found.is_complete
    assert not found.holds
    assert found.dead_ends == found.states
    assert found.trace is not None
    assert len(found.trace) == 0


def never_with_a_burned_bit(model: DeviceModel) -> Bool:
    """A goal that some states can no longer reach: no eFuse bit is burned."""
    device = model.device
    is_marked = (device.task == Task.STARTED) & (device.expectation == Expectation.MARKED)
    return is_marked & (device.burned == 0)


def test_dead_ends_are_found_by_both_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A goal that burned eFuse bits rule out has dead ends: as many, and as near, in both readings."""
    monkeypatch.setattr(graph, "upgrade_is_completed", never_with_a_burned_bit)
    config = Config(rollback=True, anti_rollback=True)
    scope = Scope(config, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE, versions=2, ghosts=GHOSTS)
    python, compiled = (recover(scope, reading=reading) for reading in (Reading.PYTHON, Reading.COMPILED))
    assert not python.holds
    assert python.trace is not None
    assert compiled.trace is not None
    assert (python.states, python.steps, python.goals, python.dead_ends, len(python.trace)) == (
        compiled.states,
        compiled.steps,
        compiled.goals,
        compiled.dead_ends,
        len(compiled.trace),
    )
    names = {action.name: action.kind for action in device_model(scope).actions}
    assert Kind.FLASH in {names[name] for name in python.trace.actions}


def test_recovery_that_does_not_fit_says_so() -> None:
    """Too little memory is inconclusive."""
    found = recover(Scope(ROLLBACK, ghosts=GHOSTS), memory=1 << 20)
    assert not found.is_complete
    assert not found.holds


def test_recovery_without_its_ghosts_is_refused() -> None:
    """The goal cannot be told without."""
    with pytest.raises(ValueError, match="ghost variables"):
        recover(Scope(ROLLBACK))


def test_store_grows_within_its_memory() -> None:
    """Table and order together stay below the bound."""
    for memory in (1 << 20, 100 << 20, 3 << 30):
        store = Store.of(memory, 45)
        assert store.room.nbytes + store.order.nbytes <= memory
        assert store.limit < store.order.size


def test_table_that_doubles_in_place_loses_nothing() -> None:
    """After each doubling every state is found where its hash says, and none is there twice."""
    states = np.unique(np.random.default_rng(7).integers(1, 1 << 40, 40_000))
    store = Store.of(1 << 24, 40)
    store.bits = 16
    sizes = []
    assert store.take_in(states, states.size)
    while store.known == states.size and store.can_grow:
        sizes.append(store.bits)
        assert np.count_nonzero(store.table) == states.size
        assert store.take_in(states, states.size)
        assert store.grow()
    assert len(sizes) > 1
    assert sorted(store.order[: store.known].tolist()) == states.tolist()


def test_crowded_table_grows_and_loses_nothing() -> None:
    """States with one and the same place, more than an entry can count its distance."""
    store = Store.of(1 << 26, 40)
    store.bits = 9
    states = np.array([s for s in range(1, 400_000) if kernels_place(s, store) == 5][:300], np.int64)
    assert store.form[2] < 2
    assert store.take_in(states, states.size)
    assert store.bits > 9
    assert store.take_in(states, states.size)
    assert store.known == states.size


def kernels_place(state: int, store: Store) -> int:
    """Return the place of a state, as kernels.py says."""
    bits, shift, _ = store.form
    folded = state ^ (state >> (bits >> 1))
    return ((folded * -7046029254386353131) & ((1 << bits) - 1)) >> shift


def test_term_is_evaluated_as_the_stepper_does() -> None:
    """The tables in constants are made from the same meaning of terms."""
    scope = Scope(ROLLBACK)
    steps, model = stepper(scope), device_model(scope)
    states, random = [steps.initial], np.random.default_rng(1)
    for _ in range(60):
        after = steps.successors(states[-1])
        states.append(after[int(random.integers(len(after)))][1])
    for action in model.actions:
        for term in (action.when, *model.effects[action.name].values()):
            for state in states[::10]:
                assert steps.value(term, state) == evaluated(term, steps.as_dict(state))


def test_signed_word_wraps_at_the_highest_bit() -> None:
    """numba's words are signed."""
    assert (-1, 5, -(1 << 63)) == (signed((1 << 64) - 1), signed(5), signed(1 << 63))
