"""The takeover of ESP-IDF's records, whatever they are, and cut at every step."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from small_boards import OTADATA, SECTOR_SIZE, Outline
from turn_boards import (
    BLANK,
    FACTORY,
    FACTORY_TWO,
    NEW,
    NONE,
    PLAIN,
    ROLLBACK,
    SELECTED,
    THREE,
    TRIED,
    TWO,
    VALID,
    Said,
    board_of,
    entry,
    label_of,
    read_said,
    record,
    record_cuts,
    records_of,
    said_by,
    started,
)

from otaproof.impl.board import Board
from otaproof.impl.by_turns.takeover import taken_over
from otaproof.impl.by_turns.turn_record import TurnPlaces
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import Failure, FailureExtent
from otaproof.impl.otadata import EntryPair, decode_entry
from otaproof.impl.program_end import PowerCut
from otaproof.model.config import Config, Selector
from otaproof.model.fault_model import FaultModel

N, P, V, INVALID, ABORTED, U, ODD = 0, 1, 2, 3, 4, 0xFFFFFFFF, 7
STATES = (N, P, V, INVALID, ABORTED, U, ODD)
WRONG = entry(3, V)[:28] + b"\0\0\0\0"
"""Its check word is wrong."""


@pytest.mark.parametrize(
    ("first", "second", "with_rollback", "without"),
    [
        (entry(1, V), BLANK, Said(VALID, 0), Said(VALID, 0)),
        (entry(1, V), entry(2, V), Said(VALID, 1, 0), Said(VALID, 1, 0)),
        (entry(3, V), entry(2, V), Said(VALID, 0, 1), Said(VALID, 0, 1)),
        (entry(1, V), entry(3, V), Said(VALID, 0), Said(VALID, 0)),
        (entry(1, V), entry(2, N), Said(NEW, 1, 0), Said(SELECTED, 1, 0)),
        (entry(1, ABORTED), entry(2, N), Said(NEW, 1, 0), Said(SELECTED, 1)),
        (entry(1, N), BLANK, Said(NEW, 0), Said(SELECTED, 0)),
        (entry(1, V), entry(3, N), Said(NEW, 0), Said(SELECTED, 0)),
        (entry(1, V), entry(2, U), Said(VALID, 1, 0), Said(SELECTED, 1, 0)),
        (entry(1, V), entry(2, ODD), Said(VALID, 1, 0), Said(SELECTED, 1, 0)),
        (entry(1, V), entry(2, P), Said(TRIED, 0, 1), Said(SELECTED, 1, 0)),
        (BLANK, entry(2, P), Said(TRIED, 0, 1), Said(SELECTED, 1)),
        (entry(1, P), entry(2, P), Said(TRIED, 0, 1), Said(SELECTED, 1, 0)),
        (entry(1, P), entry(2, V), Said(VALID, 1), Said(VALID, 1, 0)),
        (entry(1, V), entry(2, ABORTED), Said(VALID, 0), Said(VALID, 0)),
        (entry(1, INVALID), entry(2, ABORTED), None, None),
        (WRONG, entry(2, V), Said(VALID, 1), Said(VALID, 1)),
        (WRONG, WRONG, None, None),
    ],
)
def test_what_a_pair_is_read_as(first: bytes, second: bytes, with_rollback: Said | None, without: Said | None) -> None:
    """As ESP-IDF reads it; whatever is on trial has been tried."""
    pair = EntryPair(decode_entry(first), decode_entry(second))
    found = [taken_over(pair, TurnPlaces(2, has_factory=False), rollback) for rollback in (True, False)]
    said = [None if turn is None else Said(turn.state.kind, turn.state.current, turn.state.other) for turn in found]
    assert [with_rollback, without] == said


def test_trial_without_another_record_goes_back_to_factory() -> None:
    """Or slot 0, which ESP-IDF would start once the trial is over; and so does a trial that is to come."""
    found = []
    for state in (P, N):
        pair = EntryPair(decode_entry(BLANK), decode_entry(entry(2, state)))
        turn = taken_over(pair, TurnPlaces(2, has_factory=True), True)
        assert turn is not None
        found.append((turn.state.kind, turn.state.current, turn.state.other))
    assert [(TRIED, FACTORY, 1), (NEW, 1, FACTORY)] == found


@pytest.mark.parametrize("kept", [(entry(1, V), entry(2, P)), (entry(3, V), entry(2, N)), (entry(3, V), BLANK)])
def test_record_that_decides_stays(kept: tuple[bytes, bytes]) -> None:
    """The first record by turns comes into the other sector; of a trial, over its own."""
    board = board_of(TWO, ROLLBACK, *kept)
    started(board)
    assert kept[0] == records_of(board.flash.cells)[0]
    whole = read_said(records_of(board.flash.cells)[1])
    assert whole is not None
    assert whole[0] > decode_entry(kept[0]).ota_seq


def test_try_is_noted_after_the_takeover() -> None:
    """In the sector of the old record, which decides no more."""
    board = board_of(TWO, ROLLBACK, entry(1, V), entry(2, N))
    assert "ota_1" == started(board).running.label
    assert (record(4, NEW, 1, 0), record(5, TRIED, 0, 1)) == records_of(board.flash.cells)


def test_records_of_esp_idf_no_longer_count() -> None:
    """Once a record is whole, whatever their number: a tear of an erase may look like any of them."""
    board = board_of(TWO, ROLLBACK, record(4, VALID, 1, 0), entry(5, V))
    assert "ota_1" == started(board).running.label
    assert Said(VALID, 1, 0) == said_by(board.flash.cells)


def pairs(slots: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield every pair of records that matters: all states, equal numbers, each order, each slot, and wrong ones."""
    singles = [BLANK, WRONG]
    for first, second in itertools.product(range(1, 2 * slots + 1), repeat=2):
        if min(first, second) <= slots:
            for states in itertools.product(STATES, repeat=2):
                yield entry(first, states[0]), entry(second, states[1])
    for number, state in itertools.product(range(1, slots + 1), STATES):
        for single in singles:
            yield entry(number, state), single
            yield single, entry(number, state)
    yield from itertools.product(singles, repeat=2)


