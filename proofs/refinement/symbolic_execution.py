"""Python code run on words that stand for all their values at once.

`explored_paths(function)` runs a function again and again. Where the code asks whether a comparison of symbolic words
is true, the run forks: it takes one side now and the other side in a later run, each if it is possible at all. What
comes back is a list of paths: under which condition one is taken, and what the function then returns or raises. The
conditions exclude each other and leave nothing out, so the list *is* the function, which needs no change for it.

Arithmetic is exact, as Python's is: a word knows its bounds, and a result is as wide as its bounds need. So
`(seq - 1) % WORD` wraps where the code says so and nowhere else; `%` is Python's, with the sign of the divisor.

    seq = SymWord.free("seq")
    for path in explored_paths(lambda: slot_of_seq(seq, 3)): ...

Left out: words as lengths, indices or dictionary keys, division, and shifts; using a word so raises TypeError.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import z3

MAX_PATHS = 10_000
"""More paths than any function of ours has: a loop that does not end is caught here."""


class TooManyPaths(Exception):
    """The function forks without end, or nearly so."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path through a function."""

    condition: Any
    """The z3 formula of exactly the values that take it."""
    result: Any
    """What the function returned; None when it raised."""
    raised: type[BaseException] | None = None
    """What the function raised instead, if it did."""


class SymBool:
    """The truth of a comparison; asking for it forks the run."""

    __slots__ = ("term",)

    def __init__(self, term: Any) -> None:
        """Wrap a z3 formula."""
        self.term = term

    def __bool__(self) -> bool:
        """Return the truth on the path that is being run."""
        run = _RUN.get()
        if run is None:
            raise TypeError("a symbolic truth outside explored_paths()")
        return run.decide(self.term)


class SymWord:
    """An integer within bounds, known or not: a two's complement bit-vector as wide as the bounds need."""

    __slots__ = ("high", "low", "term")

    def __init__(self, term: Any, low: int, high: int) -> None:
        """Wrap a z3 bit-vector that, read as signed, is never below `low` or above `high`."""
        self.low, self.high = low, high
        self.term = _resized(term, _width(low, high), is_signed=low < 0)

    @classmethod
    def free(cls, name: str, bits: int = 32) -> SymWord:
        """Return a word that may be anything from 0 to 2^bits - 1; its z3 variable has that name and width."""
        return cls(z3.ZeroExt(1, z3.BitVec(name, bits)), 0, (1 << bits) - 1)

    def __repr__(self) -> str:
        """Return the term."""
        return f"SymWord({z3.simplify(self.term)})"

    def __hash__(self) -> int:
        """Refuse: equality of words forks, so they cannot be keys."""
        raise TypeError("a symbolic word cannot be a key")

    def bits(self, count: int = 32) -> Any:
        """Return the lowest `count` bits, of as many as it takes, as a z3 bit-vector."""
        return self.term if count == self.width else _resized(self.term, count, is_signed=self.low < 0)

    @property
    def width(self) -> int:
        """The bits of its term."""
        return _width(self.low, self.high)

    def __eq__(self, other: object) -> SymBool:  # type: ignore[override]  # forks where Python wants a bool
        """Tell whether both are the same number."""
        left, right = _aligned(self, _word(other))
        return SymBool(left == right)

    def __ne__(self, other: object) -> SymBool:  # type: ignore[override]
        """Tell whether they differ."""
        left, right = _aligned(self, _word(other))
        return SymBool(left != right)

    def __lt__(self, other: object) -> SymBool:
        """Tell whether this one is smaller."""
        left, right = _aligned(self, _word(other))
        return SymBool(left < right)

    def __le__(self, other: object) -> SymBool:
        """Tell whether this one is not greater."""
        left, right = _aligned(self, _word(other))
        return SymBool(left <= right)

    def __gt__(self, other: object) -> SymBool:
        """Tell whether this one is greater."""
        left, right = _aligned(self, _word(other))
        return SymBool(left > right)

    def __ge__(self, other: object) -> SymBool:
        """Tell whether this one is not smaller."""
        left, right = _aligned(self, _word(other))
        return SymBool(left >= right)

    def __add__(self, other: object) -> SymWord:
        """Return the exact sum."""
        word = _word(other)
        low, high = self.low + word.low, self.high + word.high
        return _computed(lambda a, b: a + b, self, word, low, high)

    def __sub__(self, other: object) -> SymWord:
        """Return the exact difference, which may be negative."""
        word = _word(other)
        low, high = self.low - word.high, self.high - word.low
        return _computed(lambda a, b: a - b, self, word, low, high)

    def __mod__(self, other: object) -> SymWord:
        """Return the remainder by a positive constant, as Python has it: never negative."""
        if not isinstance(other, int) or other <= 0:
            raise TypeError("a symbolic word is only divided by a positive constant")
        if 0 <= self.low and self.high < other:
            return self
        if other & (other - 1) == 0:
            return SymWord(z3.ZeroExt(1, self.bits(other.bit_length() - 1)), 0, other - 1) if other > 1 else _word(0)
        if self.low >= 0:
            width = max(self.high.bit_length(), other.bit_length())
            remainder = z3.URem(self.bits(width), z3.BitVecVal(other, width))
            return SymWord(z3.ZeroExt(1, remainder), 0, other - 1)
        return _computed(lambda a, b: a % b, self, _word(other), 0, other - 1)

    def __and__(self, other: object) -> SymWord:
        """Return the common bits."""
        return _bitwise(lambda a, b: a & b, self, _word(other))

    def __or__(self, other: object) -> SymWord:
        """Return the bits of either."""
        return _bitwise(lambda a, b: a | b, self, _word(other))

    def __xor__(self, other: object) -> SymWord:
        """Return the bits of exactly one."""
        return _bitwise(lambda a, b: a ^ b, self, _word(other))

    def __radd__(self, other: int) -> SymWord:
        """Return the exact sum."""
        return _word(other) + self

    def __rsub__(self, other: int) -> SymWord:
        """Return the exact difference."""
        return _word(other) - self

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


