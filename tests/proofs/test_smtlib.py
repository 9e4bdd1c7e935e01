"""The SMT-LIB reading of the device model takes the same steps as the Python reading, in z3 and in bitwuzla."""

import random
from collections.abc import Iterator

import pytest
import z3

from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Config, Release
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import bool_field, choose, num_field, number
from otaproof.proofs.smt.second_solver import ask_bitwuzla
from otaproof.proofs.smt.smtlib import Question, constant, misfits

ALL = frozenset(Ghost)
EXACT = Numbers.EXACT
WORLDS = (
    Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE, ghosts=ALL, numbers=EXACT),
    Scope(Config(rollback=True, anti_rollback=True), slots=3, ghosts=ALL, numbers=EXACT),
    Scope(Config(app_release=Release.V6_1), slots=1, has_factory=True, faults=FaultModel.F3, ghosts=ALL),
    Scope(Config(skip_validate_in_deep_sleep=True), slots=16, has_factory=True, ghosts=ALL, numbers=EXACT),
)
WALK = 24
RANDOM = 16


def _walk(steps: Stepper, chance: random.Random) -> Iterator[State]:
    """Yield the states of a random life."""
    state = steps.initial
    for _ in range(WALK):
        yield state
        after = [reached for _, reached in steps.successors(state)]
        state = chance.choice(after) if after else steps.initial


def _anything(steps: Stepper, chance: random.Random) -> Iterator[State]:
    """Yield states of random field values, reached or not; none from which a value is written that does not fit."""
    trouble = misfits(steps.model)
    for _ in range(RANDOM):
        state = tuple(chance.randrange(1 << max(1, field.bits)) for field in steps.model.fields)
        if not steps.value(trouble, state):
            yield state


def _is(model: DeviceModel, state: State, at: int) -> list[z3.BoolRef]:
    return [
        z3.BitVec(f"{f.name}.{at}", f.bits) == value if f.bits else z3.Bool(f"{f.name}.{at}") == bool(value)
        for f, value in zip(model.fields, state, strict=True)
    ]


@pytest.mark.parametrize("scope", WORLDS)
def test_z3_takes_exactly_the_steps_that_python_takes(scope: Scope) -> None:
    """From states of random lives and from random states."""
    steps, chance = stepper(scope), random.Random(7)
    model = steps.model
    question = Question(model, 2)
    question.require_step()
    solver = z3.SolverFor("QF_BV")
    solver.from_string(question.text())
    for state in (*_walk(steps, chance), *_anything(steps, chance)):
        after = {reached for _, reached in steps.successors(state)}
        solver.push()
        solver.add(*_is(model, state, 0))
        assert [solver.check(*_is(model, reached, 1)) for reached in after] == [z3.sat] * len(after)
        solver.add(*(z3.Not(z3.And(*_is(model, reached, 1))) for reached in after))
        assert solver.check() == z3.unsat
        solver.pop()


def test_bitwuzla_takes_exactly_the_steps_that_python_takes() -> None:
    """From states of a random life."""
    steps = stepper(WORLDS[0])
    for state in list(_walk(steps, random.Random(3)))[::4]:
        after = {reached for _, reached in steps.successors(state)}
        question = Question(steps.model, 2)
        question.require_step()
        question.require_state(state, 0)
        for reached in after:
            parts = (
                f"(= {f.name}.1 {constant(value, f.bits)})"
                for f, value in zip(steps.model.fields, reached, strict=True)
            )
            question.require(f"(not (and {' '.join(parts)}))")
        assert ask_bitwuzla(question.text()) == "unsat"
        question = Question(steps.model, 2)
        question.require_step()
        question.require_state(state, 0)
        question.require_state(min(after), 1)
        assert ask_bitwuzla(question.text()) == "sat"


@pytest.mark.parametrize("scope", WORLDS)
def test_claims_read_the_same(scope: Scope) -> None:
    """In states of random lives and in random states."""
    steps, chance = stepper(scope), random.Random(11)
    question = Question(steps.model)
    claims = [claim.kept_in(steps.model) for claim in DEVICE_CLAIMS]
    for number_, claim in enumerate(claims):
        question.require(f"(= {question.declare_fact(f'claim{number_}')} {question.term(claim)})")
    solver = z3.SolverFor("QF_BV")
    solver.from_string(question.text())
    for state in (*_walk(steps, chance), *_anything(steps, chance)):
        assert solver.check(*_is(steps.model, state, 0)) == z3.sat
        read = [z3.is_true(solver.model()[z3.Bool(f"claim{n}")]) for n in range(len(claims))]
        assert read == [bool(steps.value(claim, state)) for claim in claims]


def test_operations_on_two_widths_take_the_larger() -> None:
    """As terms.py says; a sum wraps there."""
    model = device_model(WORLDS[0])
    narrow, wide, is_small = num_field("phase", 1), num_field("task", 5), bool_field("session")
    for term, phase, task, wanted in (
        (narrow + wide == 0, 1, 31, True),
        (narrow - wide == 2, 1, 31, True),
        (narrow + narrow == 0, 1, 0, True),
        (wide < narrow, 1, 1, False),
        (choose(is_small, wide, narrow) == number(1, 5), 1, 0, True),
    ):
        question = Question(model)
        question.require(f"(and (= phase.0 (_ bv{phase} 1)) (= task.0 (_ bv{task} 5)) (not session.0))")
        question.require(question.term(term))
        assert ask_bitwuzla(question.text()) == ("sat" if wanted else "unsat")