def as_esp_idf(config: Config) -> Config:
    """Return the same configuration with ESP-IDF's own selector."""
    return replace(config, selector=Selector.ESP_IDF)


def boots(cells: Cells, config: Config) -> str | None:
    """Return what a power-on starts."""
    return label_of(Board.of_cells(cells, config).power_on())


OUTLINES = [TWO, FACTORY_TWO, THREE]
BROKEN: list[tuple[int, ...]] = [(), (0,), (1,)]


@pytest.mark.parametrize("config", [ROLLBACK, PLAIN], ids=["rollback", "plain"])
@pytest.mark.parametrize("outline", OUTLINES, ids=["two", "factory", "three"])
def test_takeover_starts_what_esp_idf_starts(outline: Outline, config: Config) -> None:
    """All images being whole, whatever the pair; and the first record that is written is whole."""
    for pair in pairs(outline.slot_count):
        board = board_of(outline, config, *pair)
        before = board.flash.cells
        label = label_of(board.power_on())
        assert boots(before, as_esp_idf(config)) == label, pair
        assert said_by(board.flash.cells) is not None


@pytest.mark.parametrize("broken", [(0,), (1,)])
@pytest.mark.parametrize("config", [ROLLBACK, PLAIN], ids=["rollback", "plain"])
@pytest.mark.parametrize("outline", OUTLINES, ids=["two", "factory", "three"])
def test_takeover_starts_something_that_loads(outline: Outline, config: Config, broken: tuple[int, ...]) -> None:
    """Where an image is not whole; it is that of ESP-IDF, or the one that the state has beside it."""
    for pair in pairs(outline.slot_count):
        board = board_of(outline, config, *pair, broken=broken)
        before = board.flash.cells
        label = label_of(board.power_on())
        said = said_by(board.flash.cells)
        assert said is not None
        theirs = boots(before, as_esp_idf(config))
        beside = "factory" if said.other == FACTORY else f"ota_{said.other}"
        assert label in (theirs, beside, "factory" if said.current == FACTORY else f"ota_{said.current}")


