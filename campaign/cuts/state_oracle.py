"""What follows from a state of the device, told from memory where it can be.

While what follows from a state is played, the chip notes which of its cells, as they were at the start, were read,
and which queries about larger ranges were made ("does this image pass?") with what answer. A state that agrees with
an earlier one in exactly that has the same future, because the programs that run are deterministic and depend on
nothing else. So a torn sector that nothing reads costs nothing, and every answer is exact.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import Query, ReadTracker
from ...impl.chip.growing_prefix import GrowingPrefix
from ...impl.chip.undecided_cells import UndecidedCells
from ..history.player import Moment

Ranges = tuple[tuple[int, int, int], ...]
"""(sector, start, end): bytes start … end - 1 of that sector, in ascending order."""
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Reliance:
    """What a future depends on: the bytes that were read, and the queries that were made."""

    ranges: Ranges
    queries: tuple[Query, ...]
    _runs: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """(place in `ranges`, how many from there on): whole sectors in a row, which are read at once; each other range."""

    def __post_init__(self) -> None:
        """Find what is read at once."""
        object.__setattr__(self, "_runs", _runs_of(self.ranges))

    def answers(self, moment: Moment) -> tuple[Hashable, ...]:
        """Return what all of it is in a state: equal answers mean an equal future."""
        cells = moment.cells
        read: list[Hashable] = []
        for place, count in self._runs:
            sector, start, end = self.ranges[place]
            if count == 1:
                read.append(cells.sector(sector)[start:end])
            else:
                read += cells.sectors(sector * SECTOR_SIZE, count * SECTOR_SIZE)
        return (moment.efuse_bits, *read, *(query.ask(cells) for query in self.queries))

    def includes(self, address: int, length: int) -> bool:
        """Tell whether a change of those bytes can change the answers."""
        return next(self._touched(address, length), None) is not None

    def is_same(self, answers: tuple[Hashable, ...], cells: Cells, address: int, length: int) -> bool:
        """Tell whether the answers are still `answers` in a state that differs from theirs in those bytes at most."""
        return all(answers[place] == self._answer(place, cells) for place in self._touched(address, length))

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return up to how many bytes of a torn operation the answers are certain to stay what they are."""
        begin, length = growing.address + growing.done, growing.last - growing.done
        reached = growing.last
        for place in self._touched(begin, length) if length > 0 else ():
            if place <= len(self.ranges):
                sector, start, end = self.ranges[place - 1]
                until = growing.until_it_reaches(((sector * SECTOR_SIZE + start, end - start),))
            else:
                until = self.queries[place - 1 - len(self.ranges)].steady_until(growing)
            reached = min(reached, until)
        return reached

    def _touched(self, address: int, length: int) -> Iterator[int]:
        """Yield the places, in `answers`, of what overlaps those bytes."""
        end = address + length
        sector, offset = divmod(address, SECTOR_SIZE)
        # Of the ranges before the first that begins behind `address`, only the last can reach it: none overlap.
        first_place = max(0, bisect_right(self.ranges, (sector, offset, SECTOR_SIZE)) - 1)
        for place in range(first_place, len(self.ranges)):
            sector, first, last = self.ranges[place]
            if sector * SECTOR_SIZE + first >= end:
                break
            if address < sector * SECTOR_SIZE + last:
                yield 1 + place
        for place, query in enumerate(self.queries, 1 + len(self.ranges)):
            if any(begin < end and address < begin + size for begin, size in query.pieces):
                yield place

    def _answer(self, place: int, cells: Cells) -> Hashable:
        if place <= len(self.ranges):
            sector, start, end = self.ranges[place - 1]
            return cells.sector(sector)[start:end]
        return self.queries[place - 1 - len(self.ranges)].ask(cells)


@dataclass(frozen=True, slots=True)
class Known(Generic[F]):
    """A future, what it depends on, and what that was in the state it was played from."""

    future: F
    reliance: Reliance
    answers: tuple[Hashable, ...]


