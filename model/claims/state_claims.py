"""The claims as invariants of the device model: what holds in every state of every history.

Titles, names and sources are those of claims.py. A claim about what happened before reads ghost variables (history
variables), and says which. C9 and C12 are no invariants: C9 asks for a way on from every state
(proofs/prover/dead_ends.py), C12 is about numbers beyond those of the model (proofs/bytes/seq_lemmas.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from ..device.allowance import Allowance
from ..device.calls import has_next_number, is_accept_enough, is_under_test, told_word
from ..device.device_parts import efuse_version, slot_at
from ..device.image_loading import is_slot
from ..device.model import DeviceModel
from ..device.records import BLANK, Word
from ..device.selection import (
    aborted,
    are_of_one_slot,
    boot_choice,
    boot_partition,
    decider,
    device_after_boot,
    next_update_slot,
    select,
)
from ..device.state import Device, Expectation, Ghost, Scope, Task, Usage
from ..terms.terms import Bool, Num, all_of, any_of, fact
from .claims import Claim, claim

Statement = Callable[[Scope, Device], Bool]
"""A fact of a state."""
EffectStatement = Callable[[DeviceModel], Bool]
"""A fact of a state and of what every action that can be taken there makes of it."""


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """One claim, as an invariant of the device model."""

    claim: Claim
    meaning: Statement | EffectStatement
    """Holds in every state that is reached, if the claim does."""
    ghosts: frozenset[Ghost] = frozenset()
    is_over_effects: bool = False
    """The meaning is an EffectStatement."""
    needs: frozenset[Allowance] = frozenset()
    """What a scope has to allow for it to say anything."""
    usages: tuple[Usage, ...] = tuple(Usage)
    """The usages that have the calls that it speaks of."""
    premise: Statement | None = None
    """Of a claim of the user's own; those of this project are in premises.py."""

    def applies_to(self, scope: Scope) -> bool:
        """Tell whether the scope has what the claim speaks of."""
        is_in_scope = scope.usage in self.usages and self.needs <= scope.allows
        return is_in_scope and self.claim.applies_to(scope.config)

    def kept_in(self, model: DeviceModel) -> Bool:
        """Return the fact of a state of the model that the claim is kept there."""
        if self.is_over_effects:
            return cast(EffectStatement, self.meaning)(model)
        return cast(Statement, self.meaning)(model.scope, model.device)


def some_image_always_boots(scope: Scope, device: Device) -> Bool:
    """The bootloader always finds something to start, and that is a whole image."""
    is_whole = slot_at(device, device.running).is_complete
    return (device.task != Task.STUCK) & _starts_slot(scope, device).implies(is_whole)


def unfinished_image_never_boots(scope: Scope, device: Device) -> Bool:
    """What starts was provisioned, or passed the verification of complete()."""
    return _starts_slot(scope, device).implies(slot_at(device, device.running).is_finished)


def running_partition_is_never_written(model: DeviceModel) -> Bool:
    """Whatever the application does, and wherever a cut stops it, the slot that runs holds what it held."""
    device = model.device
    return all_of(
        model.guard(action).implies(_is_as_it_was(device, action.then))
        for action in model.actions
        if set(action.tasks) & _OF_APPLICATION
    )


def _is_as_it_was(before: Device, after: Device) -> Bool:
    """The slot that runs before a step has the same content and version after it."""
    return all_of(
        (before.running == index).implies((old.content == new.content) & (old.version == new.version))
        for index, (old, new) in enumerate(zip(before.slots, after.slots, strict=True))
        if old.content is not new.content or old.version is not new.version
    )


def new_image_gets_one_boot(scope: Scope, device: Device) -> Bool:
    """A marked image starts; one that was tried and not accepted makes way for the one before it."""
    return _starts_as_expected(device, Expectation.MARKED, Expectation.TRIED)


def accepted_image_stays(scope: Scope, device: Device) -> Bool:
    """The image that ran when accept() returned starts again."""
    return _starts_as_expected(device, Expectation.ACCEPTED)


