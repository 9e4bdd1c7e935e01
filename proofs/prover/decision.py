"""What the prover reports of a claim, what the verdict rests on, and how hard it tries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from ...model.claims.claims import Claim
from ..smt.verification_condition import Condition, Solver


class ProofVerdict(Enum):
    """What was found of a claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    BOUNDED = "bounded"
    """It holds as far as was searched; no proof was found."""
    UNKNOWN = "unknown"
    """No answer, or answers that do not agree: a failure."""


@dataclass(frozen=True)
class Decision:
    """A claim and what was found of it."""

    claim: Claim
    verdict: ProofVerdict
    method: str
    """How it was decided, and how far."""
    depth: int | None = None
    """Refuted: steps of the counterexample. Proved: k of the k-induction."""
    is_shortest: bool = False
    actions: tuple[str, ...] = ()
    """Refuted: the names of the actions of the counterexample."""
    seconds: float = 0.0
    answers: dict[str, str] = field(default_factory=dict)
    """By solver, its answers to the questions that the verdict rests on."""
    invariants: tuple[str, ...] = ()
    """Proved: names of the auxiliary invariants."""
    premise_depth: int | None = None
    """Steps to a state in which the premise of the claim holds; None where none was reached."""
    is_possibly_vacuous: bool = False
    """Proved, and a short search for such a state reached none: the claim may hold because it says nothing."""
    conditions: tuple[Condition, ...] = ()
    is_searched: bool = False
    """Proved: it rests on a search of all states too, which no question stands for."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try."""

    solvers: tuple[Solver, ...] = tuple(Solver)
    bmc_seconds: float = 0.0
    """For each refuted claim: how long z3 may look for a shorter counterexample."""
    searches: bool = True
    """Search scopes with few slots as well."""
    solves_traces: bool = True
    """Have the solvers confirm every trace with 32-bit numbers; without, only those with stray numbers, and Python
    replays the others."""
    checks_vacuity: bool = True
    """Look for a state in which the premise of a proved claim holds."""
    asks_boot_choice: bool = True
    """Ask whether the boot choice, of which claims speak, is what the boot actions do."""


def answers_of(conditions: Iterable[Condition], effort: Effort) -> dict[str, str]:
    """Return each solver's answer to all of the questions: the one answer that it gives, or all that it gave."""
    given: dict[str, set[str]] = {solver.value: set() for solver in effort.solvers}
    for condition in conditions:
        for solver, answer in condition.answers(effort.solvers).items():
            given[solver.value].add(answer)
    return {solver: " and ".join(sorted(answers)) for solver, answers in given.items() if answers}
