"""Parses the part of TLA+ that proofs/export/tla.py writes, and evaluates its operators in a state.

Made from the language alone, with lists by the column of their bullets. A mixture of /\\ and \\/ without brackets is
refused here as it is by TLA+.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import add, lt, mod, sub
from typing import Any

Value = int | bool | str
TOKEN = re.compile(r'\s*(?:(\w+\'?)|("\w*")|(==|/\\|\\/|\\in|\.\.|<<|>>|\[\]|[=#<+%~(){},\[\]_-]))')
OPERATIONS: dict[str, Callable[[int, int], Value]] = {"<": lt, "+": add, "-": sub, "%": mod}
JUNCTIONS = ("/\\", "\\/")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text."""

    text: str
    column: int
    is_first: bool
    """Nothing stands before it on its line."""


Tree = tuple[Any, ...]
"""("if", c, a, b), ("=", a, b), ("name", n), ("primed", n), ("value", v), ("set", …), ("unchanged", …) and so on."""


@dataclass
class Module:
    """What was read."""

    name: str
    variables: list[str]
    operators: dict[str, Tree]
    _known: dict[str, Value] = field(default_factory=dict)

    def evaluate(self, operator: str, state: Mapping[str, Value]) -> Value:
        """Return the value of an operator without primes in a state."""
        value: Value = _value(self, self.operators[operator], state, {})
        return value

    def step(self, operator: str, state: Mapping[str, Value]) -> dict[str, Value] | None:
        """Return the state after an action; None when it cannot be taken. Each variable must get one value."""
        after: dict[str, Value] = {}
        known: dict[str, Value] = {}
        tree = self.operators[operator]
        assert tree[0] == "/\\"
        for part in tree[1:]:
            if part[0] == "unchanged":
                new = {name: state[name] for name in part[1:]}
            elif part[0] == "=" and part[1][0] == "primed":
                new = {part[1][1]: _value(self, part[2], state, known)}
            else:
                if not _value(self, part, state, known):
                    return None
                continue
            assert not new.keys() & after.keys()
            after |= new
        assert set(after) == set(self.variables)
        return after


def initial_state(module: Module) -> dict[str, Value]:
    """Return the one state that Init allows."""
    return {part[1][1]: _value(module, part[2], {}, {}) for part in module.operators["Init"][1:]}


def read_module(text: str) -> Module:
    """Return the module; raise ValueError for text that is not in this part of TLA+."""
    without_comments = re.sub(r"\(\*.*?\*\)", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.DOTALL)
    lines = without_comments.splitlines()
    head = re.fullmatch(r"-+ MODULE (\w+) -+", lines[0])
    if head is None or not re.fullmatch("=+", lines[-1]):
        raise ValueError("no module")
    reader = _Reader(_tokens(lines[1:-1]))
    reader.take("EXTENDS")
    reader.take("Naturals")
    reader.take("VARIABLES")
    variables = [reader.next()]
    while reader.peek() == ",":
        reader.next()
        variables.append(reader.next())
    operators: dict[str, Tree] = {}
    while reader.peek():
        name = reader.next()
        reader.take("==")
        if name in operators:
            raise ValueError(f"{name} is defined twice")
        if name == "Spec":
            for word in ("Init", "/\\", "[]", "[", "Next", "]", "_vars"):
                reader.take(word)
            continue
        operators[name] = reader.expression()
        unknown = _names(operators[name]) - operators.keys() - set(variables) - {name}
        if unknown:
            raise ValueError(f"{name} speaks of {sorted(unknown)}")
    return Module(head[1], variables, operators)