def marked_image_starts(scope: Scope, device: Device) -> Bool:
    """What complete() has marked starts."""
    return _starts_as_expected(device, Expectation.MARKED)


def selected_partition_starts(scope: Scope, device: Device) -> Bool:
    """What esp_ota_set_boot_partition() has selected starts."""
    return _starts_as_expected(device, Expectation.SELECTED)


def rollback_starts_the_previous_image(scope: Scope, device: Device) -> Bool:
    """After rollback() starts what ran when the image that it refuses was marked, where that is still there."""
    is_due = (device.expectation == Expectation.REFUSED) & (device.previous != scope.nowhere)
    return (device.task.is_in(Task.STARTED, Task.STUCK) & is_due).implies(device.running == device.previous)


def rejected_image_never_starts(scope: Scope, device: Device) -> Bool:
    """What starts was not rejected."""
    return _starts_slot(scope, device).implies(~slot_at(device, device.running).is_rejected)


def info_tells_the_deciding_state(scope: Scope, device: Device) -> Bool:
    """Where the record that decides names the running slot, info() tells its state word."""
    chosen = decider(scope, device.records)
    record = chosen.of(device.records)
    decides = chosen.is_some & is_slot(scope, device.running) & record.names(device.running)
    _, word = told_word(scope, device, device.running)
    return ((device.task == Task.RUN) & decides).implies(word == record.word)


def accepted_image_is_called_valid(scope: Scope, device: Device) -> Bool:
    """While the slot runs that accept() has accepted, info() calls it valid."""
    is_due = (device.expectation == Expectation.ACCEPTED) & (device.running == device.expected)
    named, word = told_word(scope, device, device.running)
    is_valid = named & (word == Word.VALID)
    return ((device.task == Task.RUN) & is_due & is_slot(scope, device.running)).implies(is_valid)


def download_changes_no_choice(model: DeviceModel) -> Bool:
    """What commence() and write() do, and what a cut leaves of it, does not change what the next power-on starts.

    To write over a whole image is no part of a download: commence() has erased it before."""
    scope, device = model.scope, model.device
    choice = boot_choice(scope, device)
    of_commence = (Task.COMMENCE, Task.UNNAME) if scope.is_by_turns else (Task.COMMENCE, Task.SPARE)
    is_erasing = device.task.is_in(*of_commence)
    writes = ("write_first", "write_rest", "write_headers")
    steps = (
        (action, (fact(True) if action.name.startswith(writes) else is_erasing) & model.guard(action))
        for action in model.actions
        if action.name.startswith(writes) or set(action.tasks) & set(of_commence)
    )
    return all_of(
        is_due.implies(boot_choice(scope, action.then) == choice) for action, is_due in steps if is_due.value != 0
    )


def settled_boot_writes_nothing(scope: Scope, device: Device) -> Bool:
    """Where what runs is selected and neither new nor under test, a power-on leaves otadata and eFuse as they are."""
    chosen = decider(scope, device.records)
    is_tried_out = ~chosen.is_some | chosen.of(device.records).word.is_in(Word.VALID, Word.UNDEFINED)
    is_selected = boot_partition(scope, device.records) == device.running
    is_settled = (device.task == Task.RUN) & is_selected & is_tried_out & ~is_under_test(scope, device)
    after = device_after_boot(scope, device)
    is_same = all_of(
        (a.check == b.check) & (a.word == b.word) & (a.slot == b.slot) & (a.seq == b.seq)
        for a, b in zip(device.records, after.records, strict=True)
    )
    return is_settled.implies(is_same & (device.burned == after.burned))


def accepted_image_comes_back(scope: Scope, device: Device) -> Bool:
    """With the power off or a program running, one of the next two power-ons starts an image that has earned it."""
    once = device_after_boot(scope, device)
    is_back = _has_earned(scope, device, boot_choice(scope, device))
    is_back_later = _has_earned(scope, device, boot_choice(scope, once))
    return device.task.is_in(Task.OFF, Task.RUN).implies(is_back | is_back_later)


