"""One RISC-V instruction, carried out by each of our semantics and by unicorn, on registers that are known."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import z3
from unicorn import UC_ARCH_RISCV, UC_ERR_FETCH_UNMAPPED, UC_MODE_RISCV32, Uc, UcError, riscv_const

from otaproof.binary.elf_file import Architecture, BootloaderElf, LoadedSegment
from otaproof.binary.execution.machine_state import ExecutionStopped, MachineState
from otaproof.binary.execution.path_search import Branch
from otaproof.binary.struct_layout import StructLayout

CODE, DATA, DATA_SIZE = 0x42000000, 0x3FC80000, 0x3000
_PC = riscv_const.UC_RISCV_REG_PC
_REGISTERS = [getattr(riscv_const, f"UC_RISCV_REG_X{number}") for number in range(32)]
_FLOATING_POINT = 0x6000
"""FS of mstatus."""
_EDGES = (0, 1, 2, 31, 32, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
OPCODES = (0x03, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F)
"""Of 32-bit instructions: all of RV32I and M but fence and the system's."""
OTHER_OPCODES = (0x07, 0x0F, 0x27, 0x2F, 0x43, 0x47, 0x4B, 0x4F, 0x53, 0x73)
"""fence, system, atomics and floating point, of which pypcode knows some."""


class After(NamedTuple):
    """What an instruction leaves."""

    pc: int
    registers: tuple[int, ...]
    data: bytes
    """DATA_SIZE bytes at DATA."""


Step = Callable[[MachineState], "list[MachineState] | Branch"]


def words(opcodes: tuple[int, ...], count: int, random: Random) -> Iterator[bytes]:
    """Yield 32-bit instructions: `count` for each opcode, funct3 and kind of funct7."""
    for opcode in opcodes:
        for funct3 in range(8):
            for funct7 in (0, 1, 0x20, None):
                for _ in range(count):
                    word = random.getrandbits(32) & ~0x707F | funct3 << 12 | opcode
                    if funct7 is not None:
                        word = word & ~0xFE000000 | funct7 << 25
                    yield word.to_bytes(4, "little")


def halves() -> Iterator[bytes]:
    """Yield every 16-bit instruction."""
    for half in range(1 << 16):
        if half & 3 != 3:
            yield half.to_bytes(2, "little")


def random_registers(random: Random, alignment: int = 1) -> tuple[int, ...]:
    """Return register values: edges, any words, and addresses amid the data, of that alignment."""
    kinds = (
        lambda: random.choice(_EDGES),
        lambda: random.getrandbits(32),
        lambda: DATA + 0x1000 + random.getrandbits(8) * alignment,
    )
    return (0, *(random.choice(kinds)() for _ in range(31)))


def carried_out(step: Step, code: bytes, registers: tuple[int, ...], data: bytes) -> After | None:
    """Return what a semantics of ours makes of an instruction; None where it leaves it out, or leaves a word open."""
    segments = (LoadedSegment(DATA, data), LoadedSegment(CODE, code))
    elf = BootloaderElf("one instruction", "", Architecture.RISCV, segments, {}, StructLayout(0, {}))
    state = MachineState(elf, CODE, list(registers))
    try:
        result = step(state)
    except ExecutionStopped:
        return None
    pc: Any = state.pc
    if isinstance(result, Branch):
        condition = z3.simplify(result.condition)
        assert z3.is_true(condition) or z3.is_false(condition)
        pc = (result.taken if z3.is_true(condition) else result.fallen) & 0xFFFFFFFF
    stored = bytearray(data)
    for address, byte in state.memory.items():
        if not isinstance(byte, int):
            return None
        stored[address - DATA] = byte
    if not all(isinstance(word, int) for word in state.registers):
        return None
    return After(pc, tuple(state.registers), bytes(stored))


class EmulatedInstruction:
    """unicorn's core, an instruction at a time."""

    def __init__(self) -> None:
        """Map code and data; switch the floating-point unit on."""
        self._core = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
        self._core.reg_write(riscv_const.UC_RISCV_REG_MSTATUS, _FLOATING_POINT)
        self._core.mem_map(CODE, 0x1000)
        self._core.mem_map(DATA, DATA_SIZE)

    def carried_out(self, code: bytes, registers: tuple[int, ...], data: bytes) -> After | None:
        """Return what it makes of an instruction; None where it traps."""
        core = self._core
        core.mem_write(CODE, code)
        core.mem_write(DATA, data)
        core.ctl_remove_cache(CODE, CODE + 4)
        for register, value in zip(_REGISTERS[1:], registers[1:], strict=True):
            core.reg_write(register, value)
        try:
            core.emu_start(CODE, CODE + 0x800, count=1)
        except UcError as error:
            if error.errno != UC_ERR_FETCH_UNMAPPED:
                return None
            # The instruction was a jump, carried out; there is no code where it leads.
        after = tuple(core.reg_read(register) for register in _REGISTERS)
        return After(core.reg_read(_PC), after, bytes(core.mem_read(DATA, DATA_SIZE)))
