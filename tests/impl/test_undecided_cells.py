"""Undecided bits (F4): each read finds what F3 admits, the next may find something else, an erase ends it."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import FlashOpKind, NorFlash, PlannedCut, Strictness
from otaproof.impl.chip.torn_cells import after_torn_erase, after_torn_program
from otaproof.impl.chip.torn_operations import Torn, TornKind, can_erase_leave, can_program_leave
from otaproof.impl.chip.undecided_cells import UndecidedCells, undecided_in
from otaproof.impl.chip.undecided_flash import UndecidedFlash, flash_of
from otaproof.impl.program_end import PowerCut
from otaproof.model.fault_model import FaultModel

ENTRY = st.binary(min_size=32, max_size=32)
UNSTABLE = st.integers(0, 2000).map(lambda pattern: Torn(TornKind.UNSTABLE, pattern=pattern))
DISTURB = st.integers(0, 2000).map(lambda pattern: Torn(TornKind.DISTURB, pattern=pattern))
RECORD = bytes(range(32))
TURNS = Torn(TornKind.UNSTABLE, pattern=0b10101010)
"""Not done at the first read, done at the second, and so on."""


def holding(entry: bytes, sectors: int = 1) -> Cells:
    """Return a small chip that begins with these bytes."""
    return Cells.erased(sectors * SECTOR_SIZE).with_bytes(0, entry)


def cut(cells: Cells, kind: FlashOpKind, torn: Torn, data: bytes = RECORD) -> NorFlash:
    """Return a chip, powered again, whose first sector was erased, or programmed, and cut so."""
    flash = NorFlash(cells, Strictness.CHIP)
    flash.plan_cut(PlannedCut(0, torn))
    with pytest.raises(PowerCut):
        flash.erase_sector(0) if kind is FlashOpKind.ERASE else flash.program(0, data)
    return flash_of(flash.cells)


def readings(flash: NorFlash, length: int = 32, count: int = 9) -> Iterator[bytes]:
    """Yield what so many reads find."""
    for _ in range(count):
        yield flash.read(0, length)


@given(ENTRY, ENTRY, UNSTABLE)
def test_each_reading_of_a_torn_program_is_what_f3_admits(over: bytes, record: bytes, torn: Torn) -> None:
    """Undecided bits are bits on their way, found done or not begun."""
    flash = cut(holding(over), FlashOpKind.PROGRAM, torn, record)
    assert all(can_program_leave(found, over, record, FaultModel.F3) for found in readings(flash))


@given(ENTRY, UNSTABLE)
def test_each_reading_of_a_torn_erase_is_what_f3_admits(over: bytes, torn: Torn) -> None:
    """The same of an erase."""
    flash = cut(holding(over), FlashOpKind.ERASE, torn)
    assert all(can_erase_leave(found, over, FaultModel.F3) for found in readings(flash))


@pytest.mark.parametrize("kind", list(FlashOpKind))
@pytest.mark.parametrize("pattern", [0b10101010, 600, 601, 602, 603])
def test_two_reads_can_differ(kind: FlashOpKind, pattern: int) -> None:
    """What the bootloader has read is not what the application reads."""
    cells = Cells.erased(SECTOR_SIZE) if kind is FlashOpKind.PROGRAM else holding(bytes(32))
    flash = cut(cells, kind, Torn(TornKind.UNSTABLE, pattern=pattern), bytes(32))
    assert len(set(readings(flash))) > 1


def test_a_schedule_tells_which_reads_find_the_operation_done() -> None:
    """Bit by bit of the pattern, from the lowest; after eight reads it begins again."""
    flash = cut(Cells.erased(SECTOR_SIZE), FlashOpKind.PROGRAM, Torn(TornKind.UNSTABLE, pattern=0b00000110))
    found = [reading == RECORD for reading in readings(flash, count=10)]
    assert [False, True, True, False, False, False, False, False, False, True] == found


def test_a_read_of_another_sector_is_none_of_this_one() -> None:
    """Each sector has its own number of reads."""
    flash = cut(holding(b"", sectors=2), FlashOpKind.PROGRAM, TURNS)
    flash.read(SECTOR_SIZE, 32)
    assert [False, True, False] == [reading == RECORD for reading in readings(flash, count=3)]


def test_whoever_looks_on_does_not_read() -> None:
    """look() and the cells tell what the next read finds, as often as they are asked."""
    flash = cut(Cells.erased(SECTOR_SIZE), FlashOpKind.PROGRAM, TURNS)
    flash.read(0, 32)
    seen = [flash.look(0, 32), flash.cells.read(0, 32), flash.look(0, 32)]
    assert [RECORD] * 4 == [*seen, flash.read(0, 32)]


def test_an_erase_decides_all_of_its_sector() -> None:
    """The chip is then one like any other."""
    flash = cut(holding(RECORD, sectors=2), FlashOpKind.ERASE, TURNS)
    assert isinstance(flash.cells, UndecidedCells)
    flash.erase_sector(0)
    assert Cells.erased(2 * SECTOR_SIZE) == flash.cells
    assert not isinstance(flash.cells, UndecidedCells)


def test_a_program_decides_the_bits_that_it_clears() -> None:
    """The others of the sector go on as they were."""
    flash = cut(Cells.erased(SECTOR_SIZE), FlashOpKind.PROGRAM, TURNS, bytes(2))
    assert isinstance(flash, UndecidedFlash)
    flash.program(0, b"\x0f")
    assert [b"\x0f\xff", b"\x00\x00", b"\x0f\xff"] == list(readings(flash, length=2, count=3))


def test_a_second_cut_leaves_undecided_what_it_has_not_decided() -> None:
    """An erase that is cut before it begins changes nothing of that; one that is done decides all."""
    flash = cut(Cells.erased(SECTOR_SIZE), FlashOpKind.PROGRAM, TURNS)
    before = after_torn_erase(flash.cells, 0, Torn.parse("before"))
    half = after_torn_erase(flash.cells, 0, Torn.parse("partial:4"))
    after = after_torn_erase(flash.cells, 0, Torn.parse("after"))
    first, then = undecided_in(before, 0), undecided_in(half, 0)
    assert flash.cells == before
    assert first is not None
    assert then is not None
    assert first.bits >> 32 << 32 == then.bits
    assert ERASED_SECTOR == after.to_bytes()


def test_chips_that_read_the_same_now_are_not_the_same() -> None:
    """What follows from one with undecided bits is not what follows from one without, or from one read more often."""
    flash = cut(Cells.erased(SECTOR_SIZE), FlashOpKind.PROGRAM, TURNS)
    first = flash.cells
    plain = Cells.from_bytes(first.to_bytes())
    flash.read(0, 1)
    flash.read(0, 1)
    assert first.to_bytes() == plain.to_bytes() == flash.cells.to_bytes()
    assert 3 == len({first, plain, flash.cells})


@given(ENTRY, ENTRY, DISTURB)
def test_a_disturbed_program_only_clears_bits_and_only_in_its_sector(over: bytes, record: bytes, torn: Torn) -> None:
    """Of its own bytes it leaves what F3 admits, of the others of the sector bits may go from 1 to 0."""
    cells = Cells([ERASED_SECTOR] * 2).with_bytes(SECTOR_SIZE + 64, over)
    left = after_torn_program(cells, SECTOR_SIZE + 64, record, torn)
    own, sector = left.read(SECTOR_SIZE + 64, 32), cells.sector(1)
    assert can_program_leave(own, over, record, FaultModel.F3)
    assert int.from_bytes(sector, "big") == int.from_bytes(sector, "big") | int.from_bytes(left.sector(1), "big")
    assert cells.sector(0) == left.sector(0)


def test_a_disturbed_program_changes_its_neighbours() -> None:
    """That is what makes it more than F3."""
    cells = holding(bytes([0xFF] * 64))
    left = [after_torn_program(cells, 64, RECORD, Torn(TornKind.DISTURB, pattern=p)) for p in (0, 300, 600, 601)]
    assert all(left_chip.read(0, 64) != cells.read(0, 64) for left_chip in left)


def test_a_disturbed_erase_may_clear_bits_first() -> None:
    """Chips program a sector before they erase it; no smaller fault model has that."""
    left = after_torn_erase(holding(RECORD), 0, Torn.parse("disturb:0.0"))
    assert bytes(SECTOR_SIZE) == left.to_bytes()
    assert not can_erase_leave(bytes(32), RECORD, FaultModel.F4)
    assert can_erase_leave(bytes(32), RECORD, FaultModel.F5)
