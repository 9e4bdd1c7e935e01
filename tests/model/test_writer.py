"""The one walk over terms, and the text that a table of a language makes of them."""

from itertools import product

import pytest

from otaproof.model.config import Config
from otaproof.model.device.model import device_model
from otaproof.model.device.state import Scope
from otaproof.model.device.stepper import PYTHON
from otaproof.model.terms.evaluate import evaluated
from otaproof.model.terms.terms import Op, Term, bool_field, choose, fact, nodes_of, num_field, number
from otaproof.model.terms.walker import arguments_of, walk
from otaproof.model.terms.writer import Writer, atom, infix, shaped

A, B = num_field("a", 2), num_field("b", 3)
P, Q = bool_field("p"), bool_field("q")
SHARED = (A + B) == 3
TERMS = (
    P & ~Q,
    (P | Q) & SHARED,
    choose(SHARED, A - B, B + 1),
    choose(A < B, number(5), choose(SHARED & P, A, B)),
    number(7),
    fact(True),
)


def test_each_node_is_visited_once_after_its_arguments() -> None:
    """Left to right, as nodes_of() has it; and none again that has a value."""
    visited: list[Term] = []

    def visit(node: Term, args: list[int]) -> int:
        visited.append(node)
        return 1 + sum(args)

    done: dict[Term, int] = {}
    for term in TERMS:
        walk(term, arguments_of, visit, done)
    assert list(nodes_of(TERMS)) == visited
    assert 1 + sum(done[arg] for arg in arguments_of(TERMS[2])) == done[TERMS[2]]


def test_deep_terms_are_walked() -> None:
    """Deeper than Python's calls go."""
    term = A
    for _ in range(20_000):
        term = term + B
    assert (3 + 20_000 * 2) % 8 == evaluated(term, {"a": 3, "b": 2})


@pytest.mark.parametrize("term", TERMS, ids=repr)
def test_python_text_means_what_the_term_means(term: Term) -> None:
    """For all values of its fields, with and without a variable for what is shared."""
    writer = Writer(PYTHON, [term, SHARED])
    assignments = list(writer.assignments([term, SHARED]))
    assert all(name in ("t0", "t1", "t2") for name, _ in assignments)
    for a, b, p, q in product(range(4), range(8), (False, True), (False, True)):
        space = {"a": a, "b": b, "p": p, "q": q}
        for name, text in assignments:
            space[name] = eval(text, {}, space)
        assert evaluated(term, space) == int(eval(writer.text(term), {}, space))
        assert evaluated(term, space) == int(eval(Writer(PYTHON).text(term), {}, space))


def test_shared_parts_get_one_variable_each_and_plain_ones_none() -> None:
    """Unless every term is to have one; what is assigned before is used again."""
    goals = [SHARED & P, SHARED & Q]
    writer = Writer(PYTHON, goals)
    assert [("t0", "(((a + b) & 7) == 3)")] == list(writer.assignments(goals))
    assert "(t0 and q)" == writer.text(goals[1])
    later = Writer(PYTHON, [SHARED & P, A], names=writer.names, prefix="v", assigns_all=True)
    assert [("v1", "a"), ("v2", "(t0 and p)")] == list(later.assignments([SHARED & P, A]))


def test_handlers_fill_in_arguments_and_widths() -> None:
    """A format, a symbol, or the thing itself."""
    assert "x of y, 7, 8" == shaped("{0} of {1}, {mask}, {modulus}")(B, ["x", "y"])
    assert "(x; y; z)" == infix("; ")(P, ["x", "y", "z"])
    assert ("a", "7") == (atom(A, []), atom(number(7), []))


def test_every_operation_has_a_handler() -> None:
    """And the model uses all of them."""
    assert set(Op) == set(PYTHON)
    model = device_model(Scope(Config(rollback=True, anti_rollback=True), slots=3))
    terms = [term for effects in model.effects.values() for term in effects.values()]
    assert set(Op) - {Op.MINUS} <= {node.op for node in nodes_of(terms)}
