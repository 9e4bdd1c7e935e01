"""Machine code that stands for functions below the bootloader, and the code that calls a function of it.

A stand-in in machine code costs nanoseconds where one in Python costs microseconds, so the functions that every run
calls have one. Each is position independent, keeps to the C calling convention and uses temporary registers only.
"""

import struct
import zlib

_ZERO, _RA, _SP, _GP, _T0, _T1, _T2 = 0, 1, 2, 3, 5, 6, 7
_A0, _A1, _A2, _A3, _T3, _T4 = 10, 11, 12, 13, 28, 29
SAVED = (2, 8, 9, *range(18, 28))
"""The registers that a function must leave as it found them: sp, s0 … s11."""
_BEQ, _BNE, _BLTU = 0, 1, 6
_LW, _LBU = 2, 4


def _immediate(opcode: int, funct: int, rd: int, rs1: int, value: int) -> int:
    return (value & 0xFFF) << 20 | rs1 << 15 | funct << 12 | rd << 7 | opcode


def _register(funct: int, rd: int, rs1: int, rs2: int) -> int:
    return rs2 << 20 | rs1 << 15 | funct << 12 | rd << 7 | 0x33


def _load(funct: int, rd: int, rs1: int, offset: int) -> int:
    return _immediate(0x03, funct, rd, rs1, offset)


def _store(funct: int, rs2: int, rs1: int, offset: int) -> int:
    return (offset >> 5 & 0x7F) << 25 | rs2 << 20 | rs1 << 15 | funct << 12 | (offset & 0x1F) << 7 | 0x23


def _branch(funct: int, rs1: int, rs2: int, offset: int) -> int:
    high = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3F) << 25
    return high | rs2 << 20 | rs1 << 15 | funct << 12 | (offset >> 1 & 0xF) << 8 | (offset >> 11 & 1) << 7 | 0x63


def _addi(rd: int, rs1: int, value: int) -> int:
    return _immediate(0x13, 0, rd, rs1, value)


def _xor_all(rd: int, rs1: int) -> int:
    return _immediate(0x13, 4, rd, rs1, -1)


def _add(rd: int, rs1: int, rs2: int) -> int:
    return _register(0, rd, rs1, rs2)


def _load_upper(rd: int, address: int) -> int:
    return (address & 0xFFFFF000) | rd << 7 | 0x37


def _call(rd: int, rs1: int) -> int:
    return _immediate(0x67, 0, rd, rs1, 0)


def jump(distance: int) -> bytes:
    """Return a jump of `distance` bytes, even and less than 1 MiB either way."""
    word = (distance >> 20 & 1) << 31 | (distance >> 1 & 0x3FF) << 21
    word |= (distance >> 11 & 1) << 20 | (distance >> 12 & 0xFF) << 12 | 0x6F
    return struct.pack("<I", word)


JUMP_SIZE, JUMP_REACH = 4, 0x100000
"""Bytes of a jump, and how far it does not quite reach, either way."""


def _code(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


_RET = _call(_ZERO, _RA)
RETURN = _code(_RET)
RETURN_ZERO = _code(_addi(_A0, _ZERO, 0), _RET)
MEMCPY = _code(
    _addi(_T0, _A0, 0),
    _add(_T1, _A1, _A2),
    _register(6, _T2, _A0, _A1),
    _register(6, _T2, _T2, _A2),
    _immediate(0x13, 7, _T2, _T2, 3),
    _branch(_BNE, _T2, _ZERO, 28),
    _branch(_BEQ, _A1, _T1, 48),
    _load(_LW, _T2, _A1, 0),
    _store(2, _T2, _T0, 0),
    _addi(_A1, _A1, 4),
    _addi(_T0, _T0, 4),
    _branch(_BEQ, _ZERO, _ZERO, -20),
    _branch(_BEQ, _A1, _T1, 24),
    _load(_LBU, _T2, _A1, 0),
    _store(0, _T2, _T0, 0),
    _addi(_A1, _A1, 1),
    _addi(_T0, _T0, 1),
    _branch(_BEQ, _ZERO, _ZERO, -20),
    _RET,
)
"""By words where all three of its arguments are multiples of 4."""
MEMSET = _code(
    _addi(_T0, _A0, 0),
    _add(_T1, _A0, _A2),
    _branch(_BEQ, _T0, _T1, 16),
    _store(0, _A1, _T0, 0),
    _addi(_T0, _T0, 1),
    _branch(_BEQ, _ZERO, _ZERO, -12),
    _RET,
)
CRC_TABLE = struct.pack("<256I", *(0xFFFFFFFF ^ zlib.crc32(bytes([n]), 0xFFFFFFFF) for n in range(256)))
"""The CRC-32 of each byte, begun with 0 and not inverted; a table of 1 KiB that `crc32` reads."""


def crc32(table: int) -> bytes:
    """Return esp_rom_crc32_le(crc, buf, len): the CRC-32 of `len` bytes, gone on with from `crc`.

    table: address of CRC_TABLE, a multiple of 4096."""
    return _code(
        _load_upper(_T4, table),
        _xor_all(_A0, _A0),
        _add(_A2, _A1, _A2),
        _branch(_BEQ, _A1, _A2, 44),
        _load(_LBU, _T0, _A1, 0),
        _addi(_A1, _A1, 1),
        _register(4, _T0, _T0, _A0),
        _immediate(0x13, 7, _T0, _T0, 0xFF),
        _immediate(0x13, 1, _T0, _T0, 2),
        _add(_T0, _T0, _T4),
        _load(_LW, _T0, _T0, 0),
        _immediate(0x13, 5, _A0, _A0, 8),
        _register(4, _A0, _A0, _T0),
        _branch(_BEQ, _ZERO, _ZERO, -40),
        _xor_all(_A0, _A0),
        _RET,
    )


def map_flash(window: int, size: int) -> bytes:
    """Return bootloader_mmap(src_addr, size): the address in the window where all flash is seen, or 0 beyond it.

    window, size: multiples of 4096."""
    return _code(
        _load_upper(_T0, size),
        _add(_T1, _A0, _A1),
        _branch(_BLTU, _T0, _T1, 20),
        _branch(_BLTU, _T1, _A0, 16),
        _load_upper(_T0, window),
        _add(_A0, _A0, _T0),
        _RET,
        _addi(_A0, _ZERO, 0),
        _RET,
    )


ARGUMENT_WORDS = 4 + 2 + len(SAVED)
"""What `enter` reads: a0 … a3, the function, gp, then SAVED."""
RESULT_OFFSET = 0x80
"""Where in the same page it leaves a0, then SAVED."""


def enter(page: int) -> bytes:
    """Return code that calls a function with what stands at `page`, leaves what it returns there, and ends.

    page: a multiple of 4096."""
    loads = [_load(_LW, register, _T0, 4 * (6 + place)) for place, register in enumerate(SAVED)]
    arguments = [_load(_LW, _A0 + place, _T0, 4 * place) for place in range(4)]
    stores = [_store(2, register, _T0, RESULT_OFFSET + 4 * (1 + place)) for place, register in enumerate(SAVED)]
    return _code(
        _load_upper(_T0, page),
        *loads,
        *arguments,
        _load(_LW, _GP, _T0, 20),
        _load(_LW, _T1, _T0, 16),
        _call(_RA, _T1),
        _load_upper(_T0, page),
        _store(2, _A0, _T0, RESULT_OFFSET),
        *stores,
    )
