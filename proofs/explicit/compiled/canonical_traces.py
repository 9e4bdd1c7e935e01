"""The canonical trace to one of some states: of the shortest, the first by the numbers of its actions.

The compiled search finds a level in any order, as threads take turns, so where a state was first found from says
nothing. The levels are walked backwards, once for all traces: marked is each state from which a wanted one is reached
in as many steps as there are levels up to it. Then a trace goes forward from the first state, each step by the first
action, in the order of the model, that leads to a marked state.

The Python search gives the same traces with nothing of this: it takes states as they were found and actions in their
order, so what it finds first is found by the first of the shortest traces (model/device/search.py).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ....model.device.search import Trace
from ....model.device.stepper import Stepper
from . import trace_kernels as kernels
from .word_layout import Layout

Words = NDArray[np.int64]


class Found(Protocol):
    """The states that one thread has found."""

    order: Words
    levels: list[int]
    """Where in `order` each level begins; one more than there are levels."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A set of states, and for each the traces that it is wanted for, as bits."""

    words: Words
    """Hash table of trace_kernels.py; 0 where no state is."""
    masks: Words

    @classmethod
    def of(cls, parts: Sequence[tuple[Words, Words]]) -> "Marked":
        """Return the set of some words, each part with its masks."""
        size = 2 << sum(words.size for words, _ in parts).bit_length()
        made = cls(np.zeros(size, np.int64), np.zeros(size, np.int64))
        for words, masks in parts:
            kernels.mark(made.words, made.masks, words, masks)
        return made

    def mask(self, word: int) -> int:
        """Return the traces that a state is wanted for."""
        return int(self.masks[kernels.place_in(self.words, np.int64(word))])


class CanonicalTraces:
    """What is needed of a search to find its traces."""

    def __init__(self, steps: Stepper, layout: Layout, successors: int, most: int, found: Sequence[Found]) -> None:
        """successors, most: as in bfs_kernels.py. found: what each thread found, all of them as many levels."""
        self.steps = steps
        self.layout = layout
        self.successors = successors
        self.most = most
        self.found = found

    def broken(self, address: int, levels: Mapping[int, int]) -> dict[int, Trace]:
        """Return, by bit, the trace to a state of a level in which the function of that address has the bit set.

        levels: by bit, the first level that has such a state."""
        wanted: dict[int, int] = {}
        for bit, level in levels.items():
            wanted[level] = wanted.get(level, 0) | 1 << bit
        targets = {level: self._broken_in(address, level, mask) for level, mask in wanted.items()}
        marked = self._marked_back(targets)
        return {bit: self._forward(bit, level, marked) for bit, level in levels.items()}

    def to_one_of(self, words: Words, level: int) -> Trace:
        """Return the trace to one of some states, all of one level."""
        targets = {level: [(words, np.ones_like(words))]}
        return self._forward(0, level, self._marked_back(targets))

    def _broken_in(self, address: int, level: int, wanted: int) -> list[tuple[Words, Words]]:
        parts = []
        for found in self.found:
            begin, end = found.levels[level], found.levels[level + 1]
            words, masks = np.empty(end - begin, np.int64), np.empty(end - begin, np.int64)
            count = kernels.note_broken(address, found.order, begin, end, wanted, words, masks)
            parts.append((words[:count].copy(), masks[:count].copy()))
        return parts

    def _marked_back(self, targets: Mapping[int, list[tuple[Words, Words]]]) -> dict[int, Marked]:
        """Return, by level, the states on the way to the targets, which are given by level, too."""
        last = max(targets, default=0)
        marked = {last: Marked.of(targets.get(last, []))}
        with ThreadPoolExecutor(len(self.found)) as threads:
            for level in range(last - 1, 0, -1):
                parts = threads.map(partial(self._leading, level, marked[level + 1]), self.found)
                marked[level] = Marked.of([*parts, *targets.get(level, [])])
        return marked

    def _leading(self, level: int, ahead: Marked, found: Found) -> tuple[Words, Words]:
        begin, end = found.levels[level], found.levels[level + 1]
        words, masks = np.empty(end - begin, np.int64), np.empty(end - begin, np.int64)
        given = self.successors, self.most, found.order, begin, end, ahead.words, ahead.masks
        count = kernels.note_leading(*given, words, masks)
        return words[:count].copy(), masks[:count].copy()

    def _forward(self, bit: int, length: int, marked: Mapping[int, Marked]) -> Trace:
        states, names = [self.steps.initial], []
        for level in range(1, length + 1):
            ways = self.steps.successors(states[-1])
            first = next((way for way in ways if marked[level].mask(self.layout.packed(way[1])) >> bit & 1), None)
            if first is None:
                raise ValueError(f"level {level} is not reached from {self.steps.as_dict(states[-1])}")
            names.append(self.steps.model.actions[first[0]].name)
            states.append(first[1])
        return Trace(tuple(names), tuple(states))
