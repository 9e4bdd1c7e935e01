"""Glucose's answer to a set of clauses: values that make all of them true, or a proof that none do.

The proof is DRAT text as drat-trim reads it: a line for each clause that follows from those before by unit propagation,
and for each clause that is no longer needed. Nothing here has to be trusted for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from threading import Timer

from pysat.solvers import Glucose4

from .circuit import Clause


class SatAnswer(Enum):
    """What the solver finds."""

    SATISFIABLE = "sat"
    UNSATISFIABLE = "unsat"
    UNKNOWN = "unknown"
    """Not within the time that it was given."""


@dataclass(frozen=True, slots=True)
class SatResult:
    """The answer, and what shows it."""

    answer: SatAnswer
    values: frozenset[int] = frozenset()
    """SATISFIABLE: the literals that are true."""
    proof: tuple[str, ...] = ()
    """UNSATISFIABLE: lines of DRAT text, the last one the empty clause."""


def solver_name() -> str:
    """Return the solver and where it comes from."""
    return f"Glucose 4 of python-sat {version('python-sat')}"


def solve_clauses(clauses: Collection[Clause], seconds: float) -> SatResult:
    """Return whether all clauses can be true. seconds: how long the solver may take."""
    with Glucose4(bootstrap_with=clauses, with_proof=True) as solver:
        timer = Timer(seconds, solver.interrupt)
        timer.start()
        try:
            answer = solver.solve_limited(expect_interrupt=True)
        finally:
            # A timer that is left alone keeps the process for as long as it runs.
            timer.cancel()
        if answer is None:
            return SatResult(SatAnswer.UNKNOWN)
        if answer:
            return SatResult(SatAnswer.SATISFIABLE, values=frozenset(solver.get_model()))
        # Where the clauses already conflict as they are read, the solver writes nothing, not even the empty clause.
        lines = tuple(solver.get_proof())
        return SatResult(SatAnswer.UNSATISFIABLE, proof=lines if lines[-1:] == ("0",) else (*lines, "0"))