class AtomSolver:
    """A fast solver that looks into no formula: it finds possible whatever does not contradict itself literally.

    For functions whose questions are nearly all independent; some paths it finds possible may not be."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._solver = z3.Solver()
        self._atoms: dict[int, tuple[Any, Any]] = {}
        self.push, self.pop = self._solver.push, self._solver.pop

    def add(self, formula: Any) -> None:
        """Let a formula hold."""
        self._solver.add(self._atom(formula))

    def check(self, formula: Any) -> Any:
        """Tell whether a formula can hold too."""
        return self._solver.check(self._atom(formula))

    def _atom(self, formula: Any) -> Any:
        """Return the variable that a formula is here."""
        if isinstance(formula, bool) or z3.is_true(formula) or z3.is_false(formula):
            return formula
        if z3.is_not(formula):
            return z3.Not(self._atom(formula.arg(0)))
        if formula.get_id() not in self._atoms:
            # With the formula beside it, no other one gets its number.
            self._atoms[formula.get_id()] = formula, z3.FreshBool()
        return self._atoms[formula.get_id()][1]


def explored_paths(
    function: Callable[[], Any],
    given: Any = True,
    raises: tuple[type[BaseException], ...] = (),
    solver: AtomSolver | None = None,
) -> list[Path]:
    """Return every path through a function of no arguments, for the values that meet `given`.

    raises: what it may raise as one of its results; anything else is an error here too. solver: stands for z3's, to
    tell which paths are possible; conditions of paths are exact all the same. Raises TooManyPaths."""
    paths: list[Path] = []
    script: list[Fork] | None = []
    known: dict[int, tuple[Any, bool | None]] = {}
    asked: Any = z3.Solver() if solver is None else solver
    asked.add(given)
    while script is not None:
        if len(paths) == MAX_PATHS:
            raise TooManyPaths(f"more than {MAX_PATHS}")
        run = _Run(asked, script, known)
        token = _RUN.set(run)
        try:
            result, raised = function(), None
        except raises as error:
            result, raised = None, type(error)
        finally:
            _RUN.reset(token)
        paths.append(Path(z3.And(given, *run.conditions), result, raised))
        script = run.next_script()
    return paths


def bits_of(value: SymWord | int, count: int = 32) -> Any:
    """Return the lowest bits of a result, symbolic or not, as a z3 bit-vector."""
    return _word(value).bits(count)


def merged(paths: list[Path], view: Callable[[Path], Any]) -> Any:
    """Return what the paths compute as one z3 term: `view` of whichever path is taken."""
    *others, last = paths
    term = view(last)
    for path in reversed(others):
        term = z3.If(path.condition, view(path), term)
    return term


@dataclass(frozen=True, slots=True)
class Fork:
    """What one run did where the truth of a comparison was needed."""

    side: bool
    is_other_open: bool
    """The other side is possible, and no run took it yet."""


class _Run:
    """One run: follows the script as far as it goes, then takes the true side wherever it is possible."""

    def __init__(self, solver: z3.Solver, script: list[Fork], known: dict[int, tuple[Any, bool | None]]) -> None:
        self._solver = solver
        self._script = script
        self._known = known
        self._taken: list[Fork] = []
        self.conditions: list[Any] = []

    def decide(self, term: Any) -> bool:
        known = self._truth(term)
        if known is not None:
            return known
        number = len(self._taken)
        fork = self._script[number] if number < len(self._script) else self._fork(term)
        self._taken.append(fork)
        condition = term if fork.side else z3.Not(term)
        self.conditions.append(condition)
        if number >= len(self._script) - 1:
            self._solver.push()
            self._solver.add(condition)
        return fork.side

    def _truth(self, term: Any) -> bool | None:
        """Return the truth of a formula that no value changes; runs ask again and again for the same ones."""
        number = term.get_id()
        if number not in self._known:
            simple = z3.simplify(term)
            # With the term beside it, no other one gets its number.
            self._known[number] = (term, z3.is_true(simple) if z3.is_true(simple) or z3.is_false(simple) else None)
        return self._known[number][1]

    def next_script(self) -> list[Fork] | None:
        """Return the forks up to the last one with an open side, which is taken there; None when none is open.

        The solver keeps the conditions of the forks before that one."""
        for number in reversed(range(len(self._taken))):
            self._solver.pop()
            if self._taken[number].is_other_open:
                return [*self._taken[:number], Fork(side=False, is_other_open=False)]
        return None

    def _fork(self, term: Any) -> Fork:
        side = self._is_possible(term)
        return Fork(side, is_other_open=side and self._is_possible(z3.Not(term)))

    def _is_possible(self, term: Any) -> bool:
        answer = self._solver.check(term)
        if answer == z3.unknown:
            raise TimeoutError(f"z3: {self._solver.reason_unknown()}")
        return bool(answer == z3.sat)


_RUN: ContextVar[_Run | None] = ContextVar("run", default=None)


def _word(value: object) -> SymWord:
    if isinstance(value, SymWord):
        return value
    if isinstance(value, int):
        number = int(value)
        return SymWord(z3.BitVecVal(number, _width(number, number)), number, number)
    raise TypeError(f"{value!r} is no word")


def _width(low: int, high: int) -> int:
    """Return how many bits of two's complement hold everything from `low` to `high`."""
    return max(low.bit_length() if low >= 0 else (-low - 1).bit_length(), high.bit_length()) + 1


def _resized(term: Any, width: int, is_signed: bool) -> Any:
    if term.size() > width:
        return z3.Extract(width - 1, 0, term)
    extend = z3.SignExt if is_signed else z3.ZeroExt
    return extend(width - term.size(), term) if term.size() < width else term


def _aligned(left: SymWord, right: SymWord) -> tuple[Any, Any]:
    width = max(left.width, right.width)
    return left.bits(width), right.bits(width)


def _computed(operation: Callable[[Any, Any], Any], left: SymWord, right: SymWord, low: int, high: int) -> SymWord:
    """Return the result of an operation that is exact in a width that holds both arguments and the bounds."""
    width = max(_width(low, high), left.width, right.width)
    return SymWord(operation(left.bits(width), right.bits(width)), low, high)


def _bitwise(operation: Callable[[Any, Any], Any], left: SymWord, right: SymWord) -> SymWord:
    if left.low < 0 or right.low < 0:
        raise TypeError("bits of a number that may be negative")
    high = (1 << max(left.high.bit_length(), right.high.bit_length())) - 1
    return _computed(operation, left, right, 0, high)
