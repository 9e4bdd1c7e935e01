"""The board moves every slot by the life-cycle table: each pair of records, each call and reset, whole and cut.

Records are put into otadata as another program would, so that states are met that no run of calls reaches.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product

import pytest
from slot_moves import WORDS, Moment, make_record, reported, situations
from small_boards import (
    OTADATA,
    OUTLINES,
    SECTOR_SIZE,
    UPDATE,
    Outline,
    call,
    call_of,
    moment_of,
    read_records,
    reset,
    running_slot,
    with_records,
)

from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import Failure, FailureExtent, FlashOp, PlannedCut
from otaproof.impl.chip.torn_operations import BEFORE, Torn
from otaproof.impl.program_end import PowerCut
from otaproof.model.config import Config, Release
from otaproof.model.slot.life_cycle import TABLE, WHOLE_STEP_ROWS, Event, allowed_rows, whole_row
from otaproof.model.slot.situation import Situation, State

RESETS = (Event.POWER_ON, Event.ERASE_OTADATA, Event.WAKE)
"""ERASE_OTADATA stands for a reset with the factory-reset pin held, which is up to three events."""
NVS = range(0x9000, OTADATA)
RELEASES = (Release.V5_1, Release.V5_5, Release.V6_0)
"""One of each set of rules that the table tells apart."""
BLANK = b"\xff" * 32
BAD_CHECK = make_record(3, 2)[:28] + b"\x00" * 4
STRIDE = 67
"""One case in so many is played by default."""
STRIDE_INTERRUPTED = 977
"""One case in so many is interrupted by default."""
TEARS = [
    *(Torn.parse(text) for text in ("before", "after", "prefix:3", "prefix:24", "prefix:30")),
    *(Torn.parse(text) for text in ("partial:2", "partial:26")),
    *(Torn.parse(f"bytes:0.{byte}") for byte in range(24, 28)),
    *(Torn.parse(f"bits:0.{8 * 24 + bit}") for bit in range(4)),
]
"""Whole, by prefix, and one byte or bit of the state word unfinished."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call or reset of one device."""

    config: Config
    outline: Outline
    running: int | None
    """Slot of the running image; None: factory."""
    broken: tuple[int, ...]
    """Slots whose image is damaged."""
    first: bytes
    second: bytes
    """The otadata entries."""
    event: Event

    def start(self) -> tuple[Board, App]:
        """Return the device just before the event, with an image written where complete() follows."""
        cells = self.outline.cells(tuple(slot for slot in self.broken if slot != self.running))
        boots_running = BLANK if self.running is None else make_record(self.running + 1, WORDS[State.VALID])
        board = Board.of_cells(with_records(cells, boots_running, BLANK), self.config)
        app = board.power_on()
        assert app is not None
        assert self.running == running_slot(app)
        if self.event is Event.COMPLETE:
            app.otaupgrade.commence()
            app.otaupgrade.write(UPDATE)
        board.flash.cells = with_records(board.flash.cells, self.first, self.second)
        board.flash.take_ops()
        return board, app

    def play(self, board: Board, app: App) -> tuple[bool, int | None]:
        """Let the event happen; return whether a call failed, and the slot that a reset starts."""
        if self.event not in RESETS:
            return call(call_of(self.event, app)), None
        return False, running_slot(reset(board, self.event))

    def interrupted(self, interruption: PlannedCut | Failure) -> Cells:
        """Return what the flash holds after the event, interrupted so."""
        board, app = self.start()
        if isinstance(interruption, PlannedCut):
            board.flash.plan_cut(interruption)
        else:
            board.flash.plan_failure(interruption)
        with suppress(PowerCut):
            self.play(board, app)
        board.flash.end_plan()
        return board.flash.cells


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a case, played to its end."""

    event: Event
    before: Moment
    after: Cells
    is_refused: bool
    started: int | None
    otadata_ops: tuple[int, ...]
    """Numbers of its operations on otadata, counted from the beginning of the case."""

    def slots(self) -> Mapping[int, tuple[State, Situation]]:
        """Return for each slot its state before and how it stands to the event."""
        return situations(self.before, is_refused=self.is_refused, started=self.started)


def play(case: Case) -> list[Step]:
    """Return the events of a case that nothing disturbs: one, or those of a factory reset."""
    board, app = case.start()
    before = moment_of(board, case.outline, app)
    has_failed, started = case.play(board, app)
    ops = board.flash.take_ops()
    touching = tuple(number for number, op in enumerate(ops) if op.address - OTADATA in range(2 * SECTOR_SIZE))
    if case.event is not Event.ERASE_OTADATA:
        is_refused = has_failed and not touching
        return [Step(case.event, before, board.flash.cells, is_refused, started, touching)]
    return list(_factory_reset(case, before, ops, board.flash.cells, started))


def _factory_reset(case: Case, before: Moment, ops: list[FlashOp], after: Cells, started: int | None) -> Iterator[Step]:
    """Yield the events of a factory reset. It erases nvs, which lies before otadata, and so tells the looks apart."""
    in_nvs = [number for number, op in enumerate(ops) if op.address in NVS]
    begin, end = in_nvs[0], in_nvs[-1] + 1
    end_of_erase = end + (2 if case.config.factory_reset_erases_otadata else 0)
    bounds = [
        (Event.POWER_ON, 0, begin),
        (Event.ERASE_OTADATA, end, end_of_erase),
        (Event.POWER_ON, end_of_erase, len(ops)),
    ]
    moment = before
    for number, (event, first, last) in enumerate(bounds):
        is_last = number == len(bounds) - 1
        cells = after if is_last or last == len(ops) else case.interrupted(PlannedCut(last, BEFORE))
        if first < last or event is not Event.ERASE_OTADATA:
            yield Step(event, moment, cells, False, started if is_last else None, tuple(range(first, last)))
        moment = replace(moment, records=read_records(cells), running=None)


def record_pairs(slot_count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield every pair of entries: blank, damaged, or naming a slot in some state; either one the greater number."""
    named = list(product(range(slot_count), WORDS.values()))
    for lone in (BLANK, BAD_CHECK):
        for slot, word in named:
            yield make_record(slot + 1, word), lone
            yield lone, make_record(slot + 1, word)
        yield from ((lone, BLANK), (lone, BAD_CHECK))
    for (slot, word), (other_slot, other_word) in product(named, named):
        rounds = [(1, 3), (3, 1), (2, 2)] if slot == other_slot else [(1, 3), (3, 1)]
        for first, second in rounds:
            yield (
                make_record(first * slot_count + slot + 1, word),
                make_record(second * slot_count + other_slot + 1, other_word),
            )


