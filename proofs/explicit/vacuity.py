"""Vacuity: whether the premise of a claim is ever reached. A claim that holds because it is not says little.

Each claim says "where this is so, that is so". The premise stands here by itself, and a short search, with cuts that
tear nothing, looks for a state in which it holds.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from ...model.claims.state_claims import Statement
from ...model.device.calls import is_under_test
from ...model.device.model import device_model
from ...model.device.records import Numbers, Word, active, reported_word
from ...model.device.search import DeviceSearch
from ...model.device.selection import aborted, is_slot
from ...model.device.state import Device, Expectation, Ghost, Scope, Task
from ...model.device.stepper import stepper
from ...model.fault_model import FaultModel
from ...model.terms.terms import Bool, any_of, fact

MOST_STATES = 20_000
"""States that the search may look at."""


def _expects(*expectations: Expectation) -> Statement:
    def is_due(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(Task.STARTED, Task.STUCK) & device.expectation.is_in(*expectations)

    return is_due


def _in(*tasks: Task) -> Statement:
    def is_due(scope: Scope, device: Device) -> Bool:
        return device.task.is_in(*tasks)

    return is_due


def _starts_slot(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.STARTED) & is_slot(scope, device.running)


def _writes(scope: Scope, device: Device) -> Bool:
    return device.task.is_in(Task.COMMENCE, Task.REJECT) | device.session


def _has_choice(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.STARTED) & (device.old_choice != scope.nowhere)


def _tells(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.RUN) & ~is_under_test(scope, device)


def _two_of_one_slot(scope: Scope, device: Device) -> Bool:
    first, second = device.records
    is_quiet = device.task.is_in(Task.OFF, Task.RUN, Task.STARTED)
    return is_quiet & first.is_right & second.is_right & (first.slot == second.slot) & (first.word != second.word)


def _says_valid(scope: Scope, device: Device) -> Bool:
    said = (reported_word(device.records, index) for index in range(scope.slots))
    return (device.task == Task.RUN) & any_of(
        named & (word == Word.VALID) & slot.is_complete for slot, (named, word) in zip(device.slots, said, strict=True)
    )


def _is_decided(scope: Scope, device: Device) -> Bool:
    return (device.task == Task.OFF) & active(aborted(scope, device.records)).is_some


PREMISES: dict[str, tuple[Callable[[Scope, Device], Bool], frozenset[Ghost]]] = {
    "C1": (_in(Task.STARTED), frozenset()),
    "C2": (_starts_slot, frozenset()),
    "C3": (_writes, frozenset()),
    "C4": (_expects(Expectation.MARKED, Expectation.TRIED), frozenset({Ghost.EXPECTED})),
    "C5": (_expects(Expectation.ACCEPTED), frozenset({Ghost.EXPECTED})),
    "C6": (_expects(Expectation.REFUSED), frozenset({Ghost.EXPECTED})),
    "C7": (_has_choice, frozenset({Ghost.CHOICE})),
    "C8": (_starts_slot, frozenset()),
    "C10": (_tells, frozenset()),
    "C11": (_two_of_one_slot, frozenset()),
    "C13": (_says_valid, frozenset()),
    "C14": (_is_decided, frozenset()),
    "C15": (_in(Task.RUN), frozenset()),
    "C16": (_in(Task.OFF), frozenset()),
}
"""By claim id, its premise, and the ghost variables that this reads."""


def premise_depth(scope: Scope, claim_id: str) -> int | None:
    """Return in how few steps the premise of a claim is reached; None where the search does not reach it."""
    premise, ghosts = PREMISES[claim_id]
    plain = replace(scope, ghosts=ghosts, numbers=Numbers.RANKED, faults=FaultModel.F0)
    wanted = premise(plain, device_model(plain).device)
    if wanted.value is not None:
        return 0 if wanted is fact(True) else None
    search = _searched(plain)
    value = search.steps.value
    return next((d for d, state in zip(search.depths, search.order, strict=True) if value(wanted, state)), None)


@lru_cache(maxsize=8)
def _searched(scope: Scope) -> DeviceSearch:
    """Return a search of the states nearest to the start."""
    search = DeviceSearch(stepper(scope))
    for _ in search:
        if len(search.order) > MOST_STATES:
            break
    return search
