"""One proof for many numbers of slots: the model with an open number is each of its worlds; facts are asked anew."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Device, Ghost, Scope, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import Num
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover.decision import Decision, Effort, ProofVerdict
from otaproof.proofs.prover.houdini import start_condition
from otaproof.proofs.prover.proof_reuse import ProofReuse, induct, restated
from otaproof.proofs.prover.prover import decide

COUNTS = (1, 2, 3, 5)
WORLDS = (
    Scope(Config(rollback=True), faults=FaultModel.F3),
    Scope(Config(rollback=True, anti_rollback=True), has_factory=True),
    Scope(Config(), usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F0),
    Scope(
        Config(rollback=True, app_release=Release.V6_0, bootloader_release=Release.V6_0),
        has_factory=True,
        faults=FaultModel.F2,
    ),
)
PLACES = {"running", "expected", "previous", "old_choice", "new_choice"}
QUICK = Effort(searches=False, checks_vacuity=False)
PROPER = Scope(Config(rollback=True), slots=3, usage=Usage.RESTART_AT_ONCE)
CLAIMS = claims_of(PROPER)


def exact(scope: Scope, slots: int, counts: tuple[int, ...] = ()) -> Scope:
    """Return the scope with all that claims speak of, and so many slots."""
    return replace(scope, slots=slots, counts=counts, ghosts=frozenset(Ghost), numbers=Numbers.EXACT)


class _Embedding:
    """A world of few slots in the world with an open number of them."""

    def __init__(self, few: Stepper, any_: Stepper) -> None:
        self.few, self.any = few, any_
        self.slots = few.model.scope.slots

    def state(self, state: State) -> State:
        """Return the state as the world with an open number has it: slots beyond are empty, other places move up."""
        known = self.few.as_dict(state)
        more = self.any.model.scope.slots - self.slots
        fields = {"slot_count": self.slots}
        for name, value in known.items():
            fields[name] = value + more if name in PLACES and value >= self.slots else value
        return tuple(fields.get(name, 0) for name in self.any.names)

    def successors(self, state: State) -> set[tuple[str, State]]:
        """Return what the actions of the small world make of the state, as the big one has it."""
        actions = self.few.model.actions
        return {(actions[number].name, self.state(after)) for number, after in self.few.successors(state)}


def _walk(steps: Stepper, length: int, chance: random.Random) -> Iterator[State]:
    state = steps.initial
    for _ in range(length):
        yield state
        state = chance.choice(steps.successors(state))[1]


@pytest.mark.parametrize("scope", WORLDS)
def test_open_number_of_slots_is_each_of_them(scope: Scope) -> None:
    """From every state of random lives, the same actions lead to the same states."""
    any_ = stepper(exact(scope, max(COUNTS), COUNTS))
    names = [action.name for action in any_.model.actions]
    chance = random.Random(8)
    seen = 0
    for count in COUNTS:
        embedding = _Embedding(stepper(exact(scope, count)), any_)
        for state in _walk(embedding.few, 1500, chance):
            successors = any_.successors(embedding.state(state))
            assert {(names[number], after) for number, after in successors} == embedding.successors(state)
            seen += len(successors)
    assert seen > 6000


def test_history_starts_with_any_of_the_numbers() -> None:
    """Each number is a start, and no other number is."""
    model = device_model(exact(PROPER, 7, (3, 5, 7)))
    count = model.device.slot_count
    assert set(start_condition(model, [count.is_in(3, 5, 7)]).answers().values()) == {"unsat"}
    for number in (3, 5, 7):
        assert set(start_condition(model, [count != number]).answers().values()) == {"sat"}


def test_number_of_slots_never_changes() -> None:
    """No action has an effect on it, and where it is known it is no field."""
    model = device_model(exact(PROPER, 7, (3, 5, 7)))
    assert all("slot_count" not in effects for effects in model.effects.values())
    assert "slot_count" not in {field.name for field in device_model(exact(PROPER, 7)).fields}


@pytest.mark.thorough
def test_claims_are_proved_for_every_number_at_once() -> None:
    """All that hold with three slots hold with up to sixteen."""
    found = induct(PROPER, CLAIMS)
    every = restated(found, CLAIMS, 16, tuple(range(3, 17)))
    of_three = {claim.claim.id for claim in CLAIMS} & set(found.invariants)
    assert of_three <= set(every.invariants)
    assert of_three >= {"C1", "C2", "C3", "C5", "C6", "C7", "C10", "C11", "C13", "C14", "C15", "C16", "C19", "C20"}
    assert of_three >= {"C18", "C21", "C22", "C24", "C25"}
    assert {answer for condition in every.conditions for answer in condition.answers().values()} == {"unsat"}


@pytest.mark.thorough
def test_claim_that_fails_with_some_number_is_dropped() -> None:
    """With two slots, an image that is half-way written can be started; see C2."""
    found = induct(PROPER, CLAIMS)
    assert {"C2", "C13"} <= set(found.invariants)
    kept = restated(found, CLAIMS, 4, (2, 3, 4)).invariants
    assert "C1" in kept
    assert not {"C2", "C13"} & set(kept)


@pytest.mark.thorough
def test_facts_of_an_even_number_need_not_hold_with_an_odd_one() -> None:
    """That the sector tells whether the slot is even is asked of even numbers alone."""
    scope = replace(PROPER, has_factory=True, slots=4)
    found = induct(scope, claims_of(scope))
    assert "C11" in found.invariants
    assert "C11" in restated(found, CLAIMS, 8, (4, 6, 8)).invariants
    assert "C11" not in restated(found, CLAIMS, 6, (4, 5, 6)).invariants


@pytest.mark.thorough
def test_mutant_is_not_proved_for_many_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that goes on to the slot after the last one would write where none is."""

    def next_slot(device: Device) -> Num:
        return device.running + 1

    monkeypatch.setattr("otaproof.model.device.calls.next_update_slot", next_slot)
    device_model.cache_clear()
    try:
        found = restated(induct(PROPER, CLAIMS), CLAIMS, 5, (3, 4, 5))
    finally:
        device_model.cache_clear()
    assert "slots_beyond_are_empty" not in found.invariants


