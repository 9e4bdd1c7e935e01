"""Code run on symbolic words: every path, exact arithmetic, and equalities that can fail."""

from collections.abc import Callable
from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl import bootloader, otadata
from otaproof.impl.app import esp_ota_select
from otaproof.impl.otadata import SEQ_EMPTY, EntryPair, SelectEntry, is_crc_right, is_select_invalid
from otaproof.impl.program_end import Hang
from otaproof.model.ota_state import OtaImgState
from otaproof.proofs.refinement import impl_decisions, symbolic_entries
from otaproof.proofs.refinement.impl_decisions import EQUALITIES, prove_next_seq, prove_slot_of_seq
from otaproof.proofs.refinement.symbolic_execution import (
    SymBool,
    SymWord,
    TooManyPaths,
    bits_of,
    explored_paths,
    merged,
)
from otaproof.proofs.smt.lemma import LemmaVerdict

QUICK = [lemma for lemma in EQUALITIES if lemma.name != "next_seq"]


def test_a_comparison_forks_once_for_each_possible_side() -> None:
    """The second comparison has one side left on one of the paths."""
    word = SymWord.free("word")
    paths = explored_paths(lambda: "low" if word < 5 else "middle" if word < 7 else "high" if word > 6 else "never")
    assert {"low", "middle", "high"} == {path.result for path in paths}


def test_paths_exclude_each_other_and_leave_nothing_out() -> None:
    """So the paths are the function."""
    first, second = SymWord.free("first"), SymWord.free("second")
    paths = explored_paths(lambda: (first < second, bool(first == 3), bool(second % 5 == 2), bool(first < second)))
    solver = z3.Solver()
    for path in paths:
        assert z3.sat == solver.check(path.condition)
        assert z3.unsat == solver.check(path.condition, z3.Or(*(p.condition for p in paths if p is not path)))
    assert z3.unsat == solver.check(z3.Not(z3.Or(*(path.condition for path in paths))))


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.integers(1, 40))
def test_arithmetic_is_exact_as_pythons_is(left: int, right: int, divisor: int) -> None:
    """No result wraps unless the code says so, and a remainder is never negative."""

    def compute(a: Any, b: Any) -> list[Any]:
        return [
            a + b,
            a - b,
            7 - a,
            (a - b) % divisor,
            a % divisor,
            (a - b + 1) % (1 << 32),
            a & b,
            a | b,
            a ^ 5,
            b + 1,
        ]

    substitutions = [(z3.BitVec(name, 32), z3.BitVecVal(value, 32)) for name, value in (("a", left), ("b", right))]
    symbolic = compute(SymWord.free("a"), SymWord.free("b"))
    values = [z3.simplify(z3.substitute(word.term, *substitutions)).as_signed_long() for word in symbolic]
    assert compute(left, right) == values


def test_merged_paths_compute_what_the_function_does() -> None:
    """One term for all paths, against the code itself."""
    word: Any = SymWord.free("word", 8)
    term = merged(explored_paths(lambda: max(word, 10) % 7), lambda path: bits_of(path.result, 8))
    for value in range(256):
        at_value = z3.simplify(z3.substitute(term, (z3.BitVec("word", 8), z3.BitVecVal(value, 8))))
        assert max(value, 10) % 7 == at_value.as_long()


def test_what_is_raised_is_a_path_when_asked_for() -> None:
    """Anything else that is raised stays an error."""
    word = SymWord.free("word")

    def hang() -> int:
        if word == 0:
            raise Hang
        return 1

    assert {Hang, None} == {path.raised for path in explored_paths(hang, raises=(Hang,))}
    with pytest.raises(Hang):
        explored_paths(hang)


