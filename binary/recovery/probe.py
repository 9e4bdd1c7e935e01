"""Follows a function of which nothing is known, to see what it does: the functions that it calls are only noted.

What a noted function returns may be anything; that it changes no memory which its caller reads afterwards is assumed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import z3

from ...proofs.smt.first_solver import check
from ..elf_file import BootloaderElf
from ..execution.calling_convention import CallingConvention
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Branch, Ended, Hook, PathSearch
from ..execution.words import Word, anything
from ..theorems.machine_setup import Machine, machine_at, semantics_for

MAX_STEPS = 4_000
"""Instructions of all paths of one function."""
MAX_CALLS = 100
"""Calls of one path."""
MAX_ARGUMENTS = 6
EFFORT = (40_000_000,)
"""What z3 may spend on one question."""


@dataclass(frozen=True, slots=True)
class NotedCall:
    """A call that was noted."""

    target: int
    """Address of the function."""
    arguments: tuple[Word, ...]
    """As far as they are in registers; a function may take fewer."""
    result: Any
    """What it is taken to return: a z3 bit-vector of which nothing is known."""


class FunctionProbe:
    """The way into a function, and what it is followed with."""

    def __init__(self, elf: BootloaderElf, function: int, noted: Collection[int], ends: Collection[int] = ()) -> None:
        """Take addresses: of functions that are noted only, and of those that do not return."""
        self.machine: Machine = machine_at(elf, function)
        note = {target: note_call(self.machine.convention) for target in noted}
        self.hooks: dict[int, Hook] = {**note, **{target: noted_end(self.machine.convention) for target in ends}}
        self.hooks.pop(function, None)
        self._step = semantics_for(elf)[-1].step
        self._steps = 0

    def paths(self, state: MachineState, *given: Any) -> tuple[MachineState, ...]:
        """Return every path from a state; raises ExecutionStopped where it cannot be followed, or has too many steps.

        given: what is assumed of the inputs, as formulas."""
        search = PathSearch(self._counted, self.hooks, self.machine.convention, self.machine.stop, given)
        return search.explore(state).paths

    def _counted(self, state: MachineState) -> list[MachineState] | Branch:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ExecutionStopped(f"more than {MAX_STEPS} steps in the function at 0x{self.machine.function:x}")
        return self._step(state)

    def result(self, path: MachineState) -> Word:
        """Return what the function returns at the end of a path."""
        return self.machine.convention.result(path)


def note_call(convention: CallingConvention) -> Hook:
    """Return what notes a call."""

    def note(state: MachineState, arguments: Arguments) -> Word:
        if len(state.events) >= MAX_CALLS:
            raise ExecutionStopped(f"more than {MAX_CALLS} calls, at 0x{state.pc:x}")
        called = NotedCall(state.pc, _words(arguments, convention), anything())
        state.events += (called,)
        return called.result

    return note


def noted_end(convention: CallingConvention) -> Hook:
    """Return what notes a call that does not return."""
    note = note_call(convention)

    def end(state: MachineState, arguments: Arguments) -> Ended:
        note(state, arguments)
        return Ended()

    return end


def _words(arguments: Arguments, convention: CallingConvention) -> tuple[Word, ...]:
    found: list[Word] = []
    for number in range(min(MAX_ARGUMENTS, convention.arguments)):
        try:
            found.append(arguments[number])
        except ExecutionStopped:
            break
    return tuple(found)


def calls(path: MachineState, target: int | None = None) -> tuple[NotedCall, ...]:
    """Return the calls that a path has noted, all or those of one function."""
    noted = (event for event in path.events if isinstance(event, NotedCall))
    return tuple(event for event in noted if target in (None, event.target))


def is_always(claim: Any, *given: Any) -> bool:
    """Tell whether a formula is true wherever the others are; False where the solver gives up."""
    solver = z3.Solver()
    solver.add(*given, z3.Not(claim))
    return bool(check(solver, effort=EFFORT) == z3.unsat)


def changed_bytes(start: MachineState, path: MachineState, machine: Machine) -> Mapping[int, Word]:
    """Return the bytes that a path leaves other than they were, outside of the stack and of the room for arguments."""
    changed = {}
    for address, byte in path.memory.items():
        if any(address in room for room in machine.rooms) or byte is start.memory.get(address):
            continue
        before = start.load(address, 1) if start.holds(address) else None
        if not (isinstance(byte, int) and byte == before):
            changed[address] = byte
    return changed