class _Reader:
    """Reads expressions from words."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.limits = [-1]

    def peek(self) -> str:
        """Return the next word; "" where the item of a list, or the text, ends."""
        if self.place == len(self.tokens):
            return ""
        token = self.tokens[self.place]
        return "" if token.is_first and token.column <= self.limits[-1] else token.text

    def next(self) -> str:
        """Take the next word."""
        word = self.peek()
        self.place += 1
        return word

    def take(self, word: str) -> None:
        """Take a word that has to come."""
        if self.next() != word:
            around = " ".join(token.text for token in self.tokens[max(0, self.place - 9) : self.place + 3])
            raise ValueError(f"no {word} in: {around}")

    def expression(self) -> Tree:
        """Read a list, a choice or a junction."""
        if self.peek() in JUNCTIONS:
            return self._list()
        if self.peek() == "IF":
            self.next()
            condition = self.expression()
            self.take("THEN")
            then = self.expression()
            self.take("ELSE")
            return ("if", condition, then, self.expression())
        first = self._comparison()
        symbol = self.peek()
        if symbol not in JUNCTIONS:
            return first
        parts = [first]
        while self.peek() in JUNCTIONS:
            if self.next() != symbol:
                raise ValueError("/\\ and \\/ without brackets")
            parts.append(self._comparison())
        return (symbol, *parts)

    def _list(self) -> Tree:
        symbol, column = self.peek(), self.tokens[self.place].column
        parts = []
        while self.peek() == symbol and self.tokens[self.place].column == column:
            self.next()
            self.limits.append(column)
            parts.append(self.expression())
            if self.peek():
                raise ValueError(f"{self.peek()} after an item")
            self.limits.pop()
        return (symbol, *parts)

    def _comparison(self) -> Tree:
        left = self._sum()
        if self.peek() in ("=", "#", "<", "\\in"):
            return (self.next(), left, self._sum())
        return left

    def _sum(self) -> Tree:
        left = self._primary()
        while self.peek() in ("+", "-", "%", ".."):
            left = (self.next(), left, self._primary())
        return left

    def _primary(self) -> Tree:
        word = self.next()
        if word == "~":
            return ("~", self._primary())
        if word == "(":
            inner = self.expression()
            self.take(")")
            return inner
        if word in ("{", "<<"):
            return ("set", *self._items({"{": "}", "<<": ">>"}[word]))
        if word == "UNCHANGED":
            self.take("<<")
            return ("unchanged", *(item[1] for item in self._items(">>")))
        if word in ("TRUE", "FALSE"):
            return ("value", word == "TRUE")
        if word == "BOOLEAN":
            return ("set", ("value", False), ("value", True))
        if word.isdigit():
            return ("value", int(word))
        if word.startswith('"'):
            return ("value", word[1:-1])
        if re.fullmatch(r"[A-Za-z]\w*'?", word):
            return ("primed", word[:-1]) if word.endswith("'") else ("name", word)
        raise ValueError(f"{word!r} where a value should be")

    def _items(self, end: str) -> list[Tree]:
        items = [self._primary()]
        while self.peek() == ",":
            self.next()
            items.append(self._primary())
        self.take(end)
        return items


def _tokens(lines: list[str]) -> list[Token]:
    found = []
    for line in lines:
        place, is_first = 0, True
        while place < len(line.rstrip()):
            match = TOKEN.match(line, place)
            if match is None:
                raise ValueError(f"not understood: {line[place:]}")
            text = match[0].strip()
            found.append(Token(text, match.end() - len(text), is_first))
            place, is_first = match.end(), False
    return found


def _names(tree: Tree) -> set[str]:
    if tree[0] in ("name", "primed"):
        return {tree[1]}
    if tree[0] == "unchanged":
        return set(tree[1:])
    return {name for part in tree[1:] if isinstance(part, tuple) for name in _names(part)}


def _value(module: Module, tree: Tree, state: Mapping[str, Value], known: dict[str, Value]) -> Any:
    def of(part: Tree) -> Any:
        return _value(module, part, state, known)

    match tree:
        case ("value", value):
            return value
        case ("name", name) if name in state:
            return state[name]
        case ("name", name):
            if name not in known:
                known[name] = of(module.operators[name])
            return known[name]
        case ("/\\", *parts):
            return all(of(part) for part in parts)
        case ("\\/", *parts):
            return any(of(part) for part in parts)
        case ("~", part):
            return not of(part)
        case ("if", condition, then, otherwise):
            return of(then) if of(condition) else of(otherwise)
        case ("set", *parts):
            return [of(part) for part in parts]
        case ("..", first, last):
            return range(of(first), of(last) + 1)
        case ("\\in", part, among):
            return of(part) in of(among)
        case (symbol, left, right):
            a, b = of(left), of(right)
            assert type(a) is type(b), (symbol, a, b)
            if symbol in ("=", "#"):
                return (a == b) is (symbol == "=")
            assert isinstance(a, int) and isinstance(b, int)
            return OPERATIONS[symbol](a, b)
    raise ValueError(tree)
