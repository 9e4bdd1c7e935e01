"""The language in which the device model is written: terms over yes-or-no facts and small unsigned numbers.

A guard such as `(active.word == Word.NEW) & rollback` builds a term, and decides nothing. A *reading* of the model then
gives the term a meaning: as a Python function, as a bit-vector formula, as compiled code, as Promela or TLA+ text. A
reading has to know the ten operations of `Op`, and no more.

Numbers are unsigned and have a width in bits. An operation on two widths takes the larger one; `+` and `-` wrap there.
Python's own `and`, `or`, `not`, `if` and `in` cannot be used on terms, and say so.

Equal terms are one object: building a term looks for it first, and decides on the way what is already certain. So a
model built for one configuration has only the parts that matter to it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import ClassVar, TypeVar

_TOLD_DEPTH = 8
"""How deep repr() goes into a term."""
_REMEMBERED = 1 << 14
"""So many results of each operation are kept: models of two configurations have many of their terms in common."""


class Op(Enum):
    """What a term does with its arguments."""

    VALUE = "value"
    """A constant; the argument is an int, or a bool."""
    FIELD = "field"
    """A field of the state; the argument is its name."""
    NOT = "not"
    AND = "and"
    OR = "or"
    EQUAL = "=="
    LESS = "<"
    PLUS = "+"
    MINUS = "-"
    CHOOSE = "choose"
    """(condition, then, otherwise)."""

    # By identity, which is much faster than by name: each term that is made looks one up.
    __hash__ = object.__hash__


class Term:
    """A node; made by the operators and functions of this module, never by hand."""

    __slots__ = ("args", "bits", "op", "value")
    _known: ClassVar[dict[tuple[object, ...], "Term"]] = {}

    op: Op
    args: tuple["Term | int | str", ...]
    bits: int
    """Width of a number; 0 for a yes-or-no fact."""
    value: int | None
    """The number of a constant (0 or 1 of a constant fact), None for any other term."""

    def __bool__(self) -> bool:
        """Refuse: a term is neither true nor false until a reading gives it a state."""
        raise TypeError("a term has no truth value here; use & | ~ and choose()")

    def __repr__(self) -> str:
        """Return the term as text with brackets; what lies deep in it is left out, as terms share their parts."""
        return self._text(_TOLD_DEPTH)

    def _text(self, depth: int) -> str:
        if self.op is Op.VALUE:
            return str(bool(self.args[0])) if self.bits == 0 else str(self.args[0])
        if self.op is Op.FIELD:
            return str(self.args[0])
        if depth == 0:
            return "…"
        parts = [arg._text(depth - 1) if isinstance(arg, Term) else str(arg) for arg in self.args]
        match self.op:
            case Op.NOT:
                return f"~{parts[0]}"
            case Op.CHOOSE:
                return f"choose({', '.join(parts)})"
            case _:
                symbol = {Op.AND: "&", Op.OR: "|"}.get(self.op, self.op.value)
                return "(" + f" {symbol} ".join(parts) + ")"


class Bool(Term):
    """A yes-or-no fact."""

    __slots__ = ()

    def __and__(self, other: "Bool") -> "Bool":
        """Both hold."""
        return all_of((self, other))

    def __or__(self, other: "Bool") -> "Bool":
        """At least one holds."""
        return any_of((self, other))

    def __invert__(self) -> "Bool":
        """It does not hold."""
        if self.value is not None:
            return fact(not self.value)
        if self.op is Op.NOT:
            inner = self.args[0]
            assert isinstance(inner, Bool)
            return inner
        return _make(Bool, Op.NOT, (self,), 0)

    def implies(self, other: "Bool") -> "Bool":
        """Where this holds, so does the other."""
        return ~self | other

    def same_as(self, other: "Bool") -> "Bool":
        """Both hold or neither does."""
        return (self & other) | (~self & ~other)


class Num(Term):
    """An unsigned number of `bits` bits."""

    __slots__ = ()

    # By identity: equal terms are one object.
    __hash__ = object.__hash__

    def __eq__(self, other: "Num | int") -> Bool:  # type: ignore[override]  # a comparison of terms is a term
        """The two are equal."""
        return _equal(self, other)

    def __ne__(self, other: "Num | int") -> Bool:  # type: ignore[override]
        """The two differ."""
        return ~(self == other)

    def __lt__(self, other: "Num | int") -> Bool:
        """This one is smaller."""
        other = number(other)
        if self is other or other.value == 0:
            return fact(False)
        if self.value is not None and other.value is not None:
            return fact(self.value < other.value)
        if other.value is not None and other.value >> self.bits:
            return fact(True)
        if self.value is not None and self.value >= (1 << other.bits) - 1:
            return fact(False)
        return _make(Bool, Op.LESS, (self, other), 0)

    def __le__(self, other: "Num | int") -> Bool:
        """This one is not greater."""
        return ~(number(other) < self)

    def __gt__(self, other: "Num | int") -> Bool:
        """This one is greater."""
        return number(other) < self

    def __ge__(self, other: "Num | int") -> Bool:
        """This one is not smaller."""
        return ~(self < other)

    def __add__(self, other: "Num | int") -> "Num":
        """The sum, modulo 2^bits."""
        return _arithmetic(Op.PLUS, self, number(other))

    def __sub__(self, other: "Num | int") -> "Num":
        """The difference, modulo 2^bits."""
        return _arithmetic(Op.MINUS, self, number(other))

    def is_in(self, *values: int) -> Bool:
        """It is one of the values."""
        return _is_in(self, values)


AnyTerm = TypeVar("AnyTerm", bound=Term)
Sort = TypeVar("Sort", Bool, Num)


def fact(value: bool) -> Bool:
    """Return the constant fact."""
    return _FACTS[value]


def number(value: "Num | int", bits: int | None = None) -> Num:
    """Return a constant, as wide as it needs to be unless `bits` says; a term is returned as it is."""
    if isinstance(value, Num):
        return value
    known = _numbers.get((value, bits))
    if known is None:
        known = _make(Num, Op.VALUE, (int(value),), bits or max(1, int(value).bit_length()))
        _numbers[value, bits] = known
    return known


def num_field(name: str, bits: int) -> Num:
    """Return the field of that name: a number of `bits` bits."""
    return _make(Num, Op.FIELD, (name,), bits)


def bool_field(name: str) -> Bool:
    """Return the field of that name: a fact."""
    return _make(Bool, Op.FIELD, (name,), 0)


def all_of(facts: Iterable[Bool]) -> Bool:
    """Return the fact that all of them hold; of none, true."""
    return _joined(Op.AND, tuple(facts), 1)


def any_of(facts: Iterable[Bool]) -> Bool:
    """Return the fact that at least one holds; of none, false."""
    return _joined(Op.OR, tuple(facts), 0)


def choose(condition: Bool, then: Sort, otherwise: Sort) -> Sort:
    """Return `then` where the condition holds, else `otherwise`."""
    return _chosen(condition, then, otherwise)  # type: ignore[return-value]  # of their sort


@lru_cache(_REMEMBERED)
def _chosen(condition: Bool, then: Bool | Num, otherwise: Bool | Num) -> Bool | Num:
    if condition.value is not None:
        return then if condition.value else otherwise
    if then is otherwise:
        return then
    if isinstance(then, Bool) and isinstance(otherwise, Bool):
        return (condition & then) | (~condition & otherwise)
    if condition.op is Op.NOT:
        inner = condition.args[0]
        assert isinstance(inner, Bool)
        return _chosen(inner, otherwise, then)
    return _make(type(then), Op.CHOOSE, (condition, then, otherwise), max(then.bits, otherwise.bits))


def first_of(cases: Iterable[tuple[Bool, Sort]], otherwise: Sort) -> Sort:
    """Return the value of the first case that holds."""
    result = otherwise
    for condition, value in reversed(list(cases)):
        result = choose(condition, value, result)
    return result


def table(index: Num, values: Iterable[Num | int]) -> Num:
    """Return the value number `index`; the last one for an index beyond them."""
    *cases, last = (number(value) for value in values)
    return first_of(((index == place, value) for place, value in enumerate(cases)), last)


def fields_of(term: Term) -> frozenset[str]:
    """Return the names of the fields that the term reads."""
    return frozenset(str(node.args[0]) for node in nodes_of([term]) if node.op is Op.FIELD)


def nodes_of(terms: Iterable[Term]) -> Iterator[Term]:
    """Yield every node of the terms once, arguments before what uses them."""
    seen: set[Term] = set()
    stack: list[tuple[Term, bool]] = [(term, False) for term in reversed(list(terms))]
    while stack:
        node, is_ready = stack.pop()
        if is_ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(arg, False) for arg in reversed(node.args) if isinstance(arg, Term) and arg not in seen]


def uses_of(terms: Iterable[Term]) -> Counter[Term]:
    """Return how often each term is used: by another one, or as one of those given."""
    uses: Counter[Term] = Counter(terms)
    unseen = list(uses)
    while unseen:
        for arg in unseen.pop().args:
            if not isinstance(arg, Term):
                continue
            if arg in uses:
                uses[arg] += 1
            else:
                uses[arg] = 1
                unseen.append(arg)
    return uses


def replaced(term: AnyTerm, values: dict[str, Term]) -> AnyTerm:
    """Return the term with fields replaced by other terms of their kind: how one step is put after another."""
    done: dict[Term, Term] = {}
    for node in nodes_of([term]):
        done[node] = _rebuilt(node, done, values)
    result = done[term]
    assert isinstance(result, type(term))
    return result


def _rebuilt(node: Term, done: dict[Term, Term], values: dict[str, Term]) -> Term:
    if node.op is Op.VALUE:
        return node
    if node.op is Op.FIELD:
        return values.get(str(node.args[0]), node)
    args = [done[arg] for arg in node.args if isinstance(arg, Term)]
    facts = [arg for arg in args if isinstance(arg, Bool)]
    numbers = [arg for arg in args if isinstance(arg, Num)]
    match node.op:
        case Op.NOT:
            return ~facts[0]
        case Op.AND:
            return all_of(facts)
        case Op.OR:
            return any_of(facts)
        case Op.EQUAL:
            return numbers[0] == numbers[1]
        case Op.LESS:
            return numbers[0] < numbers[1]
        case Op.PLUS:
            return numbers[0] + numbers[1]
        case Op.MINUS:
            return numbers[0] - numbers[1]
        case _:
            return choose(facts[0], numbers[0], numbers[1])


@lru_cache(_REMEMBERED)
def _joined(op: Op, facts: tuple[Bool, ...], neutral: int) -> Bool:
    parts: dict[Term | int | str, None] = {}
    denied: set[Term | int | str] = set()
    for part in facts:
        if part.value is not None:
            if part.value != neutral:
                return fact(not neutral)
            continue
        # What is joined of joined facts are facts, and none of them is certain.
        for item in part.args if part.op is op else (part,):
            if item in parts:
                continue
            if item.op is Op.NOT:  # type: ignore[union-attr]
                opposite = item.args[0]  # type: ignore[union-attr]
                if opposite in parts:
                    return fact(not neutral)
                denied.add(opposite)
            elif item in denied:
                return fact(not neutral)
            parts[item] = None
    if not parts:
        return fact(bool(neutral))
    if len(parts) == 1:
        return next(iter(parts))  # type: ignore[return-value]  # a fact
    return _make(Bool, op, tuple(parts), 0)


@lru_cache(_REMEMBERED)
def _is_in(num: Num, values: tuple[int, ...]) -> Bool:
    return any_of(num == value for value in values)


@lru_cache(_REMEMBERED)
def _equal(left: Num, other: Num | int) -> Bool:
    right = number(other)
    if left is right:
        return fact(True)
    if left.value is not None:
        left, right = right, left
    if left.value is not None and right.value is not None:
        return fact(left.value == right.value)
    if right.value is None:
        return _make(Bool, Op.EQUAL, (left, right), 0)
    if right.value >> left.bits:
        return fact(False)
    if left.op is Op.CHOOSE:
        condition, then, otherwise = left.args
        assert isinstance(condition, Bool) and isinstance(then, Num) and isinstance(otherwise, Num)
        if then.value is not None or otherwise.value is not None:
            return choose(condition, then == right, otherwise == right)
    return _make(Bool, Op.EQUAL, (left, right), 0)


def _arithmetic(op: Op, left: Num, right: Num) -> Num:
    bits = max(left.bits, right.bits)
    if right.value == 0 and left.bits == bits:
        return left
    if left.value is not None and right.value is not None:
        result = left.value + right.value if op is Op.PLUS else left.value - right.value
        return number(result % (1 << bits), bits)
    return _make(Num, op, (left, right), bits)


def _make(kind: type[AnyTerm], op: Op, args: tuple[Term | int | str, ...], bits: int) -> AnyTerm:
    key = (kind, op, args, bits)
    known = Term._known.get(key)
    if known is None:
        known = kind.__new__(kind)
        known.op, known.args, known.bits = op, args, bits
        known.value = int(args[0]) if op is Op.VALUE else None  # type: ignore[arg-type]  # VALUE holds an int
        Term._known[key] = known
    assert isinstance(known, kind)
    return known


_numbers: dict[tuple[int, int | None], Num] = {}
"""Constants by their value, and the width that was asked for."""
_FACTS = _make(Bool, Op.VALUE, (0,), 0), _make(Bool, Op.VALUE, (1,), 0)
