"""The premises of the claims: each is met in some history, none by a boot alone, and one that nothing meets is told."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from otaproof.model.claims.premises import PREMISES
from otaproof.model.claims.state_claims import DEVICE_CLAIMS, Statement
from otaproof.model.config import Config, Release
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Scope, Task, Usage
from otaproof.model.device.stepper import Stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import fact
from otaproof.proofs.explicit import vacuity
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.explicit.vacuity import premise_depth
from otaproof.proofs.prover.configurations import with_release
from otaproof.proofs.prover.decision import Effort, ProofVerdict
from otaproof.proofs.prover.prover import decide

ROLLBACK = Scope(Config(rollback=True), usage=Usage.DOCUMENTED)
AT_ONCE = replace(ROLLBACK, usage=Usage.RESTART_AT_ONCE)
PLAIN = replace(ROLLBACK, config=Config())
ANTI = replace(ROLLBACK, config=Config(rollback=True, anti_rollback=True), versions=2)
ANY = replace(ROLLBACK, usage=Usage.ANY)
FAILING = replace(ROLLBACK, allows=frozenset({Allowance.FAILING_FLASH}))
NEVER_MET = {
    "rollback": (ROLLBACK, set()),
    "anti-rollback": (ANTI, set()),
    "any": (ANY, set()),
    "failing flash": (FAILING, set()),
    "no rollback": (PLAIN, {"C16"}),
    "restart at once": (AT_ONCE, {"C11"}),
    "rollback, 6.1": (with_release(ROLLBACK, Release.V6_1), {"C11"}),
    "restart at once, 6.1": (with_release(AT_ONCE, Release.V6_1), {"C11"}),
}
"""Scopes, and the claims that have nothing to say there: with rollback and from 6.0 on, or where nothing comes between
complete() and the restart, two records never name one slot; without rollback no boot changes a record that decides."""
NEEDED = {
    **dict.fromkeys(("C2", "C3", "C14", "C21"), "commence"),
    **dict.fromkeys(("C1", "C4", "C7", "C8", "C10", "C11", "C13", "C15", "C16"), "complete"),
    **dict.fromkeys(("C17", "C18", "C19", "C22", "C24", "C25"), "complete"),
    **dict.fromkeys(("C5", "C20"), "accept"),
    "C6": "rollback",
    "C23": "set_boot",
    "C26": "commence",
}
"""By claim, a call without which nothing puts it at risk."""


def scope_for(claim_id: str) -> Scope:
    """Return a scope in which the premise of the claim is met."""
    return {"C23": ANY, "C26": FAILING}.get(claim_id, ANTI)


def depth_without(call: str, claim_id: str) -> int | None:
    """Return in how few steps the premise of a claim is met on a device that has no such call."""
    premise, ghosts = PREMISES[claim_id]
    right = device_model(replace(scope_for(claim_id), ghosts=ghosts, faults=FaultModel.F0))
    wanted = premise(right.scope, right.device)
    left = tuple(action for action in right.actions if not (Task.RUN in action.tasks and action.name.startswith(call)))
    assert len(left) < len(right.actions)
    search = DeviceSearch(Stepper(DeviceModel(right.scope, right.device, right.fields, left)))
    met = (depth for state, depth in _states(search) if search.steps.value(wanted, state))
    return next(met, None)


def _states(search: DeviceSearch) -> Iterator[tuple[tuple[int, ...], int]]:
    for place, state in enumerate(search):
        yield state, search.depths[place]
        if place > vacuity.MOST_STATES:
            break


@cache
def never_met(scope: Scope) -> frozenset[str]:
    """Return the claims that apply and whose premise is not met."""
    applying = {item.claim.id for item in claims_of(scope)}
    return frozenset(claim_id for claim_id in applying if premise_depth(scope, claim_id) is None)


@pytest.mark.parametrize(("scope", "claim_ids"), NEVER_MET.values(), ids=NEVER_MET)
def test_premises_are_met_in_each_scope_but_for_these(scope: Scope, claim_ids: set[str]) -> None:
    """A premise that is too narrow says of a proof that it may be vacuous, though it is not."""
    assert claim_ids == never_met(scope)


@pytest.mark.parametrize("claim_id", PREMISES)
def test_premise_is_not_met_without_the_call_that_the_claim_is_about(claim_id: str) -> None:
    """A premise that any boot meets says nothing of the proof."""
    assert depth_without(NEEDED[claim_id], claim_id) is None


@pytest.mark.parametrize("release", Release, ids=lambda release: release.label)
def test_restart_at_once_never_has_two_records_of_one_slot(release: Release) -> None:
    """Not among the nearest states alone: under F1 no reachable state meets the premise of C11, with rollback."""
    scope = with_release(AT_ONCE, release)
    search = DeviceSearch(Stepper(device_model(scope)))
    wanted = PREMISES["C11"][0](scope, search.steps.model.device)
    assert not any(search.steps.value(wanted, state) for state in search)


def test_every_claim_about_states_has_a_premise() -> None:
    """None is left out of the check, and each has a call that it needs."""
    assert set(PREMISES) == {item.claim.id for item in DEVICE_CLAIMS} == set(NEEDED)


NOTHING_MEETS: dict[str, Statement] = {
    "no state": lambda scope, device: fact(False),
    "no state that is reached": lambda scope, device: (device.task == Task.OFF) & device.session,
    "every state": lambda scope, device: fact(True),
}


@pytest.mark.parametrize("name", NOTHING_MEETS)
def test_premise_that_nothing_meets_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stays, and its method says so."""
    monkeypatch.setitem(PREMISES, "C1", (NOTHING_MEETS[name], frozenset()))
    (decision,) = decide(AT_ONCE, {"C1"}, effort=Effort(searches=False))
    assert decision.verdict is ProofVerdict.PROVED
    assert ("possibly vacuous" in decision.method) is (name != "every state")


def test_a_claim_that_has_nothing_to_say_is_told() -> None:
    """With restart-at-once use two records never name one slot: the proof says so."""
    (decision,) = decide(AT_ONCE, {"C11"}, effort=Effort(searches=False))
    assert decision.verdict is ProofVerdict.PROVED
    assert "possibly vacuous" in decision.method