def all_cases() -> Iterator[Case]:
    """Yield every case, in a fixed order."""
    number = 0
    for outline, rollback, release in product(OUTLINES, (False, True), RELEASES):
        runners = [*range(outline.slot_count), *([None] if outline.has_factory else [])]
        for running, (first, second), event in product(runners, record_pairs(outline.slot_count), Event):
            number += 1
            config = Config(
                rollback=rollback,
                app_release=release,
                bootloader_release=release,
                skip_validate_in_deep_sleep=event is Event.WAKE,
                factory_reset_list="nvs",
                factory_reset_erases_otadata=number % 2 == 0,
            )
            broken = ((), (), (0,), (1,))[number % 4]
            yield Case(config, outline, running, broken, first, second, event)


CORNERS = (
    # New in front of testing, both of one slot: the bootloader aborts the second, then rewrites the first. Found by
    # proofs/refinement/device_refines_slot.py: an application of 5.1 gets there by complete() twice.
    Case(
        Config(rollback=True),
        OUTLINES[0],
        0,
        (),
        make_record(2, WORDS[State.NEW]),
        make_record(2, WORDS[State.TESTING]),
        Event.POWER_ON,
    ),
)


@dataclass(frozen=True, slots=True)
class Walk:
    """What many cases showed."""

    wrong: tuple[str, ...]
    """Moves that the table does not allow."""
    walked: frozenset[tuple[str, State]]
    """Row and state before of every move that it allows."""


