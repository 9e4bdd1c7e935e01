"""What is proved, as objects that a command can list: a name, a sentence, how it is proved, and the proof.

A lemma is put to z3 first, and z3's answer is checked by bitwuzla. It holds only when both say so; an answer
that was not reached counts as a failure, and so does a premise that no value meets. What refutes a lemma is a witness:
the values of its free names.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from .first_solver import GAVE_UP, check
from .second_solver import ask_bitwuzla, script
from .verification_condition import Condition


class LemmaVerdict(Enum):
    """How a proof can end; only HOLDS is good news."""

    HOLDS = "holds"
    REFUTED = "refuted"
    VACUOUS = "vacuous"
    """No value meets the premise, so nothing was claimed."""
    UNKNOWN = "unknown"
    """A solver gave up, or the two disagree."""


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a proof."""

    verdict: LemmaVerdict
    detail: str = ""
    """What was covered and counted; of a refuted lemma the witness."""

    @property
    def holds(self) -> bool:
        """Whether the lemma is proved."""
        return self.verdict is LemmaVerdict.HOLDS


@dataclass(frozen=True, slots=True)
class Lemma:
    """A claim with its proof."""

    name: str
    """The claim in a few words, as a name."""
    sentence: str
    """The claim for a reader without the code."""
    method: str
    """Who decides it, and over what."""
    prove: Callable[[], Result]
    """Run the proof, anew each time."""


def prove_always(claim: Any, given: Sequence[Any] = (), logic: str = "QF_BV") -> Result:
    """Return whether the claim holds for all values that meet the premise, by z3 and then by bitwuzla."""
    premise = find_witness(given)
    if isinstance(premise, Result):
        return (
            premise
            if premise.verdict is LemmaVerdict.UNKNOWN
            else Result(LemmaVerdict.VACUOUS, "no value meets the premise")
        )
    refutation = [*given, z3.Not(claim)]
    witness = find_witness(refutation)
    if isinstance(witness, dict):
        return Result(LemmaVerdict.REFUTED, describe(witness))
    if witness.verdict is LemmaVerdict.UNKNOWN:
        return witness
    second = ask_bitwuzla(script(refutation, logic))
    if second != "unsat":
        return Result(LemmaVerdict.UNKNOWN, f"z3 finds no counterexample, bitwuzla says {second}")
    return Result(LemmaVerdict.HOLDS, "z3 and bitwuzla")


def find_witness(formulas: Iterable[Any]) -> dict[str, Any] | Result:
    """Return values of the free names that make all formulas true; else a result, UNKNOWN or (none exist) REFUTED."""
    solver = z3.Solver()
    solver.add(*formulas)
    answer = check(solver)
    if answer == z3.unsat:
        return Result(LemmaVerdict.REFUTED, "no value meets the formulas")
    if answer != z3.sat:
        return Result(LemmaVerdict.UNKNOWN, GAVE_UP)
    model = solver.model()
    values = {str(name): model[name] for name in model.decls() if name.arity() == 0}
    return {name: value.as_long() if hasattr(value, "as_long") else z3.is_true(value) for name, value in values.items()}


def describe(witness: dict[str, Any]) -> str:
    """Return a witness as text, in the order of its names; numbers above 9 as hex words."""
    return " ".join(
        f"{name}={value}" if isinstance(value, bool) or value < 10 else f"{name}=0x{value:X}"
        for name, value in sorted(witness.items())
    )


def prove_condition(condition: Condition) -> Result:
    """Return whether both solvers give the answer that a written question needs."""
    answers = set(condition.answers().values())
    if answers == {condition.needs}:
        return Result(LemmaVerdict.HOLDS, "z3 and bitwuzla")
    verdict = LemmaVerdict.UNKNOWN if len(answers) > 1 or "unknown" in answers else LemmaVerdict.REFUTED
    return Result(verdict, f"{condition.name}: the solvers say {' and '.join(sorted(answers))}")


def prove_each(cases: Iterable[tuple[str, Result]]) -> Result:
    """Return that every case holds, or the first one that does not, with its name before its detail."""
    count = 0
    for name, result in cases:
        if not result.holds:
            return Result(result.verdict, f"{name}: {result.detail}")
        count += 1
    return Result(LemmaVerdict.HOLDS if count else LemmaVerdict.VACUOUS, f"{count} cases")
