"""C12: how fast the sequence number grows, and why flash wears out first.

Every step of the model keeps two bounds, which both solvers confirm: a new number is above the one that decides by less
than the number of slots, and at most that number where none decides; and only by the erase of a sector does one come at
all. So the erases that two sectors can endure bound the number, far below 0xFFFFFFFF. What the bounds rest on (which
slots a record can name, what can run) is inductive in the same model. Stray numbers are no part of it: under F3 one
power cut can leave 0xFFFFFFFE of a number that upgrades reach (proofs/bytes/stray_lemmas.py), and then the claim is
broken; so it is where other programs write the last numbers.
"""

import time
from dataclasses import replace
from functools import lru_cache

from ...model.claims.claims import claim as claim_with_id
from ...model.device.logical_state import deciding
from ...model.device.model import DeviceModel, device_model
from ...model.device.records import Numbers, active
from ...model.device.state import Ghost, Scope
from ...model.flash_endurance import ENDURANCE, highest_number
from ...model.terms.terms import Bool, Num, all_of, choose, fact, number
from ..invariants.call_invariants import complete_has_room, set_boot_names_a_slot
from ..invariants.invariant_catalogue import invariants_of
from ..invariants.record_invariants import (
    numbers_are_below_the_top,
    places_are_no_slots_beyond,
    records_are_in_range,
    slot_count_is_in_range,
    slots_beyond_are_empty,
    slots_of_records_are_in_range,
    task_and_running_are_in_range,
)
from ..invariants.task_invariants import (
    first_record_follows_none,
    fresh_device_runs_a_slot,
    something_runs,
    tasks_are_those_of_the_world,
)
from ..smt.smtlib import Question
from ..smt.verification_condition import Condition
from .decision import Decision, Effort, ProofVerdict, answers_of
from .houdini import FITS, inductive_invariants

GROWTH = "C12"
"""Id of the claim decided here."""
ERASED = 0xFFFFFFFF
"""The number that counts as erased."""
STRAY_CASE = "stray-number-wraps"
"""The named case in which a stray number wraps."""
END_CASE = "sequence-number-wraps"
"""The named case in which a number that another program wrote does."""
_FACTS = (
    slot_count_is_in_range,
    slots_beyond_are_empty,
    places_are_no_slots_beyond,
    task_and_running_are_in_range,
    records_are_in_range,
    slots_of_records_are_in_range,
    numbers_are_below_the_top,
    complete_has_room,
    something_runs,
    fresh_device_runs_a_slot,
    first_record_follows_none,
    set_boot_names_a_slot,
    tasks_are_those_of_the_world,
)


def decide_growth(scope: Scope, effort: Effort, most_slots: int = 0) -> Decision:
    """Return what is found of C12; most_slots: where more slot counts will be asked for, the greatest of them."""
    started = time.perf_counter()
    if scope.has_strays:
        method = f"a stray number can be 0xFFFFFFFE, and the next one wraps: case {STRAY_CASE}"
        return Decision(claim_with_id(GROWTH), ProofVerdict.REFUTED, method)
    if scope.has_end_numbers:
        method = f"another program writes 0xFFFFFFFE, and the next number is 0x{ERASED:X}: case {END_CASE}"
        return Decision(claim_with_id(GROWTH), ProofVerdict.REFUTED, method)
    counts = tuple(range(2, most_slots + 1)) if 2 <= scope.slots <= most_slots else ()
    conditions = _conditions(replace(scope, slots=max(scope.slots, most_slots), counts=counts, numbers=Numbers.EXACT))
    answers = answers_of(conditions, effort)
    highest = highest_number(scope.slots, scope.is_by_turns)
    is_agreed = len(conditions) > 1 and set(answers.values()) == {"unsat"} and highest < ERASED
    by = f"each record, not each upgrade, raises it by {scope.slots} at the most: " if scope.is_by_turns else ""
    return Decision(
        claim_with_id(GROWTH),
        ProofVerdict.PROVED if is_agreed else ProofVerdict.UNKNOWN,
        f"{by}at most 0x{highest:X} after {ENDURANCE:,} erases of each sector",
        answers=answers,
        conditions=conditions,
        seconds=time.perf_counter() - started,
    )


@lru_cache(maxsize=8)
def _conditions(scope: Scope) -> tuple[Condition, ...]:
    """Return the questions, which slot counts share."""
    return growth_conditions(growing_model(scope))


def growing_model(scope: Scope) -> DeviceModel:
    """Return the model in which numbers grow, with all that a cut leaves of a record."""
    # By turns, what a call writes follows from what it has verified.
    ghosts = frozenset(Ghost) if scope.is_by_turns else frozenset()
    return device_model(replace(scope, ghosts=ghosts, numbers=Numbers.EXACT))


def growth_conditions(model: DeviceModel) -> tuple[Condition, ...]:
    """Return the questions whether some step lets a number grow too much, or without an erase."""
    facts = {fact.__name__: fact(model.scope, model.device) for fact in _FACTS}
    if model.scope.is_by_turns:
        # Every call and every try writes a record: what they write has to be known.
        facts = {item.name: item.is_kept(model.scope, model.device) for item in invariants_of(model.scope)}
    inductive = inductive_invariants(model, facts, core=[*facts, FITS])
    question = Question(model)
    question.require_all((*inductive.invariants.values(), ~grows_slowly(model)))
    return (*inductive.conditions, Condition("C12_growth", question.text(), "unsat", question.in_terms()))


def grows_slowly(model: DeviceModel) -> Bool:
    """A record keeps its number or loses it; an erase that begins a new one follows the number that decides.

    By turns, a new number can be a whole round above it."""
    device = model.device
    if model.scope.is_by_turns:
        decides, lap, first = deciding(device.records), device.slot_count, number(0, 32)
    else:
        decides, lap, first = active(device.records), device.slot_count - 1, number(1, 32)
    bound = choose(decides.is_some, decides.of(device.records).seq + lap, first + lap)
    parts = []
    for action in model.actions:
        effects = model.effects[action.name]
        erases = fact(action.name.endswith("_erases"))
        for name, before in (("record0_seq", device.records[0].seq), ("record1_seq", device.records[1].seq)):
            after = effects.get(name)
            if isinstance(after, Num):
                grown = (after <= before) | (erases & (after <= bound))
                parts.append(model.guard(action).implies(grown))
    return all_of(parts)
