"""By turns a power cut leaves the state before or the state after: at every operation of every call, and every tear."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_boards import OTADATA, UPDATE, Outline
from turn_boards import (
    BLANK,
    FACTORY,
    FACTORY_TWO,
    NEW,
    PLAIN,
    ROLLBACK,
    SELECTED,
    THREE,
    TRIED,
    TWO,
    VALID,
    Said,
    board_of,
    record,
    record_cuts,
    records_of,
    said_by,
    started,
)

from otaproof.impl.board import App, Board
from otaproof.impl.chip.flash import Failure, FailureExtent, Strictness
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.program_end import PowerCut
from otaproof.model.config import Config
from otaproof.model.fault_model import FaultModel

Call = Callable[[App], object]


def accept(app: App) -> None:
    """Accept what runs."""
    app.ota.esp_ota_mark_app_valid_cancel_rollback()


def roll_back(app: App) -> None:
    """Refuse what runs."""
    app.ota.esp_ota_mark_app_invalid_rollback()


def begin(label: str) -> Call:
    """Open a session on a partition, without the erase of it all."""
    return lambda app: app.ota.esp_ota_begin(at(app, label), 0x1000)


def set_boot(label: str) -> Call:
    """Select a partition."""
    return lambda app: app.ota.esp_ota_set_boot_partition(at(app, label))


def erase_last(app: App) -> None:
    """Erase what was booted last."""
    app.ota.esp_ota_erase_last_boot_app_partition()


def at(app: App, label: str) -> Partition:
    """Return a partition of the table."""
    return next(each for each in app.partitions.table if each.label == label)


CALLS: list[tuple[str, Config, Outline, Said, str, Call]] = [
    ("accept", ROLLBACK, TWO, Said(TRIED, 0, 1), "ota_1", accept),
    ("accept without its note", ROLLBACK, TWO, Said(NEW, 1, 0), "ota_1", accept),
    ("accept without rollback", PLAIN, TWO, Said(SELECTED, 1, 0), "ota_1", accept),
    ("roll back", ROLLBACK, TWO, Said(VALID, 1, 0), "ota_1", roll_back),
    ("roll back without rollback", PLAIN, TWO, Said(SELECTED, 1, 0), "ota_1", roll_back),
    ("begin over the way back", ROLLBACK, TWO, Said(VALID, 1, 0), "ota_1", begin("ota_0")),
    ("begin over a mark", ROLLBACK, TWO, Said(NEW, 1, 0), "ota_0", begin("ota_1")),
    ("begin without rollback", PLAIN, TWO, Said(SELECTED, 1, 0), "ota_0", begin("ota_1")),
    ("set boot", ROLLBACK, THREE, Said(VALID, 1, 0), "ota_1", set_boot("ota_2")),
    ("set boot without rollback", PLAIN, THREE, Said(SELECTED, 1, 0), "ota_1", set_boot("ota_0")),
    ("set boot of factory", ROLLBACK, FACTORY_TWO, Said(VALID, 1, 0), "ota_1", set_boot("factory")),
    ("set boot from factory", ROLLBACK, FACTORY_TWO, Said(VALID, FACTORY), "factory", set_boot("ota_1")),
    ("take a mark back", ROLLBACK, TWO, Said(NEW, 1, 0), "ota_0", set_boot("ota_0")),
    ("erase the last", ROLLBACK, TWO, Said(VALID, 1, 0), "ota_1", erase_last),
]
NAMES = [each[0] for each in CALLS]


def at_rest(
    config: Config, outline: Outline, state: Said, label: str, before: bytes | None = None
) -> tuple[Board, App]:
    """Return a board whose application runs, with an older record beside the one that decides."""
    older = record(2, VALID, 1, 0) if before is None else before
    board = board_of(outline, config, older, record(4, state.kind, state.current, state.other))
    here = next(each for each in outline.table if each.label == label)
    return board, App(board.flash, board.efuse, config, here)


@pytest.mark.parametrize(("_", "config", "outline", "state", "label", "call"), CALLS, ids=NAMES)
def test_call_that_is_cut_leaves_one_state_or_the_other(
    _: str, config: Config, outline: Outline, state: Said, label: str, call: Call
) -> None:
    """And the record that decided until then is as it was."""
    board, app = at_rest(config, outline, state, label)
    call(app)
    after, ops = said_by(board.flash.cells), board.flash.take_ops()
    assert after not in (None, state)
    seen = set()
    for cut in record_cuts(ops):
        board, app = at_rest(config, outline, state, label)
        deciding = records_of(board.flash.cells)[1]
        board.flash.plan_cut(cut)
        with pytest.raises(PowerCut):
            call(app)
        left = said_by(board.flash.cells)
        assert left in (state, after), cut
        assert deciding == records_of(board.flash.cells)[1]
        seen.add(left)
    assert {state, after} == seen


@pytest.mark.parametrize(("_", "config", "outline", "state", "label", "call"), CALLS, ids=NAMES)
@pytest.mark.parametrize("done", FailureExtent)
def test_operation_that_fails_leaves_what_the_call_says(
    _: str, config: Config, outline: Outline, state: Said, label: str, call: Call, done: FailureExtent
) -> None:
    """ESP_OK where the record is whole all the same, else the error, and the old state."""
    board, app = at_rest(config, outline, state, label)
    call(app)
    after, ops = said_by(board.flash.cells), board.flash.take_ops()
    for number, op in enumerate(ops):
        if not OTADATA <= op.address < OTADATA + 0x2000:
            continue
        board, app = at_rest(config, outline, state, label)
        board.flash.plan_failure(Failure(number, done))
        try:
            call(app)
            is_done = True
        except OtaError as error:
            assert EspErr.FLASH_OP_FAIL == error.code
            is_done = False
        board.flash.end_plan()
        assert is_done == (done is FailureExtent.ALL and op.length == 4)
        assert (after if is_done else state) == said_by(board.flash.cells)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("done", [FailureExtent.NONE, FailureExtent.HALF])
def test_operation_that_lies_is_found_out(number: int, done: FailureExtent) -> None:
    """The record is read back; what an old record and a new one come to together is none."""
    board, app = at_rest(ROLLBACK, TWO, Said(TRIED, 0, 1), "ota_1")
    board.flash.strictness = Strictness.CHIP
    board.flash.plan_failure(Failure(number, done, is_silent=True))
    if number == 0 and done is FailureExtent.HALF:
        accept(app)
        assert Said(VALID, 1, 0) == said_by(board.flash.cells)
        return
    with pytest.raises(OtaError, match="ESP_ERR_FLASH_OP_FAIL"):
        accept(app)
    assert Said(TRIED, 0, 1) == said_by(board.flash.cells)


BOOTS: list[tuple[str, Config, Outline, bytes, bytes]] = [
    ("first boot", ROLLBACK, TWO, BLANK, BLANK),
    ("first boot of factory", ROLLBACK, FACTORY_TWO, BLANK, BLANK),
    ("note of a try", ROLLBACK, TWO, record(4, NEW, 1, 0), record(3, VALID, 0, 1)),
    ("note of a try without a way back", ROLLBACK, THREE, BLANK, record(4, NEW, 1)),
]


@pytest.mark.parametrize(("_", "config", "outline", "first", "second"), BOOTS, ids=[each[0] for each in BOOTS])
def test_boot_that_is_cut_leaves_one_state_or_the_other(
    _: str, config: Config, outline: Outline, first: bytes, second: bytes
) -> None:
    """So the next power-on does what this one was to do, or what comes after it."""
    board = board_of(outline, config, first, second)
    before = said_by(board.flash.cells)
    started(board)
    after, ops = said_by(board.flash.cells), board.flash.take_ops()
    for cut in record_cuts(ops):
        board = board_of(outline, config, first, second)
        board.flash.plan_cut(cut)
        with pytest.raises(PowerCut):
            board.power_on()
        left = said_by(board.flash.cells)
        assert left in (before, after), cut
        if before is None:
            board.power_on()
            assert after == said_by(board.flash.cells)


@pytest.mark.parametrize("done", [FailureExtent.NONE, FailureExtent.HALF])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_try_whose_note_fails_is_on_trial_all_the_same(number: int, done: FailureExtent) -> None:
    """It is started, can be accepted, and is tried again by the next power-on."""
    board = board_of(TWO, ROLLBACK, record(4, NEW, 1, 0))
    board.flash.plan_failure(Failure(number, done))
    app = started(board)
    assert ("ota_1", Said(NEW, 1, 0)) == (app.running.label, said_by(board.flash.cells))
    assert 1 == app.ota.esp_ota_get_state_partition(app.running)
    accept(app)
    assert Said(VALID, 1, 0) == said_by(board.flash.cells)


def test_upgrade_is_cut_everywhere() -> None:
    """From begin to accept, over two power-ons: always one of its states, and always an image that verifies."""
    upgrade_states = [Said(VALID, 1, 0), Said(VALID, 1), Said(NEW, 0, 1), Said(TRIED, 1, 0), Said(VALID, 0, 1)]

    def upgrade(board: Board) -> None:
        app = started(board)
        target = at(app, "ota_0")
        handle = app.ota.esp_ota_begin(target, len(UPDATE))
        app.ota.esp_ota_write(handle, UPDATE)
        app.ota.esp_ota_end(handle)
        app.ota.esp_ota_set_boot_partition(target)
        accept(started(board))

    board = board_of(TWO, ROLLBACK, BLANK, record(4, VALID, 1, 0))
    upgrade(board)
    assert upgrade_states[-1] == said_by(board.flash.cells)
    for cut in record_cuts(board.flash.take_ops(), FaultModel.F1):
        board = board_of(TWO, ROLLBACK, BLANK, record(4, VALID, 1, 0))
        board.flash.plan_cut(cut)
        with pytest.raises(PowerCut):
            upgrade(board)
        left = said_by(board.flash.cells)
        assert left in upgrade_states
        label = started(board).running.label
        assert ("ota_0" if left in (Said(NEW, 0, 1), Said(VALID, 0, 1)) else "ota_1") == label


def test_burn_that_was_cut_is_made_good_by_the_next_boot() -> None:
    """The record is written first; what it accepts is burned before it starts."""
    config = replace(ROLLBACK, anti_rollback=True)
    image = build_image(size=1000, version="1.0.0", seed=1, secure_version=2)
    for cut in range(2):
        board = board_of(TWO, config, BLANK, record(4, TRIED, 0, 1))
        board.flash.cells = board.flash.cells.with_bytes(0x20000, image)
        app = App(board.flash, board.efuse, config, TWO.table[3])
        board.efuse.plan_cut(0, cut)
        with pytest.raises(PowerCut):
            accept(app)
        assert Said(VALID, 1, 0) == said_by(board.flash.cells)
        assert cut == board.efuse.bits
        board.power_on()
        assert 2 == board.efuse.secure_version
