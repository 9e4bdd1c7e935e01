"""The search by compiled code: arrays, how they grow, levels, and traces.

A level is all states at one distance from the start; they lie together in `order`. So where a state came from need not
be stored: canonical_traces.py finds the traces that are wanted in one more pass over the levels, without the table.

Several threads: each owns the states whose hash is in its share, with a table and an order of its own. In turns, all
expand some of their states, keep their own successors and hand the others over, then take in what was handed to them.
The states of a level are the same with any number of threads, and so is all that is told of a complete search.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ....model.claims.state_claims import DeviceClaim
from ....model.device.model import device_model
from ....model.device.search import Trace
from ....model.device.state import Scope
from ....model.device.stepper import stepper
from ....model.terms.terms import Bool
from ..exploration import ALL_BROKEN, Exploration, Progress
from . import bfs_kernels as kernels
from . import trace_kernels
from .canonical_traces import CanonicalTraces, Words
from .codegen import facts_text, most_found, successors_text
from .machine_code import load
from .word_layout import Layout

Entries = NDArray[np.uint32] | NDArray[np.int64]

WORD_BYTES = 8
FIRST_TABLE_BITS = 22
DISTANCE_BITS = 8
"""Bits that a first table of short entries has at least for how far an entry is from its place."""
FULL = 0.65
"""Share of a table that is used before it grows, if it can."""
CRAMMED = 0.9
"""Share of a table that is used when memory does not allow a bigger one."""
PART = 1 << 20
"""States that are expanded from one report of progress to the next."""
TURN = 1 << 16
"""States that each of several threads expands before it takes in what the others found."""
HANDED_OVER = 1 << 19
"""States that can be handed over to one thread in a turn, by all others together."""
_ROOM = 1 << 15
"""States that a batch can add after the limit was looked at."""


@dataclass
class Store:
    """The states of one owner."""

    order: Words
    room: Entries
    """Memory for the biggest table; of what is not in use yet, no page is touched."""
    bits: int
    """The table is the first 2^bits entries of it."""
    word_bits: int
    known: int = 0
    levels: list[int] = field(default_factory=lambda: [0])
    """Where in `order` each level begins; the last one is the end."""

    @classmethod
    def of(cls, memory: int, word_bits: int) -> "Store":
        """Return an empty store for words of so many bits, that will not grow beyond so many bytes."""
        first = max(FIRST_TABLE_BITS, word_bits + DISTANCE_BITS - 32)
        is_short = first <= FIRST_TABLE_BITS + 2
        kind = np.dtype(np.uint32) if is_short else np.dtype(np.int64)
        first = min(first if is_short else FIRST_TABLE_BITS, word_bits)
        most = max(8, int(memory / (kind.itemsize + WORD_BYTES * CRAMMED)).bit_length() - 1)
        most = min(most, word_bits)
        if is_short and most < first:
            kind, most = np.dtype(np.int64), max(8, most - 1)
        capacity = max(1 << 8, (memory - (kind.itemsize << most)) // WORD_BYTES)
        capacity = min(capacity, 1 << most)
        return cls(np.empty(capacity, np.int64), np.zeros(1 << most, kind), min(first, most), word_bits)

    @property
    def table(self) -> Entries:
        """The table."""
        return self.room[: 1 << self.bits]

    @property
    def form(self) -> tuple[int, int, int]:
        """What bfs_kernels.py calls bits, shift and spare."""
        shift = self.word_bits - self.bits
        # The sign of a signed entry is not used; of 63 bits more than enough are left.
        return self.word_bits, shift, min(40, (32 if self.room.itemsize == 4 else 63) - shift)

    @property
    def limit(self) -> int:
        """How many states may be known before the table has to grow, or all has to stop."""
        share = FULL if self.can_grow else CRAMMED
        return min(int(share * (1 << self.bits)), self.order.size) - 1

    @property
    def can_grow(self) -> bool:
        """Whether there is memory for a table twice as big."""
        return 2 << self.bits <= self.room.size

    def grow(self) -> bool:
        """Double the table, or more if it stays crowded; tell whether there was memory for that."""
        while self.can_grow:
            _, shift, spare = self.form
            self.bits += 1
            if self.form[2] == spare + 1 and kernels.double(self.table, shift, spare):
                return True
            self.table[:] = 0
            _, done = kernels.take_in(self.order, self.table, *self.form, 0, self.order, 0, self.known)
            if done == self.known:
                return True
        return False

    def take_in(self, states: Words, count: int) -> bool:
        """Add those of the first `count` states that are new; tell whether there was memory for that."""
        done = 0
        while True:
            self.known, done = kernels.take_in(self.order, self.table, *self.form, self.known, states, done, count)
            if done == count:
                return True
            if not self.grow():
                return False


class CompiledSearch:
    """A search of one scope, ready to run."""

    def __init__(self, scope: Scope, claims: Sequence[DeviceClaim] = (), goal: Bool | None = None) -> None:
        """Make and load the code; raise DoesNotFit for a scope whose states need more than a word."""
        started = time.perf_counter()
        self.scope = scope
        self.claims = tuple(claims)
        self.steps = stepper(scope)
        model = device_model(scope)
        self.layout = Layout(model)
        self.most = most_found(model)
        self.successors = load(successors_text(model))
        self.broken = load(facts_text(model, [~c.kept_in(model) for c in claims])) if claims else 0
        self.onward = load(successors_text(model, onward=True)) if goal is not None else 0
        self.is_goal = load(facts_text(model, [goal])) if goal is not None else 0
        self._warm_up()
        self.compile_seconds = time.perf_counter() - started
        self.stores: list[Store] = []
        self.transitions = 0
        self._until_broken = False
        self._broken_at: dict[int, int] = {}
        """By the place of a claim that is broken, the first level that breaks it."""

    def _warm_up(self) -> None:
        """Have the loops compiled, on nothing."""
        order, store = np.empty(1, np.int64), Store.of(1 << 20, self.layout.bits)
        for kind in (np.uint32, np.int64):
            table = np.zeros(16, kind)
            kernels.search(self.successors, self.most, order, table, *store.form, 0, 0, 1, 1)
            foreign, sent = np.empty((1, 1), np.int64), np.zeros(1, np.int64)
            kernels.search_own(self.successors, self.most, order, table, *store.form, 0, 0, 1, 1, 0, foreign, sent)
            kernels.take_in(order, table, *store.form, 0, order, 0, 0)
            kernels.double(table, 10, 4)
        trace_kernels.broken_in(self.broken, order, 0, 0, 1)

    def run(
        self, threads: int, memory: int, progress: Progress | None = None, until_broken: bool = False
    ) -> Exploration:
        """Search; return what it came to. until_broken: end when all claims are broken."""
        started = time.perf_counter()

        def tell() -> None:
            if progress is not None:
                progress(sum(store.known for store in self.stores), time.perf_counter() - started)

        self.transitions, self._broken_at, self._until_broken = 0, {}, until_broken
        self.stores.clear()  # before the new ones are made: together they would take twice the memory
        self.stores = [Store.of(memory // threads, self.layout.bits) for _ in range(threads)]
        first = self.layout.packed(self.steps.initial)
        owner = kernels.owner_of(first, self.layout.bits, threads)
        self.stores[owner].take_in(np.array([first], np.int64), 1)
        is_complete = (_Together(self) if threads > 1 else _Alone(self)).run(tell)
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
            limit="" if is_complete else self._why_ended(memory),
        )

    @property
    def is_over(self) -> bool:
        """All claims are broken, and nothing else is to be found."""
        return self._until_broken and len(self._broken_at) == len(self.claims)

    def end_level(self) -> bool:
        """Close a level: look at the claims in its states; tell whether it has any."""
        for store in self.stores:
            store.levels.append(store.known)
        self._look(len(self.stores[0].levels) - 2)
        return any(store.levels[-1] > store.levels[-2] for store in self.stores)

    def _why_ended(self, memory: int) -> str:
        return ALL_BROKEN if self.is_over else f"the states do not fit in {memory >> 20:,} MB"

    @property
    def traces(self) -> CanonicalTraces:
        """What finds the traces to the states that the search found."""
        return CanonicalTraces(self.steps, self.layout, self.successors, self.most, self.stores)

    def trace_to_nearest(self, places: NDArray[np.int64]) -> Trace:
        """Return the canonical trace to one of some states that one thread found, given in their order."""
        (store,) = self.stores
        level = bisect_right(store.levels, int(places[0])) - 1
        return self.traces.to_one_of(store.order[places[places < store.levels[level + 1]]], level)

    def dead_ends(self) -> tuple[int, int, NDArray[np.int64]]:
        """Return, after a complete search by one thread, how many steps are no cuts, how many states are goals, and
        the states from which no goal is reached over such steps, in the order in which they were found."""
        (store,) = self.stores
        order, table = store.order[: store.known], store.table
        numbers = np.empty(table.size, np.int32)
        kernels.number_all(order, table, *store.form, numbers)
        counts = np.zeros(store.known + 1, np.int64)
        kernels.count_before(self.onward, self.most, order, table, *store.form, numbers, counts)
        ends = np.cumsum(counts)
        steps = int(ends[-1])
        before = np.empty(steps, np.int32)
        kernels.note_before(self.onward, self.most, order, table, *store.form, numbers, ends, before)
        marked = np.zeros(store.known, np.int8)
        goals = kernels.mark_back(self.is_goal, order, ends, before, marked, np.empty(store.known, np.int32))
        return steps, int(goals), np.flatnonzero(marked == 0)

    def _look(self, level: int) -> None:
        """Note the claims not broken yet that a state of the level breaks."""
        wanted = sum(1 << bit for bit in range(len(self.claims)) if bit not in self._broken_at)
        for store in self.stores:
            if not wanted:
                return
            begin, end = store.levels[level : level + 2]
            found = trace_kernels.broken_in(self.broken, store.order, begin, end, wanted)
            self._broken_at |= {bit: level for bit in range(len(self.claims)) if found >> bit & 1}
            wanted &= ~found

    def _violations(self) -> dict[str, Trace]:
        traces = self.traces.broken(self.broken, self._broken_at)
        return {self.claims[bit].claim.id: traces[bit] for bit in sorted(traces)}


class _Alone:
    """One thread."""

    def __init__(self, search: CompiledSearch) -> None:
        self.search = search

    def run(self, tell: Callable[[], None]) -> bool:
        """Search to the end; tell whether it was reached."""
        search, store = self.search, self.search.stores[0]
        while search.end_level():
            if search.is_over:
                return False
            begin, end = store.levels[-2:]
            while begin < end:
                stop = min(end, begin + PART)
                begin, store.known, transitions = kernels.search(
                    search.successors,
                    search.most,
                    store.order,
                    store.table,
                    *store.form,
                    begin,
                    stop,
                    store.known,
                    store.limit - _ROOM,
                )
                search.transitions += transitions
                if begin < stop and not store.grow():
                    return False
                tell()
        store.levels.pop()
        return True


class _Together:
    """Several threads, in turns."""

    def __init__(self, search: CompiledSearch) -> None:
        self.search = search
        owners = len(search.stores)
        self.owners = range(owners)
        self.foreign = [np.empty((owners, HANDED_OVER // owners), np.int64) for _ in self.owners]
        """By the owner that found them and the one that they belong to, the states handed over."""
        self.sent = [np.zeros(owners, np.int64) for _ in self.owners]
        self.begins = [0] * owners
        self.is_crowded = [False] * owners
        self.transitions = [0] * owners

    def run(self, tell: Callable[[], None]) -> bool:
        """Search to the end; tell whether it was reached."""
        stores = self.search.stores
        with ThreadPoolExecutor(len(stores)) as threads:
            while self.search.end_level():
                if self.search.is_over:
                    return False
                self.begins = [store.levels[-2] for store in stores]
                while any(begin < store.levels[-1] for begin, store in zip(self.begins, stores, strict=True)):
                    if not all(list(threads.map(self._has_room, self.owners))):
                        return False
                    list(threads.map(self._expand, self.owners))
                    if not all(list(threads.map(self._take_in, self.owners))):
                        return False
                    self.search.transitions = sum(self.transitions)
                    tell()
        for store in stores:
            store.levels.pop()
        return True

    def _has_room(self, owner: int) -> bool:
        store = self.search.stores[owner]
        while self.is_crowded[owner] or store.known > store.limit - _ROOM - HANDED_OVER:
            self.is_crowded[owner] = False
            if not store.grow():
                return False
        return True

    def _expand(self, owner: int) -> None:
        store = self.search.stores[owner]
        begin, known, transitions, self.is_crowded[owner] = kernels.search_own(
            self.search.successors,
            self.search.most,
            store.order,
            store.table,
            *store.form,
            self.begins[owner],
            min(store.levels[-1], self.begins[owner] + TURN),
            store.known,
            store.limit - _ROOM - HANDED_OVER,
            owner,
            self.foreign[owner],
            self.sent[owner],
        )
        self.begins[owner], store.known = begin, known
        self.transitions[owner] += transitions

    def _take_in(self, owner: int) -> bool:
        store = self.search.stores[owner]
        handed = ((self.foreign[other][owner], int(self.sent[other][owner])) for other in self.owners)
        return all(store.take_in(states, count) for states, count in handed)
