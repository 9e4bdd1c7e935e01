"""A core for every instruction set that pypcode describes: lifted instructions, compiled to Python functions.

Code is compiled when it is first run, a run of instructions at a time. It has to be as it was loaded. Xtensa's register
windows are kept apart from memory: a window that overflows writes nothing to the stack.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, NoReturn

from ...impl.program_end import Panic
from ..elf_file import Architecture, LoadedSegment
from ..execution.calling_convention import convention_for
from ..execution.machine_state import ExecutionStopped
from ..execution.words import MASK
from ..isa.pcode import lifter
from ..isa.pcode_lifter import LONGEST_INSTRUCTION, Lifted
from ..isa.pcode_source import ends_block, function_source, loop_end
from .core import STACK, STACK_SIZE, Core, CoreFault, LibraryFunction, ProgramError, StandIn
from .paged_memory import PAGE, PagedMemory, Rights
from .viewed_memory import ViewedMemory

BLOCK_LIMIT = 50_000
"""Runs of instructions of one call; a boot takes a few thousand."""
_LONGEST_BLOCK = 24
"""Instructions."""
_STOP, _GATES = 0x70002000, 0x70003000
"""Where a call ends, and where the first gate is."""
_REGION = 0xC0000000
"""The bits of an address that a windowed return takes from the returning code."""
_JUNK = [0x5A000000 + number * 0x10101 for number in range(32)]
"""What registers hold of which nothing is known."""
_GP = 3
Block = Callable[[], int]
"""Runs some instructions, or a stand-in; returns the address of the next."""


class _FunctionReturned(BaseException):
    """The function has returned."""


class _Blocks(dict[int, Block]):
    """Compiled code by address."""

    def __init__(self, build: Callable[[int], Block]) -> None:
        super().__init__()
        self._build = build

    def __missing__(self, address: int) -> Block:
        block = self._build(address)
        self[address] = block
        return block


class LiftedCore(Core):
    """The core of an architecture."""

    def __init__(
        self,
        architecture: Architecture,
        segments: Sequence[LoadedSegment],
        functions: Mapping[str, int],
        gp: int = 0,
    ) -> None:
        """Load a program. functions: addresses by name; gp: what RISC-V's register of this name holds."""
        self._views, self._loaded = ViewedMemory(), PagedMemory()
        for segment in segments:
            self._loaded.map(segment.address, len(segment.data), Rights.RUN)
            self._loaded.write(segment.address, segment.data)
        self._code_range, self._code = range(0), set[int]()
        super().__init__(segments, functions, self._views)
        self._architecture, self._gp = architecture, gp
        self._registers = list(_JUNK)
        self._others: dict[str, int] = {}
        self._frames: list[list[int]] = []
        self._convention = convention_for(architecture, None)
        self._loop_ends: set[int] = set()
        self._stand_ins: dict[int, Block] = {_STOP: self._end}
        self._blocks = _Blocks(self._compiled)
        self._forget_blocks()
        self._gates = 0
        self._known = self._known_by_code()

    def _known_by_code(self) -> dict[str, Any]:
        """Return what compiled code knows by name; see pcode_source."""
        reads, writes = self._views.readable, self._views.writable
        return {
            "r": self._registers,
            "others": self._others,
            "frames": self._frames,
            **{f"read{size}": reads[size].get for size in reads},
            **{f"write{size}": writes[size].get for size in writes},
            "load": self._load,
            "store": self._store,
            "rotate": self._rotate,
            "restore": self._restore,
            "divided": self._divided,
            "illegal": self._illegal,
            "no_meaning": self._no_meaning,
        }

    def _watch_own_reads(self) -> None:
        self._views.withhold(self._views.readable, self._watched_range[::PAGE])

    def write(self, address: int, contents: bytes) -> None:
        """Put bytes into memory; see Core. Raises CoreFault over code that has run."""
        if self._changes_code(address, contents):
            raise CoreFault(f"writes {len(contents)} bytes at 0x{address:08x}, over code that has run")
        super().write(address, contents)

    def _changes_code(self, address: int, contents: bytes) -> bool:
        end = address + len(contents)
        if end <= self._code_range.start or address >= self._code_range.stop:
            return False
        return not self._code.isdisjoint(range(address, end)) and self._memory.read(address, len(contents)) != contents

    def stand_in(self, name: str, room: int, arity: int, function: StandIn) -> bool:
        """Let `function` stand for the function `name`; see Core. No room is needed."""
        address = self._functions.get(name)
        if address is not None:
            self._put(address, self._standing(address, arity, function))
        return address is not None

    def stand_in_library(self, name: str, room: int, function: LibraryFunction) -> bool:
        """Let a function in Python stand for the function `name`; see Core."""
        match function:
            case LibraryFunction.NOTHING:
                return self.stand_in(name, room, 0, lambda: 0)
            case LibraryFunction.MEMCPY:
                return self.stand_in(name, room, 3, self._copy)
            case LibraryFunction.MEMSET:
                return self.stand_in(name, room, 3, self._fill)
            case LibraryFunction.CRC32:
                return self.stand_in(name, room, 3, self._crc32)

    def stand_in_mapping(self, name: str, room: int, window: int, size: int) -> bool:
        """Let a function in Python stand for bootloader_mmap; see Core."""
        return self.stand_in(name, room, 2, lambda at, length: window + at if at + length <= size else 0)

    def gate(self, function: StandIn) -> int:
        """Return an address where `function` runs; see Core."""
        address = _GATES + 4 * self._gates
        self._gates += 1
        self._put(address, self._standing(address, 0, function))
        return address

    def _put(self, address: int, block: Block) -> None:
        self._stand_ins[address] = block
        self._forget_blocks()

    def _forget_blocks(self) -> None:
        self._blocks.clear()
        self._blocks.update(self._stand_ins)

    def _standing(self, address: int, arity: int, function: StandIn) -> Block:
        """Return what stands at an address for a function that takes `arity` words."""
        registers = self._registers

        def block() -> int:
            self._count_stand_in()
            convention = self._convention
            shift = self._shift()
            first = convention.first_argument + shift
            if first + arity > convention.register_count:
                raise CoreFault(f"calls {self._place_name(address)} with arguments that are in no register")
            registers[first] = (function(*registers[first : first + arity]) or 0) & MASK
            back = registers[convention.return_address + shift]
            return back & ~_REGION | address & _REGION if shift else back

        return block

    def _shift(self) -> int:
        """Return by how many registers the call in progress rotates the window."""
        return 4 * (self._others.get("PS", 0) >> 12 & 3) if self._convention.is_windowed else 0

    def call(self, function: int, *arguments: int) -> int:
        """Return what the function at an address returns; see Core."""
        first = self._memory.read(function, 1)
        self._convention = convention_for(self._architecture, None if first is None else first[0])
        expected = self._enter(function, arguments)
        blocks, pc = self._blocks, function
        self._stand_in_runs = 0
        try:
            for _ in range(BLOCK_LIMIT):
                pc = blocks[pc]()
        except _FunctionReturned:
            if self._frames or expected != self._kept():
                raise ProgramError("returns with sp or a saved register changed") from None
            return int(self._registers[self._convention.first_argument + self._result_shift])
        raise ProgramError(f"does not return after {BLOCK_LIMIT:,} jumps: {self._place_name(pc)}")

    @property
    def _result_shift(self) -> int:
        """The registers between a caller's and those of the function that `call` calls."""
        return 8 if self._convention.is_windowed else 0

    def _enter(self, function: int, arguments: Sequence[int]) -> list[int]:
        """Set up registers; return what those hold that the function has to leave alone."""
        convention, shift = self._convention, self._result_shift
        registers = self._registers
        registers[:] = _JUNK[: convention.register_count]
        for register in convention.fixed:
            registers[register] = self._gp if register == _GP else 0
        registers[convention.stack_pointer] = STACK + STACK_SIZE - 64
        registers[convention.return_address + shift] = _STOP & ~_REGION | 2 << 30 if shift else _STOP
        for place, argument in enumerate(arguments):
            registers[convention.first_argument + shift + place] = argument & MASK
        self._frames.clear()
        self._others.clear()
        self._others.update(PS=2 << 12 if shift else 0, SAR=0, LBEG=0, LEND=0, LCOUNT=0)
        return self._kept()

    def _kept(self) -> list[int]:
        convention = self._convention
        kept = range(8) if convention.is_windowed else convention.preserved
        return [self._registers[register] for register in kept]

    def _end(self) -> int:
        raise _FunctionReturned

    def _compiled(self, pc: int) -> Block:
        """Return the code at an address, compiled."""
        instructions: list[tuple[int, Lifted]] = []
        start = pc
        while not instructions or (pc not in self._stand_ins and pc not in self._loop_ends):
            lifted = self._lifted(pc, is_first=not instructions)
            if lifted is None:
                break
            instructions.append((pc, lifted))
            pc += lifted.length
            if ends_block(lifted) or len(instructions) == _LONGEST_BLOCK:
                break
        if self._memory.read(start, pc - start) != self._loaded.read(start, pc - start):
            raise CoreFault(f"has written over code that it runs, at {self._place_name(start)}")
        self._note_code(start, pc)
        self._note_loop(instructions[-1][1])
        code = _function_code(function_source(self._architecture, instructions, pc in self._loop_ends))
        return FunctionType(code, self._known)

    def _lifted(self, pc: int, is_first: bool) -> Lifted | None:
        """Return an instruction; None where there is none and it is not the first. Raises CoreFault."""
        code = self._loaded.read(pc, LONGEST_INSTRUCTION) or b""
        is_code = Rights.RUN in self._memory.rights(pc) and any(code)
        if not is_code and is_first:
            raise CoreFault(self._no_code(pc, self._registers[self._convention.return_address + self._shift()]))
        if not is_code:
            return None
        try:
            return lifter(self._architecture).lift_code(code, pc)
        except ExecutionStopped as error:
            if is_first:
                raise CoreFault(f"{error}, in {self._place_name(pc)}") from None
            return None

    def _note_code(self, start: int, end: int) -> None:
        """Watch over code that is about to run."""
        self._code.update(range(start, end))
        self._views.withhold(self._views.writable, range(start, end))
        known = self._code_range or range(start, end)
        self._code_range = range(min(known.start, start), max(known.stop, end))

    def _note_loop(self, lifted: Lifted) -> None:
        """Let no code run past the end of a loop without a look at the loop's count."""
        end = loop_end(lifted)
        if end is not None and end not in self._loop_ends:
            self._loop_ends.add(end)
            self._forget_blocks()

    def _load(self, address: int, size: int, pc: int) -> int:
        self._demand(Rights.READ, address, size, pc)
        return int.from_bytes(self.read(address, size), "little")

    def _store(self, address: int, word: int, size: int, pc: int) -> None:
        self._demand(Rights.WRITE, address, size, pc)
        self.write(address, int(word).to_bytes(size, "little"))

    def _demand(self, right: Rights, address: int, size: int, pc: int) -> None:
        """Raise CoreFault where not every byte of an access has a right."""
        for page in range(address // PAGE, (address + size - 1) // PAGE + 1):
            if right not in self._memory.rights(page * PAGE):
                verb = "reads" if right is Rights.READ else "writes"
                raise CoreFault(self._bad_access(verb, size, max(address, page * PAGE), pc))

    def _copy(self, to: int, start: int, length: int) -> int:
        if length:
            self._demand(Rights.WRITE, to, length, self._functions["memcpy"])
            self._demand(Rights.READ, start, length, self._functions["memcpy"])
            self.write(to, self.read(start, length))
        return to

    def _fill(self, to: int, byte: int, length: int) -> int:
        if length:
            self._demand(Rights.WRITE, to, length, self._functions["memset"])
            self.write(to, bytes([byte & 0xFF]) * length)
        return to

    def _crc32(self, begun: int, start: int, length: int) -> int:
        return zlib.crc32(self.read(start, length), begun) if length else begun

    def _rotate(self, fours: int) -> None:
        """Hide registers of the caller, as `entry` does."""
        registers, count = self._registers, 4 * fours
        self._frames.append(registers[:count])
        registers[:] = registers[count:] + _JUNK[:count]

    def _restore(self, pc: int) -> None:
        """Show the caller's registers again, as `retw` does."""
        if not self._frames:
            raise CoreFault(f"returns without a call, in {self._place_name(pc)}")
        hidden = self._frames.pop()
        self._registers[:] = hidden + self._registers[: 16 - len(hidden)]

    def _divided(self, dividend: int, divisor: int, bits: int, is_signed: bool, is_remainder: bool, pc: int) -> int:
        """Return a quotient, which is rounded towards 0, or a remainder. Xtensa traps where the divisor is 0."""
        if not divisor and self._architecture is Architecture.XTENSA:
            raise Panic
        sign = 1 << bits - 1
        left, right = ((word ^ sign) - sign if is_signed else word for word in (dividend, divisor))
        if right:
            quotient = abs(left) // abs(right) * (1 if (left < 0) is (right < 0) else -1)
        else:
            quotient = -1
        return (left - quotient * right if is_remainder else quotient) & ((1 << bits) - 1)

    def _illegal(self, pc: int) -> NoReturn:
        """Trap, as an instruction does that is there for nothing else."""
        raise Panic

    def _no_meaning(self, text: str, pc: int) -> NoReturn:
        raise CoreFault(f"{text} has no meaning here, in {self._place_name(pc)}")


@lru_cache(maxsize=16_384)
def _function_code(source: str) -> CodeType:
    """Return the code of the function that a text defines."""
    names: dict[str, Any] = {}
    exec(compile(source, "<lifted code>", "exec"), names)
    code: CodeType = names["block"].__code__
    return code
