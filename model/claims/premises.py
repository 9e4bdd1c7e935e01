"""The premises of the claims: where each claim says anything, as facts of a state of the device model.

Each claim says "where this is so, that is so". The premise stands here by itself, with what puts the claim at risk: no
boot alone meets it. A claim that holds because its premise is never met says little.
"""

from collections.abc import Callable

from ..device.calls import is_under_test, told_word
from ..device.device_parts import efuse_version, slot_at
from ..device.image_loading import is_slot
from ..device.records import newest
from ..device.selection import aborted, are_of_one_slot, boot_choice, boot_partition, decider, device_after_boot
from ..device.state import Content, Device, Expectation, Ghost, Scope, Task
from ..terms.terms import Bool, any_of, fact
from .state_claims import Statement


def _expects(*expectations: Expectation) -> Statement:
    def is_due(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(Task.STARTED, Task.STUCK) & device.expectation.is_in(*expectations)

    return is_due


def _starts_in_spite_of_damage(scope: Scope, device: Device) -> Bool:
    """The image that starts is not the one that the newest record with a right check word names."""
    newest_one = newest(device.records, (device.records[0].is_right, device.records[1].is_right))
    is_named = newest_one.is_some & (newest_one.of(device.records).slot == device.running)
    return (device.task == Task.STARTED) & newest_one.is_some & ~is_named


def _starts_beside_a_torso(scope: Scope, device: Device) -> Bool:
    """Something starts while a slot holds a part of an image, or one that does not verify."""
    return (device.task == Task.STARTED) & _has_torso(device)


def _has_torso(device: Device) -> Bool:
    return any_of(slot.content.is_in(Content.PARTIAL, Content.BROKEN) for slot in device.slots)


def _starts_beside_an_old_version(scope: Scope, device: Device) -> Bool:
    """Something starts while a slot holds a whole image whose version is below that of the eFuse."""
    efuse = efuse_version(scope, device.burned)
    return (device.task == Task.STARTED) & any_of(slot.is_complete & (slot.version < efuse) for slot in device.slots)


def _writes(scope: Scope, device: Device) -> Bool:
    return device.task.is_in(Task.COMMENCE, Task.REJECT) | device.session


def _has_choice(scope: Scope, device: Device) -> Bool:
    """A cut in a call is open, and without the call something else would have started than with all of it."""
    is_open = (device.old_choice != scope.nowhere) & (device.new_choice != scope.nowhere)
    return (device.task == Task.STARTED) & is_open & (device.old_choice != device.new_choice)


def _has_unsettled_choice(scope: Scope, device: Device) -> Bool:
    """The next power-on starts something else than the one after it."""
    once = device_after_boot(scope, device)
    return (device.task == Task.OFF) & (boot_choice(scope, device) != boot_choice(scope, once))


def _refuses_for_another(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.STARTED) & (device.previous != scope.nowhere) & _refuses(device)


def _refuses(device: Device) -> Bool:
    return device.expectation == Expectation.REFUSED


def _starts_where_some_slot_is_rejected(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.STARTED) & any_of(slot.is_rejected & slot.is_complete for slot in device.slots)


def _is_named_by_two(scope: Scope, device: Device) -> Bool:
    """A slot runs whose record decides, and beside it is a second record, with another state word."""
    chosen = decider(scope, device.records)
    is_its = chosen.is_some & chosen.of(device.records).names(device.running)
    first, second = device.records
    words_differ = first.is_right & second.is_right & (first.word != second.word)
    return (device.task == Task.RUN) & is_slot(scope, device.running) & is_its & words_differ


def _runs_accepted(scope: Scope, device: Device) -> Bool:
    is_its = (device.expectation == Expectation.ACCEPTED) & (device.running == device.expected)
    return (device.task == Task.RUN) & is_its & is_slot(scope, device.running)


def _is_downloading(scope: Scope, device: Device) -> Bool:
    return device.task.is_in(Task.COMMENCE, Task.SPARE) | ((device.task == Task.RUN) & device.session)


def _is_settled(scope: Scope, device: Device) -> Bool:
    """What runs is selected, with a second record beside the one that decides."""
    is_selected = boot_partition(scope, device.records) == device.running
    return (device.task == Task.RUN) & _has_two_records(device) & is_selected & ~is_under_test(scope, device)


def _may_start_unaccepted(scope: Scope, device: Device) -> Bool:
    """The next power-on starts an image that was never accepted."""
    choice = boot_choice(scope, device)
    has_earned = slot_at(device, choice).is_earned | (choice == scope.factory)
    return device.task.is_in(Task.OFF, Task.RUN) & ~has_earned


def _has_two_records(device: Device) -> Bool:
    return device.records[0].is_right & device.records[1].is_right


def _tells(scope: Scope, device: Device) -> Bool:
    """An image that is not under test runs, and there are two records for info() to choose from."""
    return (device.task == Task.RUN) & _has_two_records(device) & ~is_under_test(scope, device)


def _two_of_one_slot(scope: Scope, device: Device) -> Bool:
    first, second = device.records
    is_quiet = device.task.is_in(Task.OFF, Task.RUN, Task.STARTED)
    return is_quiet & are_of_one_slot(scope, device.records) & (first.word != second.word)


def _tells_of_unaccepted(scope: Scope, device: Device) -> Bool:
    """info() names a slot whose image is whole and was never accepted."""
    said = (told_word(scope, device, index) for index in range(scope.slots))
    return (device.task == Task.RUN) & any_of(
        named & slot.is_complete & ~slot.is_earned for slot, (named, _) in zip(device.slots, said, strict=True)
    )


def _is_decided(scope: Scope, device: Device) -> Bool:
    """A record decides, and a slot holds a part of an image, or one that does not verify."""
    return (device.task == Task.OFF) & decider(scope, aborted(scope, device.records)).is_some & _has_torso(device)


def _runs_unaccepted(scope: Scope, device: Device) -> Bool:
    """An image runs that came by an upgrade and is not accepted; with rollback info() says that it is under test."""
    is_new = is_slot(scope, device.running) & ~slot_at(device, device.running).is_earned
    is_tested = is_under_test(scope, device) if scope.config.rollback else fact(True)
    return (device.task == Task.RUN) & is_new & is_tested


def _is_calling(scope: Scope, device: Device) -> Bool:
    """A call that can raise an error is going on, and what would have started without it is known."""
    is_open = device.old_choice != scope.nowhere
    return device.task.is_in(Task.COMMENCE, Task.SPARE, Task.ACCEPT, Task.SET_BOOT) & is_open


PREMISES: dict[str, tuple[Callable[[Scope, Device], Bool], frozenset[Ghost]]] = {
    "C1": (_starts_in_spite_of_damage, frozenset()),
    "C2": (_starts_beside_a_torso, frozenset()),
    "C3": (_writes, frozenset()),
    "C4": (_expects(Expectation.MARKED, Expectation.TRIED), frozenset({Ghost.EXPECTED})),
    "C5": (_expects(Expectation.ACCEPTED), frozenset({Ghost.EXPECTED})),
    "C6": (_expects(Expectation.REFUSED), frozenset({Ghost.EXPECTED})),
    "C7": (_has_choice, frozenset({Ghost.CHOICE})),
    "C8": (_starts_beside_an_old_version, frozenset()),
    "C10": (_tells, frozenset()),
    "C11": (_two_of_one_slot, frozenset()),
    "C13": (_tells_of_unaccepted, frozenset({Ghost.EARNED})),
    "C14": (_is_decided, frozenset()),
    "C15": (_runs_unaccepted, frozenset({Ghost.EARNED})),
    "C16": (_has_unsettled_choice, frozenset()),
    "C17": (_expects(Expectation.MARKED), frozenset({Ghost.EXPECTED})),
    "C18": (_starts_where_some_slot_is_rejected, frozenset({Ghost.REJECTED})),
    "C19": (_is_named_by_two, frozenset()),
    "C20": (_runs_accepted, frozenset({Ghost.EXPECTED})),
    "C21": (_is_downloading, frozenset()),
    "C22": (_refuses_for_another, frozenset({Ghost.EXPECTED, Ghost.ORIGIN})),
    "C23": (_expects(Expectation.SELECTED), frozenset({Ghost.EXPECTED})),
    "C24": (_is_settled, frozenset()),
    "C25": (_may_start_unaccepted, frozenset({Ghost.EARNED})),
    "C26": (_is_calling, frozenset({Ghost.CHOICE})),
}
"""By claim id, its premise, and the ghost variables that this reads."""
