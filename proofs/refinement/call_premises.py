"""The premises of whole calls, as lemmas: of the functions left open, and of the image that runs."""

from dataclasses import replace
from itertools import product
from typing import Any

import z3

from ...impl import otadata
from ...model.config import Release
from ...model.device.device_fields import initial_device
from ...model.device.flash_steps import WIPES, wiped_slot
from ...model.device.model import device_model
from ...model.device.scope_text import scope_title
from ...model.device.selection import next_update_slot
from ...model.device.state import TURNS_TASKS, Device, Scope, Task
from ...model.terms.terms import Bool, replaced
from ..invariants.vocabulary import is_whole
from ..smt.lemma import Lemma, Result, prove_always, prove_each
from ..smt.z3_terms import Z3Reading
from . import call_cases
from .call_cases import VERSIONS, distance, has_room, scope_of
from .impl_decisions import equality
from .symbolic_entries import word
from .symbolic_execution import SymWord, bits_of, explored_paths

CALLS = tuple(task for task in Task if task >= Task.RUN and task not in TURNS_TASKS)
"""Tasks of a running application."""
RUNNING = (Task.FRESH, Task.BURN_FRESH, Task.STARTED, *CALLS)
"""Tasks in which an image runs, or is about to."""


def prove_open_functions() -> Result:
    """Prove of impl's slot_of_seq and next_seq what is asked of the functions that stand for them."""
    return prove_each((f"{count} slots", _prove_open_functions(count)) for count in call_cases.COUNTS)


def _prove_open_functions(count: int) -> Result:
    def run() -> tuple[Any, ...]:
        seq, slot = SymWord.free("seq"), SymWord.free("slot")
        following = otadata.next_seq(seq, slot, count)  # type: ignore[arg-type]  # words stand for numbers
        named, then = otadata.slot_of_seq(seq, count), otadata.slot_of_seq(following, count)  # type: ignore[arg-type]
        return following, named, then, otadata.slot_of_seq(slot + 1, count)  # type: ignore[arg-type]

    seq, slot = z3.BitVecs("seq slot", 32)
    given = z3.And(has_room(seq), z3.ULT(slot, count))
    paths = explored_paths(run, given)
    facts = [z3.Or(*(path.condition for path in paths))]
    for path in paths:
        following, named, then, first = map(bits_of, path.result)
        is_next = following == seq + distance(named, slot, word(count))
        facts.append(z3.Implies(path.condition, z3.And(z3.ULT(named, count), is_next, then == slot, first == slot)))
    return prove_always(z3.And(*facts), [given])


def prove_runs_whole() -> Result:
    """Prove that it holds at first and that each action of the model keeps it, for every release."""
    return prove_each(
        (scope_title(scope), _prove_kept(scope))
        for build, release, slots, has_factory in product(
            call_cases.BUILDS, Release, call_cases.COUNTS, call_cases.FACTORIES
        )
        for scope in [scope_of(replace(build, app_release=release), slots, has_factory)]
    )


def runs_whole(scope: Scope, device: Device) -> Bool:
    """What runs is whole and the eFuse lets it run, and no slot is erased or upgraded that runs."""
    is_open, runs = device.session | device.other_session, device.task.is_in(*CALLS)
    upgrades_other = is_open.implies(runs & (next_update_slot(device) != device.running))
    erases_other = device.task.is_in(*WIPES).implies(wiped_slot(scope, device) != device.running)
    whole = device.task.is_in(*RUNNING).implies(is_whole(scope, device, device.running))
    return whole & upgrades_other & erases_other


def _prove_kept(scope: Scope) -> Result:
    model, read = device_model(scope), Z3Reading()
    kept = runs_whole(scope, model.device)
    parts = [read(replaced(kept, dict(initial_device(scope).terms())))]
    for action in model.actions:
        after = replaced(kept, dict(model.effects[action.name]))
        parts.append(z3.Implies(read(model.guard(action)), read(after)))
    versions = [read(slot.version < VERSIONS) for slot in model.device.slots]
    return prove_always(z3.And(*parts), [read(kept), *versions])


PREMISES: tuple[Lemma, ...] = (
    equality(
        "open_functions",
        "impl's slot_of_seq and next_seq are among the functions that the ones left open stand for",
        prove_open_functions,
    ),
    Lemma(
        "runs_whole",
        "in the model, what runs verifies and the eFuse allows its version, and no call erases it",
        "an inductive invariant over all actions; z3, then bitwuzla",
        prove_runs_whole,
    ),
)
