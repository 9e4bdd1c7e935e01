"""Hooks for functions that decide nothing: the C library, printing, the clock.

Each stands for the function of its name, whether its code is in the file or in ROM. What they are assumed to do is what
their names say: memcpy and memset write memory, printing and the clock change nothing and return anything.
"""

import z3

from .machine_state import MachineState
from .path_search import Arguments, Hook
from .words import Word, anything, as_bits, known_or, remainder, simplified


def memcpy(state: MachineState, arguments: Arguments) -> Word:
    """Copy bytes; return where to."""
    target, source = state.number(arguments[0]), state.number(arguments[1])
    copied = [state.load(source + offset, 1) for offset in range(state.number(arguments[2]))]
    for offset, byte in enumerate(copied):
        state.store(target + offset, byte, 1)
    return target


def memset(state: MachineState, arguments: Arguments) -> Word:
    """Fill bytes; return where."""
    target = state.number(arguments[0])
    byte = known_or(arguments[1], lambda value: value & 0xFF, lambda term: z3.Extract(7, 0, term))
    for offset in range(state.number(arguments[2])):
        state.store(target + offset, byte, 1)
    return target


def memcmp(state: MachineState, arguments: Arguments) -> Word:
    """Return 0 where the bytes are equal; else any other number, as an order of them is not told."""
    one, other, length = (state.number(arguments[number]) for number in range(3))
    if not length:
        return 0
    parts = ([as_bits(state.load(start + place, 1), 8) for place in range(length)] for start in (one, other))
    left, right = (z3.Concat(*reversed(part)) if length > 1 else part[0] for part in parts)
    unequal = anything()
    return simplified(z3.If(left == right, as_bits(0), z3.If(unequal == 0, as_bits(1), unequal)))


def unsigned_remainder(state: MachineState, arguments: Arguments) -> Word:
    """Return the remainder, as libgcc's function for processors without the instruction."""
    return simplified(remainder(as_bits(arguments[0]), as_bits(arguments[1])))


def changes_nothing(state: MachineState, arguments: Arguments) -> None:
    """Return anything."""


LIBRARY: dict[str, Hook] = {
    "memcpy": memcpy,
    "memmove": memcpy,
    "memset": memset,
    "memcmp": memcmp,
    "__umodsi3": unsigned_remainder,
    **dict.fromkeys(
        ("esp_rom_printf", "ets_printf", "esp_log_timestamp", "esp_log_early_timestamp", "esp_log_write"),
        changes_nothing,
    ),
}
"""By name."""
