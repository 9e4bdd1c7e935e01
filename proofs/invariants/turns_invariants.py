"""Invariants of a device whose otadata is kept by turns; see invariant_catalogue.py.

Stated of the state at rest: that of the record which is not being rewritten. Once the sector is erased, the new record
is known in full, since it is a function of that state and of what RAM holds.
"""

from dataclasses import fields, replace
from functools import partial

from ...model.claims.state_claims import Statement
from ...model.device.by_turns.turns_steps import coming, tasks_that_write
from ...model.device.calls import has_next_number
from ...model.device.device_parts import burned_up_to, record_in, slot_at, with_record
from ...model.device.image_loading import is_slot
from ...model.device.logical_state import LogicalState, deciding, is_on_trial, logical_state
from ...model.device.records import BLANK, TOP, Numbers, Record, Word
from ...model.device.selection import boot_choice, next_update_slot
from ...model.device.state import Device, Expectation, Phase, Scope, Task, Usage
from ...model.terms.terms import Bool, Num, all_of, choose, fact, number
from .vocabulary import is_earned, is_whole, torn

CALLED = (
    Task.UNNAME,
    Task.UNNAME_RESUMED,
    Task.COMMENCE,
    Task.COMPLETE,
    Task.REJECT,
    Task.SET_BOOT,
    Task.SET_BOOT_REJECT,
    Task.FORGET_LAST,
)
"""Tasks of calls that are refused on trial."""


def _of_turns(statement: Statement) -> Statement:
    """Return the statement where otadata is kept by turns, and nothing elsewhere."""

    def is_kept(scope: Scope, device: Device) -> Bool:
        return statement(scope, device) if scope.is_by_turns else fact(True)

    is_kept.__name__ = statement.__name__
    return is_kept


def is_writing(scope: Scope, device: Device) -> Bool:
    """A record is being rewritten."""
    return device.task.is_in(*tasks_that_write(scope))


def at_rest(scope: Scope, device: Device) -> Device:
    """Return the device without the record that is being rewritten."""
    gone = torn(device)
    is_gone = is_writing(scope, device)
    first, second = (
        Record(*(choose(is_gone, getattr(a, f.name), getattr(b, f.name)) for f in fields(Record)))
        for a, b in zip(gone.records, device.records, strict=True)
    )
    return replace(device, records=(first, second))


def rest_state(scope: Scope, device: Device) -> LogicalState:
    """Return the state at rest."""
    return logical_state(scope, at_rest(scope, device).records)


def turned_records_are_well_formed(scope: Scope, device: Device) -> Bool:
    """A record that is right has words and places that mean something; any other is blank."""
    words = (Word.NEW, Word.VALID) if scope.config.rollback else (Word.UNDEFINED, Word.VALID)
    allowed = words + ((Word.ABORTED,) if scope.has_factory else ())
    parts = []
    for record in device.records:
        is_place = (record.other < device.slot_count) | (record.other == scope.nowhere)
        if scope.has_factory:
            is_place = is_place | (record.other == scope.factory)
        is_tried = fact(scope.config.rollback) & record.word.is_in(Word.VALID, Word.ABORTED)
        meant = record.word.is_in(*allowed) & is_place & (record.seq != 0) & record.is_tried.implies(is_tried)
        meant = meant & (~record.is_tried | (record.other != scope.nowhere))
        blank = (record.check == BLANK.check) & (record.word == BLANK.word) & (record.other == 0) & ~record.is_tried
        parts.append(choose(record.is_right, meant, blank & (record.seq == 0) & (record.slot == 0)))
    return all_of(parts)


def turned_numbers_differ(scope: Scope, device: Device) -> Bool:
    """Two right records have different numbers."""
    first, second = device.records
    return (first.is_right & second.is_right).implies(first.seq != second.seq)


def rewritten_sector_does_not_decide(scope: Scope, device: Device) -> Bool:
    """Before its erase, the sector that is being rewritten is the one that does not decide."""
    is_due = is_writing(scope, device) & (device.phase == Phase.ERASE)
    return is_due.implies(device.sector == deciding(device.records).other_sector)


def turned_numbers_have_room(scope: Scope, device: Device) -> Bool:
    """While a call writes a record, the number that decides is far enough from the end of the range."""
    is_due = is_writing(scope, device) & (device.task != Task.TRY)
    return is_due.implies(has_next_number(scope, at_rest(scope, device)))


