"""Relocations: the places in an object's bytes that wait for an address.

Each is applied as if nothing were relaxed: a linker may shorten code, which changes no meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

_WORD = 0xFFFFFFFF


class RelocationFailed(Exception):
    """A relocation cannot be applied; the message says why."""


@dataclass(frozen=True, slots=True)
class Relocation:
    """One place that is filled in."""

    kind: int
    """The type's number of the architecture."""
    at: int
    """Byte of the section."""
    place: int
    """Its address."""
    value: int
    """The address of the symbol, plus the addend."""


Apply = Callable[[bytearray, Relocation], None]
"""Fill in a place of a section's bytes; raises RelocationFailed."""


def number_at(data: bytearray, at: int, size: int) -> int:
    """Return the little-endian number there; raises RelocationFailed where it ends behind the data."""
    if at + size > len(data):
        raise RelocationFailed(f"byte {at} is behind the section")
    return int.from_bytes(data[at : at + size], "little")


def put_number(data: bytearray, at: int, size: int, value: int) -> None:
    """Put a number there, modulo its size; raises RelocationFailed where it ends behind the data."""
    number_at(data, at, size)
    data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def put_bits(data: bytearray, at: int, size: int, mask: int, value: int) -> None:
    """Replace the bits of a mask in a number."""
    put_number(data, at, size, number_at(data, at, size) & ~mask | value & mask)


def distance(relocation: Relocation, bits: int, start: int | None = None) -> int:
    """Return how far the value is from the place, or from `start`; raises RelocationFailed beyond signed `bits`."""
    found = relocation.value - (relocation.place if start is None else start)
    if not -(1 << bits - 1) <= found < 1 << bits - 1:
        raise RelocationFailed(f"0x{relocation.value & _WORD:x} is too far from 0x{relocation.place:x}")
    return found


def nothing(data: bytearray, relocation: Relocation) -> None:
    """Leave all as it is: a hint for a linker that shortens code."""


def whole_word(data: bytearray, relocation: Relocation) -> None:
    """Put the address."""
    put_number(data, relocation.at, 4, relocation.value)


def apply_all(data: bytearray, relocations: list[Relocation], table: Mapping[int, Apply]) -> None:
    """Apply relocations in order; raises RelocationFailed, also for a type that the table has not."""
    for relocation in relocations:
        if relocation.kind not in table:
            raise RelocationFailed(f"relocation type {relocation.kind} is not known")
        table[relocation.kind](data, relocation)
