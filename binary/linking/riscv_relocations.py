"""RISC-V's relocations. Source: RISC-V ELF psABI, "Relocations", and the ISA's instruction formats."""

from collections.abc import Callable, Iterable, Mapping

from .relocations import (
    Apply,
    Relocation,
    RelocationFailed,
    distance,
    nothing,
    number_at,
    put_bits,
    put_number,
    whole_word,
)

_PCREL_HI20 = 23


def riscv_table(relocations: Iterable[Relocation]) -> Mapping[int, Apply]:
    """Return how to apply each type; relocations: those of the section, as a low half asks for its high half."""
    high_halves = {item.place: item for item in relocations if item.kind == _PCREL_HI20}

    def low_half(put: Callable[[bytearray, int, int], None]) -> Apply:
        def apply(data: bytearray, relocation: Relocation) -> None:
            high = high_halves.get(relocation.value)
            if high is None:
                raise RelocationFailed(f"no high half at 0x{relocation.value:x}")
            put(data, relocation.at, high.value - high.place)

        return apply

    return {**_TABLE, 24: low_half(_put_low_of_load), 25: low_half(_put_low_of_store)}


def _put_high(data: bytearray, at: int, value: int) -> None:
    put_bits(data, at, 4, 0xFFFFF000, value + 0x800)


def _put_low_of_load(data: bytearray, at: int, value: int) -> None:
    put_bits(data, at, 4, 0xFFF00000, value << 20)


def _put_low_of_store(data: bytearray, at: int, value: int) -> None:
    put_bits(data, at, 4, 0xFE000F80, (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7)


def _branch(data: bytearray, relocation: Relocation) -> None:
    to = distance(relocation, 13)
    put_bits(data, relocation.at, 4, 0xFE000F80, _spread(to, ((12, 31), (11, 7), *_run(5, 10, 25), *_run(1, 4, 8))))


def _jump(data: bytearray, relocation: Relocation) -> None:
    to = distance(relocation, 21)
    bits = ((20, 31), (11, 20), *_run(1, 10, 21), *_run(12, 19, 12))
    put_bits(data, relocation.at, 4, 0xFFFFF000, _spread(to, bits))


def _short_branch(data: bytearray, relocation: Relocation) -> None:
    to = distance(relocation, 9)
    bits = ((8, 12), (7, 6), (6, 5), (5, 2), (4, 11), (3, 10), (2, 4), (1, 3))
    put_bits(data, relocation.at, 2, 0x1C7C, _spread(to, bits))


def _short_jump(data: bytearray, relocation: Relocation) -> None:
    to = distance(relocation, 12)
    bits = ((11, 12), (10, 8), (9, 10), (8, 9), (7, 6), (6, 7), (5, 2), (4, 11), (3, 5), (2, 4), (1, 3))
    put_bits(data, relocation.at, 2, 0x1FFC, _spread(to, bits))


def _call(data: bytearray, relocation: Relocation) -> None:
    to = relocation.value - relocation.place
    _put_high(data, relocation.at, to)
    _put_low_of_load(data, relocation.at + 4, to)


def _put(size: int, sign: int) -> Apply:
    """Return what adds the value to a number, or, with sign 0, puts it there."""

    def apply(data: bytearray, relocation: Relocation) -> None:
        before = number_at(data, relocation.at, size)
        put_number(data, relocation.at, size, before + sign * relocation.value if sign else relocation.value)

    return apply


def _put_six_bits(sign: int) -> Apply:
    def apply(data: bytearray, relocation: Relocation) -> None:
        before = number_at(data, relocation.at, 1)
        put_bits(data, relocation.at, 1, 0x3F, before - relocation.value if sign else relocation.value)

    return apply


def _spread(value: int, places: Iterable[tuple[int, int]]) -> int:
    """Return a number with each bit of the value at its place."""
    return sum((value >> bit & 1) << place for bit, place in places)


def _run(low: int, high: int, place: int) -> list[tuple[int, int]]:
    return [(bit, place + bit - low) for bit in range(low, high + 1)]


_TABLE: dict[int, Apply] = {
    0: nothing,
    1: whole_word,
    16: _branch,
    17: _jump,
    18: _call,
    19: _call,
    _PCREL_HI20: lambda data, item: _put_high(data, item.at, item.value - item.place),
    26: lambda data, item: _put_high(data, item.at, item.value),
    27: lambda data, item: _put_low_of_load(data, item.at, item.value),
    28: lambda data, item: _put_low_of_store(data, item.at, item.value),
    **{33 + number: _put(size, 1) for number, size in enumerate((1, 2, 4, 8))},
    **{37 + number: _put(size, -1) for number, size in enumerate((1, 2, 4, 8))},
    43: nothing,
    44: _short_branch,
    45: _short_jump,
    51: nothing,
    52: _put_six_bits(-1),
    53: _put_six_bits(0),
    **{54 + number: _put(size, 0) for number, size in enumerate((1, 2, 4))},
    57: lambda data, item: put_number(data, item.at, 4, item.value - item.place),
}
"""By number; the names stand in the psABI: 1 is R_RISCV_32, 16 R_RISCV_BRANCH, 43 R_RISCV_ALIGN, 51 R_RISCV_RELAX."""
