"""Bounded model checking: a shortest trace to a state that breaks a claim, by z3 alone, with 32-bit numbers.

The steps are unrolled one by one, in one solver that keeps what it learned; at each depth it is queried for a broken
claim. So the first depth with an answer is the least. It needs no search of states, and says so a second time what the
breadth-first search found: the two share the model and nothing else.
"""

import time
from dataclasses import dataclass

import z3

from ...model.device.model import DeviceModel
from ...model.terms.terms import Bool
from ..smt.smtlib import Question, not_text


@dataclass(frozen=True, slots=True)
class Bounded:
    """How far was looked, and what was found there."""

    depth: int
    """Steps within which all was decided; the last of them breaks the claim if `is_broken`."""
    is_broken: bool
    seconds: float


def shortest_break(model: DeviceModel, claim: Bool, most: int, time_limit_s: float) -> Bounded:
    """Return the least number of steps after which the claim can be broken, or how many it takes at least."""
    started = time.perf_counter()
    question = Question(model, most + 1)
    solver = z3.SolverFor("QF_BV", ctx=z3.Context())
    question.require_start()
    for depth in range(most + 1):
        if depth:
            question.require_step(depth - 1)
        broken = question.declare_fact(f"is_broken.{depth}")
        question.require(f"(=> {broken} {not_text(question.term(claim, depth))})")
        solver.from_string(question.new_text())
        left = time_limit_s - (time.perf_counter() - started)
        if left <= 0:
            return Bounded(depth - 1, False, time.perf_counter() - started)
        solver.set("timeout", int(1000 * left) + 1)
        answer = solver.check(z3.Bool(broken, solver.ctx))
        if answer == z3.sat:
            return Bounded(depth, True, time.perf_counter() - started)
        if answer != z3.unsat:
            return Bounded(depth - 1, False, time.perf_counter() - started)
    return Bounded(most, False, time.perf_counter() - started)
