"""Which functions a program has, and what each calls: read from the code, from the entry on.

Followed are calls and jumps whose targets are in the instruction, or were put into a register shortly before. A jump
past another function's start is a call that does not come back (a tail call). Function pointers are not followed: a
function that is reached through one only is not found.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from pypcode import OpCode

from ..elf_file import Architecture, BootloaderElf
from ..execution.calling_convention import RISCV
from ..execution.machine_state import ExecutionStopped, MachineState
from ..isa.pcode import DIVISIONS, KNOWN, lifter, of_constants
from ..isa.pcode_lifter import Lifted, PcodeOperation, PcodePlace

LITERAL_REACH = 0x40000
"""How far before the code that reads it a literal of Xtensa's l32r lies at most, in bytes."""
MAX_INSTRUCTIONS = 50_000
"""Of one function."""
MAX_READ = 400_000
"""Of all functions, each time that one is read; a bootloader has some ten thousands."""
MAX_NESTING = 200

Place = tuple[str, int]
"""A general register by its number, another one, or a temporary."""
_GENERAL = "general"


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """One function."""

    start: int
    calls: frozenset[int]
    """Addresses that it calls or ends in a jump to, in the file or not."""
    constants: frozenset[int]
    """Words that its code puts into registers."""
    size: int
    """Instructions."""
    goes_anywhere: bool
    """It has a call or a jump whose target is not known."""


@dataclass(slots=True)
class _Body:
    """What is read of a function."""

    calls: set[int] = field(default_factory=set)
    jumps: set[tuple[int, int]] = field(default_factory=set)
    """From where to where: those that were met last."""
    constants: set[int] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    """Addresses of its instructions."""
    goes_anywhere: bool = False


