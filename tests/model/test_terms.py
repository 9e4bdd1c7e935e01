"""Terms: what building one decides, and that all readings give it one meaning."""

import random
from collections.abc import Callable

import pytest
import z3

from otaproof.model.config import Config
from otaproof.model.device.model import device_model
from otaproof.model.device.records import Numbers
from otaproof.model.device.state import Ghost, Scope
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.terms.terms import (
    Bool,
    Num,
    Op,
    Term,
    all_of,
    any_of,
    bool_field,
    choose,
    fact,
    fields_of,
    first_of,
    nodes_of,
    num_field,
    number,
    replaced,
    table,
)
from otaproof.proofs.smt.z3_terms import Z3Reading

A, B = num_field("a", 3), num_field("b", 5)
P, Q = bool_field("p"), bool_field("q")
Values = dict[str, int]


def meaning(term: Term, values: Values) -> int:
    """Return what a term is, by its definition: a third reading, without any cleverness."""
    parts = [meaning(arg, values) for arg in term.args if isinstance(arg, Term)]
    match term.op:
        case Op.VALUE:
            return int(term.args[0])  # type: ignore[arg-type]  # VALUE holds an int
        case Op.FIELD:
            return values[str(term.args[0])]
        case Op.NOT:
            return 1 - parts[0]
        case Op.AND:
            return int(all(parts))
        case Op.OR:
            return int(any(parts))
        case Op.EQUAL:
            return int(parts[0] == parts[1])
        case Op.LESS:
            return int(parts[0] < parts[1])
        case Op.PLUS:
            return (parts[0] + parts[1]) % (1 << term.bits)
        case Op.MINUS:
            return (parts[0] - parts[1]) % (1 << term.bits)
        case Op.CHOOSE:
            return parts[1] if parts[0] else parts[2]


def random_pair(rng: random.Random, depth: int, is_fact: bool) -> tuple[Term, Callable[[Values], int]]:
    """Return a term, built by the operators, and a function that was never simplified."""
    if depth == 0:
        if is_fact:
            name = rng.choice("pq")
            constant = rng.random() < 0.3
            is_so = rng.random() < 0.5
            return (fact(is_so), lambda v: int(is_so)) if constant else (bool_field(name), lambda v: v[name])
        if rng.random() < 0.4:
            value = rng.randrange(8)
            return number(value, 3), lambda v: value
        return (A, lambda v: v["a"]) if rng.random() < 0.5 else (B, lambda v: v["b"])
    if not is_fact:
        (c, fc), (x, fx), (y, fy) = (random_pair(rng, depth - 1, kind) for kind in (True, False, False))
        assert isinstance(c, Bool) and isinstance(x, Num) and isinstance(y, Num)
        bits = max(x.bits, y.bits)
        return rng.choice(
            [
                (choose(c, x, y), lambda v: fx(v) if fc(v) else fy(v)),
                (x + y, lambda v: (fx(v) + fy(v)) % (1 << bits)),
                (x - y, lambda v: (fx(v) - fy(v)) % (1 << bits)),
            ]
        )
    if rng.random() < 0.4:
        (x, fx), (y, fy) = (random_pair(rng, depth - 1, False) for _ in range(2))
        assert isinstance(x, Num) and isinstance(y, Num)
        return rng.choice(
            [
                (x == y, lambda v: int(fx(v) == fy(v))),
                (x != y, lambda v: int(fx(v) != fy(v))),
                (x < y, lambda v: int(fx(v) < fy(v))),
                (x <= y, lambda v: int(fx(v) <= fy(v))),
                (x > y, lambda v: int(fx(v) > fy(v))),
                (x >= y, lambda v: int(fx(v) >= fy(v))),
                (x.is_in(1, 5), lambda v: int(fx(v) in (1, 5))),
            ]
        )
    (p, fp), (q, fq), (r, fr) = (random_pair(rng, depth - 1, True) for _ in range(3))
    assert isinstance(p, Bool) and isinstance(q, Bool) and isinstance(r, Bool)
    return rng.choice(
        [
            (p & q, lambda v: fp(v) & fq(v)),
            (p | q, lambda v: fp(v) | fq(v)),
            (~p, lambda v: 1 - fp(v)),
            (p.implies(q), lambda v: int(fp(v) <= fq(v))),
            (p.same_as(q), lambda v: int(fp(v) == fq(v))),
            (choose(p, q, r), lambda v: fq(v) if fp(v) else fr(v)),
        ]
    )