def number_of_a_new_image_leaves_room(scope: Scope, device: Device) -> Bool:
    """The number of a marked image leaves room for the note of its try."""
    if scope.numbers is Numbers.RANKED:
        return fact(True)
    rest = at_rest(scope, device)
    record = deciding(rest.records).of(rest.records)
    return rest_state(scope, device).is_new.implies(record.seq < TOP + scope.slots)


def coming_record_follows_from_the_state(scope: Scope, device: Device) -> Bool:
    """While a record is programmed, it is the one that state and RAM ask for, with a number above the others."""
    held = record_in(device, device.sector)
    rest = at_rest(scope, device)
    is_same = partial(_is_same, has_ranks=scope.numbers is Numbers.RANKED)
    return all_of(
        (is_programming(device) & (device.task == task)).implies(is_same(held, coming(scope, rest, task)))
        for task in tasks_that_write(scope)
    )


def is_programming(device: Device) -> Bool:
    """The sector is blank, and its record is being programmed."""
    return device.phase == Phase.PROGRAM


def _is_same(one: Record, other: Record, has_ranks: bool) -> Bool:
    numbers = (one.check == other.check) & (one.word == other.word) & (one.slot == other.slot)
    return (
        numbers
        & ((one.seq == other.seq) | fact(has_ranks))
        & (one.other == other.other)
        & one.is_tried.same_as(other.is_tried)
    )


def turned_writers_alone_program(scope: Scope, device: Device) -> Bool:
    """A sector lies blank only while its record is being rewritten."""
    return is_programming(device).implies(is_writing(scope, device))


def current_image_is_whole(scope: Scope, device: Device) -> Bool:
    """What the state has as current loads, and was verified or provisioned."""
    state = rest_state(scope, device)
    return state.is_some.implies(_is_finished(scope, device, state.current) & is_whole(scope, device, state.current))


def _is_finished(scope: Scope, device: Device, place: Num) -> Bool:
    slot = slot_at(device, place)
    in_slot = is_slot(scope, place) & slot.is_complete & slot.is_finished
    return in_slot | ((place == scope.factory) & fact(scope.has_factory))


def way_back_is_finished(scope: Scope, device: Device) -> Bool:
    """The place to go back to is another one, and if its image verifies, that was verified or provisioned."""
    state = rest_state(scope, device)
    is_due = state.is_some & ~state.is_tried & (state.other != scope.nowhere)
    slot = slot_at(device, state.other)
    is_known = ~is_slot(scope, state.other) | slot.is_complete.implies(slot.is_finished)
    return is_due.implies(is_known & (state.other != state.current))


def way_back_is_earned(scope: Scope, device: Device) -> Bool:
    """With rollback, the place to go back to holds an image that was accepted or provisioned."""
    if not scope.config.rollback:
        return fact(True)
    state = rest_state(scope, device)
    slot = slot_at(device, state.other)
    is_due = state.is_some & ~state.is_tried & is_slot(scope, state.other) & slot.is_complete
    return is_due.implies(slot.is_earned)


def home_of_a_new_image_is_whole(scope: Scope, device: Device) -> Bool:
    """With rollback, a marked image has a place to go back to, and that loads."""
    state = rest_state(scope, device)
    return (fact(scope.config.rollback) & state.is_new).implies(is_whole(scope, device, state.other))


def settled_current_is_earned(scope: Scope, device: Device) -> Bool:
    """Unless it is new or only selected, the current image was accepted or provisioned."""
    state = rest_state(scope, device)
    is_due = state.is_some & (state.word == Word.VALID)
    return is_due.implies(is_earned(scope, device, state.current))


def tried_image_is_another(scope: Scope, device: Device) -> Bool:
    """What was tried is not what is current."""
    state = rest_state(scope, device)
    return (state.is_some & state.is_tried).implies(state.other != state.current)


def without_state_nothing_has_run(scope: Scope, device: Device) -> Bool:
    """Without a record, no application has begun yet, and the first image is there."""
    state = rest_state(scope, device)
    first = number(scope.factory if scope.has_factory else 0)
    early = device.task.is_in(Task.OFF, Task.SELECT, Task.FRESH)
    return state.is_some | (early & is_earned(scope, device, first))


