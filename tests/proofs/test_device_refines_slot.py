"""The life cycle of a slot and the device model say the same."""

from dataclasses import replace
from functools import cache
from itertools import islice, product

import pytest
import slot_moves
from slot_moves import Moment, situations

from otaproof.model.config import Config, Release
from otaproof.model.device.records import Check
from otaproof.model.device.search import reachable
from otaproof.model.device.selection import boot_choice
from otaproof.model.device.state import Scope, Task, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.slot import life_cycle as lifecycle
from otaproof.model.slot.life_cycle import TABLE, WHOLE_STEP_ROWS, Event, RowKind
from otaproof.model.slot.situation import State
from otaproof.model.slot.view import situation_of, slot_view
from otaproof.proofs.explicit.cut_outcomes import Call
from otaproof.proofs.refinement.device_refines_slot import (
    MET_BY_ANY_RECORDS,
    UNREACHED,
    SlotRefinement,
    Why,
    check_reachable,
    event_of,
)
from otaproof.proofs.refinement.device_refines_slot_smt import EVENT_CALLS, EventRefinement, check_well_formed

ROLLBACK = Scope(Config(rollback=True, skip_validate_in_deep_sleep=True))
PLAIN = Scope(Config(skip_validate_in_deep_sleep=True))
QUICK = {
    "restart at once, rollback": replace(ROLLBACK, usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F3),
    "restart at once, plain": replace(PLAIN, usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F2),
    "restart at once, 3 slots": replace(ROLLBACK, usage=Usage.RESTART_AT_ONCE, faults=FaultModel.F1, slots=3),
    "any, rollback 5.1": replace(ROLLBACK, faults=FaultModel.F0),
    "any, rollback 6.1": replace(
        ROLLBACK, config=replace(ROLLBACK.config, app_release=Release.V6_1), faults=FaultModel.F0
    ),
    "any, plain, factory": replace(PLAIN, faults=FaultModel.F0, has_factory=True),
    "any, 1 slot": replace(ROLLBACK, slots=1, has_factory=True, faults=FaultModel.F3),
    "anti-rollback": Scope(
        Config(rollback=True, anti_rollback=True),
        has_factory=True,
        faults=FaultModel.F1,
        usage=Usage.RESTART_AT_ONCE,
        versions=2,
    ),
}
"""Small worlds: seconds."""
BIG = [
    Scope(
        Config(rollback=rollback, app_release=release, skip_validate_in_deep_sleep=True),
        has_factory=has_factory,
        faults=FaultModel.F3,
    )
    for rollback, has_factory in product((False, True), repeat=2)
    for release in (Release.V5_1, Release.V5_5, Release.V6_0, Release.V6_2_DEV)
]
"""Calls in any order, bits torn: every set of rules that the table tells apart."""
THREE_SLOTS = [
    replace(ROLLBACK, slots=3, faults=FaultModel.F3),
    *(replace(scope, slots=3, faults=FaultModel.F3, usage=Usage.RESTART_AT_ONCE) for scope in (ROLLBACK, PLAIN)),
]


@cache
def tie_of(scope: Scope) -> SlotRefinement:
    """Return what the steps of a scope show."""
    return check_reachable(scope)


@cache
def lift_of(scope: Scope, call: Call) -> EventRefinement:
    """Return what the cases of a call show."""
    return check_well_formed(scope, call)


@pytest.mark.parametrize("scope", QUICK.values(), ids=QUICK)
def test_every_step_moves_every_slot_along_a_row(scope: Scope) -> None:
    """From every reachable state: whole along the one row that fits, cut along some row."""
    assert () == tie_of(scope).wrong


@pytest.mark.parametrize("scope", QUICK.values(), ids=QUICK)
def test_no_row_is_taken_that_is_said_not_to_be(scope: Scope) -> None:
    """A reason in UNREACHED that is wrong shows in a small world, or in the slow test."""
    assert set() == tie_of(scope).rows & UNREACHED.keys()


@pytest.mark.slow
def test_unreached_rows_are_exactly_those_that_no_device_takes() -> None:
    """No row is dead without a reason, and no reason is stale."""
    scopes = [*QUICK.values(), *BIG, *THREE_SLOTS]
    assert [] == [wrong for scope in scopes for wrong in tie_of(scope).wrong]
    walked = {row_id for scope in scopes for row_id in tie_of(scope).rows}
    assert {row.id for row in TABLE} - walked == UNREACHED.keys()


def test_a_row_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """L88 was: the table said nothing of a slot that is new in front of testing, and the board moved it to aborted."""
    monkeypatch.setattr(lifecycle, "TABLE", tuple(row for row in TABLE if row.id != "L88"))
    wrong = check_reachable(QUICK["any, rollback 5.1"]).wrong
    assert wrong
    assert all(text.startswith("power_on, cut under F0: new to aborted, 5.1, rollback on, selected") for text in wrong)


def test_a_row_that_leads_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """accept() would leave the image invalid."""
    wrong_rows = tuple(replace(row, after=State.INVALID) if row.id == "L30" else row for row in WHOLE_STEP_ROWS)
    monkeypatch.setattr(lifecycle, "WHOLE_STEP_ROWS", wrong_rows)
    assert any("accept: testing to valid" in text for text in check_reachable(QUICK["restart at once, rollback"]).wrong)
    assert any("accept: testing to valid" in text for text in check_well_formed(ROLLBACK, Call.ACCEPT).wrong)