@pytest.mark.parametrize("usage", Usage)
@pytest.mark.parametrize("slots", [4, pytest.param(7, marks=pytest.mark.slow)])
@pytest.mark.thorough
def test_what_is_proved_is_what_each_world_proves_by_itself(usage: Usage, slots: int) -> None:
    """A search for facts in that world alone, by nothing that another one taught, comes to the same claims."""
    scope, reuse = replace(PROPER, usage=usage), ProofReuse(most_slots=16)
    world = replace(scope, slots=slots)
    ids = {claim.claim.id for claim in claims_of(world)}
    decide(scope, ids, reuse, QUICK)
    decisions = decide(world, ids, reuse, QUICK)
    proved = {d.claim.id for d in decisions if d.verdict is ProofVerdict.PROVED and "(k = 1)" in d.method}
    assert proved == ids & set(induct(world, claims_of(world)).invariants)
    counts = reuse.proofs[-1].scope.counts
    assert slots in counts and 16 - slots % 2 in counts


def test_one_proof_serves_the_worlds_that_follow() -> None:
    """The questions of two worlds are the same ones, and with fewer ghosts where no claim needs them."""
    reuse, ids = ProofReuse(most_slots=9), {"C1", "C3", "C4"}
    scope = replace(PROPER, usage=Usage.ANY)
    decide(scope, ids, reuse, QUICK)
    one, other = (decide(replace(scope, slots=slots), ids, reuse, QUICK) for slots in (5, 8))
    assert _verdicts(one) == {"C1": ProofVerdict.PROVED, "C3": ProofVerdict.PROVED, "C4": ProofVerdict.REFUTED}
    *of_one, _ = one[0].conditions
    *of_other, _ = other[0].conditions  # The last one is of the boot choice, for each number of slots.
    assert all(mine is theirs for mine, theirs in zip(of_one, of_other, strict=True))
    assert one[0].method.endswith(", for every number of slots from 3 to 9")
    assert all("is_finished" not in condition.text for condition in one[0].conditions)


def test_world_that_is_alone_is_proved_by_itself() -> None:
    """Without more worlds to come, nothing is asked of them."""
    reuse = ProofReuse()
    decide(PROPER, {"C1"}, reuse, QUICK)
    assert not reuse.proofs


@pytest.mark.parametrize(
    ("slots", "counts", "numbers", "word"),
    [
        (4, (2, 3), Numbers.EXACT, "greatest"),
        (3, (0, 3), Numbers.EXACT, "greatest"),
        (3, (2, 3), Numbers.RANKED, "exact"),
    ],
)
def test_numbers_of_slots_that_make_no_sense_are_refused(
    slots: int, counts: tuple[int, ...], numbers: Numbers, word: str
) -> None:
    """The greatest is the number of slots that the model has, and ranks need to know how many there are."""
    with pytest.raises(ValueError, match=word):
        Scope(slots=slots, counts=counts, numbers=numbers)


def _verdicts(decisions: tuple[Decision, ...]) -> dict[str, ProofVerdict]:
    return {decision.claim.id: decision.verdict for decision in decisions}
