"""z3, limited by effort: what it counts of its own work, and not the clock.

An answer that depends on the clock is another one on a machine that has other work to do. z3's effort for the same
question is the same everywhere. It differs from seed to seed, for hard questions by ten times and more; so a question
that is given up is asked again with another seed and more effort.
"""

from collections.abc import Iterable
from typing import Any

import z3

EFFORT = (20_000_000, 40_000_000, 80_000_000, 160_000_000)
"""What one question may cost, try by try, in the unit of z3's parameter rlimit; 3 to 6 million are about a second."""
TURNS: tuple[tuple[str | None, int], ...] = (
    ("QF_UFBV", 6_000_000),
    (None, 20_000_000),
    ("QF_UFBV", 40_000_000),
    (None, 80_000_000),
    ("QF_UFBV", 160_000_000),
    (None, 160_000_000),
)
"""Strategy and effort of each try of a question with open functions."""

GAVE_UP = "z3 gave up after the effort that is allowed"


def check(solver: z3.Solver, *assumptions: Any, effort: tuple[int, ...] = EFFORT) -> z3.CheckSatResult:
    """Return a solver's answer; unknown when every try was given up."""
    answer = z3.unknown
    for seed, most in enumerate(effort):
        solver.set("random_seed", seed)
        solver.set("rlimit", most)
        answer = solver.check(*assumptions)
        if answer != z3.unknown:
            break
    return answer


def ask_z3(text: str, logic: str, effort: tuple[int, ...] = EFFORT) -> str:
    """Return z3's answer to one SMT-LIB question: "sat", "unsat" or "unknown".

    logic: which of its strategies z3 takes.
    Each try has a context of its own, so that the answer depends on the text alone: z3's effort changes with what its
    context has seen before."""
    return _first_answer(text, [(logic, most) for most in effort])


def ask_z3_by_turns(text: str) -> str:
    """Return z3's answer to one SMT-LIB question with open functions: "sat", "unsat" or "unknown".

    Tried by turns are its strategy for them and its incremental core: for some questions either takes a hundred times
    what the other does."""
    return _first_answer(text, TURNS)


def _first_answer(text: str, tries: Iterable[tuple[str | None, int]]) -> str:
    """Return the first answer that is none of "unknown"; a try without a logic is one of the incremental core."""
    answer = "unknown"
    for seed, (logic, most) in enumerate(tries):
        context = z3.Context()
        solver = z3.Solver(ctx=context) if logic is None else z3.SolverFor(logic, ctx=context)
        if logic is None:
            solver.push()
        solver.set("random_seed", seed)
        solver.set("rlimit", most)
        solver.from_string(text)
        answer = str(solver.check())
        if answer != "unknown":
            break
    return answer