def running_image_has_its_state(scope: Scope, device: Device) -> Bool:
    """What runs is current, or on trial, or the one that has marked another."""
    state = rest_state(scope, device)
    is_current = state.selects(device.running)
    is_tried = state.is_some & state.is_tried & (state.other == device.running)
    is_home = state.is_some & ~state.is_tried & (state.other == device.running)
    is_home = is_home & (state.is_new if scope.config.rollback else fact(True))
    begun = device.task >= Task.RUN
    started = device.task.is_in(Task.STARTED, Task.BURN_FRESH)
    if scope.usage is Usage.ANY:
        # Factory was selected since.
        is_home = is_home | (state.selects(scope.factory) & ~state.is_new)
    new_runs = fact(scope.config.rollback) & state.is_new & is_current
    return (begun.implies((is_current & ~new_runs) | is_tried | is_home)) & started.implies(
        (is_current & ~new_runs) | is_tried
    )


def running_turned_image_is_whole(scope: Scope, device: Device) -> Bool:
    """What runs loads, and was verified or provisioned."""
    begun = (device.task >= Task.RUN) | device.task.is_in(Task.STARTED, Task.BURN_FRESH, Task.FRESH)
    is_sound = _is_finished(scope, device, device.running) & is_whole(scope, device, device.running)
    return begun.implies(is_sound)


def no_call_on_trial(scope: Scope, device: Device) -> Bool:
    """What is refused on trial does not go on then, nor is a session open."""
    is_busy = device.task.is_in(*CALLED) | ((device.task >= Task.RUN) & (device.session | device.other_session))
    return is_busy.implies(~is_on_trial(scope, at_rest(scope, device)))


def settled_running_image_is_earned(scope: Scope, device: Device) -> Bool:
    """With rollback, an image that runs and is not on trial was accepted or provisioned."""
    if not scope.config.rollback:
        return fact(True)
    is_tested = is_on_trial(scope, at_rest(scope, device))
    is_due = (device.task >= Task.RUN) & ~is_tested & (device.task != Task.ACCEPT)
    return is_due.implies(is_earned(scope, device, device.running))


def accepting_image_is_earned(scope: Scope, device: Device) -> Bool:
    """What accepts itself counts as accepted, and was on trial or selected."""
    state = rest_state(scope, device)
    is_selected = state.is_selected & state.selects(device.running)
    is_due = is_on_trial(scope, at_rest(scope, device)) | is_selected
    return (device.task == Task.ACCEPT).implies(is_due & is_earned(scope, device, device.running))


def wiped_slot_is_not_kept(scope: Scope, device: Device) -> Bool:
    """A slot that is being erased does not run, and the state neither starts it nor goes back to it."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    of_target = device.task.is_in(Task.COMMENCE, Task.REJECT)
    of_asked = device.task == Task.ERASE_LAST
    too_old = (device.asked != device.running) & is_slot(scope, device.asked) & ~state.selects(device.asked)
    too_old = too_old & ~(state.is_new & (state.other == device.asked))
    spared = ~state.keeps(target) & (target != device.running)
    spared_asked = ~state.keeps(device.asked) & (device.asked != device.running) & is_slot(scope, device.asked)
    return (
        of_target.implies(spared)
        & of_asked.implies(spared_asked)
        & (device.task == Task.SET_BOOT_REJECT).implies(too_old)
    )


def session_is_of_a_running_program(scope: Scope, device: Device) -> Bool:
    """A session is open only while an application runs."""
    return (device.session | device.other_session).implies(device.task >= Task.RUN)


def session_is_of_another_slot(scope: Scope, device: Device) -> Bool:
    """A session is on a slot that does not run and that the state does not keep, unless somebody selected it since."""
    state, target = rest_state(scope, device), next_update_slot(device)
    is_marked = state.is_new if scope.config.rollback else state.is_selected
    selected = state.selects(target) & is_marked & (state.other == device.running) & fact(scope.usage is Usage.ANY)
    is_open = (device.session | device.other_session) & (device.task >= Task.RUN)
    return is_open.implies((target != device.running) & (~state.keeps(target) | selected))


def selected_slot_is_another(scope: Scope, device: Device) -> Bool:
    """What complete() or esp_ota_set_boot_partition() is about to select is not selected yet, and is sound."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    sound = _is_finished(scope, device, target) & is_whole(scope, device, target) & ~state.selects(target)
    asked = _is_finished(scope, device, device.asked) & is_whole(scope, device, device.asked)
    asked = asked & ~state.selects(device.asked)
    of_complete = (device.task == Task.COMPLETE).implies(sound & (target != device.running))
    return of_complete & (device.task == Task.SET_BOOT).implies(asked)


