"""Boards that keep otadata by turns, and their records read and written by the words of selector/DESIGN.md alone."""

import struct
import zlib
from dataclasses import dataclass

from small_boards import OTADATA, SECTOR_SIZE, Outline

from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import FlashOp, FlashOpKind, PlannedCut
from otaproof.impl.chip.torn_operations import AFTER, BEFORE, Torn
from otaproof.model.config import Config, Selector
from otaproof.model.fault_model import FaultModel

NEW, TRIED, VALID, SELECTED = 1, 2, 3, 4
FACTORY, NONE = 16, 31
BLANK = b"\xff" * 32
ROLLBACK = Config(rollback=True, selector=Selector.BY_TURNS)
PLAIN = Config(selector=Selector.BY_TURNS)
TWO, THREE, FACTORY_TWO = Outline(2, False), Outline(3, False), Outline(2, True)


@dataclass(frozen=True, slots=True)
class Said:
    """What a whole record says."""

    kind: int
    current: int
    other: int = NONE


def check_word(seq: int) -> int:
    """Return ESP-IDF's check word of a number."""
    return zlib.crc32(struct.pack("<I", seq), 0xFFFFFFFF)


def image_state(said: Said) -> int:
    """Return the state word of a record."""
    return 4 if said.current == FACTORY else {NEW: 0, SELECTED: 0xFFFFFFFF}.get(said.kind, 2)


def record(seq: int, kind: int, current: int, other: int = NONE) -> bytes:
    """Return the record of a state, as the table of DESIGN.md has it."""
    said = Said(kind, current, other)
    what = kind | other << 8 | current << 16 | 0xB7 << 24
    state, crc = image_state(said), check_word(seq)
    turned = (word ^ 0xFFFFFFFF for word in (seq, what, state, crc))
    return struct.pack("<8I", seq, what, *turned, state, crc)


def entry(seq: int, state: int) -> bytes:
    """Return an entry of ESP-IDF."""
    return struct.pack("<I20sII", seq, b"\xff" * 20, state, check_word(seq))


def read_said(raw: bytes) -> tuple[int, Said] | None:
    """Return number and state of a record that is whole."""
    seq, what = struct.unpack_from("<II", raw)
    kind, other, current = what & 0xFF, what >> 8 & 0xFF, what >> 16 & 0xFF
    is_known = kind in (NEW, TRIED, VALID, SELECTED)
    return (seq, Said(kind, current, other)) if is_known and raw == record(seq, kind, current, other) else None


def records_of(cells: Cells) -> tuple[bytes, bytes]:
    """Return the bytes of both records."""
    return cells.read(OTADATA, 32), cells.read(OTADATA + SECTOR_SIZE, 32)


def said_by(cells: Cells) -> Said | None:
    """Return what the records say: of two that are whole, the one with the higher number."""
    found = [said for raw in records_of(cells) if (said := read_said(raw)) is not None]
    return max(found, key=lambda each: each[0])[1] if found else None


def board_of(
    outline: Outline, config: Config, first: bytes = BLANK, second: bytes = BLANK, broken: tuple[int, ...] = ()
) -> Board:
    """Return a board that is off, with these records."""
    cells = outline.cells(broken).with_bytes(OTADATA, first).with_bytes(OTADATA + SECTOR_SIZE, second)
    return Board.of_cells(cells, config)


def started(board: Board) -> App:
    """Return what a power-on starts."""
    app = board.power_on()
    assert app is not None
    return app


def label_of(app: App | None) -> str | None:
    """Return the label of what runs."""
    return None if app is None else app.running.label


def record_cuts(ops: list[FlashOp], faults: FaultModel = FaultModel.F3) -> list[PlannedCut]:
    """Return the cuts of a run with these operations: those of records torn in every way, the ends of the others."""
    cuts = []
    for number, op in enumerate(ops):
        is_record = OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE
        tears = record_tears(op, faults) if is_record else [BEFORE, AFTER]
        cuts += [PlannedCut(number, torn) for torn in tears]
    return cuts


def record_tears(op: FlashOp, faults: FaultModel) -> list[Torn]:
    """Return the tears of an operation on a record: each prefix, each byte and bit alone or left out, and others."""
    size = min(op.length, 32)
    word = "partial" if op.kind is FlashOpKind.ERASE else "prefix"
    tears = ["before", *(f"{word}:{length}" for length in range(1, size + 1) if length < op.length)]
    for kind, units, least in (("bytes", size, FaultModel.F2), ("bits", 8 * size, FaultModel.F3)):
        if faults >= least:
            numbers = [*range(units), *range(256, 256 + units), *range(512, 544)]
            tears += [f"{kind}:0.{number}" for number in numbers]
    return [*map(Torn.parse, tears), AFTER]
