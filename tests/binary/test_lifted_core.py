"""The core of lifted instructions: on RISC-V against unicorn's, on Xtensa against the manual."""

from collections.abc import Iterable, Mapping
from itertools import islice
from random import Random

import pytest

pytest.importorskip("unicorn", reason="unicorn is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("elftools", reason="pyelftools is not installed")

from single_instructions import (
    CODE,
    DATA,
    DATA_SIZE,
    OPCODES,
    After,
    EmulatedInstruction,
    halves,
    random_registers,
    words,
)

from build_firmware import IMAGES
from otaproof.binary.elf_file import Architecture, LoadedSegment, read_bootloader_elf
from otaproof.binary.emulator.boot_bench import BootBench
from otaproof.binary.emulator.boot_cases import FLASH_SIZE, boot_cases
from otaproof.binary.emulator.comparison import UNDISTURBED
from otaproof.binary.emulator.core import CoreFault, ProgramError
from otaproof.binary.emulator.cores import lifted_core, quickest_core
from otaproof.binary.emulator.emulated_bootloader import EmulatedBootloader
from otaproof.binary.emulator.lifted_core import LiftedCore
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.impl.program_end import Panic
from otaproof.model.config import Chip, Config

PLACE = 0x40080000
ROOM = 0x3FFB0000
CONTENTS = bytes.fromhex("807f02fe0181ff00") + bytes(8)
"""What stands at ROOM."""
RETURN = "f00d"


def machine_code(*numbers: str) -> bytes:
    """Return Xtensa instructions, each a number as a disassembler prints it."""
    return b"".join(bytes.fromhex(number)[::-1] for number in numbers)


def core_with(*numbers: str, functions: Mapping[str, int] | None = None) -> LiftedCore:
    """Return a core with these instructions at PLACE, and room for data."""
    segment = LoadedSegment(PLACE, machine_code(*numbers).ljust(64, b"\0"))
    core = LiftedCore(Architecture.XTENSA, [segment], functions or {})
    core.map_data(ROOM, 0x1000, is_writable=True)
    core.write(ROOM, CONTENTS)
    return core


def lifted(code: bytes, registers: tuple[int, ...], data: bytes) -> After | None:
    """Return what the core makes of one RISC-V instruction; None where it refuses it."""
    core = LiftedCore(Architecture.RISCV, [LoadedSegment(CODE, code.ljust(16, b"\0")), LoadedSegment(DATA, data)], {})
    core._registers[:] = registers
    try:
        pc = core._compiled(CODE)()
    except CoreFault:
        return None
    return After(pc, tuple(map(int, core._registers)), core.read(DATA, DATA_SIZE))


def compared(codes: Iterable[bytes], seed: int) -> tuple[int, list[str]]:
    """Return how many RISC-V instructions the core carries out, and those of them in which unicorn differs."""
    random = Random(seed)
    core, data = EmulatedInstruction(), Random(0).randbytes(DATA_SIZE)
    count, differing = 0, []
    for code in codes:
        registers = random_registers(random)
        ours = lifted(code, registers, data)
        if ours is not None:
            count += 1
            if ours != core.carried_out(code, registers, data):
                differing.append(code.hex())
    return count, differing


def test_32_bit_instructions_of_riscv_do_as_in_unicorn() -> None:
    """All of RV32I and M, on edges, any words, and addresses that need not be aligned."""
    count, differing = compared(words(OPCODES, 8, Random(1)), 2)
    assert [] == differing
    assert count > 1300


def test_16_bit_instructions_of_riscv_do_as_in_unicorn() -> None:
    """One of seven."""
    count, differing = compared(islice(halves(), 0, None, 7), 5)
    assert [] == differing
    assert count > 3000


@pytest.mark.parametrize("name", ["faithful", "new_half_word", "signed_numbers"])
def test_whole_boots_of_riscv_do_as_in_unicorn(name: str) -> None:
    """The same operations, flash, images and ending on both cores, right or not."""
    program = BootloaderProgram(read_bootloader_elf(IMAGES / f"riscv-{name}-Os.elf"))
    config = Config(rollback=True, chip=Chip.ESP32C3)
    ours, theirs = (
        EmulatedBootloader(program, config, FLASH_SIZE, core=core(program)) for core in (lifted_core, quickest_core)
    )
    bench = BootBench(program, config)
    for case in islice(boot_cases(), 0, None, 29):
        assert theirs.boot(bench.chip(case, UNDISTURBED)) == ours.boot(bench.chip(case, UNDISTURBED))


@pytest.mark.parametrize(
    ("instructions", "arguments", "result"),
    [
        pytest.param(["223a"], (0xFFFFFFFF, 2), 1, id="add.n"),
        pytest.param(["c02230"], (1, 2), 0xFFFFFFFF, id="sub"),
        pytest.param(["a02230"], (0x40000001, 5), 9, id="addx4"),
        pytest.param(["f02230"], (3, 5), 19, id="subx8"),
        pytest.param(["102230"], (0xF0F0, 0xFF00), 0xF000, id="and"),
        pytest.param(["202230"], (0xF0F0, 0xFF00), 0xFFF0, id="or"),
        pytest.param(["302230"], (0xF0F0, 0xFF00), 0x0FF0, id="xor"),
        pytest.param(["602020"], (1,), 0xFFFFFFFF, id="neg"),
        pytest.param(["602120"], (0xFFFFFFFE,), 2, id="abs"),
        pytest.param(["1122c0"], (0x12345678,), 0x23456780, id="slli"),
        pytest.param(["412420"], (0x82345678,), 0x08234567, id="srli"),
        pytest.param(["212420"], (0x82345678,), 0xF8234567, id="srai"),
        pytest.param(["401300", "a12200"], (1, 33), 2, id="ssl, sll: of the count 5 bits"),
        pytest.param(["401300", "a12200"], (1, 0), 1, id="ssl, sll by 0"),
        pytest.param(["400300", "912020"], (0x80000000, 31), 1, id="ssr, srl"),
        pytest.param(["400300", "b12020"], (0x80000000, 31), 0xFFFFFFFF, id="ssr, sra"),
        pytest.param(["404800", "812230"], (0x11223344, 0x55667788), 0x44556677, id="ssai, src"),
        pytest.param(["402300", "912020"], (0x11223344, 2), 0x1122, id="ssa8l, srl"),
        pytest.param(["742420"], (0x12345678,), 0x67, id="extui"),
        pytest.param(["932340"], (1, 2, 3), 2, id="movnez moves"),
        pytest.param(["932340"], (1, 2, 0), 1, id="movnez does not"),
        pytest.param(["832340"], (1, 2, 0), 2, id="moveqz"),
        pytest.param(["a32340"], (1, 2, 0x80000000), 2, id="movltz"),
        pytest.param(["b32340"], (1, 2, 0x80000000), 1, id="movgez"),
        pytest.param(["822230"], (0x10001, 0x10001), 0x20001, id="mull"),
        pytest.param(["c12230"], (0xABFFFF, 2), 0x1FFFE, id="mul16u"),
        pytest.param(["d12230"], (0xABFFFF, 2), 0xFFFFFFFE, id="mul16s"),
        pytest.param(["40f220"], (0x1234,), 19, id="nsau"),
        pytest.param(["40f220"], (0,), 32, id="nsau of 0"),
        pytest.param(["01d222"], (1,), 0x101, id="addmi"),
        pytest.param(["fdc222"], (1,), 0xFFFFFFFE, id="addi"),
        pytest.param(["b27c"], (), 0xFFFFFFFB, id="movi.n"),
        pytest.param(["010322"], (0, ROOM), 0x7F, id="l8ui"),
        pytest.param(["011322"], (0, ROOM), 0xFE02, id="l16ui"),
        pytest.param(["019322"], (0, ROOM), 0xFFFFFE02, id="l16si"),
        pytest.param(["1328"], (0, ROOM), 0x00FF8101, id="l32i.n"),
        pytest.param(["1328"], (0, ROOM - 1), 0xFF8101FE, id="l32i.n that is not aligned"),
        pytest.param(["014322", "0328"], (0x1234, ROOM), 0xFE023480, id="s8i"),
        pytest.param(["015322", "0328"], (0x12345, ROOM), 0x23457F80, id="s16i"),
        pytest.param(["1329", "1328"], (0x12345, ROOM), 0x12345, id="s32i.n"),
        pytest.param(["1329", "1328"], (0x12345678, ROOM - 1), 0x12345678, id="s32i.n that is not aligned"),
        pytest.param(["c22230"], (0xFFFFFFFF, 2), 0x7FFFFFFF, id="quou"),
        pytest.param(["e22230"], (0xFFFFFFFF, 16), 15, id="remu"),
        pytest.param(["d22230"], (-7, 2), 0xFFFFFFFD, id="quos"),
        pytest.param(["f22230"], (-7, 2), 0xFFFFFFFF, id="rems"),
        pytest.param(["d22230"], (0x80000000, -1), 0x80000000, id="quos of the least number by -1"),
    ],
)
def test_instruction_of_xtensa(instructions: list[str], arguments: tuple[int, ...], result: int) -> None:
    """As the manual has it; the code is that of GNU as, the divisions that of the manual."""
    assert result == core_with(*instructions, RETURN).call(PLACE, *arguments)


@pytest.mark.parametrize(
    ("branch", "taken", "fallen"),
    [
        pytest.param("043237", (1, 0x80000000), (0x80000000, 1), id="bltu"),
        pytest.param("042237", (0x80000000, 1), (1, 0x80000000), id="blt"),
        pytest.param("04b2b6", (15,), (16,), id="bltui"),
        pytest.param("046257", (0xFFDF,), (0x20,), id="bbci"),
        pytest.param("04d237", (0x100, 40), (0x100, 7), id="bbs: of the bit's number 5 bits"),
        pytest.param("040237", (0xF0, 0x0F), (0xF0, 0x1F), id="bnone"),
        pytest.param("044237", (0xFF, 0x0F), (0xFE, 0x0F), id="ball"),
        pytest.param("040226", (-1,), (1,), id="beqi"),
        pytest.param("0042d6", (0x7FFFFFFF,), (0x80000000,), id="bgez"),
    ],
)
def test_branch_of_xtensa(branch: str, taken: tuple[int, ...], fallen: tuple[int, ...]) -> None:
    """It goes where the manual has it: behind it stands return 0, then return 1."""
    core = core_with(branch, "020c", RETURN, "00", "120c", RETURN)
    assert (1, 0) == (core.call(PLACE, *taken), core.call(PLACE, *fallen))


def test_windows_of_nested_calls() -> None:
    """entry; beqz.n; addi.n a10, a2, -1; call8 itself; add.n; retw.n: the sum up to 20, with 21 windows of 8."""
    core = core_with("004136", "528c", "a20b", "ffffa5", "2a2a", "f01d")
    assert [210, 1, 0] == [core.call(PLACE, number) for number in (20, 1, 0)]


@pytest.mark.parametrize("call", [["0001a5"], ["048d", "0008e0"]], ids=["call8", "callx8"])
def test_stand_in_is_called_through_a_window(call: list[str]) -> None:
    """Its arguments are a10 and a11 of the caller, its result is a10."""
    core = core_with("004136", "02ad", "03bd", *call, "0a2d", "f01d", functions={"f": PLACE + 32})
    assert core.stand_in("f", 4, 2, lambda left, right: left - right)
    assert 0xFFFFFFFE == core.call(PLACE, 3, 5, PLACE + 32)


def test_argument_that_is_in_no_register_is_a_fault() -> None:
    """call12 leaves room for two."""
    core = core_with("004136", "02ad", "03bd", "0001b5", "0a2d", "f01d", functions={"f": PLACE + 32})
    assert core.stand_in("f", 4, 3, lambda *words: 0)
    with pytest.raises(CoreFault, match=r"calls f .* with arguments that are in no register"):
        core.call(PLACE)


@pytest.mark.parametrize(
    ("begin", "count", "result"),
    [
        pytest.param("048376", 5, 90, id="loop"),
        pytest.param("048376", 1, 98, id="loop once"),
        pytest.param("049376", 3, 94, id="loopnez"),
        pytest.param("049376", 0, 100, id="loopnez of 0"),
        pytest.param("04a376", 2, 96, id="loopgtz"),
        pytest.param("04a376", -1, 100, id="loopgtz of -1"),
    ],
)
def test_loop_of_xtensa(begin: str, count: int, result: int) -> None:
    """Its body takes 2 away; also where that ran before as code of no loop."""
    core = core_with(begin, "221b", "fdc222", RETURN)
    assert 98 == core.call(PLACE + 3, 100)
    assert result == core.call(PLACE, 100, count)


@pytest.mark.parametrize(
    ("instructions", "arguments", "told"),
    [
        (["0328"], (0, 0), "reads 4 bytes at 0x00000000, where nothing is mapped, in 0x40080000"),
        (["0329"], (0, 0), "writes 4 bytes at 0x00000000, where nothing is mapped"),
        (["0329"], (0, ROOM + 0x1000), "writes 4 bytes at 0x3ffb1000, which it may not"),
        (["1328"], (0, ROOM + 0x1FFA), "reads 4 bytes at 0x3ffb2000, where nothing is mapped"),
        (["0329"], (0, PLACE), "writes 4 bytes at 0x40080000, over code that has run"),
        (["0003a0"], (0, 0), "jumps to 0x00000000, where no code is and no stand-in, last call from 0x70002000"),
        (["0329", "0003a0"], (0xF00D, PLACE + 32), "where no code is"),
        (["0329", "0003a0"], (0xF01D, PLACE + 5), "has written over code that it runs, at 0x40080005"),
        (["0003a0"], (0, ROOM), "jumps to 0x3ffb0000, where no code is"),
        (["0003a0"], (0, PLACE + 32), "jumps to 0x40080020, where no code is"),
        (["f01d"], (), "returns without a call"),
        (["130120"], (), "has no meaning here, in 0x40080000"),
        (["0000ff"], (), "is not decoded"),
    ],
)
def test_what_has_no_meaning_on_xtensa_is_told(instructions: list[str], arguments: tuple[int, ...], told: str) -> None:
    """It is never taken for a result."""
    core = core_with(*instructions, RETURN)
    core.map_data(ROOM + 0x1000, 0x1000, is_writable=False)
    with pytest.raises(CoreFault) as caught:
        core.call(PLACE, *arguments)
    assert told in str(caught.value)


@pytest.mark.parametrize(("instruction", "divisor"), [("e22230", 0), ("c22230", 0), ("d22230", 0), ("f06d", 1)])
def test_processor_traps_where_it_divides_by_zero(instruction: str, divisor: int) -> None:
    """remu, quou, quos; and ill.n, always."""
    core = core_with(instruction, RETURN)
    with pytest.raises(Panic):
        core.call(PLACE, 7, divisor)


@pytest.mark.parametrize(
    ("instructions", "told"),
    [(["ffff06"], "does not return after 50,000 jumps: 0x40080000"), (["02cd"], "sp or a saved register changed")],
)
def test_what_no_function_of_xtensa_may_do_is_told(instructions: list[str], told: str) -> None:
    """A jump to itself, and a return with a12 changed."""
    with pytest.raises(ProgramError) as caught:
        core_with(*instructions, RETURN).call(PLACE, 1)
    assert told in str(caught.value)


def test_data_beside_code_may_be_written() -> None:
    """A page with code is looked at by bytes."""
    core = core_with("0329", "0328", RETURN)
    assert 7 == core.call(PLACE, 7, PLACE + 32)
    assert 8 == core.call(PLACE, 8, PLACE + 32)


def test_reads_of_a_watched_range_are_told() -> None:
    """Of each width, by compiled code."""
    core = core_with("010322", "011322", "1328", RETURN)
    noted: list[tuple[int, int]] = []
    core.watch_reads(ROOM, 0x1000, lambda address, length: noted.append((address, length)))
    assert 0x00FF8101 == core.call(PLACE, 0, ROOM)
    assert [(ROOM + 1, 1), (ROOM + 2, 2), (ROOM + 4, 4)] == noted
