"""Questions as clauses say what the terms say, proofs of them are right, and a wrong encoder is noticed."""

import pickle
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest
from dratify import check_proof, parse_dimacs
from pysat.solvers import Glucose4

from otaproof.model.config import Config, Release
from otaproof.model.device.model import DeviceModel
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Ghost, Scope, Usage
from otaproof.model.device.stepper import State, Stepper, stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.evaluate import evaluated
from otaproof.model.terms.terms import Bool, Num, all_of, any_of, bool_field, choose, num_field, number
from otaproof.proofs.certificates import bit_blaster, question_clauses
from otaproof.proofs.certificates import circuit as circuit_module
from otaproof.proofs.certificates.bit_blaster import BitBlaster, Wires
from otaproof.proofs.certificates.certificate import Certificate, CertificateLimits, CertificateOutcome, certify
from otaproof.proofs.certificates.circuit import FALSE, TRUE, Circuit, Clause, Gate
from otaproof.proofs.certificates.sat_solver import SatAnswer, SatResult, solve_clauses
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover.decision import Effort
from otaproof.proofs.prover.houdini import step_condition
from otaproof.proofs.prover.proof_reuse import exact_model, induct
from otaproof.proofs.prover.prover import decide
from otaproof.proofs.prover.ranking import ranking_condition
from otaproof.proofs.smt.question_terms import Assertion, QuestionTerms, SomeHold, Steps
from otaproof.proofs.smt.smtlib import Question, misfits
from otaproof.proofs.smt.verification_condition import Condition, Solver

PROPER = Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.RESTART_AT_ONCE)
SMALL = Scope(Config(), slots=1, has_factory=True, faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE)
EXACT = replace(PROPER, ghosts=frozenset(Ghost), numbers=Numbers.EXACT)
COUNTS = Scope(Config(anti_rollback=True, rollback=True), slots=5, counts=(3, 5), numbers=Numbers.EXACT)
OTHERS = (
    COUNTS,
    Scope(Config(app_release=Release.V6_1), slots=1, has_factory=True, faults=FaultModel.F3, ghosts=frozenset(Ghost)),
)
LIMITS = CertificateLimits(seconds=120)
NUMBERS = {"narrow": 2, "middle": 5, "wide": 9}
FACTS = ("calm", "late")
WIDTHS = {**NUMBERS, **dict.fromkeys(FACTS, 0)}
SEQ_BITS = 32


def solved(asked: QuestionTerms) -> SatResult:
    """Return the solver's answer to a question."""
    return solve_clauses(question_clauses.question_clauses(asked).clauses, LIMITS.seconds)


def dratify_accepts(cnf: str, proof: Sequence[str]) -> bool:
    """Ask dratify."""
    return bool(check_proof(parse_dimacs(cnf), "\n".join(proof)).ok)


def random_term(chance: random.Random, depth: int) -> Num:
    """Return a number made of all ten operations."""
    if depth == 0:
        name = chance.choice([*NUMBERS, ""])
        return num_field(name, NUMBERS[name]) if name else number(chance.randrange(600))
    left, right = random_term(chance, depth - 1), random_term(chance, chance.randrange(depth))
    match chance.randrange(4):
        case 0:
            return left + right
        case 1:
            return left - right
        case _:
            return choose(random_fact(chance, depth - 1), left, right)


def random_fact(chance: random.Random, depth: int) -> Bool:
    """Return a fact made of all ten operations."""
    if depth == 0:
        return bool_field(chance.choice(FACTS))
    match chance.randrange(5):
        case 0:
            return ~random_fact(chance, depth - 1)
        case 1:
            return all_of(random_fact(chance, depth - 1) for _ in range(3))
        case 2:
            return any_of(random_fact(chance, depth - 1) for _ in range(3))
        case 3:
            return random_term(chance, depth - 1) == random_term(chance, depth - 1)
        case _:
            return random_term(chance, depth - 1) < random_term(chance, depth - 1)


