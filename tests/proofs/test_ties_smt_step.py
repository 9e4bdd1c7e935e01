"""The step relation of the solvers is the step of Python, action by action; what is dropped from it is noticed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import z3

from otaproof.model.config import Config, Release
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, Field
from otaproof.model.device.records import Numbers
from otaproof.model.device.search import DeviceSearch
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import Term, all_of
from otaproof.proofs.invariants.record_invariants import slots_of_records_are_in_range, versions_are_in_range
from otaproof.proofs.prover.houdini import state_in_solution
from otaproof.proofs.smt.smtlib import Question, misfits

REACHED = 1_500
"""States that are searched for such as take every action; for the rest a solver is asked."""
ROLLBACK = Scope(Config(rollback=True), faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE, numbers=Numbers.EXACT)
WORLDS = (
    replace(ROLLBACK, ghosts=frozenset(Ghost), faults=FaultModel.F1),
    replace(ROLLBACK, usage=Usage.ANY, faults=FaultModel.F3, has_factory=True),
    Scope(Config(rollback=True, anti_rollback=True, app_release=Release.V6_1), slots=3, numbers=Numbers.EXACT),
    replace(ROLLBACK, allows=frozenset({Allowance.OTHER_WRITERS, Allowance.OTHER_RECORDS, Allowance.PINS})),
)


def inputs(model: DeviceModel) -> frozenset[str]:
    """Return the fields that no step determines."""
    return frozenset(field.name for field in model.fields if field.is_input)


def covering(steps: Stepper) -> Iterator[State]:
    """Yield states from which every action is taken: reached ones, and one in range for each of the rest."""
    taken: Counter[int] = Counter()
    for place, state in enumerate(DeviceSearch(steps)):
        numbers = [number for number, _ in steps.successors(state)]
        if any(not taken[number] for number in numbers):
            taken.update(numbers)
            yield state
        if place > REACHED:
            break
    model = steps.model
    in_range = all_of(
        fact(model.scope, model.device) for fact in (slots_of_records_are_in_range, versions_are_in_range)
    )
    for number, action in enumerate(model.actions):
        if not taken[number]:
            question = Question(model)
            question.require(question.term(in_range & model.guard(action) & ~misfits(model)))
            solver = z3.SolverFor("QF_BV", ctx=z3.Context())
            solver.from_string(question.text())
            assert solver.check() == z3.sat, f"{action.name} can never be taken"
            yield state_in_solution(model, solver.model(), 0)


def is_state(model: DeviceModel, state: State, at: int, but: frozenset[str] = frozenset()) -> z3.BoolRef:
    """Return that state number `at` is this one, but for some fields."""
    return z3.And(
        *(
            z3.BitVec(f"{f.name}.{at}", f.bits) == value if f.bits else z3.Bool(f"{f.name}.{at}") == bool(value)
            for f, value in zip(model.fields, state, strict=True)
            if f.name not in but
        )
    )


def disagreements(scope: Scope, kind: type[Question] = Question) -> Iterator[str]:
    """Yield what the relation and Python do differently from the covering states, and actions never taken there."""
    steps = stepper(scope)
    model, free = steps.model, inputs(steps.model)
    question = kind(model, 2)
    question.require_step()
    solver = z3.SolverFor("QF_BV")
    solver.from_string(question.text())
    left = {action.name for action in model.actions}
    for state in covering(steps):
        solver.push()
        solver.add(is_state(model, state, 0))
        found = {number: is_state(model, after, 1, free) for number, after in steps.successors(state)}
        for number, reached in found.items():
            name = model.actions[number].name
            left.discard(name)
            if solver.check(reached) != z3.sat:
                yield f"{name}: not in the relation"
        solver.add(*(z3.Not(reached) for reached in found.values()))
        if solver.check() != z3.unsat:
            yield "a step that Python does not take"
        solver.pop()
    yield from (f"{name}: never taken" for name in sorted(left))


@pytest.mark.parametrize("scope", WORLDS, ids=["ghosts", "strays", "anti-rollback", "other writers and pins"])
def test_every_action_is_the_same_step_for_solvers_and_for_python(scope: Scope) -> None:
    """From states in which each is taken, most of them reached; and nothing else is a step there."""
    assert [] == list(disagreements(scope))


class DropsAction(Question):
    """The relation has one action less."""

    def require_step(self, at: int = 0) -> None:
        """Assert a step that is not commence()."""
        actions = (self.action(action.name, at) for action in self.model.actions if action.name != "commence")
        self.require(f"(or {' '.join(actions)})")


class DropsEffect(Question):
    """One effect is forgotten: the field stays."""

    def _change(self, field: Field, effects: Mapping[str, Term], at: int) -> str:
        return super()._change(field, {} if field.name == "session" else effects, at)


class FramesNothing(Question):
    """One field becomes anything where no effect changes it."""

    def _change(self, field: Field, effects: Mapping[str, Term], at: int) -> str:
        is_left_out = field.name == "slot1_content" and field.name not in effects
        return "true" if is_left_out else super()._change(field, effects, at)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (DropsAction, "commence: not in the relation"),
        (DropsEffect, "commence_erases: not in the relation"),
        (FramesNothing, "a step that Python does not take"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_relation_with_one_thing_wrong_is_noticed(kind: type[Question], said: str) -> None:
    """An action, an effect, or what stays."""
    assert said in set(disagreements(ROLLBACK, kind))