def unnamed_slot_is_kept(scope: Scope, device: Device) -> Bool:
    """Before it is erased, the state still names the slot; what forgets it is what runs."""
    state = rest_state(scope, device)
    target = next_update_slot(device)
    unnaming = device.task.is_in(Task.UNNAME, Task.UNNAME_RESUMED)
    of_target = unnaming.implies(state.keeps(target) & (target != device.running))
    is_last = (state.other == device.asked) & is_slot(scope, device.asked) & (device.asked != device.running)
    is_last = is_last & state.has_way_back & state.selects(device.running)
    return of_target & (device.task == Task.FORGET_LAST).implies(is_last)


def rollback_has_a_way(scope: Scope, device: Device) -> Bool:
    """While rollback() writes, what runs is current and settled, and the other place loads."""
    state = rest_state(scope, device)
    is_way = state.has_way_back & state.selects(device.running) & (state.other != device.running)
    return (device.task == Task.ROLLBACK).implies(is_way & is_whole(scope, device, state.other))


def boot_tasks_have_their_state(scope: Scope, device: Device) -> Bool:
    """A try is of a new image; a first record is for the first image; a burn is of the current one."""
    state = rest_state(scope, device)
    tries = (device.task == Task.TRY).implies(state.is_new & fact(scope.config.rollback))
    first = boot_choice(scope, at_rest(scope, device))
    fresh = (device.task == Task.FRESH).implies(~state.is_some & (device.running == first))
    return tries & fresh


def burning_sector_decides(scope: Scope, device: Device) -> Bool:
    """While the bootloader burns, the sector that it notes is the one that decides, and its image is accepted."""
    chosen, state = deciding(device.records), logical_state(scope, device.records)
    is_its = chosen.is_some & (device.sector == chosen.sector) & (state.word == Word.VALID) & ~state.is_tried
    return (device.task == Task.BURN).implies(is_its & is_slot(scope, state.current))


def selecting_calls_expect_nothing(scope: Scope, device: Device) -> Bool:
    """While a call selects, accepts or goes back, nothing is expected of the next start."""
    tasks = (Task.COMPLETE, Task.ACCEPT, Task.BURN_ACCEPT, Task.ROLLBACK, Task.SET_BOOT)
    return device.task.is_in(*tasks).implies(device.expectation == Expectation.NONE)


def burning_image_was_accepted(scope: Scope, device: Device) -> Bool:
    """While accept() burns, what runs is current and VALID."""
    state = rest_state(scope, device)
    is_its = state.selects(device.running) & (state.word == Word.VALID) & ~state.is_tried
    return (device.task == Task.BURN_ACCEPT).implies(is_its)


def marked_image_is_new(scope: Scope, device: Device) -> Bool:
    """A marked image is in the state as such, with what ran when it was marked; once noted, as tried."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.MARKED
    is_new = state.is_new if scope.config.rollback else state.is_selected
    waits = is_new & (state.current == device.expected) & (state.other == device.previous)
    tried = (device.task == Task.STARTED) & state.is_some & state.is_tried & (state.other == device.expected)
    tried = tried & (state.current == device.previous) & (device.running == device.expected)
    tasks = device.task.is_in(Task.OFF, Task.SELECT, Task.TRY, Task.STARTED, Task.RUN, Task.STUCK)
    settled = waits & (device.task != Task.STARTED) if scope.config.rollback else waits
    return is_due.implies(tasks & (settled | (tried & fact(scope.config.rollback))))


def tried_image_has_its_home(scope: Scope, device: Device) -> Bool:
    """Where a try is over, the state is TRIED, and starts what is expected."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.TRIED
    return is_due.implies(state.is_some & state.is_tried & (state.current == device.expected))


def accepted_image_is_current(scope: Scope, device: Device) -> Bool:
    """An accepted image is current, and not new."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.ACCEPTED
    is_its = state.selects(device.expected) & (state.word == Word.VALID)
    tasks = ~device.task.is_in(Task.TRY, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK, Task.SET_BOOT, Task.BURN_ACCEPT)
    return is_due.implies(tasks & is_its)


def refused_image_is_not_current(scope: Scope, device: Device) -> Bool:
    """After rollback() another place is current."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.REFUSED
    is_other = state.is_some & ~state.is_new & (state.current != device.expected)
    runs = device.task.is_in(Task.STARTED).implies(device.running == state.current)
    tasks = device.task.is_in(Task.SELECT, Task.BURN, Task.STARTED)
    return is_due.implies(is_other & runs & tasks)


def previous_of_a_refused_image_is_current(scope: Scope, device: Device) -> Bool:
    """After rollback() what ran when the refused image was marked is current, where that is known."""
    is_due = (device.expectation == Expectation.REFUSED) & (device.previous != scope.nowhere)
    return is_due.implies(rest_state(scope, device).current == device.previous)


