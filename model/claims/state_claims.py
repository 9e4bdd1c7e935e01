"""The claims as invariants of the device model: what holds in every state of every history.

Titles, names and sources are those of claims.py. A claim about what happened before reads ghost variables (history
variables), and says which. C9 and C12 are no invariants: C9 asks for a way on from every state
(proofs/prover/dead_ends.py), C12 is about numbers beyond those of the model (proofs/bytes/seq_lemmas.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..device.allowance import Allowance
from ..device.calls import is_under_test
from ..device.device_parts import efuse_version, slot_at
from ..device.records import BLANK, Word, active, reported_word
from ..device.selection import (
    aborted,
    boot_choice,
    boot_partition,
    device_after_boot,
    is_slot,
    next_update_slot,
    select,
)
from ..device.state import Device, Expectation, Ghost, Scope, Task
from ..terms.terms import Bool, all_of, any_of, fact
from .claims import Claim, claim

Statement = Callable[[Scope, Device], Bool]


@dataclass(frozen=True, slots=True)
class DeviceClaim:
    """One claim, as an invariant of the device model."""

    claim: Claim
    is_kept: Statement
    """Holds in every state that is reached, if the claim does."""
    ghosts: frozenset[Ghost] = frozenset()
    needs: frozenset[Allowance] = frozenset()
    """What a scope has to allow for it to say anything."""

    def applies_to(self, scope: Scope) -> bool:
        """Tell whether a scope has what the claim speaks of."""
        return self.claim.applies_to(scope.config) and self.needs <= scope.allows


def some_image_always_boots(scope: Scope, device: Device) -> Bool:
    """The bootloader always finds something to start."""
    return device.task != Task.STUCK


def unfinished_image_never_boots(scope: Scope, device: Device) -> Bool:
    """What starts was provisioned, or passed the verification of complete()."""
    return _starts_slot(scope, device).implies(slot_at(device, device.running).is_finished)


def running_partition_is_never_written(scope: Scope, device: Device) -> Bool:
    """The slot that commence() wipes and write() fills is not the one that runs."""
    is_written = device.task.is_in(Task.COMMENCE, Task.REJECT) | device.session
    return is_written.implies(next_update_slot(device) != device.running)


def new_image_gets_one_boot(scope: Scope, device: Device) -> Bool:
    """A marked image starts; one that was tried and not accepted makes way for the one before it."""
    is_due = device.expectation.is_in(Expectation.MARKED, Expectation.TRIED)
    return (_is_started(device) & is_due).implies(device.running == device.expected)


def accepted_image_stays(scope: Scope, device: Device) -> Bool:
    """The image that ran when accept() returned starts again."""
    is_due = device.expectation == Expectation.ACCEPTED
    return (_is_started(device) & is_due).implies(device.running == device.expected)


def rollback_reboots_or_changes_nothing(scope: Scope, device: Device) -> Bool:
    """After rollback() another image starts; where it raised an error, it has changed nothing."""
    is_due = device.expectation == Expectation.REFUSED
    is_other = _is_started(device) & (device.running != device.expected)
    starts_other = (device.task.is_in(Task.STARTED, Task.STUCK) & is_due).implies(is_other)
    return starts_other & (device.expectation != Expectation.SPOILT)


def cut_leaves_old_or_new_choice(scope: Scope, device: Device) -> Bool:
    """After a cut in a call starts what would have started without the call, or with all of it."""
    is_due = device.old_choice != scope.nowhere
    is_either = (device.running == device.old_choice) | (device.running == device.new_choice)
    return (_is_started(device) & is_due).implies(is_either)


def old_secure_version_never_runs(scope: Scope, device: Device) -> Bool:
    """The version of what starts is not below that of the eFuse."""
    efuse = efuse_version(scope, device.burned)
    is_allowed = (slot_at(device, device.running).version >= efuse) & is_slot(scope, device.running)
    is_old_factory = (device.running == scope.factory) & (efuse == 0)
    return _is_started(device).implies(is_allowed | is_old_factory)


def info_tells_the_truth(scope: Scope, device: Device) -> Bool:
    """Unless the running image is under test, info() names what the next power-on starts."""
    is_due = (device.task == Task.RUN) & ~is_under_test(scope, device)
    return is_due.implies(boot_partition(scope, device.records) == boot_choice(scope, device))


def records_of_one_slot_agree(scope: Scope, device: Device) -> Bool:
    """Two records that name one slot lead to the same choice, each by itself."""
    first, second = device.records
    differ = first.is_right & second.is_right & (first.slot == second.slot) & (first.word != second.word)
    by_first = boot_choice(scope, replace(device, records=(first, BLANK)))
    by_second = boot_choice(scope, replace(device, records=(BLANK, second)))
    return (_is_quiet(device) & differ).implies(by_first == by_second)


def valid_image_earned_it(scope: Scope, device: Device) -> Bool:
    """A whole image of which info() says "valid" was provisioned, or called accept() while it was under test."""
    return (device.task == Task.RUN).implies(
        all_of(
            (named & (word == Word.VALID) & slot.is_complete).implies(slot.is_earned)
            for slot, (named, word) in (
                (slot, reported_word(device.records, index)) for index, slot in enumerate(device.slots)
            )
        )
    )


def lost_record_selects_whole_image(scope: Scope, device: Device) -> Bool:
    """With the power off, the record that decides names a slot that holds a whole image."""
    rested = replace(device, records=aborted(scope, device.records))
    selection = select(scope, rested)
    slot = slot_at(device, selection.active.of(rested.records).slot)
    return ((device.task == Task.OFF) & selection.active.is_some).implies(slot.is_complete)


def upgrade_is_never_locked_out(scope: Scope, device: Device) -> Bool:
    """commence() is possible, or becomes so by accept()."""
    chosen = active(device.records)
    record = chosen.of(device.records)
    accept_helps = chosen.is_some & (record.slot == device.running) & (record.word == Word.PENDING_VERIFY)
    is_refused = fact(scope.config.rollback) & is_under_test(scope, device)
    has_target = next_update_slot(device) != device.running
    return (device.task == Task.RUN).implies(has_target & (~is_refused | accept_helps))


def choice_settles_in_two_boots(scope: Scope, device: Device) -> Bool:
    """With the power off, the second power-on from now starts what every later one starts."""
    once = device_after_boot(scope, device)
    twice = device_after_boot(scope, once)
    return (device.task == Task.OFF).implies(boot_choice(scope, once) == boot_choice(scope, twice))


def error_changes_no_choice(scope: Scope, device: Device) -> Bool:
    """No call has raised an error and changed what starts next."""
    return device.expectation != Expectation.CHANGED


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
    DeviceClaim(claim("C3"), running_partition_is_never_written),
    DeviceClaim(claim("C4"), new_image_gets_one_boot, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C5"), accepted_image_stays, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C6"), rollback_reboots_or_changes_nothing, frozenset({Ghost.EXPECTED})),
    DeviceClaim(claim("C7"), cut_leaves_old_or_new_choice, frozenset({Ghost.CHOICE})),
    DeviceClaim(claim("C8"), old_secure_version_never_runs),
    DeviceClaim(claim("C10"), info_tells_the_truth),
    DeviceClaim(claim("C11"), records_of_one_slot_agree),
    DeviceClaim(claim("C13"), valid_image_earned_it, frozenset({Ghost.EARNED})),
    DeviceClaim(claim("C14"), lost_record_selects_whole_image),
    DeviceClaim(claim("C15"), upgrade_is_never_locked_out),
    DeviceClaim(claim("C16"), choice_settles_in_two_boots),
    DeviceClaim(
        claim("C26"),
        error_changes_no_choice,
        frozenset({Ghost.EXPECTED, Ghost.CHOICE}),
        frozenset({Allowance.FAILING_FLASH}),
    ),
)
"""The claims that are facts about states, in the order of their ids."""
