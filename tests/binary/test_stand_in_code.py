"""What stands for functions of the ROM on each core, run and compared with what it stands for."""

import zlib
from random import Random

import pytest

pytest.importorskip("unicorn", reason="unicorn is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("elftools", reason="pyelftools is not installed")

from otaproof.binary.elf_file import Architecture, LoadedSegment
from otaproof.binary.emulator.core import Core, CoreFault, LibraryFunction
from otaproof.binary.emulator.lifted_core import LiftedCore
from otaproof.binary.emulator.riscv_core import RiscvCore

CODE, DATA, SIZE = 0x40380000, 0x74000000, 0x2000
FUNCTIONS = {"f": CODE, "memcpy": CODE, "memset": CODE}
"""One function, by names that a fault may tell."""


@pytest.fixture(params=["unicorn, RISC-V", "lifted, RISC-V", "lifted, Xtensa"])
def core(request: pytest.FixtureRequest) -> Core:
    """Return a core whose function `f` is 16 bytes of nothing, and data."""
    segments = [LoadedSegment(CODE, bytes(16))]
    architecture = Architecture.XTENSA if "Xtensa" in request.param else Architecture.RISCV
    core = (
        RiscvCore(segments, FUNCTIONS) if "unicorn" in request.param else LiftedCore(architecture, segments, FUNCTIONS)
    )
    core.map_data(DATA, SIZE, is_writable=True)
    core.map_data(DATA + SIZE, 0x1000, is_writable=False)
    core.write(DATA, Random(1).randbytes(SIZE))
    return core


@pytest.mark.parametrize(("to", "start", "length"), [(0, 64, 32), (1, 64, 32), (4, 66, 8), (8, 256, 0), (0, 512, 257)])
def test_memcpy(core: Core, to: int, start: int, length: int) -> None:
    """By words and by bytes; nothing beside the range changes."""
    assert core.stand_in_library("f", 4, LibraryFunction.MEMCPY)
    before = core.read(DATA, SIZE)
    assert DATA + to == core.call(CODE, DATA + to, DATA + start, length)
    assert before[:to] + before[start : start + length] + before[to + length :] == core.read(DATA, SIZE)


@pytest.mark.parametrize("length", [0, 1, 7, 300])
def test_memset(core: Core, length: int) -> None:
    """Of the value only the lowest byte counts."""
    assert core.stand_in_library("f", 4, LibraryFunction.MEMSET)
    before = core.read(DATA, SIZE)
    assert DATA + 3 == core.call(CODE, DATA + 3, 0x1A5, length)
    assert before[:3] + b"\xa5" * length + before[3 + length :] == core.read(DATA, SIZE)


@pytest.mark.parametrize("length", [SIZE + 1, 0xFFFFFFFF])
@pytest.mark.parametrize("function", [LibraryFunction.MEMCPY, LibraryFunction.MEMSET])
def test_what_may_not_be_written_is_a_fault(core: Core, function: LibraryFunction, length: int) -> None:
    """Also of a length that no memory has."""
    assert core.stand_in_library("f", 4, function)
    with pytest.raises(CoreFault, match=r"writes .* which it may not"):
        core.call(CODE, DATA, DATA, length)


@pytest.mark.parametrize(("begun", "length"), [(0, 0), (0xFFFFFFFF, 4), (0, 32), (0x12345678, 1000)])
def test_crc32(core: Core, begun: int, length: int) -> None:
    """It goes on from what it is given, as zlib's does."""
    assert core.stand_in_library("f", 4, LibraryFunction.CRC32)
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
def test_flash_is_mapped_where_it_lies_in_the_chip(core: Core, address: int, size: int, mapped: int) -> None:
    """Of 0x4000 bytes; a range beyond it, or around the end of the address space, is refused."""
    assert core.stand_in_mapping("f", 4, 0x72000000, 0x4000)
    assert mapped == core.call(CODE, address, size)


def test_function_too_short_for_a_jump_is_left_alone() -> None:
    """What follows it would be overwritten."""
    core = RiscvCore([LoadedSegment(CODE, bytes(16))], {"f": CODE})
    assert not core.stand_in_library("f", 2, LibraryFunction.NOTHING)
    assert bytes(16) == core.read(CODE, 16)


def test_function_that_the_program_lacks_is_not_stood_for(core: Core) -> None:
    """There is nothing that could call it."""
    assert not core.stand_in("g", 4, 0, lambda: 1)


def test_stand_in_of_python_takes_words_and_returns_one(core: Core) -> None:
    """Negative results are words too."""
    assert core.stand_in("f", 4, 2, lambda left, right: left - right)
    assert 0xFFFFFFFE == core.call(CODE, 3, 5)


def test_stand_in_that_reads_unmapped_memory_is_a_fault(core: Core) -> None:
    """As the function that it stands for would be."""
    core.stand_in("f", 4, 1, lambda address: len(core.read(address, 4)))
    with pytest.raises(CoreFault, match="reads 4 bytes at 0x10000000"):
        core.call(CODE, 0x10000000)


def test_each_run_begins_with_the_same_memory(core: Core) -> None:
    """The program's, and a stack of zeros."""
    core.begin()
    before = core.read(CODE, 16)
    core.write(CODE + 8, b"changed")
    core.reset()
    assert before == core.read(CODE, 16)
