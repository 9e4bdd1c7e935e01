"""Devices with otadata by turns and one thing wrong; see mutants.py."""

from dataclasses import replace

from ...model.config import Config, Selector
from ...model.device.action import Action
from ...model.device.allowance import Allowance
from ...model.device.calls import has_next_number, target_of
from ...model.device.device_parts import record_in, with_record
from ...model.device.failing_steps import raised
from ...model.device.logical_state import deciding, starting_place
from ...model.device.records import BLANK, Sector, Word
from ...model.device.selection import next_update_slot
from ...model.device.state import Content, Device, Phase, Scope, Task, Usage
from ...model.fault_model import FaultModel
from ...model.terms.terms import fact, number
from .mutant_changes import Change, erases_both, names_next, programs
from .mutants import Mutant

_AT_ONCE = Scope(
    Config(rollback=True, selector=Selector.BY_TURNS), 2, faults=FaultModel.F3, usage=Usage.RESTART_AT_ONCE
)
_WITH_FACTORY = replace(_AT_ONCE, has_factory=True)
_DOCUMENTED = replace(_AT_ONCE, usage=Usage.DOCUMENTED)
_FAILING = replace(_AT_ONCE, allows=frozenset({Allowance.FAILING_FLASH}))
_ANY = replace(_AT_ONCE, usage=Usage.ANY)


def _in_deciding_sector(scope: Scope, device: Device, action: Action) -> Action:
    """The record that decides is erased."""
    return replace(action, then=replace(action.then, sector=deciding(device.records).sector))


def _wipes_at_once(scope: Scope, device: Device, action: Action) -> Action:
    """The state goes on to name the slot."""
    return replace(action, then=replace(action.then, task=number(Task.COMMENCE)))


def _starts_at_once(scope: Scope, device: Device, action: Action) -> Action:
    """Nothing is noted of the try."""
    place = starting_place(scope, device)
    return replace(action, then=replace(action.then, task=number(Task.STARTED), running=place))


def _counts_a_tear(scope: Scope, device: Device, action: Action) -> Action:
    """What a cut leaves of the record passes its checks, with the state word of an accepted image."""
    torn = replace(record_in(device, device.sector), word=number(Word.VALID, 3), is_tried=fact(False))
    return replace(action, then=replace(action.then, records=with_record(device, device.sector, torn)))


def _keeps_the_number(scope: Scope, device: Device, action: Action) -> Action:
    """The new record has the number of the one that decides."""
    number_there = deciding(device.records).of(device.records).seq
    record = replace(record_in(action.then, device.sector), seq=number_there)
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def _stays(scope: Scope, device: Device, action: Action) -> Action:
    """The new record has what runs as current."""
    record = replace(record_in(action.then, device.sector), slot=device.running)
    return replace(action, then=replace(action.then, records=with_record(action.then, device.sector, record)))


def _asks_no_trial(scope: Scope, device: Device, action: Action) -> Action:
    """The call is not refused on trial."""
    is_possible = ~device.session & (next_update_slot(device) != device.running)
    return replace(action, when=is_possible & has_next_number(scope, device))


def _writes_what_is_kept(scope: Scope, device: Device, action: Action) -> Action:
    """esp_ota_write_with_offset does not ask whether the slot was selected since."""
    return replace(action, when=device.session & (device.phase == Phase.ERASE))


def _writes_over(content: Content) -> Change:
    """write() does not ask whether the state keeps the slot."""

    def change(scope: Scope, device: Device, action: Action) -> Action:
        return replace(action, when=device.session & (target_of(scope, device).content == content))

    return change


def _raises_all_the_same(scope: Scope, device: Device, action: Action) -> Action:
    """The call goes by what the driver has returned, not by what the record reads as."""
    over = replace(device, phase=number(Phase.ERASE), sector=number(Sector.FIRST))
    return replace(action, then=raised(scope, device, over))


def _loses_both(scope: Scope, device: Device, action: Action) -> Action:
    """An erase that fails leaves neither record."""
    return replace(action, then=replace(action.then, records=(BLANK, BLANK)))


TURN_MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "complete_erases_what_decides",
        "complete() writes into the sector that decides",
        "C7",
        _WITH_FACTORY,
        {"complete": _in_deciding_sector},
    ),
    Mutant(
        "try_erases_what_decides",
        "the bootloader notes a try in the sector that decides",
        "C4",
        _AT_ONCE,
        {"boot_tries_new": _in_deciding_sector},
    ),
    Mutant(
        "accept_erases_both",
        "accept() erases both sectors",
        "C7",
        _WITH_FACTORY,
        {"accept_erases": erases_both},
    ),
    Mutant(
        "commence_leaves_the_name",
        "commence() erases a slot that the state still names",
        "C14",
        _DOCUMENTED,
        {"commence_of_named": _wipes_at_once},
    ),
    Mutant(
        "download_goes_to_the_way_back",
        "commence() and write() go to the slot that rollback goes back to, and the state still names it",
        "C2",
        _AT_ONCE,
        {
            "commence_of_named": _wipes_at_once,
            "write_first": _writes_over(Content.EMPTY),
            "write_rest": _writes_over(Content.PARTIAL),
        },
    ),
    Mutant("try_is_not_noted", "the bootloader notes no try", "C4", _AT_ONCE, {"boot_tries_new": _starts_at_once}),
    Mutant(
        "tear_counts",
        "a record that was cut passes its checks",
        "C13",
        _AT_ONCE,
        {"cut_in_program_leaves_none": _counts_a_tear},
    ),
    Mutant(
        "number_stays",
        "a new record has the number of the one before it",
        "C17",
        _AT_ONCE,
        {"complete_erases": _keeps_the_number},
    ),
    Mutant("accept_marks_anew", "accept() writes NEW", "C20", _AT_ONCE, {"accept_erases": programs(Word.NEW)}),
    Mutant("rollback_stays", "rollback() selects what runs", "C6", _AT_ONCE, {"rollback_erases": _stays}),
    Mutant(
        "first_record_names_another",
        "the first record names the slot after",
        "C14",
        _AT_ONCE,
        {"fresh_erases": names_next},
    ),
    Mutant(
        "commence_on_trial",
        "commence() does not ask whether what runs is on trial",
        "C25",
        _AT_ONCE,
        {"commence": _asks_no_trial},
    ),
    Mutant(
        "writes_what_was_selected",
        "a session goes on writing to a slot that was selected since",
        "C14",
        _ANY,
        {"write_over": _writes_what_is_kept},
    ),
    Mutant(
        "accept_believes_the_driver",
        "accept() raises the error of an update that has happened",
        "C26",
        _FAILING,
        {"accept_program_fails_all": _raises_all_the_same},
    ),
    Mutant(
        "failed_try_loses_the_state",
        "an erase that fails in the note of a try takes the record that decides along",
        "C10",
        _FAILING,
        {"try_erase_fails_done": _loses_both},
    ),
)
"""Every such mutant."""
