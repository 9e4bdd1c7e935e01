"""A question put to both solvers: can the code ever differ? And where it can: the inputs for which it does.

Proved is: z3 says that it cannot, and bitwuzla, which reads the question as SMT-LIB text, says so too. A difference is
looked for again with the true check word and the true remainder, and with inputs as plain as there are.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from ...proofs.bytes.crc_lemmas import crc_term
from ...proofs.refinement.symbolic_entries import CRC, LOGIC
from ...proofs.smt.first_solver import GAVE_UP, ask_z3_by_turns, check
from ...proofs.smt.second_solver import ask_bitwuzla, script
from ..execution.words import REMAINDER

WISH_EFFORT = (10_000_000,)
"""What z3 may spend to meet one more wish of how an example is to look."""


class TheoremVerdict(Enum):
    """What is known of a theorem."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class TheoremAnswer:
    """What the solvers say."""

    verdict: TheoremVerdict
    detail: str
    """Who says so, or why nobody does."""
    seconds: float
    text: str
    """The question, as SMT-LIB: "unsat" is what proves."""


def decide(differs: Any, given: Sequence[Any]) -> TheoremAnswer:
    """Return whether the formula is false for all inputs."""
    started = time.perf_counter()
    text = script([*given, differs], LOGIC)

    def answer(verdict: TheoremVerdict, detail: str) -> TheoremAnswer:
        return TheoremAnswer(verdict, detail, time.perf_counter() - started, text)

    first = ask_z3_by_turns(text)
    if first == "unknown":
        return answer(TheoremVerdict.UNDECIDED, GAVE_UP)
    if first == "sat":
        return answer(TheoremVerdict.REFUTED, "z3")
    second = ask_bitwuzla(text)
    if second != "unsat":
        return answer(TheoremVerdict.UNDECIDED, f"z3 finds no difference, bitwuzla says {second}")
    return answer(TheoremVerdict.PROVED, "z3 and bitwuzla")


def find_example(
    differs: Any, given: Sequence[Any], wishes: Iterable[Any], told: Sequence[Any] = ()
) -> z3.ModelRef | None:
    """Return inputs for which the formula is true with the true check word and remainder; None if none is found.

    wishes: further conditions, each kept if it can be. told: terms that are read in the example; open functions are the
    true ones in them too. The context is one of its own, as z3's effort changes with what a context has seen."""
    formula = z3.simplify(z3.And(*given, differs))
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.add(*(part.translate(context) for part in (formula, *_true_functions([formula, *told]))))
    kept: list[Any] = []
    model = None
    for wish in wishes:
        wished = wish.translate(context)
        if check(solver, *kept, wished, effort=WISH_EFFORT) == z3.sat:
            kept.append(wished)
            model = solver.model()
    if model is None:
        model = solver.model() if check(solver) == z3.sat else None
    return None if model is None else model.translate(formula.ctx)


def _true_functions(terms: Sequence[Any]) -> Iterator[Any]:
    """Yield what makes the open functions in some terms the true ones, wherever they are applied in them."""
    for application in _applications(terms):
        if application.decl().eq(CRC):
            yield application == crc_term(application.arg(0))
        else:
            yield application == z3.URem(application.arg(0), application.arg(1))


def _applications(terms: Sequence[Any]) -> list[Any]:
    found, seen, work = [], set(), list(terms)
    while work:
        term = work.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        work += term.children()
        if z3.is_app(term) and (term.decl().eq(CRC) or term.decl().eq(REMAINDER)):
            found.append(term)
    return found
