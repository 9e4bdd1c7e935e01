"""P-code carried out on words: the semantics of RISC-V and Xtensa as pypcode has them.

Xtensa's p-code leaves the register window to operations of its user: rotateRegWindow of `entry`, restoreRegWindow of
`retw`; those are carried out here. Every other operation of that kind stops the path, and so does `loop`, of which
p-code does not tell that its body is repeated. Window overflow, which spills registers to the stack, is left out: each
frame keeps its registers.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import z3
from pypcode import OpCode

from ..elf_file import Architecture
from ..execution.machine_state import ExecutionStopped, Frame, MachineState
from ..execution.path_search import Branch
from ..execution.words import MASK, Word, anything, as_bits, bit, remainder, simplified
from .pcode_lifter import LOOP_REGISTERS, PcodeLifter, PcodeOperation, PcodePlace

Computation = Callable[..., Any]

_BINARY: dict[OpCode, Computation] = {
    OpCode.INT_ADD: lambda a, b: a + b,
    OpCode.INT_SUB: lambda a, b: a - b,
    OpCode.INT_MULT: lambda a, b: a * b,
    OpCode.INT_AND: lambda a, b: a & b,
    OpCode.INT_OR: lambda a, b: a | b,
    OpCode.INT_XOR: lambda a, b: a ^ b,
    OpCode.BOOL_AND: lambda a, b: a & b,
    OpCode.BOOL_OR: lambda a, b: a | b,
    OpCode.BOOL_XOR: lambda a, b: a ^ b,
    OpCode.INT_DIV: z3.UDiv,
    OpCode.INT_REM: remainder,
    OpCode.INT_SDIV: lambda a, b: a / b,
    OpCode.INT_SREM: z3.SRem,
    OpCode.INT_EQUAL: lambda a, b: bit(a == b, 8),
    OpCode.INT_NOTEQUAL: lambda a, b: bit(a != b, 8),
    OpCode.INT_LESS: lambda a, b: bit(z3.ULT(a, b), 8),
    OpCode.INT_SLESS: lambda a, b: bit(a < b, 8),
    OpCode.INT_LESSEQUAL: lambda a, b: bit(z3.ULE(a, b), 8),
    OpCode.INT_SLESSEQUAL: lambda a, b: bit(a <= b, 8),
    OpCode.INT_CARRY: lambda a, b: bit(z3.ULT(a + b, a), 8),
}
_UNARY: dict[OpCode, Computation] = {
    OpCode.COPY: lambda a: a,
    OpCode.INT_NEGATE: lambda a: ~a,
    OpCode.INT_2COMP: lambda a: -a,
    OpCode.BOOL_NEGATE: lambda a: a ^ 1,
}
_SHIFTS: dict[OpCode, Computation] = {
    OpCode.INT_LEFT: lambda a, b: a << b,
    OpCode.INT_RIGHT: z3.LShR,
    OpCode.INT_SRIGHT: lambda a, b: a >> b,
}
KNOWN = {*_UNARY, *_BINARY, *_SHIFTS, OpCode.INT_ZEXT, OpCode.INT_SEXT, OpCode.SUBPIECE, OpCode.PIECE}
DIVISIONS = (OpCode.INT_DIV, OpCode.INT_REM, OpCode.INT_SDIV, OpCode.INT_SREM)
_DIRECT = (OpCode.BRANCH, OpCode.CALL)
_INDIRECT = (OpCode.BRANCHIND, OpCode.CALLIND, OpCode.RETURN)
_TEMPORARY = "#"
"""With what the name of a temporary begins, which lives within an instruction."""
_ROTATE, _RESTORE = "rotateRegWindow", "restoreRegWindow"
_MARKS = tuple(f"{word}{registers}" for word in ("swap", "restore") for registers in (4, 8, 12))
"""What Xtensa's calls name before and after; the window moves in `entry` and `retw`."""
_BARRIER = "memw"
"""Of memory accesses, which here are done one after the other."""


@cache
def lifter(architecture: Architecture) -> PcodeLifter:
    """Return the lifter of an architecture."""
    return PcodeLifter(architecture)


def step(state: MachineState) -> list[MachineState] | Branch:
    """Carry out the instruction at pc; raises ExecutionStopped for what has no meaning here."""
    lifted = lifter(state.elf.architecture).lift(state)
    following, place = state.pc + lifted.length, 0
    while place < len(lifted.operations):
        operation = lifted.operations[place]
        place += 1
        inputs = operation.inputs
        if operation.code in _DIRECT and inputs[0].space == "const":
            place = _target(state, place, inputs[0])
        elif operation.code in _DIRECT:
            return _continued(state, inputs[0].offset)
        elif operation.code in _INDIRECT:
            return _continued(state, _jump_target(state, _read(state, inputs[0])))
        elif operation.code == OpCode.CBRANCH and inputs[0].space == "const":
            is_taken = state.number(_read(state, inputs[1]))
            place = _target(state, place, inputs[0]) if is_taken else place
        elif operation.code == OpCode.CBRANCH:
            if place < len(lifted.operations):
                raise ExecutionStopped(f"a conditional jump amid an instruction at 0x{state.pc:x}")
            return Branch(as_bits(_read(state, inputs[1]), 8) != 0, inputs[0].offset, following)
        elif operation.code == OpCode.CALLOTHER:
            _move_window(state, operation)
        elif operation.code == OpCode.STORE:
            state.store(_read(state, inputs[0]), _read(state, inputs[1]), inputs[1].size)
        else:
            assert operation.output is not None
            _write(state, operation.output, _value(state, operation))
    return _continued(state, following)


