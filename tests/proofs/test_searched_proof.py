"""A search of all states proves a claim where the solvers confirm that ranks tell what 32-bit numbers tell."""

from dataclasses import replace
from functools import cache

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import fact
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover import searched_proof
from otaproof.proofs.prover.configurations import with_release
from otaproof.proofs.prover.decision import Decision, Effort, ProofVerdict
from otaproof.proofs.prover.houdini import Inductive
from otaproof.proofs.prover.proof_reuse import ProofReuse, induct
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.searched_proof import METHOD, confirmed_search, decide_searched
from otaproof.proofs.refinement.ranking_quotient import RankingQuotient, quotient
from otaproof.proofs.smt.verification_condition import Solver

SCOPE = with_release(Scope(Config(rollback=True), faults=FaultModel.F2, usage=Usage.RESTART_AT_ONCE), Release.V5_5)
"""No induction is stated for cuts that tear any byte of a spare record that commence() gives up, from 5.5 on."""
QUICK = Effort(checks_vacuity=False)
(CLAIM,) = (claim for claim in claims_of(SCOPE) if claim.claim.id == "C16")


@cache
def inductive() -> Inductive:
    """Return what is known of every reachable state."""
    return induct(SCOPE, claims_of(SCOPE))


@cache
def decided() -> Decision:
    """Return what the prover finds of the claim."""
    (decision,) = decide(SCOPE, {"C16"}, ProofReuse(), QUICK)
    return decision


def kinds_of(scope: Scope) -> set[str]:
    """Return the names of the questions about actions: one for each kind."""
    return {f"rank_{action.kind.value}_steps" for action in quotient(scope).exact.actions}


@pytest.mark.parametrize("kind", list(dict.fromkeys(action.kind for action in quotient(SCOPE).exact.actions)))
def test_one_wrong_action_of_a_kind_is_seen(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question of its kind is not confirmed, and all others are."""
    right = quotient(SCOPE)
    wrong = [action.name for action in right.exact.actions if action.kind is kind][-1]
    simulates = RankingQuotient._simulates
    monkeypatch.setattr(
        RankingQuotient,
        "_simulates",
        lambda self, action: fact(False) if action.name == wrong else simulates(self, action),
    )
    unmet = {c.name for c in right.step_conditions() if not c.is_met(Solver.BITWUZLA)}
    assert {f"rank_{kind.value}_steps"} == unmet


def test_every_action_and_the_claim_are_asked() -> None:
    """With the start, whether the premise is met at all, and the boot choice."""
    asked = {condition.name for condition in decided().conditions}
    assert (ProofVerdict.PROVED, METHOD) == (decided().verdict, decided().method)
    assert {*kinds_of(SCOPE), "rank_premise", "rank_start", "rank_C16"} < asked
    assert any("boot" in name and not name.startswith("rank_") for name in asked)


def test_a_search_with_wrong_ranks_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ranks lose what numbers tell, the verdict is unknown, and says which question fails."""

    def without_order(scope: Scope) -> RankingQuotient:
        return replace(quotient(scope), ranking=lambda records, slots: (records[1].seq, records[0].seq))

    monkeypatch.setattr(searched_proof, "quotient", without_order)
    searched_proof._of_steps.cache_clear()
    found = decide_searched(SCOPE, CLAIM, inductive(), QUICK)
    searched_proof._of_steps.cache_clear()
    assert ProofVerdict.UNKNOWN is found.verdict
    assert "not confirmed by every solver: rank_" in found.method


def test_what_is_not_proved_is_not_assumed() -> None:
    """Without invariants a record may name a slot that does not exist."""
    found = confirmed_search(SCOPE, CLAIM.claim, METHOD, replace(inductive(), invariants={}), QUICK)
    assert ProofVerdict.UNKNOWN is found.verdict


@pytest.mark.thorough
def test_a_search_for_deadlocks_is_confirmed_too() -> None:
    """C9 with anti-rollback, where no ranking function serves."""
    scope = with_release(Scope(Config(True, True), usage=Usage.DOCUMENTED, versions=2), Release.V6_0)
    (found,) = decide(scope, {"C9"}, effort=QUICK)
    assert ProofVerdict.PROVED is found.verdict and "no deadlock" in found.method
    assert kinds_of(scope) < {condition.name for condition in found.conditions}