def cut_pairs() -> list[tuple[bytes, bytes]]:
    """Return pairs of different kinds, each order of each two states."""
    two = [(entry(1, a), entry(2, b)) for a, b in itertools.product(STATES, repeat=2)]
    return [
        *two,
        *((second, first) for first, second in two),
        (BLANK, entry(2, P)),
        (entry(2, N), BLANK),
        (BLANK, BLANK),
    ]


def sweep(pair: tuple[bytes, bytes], outline: Outline, config: Config, faults: FaultModel) -> None:
    """Cut the takeover at every operation."""
    board = board_of(outline, config, *pair)
    cells = board.flash.cells
    board.power_on()
    ops, finished = board.flash.take_ops(), board.flash.cells
    for cut in record_cuts(ops, faults):
        board = Board.of_cells(cells, config)
        board.flash.plan_cut(cut)
        with pytest.raises(PowerCut):
            board.power_on()
        torn = board.flash.cells
        label = label_of(board.power_on())
        assert label in (boots(torn, as_esp_idf(config)), boots(finished, config)), (pair, cut)
        assert said_by(board.flash.cells) is not None


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("config", [ROLLBACK, PLAIN], ids=["rollback", "plain"])
@pytest.mark.parametrize("outline", [TWO, FACTORY_TWO], ids=["two", "factory"])
def test_takeover_that_is_cut_by_prefixes(outline: Outline, config: Config, every: int) -> None:
    """The next power-on starts what ESP-IDF would start of these bytes, or what the finished takeover starts."""
    for pair in cut_pairs()[::every]:
        sweep(pair, outline, config, FaultModel.F1)


@pytest.mark.parametrize(
    "pair",
    [
        (entry(1, V), entry(2, P)),
        (entry(1, V), entry(2, N)),
        (entry(1, V), entry(2, V)),
        (entry(1, ABORTED), entry(2, P)),
        (BLANK, entry(2, P)),
        (entry(1, U), BLANK),
    ],
)
@pytest.mark.parametrize("outline", [TWO, FACTORY_TWO], ids=["two", "factory"])
def test_takeover_that_is_cut_by_bits(pair: tuple[bytes, bytes], outline: Outline) -> None:
    """The same with any bytes and bits."""
    sweep(pair, outline, ROLLBACK, FaultModel.F3)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("done", FailureExtent)
def test_takeover_that_fails_leaves_otadata_to_esp_idf(number: int, done: FailureExtent) -> None:
    """The image starts all the same; the next power-on takes over."""
    board = board_of(TWO, ROLLBACK, entry(1, V), entry(2, V))
    board.flash.plan_failure(Failure(number, done))
    app = started(board)
    assert "ota_1" == app.running.label
    assert "ota_1" == app.ota.esp_ota_get_boot_partition().label  # type: ignore[union-attr]
    assert entry(2, V) == records_of(board.flash.cells)[1]
    started(board)
    is_kept = (number, done) in ((0, FailureExtent.NONE), (2, FailureExtent.ALL))
    assert Said(VALID, 1, 0 if is_kept else NONE) == said_by(board.flash.cells)


def test_odd_numbers_are_taken_over() -> None:
    """Up to the end of those that may be written; beyond it all stays as it is."""
    last = entry(0xFFFFFFBE, V)
    board = board_of(TWO, ROLLBACK, last)
    assert boots(board.flash.cells, as_esp_idf(ROLLBACK)) == started(board).running.label
    assert said_by(board.flash.cells) is None
    assert last == board.flash.cells.read(OTADATA, 32)
    assert BLANK == board.flash.cells.read(OTADATA + SECTOR_SIZE, 32)
