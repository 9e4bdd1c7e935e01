"""The prover: what it proves holds, what it refutes has a trace, its premises are reached, and it can fail."""

import re
from dataclasses import replace
from itertools import islice

import pytest

from otaproof.campaign.history.known_cases import known_case
from otaproof.model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from otaproof.model.config import Config, Release, Selector
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.search import DeviceSearch, follow
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.flash_endurance import highest_number
from otaproof.model.remedies import Remedy
from otaproof.model.terms.terms import bool_field, num_field
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of
from otaproof.proofs.invariants.invariant_catalogue import invariants_of
from otaproof.proofs.invariants.vocabulary import left_by_cuts
from otaproof.proofs.prover import prover
from otaproof.proofs.prover import sequence_growth as growth
from otaproof.proofs.prover.bmc import shortest_break
from otaproof.proofs.prover.configurations import families, with_release
from otaproof.proofs.prover.counterexamples import (
    Counterexample,
    breaks,
    carried_over,
    confirmation,
    find_counterexamples,
)
from otaproof.proofs.prover.decision import Decision, Effort, ProofVerdict
from otaproof.proofs.prover.houdini import FITS, inductive_invariants, k_induction, start_condition, step_condition
from otaproof.proofs.prover.mutant_changes import adds_sixteen_laps
from otaproof.proofs.prover.mutants import MUTANTS, Mutant, breaking_condition, shortest_counterexample, with_changes
from otaproof.proofs.prover.proof_reuse import ProofReuse, exact_model, induct
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.remedy_mutants import REMEDY_MUTANTS
from otaproof.proofs.smt.verification_condition import Condition, Solver

PROPER = Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE)
ANY = Scope(Config(rollback=True))
F3 = FaultModel.F3
QUICK = Effort(searches=False, checks_vacuity=False)


def verdicts(decisions: tuple[Decision, ...]) -> dict[str, ProofVerdict]:
    """Return the verdicts by claim."""
    return {decision.claim.id: decision.verdict for decision in decisions}


def of(scope: Scope, verdict: ProofVerdict, reuse: ProofReuse | None = None) -> str:
    """Return the ids of the claims that got the verdict."""
    ids = {claim.claim.id for claim in claims_of(scope)}
    found = verdicts(decide(scope, ids, reuse, QUICK))
    return " ".join(id_ for id_, said in found.items() if said is verdict)


def claim(id_: str) -> DeviceClaim:
    """Return the claim with that id."""
    return next(item for item in DEVICE_CLAIMS if item.claim.id == id_)


def test_shipped_default_is_decided_for_proper_use() -> None:
    """Everything has a verdict, and both solvers have said so."""
    decisions = decide(PROPER)
    assert not [d for d in decisions if d.verdict in (ProofVerdict.UNKNOWN, ProofVerdict.BOUNDED)]
    refuted = {d.claim.id: d.depth for d in decisions if d.verdict is ProofVerdict.REFUTED}
    assert refuted == {"C2": 27, "C4": 16, "C13": 23, "C17": 16, "C25": 25}
    for decision in decisions:
        if decision.claim.id != "C9" and not decision.method.startswith("search of all"):
            assert set(decision.answers) == {"z3", "bitwuzla"}
            assert set(decision.answers.values()) == {"sat" if decision.verdict is ProofVerdict.REFUTED else "unsat"}


@pytest.mark.slow
def test_shipped_default_is_decided_for_any_use() -> None:
    """Only a boot that always finds something, and the running slot that is never written, are left."""
    assert of(ANY, ProofVerdict.PROVED) == "C1 C3"
    assert of(ANY, ProofVerdict.UNKNOWN) == ""


@pytest.mark.parametrize(
    ("scope", "proved"),
    [
        (replace(PROPER, slots=3), "C1 C2 C3 C5 C6 C7 C10 C11 C13 C14 C15 C16 C18 C19 C20 C21 C22 C24 C25"),
        (with_release(PROPER, Release.V5_5), "C1 C2 C3 C5 C6 C7 C10 C11 C13 C14 C15 C16 C18 C19 C20 C21 C22 C24 C25"),
        (replace(PROPER, config=Config(), has_factory=True), "C1 C3 C5 C15 C16 C24"),
        (
            replace(PROPER, config=Config(rollback=True, anti_rollback=True), has_factory=True, versions=2),
            "C1 C3 C5 C6 C7 C8 C10 C11 C14 C15 C16 C18 C19 C20 C21 C22 C24",
        ),
        (replace(ANY, config=Config(rollback=True, app_release=Release.V6_0)), "C1 C3 C19"),
    ],
)
def test_induction_proves_what_the_search_finds_unbroken(scope: Scope, proved: str) -> None:
    """What is not proved here is refuted, or needs the search of all states."""
    asked = claims_of(scope)
    found = induct(scope, asked)
    assert " ".join(c.claim.id for c in asked if c.claim.id in found.invariants) == proved
    assert {answer for c in found.conditions for answer in c.answers().values()} == {"unsat"}
    for group in ((c,) for c in asked if c.claim.id in found.invariants and scope.slots < 3 and not scope.has_factory):
        assert explore(with_ghosts_of(scope, group), group).violations == {}


