"""The boot choice is what the boot actions do: in every configuration, by both solvers; what is wrong is refuted."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest
import z3

from otaproof.model.claims.state_claims import Statement
from otaproof.model.config import Config, Release
from otaproof.model.device import selection
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Device, Scope, Task, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import all_of, number, replaced
from otaproof.proofs.invariants.invariant_catalogue import invariants
from otaproof.proofs.invariants.task_invariants import tasks_are_those_of_the_world
from otaproof.proofs.invariants.turns_invariants import TURNS_PREMISES
from otaproof.proofs.prover import prover
from otaproof.proofs.prover.configurations import with_release
from otaproof.proofs.prover.decision import Effort, ProofVerdict
from otaproof.proofs.prover.houdini import inductive_invariants
from otaproof.proofs.prover.mutants import MUTANTS, Mutant
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.refinement import boot_choice_smt, ranking_quotient
from otaproof.proofs.refinement.boot_choice_smt import boot_condition, boot_paths, boot_question, premises_of
from otaproof.proofs.smt.lemma import Lemma, LemmaVerdict, prove_condition
from otaproof.proofs.smt.verification_condition import Solver
from otaproof.proofs.smt.z3_terms import Z3Reading

KINDS = ((False, False), (True, False), (True, True))
"""(rollback, anti_rollback)"""
EXACT = Numbers.EXACT
ROLLBACK = Scope(Config(rollback=True), numbers=EXACT)
BURNING = Scope(Config(rollback=True, anti_rollback=True), numbers=EXACT)
PLAIN = Scope(Config(), numbers=EXACT)


def allowing(scope: Scope) -> list[Scope]:
    """Return the scope with each thing that it may allow besides, by itself and all at once."""
    pins = set() if scope.config.anti_rollback else {Allowance.PINS}
    each = {Allowance.FAILING_FLASH, Allowance.OTHER_WRITERS} | pins
    return [replace(scope, allows=frozenset(some)) for some in (*({one} for one in each), each)]


@pytest.mark.parametrize("scope", [PLAIN, ROLLBACK, BURNING])
def test_boot_choice_is_what_the_boot_does_at_the_ends_of_the_number_range(scope: Scope) -> None:
    """With number 0 and with the last ones, and whatever else may happen."""
    for allowed in allowing(scope):
        ends = replace(allowed, allows=allowed.allows | {Allowance.END_NUMBERS})
        assert LemmaVerdict.HOLDS == prove_condition(boot_question(ends)).verdict


def worlds(of_kind: tuple[bool, bool], slots: int) -> Iterator[Scope]:
    """Yield the scopes of a kind: one for each set of boot actions with the same terms, and the first of all."""
    has_rollback, has_anti_rollback = of_kind
    known = set()
    for release, usage, has_factory in product(Release, Usage, (False, True)):
        config = Config(
            rollback=has_rollback, anti_rollback=has_anti_rollback, app_release=release, bootloader_release=release
        )
        scope = Scope(config, slots, has_factory, usage=usage, numbers=EXACT)
        model = device_model(scope)
        boot = [action for action in model.actions if max(action.tasks) <= Task.STARTED and action.kind is not Kind.CUT]
        # By identity: a comparison of terms makes another term.
        key = tuple(
            (id(model.guard(action)), *((name, id(term)) for name, term in model.effects[action.name].items()))
            for action in boot
        )
        if (has_factory, key) not in known:
            known.add((has_factory, key))
            yield scope


def is_refuted(model: DeviceModel) -> bool:
    """Tell whether both solvers find a power-on that does otherwise."""
    condition = boot_condition(model, premises_of(model).values())
    return set(condition.answers().values()) == {"sat"}


@pytest.mark.parametrize(
    ("of_kind", "slots"), [pair for pair in product(KINDS, (1, 2, 3, 16)) if pair != ((True, True), 16)]
)
def test_boot_choice_is_what_the_boot_actions_do(of_kind: tuple[bool, bool], slots: int) -> None:
    """In every family; those whose boot actions have the same terms are asked for once."""
    results = [prove_condition(boot_question(scope)) for scope in worlds(of_kind, slots)]
    assert {LemmaVerdict.HOLDS} == {result.verdict for result in results}


@pytest.mark.parametrize("has_factory", [False, True])
@pytest.mark.parametrize("scope", [PLAIN, ROLLBACK, BURNING])
def test_boot_choice_is_of_a_boot_without_mishap(scope: Scope, has_factory: bool) -> None:
    """Where operations may fail, pins be held and tools write, the choice is that of a power-on without any of it."""
    for allowed in allowing(replace(scope, slots=3, has_factory=has_factory)):
        assert LemmaVerdict.HOLDS == prove_condition(boot_question(allowed)).verdict


@pytest.mark.parametrize("premise", boot_choice_smt.PREMISES[-2:], ids=lambda premise: premise.__name__)
def test_mishaps_of_the_boot_before_count(premise: Statement) -> None:
    """With a pin that is held before the power comes, or a copy of a record, the question has a counterexample."""
    scope = replace(ROLLBACK, slots=3, allows=frozenset({Allowance.PINS, Allowance.FAILING_FLASH}))
    model = device_model(replace(scope, ghosts=frozenset()))
    rest = (term for name, term in premises_of(model).items() if name != premise.__name__)
    question = boot_condition(model, rest)
    assert {"sat"} == set(question.answers().values())


@pytest.mark.slow
@pytest.mark.parametrize("slots", range(4, 17))
@pytest.mark.parametrize("of_kind", KINDS)
def test_boot_choice_is_what_the_boot_actions_do_with_any_number_of_slots(
    of_kind: tuple[bool, bool], slots: int
) -> None:
    """The same for what lies between."""
    test_boot_choice_is_what_the_boot_actions_do(of_kind, slots)


@pytest.mark.parametrize("lemma", boot_choice_smt.LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Lemma) -> None:
    """As it stands on the page of the claims."""
    assert LemmaVerdict.HOLDS == lemma.prove().verdict


@pytest.mark.parametrize("scope", [PLAIN, ROLLBACK, BURNING, replace(BURNING, has_factory=True)])
def test_every_action_of_the_bootloader_is_on_a_path_that_some_state_takes(scope: Scope) -> None:
    """So no branch is agreed upon because nothing goes there; both records can be aborted in one boot."""
    model = device_model(replace(scope, ghosts=frozenset()))
    reading, solver, taken = Z3Reading(), z3.Solver(), []
    solver.add(reading(all_of(premises_of(model).values())))
    for path in boot_paths(model):
        if solver.check(reading(path.when)) == z3.sat:
            taken.append(path.actions)
    is_possible = tasks_are_those_of_the_world(scope, model.device)
    of_boot = {
        action.name
        for action in model.actions
        if action.kind in (Kind.BOOT, Kind.FLASH)
        and max(action.tasks) <= Task.STARTED
        and replaced(is_possible, {"task": number(action.tasks[0], 5)}).value
    }
    assert set() == of_boot - {name for actions in taken for name in actions}
    assert scope.config.rollback == any(actions.count("abort_programs") == 2 for actions in taken)


PREMISES = {premise.__name__ for premise in (*boot_choice_smt.PREMISES, *ranking_quotient.PREMISES)} - {
    premise.__name__ for premise in TURNS_PREMISES
}


@pytest.mark.parametrize("slots", [2, 3])
@pytest.mark.parametrize("release", [Release.V5_1, Release.V5_5, Release.V6_1])
@pytest.mark.parametrize(
    "scope",
    [
        PLAIN,
        ROLLBACK,
        BURNING,
        replace(BURNING, has_factory=True),
        allowing(PLAIN)[-1],
        allowing(BURNING)[-1],
    ],
)
def test_premises_are_invariants(scope: Scope, release: Release, slots: int) -> None:
    """Of this question and of that of the ranks; with the calls in any order, which allows all that others do."""
    model = device_model(replace(with_release(scope, release), slots=slots, faults=FaultModel.F3))
    about = (
        "in_range",
        "_of_the_world",
        "fresh_",
        "set_boot_",
        "complete_rewrites",
        "slots_beyond",
        "runs",
        "whole",
        "pending",
        "erased_slot",
        "counts_in",
        "in_flash",
    )
    stated = (item for item in invariants() if any(word in item.name for word in about) or item.name in PREMISES)
    found = inductive_invariants(model, {item.name: item.is_kept(model.scope, model.device) for item in stated})
    assert set() == PREMISES - set(found.invariants)


def test_premise_that_is_not_proved_is_not_assumed() -> None:
    """Without them the question has a counterexample, so the proof would be none."""
    model = device_model(replace(BURNING, slots=3, ghosts=frozenset()))
    assert {"sat"} == set(boot_condition(model, ()).answers().values())


Function = Callable[[Scope, Device], object]


def without_anti_rollback(right: Function) -> Function:
    """Return the function that looks at no secure version."""
    return lambda scope, device: right(replace(scope, config=replace(scope.config, anti_rollback=False)), device)


@pytest.mark.parametrize(
    ("scope", "name", "wrong"),
    [
        (ROLLBACK, "aborted", lambda scope, records: records),
        (BURNING, "aborted", lambda scope, records: records),
        (PLAIN, "fresh_record", lambda condition, place, otherwise: otherwise),
        (BURNING, "fresh_record", lambda condition, place, otherwise: otherwise),
        (BURNING, "burned_by_boot", lambda scope, device, selection: device.burned),
        (BURNING, "burned_up_to", lambda scope, burned, version: burned),
        (PLAIN, "fallback", lambda scope, device, start: start),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_function_with_one_thing_wrong_is_refuted(
    scope: Scope, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It forgets the abort, the fresh record, the burn, or the images; the actions stay right."""
    model = device_model(replace(scope, ghosts=frozenset()))
    monkeypatch.setattr(selection, name, wrong)
    assert is_refuted(model)


