"""The check word as linear algebra, against zlib and brute force."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.otadata import ota_select_crc
from otaproof.proofs.bytes import crc_lemmas
from otaproof.proofs.bytes.crc_lemmas import (
    FULL,
    LEMMAS,
    bit_tears,
    byte_tears,
    changed_crc,
    masks_of_bytes,
    matrix_rows,
    prove_affine,
    prove_bijection,
    prove_bit_tears_of_1,
    prove_byte_tears,
    prove_byte_tears_by_solver,
    prove_only_zero_looks_unwritten,
    solutions,
    span,
)
from otaproof.proofs.smt.lemma import LemmaVerdict

QUICK = [lemma for lemma in LEMMAS if lemma.name != "byte_tears_by_solver"]
words = st.integers(0, FULL)


@pytest.mark.parametrize("lemma", QUICK, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Any) -> None:
    """Each by its own method."""
    result = lemma.prove()
    assert LemmaVerdict.HOLDS == result.verdict, result.detail


def test_solvers_confirm_byte_tears_of_two_pairs_of_masks() -> None:
    """The pair with the smallest number, and one with two more bytes of the number."""
    assert prove_byte_tears_by_solver([(0x00FFFF00, 0x00FFFF00), (0x00FFFFFF, 0x000000FF)]).holds


@pytest.mark.slow
def test_solvers_confirm_byte_tears_of_all_pairs_of_masks() -> None:
    """All pairs that have any."""
    assert prove_byte_tears_by_solver().holds


@given(words, words)
def test_check_words_of_a_difference_add_up(left: int, right: int) -> None:
    """Affine means this, of zlib itself."""
    assert changed_crc(left ^ right) == ota_select_crc(left) ^ ota_select_crc(right)


@given(words.filter(lambda number: len(bit_tears(number)) < 12))
def test_every_listed_bit_tear_passes(number: int) -> None:
    """Only bits that were unset are set, in the number and in its check word."""
    for change in islice(span(0, bit_tears(number)), 64):
        damaged = number ^ change
        assert (number, ota_select_crc(number)) == (number & damaged, ota_select_crc(number) & ota_select_crc(damaged))


@pytest.mark.parametrize("number", [0xFFFFF001, 0xFF0FF0F7, 0x7FFFF00E])
def test_no_bit_tear_is_missing(number: int) -> None:
    """By brute force, for numbers with few unset bits."""
    unset = [1 << bit for bit in range(32) if not number >> bit & 1]
    check = ota_select_crc(number)
    passing = {change for change in span(0, unset) if ota_select_crc(number | change) & check == check}
    assert passing == set(span(0, bit_tears(number)))


def test_no_byte_tear_of_a_small_number_passes() -> None:
    """K18, by brute force over 1 … 1999."""
    masks = [mask for mask in masks_of_bytes() if mask]
    for number in range(1, 2000):
        check = ota_select_crc(number)
        for mask in masks:
            damaged = ota_select_crc(number | mask)
            torn = zip(damaged.to_bytes(4), check.to_bytes(4), strict=True)
            assert number | mask == number or not all(after in (before, 0xFF) for after, before in torn)


def test_the_first_byte_tear_by_hand() -> None:
    """038B9D77 with two bytes lost reads 03FFFF77, and so does its check word with two bytes lost."""
    assert (0x038B9D77, 0x03FFFF77) == byte_tears()[0]
    assert (0xBDA25C43, 0xBDA2FFFF) == (ota_select_crc(0x038B9D77), ota_select_crc(0x03FFFF77))
    assert 0xBDA25C43 | 0x0000FFFF == 0xBDA2FFFF


def test_a_system_without_solution_has_none() -> None:
    """Two equations that contradict each other."""
    assert solutions([(0b11, 0), (0b11, 1)]) is None
    assert (0b01, (0b11,)) == solutions([(0b11, 1)], unknowns=2) or (0b10, (0b11,)) == solutions(
        [(0b11, 1)], unknowns=2
    )


def test_another_polynomial_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """CRC-32C is as good a code, but not this one."""
    crc_lemmas.columns.cache_clear()
    monkeypatch.setattr(crc_lemmas, "POLYNOMIAL", 0x82F63B78)
    assert LemmaVerdict.REFUTED == prove_affine().verdict
    crc_lemmas.columns.cache_clear()


def test_a_code_that_forgets_a_bit_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that differ in bit 7 alone would share a check word."""
    forgetful = tuple(row & ~0x80 for row in matrix_rows())
    monkeypatch.setattr(crc_lemmas, "matrix_rows", lambda: forgetful)
    assert "number=0x80" in prove_bijection().detail
    assert LemmaVerdict.REFUTED == prove_only_zero_looks_unwritten().verdict


def test_wrong_counts_are_refuted() -> None:
    """The numbers in the sentences are the ones computed."""
    assert "dimension=17" == prove_bit_tears_of_1(dimension=16).detail
    assert "number=59481463 is the first of 317" == prove_byte_tears(below=59_481_464).detail
    assert LemmaVerdict.REFUTED == prove_byte_tears(count=316).verdict
