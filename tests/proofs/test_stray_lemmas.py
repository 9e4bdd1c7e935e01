"""Stray numbers: which a tear can leave, against brute force, and wrong declarations are refuted."""

from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.otadata import decode_entry, encode_entry, is_crc_right, make_entry, slot_of_seq
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState
from otaproof.proofs.bytes import crc_lemmas, stray_lemmas
from otaproof.proofs.bytes.crc_lemmas import FULL, bit_tears, byte_tears
from otaproof.proofs.bytes.stray_lemmas import (
    LEMMAS,
    fewest_bits,
    is_stray_of,
    numbers_before,
    prove_fewest_bits,
    prove_high,
    prove_model_admits,
    prove_none_of_bytes,
    prove_reach_the_top,
    prove_slots,
    prove_slots_met,
    prove_torn_once,
    smallest_before,
    stray_slots,
    strays_of,
)
from otaproof.proofs.smt.lemma import LemmaVerdict

REFUTED = LemmaVerdict.REFUTED


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Any) -> None:
    """Each by its own method."""
    result = lemma.prove()
    assert LemmaVerdict.HOLDS == result.verdict, result.detail


@given(st.integers(1, FULL - 1).filter(lambda number: 0 < len(bit_tears(number)) < 10))
def test_every_stray_is_left_by_a_tear_of_the_simulator(number: int) -> None:
    """A mask of torn bits makes it of a record, in a program and in an erase."""
    for stray in strays_of(number):
        record, left = (encode_entry(make_entry(n, OtaImgState.NEW)) for n in (number, stray))
        torn = Torn.parse(f"mask:{bytes(a & ~b for a, b in zip(left, record, strict=True)).hex()}")
        assert left == torn.programmed(b"\xff" * 32, record, 0) == torn.erased(record.ljust(4096, b"\xff"))[:32]
        assert is_crc_right(decode_entry(left)) and stray > number


@given(st.integers(1, 59_481_462), st.binary(min_size=32, max_size=32), st.lists(st.integers(0, 600), max_size=3))
def test_no_bytes_torn_one_after_the_other_leave_a_stray(number: int, first: bytes, patterns: list[int]) -> None:
    """A program that is torn by bytes, and erases that are, one on top of the other."""
    record = encode_entry(make_entry(number, OtaImgState.NEW))
    mask = bytes(0xFF if byte & 1 else 0 for byte in first)
    left = Torn.parse(f"mask:{mask.hex()}").programmed(b"\xff" * 32, record, 0)
    for pattern in patterns:
        left = Torn.parse(f"bytes:0.{pattern}").erased(left.ljust(4096, b"\xff"))[:32]
    torn = decode_entry(left)
    assert torn.ota_seq in (number, FULL) or not is_crc_right(torn)


def test_a_record_torn_by_prefixes_can_read_as_bytes_in_the_middle() -> None:
    """F1 alone is not closed: the two ends of a record are lost, by two tears; the bytes of F2 cover that."""
    record = encode_entry(make_entry(1, OtaImgState.NEW))
    once = Torn.parse("prefix:30").programmed(b"\xff" * 32, record, 0)
    twice = Torn.parse("partial:2").erased(once.ljust(4096, b"\xff"))[:32]
    assert twice == b"\xff\xff" + record[2:30] + b"\xff\xff"


def test_masks_that_do_not_add_up_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of masks that unions leave: those of one byte."""
    monkeypatch.setattr(stray_lemmas, "are_bytes", lambda mask: z3.Or(*(mask == 0xFF << 8 * i for i in range(12))))
    assert REFUTED == prove_torn_once(FaultModel.F2).verdict


def test_bytes_leave_strays_of_numbers_that_flash_cannot_reach() -> None:
    """They exist; a flash that can be erased twice as often would meet them."""
    assert all(is_stray_of(damaged, number) for number, damaged in byte_tears() if damaged != FULL)
    assert "number=59481463" == prove_none_of_bytes(60_000_000).detail


def test_strays_of_1_are_its_kernel() -> None:
    """2^17 patterns, less the record itself."""
    assert 2**17 - 1 == len(set(strays_of(1)))


@given(st.integers(1, 1 << 16))
def test_the_smallest_number_before_a_stray_is_that_of_brute_force(stray: int) -> None:
    """All numbers below it with no other bits are tried."""
    assert smallest_before(stray) == min(numbers_before(stray), default=None)


@pytest.mark.parametrize(
    ("slot", "slots", "named"),
    [
        (0, 1, {0}),
        (0, 2, {0}),
        (1, 2, {0, 1}),
        (0, 3, {0, 1, 2}),
        (2, 4, {2}),
        (3, 4, {0, 1, 2, 3}),
        (0, 6, {0, 2, 4}),
    ],
)
def test_slots_of_strays(slot: int, slots: int, named: set[int]) -> None:
    """With two slots, an odd number names the first, and stays odd."""
    assert named == stray_slots(slot, slots)
    assert named >= {slot_of_seq(stray, slots) for stray in list(strays_of(slots + slot + 1))[:512]}


@pytest.mark.parametrize(
    ("slot", "slots", "forgotten"), [(1, 2, 0), (0, 3, 2), (0, 4, 2), (3, 4, 1), (1, 6, 0), (0, 8, 4), (15, 16, 6)]
)
def test_a_slot_that_is_not_declared_is_refuted(slot: int, slots: int, forgotten: int) -> None:
    """With a number as the witness."""
    result = prove_slots([slots], lambda s, n: stray_slots(s, n) - ({forgotten} if s == slot else set()))
    assert REFUTED == result.verdict
    assert f"{slots} slots, from slot {slot}: gained=" in result.detail


@pytest.mark.parametrize(("slots", "slot", "never"), [(2, 0, 1), (4, 2, 0), (6, 0, 1)])
def test_a_slot_too_many_is_never_met(slots: int, slot: int, never: int) -> None:
    """Any slot would be too much."""
    result = prove_slots_met([slots], lambda s, n: frozenset(range(n)) if s == slot else stray_slots(s, n))
    assert f"slots={slots} from={slot} never={never}" == result.detail


def test_a_model_that_forgets_a_slot_or_admits_one_too_many_is_refuted() -> None:
    """Two slots: the first can be left by the second alone, the second by both."""
    assert "slots=2 from=0 to=1: too many" == prove_model_admits(lambda _, n: frozenset(range(n))).detail
    assert "slots=2 from=1 to=0: missing" == prove_model_admits(lambda slot, _: frozenset({slot})).detail


def test_wrong_numbers_are_refuted() -> None:
    """The numbers in the sentences are the ones computed."""
    assert "stray=638 number=70" == prove_high(639).detail
    assert REFUTED == prove_high(638, (71,)).verdict
    assert REFUTED == prove_fewest_bits(9).verdict
    assert REFUTED == prove_fewest_bits(11).verdict
    assert "number=3795, and 10064 for 0xFFFFFFFE" == prove_reach_the_top(3_796).detail
    assert REFUTED == prove_reach_the_top(first_last=10_063).verdict


def test_the_smallest_stray_by_hand() -> None:
    """638 has the bits of 70 and three more, and so has its check word."""
    assert is_stray_of(638, 70)
    assert 638 & ~70 == 0b10_0011_1000


def test_another_code_takes_fewer_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten bits are a merit of this polynomial: a sum of all bits would see one."""
    crc_lemmas.columns.cache_clear()
    monkeypatch.setattr(crc_lemmas, "POLYNOMIAL", 1 << 31)
    assert fewest_bits()[0] == 2
    crc_lemmas.columns.cache_clear()
