"""RV32IMC carried out on words, by the decoder of our own: a second semantics that shares nothing with pypcode's."""

from collections.abc import Callable
from functools import cache
from typing import Any

import z3

from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Branch
from ..execution.words import MASK, Word, added, as_bits, bit, remainder, simplified
from .rv32_decoder import Instruction, InstructionKind, decode

Computation = Callable[[Any, Any], Any]


def _high(extend_a: Computation, extend_b: Computation) -> Computation:
    return lambda a, b: z3.Extract(63, 32, extend_a(32, a) * extend_b(32, b))


def _unless_zero(quotient: Computation, of_zero: Computation) -> Computation:
    """Division traps on no divisor: 0 gives what the manual says."""
    return lambda a, b: z3.If(b == 0, of_zero(a, b), quotient(a, b))


_COMPUTATIONS: dict[tuple[int, int], Computation] = {
    (0, 0): lambda a, b: a + b,
    (0, 32): lambda a, b: a - b,
    (1, 0): lambda a, b: a << (b & 31),
    (2, 0): lambda a, b: bit(a < b),
    (3, 0): lambda a, b: bit(z3.ULT(a, b)),
    (4, 0): lambda a, b: a ^ b,
    (5, 0): lambda a, b: z3.LShR(a, b & 31),
    (5, 32): lambda a, b: a >> (b & 31),
    (6, 0): lambda a, b: a | b,
    (7, 0): lambda a, b: a & b,
    (0, 1): lambda a, b: a * b,
    (1, 1): _high(z3.SignExt, z3.SignExt),
    (2, 1): _high(z3.SignExt, z3.ZeroExt),
    (3, 1): _high(z3.ZeroExt, z3.ZeroExt),
    (4, 1): _unless_zero(lambda a, b: a / b, lambda a, b: z3.BitVecVal(-1, 32)),
    (5, 1): _unless_zero(z3.UDiv, lambda a, b: z3.BitVecVal(-1, 32)),
    (6, 1): _unless_zero(z3.SRem, lambda a, b: a),
    (7, 1): _unless_zero(remainder, lambda a, b: a),
}
"""By funct3 and funct7."""
_COMPARISONS: dict[int, Computation] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    4: lambda a, b: a < b,
    5: lambda a, b: a >= b,
    6: z3.ULT,
    7: z3.UGE,
}


def step(state: MachineState) -> list[MachineState] | Branch:
    """Carry out the instruction at pc; raises ExecutionStopped for one that is not decoded."""
    code = state.code(4)
    instruction, length = decode(code)
    if instruction is None:
        raise ExecutionStopped(f"instruction {code[:length].hex()} at 0x{state.pc:x} is not decoded")
    following = state.pc + length
    left, right = state.registers[instruction.rs1], state.registers[instruction.rs2]
    if instruction.kind is InstructionKind.BRANCH:
        compare = _known_order if isinstance(left, int) and isinstance(right, int) else _order
        return Branch(compare(instruction.funct3, left, right), state.pc + instruction.immediate, following)
    target = following
    match instruction.kind:
        case InstructionKind.STORE:
            state.store(added(left, instruction.immediate), right, 1 << instruction.funct3)
        case InstructionKind.JUMP:
            target = state.pc + instruction.immediate
        case InstructionKind.JUMP_REGISTER:
            target = state.number(added(left, instruction.immediate)) & ~1
    result = _result(state, instruction, following)
    if result is not None and instruction.rd:
        state.registers[instruction.rd] = result
    state.pc = target
    return [state]


def _result(state: MachineState, instruction: Instruction, following: int) -> Word | None:
    """Return what the instruction writes to rd."""
    left, right = state.registers[instruction.rs1], state.registers[instruction.rs2]
    match instruction.kind:
        case InstructionKind.COMPUTE | InstructionKind.COMPUTE_IMMEDIATE as kind:
            second = right if kind is InstructionKind.COMPUTE else instruction.immediate & MASK
            compute = _of_constants if isinstance(left, int) and isinstance(second, int) else _computed
            return compute(instruction.funct3, instruction.funct7, left, second)
        case InstructionKind.LOAD:
            return _loaded(state, added(left, instruction.immediate), instruction.funct3)
        case InstructionKind.UPPER:
            return instruction.immediate & MASK
        case InstructionKind.UPPER_PC:
            return (state.pc + instruction.immediate) & MASK
        case InstructionKind.JUMP | InstructionKind.JUMP_REGISTER:
            return following
    return None


def _order(funct3: int, left: Word, right: Word) -> Any:
    return _COMPARISONS[funct3](as_bits(left), as_bits(right))


@cache
def _known_order(funct3: int, left: int, right: int) -> Any:
    return z3.simplify(_order(funct3, left, right))


def _computed(funct3: int, funct7: int, left: Word, right: Word) -> Word:
    return simplified(_COMPUTATIONS[funct3, funct7](as_bits(left), as_bits(right)))


@cache
def _of_constants(funct3: int, funct7: int, left: int, right: int) -> Word:
    """Return what a computation makes of known words; most come again and again."""
    return _computed(funct3, funct7, left, right)


def _loaded(state: MachineState, address: Word, funct3: int) -> Word:
    size = 1 << (funct3 & 3)
    word = state.load(address, size)
    if size == 4:
        return word
    extend = z3.ZeroExt if funct3 & 4 else z3.SignExt
    return simplified(extend(32 - 8 * size, as_bits(word, 8 * size)))
