"""The manifest of the certificates that `otaproof prove --certificates` writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...proofs.certificates.sat_solver import solver_name
from ...proofs.prover.decision import ProofVerdict
from ..certificate_files import LIMITS, certified_conditions, questions_of
from ..certified_question import CertifiedQuestion
from ..proof_runs import ConfigurationProof, ProvedClaim
from .prove_result import VerdictWord
from .result_parts import CommandResult

CertificateKind = Literal["questions", "trace", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedClaim:
    """One claim of one configuration, and what a reader can check of its verdict."""

    configuration: str
    """The devices, in one line."""
    id: str
    """Such as C1."""
    sentence: str
    """The promise."""
    verdict: VerdictWord
    """What was decided."""
    method: str
    """How it was decided, and how far."""
    certificate: CertificateKind
    """questions: it is proved if none of these has a solution; trace: it is refuted, and the trace shows it; none: the
    verdict rests on a search or on nothing, as `method` says."""
    questions: tuple[str, ...]
    """Proved: names of the questions that it rests on."""
    is_certified: bool
    """Proved: every one of them is certified. Refuted: the trace is there."""
    trace: tuple[str, ...]
    """Refuted: names of the actions of the device model."""
    token: str | None
    """Refuted: what `otaproof replay` plays the trace by; null where none was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesResult(CommandResult):
    """What `otaproof prove --certificates` wrote."""

    command: Literal["prove --certificates"] = "prove --certificates"
    """The command that made the result."""
    solver: str
    """The SAT solver that made the proofs; it need not be trusted."""
    check: str
    """The command line that checks a question."""
    most_clauses: int
    """A question with more clauses is too_big."""
    most_seconds: float
    """A question that the solver has not refuted by then is timed_out."""
    claims: tuple[CertifiedClaim, ...]
    """Each claim that was decided, configuration by configuration."""
    questions: tuple[CertifiedQuestion, ...]
    """Each question that a proved claim rests on."""


def certificates_result(found: Sequence[ConfigurationProof]) -> CertificatesResult:
    """Return what was certified, and what was not."""
    return CertificatesResult(
        solver=solver_name(),
        check="drat-trim QUESTION.cnf QUESTION.drat",
        most_clauses=LIMITS.clauses,
        most_seconds=LIMITS.seconds,
        claims=tuple(_claim(configuration, row) for configuration in found for row in configuration.rows),
        questions=questions_of(found),
    )


def _claim(configuration: ConfigurationProof, row: ProvedClaim) -> CertifiedClaim:
    decision = row.decision
    names = [condition.name for condition in certified_conditions(decision)]
    questions = [configuration.certificates[name] for name in names]
    is_refuted = decision.verdict is ProofVerdict.REFUTED
    return CertifiedClaim(
        configuration=configuration.title,
        id=decision.claim.id,
        sentence=decision.claim.title,
        verdict=decision.verdict.value,
        method=decision.method,
        certificate="trace" if is_refuted else "questions" if questions else "none",
        questions=tuple(question.name for question in questions),
        is_certified=is_refuted or (bool(questions) and all(q.outcome == "certified" for q in questions)),
        trace=decision.actions,
        token=None if row.shown is None else row.shown.token,
    )
