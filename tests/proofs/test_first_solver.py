"""z3 with a limit of effort: what is given up is unknown, and the same question has the same answer anywhere."""

import z3

from otaproof.proofs.smt.first_solver import TURNS, ask_z3, ask_z3_by_turns, check
from otaproof.proofs.smt.second_solver import LOGIC, script

X, Y = z3.BitVecs("x y", 32)
FACTORS = [
    z3.ZeroExt(32, X) * z3.ZeroExt(32, Y) == z3.BitVecVal(2**61 - 1, 64),
    z3.UGT(X, 1),
    z3.UGT(Y, 1),
]
"""No pair of numbers meets it: the product is a prime."""
EASY = [X == Y, X != Y]


def test_a_question_that_costs_too_much_is_unknown() -> None:
    """By either way of asking; never "unsat"."""
    solver = z3.Solver()
    solver.add(*FACTORS)
    assert (z3.unknown, "unknown") == (check(solver, effort=(1_000,)), ask_z3(script(FACTORS), LOGIC, effort=(1_000,)))


def test_what_is_given_up_is_asked_again_with_more_effort() -> None:
    """The last try decides."""
    solver = z3.Solver()
    solver.add(*EASY)
    assert (z3.unsat, "unsat") == (check(solver, effort=(1, 10**6)), ask_z3(script(EASY), LOGIC, effort=(1, 10**6)))


def test_a_limit_is_of_one_question() -> None:
    """A solver that is asked a thousand times has the whole effort each time."""
    solver = z3.Solver()
    solver.add(X == 3)
    assert all(check(solver, X == 4 + number, effort=(20_000,)) == z3.unsat for number in range(1_000))


def test_an_answer_depends_on_the_text_alone() -> None:
    """Whatever the process asks of z3 in between, the same effort gives the same answer."""
    text = script([X * Y == 0x1234567, Y * 3 == X, z3.UGT(X, Y)])
    efforts = [2**power for power in range(24)]
    before = [ask_z3(text, LOGIC, effort=(effort,)) for effort in efforts]
    busy = z3.Solver()
    busy.add(*FACTORS)
    check(busy, effort=(200_000,))
    assert (before, 2) == ([ask_z3(text, LOGIC, effort=(effort,)) for effort in efforts], len(set(before)))


def test_a_question_is_asked_of_two_strategies_by_turns() -> None:
    """Easy ones are answered in the first turn; a text with open functions is read by both."""
    function = z3.Function("open", X.sort(), X.sort())
    of_strategy = {logic for logic, _ in TURNS}
    assert {None, "QF_UFBV"} == of_strategy
    assert ("unsat", "sat") == tuple(
        ask_z3_by_turns(script(question, "QF_UFBV"))
        for question in ([X == Y, function(X) != function(Y)], [X != Y, function(X) != function(Y)])
    )