def selected_place_is_current(scope: Scope, device: Device) -> Bool:
    """What was selected is current; once noted as tried, it is what starts."""
    state = rest_state(scope, device)
    is_due = device.expectation == Expectation.SELECTED
    is_tried = state.is_some & state.is_tried & (state.other == device.expected) & (device.running == device.expected)
    is_tried = is_tried & (device.task == Task.STARTED)
    tasks = device.task.is_in(Task.OFF, Task.SELECT, Task.TRY, Task.BURN, Task.STARTED, Task.RUN)
    starts = (device.task == Task.STARTED).implies(device.running == device.expected)
    return is_due.implies(tasks & starts & (state.selects(device.expected) | is_tried))


def choice_at_rest_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """Where the choice of a call is open, the state at rest and the record to come start one of the two."""
    is_due = (device.old_choice != scope.nowhere) & ~device.task.is_in(Task.STARTED, Task.STUCK)

    def is_either(place: Num) -> Bool:
        return (place == device.old_choice) | (place == device.new_choice)

    rest = is_either(boot_choice(scope, at_rest(scope, device)))
    whole = (is_programming(device) & (device.task != Task.TRY)).implies(is_either(boot_choice(scope, device)))
    coming_ones = all_of(
        (device.task == task).implies(is_either(boot_choice(scope, _with_coming(scope, device, task))))
        for task in tasks_that_write(scope)
        if task is not Task.TRY
    )
    return is_due.implies(rest & whole & (device.phase == Phase.ERASE).implies(coming_ones))


def _with_coming(scope: Scope, device: Device, task: Task) -> Device:
    return replace(device, records=with_record(device, device.sector, coming(scope, device, task)))


def started_choice_is_old_or_new(scope: Scope, device: Device) -> Bool:
    """What starts is the old or the new choice, where one is open."""
    is_due = (device.old_choice != scope.nowhere) & device.task.is_in(Task.STARTED, Task.FRESH, Task.BURN_FRESH)
    return is_due.implies((device.running == device.old_choice) | (device.running == device.new_choice))


def origin_is_the_way_back(scope: Scope, device: Device) -> Bool:
    """The way back of the image that was marked last is what ran then, as long as there is one."""
    state = rest_state(scope, device)
    is_due = (device.upgraded != scope.nowhere) & state.is_some
    settled = state.has_way_back & state.selects(device.upgraded) & (state.other != scope.nowhere)
    tried = state.is_tried & (state.other == device.upgraded)
    new = state.is_new & state.selects(device.upgraded)
    back = settled.implies(state.other == device.upgraded_from) & tried.implies(state.current == device.upgraded_from)
    return is_due.implies(back & new.implies(state.other == device.upgraded_from))


def kept_places_are_not_rejected(scope: Scope, device: Device) -> Bool:
    """Neither the current place nor one to go back to was rejected, nor is what runs or is about to be selected."""
    state = rest_state(scope, device)

    def is_rejected(place: Num) -> Bool:
        return is_slot(scope, place) & slot_at(device, place).is_rejected

    current = state.is_some.implies(~is_rejected(state.current))
    back = (state.is_some & ~state.is_tried).implies(~is_rejected(state.other))
    runs = (device.task >= Task.STARTED) & (device.task != Task.STUCK)
    asked = (device.task == Task.SET_BOOT).implies(~is_rejected(device.asked))
    asked = asked & (device.task == Task.COMPLETE).implies(~is_rejected(next_update_slot(device)))
    return current & back & asked & runs.implies(~is_rejected(device.running))


def kept_versions_are_burned(scope: Scope, device: Device) -> Bool:
    """With anti-rollback, the version of a settled image is burned: but for a current one that does not run yet."""
    if not scope.config.anti_rollback:
        return fact(True)
    state = rest_state(scope, device)

    def is_burned(place: Num) -> Bool:
        slot = slot_at(device, place)
        is_same = burned_up_to(scope, device.burned, slot.version) == device.burned
        return (is_slot(scope, place) & slot.is_complete).implies(is_same)

    back = (state.is_some & ~state.is_tried).implies(is_burned(state.other))
    current = (state.is_some & state.is_tried).implies(is_burned(state.current))
    is_tested = is_on_trial(scope, at_rest(scope, device))
    settled = (device.task >= Task.RUN) & ~is_tested & ~device.task.is_in(Task.ACCEPT, Task.BURN_ACCEPT)
    return back & current & settled.implies(is_burned(device.running))


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
