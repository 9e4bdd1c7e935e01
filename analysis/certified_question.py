"""A question behind a verdict that a SAT solver was asked to refute, as the manifest of the certificates has it."""

from dataclasses import dataclass
from typing import Literal

OutcomeWord = Literal["certified", "too_big", "timed_out", "not_in_terms", "satisfiable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedQuestion:
    """One question of an induction or a ranking function, and its certificate."""

    name: str
    """Folder and name of its files, without .cnf and .drat."""
    scope: str
    """The devices that it speaks of."""
    outcome: OutcomeWord
    """certified: the proof is there; too_big, timed_out: beyond the limits; not_in_terms: it was never encoded;
    satisfiable: the clauses have a solution, though both SMT solvers say that there is none."""
    variables: int | None
    """Of the clauses; null where it was never encoded."""
    clauses: int | None
    """How many; null where it was never encoded."""
    seconds: float
    """That encoding and solving took."""
    proof_lines: int | None
    """Clauses that the proof adds or deletes; null without a proof."""
    cnf_sha256: str | None
    """Of the file with the clauses; null where there is none."""
    drat_sha256: str | None
    """Of the file with the proof; null where there is none."""

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The files that were written, each with its SHA-256."""
        named = ((f"{self.name}.cnf", self.cnf_sha256), (f"{self.name}.drat", self.drat_sha256))
        return tuple((file, digest) for file, digest in named if digest is not None)