def _has_earned(scope: Scope, device: Device, place: Num) -> Bool:
    """What is at a place was provisioned, or called accept() while it was under test."""
    return (place == scope.factory) | (is_slot(scope, place) & slot_at(device, place).is_earned)


def _starts_as_expected(device: Device, *expectations: Expectation) -> Bool:
    """Where this is expected, the place that is expected starts."""
    is_due = device.task.is_in(Task.STARTED, Task.STUCK) & device.expectation.is_in(*expectations)
    return is_due.implies(device.running == device.expected)


def rollback_reboots_or_changes_nothing(scope: Scope, device: Device) -> Bool:
    """After rollback() another whole image starts; where it raised an error, it has changed nothing."""
    is_due = device.expectation == Expectation.REFUSED
    is_whole = (device.running == scope.factory) | slot_at(device, device.running).is_complete
    is_other = _is_started(device) & (device.running != device.expected) & is_whole
    starts_other = (device.task.is_in(Task.STARTED, Task.STUCK) & is_due).implies(is_other)
    return starts_other & (device.expectation != Expectation.SPOILT)


def cut_leaves_old_or_new_choice(scope: Scope, device: Device) -> Bool:
    """After a cut in a call starts what would have started without the call, or with all of it."""
    is_due = device.old_choice != scope.nowhere
    is_either = (device.running == device.old_choice) | (device.running == device.new_choice)
    return (device.task.is_in(Task.STARTED, Task.STUCK) & is_due).implies(is_either)


def old_secure_version_never_runs(model: DeviceModel) -> Bool:
    """The version of what runs is not below that of the eFuse, and no step makes that lower."""
    scope, device = model.scope, model.device
    efuse = efuse_version(scope, device.burned)
    never_sinks = all_of(
        model.guard(action).implies(efuse_version(scope, action.then.burned) >= efuse)
        for action in model.actions
        if action.then.burned is not device.burned
    )
    is_allowed = (slot_at(device, device.running).version >= efuse) & is_slot(scope, device.running)
    is_old_factory = (device.running == scope.factory) & (efuse == 0)
    return device.task.is_in(Task.STARTED, Task.RUN).implies(is_allowed | is_old_factory) & never_sinks


def info_tells_the_truth(scope: Scope, device: Device) -> Bool:
    """Unless the running image is under test, info() names what the next power-on starts."""
    is_due = (device.task == Task.RUN) & ~is_under_test(scope, device)
    return is_due.implies(boot_partition(scope, device.records) == boot_choice(scope, device))


def records_of_one_slot_agree(scope: Scope, device: Device) -> Bool:
    """Two records that name one slot lead to the same choice, each by itself."""
    first, second = device.records
    differ = are_of_one_slot(scope, device.records) & (first.word != second.word)
    by_first = boot_choice(scope, replace(device, records=(first, BLANK)))
    by_second = boot_choice(scope, replace(device, records=(BLANK, second)))
    return (_is_quiet(device) & differ).implies(by_first == by_second)


def valid_image_earned_it(scope: Scope, device: Device) -> Bool:
    """A whole image of which info() says "valid" was provisioned, or called accept() while it was under test."""
    return (device.task == Task.RUN).implies(
        all_of(
            (named & (word == Word.VALID) & slot.is_complete).implies(slot.is_earned)
            for slot, (named, word) in (
                (slot, told_word(scope, device, index)) for index, slot in enumerate(device.slots)
            )
        )
    )


def lost_record_selects_whole_image(scope: Scope, device: Device) -> Bool:
    """With the power off, the record that decides names a slot that holds a whole image."""
    rested = replace(device, records=aborted(scope, device.records))
    selection = select(scope, rested)
    slot = slot_at(device, selection.active.of(rested.records).slot)
    return ((device.task == Task.OFF) & selection.active.is_some).implies(slot.is_complete)


