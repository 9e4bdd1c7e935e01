"""The NOR flash chip: operations, micro-steps, cuts, failures."""

import pytest

from otaproof.impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import (
    Failure,
    FailureExtent,
    FlashMisuse,
    FlashOp,
    FlashOpKind,
    MicroStep,
    NorFlash,
    PlannedCut,
    PlanNotReached,
    ReadTracker,
    Strictness,
)
from otaproof.impl.chip.torn_operations import AFTER, BEFORE, Torn
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.program_end import PowerCut

SIZE = 0x10000
ZEROS = bytes(SECTOR_SIZE)


def flash_of_zeros(strictness: Strictness = Strictness.STRICT) -> NorFlash:
    """Return a chip on which every bit is 0."""
    return NorFlash(Cells.from_bytes(bytes(SIZE)), strictness)


def test_erase_sets_a_whole_sector() -> None:
    """Erase works on 4096 bytes and leaves the neighbours."""
    flash = flash_of_zeros()
    flash.erase_sector(0x2000)
    assert ZEROS + ERASED_SECTOR + ZEROS == flash.read(0x1000, 0x3000)


def test_program_only_clears_bits_on_a_chip() -> None:
    """In the mode of the chip, a bit that is 0 stays 0."""
    flash = NorFlash(Cells.erased(SIZE).with_bytes(0x10, b"\x0f"), Strictness.CHIP)
    flash.program(0x10, b"\xf3")
    assert b"\x03" == flash.read(0x10, 1)


def test_program_that_would_raise_a_bit_is_refused_by_default() -> None:
    """The simulator is stricter than the chip, and says where."""
    with pytest.raises(FlashMisuse, match=r"0x1ffe.*erase it first"):
        flash_of_zeros().program(0x1FFE, b"\x01\x00")


@pytest.mark.parametrize("address", [1, SIZE, -SECTOR_SIZE])
def test_erase_of_no_sector_is_refused(address: int) -> None:
    """Misaligned and out-of-range erases raise."""
    with pytest.raises(FlashMisuse):
        flash_of_zeros().erase_sector(address)


def test_program_beyond_the_chip_is_refused() -> None:
    """A program that ends past the last byte raises."""
    with pytest.raises(FlashMisuse, match="beyond"):
        NorFlash(Cells.erased(SIZE)).program(SIZE - 1, b"ab")


def test_range_erase_is_one_operation_for_each_sector() -> None:
    """The log is that of the recorded vectors."""
    flash = flash_of_zeros()
    flash.erase(0x1000, 0x2000)
    flash.program(0x10F0, b"\x00" * 0x120)
    flash.program(0x1000, b"")
    expected = [
        FlashOp(FlashOpKind.ERASE, 0x1000, 0x1000),
        FlashOp(FlashOpKind.ERASE, 0x2000, 0x1000),
        FlashOp(FlashOpKind.PROGRAM, 0x10F0, 0x120),
    ]
    assert expected == flash.take_ops()
    assert [] == flash.take_ops()


def test_program_has_a_micro_step_for_each_page() -> None:
    """A page is 256 bytes; the first and the last may be touched in part."""
    expected = [
        MicroStep(FlashOpKind.PROGRAM, 0x10F0, 0x10),
        MicroStep(FlashOpKind.PROGRAM, 0x1100, 0x100),
        MicroStep(FlashOpKind.PROGRAM, 0x1200, 0x10),
    ]
    op = FlashOp(FlashOpKind.PROGRAM, 0x10F0, 0x120)
    assert expected == list(op.micro_steps())
    assert 3 == op.micro_step_count
    assert 1 == FlashOp(FlashOpKind.ERASE, 0, SECTOR_SIZE).micro_step_count


@pytest.mark.parametrize(
    ("torn", "left"),
    [
        ("before", ZEROS),
        ("after", ERASED_SECTOR),
        ("partial", ERASED_SECTOR[:2048] + ZEROS[:2048]),
        ("partial:3", b"\xff\xff\xff" + ZEROS[3:]),
        ("prefix:3", ERASED_SECTOR),
    ],
)
def test_cut_erase_leaves_what_the_recordings_say(torn: str, left: bytes) -> None:
    """The table of torn erases in the description of the recorded vectors."""
    flash = flash_of_zeros()
    flash.plan_cut(PlannedCut(1, Torn.parse(torn)))
    flash.erase_sector(0x1000)
    with pytest.raises(PowerCut):
        flash.erase_sector(0x2000)
    assert ERASED_SECTOR + left == flash.cells.read(0x1000, 0x2000)


