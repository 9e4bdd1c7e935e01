"""A question that a verdict rests on: SMT-LIB text, the answer it needs, and what two solvers say.

z3 and bitwuzla read the same text, each with a reader of its own. A condition is met only when both give the answer it
needs; an answer that does not come counts as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from .first_solver import ask_z3
from .question_terms import QuestionTerms
from .second_solver import LOGIC, ask_bitwuzla


class Solver(Enum):
    """The solvers."""

    Z3 = "z3"
    BITWUZLA = "bitwuzla"


@dataclass(frozen=True, slots=True)
class Condition:
    """One question."""

    name: str
    """Name of the question, as part of a file name."""
    text: str
    """SMT-LIB 2."""
    needs: str
    """"unsat" where it tells that something cannot be, "sat" where it tells that it can."""
    asked: QuestionTerms | None = field(default=None, repr=False, compare=False)
    """The same question in terms; None where they are not known, as in a process other than the one that asked."""
    _said: dict[Solver, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def answers(self, solvers: Iterable[Solver] = tuple(Solver)) -> dict[Solver, str]:
        """Return what the solvers say: "sat", "unsat" or "unknown". Each is queried once."""
        return {solver: self._answer(solver) for solver in solvers}

    def is_met(self, solver: Solver) -> bool:
        """Tell whether the solver gives the answer that is needed."""
        return self._answer(solver) == self.needs

    def _answer(self, solver: Solver) -> str:
        if solver not in self._said:
            self._said[solver] = ask_z3(self.text, LOGIC) if solver is Solver.Z3 else ask_bitwuzla(self.text)
        return self._said[solver]