def test_a_case_without_a_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row fits, rather than one that leads elsewhere."""
    monkeypatch.setattr(lifecycle, "WHOLE_STEP_ROWS", tuple(row for row in WHOLE_STEP_ROWS if row.id != "L50"))
    assert any("power_on: new to testing" in text for text in check_reachable(QUICK["restart at once, rollback"]).wrong)


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("scope", [replace(ROLLBACK, has_factory=True, faults=FaultModel.F0)], ids=["rollback 5.1"])
def test_any_well_formed_device_moves_every_slot_along_a_row(scope: Scope, call: Call) -> None:
    """z3 lists the cases; none is without a row."""
    assert () == lift_of(scope, call).wrong


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 2, 3, 4, 8, 16])
@pytest.mark.parametrize("rollback", [False, True])
def test_any_well_formed_device_of_any_size_moves_every_slot_along_a_row(slots: int, rollback: bool) -> None:
    """All releases, and up to as many slots as there can be."""
    for release, call in product((Release.V5_1, Release.V5_5, Release.V6_0), Call):
        config = Config(rollback=rollback, app_release=release)
        assert () == lift_of(Scope(config, slots, has_factory=True, faults=FaultModel.F3), call).wrong


@pytest.mark.slow
def test_well_formed_records_take_every_row_but_those_of_errors_and_chance() -> None:
    """So a row that no history takes is there for records that others wrote. INFO and WAKE write nothing."""
    walked = set()
    for rollback, release, call in product((False, True), (Release.V5_1, Release.V5_5, Release.V6_0), Call):
        config = Config(rollback=rollback, app_release=release)
        for has_factory in (False, True):
            # With 4 slots the cases are those of any larger number.
            done = lift_of(Scope(config, 4, has_factory=has_factory, faults=FaultModel.F3), call)
            walked |= {row_id for row_id, _ in done.walked}
    never = {row_id for row_id, why in UNREACHED.items() if row_id not in MET_BY_ANY_RECORDS}
    assert {row.id for row in TABLE} - walked - {"L07", "L57"} == never


def test_cases_are_no_more_with_more_slots() -> None:
    """A slot is running, the target, named once, twice or not at all: five slots bring nothing that four have not."""
    call = Call.COMMENCE
    counts = [lift_of(replace(ROLLBACK, slots=slots, faults=FaultModel.F0), call).cases for slots in (4, 5, 16)]
    assert 1 == len(set(counts))


def test_every_event_of_the_table_is_tied() -> None:
    """info() changes nothing and is no action."""
    tied = {event_of(action.name) for action in stepper(ROLLBACK).model.actions} | {Event.POWER_ON, Event.INFO}
    assert set(Event) == tied - {None} | {event_of("set_boot_factory")}
    assert set(Event) - {Event.INFO, Event.WAKE} == set(EVENT_CALLS)


def test_reasons_speak_of_rows_that_there_are() -> None:
    """And each reason is in use."""
    assert {row.id for row in TABLE} >= UNREACHED.keys()
    assert set(Why) == set(UNREACHED.values())
    assert {row.id for row in TABLE if row.kind is RowKind.FLASH_ERROR} == {
        row_id for row_id, why in UNREACHED.items() if why is Why.FLASH_ERROR
    }


@pytest.mark.parametrize(
    "scope", [QUICK["any, rollback 5.1"], QUICK["any, plain, factory"]], ids=["rollback", "factory"]
)
def test_views_are_those_that_raw_records_give(scope: Scope) -> None:
    """tests/slot_moves.py answers the same questions from bytes, and shares no code with the model."""
    steps = stepper(scope)
    device = steps.model.device
    views = [tuple(slot_view(scope, device, slot).terms()) for slot in range(scope.slots)]
    started = boot_choice(scope, device)
    for state in islice(reachable(steps), 0, None, 23):
        values = steps.as_dict(state)
        if values["task"] not in (Task.RUN, Task.OFF):
            continue
        running = values["running"] if values["running"] < scope.slots else None
        records = raw_record(scope, values, 0), raw_record(scope, values, 1)
        moment = Moment(scope.config, scope.slots, scope.has_factory, records, running)
        expected = situations(moment, started=steps.value(started, state))
        for slot, terms in enumerate(views):
            assert expected[slot] == situation_of(scope.config, [steps.value(term, state) for term in terms])


def raw_record(scope: Scope, values: dict[str, int], sector: int) -> slot_moves.Record:
    """Return a record with a number that has the rank and names the slot."""
    check, rank = values[f"record{sector}_check"], values[f"record{sector}_seq"]
    words = (*range(5), 0xFFFFFFFF)
    if check == Check.EMPTY:
        return slot_moves.Record(slot_moves.EMPTY, words[values[f"record{sector}_word"]], False)
    if check == Check.WRONG:
        return slot_moves.Record(5, words[values[f"record{sector}_word"]], False)
    rounds = max(0, rank - scope.slots)
    number = rank if not rounds else values[f"record{sector}_slot"] + 1 + (2 * rounds - 1) * scope.slots
    return slot_moves.Record(number, words[values[f"record{sector}_word"]], True)
