"""Houdini: the greatest set of candidate invariants that hold at the start and that no action can break.

The candidates are the claims and the stated invariants (invariant_catalogue.py), none of them trusted. Those that
fail at the start are dropped; then, as long as one step can lead from a state in which all that are left hold to one
in which some do not, those are dropped too. What is left holds in every state of every history, of any length and
with 32-bit numbers.

z3 finds such a state; a short walk in Python from there, and from the start, drops many more at a time.

Most of what is left follows from the rest in each state by itself, claims above all; the rest is the core. So three
questions are written down and asked of both solvers: the core holds at the start, every step preserves the core, and
the core implies everything else. The solvers answer them sooner than one question about all invariants.

A claim that is not among the invariants may hold all the same: `k_induction` tries k-induction.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import z3

from ...model.device.model import DeviceModel
from ...model.device.state import Scope
from ...model.device.stepper import State, Stepper
from ...model.terms.terms import Bool, nodes_of
from ..smt.first_solver import check
from ..smt.smtlib import Question, any_text, misfits, not_text
from ..smt.verification_condition import Condition, Solver

WALKED_STATES = 300
"""States of each walk that drops candidates."""
FITS = "every_value_fits_its_field"
"""Name of the invariant that no action writes a value too wide for its field: always one of the candidates."""


@dataclass(frozen=True, slots=True)
class Inductive:
    """Invariants: they hold in every reachable state."""

    scope: Scope
    """The scope for which the invariants hold; with several slot counts, for each of them."""
    invariants: Mapping[str, Bool]
    """By name; empty where z3 gave up."""
    core: frozenset[str]
    """Names of the invariants from which the others follow."""
    conditions: tuple[Condition, ...]
    """The core holds at the start, every step preserves it, the others follow: for both solvers."""
    rounds: int
    """Rounds of dropping candidates, the last one without a drop."""


def inductive_invariants(model: DeviceModel, candidates: Mapping[str, Bool], core: Collection[str] = ()) -> Inductive:
    """Return what is left of the candidates; nothing when some value does not fit its field.

    core: all candidates may well be left, with these as their core, so that is asked first."""
    confirmed = confirmed_invariants(model, candidates, core) if core else None
    return confirmed or _found_invariants(model, {**candidates, FITS: ~misfits(model)})


def confirmed_invariants(model: DeviceModel, candidates: Mapping[str, Bool], core: Collection[str]) -> Inductive | None:
    """Return all candidates as invariants with this core; None where z3 does not confirm that they are."""
    invariants = {**candidates, FITS: ~misfits(model)}
    conditions = _conditions(model, invariants, core)
    if all(condition.is_met(Solver.Z3) for condition in conditions):
        return Inductive(model.scope, invariants, frozenset(core), conditions, 0)
    return None


def _found_invariants(model: DeviceModel, invariants: Mapping[str, Bool]) -> Inductive:
    steps = Stepper(model)
    starts = list(product(*(model.starts(field) for field in model.fields)))
    preserved = {
        name for name, invariant in invariants.items() if all(steps.value(invariant, state) for state in starts)
    }
    _drop_on_a_walk(steps, starts, invariants, preserved)
    solver, switches = _step_solver(model, invariants)
    rounds = 0
    while True:
        rounds += 1
        kept = (switches[name] if name in preserved else z3.Not(switches[name]) for name in invariants)
        answer = check(solver, *kept)
        if answer == z3.unsat:
            break
        if answer != z3.sat:
            return Inductive(model.scope, {}, frozenset(), (), rounds)
        before, after = (state_in_solution(model, solver.model(), at) for at in (0, 1))
        # With stray numbers the step may need inputs that Python does not try, so what z3 found counts as well.
        preserved -= {name for name in preserved if not steps.value(invariants[name], after)}
        _drop_on_a_walk(steps, [before], invariants, preserved)
    left = {name: invariant for name, invariant in invariants.items() if name in preserved}
    if FITS not in left:
        return Inductive(model.scope, {}, frozenset(), (), rounds)
    found = core_of(model, left)
    return Inductive(model.scope, left, found, _conditions(model, left, found), rounds)


def _drop_on_a_walk(
    steps: Stepper, starts: Iterable[State], invariants: Mapping[str, Bool], preserved: set[str]
) -> None:
    """Drop what fails in a state that steps lead to from these, in which all that is preserved holds.

    A state in which some fail has lost them when it is passed, so each next step leads from one in which all hold."""
    known = dict.fromkeys(starts)
    waiting = deque(known)
    while waiting and len(known) < WALKED_STATES:
        for _, after in steps.successors(waiting.popleft()):
            if after not in known:
                known[after] = None
                waiting.append(after)
                preserved -= {name for name in preserved if not steps.value(invariants[name], after)}


def core_of(model: DeviceModel, invariants: Mapping[str, Bool]) -> frozenset[str]:
    """Return names of invariants from which all others follow; those with the biggest terms are spared first."""
    question, context = Question(model), z3.Context()
    holds, fails = {}, {}
    for name, invariant in invariants.items():
        holds[name] = z3.Bool(question.declare_fact(f"holds.{name}"), context)
        fails[name] = z3.Bool(question.declare_fact(f"fails.{name}"), context)
        text = question.term(invariant)
        question.require(f"(=> holds.{name} {text})")
        question.require(f"(=> fails.{name} {not_text(text)})")
    solver = z3.SolverFor("QF_BV", ctx=context)
    solver.from_string(question.text())
    core = set(invariants)
    for name in sorted(invariants, key=lambda name: -sum(1 for _ in nodes_of([invariants[name]]))):
        rest = (holds[other] for other in invariants if other in core and other != name)
        if check(solver, fails[name], *rest) == z3.unsat:
            core.remove(name)
    return frozenset(core)


def _conditions(model: DeviceModel, invariants: Mapping[str, Bool], core: Collection[str]) -> tuple[Condition, ...]:
    """Return the questions that say of the invariants that they hold in every state."""
    preserved = [invariant for name, invariant in invariants.items() if name in core]
    others = [invariant for name, invariant in invariants.items() if name not in core]
    found = start_condition(model, preserved), step_condition(model, preserved)
    return (*found, follow_condition(model, preserved, others)) if others else found


def start_condition(model: DeviceModel, invariants: Iterable[Bool]) -> Condition:
    """Return the question whether some invariant fails at the start."""
    question = Question(model)
    question.require_start()
    question.require_some((~invariant, 0) for invariant in invariants)
    return Condition("start", question.text(), "unsat", question.in_terms())


def step_condition(model: DeviceModel, invariants: Iterable[Bool]) -> Condition:
    """Return the question whether a step leads from a state in which all invariants hold to one in which some fails."""
    invariants = list(invariants)
    question = Question(model, 2)
    question.require_all(invariants)
    question.require_step()
    question.require_some((~invariant, 1) for invariant in invariants)
    return Condition("step", question.text(), "unsat", question.in_terms())


def follow_condition(model: DeviceModel, invariants: Iterable[Bool], others: Iterable[Bool]) -> Condition:
    """Return the question whether there is a state in which all invariants hold and some other one does not."""
    question = Question(model)
    question.require_all(invariants)
    question.require_some((~invariant, 0) for invariant in others)
    return Condition("follow", question.text(), "unsat", question.in_terms())


def k_induction(
    model: DeviceModel, known: Iterable[Bool], claim: Bool, name: str, k: int
) -> tuple[Condition, ...] | None:
    """Return the questions that prove a claim by k-induction over what is known; None when z3 does not confirm them."""
    known = list(known)
    base = Question(model, k)
    base.require_start()
    for at in range(k - 1):
        base.require_step(at)
    base.require_some((~claim, at) for at in range(k))
    step = Question(model, k + 1)
    for at in range(k):
        step.require_all((*known, claim), at)
        step.require_step(at)
    step.require_all([~claim], k)
    found = (
        Condition(f"{name}_first_{k}", base.text(), "unsat", base.in_terms()),
        Condition(f"{name}_after_{k}", step.text(), "unsat", step.in_terms()),
    )
    return found if all(condition.is_met(Solver.Z3) for condition in found) else None


def state_in_solution(model: DeviceModel, found: z3.ModelRef, at: int) -> State:
    """Return state number `at` of what z3 found."""
    values = []
    for field in model.fields:
        name = f"{field.name}.{at}"
        constant = z3.BitVec(name, field.bits, found.ctx) if field.bits else z3.Bool(name, found.ctx)
        value = found.eval(constant, model_completion=True)
        values.append(value.as_long() if field.bits else int(z3.is_true(value)))
    return tuple(values)


def _step_solver(model: DeviceModel, invariants: Mapping[str, Bool]) -> tuple[z3.Solver, dict[str, z3.BoolRef]]:
    """Return a solver that is asked for a step, and for each invariant the switch that makes it a candidate."""
    question = Question(model, 2)
    question.require_step()
    lost = []
    for name, invariant in invariants.items():
        switch = question.declare_fact(f"is_kept.{name}")
        question.require(f"(=> {switch} {question.term(invariant)})")
        lost.append(f"(and {switch} (not {question.term(invariant, 1)}))")
    question.require(any_text(lost))
    solver = z3.SolverFor("QF_BV", ctx=z3.Context())
    solver.from_string(question.text())
    return solver, {name: z3.Bool(f"is_kept.{name}", solver.ctx) for name in invariants}