def _continued(state: MachineState, pc: int) -> list[MachineState]:
    state.pc = pc & MASK
    for name in [name for name in state.others if name.startswith(_TEMPORARY)]:
        del state.others[name]
    return [state]


def _target(state: MachineState, place: int, distance: PcodePlace) -> int:
    """Return where a jump inside one instruction goes."""
    signed = distance.offset - (1 << 8 * distance.size) if distance.offset >> 8 * distance.size - 1 else distance.offset
    if signed <= 0:
        raise ExecutionStopped(f"an instruction that repeats itself at 0x{state.pc:x}")
    return place + signed - 1


def _jump_target(state: MachineState, target: Word) -> int:
    number = state.number(target)
    return number & ~1 if state.elf.architecture is Architecture.RISCV else number


def _value(state: MachineState, operation: PcodeOperation) -> Word:
    """Return what the operation computes."""
    code, inputs, output = operation.code, operation.inputs, operation.output
    assert output is not None
    if code == OpCode.LOAD:
        return state.load(_read(state, inputs[0]), output.size)
    if code not in KNOWN:
        raise ExecutionStopped(f"{code} at 0x{state.pc:x} has no meaning here")
    words = tuple(_read(state, place) for place in inputs)
    sizes = tuple(8 * place.size for place in inputs)
    if all(isinstance(word, int) for word in words):
        return of_constants(code, words, sizes, 8 * output.size)
    if code in DIVISIONS and state.elf.architecture is Architecture.XTENSA:
        _refuse_zero(state, as_bits(words[1], sizes[1]))
    return _computed(code, words, sizes, 8 * output.size)


@cache
def of_constants(code: OpCode, words: tuple[int, ...], sizes: tuple[int, ...], bits: int) -> Word:
    """Return what an operation makes of known words; most operations come again and again."""
    return _computed(code, words, sizes, bits)


def _computed(code: OpCode, words: tuple[Word, ...], sizes: tuple[int, ...], bits: int) -> Word:
    first, *others = (as_bits(word, size) for word, size in zip(words, sizes, strict=True))
    if code in _UNARY:
        return simplified(_UNARY[code](first))
    if code in _BINARY:
        return simplified(_BINARY[code](first, others[0]))
    if code in _SHIFTS:
        return simplified(_SHIFTS[code](first, _fitted(others[0], first.size())))
    if code == OpCode.INT_SEXT:
        return simplified(z3.SignExt(bits - first.size(), first))
    if code == OpCode.INT_ZEXT:
        return simplified(z3.ZeroExt(bits - first.size(), first))
    if code == OpCode.PIECE:
        return simplified(z3.Concat(first, others[0]))
    assert code == OpCode.SUBPIECE
    return simplified(_fitted(z3.LShR(first, 8 * int(words[1])), bits))


def _refuse_zero(state: MachineState, divisor: Any) -> None:
    """Xtensa traps where the divisor is 0: stop unless the path excludes that."""
    solver = z3.Solver()
    if solver.check(state.condition, divisor == 0) != z3.unsat:
        raise ExecutionStopped(f"a division by what may be 0 at 0x{state.pc:x}")


def _fitted(word: Word, bits: int) -> Word:
    if isinstance(word, int):
        return word & (1 << bits) - 1
    if word.size() > bits:
        return z3.Extract(bits - 1, 0, word)
    return z3.ZeroExt(bits - word.size(), word) if word.size() < bits else word


def _read(state: MachineState, place: PcodePlace) -> Word:
    bits = 8 * place.size
    if place.space == "const":
        return place.offset & (1 << bits) - 1
    if place.space == "unique":
        return _fitted(state.others[_temporary(place)], bits)
    if place.space == "ram":
        return state.load(place.offset & MASK, place.size)
    if place.number is not None:
        return _fitted(state.registers[place.number], bits)
    if place.name not in state.others:
        state.others[place.name] = anything(bits)
    return state.others[place.name]


def _write(state: MachineState, place: PcodePlace, word: Word) -> None:
    if place.space == "unique":
        state.others[_temporary(place)] = word
    elif place.space == "ram":
        state.store(place.offset & MASK, word, place.size)
    elif place.name in LOOP_REGISTERS:
        raise ExecutionStopped(f"a loop of Xtensa at 0x{state.pc:x}")
    elif place.number is None:
        state.others[place.name] = word
    elif place.size != 4:
        raise ExecutionStopped(f"a write to a part of a register at 0x{state.pc:x}")
    elif place.number or state.elf.architecture is Architecture.XTENSA:
        state.registers[place.number] = word


def _temporary(place: PcodePlace) -> str:
    return f"{_TEMPORARY}{place.offset:x}"


def _move_window(state: MachineState, operation: PcodeOperation) -> None:
    """Carry out what `entry` and `retw` do to the register window."""
    if operation.user_name == _ROTATE:
        shift = 4 * state.number(_read(state, operation.inputs[0]))
        state.frames += (Frame(tuple(state.registers[:shift])),)
        state.registers = state.registers[shift:] + [anything() for _ in range(shift)]
    elif operation.user_name == _RESTORE:
        if not state.frames:
            raise ExecutionStopped(f"a return without a call at 0x{state.pc:x}")
        hidden = state.frames[-1].registers
        state.registers = [*hidden, *state.registers[: 16 - len(hidden)]]
        state.frames = state.frames[:-1]
    elif operation.user_name not in (*_MARKS, _BARRIER):
        raise ExecutionStopped(f"{operation.user_name} at 0x{state.pc:x} has no meaning here")