class StateOracle(Generic[F]):
    """Tells the future of any state; plays each that differs in something that matters once."""

    def __init__(self, play: Callable[[Moment, ReadTracker], F]) -> None:
        """Know nothing yet. play: plays what follows from a state, with a tracker of what it reads."""
        self.played = 0
        """Futures played so far: states that differ in something that matters."""
        self._play = play
        self._known: dict[Reliance, dict[tuple[Hashable, ...], Known[F]]] = {}
        self._latest: dict[tuple[int, int], tuple[Cells, Known[F]]] = {}
        """By identity of the cells and eFuse bits, what was told last."""

    def tell(self, moment: Moment) -> Known[F]:
        """Return the future of a device that holds this, before its power-on."""
        cells, known = self._latest.get(_identity(moment), (None, None))
        return known if known is not None and cells is moment.cells else self._keep(moment, self._told(moment))

    def tell_near(self, moment: Moment, near: Known[F], address: int, length: int) -> Known[F]:
        """Return the same for a state that differs from one with the future `near` in those bytes at most."""
        is_same = near.reliance.is_same(near.answers, moment.cells, address, length)
        return self._keep(moment, near) if is_same else self.tell(moment)

    def tell_undecided(self, moment: Moment) -> Known[F]:
        """Return the future of a device whose chip has undecided bits; it is played each time.

        It depends on how often they are read as well, and so on more than the bytes that were read."""
        self.played += 1
        return Known(self._play(moment, ReadTracker()), Reliance((), ()), ())

    def take(self, told: Known[F]) -> Known[F]:
        """Return what is known of the states of which another oracle of the same device has told this.

        What nothing was known of counts as played, and is known from here on."""
        if not told.answers:
            # Of undecided bits nothing is kept.
            self.played += 1
            return told
        by_answers = self._known.setdefault(told.reliance, {})
        known = by_answers.get(told.answers)
        if known is None:
            self.played += 1
            known = by_answers[told.answers] = told
        return known

    def _keep(self, moment: Moment, known: Known[F]) -> Known[F]:
        if len(self._latest) >= _MOST_KEPT:
            self._latest.clear()
        self._latest[_identity(moment)] = moment.cells, known
        return known

    def _told(self, moment: Moment) -> Known[F]:
        if isinstance(moment.cells, UndecidedCells):
            raise TypeError("undecided bits: ask tell_undecided()")
        for reliance, by_answers in self._known.items():
            known = by_answers.get(reliance.answers(moment))
            if known is not None:
                return known
        future, reliance = self._followed(moment)
        known = Known(future, reliance, reliance.answers(moment))
        self._known.setdefault(reliance, {})[known.answers] = known
        self.played += 1
        return known

    def _followed(self, moment: Moment) -> tuple[F, Reliance]:
        """Play what follows from a state; return it, and what of the state it depends on."""
        tracker = ReadTracker()
        return self._play(moment, tracker), reliance_of(tracker)


_MOST_KEPT = 64


def _identity(moment: Moment) -> tuple[int, int]:
    return id(moment.cells), moment.efuse_bits


def reliance_of(tracker: ReadTracker) -> Reliance:
    """Return what a future depends on that was played with this tracker."""
    return Reliance(_merged(tracker.read), tuple(tracker.answers))


def all_of(reliances: Iterable[Reliance]) -> Reliance:
    """Return what several futures depend on together."""
    found = set(reliances)
    queries = dict.fromkeys(query for reliance in found for query in reliance.queries)
    return Reliance(_merged({piece for reliance in found for piece in reliance.ranges}), tuple(queries))


def _runs_of(ranges: Ranges) -> tuple[tuple[int, int], ...]:
    """Return the ranges as runs: whole sectors in a row together, each other range by itself."""
    runs: list[tuple[int, int]] = []
    for place, (sector, start, end) in enumerate(ranges):
        before = ranges[place - 1] if place else None
        is_next = before == (sector - 1, 0, SECTOR_SIZE) and (start, end) == (0, SECTOR_SIZE)
        if is_next:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return tuple(runs)


def _merged(pieces: Iterable[tuple[int, int, int]]) -> Ranges:
    """Return the ranges that cover the pieces, each byte once."""
    ranges: list[tuple[int, int, int]] = []
    for sector, start, end in sorted(pieces):
        if ranges and ranges[-1][0] == sector and start <= ranges[-1][2]:
            ranges[-1] = (sector, ranges[-1][1], max(ranges[-1][2], end))
        else:
            ranges.append((sector, start, end))
    return tuple(ranges)
