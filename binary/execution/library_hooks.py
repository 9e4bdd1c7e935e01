"""Hooks for functions that decide nothing: the C library, printing, the clock.

Each stands for the function of its name, whether its code is in the file or in ROM. What they are assumed to do is what
their names say: memcpy and memset write memory, printing and the clock change nothing and return anything.
"""

import z3

from .machine_state import MachineState
from .path_search import Arguments, Hook
from .words import Word, as_bits, known_or, remainder, simplified


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


def unsigned_remainder(state: MachineState, arguments: Arguments) -> Word:
    """Return the remainder, as libgcc's function for processors without the instruction."""
    return simplified(remainder(as_bits(arguments[0]), as_bits(arguments[1])))


def changes_nothing(state: MachineState, arguments: Arguments) -> None:
    """Return anything."""


LIBRARY: dict[str, Hook] = {
    "memcpy": memcpy,
    "memmove": memcpy,
    "memset": memset,
    "__umodsi3": unsigned_remainder,
    **dict.fromkeys(
        ("esp_rom_printf", "ets_printf", "esp_log_timestamp", "esp_log_early_timestamp", "esp_log_write"),
        changes_nothing,
    ),
}
"""By name."""
