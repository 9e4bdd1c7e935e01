"""A question that a verdict rests on: SMT-LIB text, the answer it needs, and what two solvers say.

z3 and bitwuzla read the same text, each with a reader of its own. A condition is met only when both give the answer it
needs; an answer that does not come counts as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import z3

from .second_solver import decide

TIME_LIMIT_MS = 120_000
"""How long each solver may take for one question."""


class Solver(Enum):
    """Who may be asked."""

    Z3 = "z3"
    BITWUZLA = "bitwuzla"


@dataclass(frozen=True, slots=True)
class Condition:
    """One question."""

    name: str
    """What is asked, as part of a file name."""
    text: str
    """SMT-LIB 2."""
    needs: str
    """"unsat" where it tells that something cannot be, "sat" where it tells that it can."""

    def answers(self, solvers: Iterable[Solver] = tuple(Solver)) -> dict[Solver, str]:
        """Return what the solvers say: "sat", "unsat" or "unknown"."""
        return {solver: _ask(solver, self.text) for solver in solvers}

    def is_met(self, solver: Solver) -> bool:
        """Tell whether the solver gives the answer that is needed."""
        return _ask(solver, self.text) == self.needs


@lru_cache(maxsize=32)
def _ask(solver: Solver, text: str) -> str:
    """Return the answer; that to a question just asked is remembered."""
    return ask_z3(text) if solver is Solver.Z3 else decide(text, TIME_LIMIT_MS)


def ask_z3(text: str, time_limit_ms: int = TIME_LIMIT_MS) -> str:
    """Return z3's answer to one question: "sat", "unsat" or "unknown"."""
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", time_limit_ms)
    solver.from_string(text)
    return str(solver.check())
