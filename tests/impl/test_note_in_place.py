"""The patch note-in-place on the board: a try is noted by one byte, which bootloader and application read."""

import pytest
from small_boards import OTADATA, Outline, with_records

from otaproof.impl.board import Board
from otaproof.impl.chip.flash import FlashOp, FlashOpKind, PlannedCut
from otaproof.impl.chip.torn_operations import AFTER, BEFORE, Torn
from otaproof.impl.otadata import NOTE_AT, decode_entry, encode_entry, make_entry
from otaproof.impl.program_end import PowerCut
from otaproof.model.config import Config
from otaproof.model.ota_state import OtaImgState

MARKED = encode_entry(make_entry(1, OtaImgState.VALID)), encode_entry(make_entry(2, OtaImgState.NEW))
PENDING = OtaImgState.PENDING_VERIFY


def marked_board(patched: bool = True, rollback: bool = True) -> Board:
    """Return a board of two slots where ota_1 is marked."""
    cells = with_records(Outline(2, has_factory=False).cells(), *MARKED)
    return Board.of_cells(cells, Config(rollback=rollback, notes_in_place=patched))


def second_record(board: Board) -> bytes:
    """Return the record of ota_1."""
    return board.flash.cells.read(OTADATA + 0x1000, 32)


def test_try_is_noted_by_one_byte() -> None:
    """And is read as PENDING_VERIFY; the rest of the record stays, and ESP-IDF would read NEW."""
    board = marked_board()
    board.flash.take_ops()
    app = board.power_on()
    assert app is not None
    assert "ota_1" == app.running.label
    assert [FlashOp(FlashOpKind.PROGRAM, OTADATA + 0x1000 + NOTE_AT, 1)] == board.flash.take_ops()
    assert PENDING == app.ota.esp_ota_get_state_partition(app.running)
    noted = second_record(board)
    assert MARKED[1][:NOTE_AT] + b"\0" + MARKED[1][NOTE_AT + 1 :] == noted
    assert [OtaImgState.NEW, PENDING] == [decode_entry(noted).ota_state, decode_entry(noted, True).ota_state]


@pytest.mark.parametrize(("torn", "second"), [(BEFORE, "ota_1"), (AFTER, "ota_0"), (Torn.parse("prefix:1"), "ota_0")])
def test_cut_in_the_note_leaves_the_mark_or_the_note(torn: Torn, second: str) -> None:
    """The image is tried at the next power-on, or its try is over; ESP-IDF's erase leaves neither."""
    board = marked_board()
    board.flash.plan_cut(PlannedCut(0, torn))
    with pytest.raises(PowerCut):
        board.power_on()
    app = board.power_on()
    assert app is not None
    assert second == app.running.label


def test_note_goes_with_its_try() -> None:
    """Whether it is given up, accepted or refused, the label is blank again, and so a later mark is no try."""
    board = marked_board()
    board.power_on()
    board.power_on()
    assert encode_entry(make_entry(2, OtaImgState.ABORTED)) == second_record(board)
    board = marked_board()
    app = board.power_on()
    assert app is not None
    app.ota.esp_ota_mark_app_valid_cancel_rollback()
    assert encode_entry(make_entry(2, OtaImgState.VALID)) == second_record(board)


def test_nothing_is_noted_without_the_patch_or_without_rollback() -> None:
    """ESP-IDF rewrites the record; without rollback there is no try."""
    board = marked_board(patched=False)
    board.power_on()
    assert encode_entry(make_entry(2, PENDING)) == second_record(board)
    board = marked_board(rollback=False)
    board.power_on()
    assert MARKED[1] == second_record(board)
