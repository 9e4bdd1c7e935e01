"""The eFuse field under torn burns: what holds of all fields, and that a wrong burn is refuted."""

from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.efuse import Efuse
from otaproof.proofs.bytes import efuse_lemmas
from otaproof.proofs.bytes.efuse_lemmas import (
    BITS,
    COUNT,
    FIELD,
    LEMMAS,
    VERSION,
    burn,
    burn_laws,
    count_healing,
    laws,
    lowest,
    prove_counting_laws,
    prove_gap_refuses,
    prove_gapless_is_never_refused,
    prove_impl_burns_so,
    prove_never_goes_down,
    prove_refused_for_ever,
    prove_torn_burn_heals,
    prove_torn_burn_lies_between,
    prove_whole_burn_reaches_version,
    wanted,
)
from otaproof.proofs.smt.lemma import LemmaVerdict

words = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemma_holds(lemma: Any) -> None:
    """Over all fields of 32 bits."""
    result = lemma.prove()
    assert LemmaVerdict.HOLDS == result.verdict, result.detail


@given(words, words, st.integers(0, BITS))
def test_laws_hold_of_real_counts(first: int, second: int, version: int) -> None:
    """What the solvers are told of counting, of Python's own."""
    field, union = z3.BitVecs("field union", BITS)
    values = {"field": first, "union": first | second}
    formula = z3.And(*laws(field, union), *burn_laws(field, VERSION))
    known = [(z3.BitVec(name, BITS), z3.BitVecVal(value, BITS)) for name, value in values.items()]
    bits = ((1 << version) - 1) & ~((1 << first.bit_count()) - 1)
    counts = {value: value.bit_count() for value in (*values.values(), first | bits)}
    solver = z3.Solver()
    solver.add(*(COUNT(z3.BitVecVal(value, BITS)) == count for value, count in counts.items()))
    solver.add(z3.substitute(formula, *known, (VERSION, z3.BitVecVal(version, BITS))))
    assert z3.sat == solver.check()


def test_a_gap_stops_the_version_for_ever() -> None:
    """The example of the module, by impl: bit 4 took, bits 2 and 3 did not."""
    efuse = Efuse(0b0001_0011)
    for version in (5, 6, 5):
        efuse.update_secure_version(version)
    assert (3, 0b0001_0011) == (efuse.secure_version, efuse.bits)


def test_no_gap_heals() -> None:
    """The other example: the lowest bit took."""
    efuse = Efuse(0b0000_0111)
    efuse.update_secure_version(5)
    assert 5 == efuse.secure_version


def test_few_outcomes_of_a_torn_burn_heal() -> None:
    """Of n bits, n + 1 of 2^n."""
    assert [(2, 2), (3, 4), (5, 16), (9, 256)] == [count_healing(burning) for burning in (1, 2, 4, 8)]


def test_a_burn_that_clears_bits_is_refuted() -> None:
    """As flash would be erased."""

    def rewritten(field: Any, count: Any, version: Any, done: Any) -> Any:
        return lowest(version) & done

    assert "field=" in prove_never_goes_down(rewritten).detail
    assert LemmaVerdict.REFUTED == prove_impl_burns_so(rewritten).verdict


def test_a_burn_that_skips_what_is_burned_is_refuted() -> None:
    """It would burn past a gap, which no refusal allows, and reach no version by that."""

    def partial_burn(field: Any, count: Any, version: Any, done: Any) -> Any:
        return field | (wanted(count, version) & done)

    assert LemmaVerdict.REFUTED == prove_impl_burns_so(partial_burn).verdict
    assert LemmaVerdict.HOLDS == prove_whole_burn_reaches_version(partial_burn).verdict


def test_a_burn_of_one_bit_too_many_is_refuted() -> None:
    """The version would pass the one asked for, and a refused one could be reached."""

    def greedy(field: Any, count: Any, version: Any, done: Any) -> Any:
        return burn(field, count, version + 1, done)

    for prove in (prove_whole_burn_reaches_version, prove_torn_burn_lies_between, prove_torn_burn_heals):
        assert LemmaVerdict.REFUTED == prove(greedy).verdict


def test_a_burn_that_closes_gaps_is_refuted() -> None:
    """It would make a refused version possible again."""

    def repairing(field: Any, count: Any, version: Any, done: Any) -> Any:
        return field & lowest(version)

    assert LemmaVerdict.REFUTED == prove_refused_for_ever(repairing).verdict


def test_a_burn_that_begins_a_bit_too_low_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be refused for the last bit of the version before."""
    monkeypatch.setattr(efuse_lemmas, "wanted", lambda count, version: lowest(version) & ~lowest(count - 1))
    for prove in (prove_gapless_is_never_refused, prove_gap_refuses, prove_counting_laws, prove_impl_burns_so):
        assert LemmaVerdict.REFUTED == prove().verdict


def test_fields_with_a_gap_are_met() -> None:
    """The premise of gap_refuses is not empty."""
    solver = z3.Solver()
    solver.add(efuse_lemmas.is_refused(FIELD, COUNT(FIELD), VERSION), z3.ULE(VERSION, BITS))
    assert z3.sat == solver.check()
