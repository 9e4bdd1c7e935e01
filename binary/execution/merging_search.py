"""The search through a function that walks along memory page by page, such as the rows of a table.

Paths wait where one reads a page that is not there, until no path goes on without one; those that wait at one place
for one page are merged, and the page is brought in. So the number of paths does not grow from page to page. Which paths
wait for each other decides how long it takes, not what is found.
"""

from collections.abc import Callable, Iterator

import z3

from .machine_state import MachineState, NeedsPage
from .merged_states import merged_state
from .path_search import PathSearch

BringIn = Callable[[MachineState, int], None]
"""Put the page of an address into memory, and take another one away."""


class MergingSearch(PathSearch):
    """A search that merges paths wherever they wait for a page."""

    bring_in: BringIn

    def _paths(self, start: MachineState) -> Iterator[MachineState]:
        work = [start]
        waiting: dict[tuple[int, ...], list[MachineState]] = {}
        ended: dict[tuple[object, ...], list[MachineState]] = {}
        while work or waiting:
            if not work:
                # Calls that are not over come first, and in a loop whoever is behind.
                key = min(waiting)
                state = self._merged(waiting.pop(key))
                state.page = key[1]
                self.bring_in(state, state.page)
                work.append(state)
            state = work.pop()
            if state.pc == self._stop:
                ended.setdefault(self._end_key(state), []).append(state)
                continue
            before = state.fork()
            try:
                work += self._stepped(state)
            except NeedsPage as need:
                waiting.setdefault(self._key(before, need.address), []).append(before)
        yield from map(self._merged, ended.values())

    def _key(self, state: MachineState, address: int) -> tuple[int, ...]:
        """Return what states have in common that can be merged."""
        stack = state.number(state.registers[self._convention.stack_pointer])
        return stack, address, state.pc, len(state.frames), *(id(event) for event in state.events)

    def _end_key(self, state: MachineState) -> tuple[object, ...]:
        """Return what ended paths have in common that are merged: the last page, and what is returned."""
        result = self._convention.result(state)
        return state.page, result if isinstance(result, int) else None, *(id(event) for event in state.events)

    def _merged(self, states: list[MachineState]) -> MachineState:
        """Return one state for several; what the solver knows begins anew, so a path may be followed that is none."""
        self._solver = self._new_solver()
        state = merged_state(states, lambda rest: not self._is_possible(z3.Not(rest)))
        state.guard = z3.BoolVal(True)
        return state
