"""Bitwuzla answers what z3 was asked, from text alone."""

from typing import Any

import pytest
import z3

from otaproof.proofs.smt.second_solver import ask_bitwuzla, script

X, Y = z3.BitVecs("x y", 32)
MERSENNE_61 = (1 << 61) - 1
"""A prime, and proving that it is one takes a solver of bit-vectors longer than a millisecond."""


@pytest.mark.parametrize(
    ("formula", "answer"),
    [
        (X & Y == X + 1, "sat"),
        (z3.And(z3.ULT(X, Y), z3.ULT(Y, X)), "unsat"),
        (z3.And(X < 0, z3.ULT(X, 0x80000000)), "unsat"),
        (z3.BoolVal(True), "sat"),
        (z3.BoolVal(False), "unsat"),
        (z3.Or(), "unsat"),
        (z3.simplify(z3.UGT(z3.URem(X, 3), 2)), "unsat"),
        (z3.Not(z3.And(z3.Or(X == Y), z3.And())) == (X == Y), "unsat"),
    ],
)
def test_both_solvers_give_the_same_answer(formula: Any, answer: str) -> None:
    """One question, asked of z3 as terms and of bitwuzla as text."""
    solver = z3.Solver()
    solver.add(formula)
    assert answer == str(solver.check())
    assert answer == ask_bitwuzla(script(formula))


def test_a_list_of_formulas_is_asked_at_once() -> None:
    """All of them must hold together."""
    assert "unsat" == ask_bitwuzla(script([z3.ULT(X, 5), z3.UGT(X, 4)]))


def test_uninterpreted_functions_are_read_with_their_logic() -> None:
    """QF_UFBV is for formulas that leave a function open."""
    crc = z3.Function("crc", z3.BitVecSort(32), z3.BitVecSort(32))
    assert "unsat" == ask_bitwuzla(script([X == Y, crc(X) != crc(Y)], logic="QF_UFBV"))


def test_the_text_names_its_logic_first() -> None:
    """Other solvers want the logic before anything else."""
    assert script(X == Y).startswith("(set-logic QF_BV)\n(declare-fun")


def test_a_question_that_takes_too_long_is_unknown() -> None:
    """An answer that was not reached is never "unsat"."""
    a, b = (z3.ZeroExt(32, factor) for factor in (X, Y))
    factors = [a * b == MERSENNE_61, z3.UGT(a, 1), z3.UGT(b, 1)]
    assert "unknown" == ask_bitwuzla(script(factors), cpu_seconds=0.01)


def test_text_that_is_no_smt_lib_is_refused() -> None:
    """The parser's message says where."""
    with pytest.raises(ValueError, match="undefined symbol"):
        ask_bitwuzla("(assert (= x")