def value_as_clauses(term: Num | Bool, state: dict[str, int]) -> int:
    """Return the value that the clauses of a term leave it where the fields have these values."""
    circuit = Circuit()
    fields = {name: tuple(circuit.inputs(bits or 1)) for name, bits in WIDTHS.items()}
    wires = BitBlaster(circuit, fields).wires(term)
    outputs = circuit.inputs(len(wires))
    required = [-circuit.differ(wire, output) for wire, output in zip(wires, outputs, strict=True)]
    given = [literal for name, bits in fields.items() for literal in literals(bits, state[name])]
    found = solve_clauses([*circuit.clauses(required), *((literal,) for literal in given)], LIMITS.seconds)
    assert found.answer is SatAnswer.SATISFIABLE
    return sum(1 << place for place, output in enumerate(outputs) if output in found.values)


def literals(wires: Wires, value: int) -> list[int]:
    """Return the literals that are true where a number has this value."""
    return [wire if value >> place & 1 else -wire for place, wire in enumerate(wires)]


def wrong_terms(count: int = 150) -> list[str]:
    """Return random terms that have another value as clauses than evaluate.py says, for random values of fields."""
    chance, wrong = random.Random(5), []
    for index in range(count):
        term = random_fact(chance, 4) if index % 3 == 0 else random_term(chance, 3)
        state = {name: chance.randrange(1 << (bits or 1)) for name, bits in WIDTHS.items()}
        if value_as_clauses(term, state) != evaluated(term, state):
            wrong.append(repr(term))
    return wrong


def test_random_terms_have_the_value_that_they_have_in_python() -> None:
    """All ten operations, on numbers of three widths; what goes through the solver is the clauses."""
    assert [] == wrong_terms()


def sum_without_carry(circuit: Circuit, left: Wires, right: Wires, carry: int = FALSE) -> Wires:
    """Add bit by bit."""
    return tuple(circuit.differ(a, b) for a, b in zip(left, right, strict=True))


def less_the_other_way(circuit: Circuit, left: Wires, right: Wires) -> int:
    """Tell whether the right number is smaller."""
    is_less = FALSE
    for a, b in zip(left, right, strict=True):
        is_less = circuit.choose(circuit.differ(a, b), a, is_less)
    return is_less


def less_or_equal(circuit: Circuit, left: Wires, right: Wires) -> int:
    """Take equal numbers for smaller ones."""
    return -LESS(circuit, right, left)


def sign_extended(wires: Wires, width: int) -> Wires:
    """Repeat the highest bit."""
    return (*wires, *(wires[-1] for _ in range(width - len(wires))))[:width]


def equal_in_low_bit(circuit: Circuit, left: Wires, right: Wires) -> int:
    """Look at one bit alone."""
    return -circuit.differ(left[0], right[0])


