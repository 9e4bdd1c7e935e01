"""The device whose otadata is kept by turns: which claims it keeps, that they can fail, what the board does."""

import random
from dataclasses import replace

import pytest
from model_traces import first_takes, random_walk

from otaproof.campaign.lockstep.trace_replay import TraceWalker, confirm
from otaproof.model.claims.left_out import left_out, left_out_line
from otaproof.model.config import Config, Release, Selector
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.scope_text import scope_title
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of
from otaproof.proofs.prover.decision import Effort, ProofVerdict
from otaproof.proofs.prover.mutants import Mutant, shortest_counterexample
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.turn_mutants import TURN_MUTANTS
from otaproof.proofs.smt.verification_condition import Solver


def scope_of(
    usage: Usage,
    slots: int = 2,
    *,
    rollback: bool = True,
    anti_rollback: bool = False,
    has_factory: bool = False,
    release: Release = Release.V5_1,
    faults: FaultModel = FaultModel.F3,
) -> Scope:
    """Return a scope by turns."""
    config = Config(
        rollback=rollback,
        anti_rollback=anti_rollback,
        app_release=release,
        bootloader_release=release,
        selector=Selector.BY_TURNS,
    )
    return Scope(config, slots, has_factory, faults, usage, versions=2)


def broken_in(scope: Scope) -> set[str]:
    """Return the claims that a search of all states finds broken."""
    claims = claims_of(scope)
    found = explore(with_ghosts_of(scope, claims), claims)
    assert found.is_complete
    return set(found.violations)


SMALL = [
    scope_of(Usage.RESTART_AT_ONCE, slots, has_factory=factory, anti_rollback=anti)
    for slots in (2, 3)
    for factory in (False, True)
    for anti in (False, True)
    if slots == 2 or not anti
]


@pytest.mark.parametrize("scope", SMALL, ids=scope_title)
def test_every_claim_is_kept_where_complete_restarts(scope: Scope) -> None:
    """With rollback, at every fault model up to F3."""
    assert broken_in(scope) == set()


def test_what_no_selector_can_keep_is_broken_and_nothing_else() -> None:
    """A download over a marked image changes what starts next; without rollback nothing takes an image back."""
    documented, plain = Usage.DOCUMENTED, scope_of(Usage.RESTART_AT_ONCE, rollback=False)
    assert broken_in(scope_of(documented)) == {"C7", "C21"}
    assert broken_in(scope_of(documented, has_factory=True)) == {"C7", "C21"}
    assert broken_in(scope_of(Usage.ANY)) == {"C7", "C21"}
    assert broken_in(scope_of(Usage.ANY, release=Release.V6_1)) == {"C7", "C21"}
    assert broken_in(scope_of(Usage.ANY, has_factory=True, anti_rollback=True)) == {"C7", "C21", "C22"}
    assert broken_in(plain) == {"C25"}
    assert broken_in(replace(plain, slots=1)) == {"C15"}


@pytest.mark.thorough
@pytest.mark.parametrize("release", (Release.V5_1, Release.V6_1), ids=lambda release: release.label)
def test_a_rollback_takes_a_selection_back(release: Release) -> None:
    """With a third place, rollback() of an image that was selected goes to what selected it: C22 speaks of marks."""
    assert broken_in(scope_of(Usage.ANY, has_factory=True, release=release)) == {"C7", "C21", "C22"}


def test_fault_models_differ_in_nothing() -> None:
    """No tear of a record counts, so what a cut leaves of one is the same at F0 and at F3."""
    models = [device_model(scope_of(Usage.ANY, faults=faults)) for faults in MODELLED_FAULTS]
    named = [
        {
            action.name: (id(model.guard(action)), tuple(map(id, model.effects[action.name].values())))
            for action in model.actions
            if not action.name.startswith("cut_in_wipe")
        }
        for model in models
    ]
    assert all(one == named[0] for one in named)


@pytest.mark.parametrize("mutant", TURN_MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_breaks_its_claim(mutant: Mutant) -> None:
    """The right device keeps it, and the mutant has a trace to a state that breaks it."""
    assert mutant.killed_by not in broken_in(mutant.scope)
    assert shortest_counterexample(mutant) is not None


@pytest.mark.parametrize(
    "slots", (pytest.param(2, marks=pytest.mark.thorough), pytest.param(16, marks=pytest.mark.slow))
)
def test_the_prover_decides_all_that_applies(slots: int) -> None:
    """By induction, for histories of any length, with 32-bit numbers; both solvers agree."""
    found = decide(scope_of(Usage.RESTART_AT_ONCE, slots))
    assert [decision.claim.id for decision in found if decision.verdict is not ProofVerdict.PROVED] == []
    assert {"C9", "C12"} <= {decision.claim.id for decision in found}


@pytest.mark.thorough
def test_claim_is_decided_alone_as_beside_the_others() -> None:
    """The induction for C7 rests on C1, which is tried unasked, and named."""
    (found,) = decide(scope_of(Usage.RESTART_AT_ONCE), ["C7"], effort=Effort(solvers=(Solver.Z3,), searches=False))
    assert found.verdict is ProofVerdict.PROVED
    assert "C1" in found.invariants


@pytest.mark.parametrize(
    "scope",
    [
        scope_of(Usage.ANY, has_factory=True),
        scope_of(Usage.ANY, 3, release=Release.V6_1),
        scope_of(Usage.ANY, rollback=False, release=Release.V5_5),
        scope_of(Usage.RESTART_AT_ONCE, anti_rollback=True),
    ],
    ids=("factory", "three", "plain", "anti"),
)
def test_board_goes_the_way_of_every_action(scope: Scope) -> None:
    """After every operation flash, eFuse and what runs are as the model says."""
    for name, trace in first_takes(scope).items():
        for _ in TraceWalker(replace(scope, ghosts=frozenset(Ghost)), trace).play():
            pass
        assert name == trace[-1]


@pytest.mark.parametrize("seed", range(12))
def test_board_goes_random_ways(seed: int) -> None:
    """Longer histories, with more cuts, in any order of calls."""
    source = random.Random(seed)
    scope = replace(
        scope_of(
            Usage.ANY,
            source.choice((2, 3)),
            rollback=source.random() < 0.7,
            has_factory=source.random() < 0.5,
            release=source.choice(list(Release)),
        ),
        numbers=Numbers.RANKED,
    )
    trace = [action.name for action in random_walk(stepper(scope), source, 90)]
    for _ in TraceWalker(scope, trace).play():
        pass


def test_board_breaks_what_the_model_breaks() -> None:
    """The token of the one claim that is refuted as documented shows it on the board."""
    scope = scope_of(Usage.DOCUMENTED)
    claims = [claim for claim in claims_of(scope) if claim.claim.id == "C21"]
    trace = explore(with_ghosts_of(scope, claims), claims).violations["C21"]
    assert confirm(scope, trace.actions, "C21").is_confirmed


def test_what_is_left_out_tells_nothing_of_another_selector() -> None:
    """What breaks a claim of ESP-IDF's own code is not known to break it here."""
    rows = list(left_out(FaultModel.F3, Usage.RESTART_AT_ONCE, is_by_turns=True))
    assert "takeover" == rows[0].name
    assert set() == {claim for row in rows for claim in row.breaks}
    assert "breaks" not in left_out_line(FaultModel.F3, Usage.RESTART_AT_ONCE, is_by_turns=True)
