"""The stated invariants, written because the proofs of the claims need them.

None of them is trusted. The prover drops those that a scope does not preserve, so each is stated once for all scopes,
in the form that fits where it matters. What is left proves the claims, or does not.

Invariants of records and what they select (record_invariants.py, boot_choice_invariants.py) are stated of a device as
it lies there. While a record is rewritten, a cut can take that record away, so many of them are stated of the device
without it as well: "…, torn". Where a cut can leave any bytes (F2, F3), they are stated of all that it may leave: "…,
cut". Invariants of what goes on (task_invariants.py, call_invariants.py) say what the bootloader or a call has found
out before it goes on; those of mishap_invariants.py, when a pin or a failed operation counts.
"""

from dataclasses import dataclass
from functools import cache

from ...model.claims.state_claims import Statement
from ...model.device.allowance import Allowance
from ...model.device.flash_steps import ERASES, REWRITES
from ...model.device.state import Device, Scope
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool, all_of, fact
from .bookkeeping_invariants import (
    BOOKKEEPING_FACTS,
    boot_choice_is_not_rejected,
    bootable_record_names_no_rejected_image,
    marked_record_leaves_the_previous,
    named_choice_is_not_rejected,
    other_record_is_of_the_origin,
    upgraded_record_leaves_the_origin,
    without_record_first_image_is_not_rejected,
)
from .boot_choice_invariants import (
    CHOICE_FACTS,
    boot_choice_is_finished,
    broken_choice_leaves_no_other,
    choice_of_open_call_is_old_or_new,
    deciding_record_is_boot_choice,
    named_choice_is_whole,
    named_choice_of_open_call_is_old_or_new,
    unfinished_image_is_the_next_target,
    without_record_factory_starts,
    without_record_first_image_stays,
    without_record_first_images_are_named,
    without_record_no_upgrade_was_kept,
    without_record_second_is_none,
)
from .call_invariants import CALL_FACTS
from .marking_invariants import MARKING_FACTS
from .mishap_invariants import MISHAP_FACTS
from .pair_invariants import PAIR_FACTS
from .record_invariants import (
    RECORD_FACTS,
    bootable_record_names_finished_image,
    bootable_record_names_whole_image,
    bootable_second_record_differs,
    earned_image_is_finished,
    one_record_is_open,
    one_word_is_pending,
    open_record_alone_is_of_first_upgrade,
    open_record_alone_leaves_first_image,
    open_record_alone_leaves_no_upgrade,
    open_record_is_newest,
    open_record_names_finished_image,
    two_bootable_records_differ,
    two_bootable_records_follow,
    two_records_differ,
    two_records_follow,
)
from .task_invariants import TASK_FACTS
from .turns_invariants import TURNS_FACTS, TURNS_FAILURE_FACTS
from .vocabulary import left_by_cuts, torn


@dataclass(frozen=True, slots=True)
class Invariant:
    """One stated fact."""

    name: str
    is_kept: Statement


@cache
def invariants() -> tuple[Invariant, ...]:
    """Return the stated invariants of devices with ESP-IDF's otadata."""
    about_programs = (*TASK_FACTS, *CALL_FACTS, *MISHAP_FACTS)
    facts = (
        *RECORD_FACTS,
        *CHOICE_FACTS,
        *about_programs,
        *BOOKKEEPING_FACTS,
        *PAIR_FACTS,
        *MARKING_FACTS,
    )
    whole = (Invariant(fact.__name__, fact) for fact in facts)
    torn_ones = (Invariant(f"{fact.__name__}_torn", _when_torn(fact)) for fact in TORN_RECORD_FACTS)
    cut_ones = (Invariant(f"{fact.__name__}_cut", _when_cut(fact)) for fact in CUT_RECORD_FACTS)
    return (*whole, *torn_ones, *cut_ones)


@cache
def invariants_of(scope: Scope) -> tuple[Invariant, ...]:
    """Return the stated invariants of a scope; by turns, those of records by turns as well."""
    failures = TURNS_FAILURE_FACTS if Allowance.FAILING_FLASH in scope.allows else ()
    of_turns = tuple(Invariant(fact.__name__, fact) for fact in (*TURNS_FACTS, *failures))
    return (*invariants(), *of_turns) if scope.is_by_turns else invariants()


TORN_RECORD_FACTS: tuple[Statement, ...] = (
    named_choice_is_whole,
    deciding_record_is_boot_choice,
    named_choice_of_open_call_is_old_or_new,
    choice_of_open_call_is_old_or_new,
    boot_choice_is_finished,
    without_record_factory_starts,
    without_record_first_image_stays,
    without_record_no_upgrade_was_kept,
    without_record_second_is_none,
    open_record_alone_is_of_first_upgrade,
    open_record_alone_leaves_first_image,
    named_choice_is_not_rejected,
    boot_choice_is_not_rejected,
    without_record_first_image_is_not_rejected,
    marked_record_leaves_the_previous,
    upgraded_record_leaves_the_origin,
)
"""Facts of the device without the record that is being rewritten."""

CUT_RECORD_FACTS: tuple[Statement, ...] = (
    one_record_is_open,
    one_word_is_pending,
    open_record_is_newest,
    open_record_names_finished_image,
    open_record_alone_leaves_first_image,
    open_record_alone_is_of_first_upgrade,
    open_record_alone_leaves_no_upgrade,
    earned_image_is_finished,
    bootable_record_names_whole_image,
    bootable_record_names_finished_image,
    two_bootable_records_differ,
    two_bootable_records_follow,
    two_records_follow,
    two_records_differ,
    bootable_second_record_differs,
    named_choice_is_whole,
    deciding_record_is_boot_choice,
    broken_choice_leaves_no_other,
    without_record_first_image_stays,
    without_record_factory_starts,
    without_record_no_upgrade_was_kept,
    without_record_second_is_none,
    without_record_first_images_are_named,
    unfinished_image_is_the_next_target,
    bootable_record_names_no_rejected_image,
    named_choice_is_not_rejected,
    without_record_first_image_is_not_rejected,
    marked_record_leaves_the_previous,
    upgraded_record_leaves_the_origin,
    other_record_is_of_the_origin,
)
"""Facts of whatever a cut leaves of the record that is being rewritten, where it can tear any bytes."""


def _when_torn(statement: Statement) -> Statement:
    """Return the fact of what a cut leaves where it takes away the record that is being rewritten or erased."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(*REWRITES, *ERASES).implies(statement(scope, torn(device)))

    return is_kept


def _when_cut(statement: Statement) -> Statement:
    """Return the fact of whatever a cut leaves of the record that is being rewritten or erased."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        if scope.faults < FaultModel.F2:
            return fact(True)
        return all_of(when.implies(statement(scope, left)) for when, left in left_by_cuts(scope, device))

    return is_kept
