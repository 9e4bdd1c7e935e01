"""Follows every path of a function, from its entry to its return, and shows that no path is missing.

Where a step needs a guess, the search raises ExecutionStopped: nothing is proved then. Paths are kept only where the
solver finds them possible; that their conditions leave nothing out is asked at the end, always.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import z3

from ...proofs.smt.first_solver import GAVE_UP, check
from .calling_convention import CallingConvention
from .counting_loop import left_loop
from .machine_state import ExecutionStopped, ForkingBranch, MachineState, NeedsChoice, NeedsNumber
from .words import Word

MAX_STEPS = 20_000
"""Instructions of one path."""
MAX_PATHS = 20_000
MAX_VALUES = 64
"""Values of one term that is used as an address or a length."""
MAX_TURN = 64
"""Instructions of one turn of a loop that is taken as a whole."""

Step = Callable[[MachineState], "list[MachineState] | Branch"]
"""Carry out the instruction at pc."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An instruction goes on in one of two places."""

    condition: Any
    taken: int
    fallen: int


class Arguments:
    """The arguments of a call that a hook stands for."""

    def __init__(self, state: MachineState, convention: CallingConvention) -> None:
        """Read them when they are asked for."""
        self._state = state
        self._convention = convention

    def __getitem__(self, number: int) -> Word:
        """Return an argument, from 0."""
        return self._convention.argument(self._state, number)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a hook returns for a function that does not return: the path ends here."""


Hook = Callable[[MachineState, Arguments], "Word | Ended | None"]
"""Stand for a function; return its result, or None where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class PathExploration:
    """Every path of a function."""

    paths: tuple[MachineState, ...]
    steps: int
    seconds: float
    called: frozenset[int]
    """Addresses of the hooks that were reached."""