@pytest.mark.parametrize("name", ["boot_choice", "device_after_boot"])
def test_function_that_ignores_anti_rollback_is_refuted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would start an image that the eFuse forbids, or burn nothing."""
    monkeypatch.setattr(boot_choice_smt, name, without_anti_rollback(getattr(selection, name)))
    assert is_refuted(device_model(replace(BURNING, ghosts=frozenset())))


def test_function_that_forgets_the_try_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NEW would stay NEW."""
    right = selection.device_after_boot

    def wrong(scope: Scope, device: Device) -> Device:
        return replace(right(scope, device), records=selection.aborted(scope, device.records))

    monkeypatch.setattr(boot_choice_smt, "device_after_boot", wrong)
    assert is_refuted(device_model(replace(ROLLBACK, ghosts=frozenset())))


OF_THE_BOOT = [m for m in MUTANTS if all(name.startswith(("boot_", "abort_", "try_", "fresh_")) for name in m.changes)]


@pytest.mark.parametrize("mutant", OF_THE_BOOT, ids=lambda mutant: mutant.name)
def test_bootloader_with_one_thing_wrong_is_refuted(mutant: Mutant) -> None:
    """The functions stay right."""
    assert is_refuted(mutant.model(Numbers.EXACT))


@pytest.mark.parametrize("name", ["burn_burns", "abort_programs", "try_erases", "boot_starts", "fresh_programs"])
def test_boot_that_does_not_end_is_refuted(name: str) -> None:
    """An action is missing, so some power-on starts nothing and finds nothing."""
    right = device_model(replace(BURNING, ghosts=frozenset()))
    actions = tuple(action for action in right.actions if action.name != name)
    assert len(right.actions) - 1 == len(actions)
    assert is_refuted(replace(right, actions=actions))


def test_proof_rests_on_the_boot_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """`prove` asks it; where the answer is wrong, nothing is proved."""
    scope = replace(PLAIN, usage=Usage.RESTART_AT_ONCE, has_factory=True, faults=FaultModel.F0)
    quick = Effort(searches=False, checks_vacuity=False, solvers=(Solver.Z3,))
    (decision,) = decide(scope, {"C1"}, effort=quick)
    assert ProofVerdict.PROVED is decision.verdict
    assert "boot_choice" in {condition.name for condition in decision.conditions}
    monkeypatch.setattr(prover, "boot_condition", lambda model, known: boot_condition(_without_start(model), known))
    (decision,) = decide(scope, {"C1"}, effort=quick)
    assert ProofVerdict.UNKNOWN is decision.verdict


def _without_start(model: DeviceModel) -> DeviceModel:
    return replace(model, actions=tuple(action for action in model.actions if action.name != "boot_starts"))