def upgrade_is_never_locked_out(model: DeviceModel) -> Bool:
    """commence() is possible, or an upgrade is in progress, or accept() is possible and makes it so."""
    scope, device = model.scope, model.device
    is_refused = fact(scope.config.rollback) & is_under_test(scope, device)
    has_target = next_update_slot(device) != device.running
    is_begun = device.session & ~is_refused & has_target
    accept_helps = (
        model.permits(Task.ACCEPT) & is_accept_enough(scope, device, decider(scope, device.records).sector) & has_target
    )
    can_commence = model.permits(Task.COMMENCE) | model.permits(Task.UNNAME)
    # Where otadata is kept by turns, accept() needs a number too; those at the end of the range are left out.
    has_room = has_next_number(scope, device) if scope.is_by_turns else fact(True)
    return ((device.task == Task.RUN) & has_room).implies(can_commence | is_begun | accept_helps)


def choice_settles_in_two_boots(scope: Scope, device: Device) -> Bool:
    """With the power off, the second power-on from now starts what every later one starts."""
    once = device_after_boot(scope, device)
    twice = device_after_boot(scope, once)
    return (device.task == Task.OFF).implies(boot_choice(scope, once) == boot_choice(scope, twice))


def error_changes_no_choice(scope: Scope, device: Device) -> Bool:
    """No call has raised an error and changed what starts next."""
    return device.expectation != Expectation.CHANGED


_OF_APPLICATION = {task for task in Task if task >= Task.RUN}


def _is_started(device: Device) -> Bool:
    return device.task == Task.STARTED


def _starts_slot(scope: Scope, device: Device) -> Bool:
    return _is_started(device) & is_slot(scope, device.running)


def _is_quiet(device: Device) -> Bool:
    """No record is being rewritten."""
    return any_of(device.task == task for task in (Task.OFF, Task.RUN, Task.STARTED))


DEVICE_CLAIMS: tuple[DeviceClaim, ...] = (
    DeviceClaim(claim("C1"), some_image_always_boots),
    DeviceClaim(claim("C2"), unfinished_image_never_boots, frozenset({Ghost.FINISHED})),
    DeviceClaim(claim("C3"), running_partition_is_never_written, is_over_effects=True),
    DeviceClaim(claim("C4"), new_image_gets_one_boot, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C5"), accepted_image_stays, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C6"), rollback_reboots_or_changes_nothing, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C7"), cut_leaves_old_or_new_choice, frozenset({Ghost.CHOICE})),
    DeviceClaim(claim("C8"), old_secure_version_never_runs, is_over_effects=True),
    DeviceClaim(claim("C10"), info_tells_the_truth),
    DeviceClaim(claim("C11"), records_of_one_slot_agree),
    DeviceClaim(claim("C13"), valid_image_earned_it, frozenset({Ghost.EARNED})),
    DeviceClaim(claim("C14"), lost_record_selects_whole_image),
    DeviceClaim(claim("C15"), upgrade_is_never_locked_out, is_over_effects=True),
    DeviceClaim(claim("C16"), choice_settles_in_two_boots),
    DeviceClaim(claim("C17"), marked_image_starts, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C18"), rejected_image_never_starts, frozenset({Ghost.REJECTED})),
    DeviceClaim(claim("C19"), info_tells_the_deciding_state),
    DeviceClaim(claim("C20"), accepted_image_is_called_valid, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C21"), download_changes_no_choice, is_over_effects=True),
    DeviceClaim(claim("C22"), rollback_starts_the_previous_image, frozenset({Ghost.EXPECTED, Ghost.ORIGIN})),
    DeviceClaim(claim("C23"), selected_partition_starts, frozenset({Ghost.EXPECTED}), usages=(Usage.ANY,)),
    DeviceClaim(claim("C24"), settled_boot_writes_nothing),
    DeviceClaim(claim("C25"), accepted_image_comes_back, frozenset({Ghost.EARNED})),
    DeviceClaim(
        claim("C26"),
        error_changes_no_choice,
        frozenset({Ghost.EXPECTED, Ghost.CHOICE}),
        needs=frozenset({Allowance.FAILING_FLASH}),
    ),
)
"""The claims that are facts about states, in the order of their ids."""