class PathSearch:
    """The search through one function."""

    def __init__(
        self, step: Step, hooks: Mapping[int, Hook], convention: CallingConvention, stop: int, given: tuple[Any, ...]
    ) -> None:
        """Take the meaning of instructions, what stands for called functions, the end, and what is assumed."""
        self._step = step
        self._hooks = hooks
        self._convention = convention
        self._stop = stop
        self._given = given
        self._solver = self._new_solver()
        self._steps = 0
        self._called: set[int] = set()

    def explore(self, start: MachineState) -> PathExploration:
        """Return every path from a state; raises ExecutionStopped, also where one is missing."""
        started = time.perf_counter()
        paths = tuple(self._paths(start))
        gap = z3.Not(z3.Or(*(path.condition for path in paths)))
        if self._is_possible(gap):
            raise ExecutionStopped("a path is missing: there are inputs that none of the paths takes")
        return PathExploration(paths, self._steps, time.perf_counter() - started, frozenset(self._called))

    def _new_solver(self) -> z3.Solver:
        solver = z3.Solver()
        solver.add(*self._given)
        return solver

    def _paths(self, start: MachineState) -> Iterator[MachineState]:
        work, found = [start], 0
        while work:
            state = work.pop()
            if state.pc == self._stop:
                found += 1
                if found > MAX_PATHS:
                    raise ExecutionStopped(f"more than {MAX_PATHS} paths")
                yield state
                continue
            work += self._stepped(state)

    def _stepped(self, state: MachineState) -> list[MachineState]:
        """Return the states after one instruction or one hook."""
        self._steps += 1
        state.steps += 1
        if state.steps > MAX_STEPS:
            raise ExecutionStopped(f"a path of more than {MAX_STEPS} steps, at 0x{state.pc:x}")
        before = state.fork()
        try:
            return self._after(state)
        except NeedsChoice as unknown:
            return self._chosen(before, unknown.term)
        except NeedsNumber as unknown:
            return self._split(before, unknown.term)

    def _after(self, state: MachineState) -> list[MachineState]:
        hook = self._hooks.get(state.pc)
        if hook is None:
            after = self._step(state)
            return self._branched(state, after) if isinstance(after, Branch) else after
        self._called.add(state.pc)
        result = hook(state, Arguments(state, self._convention))
        if isinstance(result, Ended):
            state.pc = self._stop
        else:
            self._convention.finish(state, result)
        return [state]

    def _branched(self, state: MachineState, branch: Branch) -> list[MachineState]:
        condition = z3.simplify(branch.condition)
        if z3.is_true(condition) or z3.is_false(condition):
            state.pc = branch.taken if z3.is_true(condition) else branch.fallen
            return [state]
        sides = ((condition, branch.taken), (z3.Not(condition), branch.fallen))
        open_sides = [(side, pc) for side, pc in sides if self._is_possible(state.guard, side)]
        if len(open_sides) == 1:
            state.pc = open_sides[0][1]
            return [state]
        left = self._left_loop(state, branch)
        if left is not None:
            return [left]
        forks = []
        for side, pc in open_sides:
            fork = self._fork(state, side)
            fork.pc, fork.forked = pc, ForkingBranch(state, is_taken=pc == branch.taken)
            forks.append(fork)
        return forks

    def _chosen(self, state: MachineState, term: Any) -> list[MachineState]:
        """Return the state with the places listed that an address can be in its array; else a fork for each value."""
        if state.choices is None or not self._is_possible(state.guard):
            return self._split(state, term)
        places = state.choices.beside(self._value(term))
        if not places or self._is_possible(state.guard, *(term != place for place in places)):
            return self._split(state, term)
        state.places[term.get_id()] = term, places
        return [state]

    def _value(self, term: Any) -> int:
        """Return a value that the solver has just found possible."""
        return int(self._solver.model().eval(term, model_completion=True).as_long())

    def _left_loop(self, state: MachineState, branch: Branch) -> MachineState | None:
        """Return the machine behind the loop whose test this branch is; None where it is none that counts."""
        first = state.forked
        if first is None or first.state.pc != state.pc:
            return None
        left = left_loop(first, state, self._turn)
        if left is not None:
            left.pc = branch.fallen if first.is_taken else branch.taken
        return left

    def _turn(self, state: MachineState, is_taken: bool) -> Any:
        """Follow one turn of a loop from its test to its test; return the formula that the branch is taken there."""
        test = state.pc
        branch = self._step(state)
        if not isinstance(branch, Branch):
            raise ExecutionStopped(f"no branch at 0x{test:x}")
        state.pc = branch.taken if is_taken else branch.fallen
        for _ in range(MAX_TURN):
            if state.pc == test:
                return branch.condition
            after = [] if state.pc in self._hooks else self._step(state)
            if isinstance(after, Branch) or len(after) != 1:
                break
        raise ExecutionStopped(f"no plain loop at 0x{test:x}")

    def _split(self, state: MachineState, term: Any) -> list[MachineState]:
        values: list[int] = []
        while self._is_possible(state.guard, *(term != value for value in values)):
            values.append(self._value(term))
            if len(values) > MAX_VALUES:
                raise ExecutionStopped(f"an address or a length with too many values at 0x{state.pc:x}")
        forks = []
        for value in values:
            fork = self._fork(state, term == value)
            fork.known[term.get_id()] = (term, value)
            forks.append(fork)
        return forks

    def _fork(self, state: MachineState, condition: Any) -> MachineState:
        """Return a copy on which a further condition holds; the solver knows both by one name."""
        fork = state.fork()
        fork.condition = z3.And(state.condition, condition)
        fork.guard = z3.FreshBool("path")
        self._solver.add(z3.Implies(fork.guard, z3.And(state.guard, condition)))
        return fork

    def _is_possible(self, *conditions: Any) -> bool:
        answer = check(self._solver, *conditions)
        if answer == z3.unknown:
            raise ExecutionStopped(GAVE_UP)
        return bool(answer == z3.sat)
