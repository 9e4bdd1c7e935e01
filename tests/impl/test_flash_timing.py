"""How long flash operations take, by hand."""

import pytest

from otaproof.impl.chip.flash import FlashOp, FlashOpKind
from otaproof.impl.chip.flash_timing import operation_time, program_time, time_of_bytes

RECORD = FlashOp(FlashOpKind.PROGRAM, 0xE000, 32)
ERASE = FlashOp(FlashOpKind.ERASE, 0xE000, 4096)


def test_times_are_those_of_the_data_sheet() -> None:
    """A byte, a record, a page, a sector, and a program that touches three pages."""
    assert program_time(1) == pytest.approx(30e-6)
    assert operation_time(RECORD) == pytest.approx(107.5e-6)
    assert program_time(256) == pytest.approx(400e-6)
    assert operation_time(ERASE) == pytest.approx(45e-3)
    over_pages = FlashOp(FlashOpKind.PROGRAM, 0x10000 + 255, 258)
    assert operation_time(over_pages) == pytest.approx(30e-6 + 400e-6 + 30e-6)


def test_time_of_bytes_is_a_share_of_the_page_that_they_lie_in() -> None:
    """In the second of three pages; half of an erase; all of an operation; nothing of it."""
    over_pages = FlashOp(FlashOpKind.PROGRAM, 0x10000 + 255, 258)
    assert time_of_bytes(over_pages, 0, 1) == pytest.approx(30e-6)
    assert time_of_bytes(over_pages, 1, 129) == pytest.approx(200e-6)
    assert time_of_bytes(ERASE, 2048, 4096) == pytest.approx(22.5e-3)
    assert time_of_bytes(over_pages, 0, 258) == pytest.approx(operation_time(over_pages))
    assert time_of_bytes(RECORD, 5, 5) == 0
