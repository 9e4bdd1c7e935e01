"""Stray numbers: how likely one is, for stated assumptions.

Assumption 1: the power fails while a record is programmed, or its sector erased, and each bit that differs before and
after has then the old or the new value with probability 1/2, independently of the others. Between blank flash and a
record those are the zeros of number and check word; state word and label do not matter. So the stray patterns are
counted (2^dimension of the kernel of the check word, less the record itself) and divided by all patterns.

Assumption 2, to tell it per upgrade: the power fails at moments that know nothing of the update, so many seconds apart
on average, and the operations take as long as data sheets of NOR flash typically say.

Neither is a law. Bits of one operation are not independent, and a bit can be undecided with another probability than
1/2, which `odds_at` admits. Left out: cells that read differently each time.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ...impl.chip.flash_timing import SECTOR_ERASE, program_time
from ...impl.otadata import ENTRY_SIZE, SEQ_EMPTY, ota_select_crc
from ...model.flash_endurance import highest_number
from ..refinement.impl_decisions import MAX_SLOTS
from ..smt.lemma import Lemma, LemmaVerdict, Result
from .crc_lemmas import BITS, CRC_OF_0, bit_tears, columns

Words = NDArray[np.uint32]
Counts = NDArray[np.int64]
CHUNK = 1 << 17
"""Numbers whose kernels are computed at a time."""
HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class FlashTiming:
    """How long the operations on a record take, and how often the power fails: assumptions."""

    erase: float = SECTOR_ERASE
    """Seconds for the erase of a sector of 4 KiB."""
    program: float = program_time(ENTRY_SIZE)
    """Seconds for the program of 32 bytes."""
    between_failures: float = 86_400.0
    """Seconds from one power failure to the next, on average: a day."""


@dataclass(frozen=True, slots=True)
class OddsOfNumbers:
    """The odds of a stray for the numbers from 1 on."""

    count: int
    """How many numbers."""
    without: int
    """How many of them leave no stray, whatever the tear."""
    first_without: int | None
    """The smallest of them."""
    least: Fraction
    middle: Fraction
    """For half of the numbers it is this or less."""
    greatest: Fraction


def bits_in_flight(number: int) -> int:
    """Return how many bits of number and check word a program of the record clears, and an erase sets."""
    return 2 * BITS - number.bit_count() - ota_select_crc(number).bit_count()


def stray_count(number: int) -> int:
    """Return how many strays a record with that number can leave."""
    reads_erased = ota_select_crc(SEQ_EMPTY) & ota_select_crc(number) == ota_select_crc(number)
    return int(2 ** len(bit_tears(number)) - 1 - reads_erased)


def stray_odds(number: int) -> Fraction:
    """Return the probability of a stray, given a cut inside the program or the erase of the record."""
    return Fraction(stray_count(number), 2 ** bits_in_flight(number))


@cache
def torn_bits(number: int) -> Counter[int]:
    """Return how many strays of a number take how many torn bits."""
    strays = np.array([number], np.uint32)
    for change in bit_tears(number):
        strays = np.concatenate((strays, strays ^ np.uint32(change)))
    torn = np.bitwise_count(strays ^ np.uint32(number))
    torn += np.bitwise_count(check_words(strays) ^ np.uint32(ota_select_crc(number)))
    bits, counts = np.unique(torn[(strays != number) & (strays != SEQ_EMPTY)], return_counts=True)
    return Counter(dict(zip(bits.tolist(), counts.tolist(), strict=True)))


def odds_at(number: int, undecided: Fraction) -> Fraction:
    """Return the probability of a stray where each bit reads 1 with this probability, and not with 1/2."""
    bits = bits_in_flight(number)
    return sum(
        (count * undecided**torn * (1 - undecided) ** (bits - torn) for torn, count in torn_bits(number).items()),
        start=Fraction(0),
    )


def worst_odds(number: int, steps: int = 64) -> tuple[Fraction, Fraction]:
    """Return the greatest probability of a stray, and for which probability of a torn bit, in so many steps."""
    return max((odds_at(number, Fraction(step, steps)), Fraction(step, steps)) for step in range(1, steps))


def odds_per_upgrade(odds: float, erases: int, programs: int, timing: FlashTiming) -> float:
    """Return the probability of a stray in one upgrade that erases and programs records so many times."""
    return odds * (erases * timing.erase + programs * timing.program) / timing.between_failures


def check_words(numbers: Words) -> Words:
    """Return the check word of each number; shape (n,)."""
    result = np.full(numbers.shape, CRC_OF_0, np.uint32)
    for bit, column in enumerate(columns()):
        result ^= (numbers >> np.uint32(bit) & np.uint32(1)) * np.uint32(column)
    return result


def dimensions(numbers: Words) -> Counts:
    """Return the length of bit_tears() of each number, computed for all of them at once; shape (n,).

    The changes of single bits that a number can gain, as they show where its check word has ones, are put into a basis
    one by one; each that depends on those before it adds one to the dimension of the kernel."""
    checks = check_words(numbers)
    basis = np.zeros((BITS, *numbers.shape), np.uint32)
    dimension = np.zeros(numbers.shape, np.int64)
    for bit, column in enumerate(columns()):
        is_free = numbers >> np.uint32(bit) & np.uint32(1) == 0
        rest = np.where(is_free, checks & np.uint32(column), np.uint32(0))
        is_new = np.zeros(numbers.shape, bool)
        for place in reversed(range(BITS)):
            leads = rest >> np.uint32(place) & np.uint32(1) == 1
            starts = leads & (basis[place] == 0)
            basis[place][starts] = rest[starts]
            is_new |= starts
            rest ^= np.where(leads, basis[place], np.uint32(0))
        dimension += is_free & ~is_new
    return dimension


def odds_of_numbers(count: int) -> OddsOfNumbers:
    """Return the odds of the numbers 1 … count; the probabilities are exact."""
    without, first, odds = 0, None, Counter[Fraction]()
    for start in range(1, count + 1, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, count + 1), dtype=np.uint32)
        checks, kernel = check_words(numbers), dimensions(numbers)
        reads_erased = checks & ~np.uint32(ota_select_crc(SEQ_EMPTY)) == 0
        strays = 2**kernel - 1 - reads_erased
        bits = 2 * BITS - np.bitwise_count(numbers).astype(np.int64) - np.bitwise_count(checks)
        without += int(np.count_nonzero(strays == 0))
        if first is None and not strays.all():
            first = int(numbers[np.argmin(strays)])
        pairs, how_often = np.unique(np.stack((strays, bits)), axis=1, return_counts=True)
        for (some, width), times in zip(pairs.T.tolist(), how_often.tolist(), strict=True):
            odds[Fraction(some, 2**width)] += times
    return OddsOfNumbers(count, without, first, min(odds), _middle(odds), max(odds))


def _middle(odds: Counter[Fraction]) -> Fraction:
    ordered = sorted(odds)
    places = accumulate(odds[value] for value in ordered)
    return next(value for value, place in zip(ordered, places, strict=True) if 2 * place >= odds.total())


def prove_odds(count: int, without: int, greatest: Fraction, first: int = 1_502) -> Result:
    """Count the strays of each number, and its bits in flight, all of them at once."""
    found = odds_of_numbers(count)
    if (without, first) != (found.without, found.first_without):
        return Result(LemmaVerdict.REFUTED, f"number={found.first_without} is the first of {found.without}")
    if found.greatest != greatest:
        return Result(LemmaVerdict.REFUTED, f"greatest={in_units(found.greatest):.3f} × 2^-32")
    return Result(LemmaVerdict.HOLDS, f"for half of the numbers at most {in_units(found.middle):.3f} × 2^-32")


def in_units(odds: Fraction) -> float:
    """Return a probability as a multiple of 2^-32, the chance that a random check word is right."""
    return float(odds * 2**BITS)


SMALL = partial(prove_odds, 10_000, 13, Fraction(1, 2**29))
WITHIN_ENDURANCE = partial(prove_odds, highest_number(MAX_SLOTS), 3_477_873, Fraction(1, 2**20))
_KERNELS = "dimension of the kernel over GF(2) and bits in flight, of each number"
LEMMAS: tuple[Lemma, ...] = (
    Lemma(
        "odds_of_small_numbers",
        "F3: of the numbers 1 to 10,000 all but 13 can leave a stray; the smallest that cannot is 1,502; a cut leaves "
        "one with a probability of at most 2^-29, where each bit in flight is decided by the toss of a coin",
        _KERNELS,
        SMALL,
    ),
    Lemma(
        "odds_within_endurance",
        "F3: of the 30,000,016 numbers that upgrades can write within the endurance of flash 3,477,873 leave no stray; "
        "a cut leaves one with a probability of at most 2^-20, for half of them of less than 2^-32",
        _KERNELS + ": some ten minutes",
        WITHIN_ENDURANCE,
    ),
)