LESS = bit_blaster._less


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_sum", sum_without_carry),
        ("_difference", bit_blaster._sum),
        ("_less", less_the_other_way),
        ("_less", less_or_equal),
        ("fitted", sign_extended),
        ("equal", equal_in_low_bit),
    ],
)
def test_wrong_bit_blaster_is_noticed(name: str, wrong: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the random terms: a mutant gives one of them another value."""
    monkeypatch.setattr(bit_blaster, name, wrong)
    assert [] != wrong_terms()


@pytest.mark.parametrize("kind", ["choose", "all_of", "differ"])
def test_gate_that_says_too_little_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate without its last clause leaves its output open where it should not."""
    meaning = circuit_module._meaning
    gate = {"choose": Gate.CHOOSE, "all_of": Gate.AND, "differ": Gate.XOR}[kind]

    def too_little(output: int, is_a: Gate, inputs: tuple[int, ...]) -> Iterator[Clause]:
        found = list(meaning(output, is_a, inputs))
        yield from found[:-1] if is_a is gate else found

    monkeypatch.setattr(circuit_module, "_meaning", too_little)
    assert [] != wrong_terms()


def test_circuit_decides_what_is_certain() -> None:
    """Gates of constants and of equal or opposite wires are no gates; equal gates are one."""
    circuit = Circuit()
    a, b = circuit.inputs(2)
    assert (circuit.all_of([]), circuit.any_of([]), circuit.all_of([a, TRUE, a])) == (TRUE, FALSE, a)
    assert (circuit.all_of([a, b, -a]), circuit.differ(a, a), circuit.differ(a, -a)) == (FALSE, FALSE, TRUE)
    assert (circuit.choose(TRUE, a, b), circuit.choose(FALSE, a, b), circuit.choose(a, b, b)) == (a, b, b)
    assert circuit.variables == 3
    assert circuit.differ(a, b) == -circuit.differ(-b, a)
    assert circuit.choose(a, b, -b) == -circuit.differ(a, b)
    assert circuit.all_of([b, a]) == circuit.all_of([a, b])
    assert circuit.variables == 5


def walk(steps: Stepper, length: int) -> Iterator[State]:
    """Yield the states of a random life."""
    chance, state = random.Random(7), steps.initial
    for _ in range(length):
        yield state
        after = [reached for _, reached in steps.successors(state)]
        state = chance.choice(after) if after else steps.initial


def state_literals(model: DeviceModel, bits: dict[str, Wires], state: State) -> list[int]:
    """Return the literals that are true where the state is this one."""
    return [lit for field, value in zip(model.fields, state, strict=True) for lit in literals(bits[field.name], value)]


def wrong_steps(scope: Scope) -> list[State]:
    """Return states of a random life from which the clauses take other steps than the Python reading."""
    steps, wrong = stepper(scope), []
    question = question_clauses.question_clauses(QuestionTerms(steps.model, 2, (), (Steps(0),)))
    for state in walk(steps, 24):
        after = {reached for _, reached in steps.successors(state)}
        with Glucose4(bootstrap_with=question.clauses) as solver:
            here = state_literals(steps.model, question.state_bits[0], state)
            next_ones = [state_literals(steps.model, question.state_bits[1], reached) for reached in after]
            are_taken = all(solver.solve(assumptions=here + there) for there in next_ones)
            solver.append_formula([[-literal for literal in there] for there in next_ones])
            if not are_taken or solver.solve(assumptions=here):
                wrong.append(state)
    return wrong


@pytest.mark.parametrize("scope", [EXACT, *OTHERS])
def test_clauses_take_exactly_the_steps_that_python_takes(scope: Scope) -> None:
    """From the states of a random life: each of those, and no other."""
    assert [] == wrong_steps(scope)


def test_field_that_may_change_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an action does not change stays: an encoder that forgets a field takes steps too many."""

    def forgetful(circuit: Circuit, left: Wires, right: Wires) -> int:
        return TRUE if len(left) == SEQ_BITS else bit_blaster.equal(circuit, left, right)

    monkeypatch.setattr(question_clauses, "equal", forgetful)
    assert [] != wrong_steps(EXACT)


def lost_actions(scope: Scope) -> list[str]:
    """Return actions that the clauses cannot take, or not as Python does, or not as a step of the relation."""
    steps, lost = stepper(scope), []
    model = steps.model
    fits = SomeHold(((~misfits(model), 0),))
    relation = question_clauses.question_clauses(QuestionTerms(model, 2, (), (Steps(0),)))
    with Glucose4(bootstrap_with=relation.clauses) as solver:
        for index, action in enumerate(model.actions):
            alone = question_clauses.question_clauses(QuestionTerms(model, 2, (), (fits, Steps(0, action.name))))
            found = solve_clauses(alone.clauses, LIMITS.seconds)
            before, after = (state_in(model, bits, found) for bits in alone.state_bits)
            taken = state_literals(model, relation.state_bits[0], before)
            taken += state_literals(model, relation.state_bits[1], after)
            if (index, after) not in steps.successors(before) or not solver.solve(assumptions=taken):
                lost.append(action.name)
    return lost


def state_in(model: DeviceModel, bits: dict[str, Wires], found: SatResult) -> State:
    """Return a state in a solution."""
    return tuple(
        sum(1 << place for place, wire in enumerate(bits[field.name]) if wire in found.values) for field in model.fields
    )


@pytest.mark.parametrize("scope", [EXACT, *OTHERS])
def test_every_action_is_a_step_that_python_takes(scope: Scope) -> None:
    """Each by itself has a solution, which is one of the steps in Python and one of the whole relation."""
    assert [] == lost_actions(scope)


@pytest.mark.parametrize("name", ["power_on", "accept", "commence_erases", "complete_programs", "cut_in_wipe"])
def test_action_that_is_dropped_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step relation with an action too few would prove too much."""
    right = question_clauses._QuestionWriter.asserted

    def all_but_one(writer: question_clauses._QuestionWriter, assertion: Assertion) -> list[int]:
        if isinstance(assertion, Steps) and assertion.action is None:
            left = (action for action in writer.model.actions if action.name != name)
            return [writer.circuit.any_of(writer._taken(action, assertion.at) for action in left)]
        return right(writer, assertion)

    monkeypatch.setattr(question_clauses._QuestionWriter, "asserted", all_but_one)
    assert name in lost_actions(EXACT)


@cache
def small_proof() -> tuple[Condition, ...]:
    """Return the questions of the induction of a small scope."""
    return induct(SMALL, claims_of(SMALL)).conditions


def test_premises_of_every_question_can_be_met() -> None:
    """Without its last assertion, what is denied, each question has a solution: premises do not refute themselves."""
    for condition in small_proof():
        assert condition.asked is not None
        *premises, _ = condition.asked.assertions
        assert solved(replace(condition.asked, assertions=tuple(premises))).answer is SatAnswer.SATISFIABLE


def test_both_encodings_have_the_same_answer() -> None:
    """With an invariant of the core left out at a time: some of these questions have a solution."""
    model = exact_model(SMALL)
    (step,) = (condition.asked for condition in small_proof() if condition.name == "step")
    assert step is not None
    core = [said.facts[0][0] for said in step.assertions if isinstance(said, SomeHold) and len(said.facts) == 1]
    answers = []
    for left_out in core[::3]:
        condition = step_condition(model, [invariant for invariant in core if invariant is not left_out])
        assert condition.asked is not None
        answers.append(solved(condition.asked).answer.value)
        assert condition.answers([Solver.Z3]) == {Solver.Z3: answers[-1]}
    assert {"sat", "unsat"} == set(answers)


def test_confirmed_counterexamples_are_solutions_of_the_clauses() -> None:
    """What z3 finds satisfiable, Glucose does."""
    decisions = decide(PROPER, ["C2", "C4"], effort=Effort(solvers=(Solver.Z3,), checks_vacuity=False))
    for decision in decisions:
        (condition,) = decision.conditions
        assert condition.asked is not None and decision.answers == {"z3": "sat"}
        assert solved(condition.asked).answer is SatAnswer.SATISFIABLE


def test_every_question_of_an_induction_is_in_terms() -> None:
    """That of the growth of numbers as well: each is certified."""
    decisions = decide(SMALL, ["C1", "C12"], effort=Effort(solvers=(Solver.Z3,), searches=False, checks_vacuity=False))
    conditions = {condition.name: condition for decision in decisions for condition in decision.conditions}
    proofs = {name: certify(c.asked, LIMITS).outcome for name, c in conditions.items() if c.needs == "unsat"}
    assert {"start", "step", "follow", "C12_growth"} <= set(proofs)
    assert set(proofs.values()) == {CertificateOutcome.CERTIFIED}


def test_ranking_function_is_certified() -> None:
    """The question of C9, whose proof is the longest to write down as terms."""
    scope = replace(PROPER, faults=FaultModel.F0)
    invariants = induct(scope, claims_of(scope)).invariants.values()
    found = certify(ranking_condition(exact_model(scope), invariants).asked, LIMITS)
    assert found.outcome is CertificateOutcome.CERTIFIED and found.question is not None
    assert dratify_accepts(found.question.dimacs(), found.proof)


def test_question_that_is_satisfiable_is_not_certified() -> None:
    """It has no proof, and is told as what it is."""
    question = Question(exact_model(SMALL))
    question.require_all([bool_field("session")])
    found = certify(question.in_terms(), LIMITS)
    assert (found.outcome, found.proof) == (CertificateOutcome.SATISFIABLE, ())


def test_question_that_is_asked_as_text_is_not_certified() -> None:
    """Its terms would leave the text out; nor are there terms in another process."""
    question = Question(exact_model(SMALL))
    question.require_start()
    assert question.in_terms() is not None
    question.require("false")
    assert certify(question.in_terms(), LIMITS).outcome is CertificateOutcome.NOT_IN_TERMS
    assert [c.asked for c in pickle.loads(pickle.dumps(small_proof()))] == [None] * len(small_proof())


def test_question_beyond_the_limits_is_not_certified() -> None:
    """It says which limit."""
    step = next(condition.asked for condition in small_proof() if condition.name == "step")
    too_big = certify(step, CertificateLimits(clauses=1000))
    assert (too_big.outcome, too_big.proof) == (CertificateOutcome.TOO_BIG, ())
    assert too_big.question is not None and len(too_big.question.clauses) > 1000


def test_solver_stops_when_its_time_is_over() -> None:
    """More pigeons than holes, which resolution takes for ever to refute."""
    holes = range(1, 14)
    place = {(pigeon, hole): 14 * pigeon + hole for pigeon in range(14) for hole in holes}
    clauses = [tuple(place[pigeon, hole] for hole in holes) for pigeon in range(14)]
    clauses += [(-place[a, hole], -place[b, hole]) for hole in holes for a in range(14) for b in range(a)]
    assert solve_clauses(clauses, 0.2).answer is SatAnswer.UNKNOWN


@cache
def certificates() -> dict[str, Certificate]:
    """Return the certificates of the induction of a small scope, by name of the question."""
    return {condition.name: certify(condition.asked, LIMITS) for condition in small_proof()}


def drat_trim_accepts(cnf: str, proof: Sequence[str], folder: Path) -> bool:
    """Ask drat-trim."""
    (folder / "question.cnf").write_text(cnf)
    (folder / "question.drat").write_text("".join(f"{line}\n" for line in proof))
    command = ["drat-trim", str(folder / "question.cnf"), str(folder / "question.drat")]
    return "s VERIFIED" in subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.fixture(params=["dratify", "drat-trim"])
def accepts(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, Sequence[str]], bool]:
    """A checker that is not ours: one from a package, and one that the tests find on the path or do without."""
    if request.param == "dratify":
        return dratify_accepts
    if shutil.which("drat-trim") is None:
        pytest.skip("drat-trim is not on the path")
    return partial(drat_trim_accepts, folder=tmp_path)


def test_foreign_checker_accepts_every_certificate(accepts: Callable[[str, Sequence[str]], bool]) -> None:
    """As it is written to the files."""
    assert all(accepts(c.question.dimacs(["a comment"]), c.proof) for c in certificates().values() if c.question)


def test_foreign_checker_rejects_a_corrupted_certificate(accepts: Callable[[str, Sequence[str]], bool]) -> None:
    """A proof that jumps to its end, and clauses without what was denied, or without a part of the premises."""
    for name in ("step", "follow"):
        certificate = certificates()[name]
        assert certificate.question is not None
        clauses = certificate.question.clauses
        denied = max(index for index, clause in enumerate(clauses) if len(clause) == 1)
        weaker = replace(certificate.question, clauses=clauses[:denied] + clauses[denied + 1 :])
        assert not accepts(certificate.question.dimacs(), ["0"])
        assert not accepts(weaker.dimacs(), certificate.proof)
