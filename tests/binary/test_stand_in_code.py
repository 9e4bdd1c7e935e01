"""Machine code that stands for functions of the ROM, run and compared with what it stands for."""

import zlib
from random import Random

import pytest

pytest.importorskip("unicorn")

from otaproof.binary.elf_file import LoadedSegment
from otaproof.binary.emulator import rv32_stubs
from otaproof.binary.emulator.riscv_core import CoreFault, RiscvCore

CODE, DATA, TABLE = 0x40380000, 0x74000000, 0x73000000
SIZE = 0x2000


def core_with(code: bytes) -> RiscvCore:
    """Return a core whose function `f` is the code, with data and the table of the CRC-32."""
    core = RiscvCore([LoadedSegment(CODE, bytes(16))], {"f": CODE})
    core.map_data(DATA, SIZE, is_writable=True)
    core.map_data(TABLE, 0x1000, is_writable=False)
    core.write(TABLE, rv32_stubs.CRC_TABLE)
    core.write(DATA, Random(1).randbytes(SIZE))
    assert core.stand_in_code("f", 4, code)
    return core


@pytest.mark.parametrize(("to", "start", "length"), [(0, 64, 32), (1, 64, 32), (4, 66, 8), (8, 256, 0), (0, 512, 257)])
def test_memcpy(to: int, start: int, length: int) -> None:
    """By words and by bytes; nothing beside the range changes."""
    core = core_with(rv32_stubs.MEMCPY)
    before = core.read(DATA, SIZE)
    assert DATA + to == core.call(CODE, DATA + to, DATA + start, length)
    assert before[:to] + before[start : start + length] + before[to + length :] == core.read(DATA, SIZE)


@pytest.mark.parametrize("length", [0, 1, 7, 300])
def test_memset(length: int) -> None:
    """Of the value only the lowest byte counts."""
    core = core_with(rv32_stubs.MEMSET)
    before = core.read(DATA, SIZE)
    assert DATA + 3 == core.call(CODE, DATA + 3, 0x1A5, length)
    assert before[:3] + b"\xa5" * length + before[3 + length :] == core.read(DATA, SIZE)


@pytest.mark.parametrize(("begun", "length"), [(0, 0), (0xFFFFFFFF, 4), (0, 32), (0x12345678, 1000)])
def test_crc32(begun: int, length: int) -> None:
    """It goes on from what it is given, as zlib's does."""
    core = core_with(rv32_stubs.crc32(TABLE))
    assert zlib.crc32(core.read(DATA + 5, length), begun) == core.call(CODE, begun, DATA + 5, length)


@pytest.mark.parametrize(
    ("address", "size", "mapped"),
    [
        (0, 0x4000, 0x72000000),
        (0x1000, 0x2000, 0x72001000),
        (0x3000, 0x1001, 0),
        (0x4000, 1, 0),
        (0xFFFFFFFF, 2, 0),
        (0xFFFFF000, 0x1800, 0),
    ],
)
def test_flash_is_mapped_where_it_lies_in_the_chip(address: int, size: int, mapped: int) -> None:
    """Of 0x4000 bytes; a range beyond it, or around the end of the address space, is refused."""
    assert mapped == core_with(rv32_stubs.map_flash(0x72000000, 0x4000)).call(CODE, address, size)


def test_function_too_short_for_a_jump_is_left_alone() -> None:
    """What follows it would be overwritten."""
    core = RiscvCore([LoadedSegment(CODE, bytes(16))], {"f": CODE})
    assert not core.stand_in_code("f", 2, rv32_stubs.RETURN)
    assert not core.stand_in("g", 4, 0, lambda: 1)
    assert bytes(16) == core.read(CODE, 16)


def test_stand_in_of_python_takes_words_and_returns_one() -> None:
    """Negative results are words too."""
    core = RiscvCore([LoadedSegment(CODE, bytes(16))], {"f": CODE})
    assert core.stand_in("f", 4, 2, lambda left, right: left - right)
    assert 0xFFFFFFFE == core.call(CODE, 3, 5)


def test_stand_in_that_reads_unmapped_memory_is_a_fault() -> None:
    """As the function that it stands for would be."""
    core = RiscvCore([LoadedSegment(CODE, bytes(16))], {"f": CODE})
    core.stand_in("f", 4, 1, lambda address: len(core.read(address, 4)))
    with pytest.raises(CoreFault, match="reads 4 bytes at 0x10000000"):
        core.call(CODE, 0x10000000)
