"""Tears of bytes that leave a stray number: a right check word on a number that was never written.

The check word is a linear function of the bits of the number, but for a constant. A tear only sets bits. So the stray
numbers that a record can be torn to are the solutions of linear equations over bits: one for each bit of the check
word that is set already. They are solved here anew; proofs/bytes/crc_lemmas.py counts them.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from itertools import islice

from ...impl.chip.torn_operations import Torn, TornKind
from ...impl.otadata import ota_select_crc
from ...model.device.records import TOP, Word
from ...model.device.stray_numbers import Stray, StrayOrder

_WORDS = "<I20xII"
"""Number, state word and check word of a record."""
_BITS = 32
_FULL = 0xFFFFFFFF
_LOOKED_OVER = 64
"""Solutions of which the best is taken first."""
_TRIES = 1 << 12
"""Solutions that are looked at for one that names the slot, in the order that is wanted."""


def find_stray(entry: bytes, strays: Sequence[Stray], slots: int, other: int | None) -> Torn | None:
    """Return a tear that leaves a stray record; None where none was found.

    entry: the 32 bytes that are being erased, or programmed; strays: the one to leave, and those that further tears are
    to make of it; other: the number of the other record, if it has one."""
    number, _, check = struct.unpack(_WORDS, entry)
    found = _first_of_chain(number, check, strays, slots, other)
    return None if found is None else _torn(entry, found ^ number, strays[0].word, ota_select_crc(found) ^ check)


def find_tear_towards(entry: bytes, strays: Sequence[Stray], slots: int, other: int | None, word: Word) -> Torn | None:
    """Return a tear that leaves a wrong check word, of which further tears can make stray records; None for none.

    word: what the state word reads as in between."""
    number, _, check = struct.unpack(_WORDS, entry)
    found = _first_of_chain(number, check, strays, slots, other)
    return None if found is None else _torn(entry, 0, word, ota_select_crc(found) ^ check)


def _first_of_chain(number: int, check: int, strays: Sequence[Stray], slots: int, other: int | None) -> int | None:
    """Return a number for the first stray, of which the next can be made, and so on."""
    for found in _numbers_of(number, check, strays[0], slots, other):
        rest = strays[1:]
        if not rest or _first_of_chain(found, ota_select_crc(found), rest, slots, other) is not None:
            return found
    return None


def _numbers_of(number: int, check: int, stray: Stray, slots: int, other: int | None) -> Iterator[int]:
    """Yield stray numbers that name the slot and compare with the other number as is wanted.

    Of those that shall be greater, numbers come first that leave later tears the most strays to make."""
    fitting = (found for found in stray_numbers(number, check) if _fits(found, stray, slots, other))
    if stray.order is StrayOrder.GREATER:
        yield from sorted(islice(fitting, _LOOKED_OVER), key=_later_strays, reverse=True)
    yield from fitting


def _later_strays(number: int) -> int:
    """Return how many independent changes make strays of a number, and of the two that upgrades write after it."""
    solved = (_solved(later, ota_select_crc(later)) for later in range(number, number + 3))
    return sum(len(found[1]) for found in solved if found is not None)


def _fits(found: int, stray: Stray, slots: int, other: int | None) -> bool:
    # What a torn record held is remembered by the model alone: beside it any order will do.
    is_in_order = (
        other is None
        or {
            StrayOrder.GREATER: found > other,
            StrayOrder.EQUAL: found == other,
            StrayOrder.LOWER: found < other,
        }[stray.order]
    )
    return is_in_order and (found - 1) % slots == stray.slot and slots < found < TOP


def _torn(entry: bytes, number_bits: int, word: Word, check_bits: int) -> Torn:
    """Return the tear that sets these bits of number and check word, and makes the state word read as `word`."""
    _, old_word, _ = struct.unpack(_WORDS, entry)
    left_word = _FULL if word is Word.UNDEFINED else old_word | word
    return Torn(TornKind.MASK, mask=struct.pack(_WORDS, number_bits, left_word ^ old_word, check_bits).rstrip(b"\0"))


def stray_numbers(number: int, check: int) -> Iterator[int]:
    """Yield numbers that a torn record can come to have, with the check word that fits: at random, many, not all.

    number, check: the words of the record, as they are or as they are being programmed."""
    solved = _solved(number, check)
    if solved is None:
        return
    start, basis = solved
    source = random.Random(number)
    for picks in range(_TRIES):
        change = start
        # First those that change little: each vector of the basis by itself.
        chosen = [basis[picks]] if picks < len(basis) else [vector for vector in basis if source.random() < 0.5]
        for vector in chosen:
            change ^= vector
        if change:
            yield number ^ change


def _solved(number: int, check: int) -> tuple[int, list[int]] | None:
    """Return one change of the number, and a basis of the others, with which its check word keeps the bits of `check`.

    None where there is none. By Gauss-Jordan elimination over bits; bit 32 of a row is its right side."""
    columns = [ota_select_crc(1 << bit) ^ ota_select_crc(0) for bit in range(_BITS)]
    rows = [1 << bit for bit in range(_BITS) if number >> bit & 1]
    missing = ota_select_crc(number) ^ _FULL
    for bit in range(_BITS):
        if check >> bit & 1:
            row = sum((columns[place] >> bit & 1) << place for place in range(_BITS))
            rows.append(row | (missing >> bit & 1) << _BITS)
    pivots: dict[int, int] = {}
    for given in rows:
        row = given
        for place, pivot in pivots.items():
            row ^= pivot if row >> place & 1 else 0
        if row & _FULL == 0:
            if row:
                return None
            continue
        place = (row & _FULL).bit_length() - 1
        pivots = {other: pivot ^ (row if pivot >> place & 1 else 0) for other, pivot in pivots.items()}
        pivots[place] = row
    start = sum((pivot >> _BITS) << place for place, pivot in pivots.items())
    free = (bit for bit in range(_BITS) if bit not in pivots)
    return start, [1 << bit | sum(1 << p for p, row in pivots.items() if row >> bit & 1) for bit in free]