class CodeMap:
    """The functions of a program."""

    def __init__(self, elf: BootloaderElf, entry: int) -> None:
        """Read all that is reached from the entry, until no further function turns up."""
        self._elf = elf
        self._lifter = lifter(elf.architecture)
        self._lifted: dict[int, Lifted | None] = {}
        self._state = MachineState(elf, entry, [])
        self.entry = entry
        self._starts: list[int] = [entry]
        """Of functions that are known so far, sorted."""
        self._followed: dict[int, set[tuple[int, int]]] = {}
        """By function, the jumps that were taken to stay in it."""
        self._read_so_far = 0
        self.functions: dict[int, FunctionCode] = {}
        """By address."""
        self._read_all()
        called = set(chain.from_iterable(code.calls for code in self.functions.values()))
        self.outside = frozenset(target for target in called if elf.byte_at(target) is None)
        """What is called that the file has no code of: functions in ROM."""

    def _read_all(self) -> None:
        """Read functions until no further one turns up; once more each in which a jump was followed that leaves it."""
        unread = set(self._starts)
        for _ in range(MAX_NESTING):
            for start in sorted(unread):
                self.functions[start] = self._function(start)
            called = set(chain.from_iterable(self.functions[start].calls for start in unread))
            further = {target for target in called - self.functions.keys() if self._elf.byte_at(target) is not None}
            self._starts = sorted((*self._starts, *further))
            unread = further | {start for start in self.functions if self._is_outdated(start)}
            if not unread:
                return
        raise ExecutionStopped(f"calls that are nested more than {MAX_NESTING} deep")

    def _is_outdated(self, start: int) -> bool:
        return any(self._is_tail_call(source, target, start) for source, target in self._followed[start])

    def reach(self, start: int, depth: int = 1000) -> frozenset[int]:
        """Return the addresses that a function calls, those that they call, and so on for `depth` calls."""
        found: set[int] = set()
        front = {start}
        for _ in range(depth):
            called = chain.from_iterable(self.functions[one].calls for one in front if one in self.functions)
            front = set(called) - found
            if not front:
                break
            found |= front
        return frozenset(found)

    def callers(self, targets: frozenset[int] | set[int]) -> tuple[FunctionCode, ...]:
        """Return the functions that call one of these addresses, by address."""
        return tuple(code for _, code in sorted(self.functions.items()) if code.calls & targets)

    def _function(self, start: int) -> FunctionCode:
        body, followed, tails = _Body(), set[tuple[int, int]](), set[int]()
        work: list[int] = [start]
        while work:
            work += self._straight(work.pop(), body)
            if len(body.places) > MAX_INSTRUCTIONS:
                raise ExecutionStopped(f"the function at 0x{start:x} has no end")
            leaving = {jump for jump in body.jumps if self._is_tail_call(*jump, start)}
            tails |= {target for _, target in leaving}
            followed |= body.jumps - leaving
            work += [target for _, target in sorted(body.jumps - leaving)]
            body.jumps.clear()
        self._followed[start] = followed
        calls, constants = frozenset(body.calls | tails), frozenset(body.constants)
        return FunctionCode(start, calls, constants, len(body.places), body.goes_anywhere)

    def _straight(self, pc: int, body: _Body) -> list[int]:
        """Read instructions in order until one does not go on; return where branches go."""
        branches: list[int] = []
        known: dict[Place, int] = {}
        while pc not in body.places:
            lifted = self._lift(pc)
            if lifted is None:
                break
            body.places.add(pc)
            self._read_so_far += 1
            if self._read_so_far > MAX_READ:
                raise ExecutionStopped(f"more than {MAX_READ:,} instructions")
            goes_on = True
            for kind, target in self._read(lifted, known, body):
                body.goes_anywhere |= target is None and kind is not OpCode.RETURN
                match kind:
                    case OpCode.CBRANCH if target is not None:
                        branches.append(target)
                    case OpCode.CALL | OpCode.CALLIND:
                        body.calls |= {target} if target is not None else set()
                        known = {place: word for place, word in known.items() if self._survives(place)}
                    case OpCode.BRANCH | OpCode.BRANCHIND:
                        body.jumps |= {(pc, target)} if target is not None else set()
                        goes_on = False
                    case OpCode.RETURN:
                        goes_on = False
            if not goes_on:
                break
            pc += lifted.length
        return branches

    def _is_tail_call(self, source: int, target: int, start: int) -> bool:
        """Tell whether a jump leaves its function: backwards past its start, or past the start of another one."""
        if target <= start:
            return target < start
        before = bisect_right(self._starts, target)
        is_start = before > 0 and self._starts[before - 1] == target
        return is_start or bisect_right(self._starts, source) < before

    def _survives(self, place: Place) -> bool:
        """Tell whether a register is as it was after a call; on Xtensa most calls leave the first eight alone."""
        if place[0] != _GENERAL:
            return False
        is_riscv = self._elf.architecture is Architecture.RISCV
        return place[1] in RISCV.preserved if is_riscv else place[1] < 8

    def _lift(self, pc: int) -> Lifted | None:
        self._state.pc = pc
        if pc not in self._lifted:
            try:
                self._lifted[pc] = self._lifter.lift(self._state)
            except ExecutionStopped:
                self._lifted[pc] = None
        return self._lifted[pc]

    def _read(self, lifted: Lifted, known: dict[Place, int], body: _Body) -> Iterator[tuple[OpCode, int | None]]:
        """Carry out what is known in one instruction; yield where it goes, None where that is not known."""
        for operation in lifted.operations:
            inputs = operation.inputs
            if operation.code in (OpCode.BRANCH, OpCode.CBRANCH, OpCode.CALL):
                if inputs[0].space != "const":  # else it is a jump inside the instruction
                    yield operation.code, inputs[0].offset
            elif operation.code in (OpCode.BRANCHIND, OpCode.CALLIND, OpCode.RETURN):
                yield operation.code, self._value(inputs[0], known)
            elif operation.output is not None:
                result = self._result(operation, [self._value(place, known) for place in inputs])
                if result is None:
                    known.pop(_place(operation.output), None)
                else:
                    known[_place(operation.output)] = result
                    body.constants.add(result)

    def _result(self, operation: PcodeOperation, words: list[int | None]) -> int | None:
        """Return what an operation computes; None where that is not known."""
        output = operation.output
        numbers = tuple(word for word in words if word is not None)
        if output is None or not numbers or len(numbers) < len(words):
            return None
        if operation.code == OpCode.LOAD:
            return self._literal(numbers[0])
        if operation.code not in KNOWN or operation.code in DIVISIONS:
            return None
        return int(
            of_constants(operation.code, numbers, tuple(8 * place.size for place in operation.inputs), 8 * output.size)
        )

    def _value(self, place: PcodePlace, known: dict[Place, int]) -> int | None:
        if place.space == "const":
            return place.offset
        return self._literal(place.offset) if place.space == "ram" else known.get(_place(place))

    def _literal(self, address: int) -> int | None:
        """Return a literal before the code that reads it, as Xtensa has them."""
        raw = self._elf.bytes_at(address, 4)
        is_near = 0 < self._state.pc - address <= LITERAL_REACH
        return int.from_bytes(raw, "little") if is_near and len(raw) == 4 else None


def _place(place: PcodePlace) -> Place:
    return (place.space, place.offset) if place.number is None else (_GENERAL, place.number)