def test_induction_drops_what_fails_at_the_start_and_what_a_step_breaks() -> None:
    """Candidates are not trusted."""
    model = exact_model(PROPER)
    candidates = {"never_off": num_field("task", 5) != 0, "no_session": ~bool_field("session")}
    assert set(inductive_invariants(model, candidates).invariants) == {FITS}


def test_no_fact_is_kept_where_a_value_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that loses bits is no step of the model."""
    model = exact_model(PROPER)
    wide = replace(model.actions[0].then, task=num_field("record0_seq", 32))
    broken = replace(model, actions=(replace(model.actions[0], then=wide), *model.actions[1:]))
    assert inductive_invariants(broken, {}).invariants == {}


def test_conditions_of_a_false_fact_are_not_met() -> None:
    """The solvers would say so if the candidates were wrong."""
    model = exact_model(PROPER)
    fact = ~bool_field("session")
    assert set(step_condition(model, [fact]).answers().values()) == {"sat"}
    assert set(start_condition(model, [num_field("task", 5) == 1]).answers().values()) == {"sat"}


def test_a_claim_can_need_more_than_one_step() -> None:
    """Two steps show what one cannot; what is false is shown by none."""
    model = device_model(replace(PROPER, ghosts=frozenset(Ghost)))
    task = num_field("task", 5)
    assert k_induction(model, [], ~((task == 3) & (task == 4)), "trivial", 2) is not None
    assert k_induction(model, [], task != 1, "select", 2) is None


def test_invariants_have_names_of_their_own() -> None:
    """Facts and claims are told apart by name."""
    by_turns = replace(ANY, config=replace(ANY.config, selector=Selector.BY_TURNS))
    names = [item.name for item in invariants_of(by_turns)]
    assert len(names) == len({*names, *(item.claim.id for item in DEVICE_CLAIMS), FITS}) - len(DEVICE_CLAIMS) - 1


@pytest.mark.parametrize("id_", ["C2", "C4", "C7"])
def test_a_way_is_confirmed_with_32_bit_numbers(id_: str) -> None:
    """By both solvers; and with its last step missing it is none."""
    found = explore(with_ghosts_of(ANY, [claim(id_)]), [claim(id_)])
    trace = found.violations[id_].actions
    assert set(confirmation(ANY, claim(id_), trace).answers().values()) == {"sat"}
    assert set(confirmation(ANY, claim(id_), trace[:-1]).answers().values()) == {"unsat"}


def test_bounded_model_checking_finds_the_depth_of_the_search() -> None:
    """Two methods, one number."""
    scope = with_ghosts_of(replace(ANY, numbers=Numbers.EXACT, faults=FaultModel.F0), [claim("C14")])
    model = device_model(scope)
    found = shortest_break(model, claim("C14").kept_in(model), 20, 120)
    ranked = replace(scope, numbers=Numbers.RANKED)
    assert (found.is_broken, found.depth) == (True, len(explore(ranked, [claim("C14")]).violations["C14"]))


def test_bounded_model_checking_says_how_far_it_looked() -> None:
    """No answer is no proof."""
    model = device_model(replace(PROPER, numbers=Numbers.EXACT))
    kept = claim("C1").kept_in(model)
    assert shortest_break(model, kept, 3, 60).depth == 3
    assert not shortest_break(model, kept, 50, 0.2).is_broken


@pytest.mark.parametrize("slots", [5, 16])
def test_ways_of_few_slots_are_ways_with_more(slots: int) -> None:
    """What two slots break, sixteen break; a bound is said to be one."""
    scope = replace(ANY, slots=slots)
    found = {d.claim.id: d for d in decide(scope, {"C10", "C14"}, effort=replace(QUICK, solvers=(Solver.Z3,)))}
    assert [(d.verdict, d.depth, d.is_shortest) for d in found.values()] == [
        (ProofVerdict.REFUTED, 13, False),
        (ProofVerdict.REFUTED, 14, False),
    ]


def test_a_way_is_stretched_by_an_upgrade_for_each_slot() -> None:
    """Where two records come to name one slot only after a round through an odd number of slots."""
    three = replace(PROPER, config=Config(), has_factory=True, slots=3, faults=FaultModel.F0)
    trace = explore(with_ghosts_of(three, [claim("C11")]), [claim("C11")]).violations["C11"].actions
    five = replace(three, slots=5)
    assert not breaks(five, claim("C11"), trace)
    longer = carried_over(five, claim("C11"), [Counterexample("C11", trace, True, 3)])
    assert longer is not None and not longer.is_shortest and breaks(five, claim("C11"), longer.actions)


@pytest.mark.thorough
def test_what_many_slots_keep_is_proved_for_sixteen() -> None:
    """Two records of one slot cannot come about with an even number of slots."""
    scope = replace(PROPER, config=Config(), has_factory=True, slots=16)
    assert verdicts(decide(scope, {"C11"}, effort=QUICK)) == {"C11": ProofVerdict.PROVED}


def test_a_walk_stops_where_an_action_cannot_be_taken() -> None:
    """A trace is replayed, not believed."""
    assert follow(stepper(PROPER), ("power_on", "power_on")) is None


@pytest.mark.parametrize("mutant", (*MUTANTS, *REMEDY_MUTANTS), ids=lambda mutant: mutant.name)
def test_mutant_is_killed_by_its_claim(mutant: Mutant) -> None:
    """A counterexample is found, and 32-bit numbers confirm it."""
    trace = shortest_counterexample(mutant)
    assert trace is not None
    assert set(breaking_condition(mutant, trace).answers().values()) == {"sat"}


@pytest.mark.parametrize(
    ("scope", "id_"),
    sorted({(m.scope, m.killed_by) for m in (*MUTANTS, *REMEDY_MUTANTS)}, key=repr),
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.thorough
def test_claim_of_a_mutant_is_proved_of_the_model(scope: Scope, id_: str) -> None:
    """The claim holds while nothing is wrong."""
    (decision,) = decide(scope, {id_}, effort=Effort(checks_vacuity=False))
    assert decision.verdict is ProofVerdict.PROVED, decision.method


def test_mutants_kill_with_every_claim_that_some_device_keeps() -> None:
    """No device keeps C4 or C26, so nothing can be made to break it."""
    kept_by_some = {item.claim.id for item in DEVICE_CLAIMS} - {"C4", "C26"}
    assert {mutant.killed_by for mutant in MUTANTS} == kept_by_some


def test_every_remedy_has_an_application_that_does_not_keep_to_it() -> None:
    """A restart at once is a usage: its mutants are documented usage."""
    forgotten = [remedy for mutant in REMEDY_MUTANTS for remedy in mutant.forgets]
    assert sorted(forgotten, key=repr) == sorted(set(Remedy) - {Remedy.RESTART_AT_ONCE}, key=repr)


def test_a_mutant_cannot_change_what_is_not_there() -> None:
    """A renamed action does not make a mutant harmless in silence."""
    lost = replace(MUTANTS[0], changes={"boot_stars": next(iter(MUTANTS[0].changes.values()))})
    with pytest.raises(ValueError, match="boot_stars"):
        lost.model(Numbers.RANKED)


def test_a_solver_that_does_not_confirm_makes_a_proof_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """z3's word alone is not enough."""

    def answers(self: Condition, solvers: object = ()) -> dict[Solver, str]:
        return {Solver.Z3: self.needs, Solver.BITWUZLA: "unknown"}

    monkeypatch.setattr(Condition, "answers", answers)
    found = decide(PROPER, {"C1", "C4", "C12"}, effort=Effort(checks_vacuity=False))
    assert set(verdicts(found).values()) == {ProofVerdict.UNKNOWN}


