"""C9 by a ranking function: a bound that some step always lowers, and that cannot be where there is a deadlock."""

from dataclasses import replace

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.action import Kind
from otaproof.model.device.model import DeviceModel
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Scope, Usage
from otaproof.model.device.stepper import State, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover.dead_ends import GHOSTS, leads_to_deadlock, upgrade_is_completed
from otaproof.proofs.prover.decision import Effort, ProofVerdict
from otaproof.proofs.prover.proof_reuse import ProofReuse, exact_model, induct
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.ranking import HIGHEST, ranking_condition, ranking_function
from otaproof.proofs.smt.verification_condition import Condition

PROPER = Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.RESTART_AT_ONCE)
BURNING = Scope(Config(rollback=True, anti_rollback=True), 2, has_factory=True, faults=FaultModel.F1)
QUICK = Effort(searches=False, checks_vacuity=False)
INTO_DEAD_END = (
    *("power_on", "boot_starts", "image_begins", "commence", "commence_erases", "write_first_version_1", "write_rest"),
    *("complete", "complete_erases", "complete_programs", "accept", "accept_erases", "accept_programs"),
    *("commence", "cut_in_wipe"),
)
"""A VALID record of a ruined image that is described to have a high version: the bootloader burns the eFuse for it."""


def question(model: DeviceModel) -> Condition:
    """Return what is asked of the model, given all that induction finds."""
    return ranking_condition(model, induct(model.scope, claims_of(model.scope)).invariants.values())


def steps_to_upgrade(search: DeviceSearch) -> dict[State, int]:
    """Return, for each state that was found, the least number of steps to a completed upgrade, cuts left out."""
    steps = search.steps
    is_cut = [action.kind is Kind.CUT for action in steps.model.actions]
    is_goal = upgrade_is_completed(steps.model)
    before: dict[State, list[State]] = {state: [] for state in search.order}
    for state in search.order:
        for action, after in steps.successors(state):
            if not is_cut[action]:
                before[after].append(state)
    order = [state for state in search.order if steps.value(is_goal, state)]
    found = dict.fromkeys(order, 0)
    for state in order:
        for earlier in before[state]:
            if earlier not in found:
                found[earlier] = found[state] + 1
                order.append(earlier)
    return found


@pytest.mark.parametrize(
    "scope",
    [
        replace(PROPER, faults=FaultModel.F0),
        replace(PROPER, has_factory=True, config=Config(rollback=True, app_release=Release.V5_5)),
        replace(PROPER, config=Config()),
    ],
    ids=["rollback", "factory, 5.5", "no rollback"],
)
def test_rank_is_never_less_than_the_steps_to_an_upgrade(scope: Scope) -> None:
    """In every state that is reached; so it is 0 in none but those where an upgrade has just been completed."""
    steps = stepper(replace(scope, ghosts=GHOSTS))
    search = DeviceSearch(steps)
    assert 0 < sum(1 for _ in search)
    real = steps_to_upgrade(search)
    bound = ranking_function(steps.model)
    assert set(real) == set(search.order)
    assert all(real[state] <= steps.value(bound, state) <= HIGHEST for state in search.order)


@pytest.mark.parametrize("slots", [2, 3, 6])
@pytest.mark.parametrize("usage", list(Usage))
@pytest.mark.thorough
def test_some_step_always_lowers_the_rank(slots: int, usage: Usage) -> None:
    """z3 and bitwuzla find no state from which none does."""
    assert set(question(exact_model(replace(PROPER, slots=slots, usage=usage))).answers().values()) == {"unsat"}


def test_without_the_invariants_there_is_a_state_in_which_no_step_lowers_the_rank() -> None:
    """The proof rests on what holds in every state: the ranking function by itself says nothing."""
    assert set(ranking_condition(exact_model(PROPER), ()).answers().values()) == {"sat"}


@pytest.mark.parametrize("lost", ["accept", "commence", "write_rest", "complete", "try_programs"])
def test_a_device_that_lacks_a_step_on_the_way_is_stranded(lost: str) -> None:
    """The claim can fail: each of these is needed."""
    model = exact_model(PROPER)
    facts = induct(PROPER, claims_of(PROPER)).invariants.values()
    lame = DeviceModel(model.scope, model.device, model.fields, tuple(a for a in model.actions if a.name != lost))
    assert set(ranking_condition(lame, facts).answers().values()) == {"sat"}


@pytest.mark.parametrize("slots", [2, 3, 5])
def test_a_way_into_a_dead_end_is_one_with_more_slots_too(slots: int) -> None:
    """Once the eFuse is burned for an image that does not verify, nothing starts any more; before it, all is well."""
    scope = replace(BURNING, slots=slots)
    assert leads_to_deadlock(scope, INTO_DEAD_END)
    assert not leads_to_deadlock(scope, INTO_DEAD_END[:-1])
    assert not leads_to_deadlock(scope, (*INTO_DEAD_END, "no such action"))


@pytest.mark.thorough
def test_recovery_is_decided_for_any_number_of_slots() -> None:
    """Proved where it holds, refuted where it does not, and both solvers have said so."""
    (proved,) = decide(replace(PROPER, slots=9), {"C9"}, effort=QUICK)
    assert (proved.verdict, set(proved.answers.values())) == (ProofVerdict.PROVED, {"unsat"})
    (refuted,) = decide(replace(BURNING, slots=4, versions=2), {"C9"}, effort=QUICK)
    assert (refuted.verdict, set(refuted.answers.values())) == (ProofVerdict.REFUTED, {"sat"})
    assert leads_to_deadlock(replace(BURNING, slots=4, versions=2), refuted.actions)


def test_recovery_is_proved_with_what_a_smaller_world_taught() -> None:
    """The model has fewer ghost variables there, and keeps what the ranking function needs."""
    reuse = ProofReuse(most_slots=4)
    found = [
        next(d for d in decide(replace(PROPER, usage=Usage.ANY, slots=slots), None, reuse, QUICK) if d.claim.id == "C9")
        for slots in (3, 4)
    ]
    assert [decision.verdict for decision in found] == [ProofVerdict.PROVED] * 2
    assert [proof.scope.counts for proof in reuse.proofs] == [(3, 4)]
    of_family = [[asked for asked in decision.conditions if asked.name != "boot_choice"] for decision in found]
    assert of_family[0] == of_family[1]
    # The boot choice is asked of each number of slots.
    assert len(found[0].conditions) == len(found[1].conditions) == len(of_family[0]) + 1
