"""Terms as closures: made in a small part of the time that compiled text takes, and slower to call.

For terms that few states are asked about. A closure takes the environment: a list with the fields of a state in their
places, and behind them what was found out of the terms that are used more than once; of the others nothing is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from .terms import Op, Term, nodes_of, uses_of

Environment = list[Any]
Closure = Callable[[Environment], Any]
"""From an environment to a number, or to what counts as true or false."""


class Closures:
    """The closures of some terms, which share what they have found out of one state."""

    def __init__(self, places: Mapping[str, int], terms: Iterable[Term]) -> None:
        """Make them; places: of the fields in a state."""
        self._unknown: list[None] = []
        self._places = places
        self._made: dict[Term, Closure] = {}
        terms = list(terms)
        uses = uses_of(terms)
        for node in nodes_of(terms):
            made = self._closure(node)
            is_plain = node.op in (Op.FIELD, Op.VALUE, Op.NOT) or self._tested(node) is not None
            self._made[node] = made if uses[node] == 1 or is_plain else self._shared(made)

    def of(self, term: Term) -> Closure:
        """Return the closure of one of the terms."""
        return self._made[term]

    def environment(self, state: Sequence[int]) -> Environment:
        """Return the environment of a state, of which nothing is known yet."""
        return [*state, *self._unknown]

    def _closure(self, node: Term) -> Closure:
        if node.op is Op.VALUE:
            value = node.value
            return lambda env: value
        if node.op is Op.FIELD:
            return itemgetter(self._places[str(node.args[0])])
        tested = self._tested(node)
        if tested is not None:
            place, wanted = tested
            return lambda env: env[place] == wanted
        args = [self._made[arg] for arg in node.args if isinstance(arg, Term)]
        return _MAKERS[node.op](args, (1 << node.bits) - 1)

    def _tested(self, node: Term) -> tuple[int, int] | None:
        """Return the place and the value, of a term that says of a field that it has a value; None for others."""
        if node.op is not Op.EQUAL:
            return None
        left, right = node.args
        assert isinstance(left, Term) and isinstance(right, Term)
        if left.op is not Op.FIELD or right.value is None:
            return None
        return self._places[str(left.args[0])], right.value

    def _shared(self, made: Closure) -> Closure:
        place = len(self._places) + len(self._unknown)
        self._unknown.append(None)

        def shared(env: Environment) -> Any:
            known = env[place]
            if known is None:
                known = env[place] = made(env)
            return known

        return shared


def _all(args: Sequence[Closure], mask: int) -> Closure:
    if len(args) == 2:
        first, second = args
        return lambda env: first(env) and second(env)
    if len(args) == 3:
        one, two, three = args
        return lambda env: one(env) and two(env) and three(env)

    def conjunction(env: Environment) -> bool:
        for arg in args:  # noqa: SIM110  # a generator takes longer
            if not arg(env):
                return False
        return True

    return conjunction


def _any(args: Sequence[Closure], mask: int) -> Closure:
    if len(args) == 2:
        first, second = args
        return lambda env: first(env) or second(env)
    if len(args) == 3:
        one, two, three = args
        return lambda env: one(env) or two(env) or three(env)

    def disjunction(env: Environment) -> bool:
        for arg in args:  # noqa: SIM110  # a generator takes longer
            if arg(env):
                return True
        return False

    return disjunction


def _not(args: Sequence[Closure], mask: int) -> Closure:
    (arg,) = args
    return lambda env: not arg(env)


def _equal(args: Sequence[Closure], mask: int) -> Closure:
    left, right = args
    return lambda env: left(env) == right(env)


def _less(args: Sequence[Closure], mask: int) -> Closure:
    left, right = args
    return lambda env: left(env) < right(env)


def _plus(args: Sequence[Closure], mask: int) -> Closure:
    left, right = args
    return lambda env: (left(env) + right(env)) & mask


def _minus(args: Sequence[Closure], mask: int) -> Closure:
    left, right = args
    return lambda env: (left(env) - right(env)) & mask


def _choose(args: Sequence[Closure], mask: int) -> Closure:
    condition, then, otherwise = args
    return lambda env: then(env) if condition(env) else otherwise(env)


_MAKERS: dict[Op, Callable[[Sequence[Closure], int], Closure]] = {
    Op.NOT: _not,
    Op.AND: _all,
    Op.OR: _any,
    Op.EQUAL: _equal,
    Op.LESS: _less,
    Op.PLUS: _plus,
    Op.MINUS: _minus,
    Op.CHOOSE: _choose,
}
"""From the closures of the arguments, and the mask of the term's width, to the closure of the term."""