def walk_whole(cases: Iterable[Case]) -> Walk:
    """Play each case to its end: every slot must take the one row that fits it."""
    wrong: list[str] = []
    walked: set[tuple[str, State]] = set()
    for case in cases:
        for step in play(case):
            after = read_records(step.after)
            for slot, (state, situation) in step.slots().items():
                moved_to, _ = reported(after, slot, case.outline.slot_count)
                row = whole_row(state, step.event, situation)
                walked.add((row.id, state))
                if row.state_after(state, situation.hidden) is not moved_to:
                    wrong.append(f"{case}: ota_{slot}, {state.value} to {moved_to.value}: {row.id}, {situation}")
    return Walk(tuple(wrong), frozenset(walked))


def walk_interrupted(cases: Iterable[Case]) -> Walk:
    """Interrupt each case in each operation on otadata, in every way known here: some row must allow each move."""
    wrong: list[str] = []
    walked: set[tuple[str, State]] = set()
    for case in cases:
        steps = play(case)
        for step in steps:
            slots = step.slots()
            for interruption in interruptions(step, can_fail=step is steps[-1]):
                after = read_records(case.interrupted(interruption))
                cut = interruption.torn.weakest_model if isinstance(interruption, PlannedCut) else None
                for slot, (state, situation) in slots.items():
                    moved_to, _ = reported(after, slot, case.outline.slot_count)
                    rows = allowed_rows(state, step.event, moved_to, situation, cut, has_flash_error=cut is None)
                    walked.update((row.id, state) for row in rows)
                    if not rows:
                        move = f"{state.value} to {moved_to.value}"
                        wrong.append(f"{case}, {interruption}: ota_{slot}, {move}, {situation}")
    return Walk(tuple(wrong), frozenset(walked))


def interruptions(step: Step, can_fail: bool) -> Iterator[PlannedCut | Failure]:
    """Yield the ways to interrupt a step in its operations on otadata."""
    for number in step.otadata_ops:
        yield from (PlannedCut(number, torn) for torn in TEARS)
        if can_fail:
            yield from (Failure(number, done) for done in FailureExtent)


@cache
def walk_some_whole() -> Walk:
    """Play a fixed part of all cases to their end."""
    return walk_whole(islice(all_cases(), 0, None, STRIDE))


@cache
def walk_some_interrupted() -> Walk:
    """Interrupt a fixed part of all cases, and those that the part has missed once."""
    return walk_interrupted([*islice(all_cases(), 0, None, STRIDE_INTERRUPTED), *CORNERS])


def test_board_moves_every_slot_by_the_one_row_that_fits() -> None:
    """Calls and resets that run to their end."""
    assert () == walk_some_whole().wrong


def test_interrupted_board_moves_every_slot_by_some_row() -> None:
    """Calls and resets that are cut, or in which a flash operation fails and returns."""
    assert () == walk_some_interrupted().wrong


def test_every_row_of_whole_steps_is_walked_from_each_of_its_states() -> None:
    """No row is wider than the code."""
    edges = {(row.id, state) for row in WHOLE_STEP_ROWS for state in row.states_before}
    assert edges == walk_some_whole().walked


def test_every_row_is_walked_or_says_why_not() -> None:
    """No row is dead and no reason is stale; a torn row is as alive as what it is torn from, see the tests of TEARS."""
    walked = {row_id for row_id, _ in walk_some_whole().walked | walk_some_interrupted().walked}
    dead = {row.id for row in TABLE if row.id not in walked and "-T" not in row.id}
    assert {row.id for row in TABLE if row.reach and "-T" not in row.id} == dead


@pytest.mark.slow
def test_board_moves_every_slot_by_the_one_row_that_fits_in_every_case() -> None:
    """All pairs of records, on all outlines and rules."""
    assert () == walk_whole(all_cases()).wrong


@pytest.mark.slow
def test_interrupted_board_moves_every_slot_by_some_row_in_many_cases() -> None:
    """Ten times as many as by default."""
    assert () == walk_interrupted(islice(all_cases(), 0, None, STRIDE_INTERRUPTED // 10)).wrong