def test_a_loop_without_end_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lap forks once more."""
    monkeypatch.setattr("otaproof.proofs.refinement.symbolic_execution.MAX_PATHS", 20)
    word = SymWord.free("word")
    with pytest.raises(TooManyPaths):
        explored_paths(lambda: next(number for number in range(1 << 32) if word == number))


def test_symbolic_values_refuse_what_they_cannot_do() -> None:
    """A truth outside a run, a key, a divisor that is not known, bits of a negative number."""
    word = SymWord.free("word")
    for misuse in (lambda: bool(word == 1), lambda: {word}, lambda: word % word, lambda: (word - 1) & 1):
        with pytest.raises(TypeError):
            misuse()
    with pytest.raises(TypeError):
        bool(SymBool(z3.BoolVal(True)))


@pytest.mark.parametrize("lemma", QUICK, ids=lambda lemma: lemma.name)
@pytest.mark.thorough
def test_implementation_equals_the_facts(lemma: Any) -> None:
    """Every equality but the slow one, in full."""
    result = lemma.prove()
    assert (LemmaVerdict.HOLDS, lemma.name) == (result.verdict, lemma.name), result.detail


def test_next_seq_equals_its_closed_form_for_few_slots() -> None:
    """A power of two and two others; the whole range is the slow test's."""
    assert prove_next_seq((2, 3, 6)).holds


@pytest.mark.slow
def test_next_seq_equals_its_closed_form_for_all_slot_counts() -> None:
    """1 to 16 slots."""
    assert next(lemma for lemma in EQUALITIES if lemma.name == "next_seq").prove().holds


def valid_without_aborted(entry: SelectEntry) -> bool:
    """Forget that ABORTED is given up."""
    return entry.ota_seq != SEQ_EMPTY and entry.ota_state != OtaImgState.INVALID and is_crc_right(entry)


def select_second_on_a_tie(entries: EntryPair, usable: tuple[bool, bool], newest: bool = True) -> int | None:
    """Let entry 1 win when the numbers are equal."""
    if all(usable):
        first, second = entries.first.ota_seq, entries.second.ota_seq
        return 0 if (first > second if newest else first < second) else 1
    return 0 if usable[0] else 1 if usable[1] else None


def is_initial_without_crc(entry: SelectEntry) -> bool:
    """Take only erased flash for never written."""
    return entry.ota_seq == SEQ_EMPTY


def slot_of_seq_signed(ota_seq: int, slot_count: int) -> int:
    """Forget that number 0 is one below a multiple of 2^32."""
    return (ota_seq - 1) % slot_count


def next_seq_always_greater(current: int, slot: int, slot_count: int) -> int:
    """Skip the number that names the slot already."""
    return current + 1 + (slot - current) % slot_count


@pytest.mark.parametrize(
    ("module", "name", "mutant", "prove"),
    [
        (otadata, "is_select_valid", valid_without_aborted, "active_otadata"),
        (otadata, "select_otadata", select_second_on_a_tie, "active_otadata"),
        (otadata, "select_otadata", select_second_on_a_tie, "select_otadata_oldest"),
        (otadata, "is_initial", is_initial_without_crc, "is_rejected"),
        (bootloader, "is_initial", is_initial_without_crc, "select_with_anti_rollback"),
        (bootloader, "is_initial", is_initial_without_crc, "select_boot_partition"),
        (bootloader, "active_otadata", lambda entries: 0, "select_boot_partition"),
        (esp_ota_select, "active_otadata", lambda entries: None, "select_rewrite"),
        (otadata, "slot_of_seq", slot_of_seq_signed, prove_slot_of_seq),
        (otadata, "next_seq", next_seq_always_greater, lambda: prove_next_seq((3,))),
        (impl_decisions, "fallback_order", lambda start, count: iter(range(start, -1, -1)), "fallback_order"),
    ],
)
def test_a_mutant_of_the_implementation_is_refuted(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, mutant: Callable[..., Any], prove: Any
) -> None:
    """Each equality can fail, and shows by which values."""
    monkeypatch.setattr(module, name, mutant)
    proofs = {lemma.name: lemma.prove for lemma in EQUALITIES}
    result = (proofs[prove] if isinstance(prove, str) else prove)()
    assert LemmaVerdict.REFUTED == result.verdict
    assert "=" in result.detail


def test_the_check_word_stays_real_outside_a_proof() -> None:
    """The stand-ins are taken away again, even when the proof fails."""
    with pytest.raises(RuntimeError), symbolic_entries.open_calls():
        raise RuntimeError
    assert 0x4743989A == otadata.ota_select_crc(1)


def test_an_invalid_entry_needs_no_check_word() -> None:
    """The paths of is_select_invalid do not mention the check word at all."""
    with symbolic_entries.open_calls():
        paths = explored_paths(lambda: is_select_invalid(symbolic_entries.FIRST.as_impl()))
    assert not any("crc" in str(path.condition) for path in paths)
