"""A question that was certified: its clauses, and a proof that they cannot all be true; or why it was not.

A certificate shows that the clauses have no solution. That they say what the question says rests on bit_blaster.py and
question_clauses.py, as the verdicts of the SMT solvers rest on smtlib.py.
"""

import time
from dataclasses import dataclass
from enum import Enum

from ..smt.question_terms import QuestionTerms
from .question_clauses import QuestionClauses, question_clauses
from .sat_solver import SatAnswer, solve_clauses


class CertificateOutcome(Enum):
    """What came of a question that has to be unsatisfiable."""

    CERTIFIED = "certified"
    TOO_BIG = "too_big"
    """More clauses than are tried."""
    TIMED_OUT = "timed_out"
    NOT_IN_TERMS = "not_in_terms"
    """Its terms are not known, so there is nothing to encode."""
    SATISFIABLE = "satisfiable"
    """The clauses have a solution: one of the two encodings is wrong, or a solver is."""


@dataclass(frozen=True, slots=True)
class CertificateLimits:
    """What is tried for one question."""

    clauses: int = 2_000_000
    seconds: float = 300
    """For the solver."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One question."""

    outcome: CertificateOutcome
    question: QuestionClauses | None = None
    """None where it is not in terms."""
    proof: tuple[str, ...] = ()
    """CERTIFIED: lines of DRAT text."""
    seconds: float = 0.0
    """That encoding and solving took."""


_OUTCOMES = {
    SatAnswer.UNSATISFIABLE: CertificateOutcome.CERTIFIED,
    SatAnswer.SATISFIABLE: CertificateOutcome.SATISFIABLE,
    SatAnswer.UNKNOWN: CertificateOutcome.TIMED_OUT,
}


def certify(asked: QuestionTerms | None, limits: CertificateLimits) -> Certificate:
    """Return what comes of a question that has to be unsatisfiable."""
    if asked is None:
        return Certificate(CertificateOutcome.NOT_IN_TERMS)
    started = time.perf_counter()
    question = question_clauses(asked)
    if len(question.clauses) > limits.clauses:
        return Certificate(CertificateOutcome.TOO_BIG, question, seconds=time.perf_counter() - started)
    result = solve_clauses(question.clauses, limits.seconds)
    return Certificate(_OUTCOMES[result.answer], question, result.proof, time.perf_counter() - started)
