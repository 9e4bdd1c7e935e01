"""From how many places a bootloader rewrites otadata: seen in its code, without running it.

ESP-IDF's bootloader has one function that writes an entry. Without rollback a single place needs it, where a device
that was never updated gets its first entry, and the compiler puts it there in line. With rollback two more do. Both
log, so two texts lead to the code: that of a write that fails, and that of the first entry. What is not as clear as in
these two cases is left undecided. Source: bootloader_utility.c write_otadata, set_actual_ota_seq.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

WRITE_FAILS, FIRST_ENTRY = b"Error in write_otadata operation", b"Set actual ota_seq="
_WORD = 0xFFFFFFFF


class _Code(Protocol):
    """The code of a program, as far as it is read here."""

    def uses(self, address: int) -> set[int]:
        """Return where an address is used."""

    def are_in_one_function(self, one: int, other: int) -> bool:
        """Tell whether two places certainly lie in one function."""

    def calls_of_function(self, place: int) -> set[int]:
        """Return where the function is called that a place lies in."""


def rewrites_states(segments: Sequence[tuple[int, bytes]], is_xtensa: bool) -> bool | None:
    """Tell whether a bootloader changes states in otadata, as with rollback; None where its code does not show it.

    segments: address and bytes of each."""
    failing, first = (_address_of(segments, text) for text in (WRITE_FAILS, FIRST_ENTRY))
    if failing is None or first is None:
        return None
    code: _Code = _XtensaCode(segments) if is_xtensa else _RiscvCode(segments)
    writes, firsts = code.uses(failing), code.uses(first)
    if len(writes) != 1 or len(firsts) != 1:
        return None
    (write,), (entry,) = writes, firsts
    if code.are_in_one_function(write, entry):
        return False
    return True if len(code.calls_of_function(write)) >= 2 else None


def _address_of(segments: Sequence[tuple[int, bytes]], text: bytes) -> int | None:
    """Return where the one text begins that has these bytes in it; None for none, or several."""
    found = [(address, data, data.find(text)) for address, data in segments if text in data]
    if len(found) != 1 or found[0][1].count(text) != 1:
        return None
    address, data, place = found[0]
    return address + data.rfind(b"\0", 0, place) + 1


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


class _XtensaCode:
    """Code with the windowed convention: each function begins with ENTRY, and takes addresses from literals by L32R."""

    def __init__(self, segments: Sequence[tuple[int, bytes]]) -> None:
        self._segments = segments
        self._starts: list[int] = []
        self._loads: dict[int, set[int]] = {}
        """Places of L32R by the address of the literal."""
        self._calls: dict[int, set[int]] = {}
        """Places of CALL4 to CALL12 by their target."""
        for base, data in segments:
            starts = [at for at in range(-base % 4, len(data) - 2, 4) if data[at] == 0x36 and data[at + 1] & 15 == 1]
            self._starts += [base + at for at in starts]
            for start, end in pairwise([*starts, len(data) - 2]):
                self._read(base, data, start, end)
        self._starts.sort()

    def uses(self, address: int) -> set[int]:
        """Return where a literal that holds the address is loaded."""
        return set().union(*(self._loads.get(place, set()) for place in self._literals(address)))

    def are_in_one_function(self, one: int, other: int) -> bool:
        """Tell whether no function begins between two places."""
        return self._start_of(one) == self._start_of(other)

    def calls_of_function(self, place: int) -> set[int]:
        """Return where the function is called, directly or through a literal."""
        start = self._start_of(place)
        return self._calls.get(start, set()) | self.uses(start)

    def _start_of(self, place: int) -> int:
        return self._starts[bisect_right(self._starts, place) - 1]

    def _read(self, base: int, data: bytes, start: int, end: int) -> None:
        at = start
        while at < end:
            word = int.from_bytes(data[at : at + 3], "little")
            place = base + at
            if word & 15 == 1:
                literal = ((place + 3) & ~3) + ((word >> 8 | 0xFFFF0000) << 2) & _WORD
                self._loads.setdefault(literal, set()).add(place)
            elif word & 15 == 5 and word >> 4 & 3:
                target = (place & ~3) + 4 + 4 * _signed(word >> 6, 18)
                self._calls.setdefault(target, set()).add(place)
            at += 2 if 8 <= word & 15 <= 13 else 3

    def _literals(self, address: int) -> Iterator[int]:
        word = struct.pack("<I", address)
        for base, data in self._segments:
            at = data.find(word)
            while at >= 0:
                if (base + at) % 4 == 0:
                    yield base + at
                at = data.find(word, at + 1)


@dataclass(frozen=True, slots=True)
class _CodeWord:
    place: int
    word: int
    is_short: bool


class _RiscvCode:
    """Code that makes addresses by LUI or AUIPC, and ADDI; calls tell where functions begin, and RET where they end."""

    def __init__(self, segments: Sequence[tuple[int, bytes]]) -> None:
        # The first segment holds constants and data.
        self._code = [list(_instructions(base, data)) for base, data in segments[1:]]
        self._made: dict[int, set[int]] = {}
        self._calls: dict[int, set[int]] = {}
        self._returns: list[int] = []
        for instructions in self._code:
            self._read(instructions)
        self._starts = sorted(self._calls)
        self._returns.sort()

    def uses(self, address: int) -> set[int]:
        """Return where the address is made."""
        return self._made.get(address, set())

    def are_in_one_function(self, one: int, other: int) -> bool:
        """Tell whether no function that is called begins between two places, nor one that is not.

        One that is not would begin behind a return. Then what is called at the first would be the writer of entries,
        which with rollback is called from more than one place."""
        low, high = sorted((one, other))
        if any(low < start <= high for start in self._starts):
            return False
        number = bisect_right(self._starts, low) - 1
        is_called_once = number >= 0 and len(self._calls[self._starts[number]]) == 1
        return is_called_once or not any(low < place < high for place in self._returns)

    def calls_of_function(self, place: int) -> set[int]:
        """Return where the function is called that begins last before a place, and has not returned."""
        number = bisect_right(self._starts, place) - 1
        if number < 0 or any(self._starts[number] < ret < place for ret in self._returns):
            return set()
        return self._calls[self._starts[number]]

    def _read(self, instructions: list[_CodeWord]) -> None:
        known: dict[int, int] = {}
        for each in instructions:
            (self._read_short if each.is_short else self._read_long)(each, known)

    def _read_long(self, each: _CodeWord, known: dict[int, int]) -> None:
        word, place = each.word, each.place
        operation, target, source = word & 0x7F, word >> 7 & 31, word >> 15 & 31
        if operation == 0x6F:
            offset = word >> 31 << 20 | (word >> 12 & 0xFF) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3FF) << 1
            self._call(place, place + _signed(offset, 21), target)
        elif operation == 0x67 and source in known:
            self._call(place, known[source] + _signed(word >> 20, 12), target)
        value = None
        if operation in (0x17, 0x37):
            value = (word & 0xFFFFF000) + (place if operation == 0x17 else 0)
        elif operation == 0x13 and word >> 12 & 7 == 0 and source in known:
            value = known[source] + _signed(word >> 20, 12)
        # Stores and branches have no target register.
        if operation not in (0x23, 0x63):
            self._know(place, target, value, known)

    def _read_short(self, each: _CodeWord, known: dict[int, int]) -> None:
        word, place = each.word, each.place
        kind, register = (word & 3, word >> 13), word >> 7 & 31
        immediate = _signed((word >> 12 & 1) << 5 | word >> 2 & 31, 6)
        if word in (0x8082,):
            self._returns.append(place)
        elif kind in ((1, 1), (1, 5)):
            bits = ((12, 11), (11, 4), (10, 9), (9, 8), (8, 10), (7, 6), (6, 7), (5, 3), (4, 2), (3, 1), (2, 5))
            offset = sum((word >> source & 1) << target for source, target in bits)
            self._call(place, place + _signed(offset, 12), 1 if kind == (1, 1) else 0)
        elif kind == (1, 3) and register not in (0, 2):
            self._know(place, register, immediate << 12, known)
        elif kind == (1, 0):
            self._know(place, register, known[register] + immediate if register in known else None, known)
        elif kind == (2, 4):
            source = word >> 2 & 31
            # A copy is no other use.
            known.pop(register, None)
            if not word >> 12 & 1 and source in known:
                known[register] = known[source]
        elif kind in ((1, 2), (2, 2), (2, 0)):
            self._know(place, register, None, known)
        elif kind in ((0, 0), (0, 2)):
            self._know(place, 8 + (word >> 2 & 7), None, known)
        elif kind == (1, 4):
            self._know(place, 8 + (word >> 7 & 7), None, known)

    def _call(self, place: int, target: int, link: int) -> None:
        if link:
            self._calls.setdefault(target & _WORD, set()).add(place)

    def _know(self, place: int, register: int, value: int | None, known: dict[int, int]) -> None:
        if value is None or register == 0:
            known.pop(register, None)
            return
        known[register] = value & _WORD
        self._made.setdefault(value & _WORD, set()).add(place)


def _instructions(base: int, data: bytes) -> Iterator[_CodeWord]:
    at = 0
    while at + 1 < len(data):
        is_short = data[at] & 3 != 3
        length = 2 if is_short else 4
        yield _CodeWord(base + at, int.from_bytes(data[at : at + length], "little"), is_short)
        at += length