def test_what_building_a_term_decides_never_changes_its_meaning() -> None:
    """Random terms, against functions that do the same one operation after another."""
    rng = random.Random(1)
    for _ in range(4000):
        term, function = random_pair(rng, rng.randrange(5), rng.random() < 0.7)
        values = {"a": rng.randrange(8), "b": rng.randrange(32), "p": rng.randrange(2), "q": rng.randrange(2)}
        assert function(values) == meaning(term, values), (term, values)
        inner = {"a": A + 1, "p": P & Q}
        changed = values | {"a": (values["a"] + 1) % 8, "p": values["p"] & values["q"]}
        assert meaning(term, changed) == meaning(replaced(term, dict(inner)), values)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(Config(rollback=True, anti_rollback=True), faults=FaultModel.F3, ghosts=frozenset(Ghost)),
        Scope(Config(skip_validate_in_deep_sleep=True), slots=3, has_factory=True, numbers=Numbers.EXACT),
    ],
    ids=["anti-rollback", "exact numbers"],
)
def test_all_readings_of_every_guard_and_effect_agree(scope: Scope) -> None:
    """By definition, as a Python function, and as a z3 formula, in made-up states."""
    model, steps, reading = device_model(scope), stepper(scope), Z3Reading()
    rng = random.Random(2)
    terms = [t for action in model.actions for t in (model.guard(action), *model.effects[action.name].values())]
    for term in rng.sample(terms, 60):
        state = tuple(rng.randrange(1 << max(1, min(f.bits, 3))) for f in model.fields)
        values = dict(zip(steps.names, state, strict=True))
        if len(list(nodes_of([term]))) < 60:
            assert meaning(term, values) == steps.value(term, state)
        constants = [
            (z3.BitVec(f.name, f.bits), z3.BitVecVal(v, f.bits)) if f.bits else (z3.Bool(f.name), z3.BoolVal(bool(v)))
            for f, v in zip(model.fields, state, strict=True)
        ]
        found = z3.simplify(z3.substitute(reading(term), *constants))
        assert steps.value(term, state) == (int(z3.is_true(found)) if z3.is_bool(found) else found.as_long())


@pytest.mark.parametrize(
    "use", [lambda: bool(P), lambda: P and Q, lambda: not A, lambda: A if P else B, lambda: 1 in (A,)]
)
def test_pythons_own_logic_is_refused(use: Callable[[], object]) -> None:
    """A term is neither true nor false."""
    with pytest.raises(TypeError, match="no truth value"):
        use()


def test_equal_terms_are_one_object() -> None:
    """So what is known of one is known of the other."""
    assert (A == 3) is (num_field("a", 3) == 3)
    assert (P & Q) is (bool_field("p") & bool_field("q"))
    assert hash(A) == hash(num_field("a", 3))
    assert A is not num_field("a", 4)


@pytest.mark.parametrize(
    ("expected", "term"),
    [
        (fact(False), P & ~P),
        (fact(True), P | ~P),
        (P, P & fact(True)),
        (P, P & P),
        (P, ~~P),
        (fact(True), ~fact(False)),
        (fact(True), all_of(())),
        (fact(False), any_of(())),
        (fact(True), A == A),  # noqa: PLR0124
        (fact(False), A < A),  # noqa: PLR0124
        (fact(False), A < 0),
        (fact(True), A < 8),
        (fact(False), number(7) < A),
        (fact(True), number(2) < number(3)),
        (fact(False), A == 8),
        (fact(True), number(3) == number(3)),
        (A == 3, 3 == A),
        (P, choose(P, number(1), number(2)) == 1),
        (A, choose(fact(True), A, B)),
        (B, choose(fact(False), A, B)),
        (A, choose(P, A, A)),
        (choose(P, B, A), choose(~P, A, B)),
        (A, A + 0),
        (number(1, 3), number(7, 3) + number(2, 3)),
        (number(6, 3), number(1, 3) - number(3, 3)),
        (choose(P, number(1), number(2)), first_of([(P, number(1))], number(2))),
        (A == A + 1, A == A + 1),
        (number(5, 3), table(number(1), (4, number(5, 3), 6))),
    ],
)
def test_what_is_certain_is_decided(expected: Term, term: Term) -> None:
    """A model for one configuration has only the parts that matter to it."""
    assert expected is term


def test_an_index_beyond_a_table_gives_its_last_value() -> None:
    """As documented."""
    assert 30 == meaning(table(A, (10, 20, 30)), {"a": 6})


def test_widths_are_the_larger_one() -> None:
    """And a constant is as wide as it needs to be."""
    assert 5 == (A + B).bits
    assert (1, 3, 9) == (number(0).bits, number(7).bits, number(7, 9).bits)


@pytest.mark.parametrize(
    ("expected", "term"),
    [
        ("(a == 3)", A == 3),
        ("~(a == 3)", A != 3),
        ("(p & q & (a < b))", P & Q & (A < B)),
        ("(p | ~q)", P | ~Q),
        ("choose(p, a, (b + 1))", choose(P, A, B + 1)),
        ("(b - a)", B - A),
        ("True", fact(True)),
        ("7", number(7)),
    ],
)
def test_a_term_reads_as_it_was_written(expected: str, term: Term) -> None:
    """With brackets."""
    assert expected == repr(term)


def test_a_deep_term_is_told_in_part() -> None:
    """Its parts are shared: written out whole, a hundred sums of a sum with itself would fill any memory."""
    term = A
    for _ in range(100):
        term = term + term
    assert len(repr(term)) < 5000 and "…" in repr(term)


def test_fields_and_nodes_of_a_term() -> None:
    """Each node once, arguments first."""
    term = choose(P, A, A + 1) == B
    nodes = list(nodes_of([term, P]))
    assert {"a", "b", "p"} == fields_of(term)
    assert len(nodes) == len(set(nodes))
    places = {node: place for place, node in enumerate(nodes)}
    for node in nodes:
        assert all(places[arg] < places[node] for arg in node.args if isinstance(arg, Term))


def test_value_is_that_of_a_constant() -> None:
    """And None for what has to be asked of a state."""
    assert (5, 1, None) == (number(5).value, fact(True).value, A.value)