def test_a_proof_that_the_search_contradicts_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two routes have to agree."""
    found = find_counterexamples(PROPER, [claim("C4")])
    trace = replace(found.found["C4"], claim_id="C1")
    monkeypatch.setattr(prover, "find_counterexamples", lambda *_: replace(found, found={"C1": trace}))
    assert verdicts(decide(PROPER, {"C1"}, effort=Effort(checks_vacuity=False))) == {"C1": ProofVerdict.UNKNOWN}


def test_sequence_numbers_stay_below_the_top() -> None:
    """C12 for every number of slots; a device that could erase for ever would wrap."""
    assert all(highest_number(slots, turns) < growth.ERASED for slots in range(1, 17) for turns in (False, True))
    burning = replace(ANY, config=Config(rollback=True, anti_rollback=True))
    for scope in (ANY, burning, replace(burning, has_factory=True, slots=3)):
        assert growth.decide_growth(scope, Effort()).verdict is ProofVerdict.PROVED


def test_numbers_that_grow_more_than_a_lap_break_c12() -> None:
    """A device that adds sixteen laps more at each switch; the bound is of each step, not of the formula."""
    model = growth.growing_model(ANY)
    found = growth.growth_conditions(with_changes(model, {"complete_erases": adds_sixteen_laps}))
    assert "sat" in {answer for condition in found for answer in condition.answers().values()}


def test_stray_number_breaks_c12() -> None:
    """Under F3 there is no bound; the case shows it."""
    decision = growth.decide_growth(replace(ANY, faults=FaultModel.F3), Effort())
    assert decision.verdict is ProofVerdict.REFUTED
    assert known_case(growth.STRAY_CASE).name in decision.method


def test_releases_with_the_same_rules_are_one_family() -> None:
    """Six releases make at most four models, and each world is in one family."""
    found = tuple(families(FaultModel.F1, (Usage.RESTART_AT_ONCE,), 2))
    assert [tuple(r.label for r in family.releases) for family in found if not family.scope.config.rollback] == [
        ("4.4", "5.1", "5.5"),
        ("6.0", "6.1", "6.2-dev"),
    ] * 2
    assert sum(len(family.releases) for family in found) == 3 * 2 * len(Release)


def test_a_search_of_all_states_proves_where_no_induction_is_stated() -> None:
    """No induction is stated for cuts that tear any byte of a spare record that commence() gives up, from 5.5 on."""
    scope = with_release(replace(PROPER, faults=FaultModel.F2), Release.V5_5)
    (decision,) = decide(scope, {"C16"}, effort=QUICK)
    assert decision.verdict is ProofVerdict.PROVED
    assert decision.method == "search of all reachable states, with ranked numbers; not inductive"


@pytest.mark.parametrize(("has_factory", "refuted"), [(False, "C1 C9 C17"), (True, "C17")])
@pytest.mark.thorough
def test_three_slots_with_anti_rollback_are_searched_to_the_end(has_factory: bool, refuted: str) -> None:
    """No induction is stated for records that count only while the eFuse allows what they name."""
    config = Config(rollback=True, anti_rollback=True)
    scope = with_release(Scope(config, 3, has_factory, usage=Usage.DOCUMENTED, versions=2), Release.V6_0)
    found = decide(scope, {"C1", "C9", "C12", "C17", "C18", "C20"}, effort=QUICK)
    assert {d.claim.id for d in found if d.verdict is ProofVerdict.REFUTED} == set(refuted.split())
    assert {d.verdict for d in found} <= {ProofVerdict.PROVED, ProofVerdict.REFUTED}


@pytest.mark.thorough
def test_what_no_search_ends_with_is_bounded_to_the_steps_that_were_looked_at() -> None:
    """With more slots not all states are looked at, and the verdict says how far."""
    scope = with_release(replace(PROPER, faults=FaultModel.F2, slots=9), Release.V5_5)
    (decision,) = decide(scope, {"C16"}, effort=QUICK)
    assert (decision.verdict, decision.depth) == (ProofVerdict.BOUNDED, 241)
    assert re.match(r"holds in all histories of up to 241 steps, \d,\d{3},\d{3} states", decision.method)


@pytest.mark.parametrize(
    ("faults", "slots", "refuted"),
    [
        (FaultModel.F2, 2, "C2 C4 C7 C13 C17 C25"),
        (F3, 2, "C2 C4 C6 C7 C12 C13 C17 C18 C19 C20 C25"),
        (FaultModel.F2, 3, "C4 C7 C17 C25"),
        (F3, 3, "C2 C4 C6 C7 C10 C11 C12 C13 C14 C17 C18 C19 C20 C21 C22 C25"),
    ],
)
@pytest.mark.thorough
def test_cuts_that_tear_any_byte_are_decided_too(faults: FaultModel, slots: int, refuted: str) -> None:
    """With two slots, commence() wipes what the other record names; with three, a stray number can name any slot."""
    found = verdicts(decide(replace(PROPER, faults=faults, slots=slots), effort=QUICK))
    by_verdict = {verdict: " ".join(i for i, said in found.items() if said is verdict) for verdict in ProofVerdict}
    assert by_verdict[ProofVerdict.REFUTED] == refuted
    assert by_verdict[ProofVerdict.BOUNDED] == by_verdict[ProofVerdict.UNKNOWN] == ""


def test_facts_of_what_cuts_leave_speak_of_every_cut() -> None:
    """Each record with a right check word that a cut leaves is among them, in the states nearest to the start."""
    model = device_model(replace(ANY, faults=F3, has_factory=True))
    search, seen = DeviceSearch(Stepper(model)), 0
    steps = search.steps
    lefts = [(when, dict(left.terms())) for when, left in left_by_cuts(model.scope, model.device)]
    records = [name for name in steps.names if name.startswith("record")]
    for state in islice(search, 3000):
        for number, after in steps.successors(state):
            if "_leaves_right_" in model.actions[number].name:
                left = [steps.as_dict(after)[name] for name in records]
                said = [
                    [steps.value(terms[name], state) for name in records]
                    for when, terms in lefts
                    if steps.value(when, state)
                ]
                assert left in said
                seen += 1
    assert seen > 500
