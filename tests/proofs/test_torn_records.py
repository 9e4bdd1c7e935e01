"""Torn records: the declared readings are all there are, and all are met."""

from dataclasses import replace
from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.otadata import decode_entry, encode_entry, make_entry
from otaproof.model.device import records
from otaproof.model.device.record_tears import MORE_BITS
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel
from otaproof.proofs.bytes import torn_records
from otaproof.proofs.bytes.crc_lemmas import byte_tears
from otaproof.proofs.bytes.torn_records import (
    CASES,
    LEMMAS,
    Case,
    RecordOperation,
    RecordTerms,
    Tears,
    TornCheck,
    Word,
    prove_declared,
    prove_reached,
    prove_strays_are_greater,
    reading_of,
    tears,
)
from otaproof.proofs.smt.lemma import LemmaVerdict

F0, F1, F2, F3 = MODELLED_FAULTS
PROGRAM, ERASE = RecordOperation


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Any) -> None:
    """All cases of each."""
    result = lemma.prove()
    assert LemmaVerdict.HOLDS == result.verdict, result.detail


@given(st.sampled_from([PROGRAM, ERASE]), st.sampled_from(Word), st.integers(1, 59_481_462), st.data())
def test_torn_bytes_of_the_simulator_are_declared(
    kind: RecordOperation, word: Word, number: int, data: st.DataObject
) -> None:
    """What impl/chip/torn_operations.py makes of a record, by prefix, bytes or bits."""
    pattern = data.draw(st.integers(0, 600))
    forms = [
        "before",
        "after",
        f"prefix:{pattern % 33}",
        f"partial:{pattern % 33}",
        f"bytes:0.{pattern}",
        f"bits:0.{pattern}",
    ]
    torn = Torn.parse(data.draw(st.sampled_from(forms)))
    record = make_entry(number, word)
    raw = encode_entry(record)
    sector = raw.ljust(4096, b"\xff")
    after = torn.programmed(b"\xff" * 32, raw, 0) if kind is PROGRAM else torn.erased(sector)[:32]
    assert reading_of(record, decode_entry(after)) in tears(kind, TornCheck.RIGHT, word, torn.weakest_model)


def test_more_bits_are_what_supersets_read() -> None:
    """By brute force over words of 4 bits, where 5 … 15 mean nothing."""
    for word in list(Word)[:5]:
        supersets = {Word(read) if read < 5 else Word.UNDEFINED for read in range(16) if read & word == word}
        assert {read.name for read in supersets} == {read.name for read in MORE_BITS[records.Word[word.name]]}


def test_models_grow() -> None:
    """What a weaker model admits, a stronger one does."""
    for kind, check, word, fault in CASES:
        if fault is not F3:
            smaller, larger = (tears(kind, check, word, FaultModel(model)) for model in (fault, fault + 1))
            assert smaller.readings <= larger.readings
            assert smaller.stray_words <= larger.stray_words


def test_strays_need_single_bits() -> None:
    """Below F3 no record can become one that passes with another number, however often it is torn."""
    with_strays = {(check, fault) for kind, check, word, fault in CASES if tears(kind, check, word, fault).has_strays}
    assert {(TornCheck.RIGHT, F3), (TornCheck.WRONG, F3)} == with_strays


@pytest.mark.parametrize("fault", [F1, F2])
def test_a_wrong_record_of_any_origin_could_become_a_stray(fault: FaultModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The premise that tears have left it is needed."""
    monkeypatch.setattr(torn_records, "torn_before", lambda _: [])
    result = prove_declared((ERASE, TornCheck.WRONG, Word.NEW, fault))
    assert LemmaVerdict.REFUTED == result.verdict


@pytest.mark.parametrize("check", [TornCheck.RIGHT, TornCheck.WRONG])
def test_strays_are_greater_because_tears_set_bits(check: TornCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were bits cleared as well, a stray could be smaller."""
    number, check_word = z3.BitVecs("any_number any_check", 32)
    monkeypatch.setattr(torn_records, "NEW", RecordTerms(number, torn_records.OLD.word, check_word))
    monkeypatch.setattr(
        torn_records,
        "CRC_FACTS",
        (
            (torn_records.WRITTEN == number) == (torn_records.RIGHT_WRITTEN == torn_records.RIGHT_NEW),
            (torn_records.OLD.number == number) == (torn_records.RIGHT_OLD == torn_records.RIGHT_NEW),
        ),
    )
    assert LemmaVerdict.REFUTED == prove_strays_are_greater(check).verdict


def test_a_number_of_the_317_is_why_byte_tears_have_a_premise() -> None:
    """Its byte tear is a stray that F2 does not declare."""
    number, damaged = byte_tears()[0]
    reading = reading_of(make_entry(number, Word.VALID), make_entry(damaged, Word.VALID))
    assert (TornCheck.STRAY, Word.VALID) == reading
    assert reading not in tears(PROGRAM, TornCheck.RIGHT, Word.VALID, F2)


@pytest.mark.parametrize(
    ("case", "reading"),
    [
        ((PROGRAM, TornCheck.RIGHT, Word.NEW, F0), (TornCheck.EMPTY, Word.UNDEFINED)),
        ((PROGRAM, TornCheck.RIGHT, Word.NEW, F1), (TornCheck.WRONG, Word.NEW)),
        ((ERASE, TornCheck.RIGHT, Word.VALID, F1), (TornCheck.EMPTY, Word.VALID)),
        ((ERASE, TornCheck.RIGHT, Word.VALID, F2), (TornCheck.RIGHT, Word.UNDEFINED)),
        ((PROGRAM, TornCheck.RIGHT, Word.NEW, F3), (TornCheck.RIGHT, Word.VALID)),
    ],
)
def test_a_reading_left_out_is_refuted(case: Case, reading: Any) -> None:
    """With the torn bits as the witness."""

    def forgetful(*args: Any) -> Tears:
        full = tears(*args)
        return replace(full, readings=full.readings - {reading})

    result = prove_declared(case, forgetful)
    assert LemmaVerdict.REFUTED == result.verdict
    assert "lost=" in result.detail


def test_strays_left_out_are_refuted() -> None:
    """R31: a number and its check word can match by chance."""
    for check in (TornCheck.RIGHT, TornCheck.WRONG):
        result = prove_declared(
            (PROGRAM, check, Word.NEW, F3), lambda *args: replace(tears(*args), stray_words=frozenset())
        )
        assert LemmaVerdict.REFUTED == result.verdict


def test_a_reading_too_many_is_refuted() -> None:
    """A prefix never leaves a right check word beside a torn state word."""
    extra = (TornCheck.RIGHT, Word.UNDEFINED)

    def generous(*args: Any) -> Tears:
        full = tears(*args)
        return replace(full, readings=full.readings | {extra})

    result = prove_reached((PROGRAM, TornCheck.RIGHT, Word.NEW, F1), generous)
    assert (LemmaVerdict.REFUTED, "reading=RIGHT UNDEFINED") == (result.verdict, result.detail)
