"""Both of our semantics of RISC-V against unicorn's core: the same registers, memory and next instruction.

Instructions are all 16-bit ones, or a part of them, and random ones of every 32-bit opcode, funct3 and kind of funct7;
register values are edges, any words, and addresses of data. Where a semantics leaves an instruction out, it says so.
"""

from collections.abc import Iterable
from itertools import islice
from random import Random

import pytest

pytest.importorskip("unicorn")
pytest.importorskip("pypcode")

from single_instructions import (
    CODE,
    DATA_SIZE,
    OPCODES,
    OTHER_OPCODES,
    EmulatedInstruction,
    Step,
    carried_out,
    halves,
    random_registers,
    words,
)

from otaproof.binary.elf_file import Architecture, BootloaderElf, LoadedSegment
from otaproof.binary.execution.machine_state import ExecutionStopped, MachineState
from otaproof.binary.isa import pcode, rv32
from otaproof.binary.isa.rv32_decoder import decode
from otaproof.binary.struct_layout import StructLayout

STEPS = [pytest.param(rv32.step, id="rv32"), pytest.param(pcode.step, id="pcode")]


def compared(step: Step, codes: Iterable[bytes], seed: int, alignment: int = 1) -> tuple[int, list[str]]:
    """Return how many instructions the semantics carries out, and those of them in which unicorn differs.

    alignment: of addresses of data."""
    random = Random(seed)
    core, data = EmulatedInstruction(), Random(0).randbytes(DATA_SIZE)
    count, differing = 0, []
    for code in codes:
        registers = random_registers(random, alignment)
        ours = carried_out(step, code, registers, data)
        if ours is None:
            continue
        count += 1
        if ours != core.carried_out(code, registers, data):
            differing.append(code.hex())
    return count, differing


@pytest.mark.parametrize("step", STEPS)
def test_32_bit_instructions_do_as_in_unicorn(step: Step) -> None:
    """All of RV32I and M; a third of the random words are no instruction, or reach for memory that there is not."""
    count, differing = compared(step, words(OPCODES, 8, Random(1)), 2)
    assert [] == differing
    assert count > 1300


def test_other_instructions_of_pypcode_do_as_in_unicorn() -> None:
    """fence, atomics, which want an aligned address, and floating point, where nothing but integers comes of it."""
    count, differing = compared(pcode.step, words(OTHER_OPCODES, 3, Random(3)), 4, alignment=4)
    assert [] == differing
    assert count > 0


@pytest.mark.parametrize("step", STEPS)
def test_16_bit_instructions_do_as_in_unicorn(step: Step) -> None:
    """One of seven."""
    count, differing = compared(step, islice(halves(), 0, None, 7), 5)
    assert [] == differing
    assert count > 3000


@pytest.mark.parametrize("code", ["8290", "0280", "0240"])
def test_what_pypcode_misreads_stops_the_path(code: str) -> None:
    """c.jalr ra, which it lets jump to its own link, and the reserved c.jr x0 and c.lwsp x0."""
    registers = (0, 0x1000, *range(2, 32))
    assert carried_out(pcode.step, bytes.fromhex(code), registers, bytes(DATA_SIZE)) is None


@pytest.mark.parametrize("code", ["768204", "769204"])
def test_loop_of_xtensa_stops_the_path(code: str) -> None:
    """loop and loopnez: a body that is followed once only would be another program."""
    segment = LoadedSegment(CODE, bytes.fromhex(code).ljust(8, b"\0"))
    elf = BootloaderElf("a loop", "", Architecture.XTENSA, (segment,), {}, StructLayout(0, {}))
    with pytest.raises(ExecutionStopped, match="a loop of Xtensa"):
        pcode.step(MachineState(elf, CODE, [5] * 16))


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_every_16_bit_instruction_does_as_in_unicorn(step: Step) -> None:
    """All 49,152 codes."""
    count, differing = compared(step, halves(), 6)
    assert [] == differing
    assert count > 21_000


def test_every_opcode_of_the_decoder_is_carried_out() -> None:
    """None is left to the luck of the addresses: each funct3 and funct7 that is decoded agrees at least once."""
    seen, agreed = set(), set()
    random = Random(7)
    core, data = EmulatedInstruction(), Random(0).randbytes(DATA_SIZE)
    for code in words(OPCODES, 40, Random(8)):
        instruction, _ = decode(code)
        if instruction is not None:
            key = instruction.kind, instruction.funct3, instruction.funct7
            seen.add(key)
            registers = random_registers(random)
            ours = carried_out(rv32.step, code, registers, data)
            if ours is not None and ours == core.carried_out(code, registers, data):
                agreed.add(key)
    assert seen == agreed
    assert 18 == sum(kind.name == "COMPUTE" for kind, _, _ in seen)


@pytest.mark.parametrize("step", STEPS)
def test_wrong_semantics_would_be_noticed(step: Step) -> None:
    """The comparison can fail: a step that forgets to write the result of every 50th instruction differs."""
    calls = 0

    def forgetful(state):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        before = list(state.registers)
        result = step(state)
        if calls % 50 == 0 and isinstance(result, list):
            result[0].registers = before
        return result

    _, differing = compared(forgetful, words((0x13, 0x33), 8, Random(9)), 10)
    assert differing
