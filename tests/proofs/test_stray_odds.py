"""How likely a stray is: against the enumeration of every tear, and of every kernel."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from otaproof.impl.otadata import SEQ_EMPTY, ota_select_crc
from otaproof.proofs.bytes import stray_odds
from otaproof.proofs.bytes.crc_lemmas import bit_tears, span
from otaproof.proofs.bytes.stray_lemmas import strays_of
from otaproof.proofs.bytes.stray_odds import (
    SMALL,
    WITHIN_ENDURANCE,
    FlashTiming,
    bits_in_flight,
    check_words,
    dimensions,
    odds_at,
    odds_of_numbers,
    odds_per_upgrade,
    prove_odds,
    stray_count,
    torn_bits,
    worst_odds,
)
from otaproof.proofs.bytes.stray_odds import stray_odds as odds_of
from otaproof.proofs.smt.lemma import LemmaVerdict

NARROW = 0xFFFF_FE00 | 70
"""Most of its bits are ones, so that all its tears can be tried."""


def test_odds_of_small_numbers_hold() -> None:
    """The other lemma is slow."""
    assert SMALL().holds


def subsets(mask: int) -> list[int]:
    """Return every number that has ones only where the mask has."""
    bits = [1 << bit for bit in range(32) if mask >> bit & 1]
    return [sum(some) for some in product(*((0, bit) for bit in bits))]


@pytest.mark.parametrize("number", [1, 70, 1_502, NARROW, 0x7FFFFFF0])
def test_odds_are_those_of_every_tear(number: int) -> None:
    """Every change of the number is tried; of its check word exactly one fits, if any."""
    kernel = [
        change
        for change in (span(0, bit_tears(number)) if number.bit_count() < 20 else subsets(~number & SEQ_EMPTY))
        if change
        and number ^ change != SEQ_EMPTY
        and ota_select_crc(number ^ change) & ota_select_crc(number) == ota_select_crc(number)
    ]
    zeros = f"{number:032b}{ota_select_crc(number):032b}".count("0")
    assert (len(kernel), zeros) == (stray_count(number), bits_in_flight(number))
    assert Fraction(len(kernel), 2**zeros) == odds_of(number) == odds_at(number, Fraction(1, 2))


def test_odds_of_a_biased_coin_are_those_of_every_stray() -> None:
    """Number 2, each stray weighed by itself."""
    undecided, total = Fraction(1, 3), Fraction(0)
    for stray in strays_of(2):
        torn = bin(stray ^ 2).count("1") + bin(ota_select_crc(stray) ^ ota_select_crc(2)).count("1")
        total += undecided**torn * (1 - undecided) ** (bits_in_flight(2) - torn)
    assert total == odds_at(2, undecided)
    assert 10 <= min(torn_bits(2))


def test_kernels_of_many_numbers_are_those_of_each() -> None:
    """The basis that grows bit by bit agrees with Gauss-Jordan elimination."""
    numbers = [*range(1, 400), 1_502, 59_481_463, 0x7FFFFFFF, SEQ_EMPTY - 1, SEQ_EMPTY]
    words = np.array(numbers, np.uint32)
    assert [ota_select_crc(number) for number in numbers] == check_words(words).tolist()
    assert [len(bit_tears(number)) for number in numbers] == dimensions(words).tolist()


def test_odds_of_many_numbers_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in chunks that do not divide the range."""
    monkeypatch.setattr(stray_odds, "CHUNK", 299)
    each = sorted(odds_of(number) for number in range(1, 2_001))
    found = odds_of_numbers(2_000)
    assert (each[0], each[999], each[-1]) == (found.least, found.middle, found.greatest)
    assert (each.count(Fraction(0)), 1_502) == (found.without, found.first_without)
    assert odds_of_numbers(1_501).first_without is None


def test_worst_odds_are_at_least_those_of_a_fair_coin() -> None:
    """The fair coin is one of the steps."""
    worst, undecided = worst_odds(3)
    assert worst == odds_at(3, undecided) > odds_of(3)


def test_odds_of_an_upgrade_grow_with_its_operations() -> None:
    """By hand: ten seconds of a hundred are spent in operations."""
    timing = FlashTiming(erase=2.0, program=1.0, between_failures=100.0)
    assert pytest.approx(0.05) == odds_per_upgrade(0.5, 4, 2, timing)


def test_wrong_counts_are_refuted() -> None:
    """The numbers in the sentences are the ones computed."""
    assert "number=1502 is the first of 13" == prove_odds(10_000, 12, Fraction(1, 2**29)).detail
    assert LemmaVerdict.REFUTED == prove_odds(10_000, 13, Fraction(1, 2**29), first=1_501).verdict
    assert "greatest=8.000 × 2^-32" == prove_odds(10_000, 13, Fraction(1, 2**30)).detail


@pytest.mark.slow
def test_odds_of_all_numbers_within_the_endurance_of_flash() -> None:
    """Half a minute for each two million."""
    assert WITHIN_ENDURANCE().holds