@pytest.mark.parametrize(
    ("torn", "left"),
    [
        ("before", b"\xff\xff\xff\xff"),
        ("after", b"abcd"),
        ("prefix:0", b"\xff\xff\xff\xff"),
        ("prefix:3", b"abc\xff"),
        ("prefix:9", b"abcd"),
        ("partial", b"abcd"),
        ("partial:1", b"abcd"),
    ],
)
def test_cut_program_leaves_what_the_recordings_say(torn: str, left: bytes) -> None:
    """The table of torn programs in the description of the recorded vectors."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.plan_cut(PlannedCut(0, Torn.parse(torn)))
    with pytest.raises(PowerCut):
        flash.program(0xFE, b"abcd")
    assert left == flash.cells.read(0xFE, 4)


def test_flash_is_dead_after_a_cut_until_power_on() -> None:
    """No handler can write after the power is gone."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.plan_cut(PlannedCut(0, AFTER))
    with pytest.raises(PowerCut):
        flash.program(0, b"a")
    for access in (lambda: flash.read(0, 1), lambda: flash.program(8, b"b"), lambda: flash.erase_sector(0)):
        with pytest.raises(PowerCut):
            access()
    flash.power_on()
    assert b"a\xff" == flash.read(0, 2)


def test_power_cut_passes_handlers_of_exceptions() -> None:
    """A PowerCut is no Exception, so that correct code cannot catch it by chance."""
    assert not issubclass(PowerCut, Exception)


def test_cut_that_never_fires_is_an_error() -> None:
    """A run whose planned cut was not reached proves nothing."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.plan_cut(PlannedCut(2, BEFORE))
    flash.program(0, b"a")
    with pytest.raises(PlanNotReached, match="1 operations"):
        flash.end_plan()


@pytest.mark.parametrize(
    ("done", "left"),
    [(FailureExtent.NONE, b"\xff" * 5), (FailureExtent.HALF, b"ab\xff\xff\xff"), (FailureExtent.ALL, b"abcde")],
)
def test_failing_program_returns_its_error_and_goes_on(done: FailureExtent, left: bytes) -> None:
    """Half of a program is its first length / 2 bytes; the program goes on and later operations work."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.plan_failure(Failure(0, done))
    with pytest.raises(OtaError) as caught:
        flash.program(0, b"abcde")
    assert EspErr.FLASH_OP_FAIL == caught.value.code
    flash.program(0x100, b"f")
    assert left == flash.read(0, 5)
    assert b"f" == flash.read(0x100, 1)


def test_failing_erase_ends_the_range() -> None:
    """An erase of several sectors ends at the first that fails; half of it is 2048 bytes."""
    flash = flash_of_zeros()
    flash.plan_failure(Failure(1, FailureExtent.HALF))
    with pytest.raises(OtaError):
        flash.erase(0, 0x3000)
    assert ERASED_SECTOR + ERASED_SECTOR[:2048] + ZEROS[:2048] + ZEROS == flash.read(0, 0x3000)


def test_tracker_knows_what_was_read_of_the_old_contents() -> None:
    """Reads count until the sector is erased; a program counts too, for its result depends on what was there."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.tracker = ReadTracker()
    flash.read(0x1FF0, 0x20)
    flash.read(0x2100, 4)
    flash.program(0x3010, b"x")
    flash.erase_sector(0x4000)
    flash.read(0x4000, 0x10)
    assert {(1, 0xFF0, 0x1000), (2, 0, 0x10), (2, 0x100, 0x104), (3, 0x10, 0x11)} == flash.tracker.read


def test_snapshots_hold_the_contents_before_each_operation() -> None:
    """One can branch at every operation of a run."""
    flash = NorFlash(Cells.erased(SIZE))
    flash.snapshots = []
    flash.program(0, b"a")
    flash.program(1, b"b")
    assert [b"\xff\xff", b"a\xff"] == [cells.read(0, 2) for cells in flash.snapshots]
