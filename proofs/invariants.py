"""Facts that hold in every state that is reached, stated to make the claims provable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..model.calls import is_under_test
from ..model.device import (
    Content,
    Device,
    Expectation,
    Ghost,
    Phase,
    Scope,
    Slot,
    Task,
    efuse_version,
    record_in,
    slot_at,
)
from ..model.flash_steps import ERASES, REWRITES
from ..model.records import Check, Record, Sector, Word, active
from ..model.selection import boot_choice, device_after_boot, is_slot, is_version_allowed, next_update_slot
from ..model.terms import Bool, Num, all_of, any_of, choose, fact, number

Statement = Callable[[Scope, Device], Bool]

BOOTING = (Task.OFF, Task.SELECT, Task.ABORT, Task.TRY, Task.BURN, Task.STUCK)
BEGUN = tuple(task for task in Task if task >= Task.STARTED and task is not Task.STUCK)
CALLS = tuple(task for task in Task if task >= Task.RUN)


@dataclass(frozen=True, slots=True)
class Invariant:
    name: str
    is_kept: Statement


def _fits(scope, device):
    places = (device.running, device.expected, device.previous, device.old_choice, device.new_choice)
    return all_of(
        (
            device.task <= max(Task),
            device.expectation <= max(Expectation),
            *(place <= scope.nowhere for place in places),
            *(r.check <= Check.RIGHT for r in device.records),
            *(r.word <= Word.UNDEFINED for r in device.records),
            *(r.slot < scope.slots for r in device.records),
            *(s.version < scope.versions for s in device.slots),
        )
    )


def task(device, *tasks):
    return device.task.is_in(*tasks)


def whole(scope, device, place):
    """The place holds an image that verifies and may run."""
    return (
        slot_at(device, place).is_complete
        & is_version_allowed(scope, device, slot_at(device, place).version)
        & is_slot(scope, place)
    ) | ((place == scope.factory) & fact(scope.has_factory) & is_version_allowed(scope, device, number(0)))


LIB: dict[str, Statement] = {}


def inv(f):
    LIB[f.__name__] = f
    return f


inv(_fits)


@inv
def phase_only_in_rewrites(s, d):
    return (d.phase == 1).implies(task(d, *REWRITES))


@inv
def sector_only_in_rewrites(s, d):
    return (d.sector == 1).implies(task(d, *REWRITES, *ERASES, Task.BURN))


@inv
def sector_forget_first(s, d):
    return task(d, Task.FORGET_FIRST, Task.FRESH).implies(d.sector == 0)


@inv
def sector_forget_second(s, d):
    return task(d, Task.FORGET_SECOND).implies(d.sector == 1)


@inv
def only_right_records_have_numbers(s, d):
    return all_of((r.is_right | ((r.slot == 0) & (r.seq == 0))) for r in d.records)


@inv
def numbers_name_slots(s, d):
    return all_of(
        r.is_right.implies((r.seq > r.slot) & ((r.seq > s.slots) | (r.seq == r.slot + number(1, 5)))) for r in d.records
    )


@inv
def equal_numbers_equal_slots(s, d):
    a, b = d.records
    return (a.is_right & b.is_right & (a.seq == b.seq)).implies(a.slot == b.slot)


@inv
def nothing_runs_while_booting(s, d):
    return task(d, *BOOTING).implies((d.running == s.nowhere) & ~d.session)


@inv
def something_runs(s, d):
    return task(d, *(t for t in Task if t not in BOOTING)).implies(
        is_slot(s, d.running) | ((d.running == s.factory) & fact(s.has_factory))
    )


@inv
def fresh_runs_slot(s, d):
    return task(d, Task.FRESH, Task.BURN_FRESH).implies(is_slot(s, d.running))


@inv
def session_in_calls(s, d):
    return d.session.implies(task(d, *CALLS))


@inv
def session_has_target(s, d):
    return (d.session | task(d, Task.COMMENCE, Task.REJECT, Task.COMPLETE)).implies(
        next_update_slot(s, d.running) != d.running
    )


@inv
def version_only_described(s, d):
    return all_of(sl.has_description | (sl.version == 0) for sl in d.slots)


@inv
def finished_is_complete(s, d):
    return all_of(sl.is_finished.implies(sl.is_complete) for sl in d.slots)


@inv
def earned_is_finished(s, d):
    return all_of(sl.is_earned.implies(sl.is_finished) for sl in d.slots)


@inv
def earned_is_complete(s, d):
    return all_of(sl.is_earned.implies(sl.is_complete) for sl in d.slots)


@inv
def running_is_whole(s, d):
    return task(d, *(t for t in Task if t not in BOOTING)).implies(whole(s, d, d.running))


@inv
def some_image_is_whole(s, d):
    return any_of(whole(s, d, number(p, s.place_bits)) for p in range(s.slots + 1))


from ..model.records import BLANK
from ..model.selection import aborted
from ..model.device import with_record
from ..model.config import Release
from ..model.device import Usage
from ..model.calls import TOP
from ..model.records import Numbers


def lost(d):
    return replace(d, records=with_record(d, d.sector, BLANK))


def without(d, i):
    return replace(d, records=tuple(BLANK if j == i else r for j, r in enumerate(d.records)))


def good(s, d, place, earned=False):
    sl = slot_at(d, place)
    return whole(s, d, place) & (~is_slot(s, place) | (sl.is_earned if earned else sl.is_finished))


def rest(f):
    """of the device as it is, and of it as a cut leaves it"""
    LIB[f.__name__] = lambda s, d: f(s, d)
    LIB[f.__name__ + "_lost"] = lambda s, d: task(d, *REWRITES, *ERASES).implies(f(s, lost(d)))
    return f


def named(d, r):
    return slot_at(d, r.slot)


def has_fin(s):
    return Ghost.FINISHED in s.ghosts


def is_new(r):
    return r.is_right & (r.word == Word.NEW)


def is_open(r):
    return r.is_right & r.word.is_in(Word.NEW, Word.PENDING_VERIFY)


@rest
def choice_is_whole(s, d):
    return whole(s, d, boot_choice(s, d))


@rest
def choice_is_finished(s, d):
    return good(s, d, boot_choice(s, d))


@rest
def choice_is_earned(s, d):
    return any_of(is_new(r) for r in d.records) | good(s, d, boot_choice(s, d), True)


@rest
def active_is_complete(s, d):
    a = active(aborted(s, d.records))
    return a.is_some.implies(named(d, a.of(d.records)).is_complete)


@rest
def one_open(s, d):
    a, b = d.records
    return ~(is_open(a) & is_open(b))


@rest
def one_pending_word(s, d):
    a, b = d.records
    return ~(a.is_under_test & b.is_under_test)


@rest
def open_is_newest(s, d):
    a, b = d.records
    return (is_open(a) & b.is_bootable).implies(b.seq < a.seq) & (is_open(b) & a.is_bootable).implies(a.seq < b.seq)


@rest
def open_is_finished(s, d):
    return all_of(is_open(r).implies(good(s, d, r.slot)) for r in d.records)


@rest
def open_has_other_choice(s, d):
    return all_of(
        is_open(r).implies(
            good(s, without(d, i), boot_choice(s, without(d, i)), True) & (boot_choice(s, without(d, i)) != r.slot)
        )
        for i, r in enumerate(d.records)
    )


@rest
def valid_is_complete(s, d):
    return all_of((r.is_right & (r.word == Word.VALID)).implies(named(d, r).is_complete) for r in d.records)


@rest
def valid_is_earned(s, d):
    return all_of((r.is_right & (r.word == Word.VALID)).implies(named(d, r).is_earned) for r in d.records)


@rest
def complete_valid_is_earned(s, d):
    return all_of(
        (r.is_right & (r.word == Word.VALID) & named(d, r).is_complete).implies(named(d, r).is_earned)
        for r in d.records
    )


@rest
def bootable_is_complete(s, d):
    return all_of(r.is_bootable.implies(named(d, r).is_complete) for r in d.records)


@rest
def bootable_is_finished(s, d):
    return all_of(r.is_bootable.implies(named(d, r).is_finished) for r in d.records)


@rest
def right_has_word(s, d):
    return all_of(r.is_right.implies(r.word != Word.UNDEFINED) for r in d.records)


@rest
def two_bootable_differ(s, d):
    a, b = d.records
    return (a.is_bootable & b.is_bootable).implies(a.slot != b.slot)


@rest
def two_right_differ(s, d):
    a, b = d.records
    return (a.is_right & b.is_right).implies(a.slot != b.slot)


@rest
def bootable_and_refused_differ(s, d):
    a, b = d.records
    return (a.is_right & b.is_right & (a.is_bootable | b.is_bootable)).implies(a.slot != b.slot)


@rest
def numbers_differ(s, d):
    a, b = d.records
    return (a.is_right & b.is_right).implies(a.seq != b.seq)


def nxt(s, x):
    return choose(x == s.slots - 1, number(0), x + 1)


@rest
def two_bootable_follow(s, d):
    a, b = d.records
    both = a.is_bootable & b.is_bootable
    return (
        (both & (a.seq < b.seq)).implies(b.slot == nxt(s, a.slot))
        & (both & (b.seq < a.seq)).implies(a.slot == nxt(s, b.slot))
        & both.implies(a.seq != b.seq)
    )


@rest
def refused_follows(s, d):
    a, b = d.records
    f = lambda x, y: (x.is_bootable & y.is_right & ~y.is_bootable).implies(y.slot == nxt(s, x.slot))
    return f(a, b) & f(b, a)


@rest
def no_active_means_slot0(s, d):
    a = active(aborted(s, d.records))
    return fact(s.has_factory) | a.is_some | good(s, d, number(0), True)


@rest
def slot_parity(s, d):
    return (
        all_of(r.is_right.implies(r.slot.is_in(*range(i, s.slots, 2))) for i, r in enumerate(d.records))
        if s.slots % 2 == 0
        else fact(True)
    )


RUNNING = (Task.STARTED, Task.RUN, Task.COMMENCE, Task.SPARE, Task.COMPLETE, Task.REJECT)


def A(d):
    return active(d.records)


@inv
def testing_is_active(s, d):
    r = A(d).of(d.records)
    return (task(d, Task.STARTED, *CALLS) & is_under_test(s, d)).implies(
        A(d).is_some & (r.slot == d.running) & (r.word == Word.PENDING_VERIFY)
    )


@inv
def running_is_choice(s, d):
    return (task(d, Task.STARTED, Task.RUN, Task.COMMENCE, Task.SPARE, Task.REJECT) & ~is_under_test(s, d)).implies(
        boot_choice(s, d) == d.running
    )


@inv
def running_is_active(s, d):
    return (task(d, Task.STARTED, Task.RUN, Task.COMMENCE, Task.SPARE, Task.REJECT)).implies(
        choose(A(d).is_some, A(d).of(d.records).slot == d.running, ~is_slot(s, d.running) | (d.running == 0))
    )


@inv
def running_erases_is_active(s, d):
    return (task(d, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK) & (d.phase == 0)).implies(
        choose(A(d).is_some, A(d).of(d.records).slot == d.running, ~is_slot(s, d.running) | (d.running == 0))
    )


@inv
def pending_only_runs(s, d):
    return task(d, *(t for t in CALLS), Task.STARTED).implies(
        all_of((r.word != Word.PENDING_VERIFY) | r.names(d.running) for r in d.records)
    )


@inv
def no_new_while_running(s, d):
    return (
        task(
            d,
            Task.RUN,
            Task.STARTED,
            Task.COMMENCE,
            Task.SPARE,
            Task.REJECT,
            Task.ROLLBACK,
            Task.ACCEPT,
            Task.BURN_ACCEPT,
        )
        | (task(d, Task.COMPLETE) & (d.phase == 0))
    ).implies(all_of(~is_new(r) for r in d.records))


@inv
def session_is_not_testing(s, d):
    return (d.session | task(d, Task.COMMENCE, Task.SPARE, Task.COMPLETE, Task.REJECT)).implies(
        ~any_of(r.is_under_test & r.is_right for r in d.records)
    )


@inv
def spare_is_spare(s, d):
    return task(d, Task.SPARE).implies(A(d).is_some & (d.sector == A(d).other_sector))


@inv
def complete_is_spare(s, d):
    return (task(d, Task.COMPLETE) & (d.phase == 0)).implies(d.sector == A(d).other_sector)


@inv
def complete_target_finished(s, d):
    return (task(d, Task.COMPLETE)).implies(good(s, d, next_update_slot(s, d.running)))


@inv
def complete_programs(s, d):
    return (task(d, Task.COMPLETE) & (d.phase == 1)).implies(
        (record_in(d, d.sector).slot == next_update_slot(s, d.running))
        & (record_in(d, d.sector).word == Word.NEW)
        & record_in(d, d.sector).is_right
    )


@inv
def complete_choice_lost(s, d):
    return (task(d, Task.COMPLETE)).implies(boot_choice(s, lost(d)) == d.running)


@inv
def accept_sector(s, d):
    return (task(d, Task.ACCEPT, Task.ROLLBACK) & (d.phase == 0)).implies(A(d).is_some & (d.sector == A(d).sector))


@inv
def accept_tests(s, d):
    return (task(d, Task.ACCEPT) & (d.phase == 0)).implies(
        record_in(d, d.sector).names(d.running)
        & (record_in(d, d.sector).word == Word.PENDING_VERIFY)
        & slot_at(d, d.running).is_earned
    )


@inv
def accept_programs(s, d):
    return (task(d, Task.ACCEPT) & (d.phase == 1)).implies(
        record_in(d, d.sector).names(d.running)
        & (record_in(d, d.sector).word == Word.VALID)
        & (boot_choice(s, d) == d.running)
        & slot_at(d, d.running).is_earned
    )


@inv
def rollback_programs(s, d):
    return (task(d, Task.ROLLBACK) & (d.phase == 1)).implies(
        record_in(d, d.sector).names(d.running)
        & (record_in(d, d.sector).word == Word.INVALID)
        & (boot_choice(s, d) != d.running)
    )


@inv
def rollback_lost(s, d):
    return (task(d, Task.ROLLBACK)).implies((boot_choice(s, lost(d)) != d.running))


@inv
def rollback_has_other(s, d):
    return (task(d, Task.ROLLBACK)).implies(good(s, lost(d), boot_choice(s, lost(d)), True))


@inv
def try_sector(s, d):
    return (task(d, Task.TRY) & (d.phase == 0)).implies(
        A(d).is_some
        & (d.sector == A(d).sector)
        & is_new(record_in(d, d.sector))
        & ~any_of(r.is_under_test for r in d.records)
    )


@inv
def try_programs(s, d):
    return (task(d, Task.TRY) & (d.phase == 1)).implies(
        record_in(d, d.sector).is_right & (record_in(d, d.sector).word == Word.PENDING_VERIFY)
    )


@inv
def abort_sector(s, d):
    return (task(d, Task.ABORT) & (d.phase == 0)).implies(record_in(d, d.sector).is_under_test)


@inv
def abort_programs(s, d):
    return (task(d, Task.ABORT) & (d.phase == 1)).implies(record_in(d, d.sector).word == Word.ABORTED)


@inv
def fresh_lost(s, d):
    return task(d, Task.FRESH, Task.BURN_FRESH).implies((d.running == 0) & ~active(lost(d).records).is_some)


@inv
def burn_fresh_is_active(s, d):
    return task(d, Task.BURN_FRESH).implies(A(d).is_some & (A(d).of(d.records).slot == d.running))


@inv
def accepted_choice(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(boot_choice(s, d) == d.expected)


@inv
def accepted_choice_lost(s, d):
    return ((d.expectation == Expectation.ACCEPTED) & task(d, *REWRITES, *ERASES)).implies(
        boot_choice(s, lost(d)) == d.expected
    )


@inv
def accepted_no_new(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(all_of(~is_open(r) for r in d.records))


@inv
def refused_choice(s, d):
    return (d.expectation == Expectation.REFUSED).implies(boot_choice(s, d) != d.expected)


@inv
def refused_choice_lost(s, d):
    return ((d.expectation == Expectation.REFUSED) & task(d, *REWRITES, *ERASES)).implies(
        boot_choice(s, lost(d)) != d.expected
    )


@inv
def refused_in_boot(s, d):
    return (d.expectation == Expectation.REFUSED).implies(
        task(d, Task.SELECT, Task.ABORT, Task.BURN, Task.FRESH, Task.BURN_FRESH, Task.STARTED)
        & all_of(~is_new(r) for r in d.records)
    )


@inv
def expected_place(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(good(s, d, d.expected, True))


def _open_choice(s, d):
    return d.old_choice != s.nowhere


def _either(s, d, x):
    return (x == d.old_choice) | (x == d.new_choice)


@inv
def choice_open_tasks(s, d):
    return task(d, Task.RUN).implies(~_open_choice(s, d)) & (
        task(d, *(t for t in CALLS if t is not Task.RUN)).implies(_open_choice(s, d))
    )


@inv
def tasks_of_scope(s, d):
    none = set()
    if s.usage is Usage.PROPER:
        none |= {Task.SET_BOOT, Task.FORGET_FIRST, Task.FORGET_SECOND}
    if not s.has_factory:
        none |= {Task.FORGET_FIRST, Task.FORGET_SECOND}
    if not s.config.rollback:
        none |= {Task.ABORT, Task.TRY}
    if not s.config.rollback or s.config.app_release < Release.V5_5:
        none |= {Task.SPARE}
    if not s.config.anti_rollback:
        none |= {Task.BURN, Task.BURN_FRESH, Task.BURN_ACCEPT, Task.REJECT}
    if s.has_factory:
        none |= {Task.FRESH, Task.BURN_FRESH}
    return ~task(d, *none)


@inv
def numbers_in_range(s, d):
    return all_of(r.seq < TOP + s.slots for r in d.records) if s.numbers is Numbers.EXACT else fact(True)


@inv
def choice_either(s, d):
    return _open_choice(s, d).implies(_either(s, d, boot_choice(s, d)))


@inv
def choice_either_lost(s, d):
    return (_open_choice(s, d) & task(d, *REWRITES, *ERASES)).implies(_either(s, d, boot_choice(s, lost(d))))


@inv
def choice_either_new(s, d):
    return _open_choice(s, d).implies(
        all_of(is_open(r).implies(_either(s, d, boot_choice(s, without(d, i)))) for i, r in enumerate(d.records))
    )


@inv
def choice_either_new_slot(s, d):
    return _open_choice(s, d).implies(all_of(is_new(r).implies(_either(s, d, r.slot)) for i, r in enumerate(d.records)))


@inv
def choice_either_tried(s, d):
    return (_open_choice(s, d) & task(d, Task.TRY)).implies(_either(s, d, record_in(d, d.sector).slot))


@inv
def choice_started(s, d):
    return (_open_choice(s, d) & task(d, Task.STARTED, Task.FRESH, Task.BURN_FRESH)).implies(_either(s, d, d.running))


@inv
def fresh_is_first(s, d):
    return task(d, Task.FRESH).implies(
        all_of((r.word != Word.PENDING_VERIFY) & (~r.is_right | (d.phase == 1)) for r in d.records)
        & ~d.records[1].is_right
    )


@rest
def open_other_or_slot0(s, d):
    return fact(s.has_factory) | all_of(
        is_open(r).implies(active(without(d, i).records).is_some | good(s, d, number(0), True))
        for i, r in enumerate(d.records)
    )


@inv
def complete_has_next(s, d):
    return (
        (task(d, Task.COMPLETE, Task.SET_BOOT) & (d.phase == 0)).implies(all_of(r.seq < TOP for r in d.records))
        if s.numbers is Numbers.EXACT
        else fact(True)
    )


def starts_over(s):
    return s.has_factory and not s.config.anti_rollback


def first_target(s):
    return 0 if s.has_factory else 1 % s.slots


@rest
def no_active_means_factory(s, d):
    return fact(not s.has_factory) | active(aborted(s, d.records)).is_some | (boot_choice(s, d) == s.factory)


@rest
def open_other_or_factory(s, d):
    return fact(not s.has_factory) | all_of(
        is_open(r).implies(active(without(d, i).records).is_some | (boot_choice(s, without(d, i)) == s.factory))
        for i, r in enumerate(d.records)
    )


@inv
def running_is_named(s, d):
    return (
        task(d, Task.STARTED, Task.RUN, Task.COMMENCE, Task.SPARE, Task.REJECT)
        | (task(d, Task.COMPLETE, Task.ACCEPT, Task.ROLLBACK) & (d.phase == 0))
    ).implies(~A(d).is_some | (A(d).of(d.records).slot == d.running))


@inv
def words_of_scope(s, d):
    if s.config.rollback:
        return fact(True)
    return all_of(~r.word.is_in(Word.NEW, Word.PENDING_VERIFY, Word.ABORTED) for r in d.records)


@rest
def no_active_no_right(s, d):
    return active(d.records).is_some | ~any_of(r.is_right for r in d.records)


@inv
def accept_is_undefined(s, d):
    return fact(s.config.rollback) | (task(d, Task.ACCEPT) & (d.phase == 0)).implies(
        record_in(d, d.sector).names(d.running) & (record_in(d, d.sector).word == Word.UNDEFINED)
    )


@rest
def no_active_second_right(s, d):
    first, second = d.records
    return fact(starts_over(s)) | active(aborted(s, d.records)).is_some | ~second.is_right


@inv
def complete_programs_any(s, d):
    return (task(d, Task.COMPLETE) & (d.phase == 1)).implies(
        (record_in(d, d.sector).slot == next_update_slot(s, d.running)) & record_in(d, d.sector).is_right
    )


@inv
def rollback_names(s, d):
    return (task(d, Task.ROLLBACK) & (d.phase == 0)).implies(record_in(d, d.sector).names(d.running))


@rest
def no_active_second_blank(s, d):
    first, second = d.records
    return (
        fact(starts_over(s))
        | active(aborted(s, d.records)).is_some
        | (~second.is_right & (~first.is_right | (first.slot == first_target(s))))
    )


@inv
def fresh_programs(s, d):
    return (task(d, Task.FRESH) & (d.phase == 1)).implies(
        d.records[0].names(d.running) & (d.records[0].word == Word.VALID)
    )


@inv
def accepted_tasks(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(
        ~task(d, Task.COMPLETE, Task.REJECT, Task.ROLLBACK, Task.ACCEPT, Task.BURN_ACCEPT, Task.TRY)
    )


@inv
def accept_new_choice(s, d):
    return task(d, Task.ACCEPT, Task.BURN_ACCEPT).implies(d.new_choice == d.running)


@inv
def complete_choices(s, d):
    return task(d, Task.COMPLETE).implies(
        (d.new_choice == next_update_slot(s, d.running)) & (d.old_choice == d.running)
    )


def starts_over(s):
    return s.has_factory and not s.config.anti_rollback


def first_target(s):
    return 0 if s.has_factory else 1 % s.slots


@inv
def rollback_other_active(s, d):
    return task(d, Task.ROLLBACK).implies(fact(starts_over(s)) | active(lost(d).records).is_some)


@rest
def open_other_or_blank(s, d):
    def f(d):
        first, second = d.records
        return (
            fact(starts_over(s))
            | active(d.records).is_some
            | (~second.is_right & (~first.is_right | (first.slot == first_target(s))))
        )

    return all_of(is_open(r).implies(f(without(d, i))) for i, r in enumerate(d.records))


@rest
def open_alone_is_first(s, d):
    return fact(starts_over(s)) | all_of(
        is_open(r).implies(active(without(d, i).records).is_some | (fact(i == 0) & (r.slot == first_target(s))))
        for i, r in enumerate(d.records)
    )


@inv
def burn_is_active(s, d):
    r = record_in(d, d.sector)
    return task(d, Task.BURN).implies(
        A(d).is_some
        & (A(d).sector == d.sector)
        & (r.word == Word.VALID)
        & all_of(x.word != Word.PENDING_VERIFY for x in d.records)
    )


@inv
def burn_no_new(s, d):
    return task(d, Task.BURN).implies(all_of(~is_new(r) for r in d.records))


@inv
def burn_choice(s, d):
    return task(d, Task.BURN).implies(boot_choice(s, d) == record_in(d, d.sector).slot)


@inv
def burn_accept_active(s, d):
    r = A(d).of(d.records)
    return task(d, Task.BURN_ACCEPT).implies(
        A(d).is_some
        & (r.slot == d.running)
        & (r.word == Word.VALID)
        & (boot_choice(s, d) == d.running)
        & all_of(x.word != Word.PENDING_VERIFY for x in d.records)
        & slot_at(d, d.running).is_earned
    )


@inv
def burn_fresh_valid(s, d):
    return task(d, Task.BURN_FRESH).implies(
        d.records[0].names(d.running)
        & (d.records[0].word == Word.VALID)
        & ~d.records[1].is_right
        & (d.records[1].word != Word.PENDING_VERIFY)
    )


@rest
def active_is_allowed(s, d):
    a = active(aborted(s, d.records))
    return a.is_some.implies(is_version_allowed(s, d, named(d, a.of(d.records)).version))


@rest
def active_is_choice(s, d):
    a = active(aborted(s, d.records))
    return a.is_some.implies(boot_choice(s, d) == a.of(d.records).slot)


@rest
def second_bootable_differs(s, d):
    a, b = d.records
    return (a.is_right & b.is_bootable).implies(a.slot != b.slot)


@rest
def open_other_is_allowed(s, d):
    out = []
    for i, r in enumerate(d.records):
        o = active(without(d, i).records)
        slot = o.of(without(d, i).records).slot
        out.append(
            (is_open(r) & o.is_some).implies(
                is_version_allowed(s, d, slot_at(d, slot).version) & (boot_choice(s, without(d, i)) == slot)
            )
        )
    return all_of(out)


@inv
def accepted_active(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(
        A(d).is_some & (A(d).of(d.records).slot == d.expected) & named(d, A(d).of(d.records)).is_complete
    )


@inv
def refused_active(s, d):
    return (d.expectation == Expectation.REFUSED).implies(A(d).is_some | fact(s.has_factory))


@inv
def accept_programs_any(s, d):
    return (task(d, Task.ACCEPT) & (d.phase == 1)).implies(
        record_in(d, d.sector).names(d.running)
        & (record_in(d, d.sector).word == Word.VALID)
        & (boot_choice(s, d) == d.running)
    )


@inv
def expected_whole(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(whole(s, d, d.expected))


@inv
def session_target_unnamed(s, d):
    return ((d.session & task(d, Task.RUN)) | (task(d, Task.COMPLETE) & (d.phase == 0))).implies(
        all_of(~r.is_bootable | (r.slot != next_update_slot(s, d.running)) for r in d.records)
    )


@inv
def accept_earned(s, d):
    return task(d, Task.ACCEPT, Task.BURN_ACCEPT).implies(slot_at(d, d.running).is_earned & is_slot(s, d.running))


@inv
def accepted_runs(s, d):
    return ((d.expectation == Expectation.ACCEPTED) & task(d, Task.STARTED, *CALLS)).implies(d.running == d.expected)


@inv
def testing_accept_helps(s, d):
    r = A(d).of(d.records)
    return (task(d, Task.RUN) & is_under_test(s, d)).implies(
        A(d).is_some & (r.slot == d.running) & (r.word == Word.PENDING_VERIFY)
    )


@inv
def accepted_not_fresh(s, d):
    return (d.expectation == Expectation.ACCEPTED).implies(~task(d, Task.FRESH, Task.BURN_FRESH))


@inv
def accept_is_active(s, d):
    return task(d, Task.ACCEPT).implies(A(d).is_some & (A(d).sector == d.sector))


def invariants():
    return tuple(Invariant(k, v) for k, v in LIB.items())
