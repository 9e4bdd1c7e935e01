"""Xtensa's relocations. Source: binutils' include/elf/xtensa.h and elf32-xtensa.c; Xtensa ISA, instruction formats."""

from .relocations import Apply, Relocation, RelocationFailed, distance, nothing, number_at, put_bits, put_number

_LOOPS = (8, 9, 10)


def _word(data: bytearray, relocation: Relocation) -> None:
    """Add the address to what is there."""
    put_number(data, relocation.at, 4, number_at(data, relocation.at, 4) + relocation.value)


def _operand(data: bytearray, relocation: Relocation) -> None:
    """Fill in where an instruction goes, or what it loads."""
    opcode = number_at(data, relocation.at, 1)
    match opcode & 0x0F:
        case 0x1:
            _literal(data, relocation)
        case 0x5:
            to = distance(relocation, 20, (relocation.place & ~3) + 4)
            put_bits(data, relocation.at, 3, 0xFFFFC0, to >> 2 << 6)
        case 0x6:
            _short_operand(data, relocation, opcode)
        case 0x7:
            _branch(data, relocation, 8)
        case 0xC if opcode & 0x80:
            to = _ahead(relocation, 64)
            put_bits(data, relocation.at, 2, 0xF030, to >> 4 << 4 | (to & 0x0F) << 12)
        case _:
            raise RelocationFailed(f"an instruction that begins with 0x{opcode:02x} has no operand for an address")


def _short_operand(data: bytearray, relocation: Relocation, opcode: int) -> None:
    kind, more = opcode >> 4 & 3, opcode >> 6 & 3
    if kind == 0:
        put_bits(data, relocation.at, 3, 0xFFFFC0, distance(relocation, 18, relocation.place + 4) << 6)
    elif kind == 1:
        _branch(data, relocation, 12)
    elif (kind, more) == (3, 1) and number_at(data, relocation.at + 1, 1) >> 4 in _LOOPS:
        put_bits(data, relocation.at, 3, 0xFF0000, _ahead(relocation, 256) << 16)
    elif (kind, more) == (3, 0):
        raise RelocationFailed("entry has no operand for an address")
    else:
        _branch(data, relocation, 8)


def _literal(data: bytearray, relocation: Relocation) -> None:
    """Fill in which word before the instruction is loaded."""
    to = relocation.value - (relocation.place + 3 & ~3)
    if not -(1 << 18) <= to < 0 or to & 3:
        raise RelocationFailed(f"the literal 0x{relocation.value:x} cannot be loaded at 0x{relocation.place:x}")
    put_bits(data, relocation.at, 3, 0xFFFF00, to >> 2 << 8)


def _branch(data: bytearray, relocation: Relocation, bits: int) -> None:
    """Fill in the highest bits of an instruction of 3 bytes."""
    to = distance(relocation, bits, relocation.place + 4)
    put_bits(data, relocation.at, 3, ((1 << bits) - 1) << 24 - bits, to << 24 - bits)


def _ahead(relocation: Relocation, limit: int) -> int:
    to = relocation.value - relocation.place - 4
    if not 0 <= to < limit:
        raise RelocationFailed(f"0x{relocation.value:x} is too far from 0x{relocation.place:x}")
    return to


XTENSA_TABLE: dict[int, Apply] = {
    0: nothing,
    1: _word,
    **dict.fromkeys((11, 12), nothing),
    **dict.fromkeys((17, 18, 19), nothing),
    20: _operand,
    **dict.fromkeys(range(57, 63), nothing),
}
"""By number: 1 is R_XTENSA_32, 11 and 12 say what a linker may shorten, 17 to 19 and 57 to 62 are differences, which
are there already, 20 is R_XTENSA_SLOT0_OP."""
