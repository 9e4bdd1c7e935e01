"""The search by compiled code: arrays, how they grow, levels, and traces.

A level is all states at one distance from the start; they lie together in `order`. So where a state came from need not
be stored: a trace is found backwards, by stepping the level before until the state turns up. That costs at most one
more pass over the levels, only for what is asked, and none of the table.

Two threads: each owns the states whose hash has its bit, with a table and an order of its own. In turns, both expand
some of their states, keep their own successors and hand the others over, then take in what was handed to them.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..model.device import Scope
from ..model.device_claims import DeviceClaim
from ..model.device_model import device_model
from ..model.stepper import stepper
from ..model.terms import Bool
from . import kernels
from .exploration import Exploration, Progress, Trace, trace_through
from .numba_reading import Layout, facts_text, load, most_found, successors_text

Words = NDArray[np.int64]

WORD_BYTES = 8
FIRST_TABLE_BITS = 20
FULL = 0.65
"""Share of a table that is used before it grows, if it can."""
CRAMMED = 0.9
"""Share of a table that is used when memory does not allow a bigger one."""
PART = 1 << 20
"""States that are expanded from one report of progress to the next."""
TURN = 1 << 16
"""States that each of two threads expands before it takes in what the other found."""
HANDED_OVER = 1 << 18
"""States that one thread can hand over to the other in a turn."""
_ROOM = 1 << 15
"""States that a batch can add after the limit was looked at."""


@dataclass
class Store:
    """The states of one owner."""

    order: Words
    room: Words
    """Memory for the biggest table; of what is not in use yet, no page is touched."""
    bits: int
    """The table is the first 2^bits words of it."""
    known: int = 0
    levels: list[int] = field(default_factory=lambda: [0])
    """Where in `order` each level begins; the last one is the end."""

    @classmethod
    def of(cls, memory: int) -> "Store":
        """Return an empty store that will not grow beyond so many bytes."""
        most = max(8, (int(memory / (WORD_BYTES * (1 + CRAMMED)))).bit_length() - 1)
        capacity = max(1 << 8, memory // WORD_BYTES - (1 << most))
        return cls(np.empty(capacity, np.int64), np.zeros(1 << most, np.int64), min(FIRST_TABLE_BITS, most))

    @property
    def table(self) -> Words:
        """The table."""
        return self.room[: 1 << self.bits]

    @property
    def shift(self) -> int:
        """How far a hash is shifted to be a place in the table."""
        return 64 - self.bits

    @property
    def limit(self) -> int:
        """How many states may be known before the table has to grow, or all has to stop."""
        share = FULL if self._can_grow else CRAMMED
        return min(int(share * (1 << self.bits)), self.order.size) - 1

    def grow(self) -> bool:
        """Double the table; tell whether there is memory for that."""
        if not self._can_grow:
            return False
        self.bits += 1
        if not kernels.double(self.table, self.shift):
            self.table[:] = 0
            kernels.take_in(self.order, self.table, self.shift, 0, self.order, self.known)
        return True

    @property
    def _can_grow(self) -> bool:
        return 2 << self.bits <= self.room.size


class CompiledSearch:
    """A search of one scope, ready to run."""

    def __init__(self, scope: Scope, claims: Sequence[DeviceClaim] = (), goal: Bool | None = None) -> None:
        """Make and load the code; raise DoesNotFit for a world whose states need more than a word."""
        started = time.perf_counter()
        self.scope = scope
        self.claims = tuple(claims)
        self.steps = stepper(scope)
        model = device_model(scope)
        self.layout = Layout(model)
        self.most = most_found(model)
        self.successors = load(successors_text(model))
        self.broken = load(facts_text(model, [~c.is_kept(scope, model.device) for c in claims])) if claims else 0
        self.onward = load(successors_text(model, onward=True)) if goal is not None else 0
        self.is_goal = load(facts_text(model, [goal])) if goal is not None else 0
        self._warm_up()
        self.compile_seconds = time.perf_counter() - started
        self.stores: list[Store] = []
        self.transitions = 0
        self._first: dict[int, tuple[int, int, int]] = {}

    def _warm_up(self) -> None:
        """Have the loops compiled, on nothing."""
        order, table = np.empty(1, np.int64), np.zeros(16, np.int64)
        kernels.search(self.successors, self.most, order, table, 60, 0, 0, 1, 1)
        kernels.search_own(self.successors, self.most, order, table, 60, 0, 0, 1, 1, 0, order)
        kernels.take_in(order, table, 60, 0, order, 0)
        kernels.double(table, 60)
        kernels.first_broken(self.broken, order, 0, 0, 1, order)

    def run(self, threads: int, memory: int, progress: Progress | None = None) -> Exploration:
        """Search; return what it came to."""
        started = time.perf_counter()

        def tell() -> None:
            if progress is not None:
                progress(sum(store.known for store in self.stores), time.perf_counter() - started)

        self.transitions, self._first = 0, {}
        self.stores.clear()  # before the new ones are made: together they would take twice the memory
        self.stores = [Store.of(memory // threads) for _ in range(threads)]
        first = self.layout.packed(self.steps.initial)
        owner = owner_of(first) if threads == 2 else 0
        store = self.stores[owner]
        store.known = kernels.take_in(store.order, store.table, store.shift, 0, np.array([first], np.int64), 1)
        is_complete = (_Pair(self) if threads == 2 else _Alone(self)).run(tell)
        return Exploration(
            scope=self.scope,
            claims=tuple(claim.claim.id for claim in self.claims),
            states=sum(store.known for store in self.stores),
            transitions=self.transitions,
            depth=len(self.stores[0].levels) - 2,
            is_complete=is_complete,
            seconds=time.perf_counter() - started,
            compile_seconds=self.compile_seconds,
            violations=self._violations(),
            reading="compiled",
            threads=threads,
            limit="" if is_complete else f"the states do not fit in {memory >> 20:,} MB",
        )

    def end_level(self) -> bool:
        """Close a level: look at the claims in its states; tell whether it has any."""
        for store in self.stores:
            store.levels.append(store.known)
        self._look(len(self.stores[0].levels) - 2)
        return any(store.levels[-1] > store.levels[-2] for store in self.stores)

    def trace_to(self, owner: int, place: int, level: int) -> Trace:
        """Return a shortest way to a state."""
        word = int(self.stores[owner].order[place])
        words = [word]
        for before in range(level - 1, -1, -1):
            word = self._word_before(word, before)
            words.append(word)
        return trace_through(self.steps, tuple(self.layout.unpacked(word) for word in reversed(words)))

    def level_of(self, place: int) -> int:
        """Return the level of a state that one thread found."""
        return bisect_right(self.stores[0].levels, place) - 1

    def dead_ends(self) -> tuple[int, int, NDArray[np.int64]]:
        """Return, after a complete search by one thread, how many steps are no cuts, how many states are goals, and
        the states from which no goal is reached over such steps, in the order in which they were found."""
        (store,) = self.stores
        order, table = store.order[: store.known], store.table
        numbers = np.empty(table.size, np.int32)
        kernels.number_all(order, table, numbers, store.shift)
        counts = np.zeros(store.known + 1, np.int64)
        kernels.count_before(self.onward, self.most, order, table, numbers, store.shift, counts)
        ends = np.cumsum(counts)
        steps = int(ends[-1])
        before = np.empty(steps, np.int32)
        kernels.note_before(self.onward, self.most, order, table, numbers, store.shift, ends, before)
        marked = np.zeros(store.known, np.int8)
        goals = kernels.mark_back(self.is_goal, order, ends, before, marked, np.empty(store.known, np.int32))
        return steps, int(goals), np.flatnonzero(marked == 0)

    def _word_before(self, word: int, level: int) -> int:
        for store in self.stores:
            place = kernels.find_before(
                self.successors, self.most, store.order, store.levels[level], store.levels[level + 1], word
            )
            if place >= 0:
                return int(store.order[place])
        raise ValueError(f"nothing in level {level} leads to {self.steps.as_dict(self.layout.unpacked(word))}")

    def _look(self, level: int) -> None:
        """Note for each claim not broken yet the first state of the level that breaks it."""
        wanted = sum(1 << bit for bit in range(len(self.claims)) if bit not in self._first)
        for owner, store in enumerate(self.stores):
            if not wanted:
                return
            first = np.full(len(self.claims), -1, np.int64)
            kernels.first_broken(self.broken, store.order, store.levels[level], store.levels[level + 1], wanted, first)
            for bit, place in enumerate(first.tolist()):
                if place >= 0:
                    self._first[bit] = (owner, place, level)
                    wanted &= ~(1 << bit)

    def _violations(self) -> dict[str, Trace]:
        return {self.claims[bit].claim.id: self.trace_to(*self._first[bit]) for bit in sorted(self._first)}


class _Alone:
    """One thread."""

    def __init__(self, search: CompiledSearch) -> None:
        self.search = search

    def run(self, tell: Callable[[], None]) -> bool:
        """Search to the end; tell whether it was reached."""
        search, store = self.search, self.search.stores[0]
        while search.end_level():
            begin, end = store.levels[-2:]
            while begin < end:
                begin, store.known, transitions = kernels.search(
                    search.successors,
                    search.most,
                    store.order,
                    store.table,
                    store.shift,
                    begin,
                    min(end, begin + PART),
                    store.known,
                    store.limit - _ROOM,
                )
                search.transitions += transitions
                if store.known > store.limit - _ROOM and not store.grow():
                    return False
                tell()
        store.levels.pop()
        return True


class _Pair:
    """Two threads, in turns."""

    def __init__(self, search: CompiledSearch) -> None:
        self.search = search
        self.foreign = [np.empty(HANDED_OVER, np.int64) for _ in range(2)]
        self.sent = [0, 0]
        self.begins = [0, 0]
        self.transitions = [0, 0]

    def run(self, tell: Callable[[], None]) -> bool:
        """Search to the end; tell whether it was reached."""
        stores = self.search.stores
        with ThreadPoolExecutor(2) as threads:
            while self.search.end_level():
                self.begins = [store.levels[-2] for store in stores]
                while any(begin < store.levels[-1] for begin, store in zip(self.begins, stores, strict=True)):
                    if not all(threads.map(self._has_room, range(2))):
                        return False
                    list(threads.map(self._expand, range(2)))
                    list(threads.map(self._take_in, range(2)))
                    self.search.transitions = sum(self.transitions)
                    tell()
        for store in stores:
            store.levels.pop()
        return True

    def _has_room(self, owner: int) -> bool:
        store = self.search.stores[owner]
        while store.known > store.limit - _ROOM - HANDED_OVER:
            if not store.grow():
                return False
        return True

    def _expand(self, owner: int) -> None:
        store = self.search.stores[owner]
        self.begins[owner], store.known, transitions, self.sent[owner] = kernels.search_own(
            self.search.successors,
            self.search.most,
            store.order,
            store.table,
            store.shift,
            self.begins[owner],
            min(store.levels[-1], self.begins[owner] + TURN),
            store.known,
            store.limit - _ROOM - HANDED_OVER,
            owner,
            self.foreign[owner],
        )
        self.transitions[owner] += transitions

    def _take_in(self, owner: int) -> None:
        store = self.search.stores[owner]
        store.known = kernels.take_in(
            store.order, store.table, store.shift, store.known, self.foreign[1 - owner], self.sent[1 - owner]
        )


def owner_of(word: int) -> int:
    """Return which of two owners a state has; kernels.py says the same."""
    folded = word ^ ((word >> 32) & 0xFFFFFFFF)
    return (folded * -7046029254386353131 >> 31) & 1
