"""RV32IMC, decoded by our own reading of the manual: 16-bit instructions become the 32-bit ones that they abbreviate.

Left out, so that None is returned: csr, fence, ecall, ebreak, atomics, floating point.
Source: The RISC-V Instruction Set Manual, volume I, chapters RV32I, M and C.
"""

from dataclasses import dataclass
from enum import Enum, auto


class InstructionKind(Enum):
    """What an instruction does."""

    BRANCH = auto()
    JUMP = auto()
    JUMP_REGISTER = auto()
    LOAD = auto()
    STORE = auto()
    COMPUTE = auto()
    COMPUTE_IMMEDIATE = auto()
    UPPER = auto()
    """lui."""
    UPPER_PC = auto()
    """auipc."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction in its 32-bit form."""

    kind: InstructionKind
    rd: int = 0
    rs1: int = 0
    rs2: int = 0
    immediate: int = 0
    """Signed."""
    funct3: int = 0
    funct7: int = 0


Fields = tuple[tuple[int, int, int], ...]
"""Of an immediate: the highest and lowest bit of a part, and to where its lowest bit goes."""
_ADDI4SPN: Fields = ((12, 11, 4), (10, 7, 6), (6, 6, 2), (5, 5, 3))
_ADDI16SP: Fields = ((12, 12, 9), (6, 6, 4), (5, 5, 6), (4, 3, 7), (2, 2, 5))
_WORD_OFFSET: Fields = ((12, 10, 3), (6, 6, 2), (5, 5, 6))
_LOAD_SP: Fields = ((12, 12, 5), (6, 4, 2), (3, 2, 6))
_STORE_SP: Fields = ((12, 9, 2), (8, 7, 6))
_C_JUMP: Fields = ((12, 12, 11), (11, 11, 4), (10, 9, 8), (8, 8, 10), (7, 7, 6), (6, 6, 7), (5, 3, 1), (2, 2, 5))
_C_BRANCH: Fields = ((12, 12, 8), (11, 10, 3), (6, 5, 6), (4, 3, 1), (2, 2, 5))
_C_IMMEDIATE: Fields = ((12, 12, 5), (6, 2, 0))
_JUMP: Fields = ((31, 31, 20), (19, 12, 12), (20, 20, 11), (30, 21, 1))
_BRANCH: Fields = ((31, 31, 12), (7, 7, 11), (30, 25, 5), (11, 8, 1))
_STORE: Fields = ((31, 25, 5), (11, 7, 0))
_STACK, _LINK = 2, 1


def decode(code: bytes) -> tuple[Instruction | None, int]:
    """Return the instruction that the code begins with, and its length in bytes; None where it is none of ours."""
    half = int.from_bytes(code[:2], "little")
    if half & 3 != 3:
        return (_quadrant_0, _quadrant_1, _quadrant_2)[half & 3](half), 2
    return (_decode_word(int.from_bytes(code[:4], "little")) if len(code) >= 4 else None), 4


def _bits(word: int, high: int, low: int) -> int:
    return word >> low & (1 << high - low + 1) - 1


def _signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> width - 1 else value


def _gather(word: int, fields: Fields, width: int = 0) -> int:
    """Put an immediate together; width: of a signed one."""
    value = sum(_bits(word, high, low) << place for high, low, place in fields)
    return _signed(value, width) if width else value


