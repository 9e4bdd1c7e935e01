"""What is stated of a device whose otadata is kept by turns; see invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.device.state import Device, Scope
from ...model.terms.terms import Bool, fact
from .turned_call_invariants import (
    accepting_image_is_earned,
    boot_tasks_have_their_state,
    burning_image_was_accepted,
    burning_sector_decides,
    no_call_on_trial,
    rollback_has_a_way,
    selected_slot_is_another,
    selecting_calls_expect_nothing,
    session_is_of_a_running_program,
    session_is_of_another_slot,
    unnamed_slot_is_kept,
    wiped_slot_is_not_kept,
)
from .turned_expectation_invariants import (
    accepted_image_is_current,
    marked_image_is_new,
    origin_is_the_way_back,
    previous_of_a_refused_image_is_current,
    refused_image_is_not_current,
    selected_place_is_current,
    tried_image_has_its_home,
)
from .turned_image_invariants import (
    current_image_is_whole,
    home_of_a_new_image_is_whole,
    kept_places_are_not_rejected,
    kept_versions_are_burned,
    running_image_has_its_state,
    running_turned_image_is_whole,
    settled_current_is_earned,
    settled_running_image_is_earned,
    tried_image_is_another,
    way_back_is_earned,
    way_back_is_finished,
    without_state_nothing_has_run,
)
from .turned_record_invariants import (
    choice_at_rest_is_old,
    choice_at_rest_is_old_or_new,
    coming_record_follows_from_the_state,
    number_of_a_new_image_leaves_room,
    rewritten_sector_does_not_decide,
    started_choice_is_old_or_new,
    turned_numbers_differ,
    turned_numbers_have_room,
    turned_records_are_well_formed,
    turned_writers_alone_program,
)


def _of_turns(statement: Statement) -> Statement:
    """Return the statement where otadata is kept by turns, and nothing elsewhere."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        return statement(scope, device) if scope.is_by_turns else fact(True)

    is_kept.__name__ = statement.__name__
    return is_kept


TURNS_PREMISES = (_of_turns(turned_records_are_well_formed), _of_turns(number_of_a_new_image_leaves_room))
"""What a power-on is known to find: true of every other device by themselves."""
TURNS_FACTS: tuple[Statement, ...] = tuple(
    _of_turns(statement)
    for statement in (
        turned_records_are_well_formed,
        turned_numbers_differ,
        rewritten_sector_does_not_decide,
        turned_numbers_have_room,
        number_of_a_new_image_leaves_room,
        coming_record_follows_from_the_state,
        turned_writers_alone_program,
        current_image_is_whole,
        way_back_is_finished,
        way_back_is_earned,
        home_of_a_new_image_is_whole,
        settled_current_is_earned,
        tried_image_is_another,
        without_state_nothing_has_run,
        running_image_has_its_state,
        running_turned_image_is_whole,
        no_call_on_trial,
        settled_running_image_is_earned,
        accepting_image_is_earned,
        wiped_slot_is_not_kept,
        session_is_of_a_running_program,
        session_is_of_another_slot,
        selected_slot_is_another,
        unnamed_slot_is_kept,
        rollback_has_a_way,
        boot_tasks_have_their_state,
        burning_sector_decides,
        selecting_calls_expect_nothing,
        burning_image_was_accepted,
        marked_image_is_new,
        tried_image_has_its_home,
        accepted_image_is_current,
        refused_image_is_not_current,
        previous_of_a_refused_image_is_current,
        selected_place_is_current,
        choice_at_rest_is_old_or_new,
        started_choice_is_old_or_new,
        origin_is_the_way_back,
        kept_places_are_not_rejected,
        kept_versions_are_burned,
    )
)
"""What is stated of such a device."""
TURNS_FAILURE_FACTS: tuple[Statement, ...] = (_of_turns(choice_at_rest_is_old),)
"""What is stated besides where operations can fail."""
