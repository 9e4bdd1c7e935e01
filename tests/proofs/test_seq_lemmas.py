"""The next sequence number and the ranks: what holds, where it breaks, and that a wrong rule is refuted."""

from typing import Any

import pytest
import z3

from otaproof.impl import otadata
from otaproof.impl.otadata import SEQ_EMPTY, WORD, next_seq
from otaproof.impl.program_end import Hang
from otaproof.proofs.bytes.seq_lemmas import (
    LEMMAS,
    advance_between,
    outcome,
    prove_breaks_at_the_top,
    prove_names_slot,
    prove_same_or_greater,
    prove_smallest,
    prove_zero_breaks,
)
from otaproof.proofs.smt.lemma import LemmaVerdict


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Any) -> None:
    """All slot counts of each."""
    result = lemma.prove()
    assert LemmaVerdict.HOLDS == result.verdict, result.detail


def test_the_top_breaks_as_often_as_recorded() -> None:
    """The last 16 numbers, each slot of 1 to 16 slots."""
    assert "299 empty, 138 hang, 243 other slot, 1496 right" == prove_breaks_at_the_top().detail


@pytest.mark.parametrize(
    ("current", "slot", "slots", "expected"),
    [
        (0xFFFFFFFD, 1, 2, "right"),
        (0xFFFFFFFE, 0, 2, "empty"),
        (0xFFFFFFFE, 2, 16, "hang"),
        (0xFFFFFFFE, 2, 3, "empty"),
        (0xFFFFFFFE, 0, 3, "empty"),
        (0xFFFFFFFD, 3, 6, "other slot"),
    ],
)
def test_each_way_to_break_has_a_witness(current: int, slot: int, slots: int, expected: str) -> None:
    """R21 and R22."""
    assert expected == outcome(current, slot, slots)


def counted_up(current: int, slot: int, slots: int, word: int) -> int | None:
    """Do as the C code: count up in words that wrap, once round, else for ever."""
    for lap in range(word):
        found = ((slot + 1) % slots + lap * slots) % word
        if current <= found:
            return found
    return None


@pytest.mark.parametrize("word", [32, 64])
def test_closed_form_is_the_loop(monkeypatch: pytest.MonkeyPatch, word: int) -> None:
    """By brute force, in words of 5 and 6 bits."""
    monkeypatch.setattr(otadata, "WORD", word)
    for slots in range(1, 17):
        for slot in range(slots):
            for current in range(word):
                try:
                    found = next_seq(current, slot, slots)
                except Hang:
                    found = None
                assert counted_up(current, slot, slots, word) == found


def test_a_way_that_is_never_zero_is_refuted() -> None:
    """It would skip the number that names the slot already."""

    def longer(here: Any, slot: Any, slots: int) -> Any:
        return z3.If(slot > here, slot - here, slot - here + slots)

    assert prove_names_slot([3], way=longer).verdict is LemmaVerdict.REFUTED
    assert prove_same_or_greater([3], way=longer).verdict is LemmaVerdict.REFUTED
    assert prove_smallest([3], way=longer).verdict is LemmaVerdict.REFUTED
    assert "here=" in prove_same_or_greater([3], way=longer).detail


def test_a_way_the_wrong_way_round_is_refuted() -> None:
    """It names another slot from three slots on, and is right for two."""

    def backward(here: Any, slot: Any, slots: int) -> Any:
        return advance_between(slot, here, slots)

    assert prove_names_slot([3], way=backward).verdict is LemmaVerdict.REFUTED
    assert prove_names_slot([2], way=backward).verdict is LemmaVerdict.HOLDS


def test_a_way_without_numbers_is_vacuous() -> None:
    """A premise that nothing meets claims nothing."""
    assert LemmaVerdict.VACUOUS == prove_names_slot([3], way=lambda here, slot, slots: slot + WORD).verdict


def test_a_rule_that_saturates_at_the_top_is_refuted() -> None:
    """It is not what the C code does."""

    def saturated(current: int, slot: int, slots: int) -> int:
        return min(current + (slot + 1 - current) % slots, SEQ_EMPTY - 1)

    assert "current=0x" in prove_breaks_at_the_top(saturated).detail
    assert LemmaVerdict.REFUTED == prove_zero_breaks(lambda current, slot, slots: slot + 1).verdict