def _decode_word(word: int) -> Instruction | None:
    rd, rs1, rs2 = _bits(word, 11, 7), _bits(word, 19, 15), _bits(word, 24, 20)
    funct3, funct7, immediate = _bits(word, 14, 12), _bits(word, 31, 25), _signed(word >> 20, 12)
    match word & 0x7F:
        case 0x37:
            return Instruction(InstructionKind.UPPER, rd, immediate=word & 0xFFFFF000)
        case 0x17:
            return Instruction(InstructionKind.UPPER_PC, rd, immediate=word & 0xFFFFF000)
        case 0x6F:
            return Instruction(InstructionKind.JUMP, rd, immediate=_gather(word, _JUMP, 21))
        case 0x67 if funct3 == 0:
            return Instruction(InstructionKind.JUMP_REGISTER, rd, rs1, immediate=immediate)
        case 0x63 if funct3 not in (2, 3):
            return Instruction(InstructionKind.BRANCH, 0, rs1, rs2, _gather(word, _BRANCH, 13), funct3)
        case 0x03 if funct3 in (0, 1, 2, 4, 5):
            return Instruction(InstructionKind.LOAD, rd, rs1, immediate=immediate, funct3=funct3)
        case 0x23 if funct3 < 3:
            return Instruction(InstructionKind.STORE, 0, rs1, rs2, _gather(word, _STORE, 12), funct3)
        case 0x13 if funct3 in (1, 5):
            is_known = funct7 == 0 or (funct3 == 5 and funct7 == 32)
            return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rs1, 0, rs2, funct3, funct7) if is_known else None
        case 0x13:
            return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rs1, immediate=immediate, funct3=funct3)
        case 0x33 if funct7 in (0, 1) or (funct7 == 32 and funct3 in (0, 5)):
            return Instruction(InstructionKind.COMPUTE, rd, rs1, rs2, 0, funct3, funct7)
    return None


def _quadrant_0(half: int) -> Instruction | None:
    low, high = 8 + _bits(half, 4, 2), 8 + _bits(half, 9, 7)
    match half >> 13:
        case 0 if _gather(half, _ADDI4SPN):
            return _add_immediate(low, _STACK, _gather(half, _ADDI4SPN))
        case 2:
            return Instruction(InstructionKind.LOAD, low, high, 0, _gather(half, _WORD_OFFSET), 2)
        case 6:
            return Instruction(InstructionKind.STORE, 0, high, low, _gather(half, _WORD_OFFSET), 2)
    return None


def _quadrant_1(half: int) -> Instruction | None:
    rd, small, immediate = _bits(half, 11, 7), 8 + _bits(half, 9, 7), _gather(half, _C_IMMEDIATE, 6)
    match half >> 13:
        case 0:
            return _add_immediate(rd, rd, immediate)
        case 1:
            return Instruction(InstructionKind.JUMP, _LINK, immediate=_gather(half, _C_JUMP, 12))
        case 2:
            return _add_immediate(rd, 0, immediate)
        case 3 if rd == _STACK and _gather(half, _ADDI16SP):
            return _add_immediate(_STACK, _STACK, _gather(half, _ADDI16SP, 10))
        case 3 if immediate:
            return Instruction(InstructionKind.UPPER, rd, immediate=immediate << 12)
        case 4:
            return _c_compute(half, small, immediate)
        case 5:
            return Instruction(InstructionKind.JUMP, 0, immediate=_gather(half, _C_JUMP, 12))
        case 6 | 7 as funct:
            return Instruction(InstructionKind.BRANCH, 0, small, 0, _gather(half, _C_BRANCH, 9), funct - 6)
    return None


def _c_compute(half: int, rd: int, immediate: int) -> Instruction | None:
    kind = _bits(half, 11, 10)
    if kind == 2:
        return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rd, 0, immediate, 7)
    if half >> 12 & 1:
        return None
    if kind < 2:
        return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rd, 0, immediate, 5, 32 * kind)
    funct3, funct7 = ((0, 32), (4, 0), (6, 0), (7, 0))[_bits(half, 6, 5)]
    return Instruction(InstructionKind.COMPUTE, rd, rd, 8 + _bits(half, 4, 2), 0, funct3, funct7)


def _quadrant_2(half: int) -> Instruction | None:
    rd, rs2, is_second = _bits(half, 11, 7), _bits(half, 6, 2), half >> 12 & 1
    match half >> 13:
        case 0 if not is_second:
            return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rd, 0, rs2, 1)
        case 2 if rd:
            return Instruction(InstructionKind.LOAD, rd, _STACK, 0, _gather(half, _LOAD_SP), 2)
        case 4 if rs2:
            return Instruction(InstructionKind.COMPUTE, rd, rd if is_second else 0, rs2)
        case 4 if rd:
            return Instruction(InstructionKind.JUMP_REGISTER, is_second, rd)
        case 6:
            return Instruction(InstructionKind.STORE, 0, _STACK, rs2, _gather(half, _STORE_SP), 2)
    return None


def _add_immediate(rd: int, rs1: int, immediate: int) -> Instruction:
    return Instruction(InstructionKind.COMPUTE_IMMEDIATE, rd, rs1, immediate=immediate)
