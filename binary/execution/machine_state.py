"""One path's state of the machine: registers, memory byte by byte, the condition of the path, what it did so far.

Memory that nothing was stored to is what the loader put there; a read of anything else stops the path, as does every
other step that would need a guess. An address must be a number: where it is a term, the search forks on its values.
"""

from dataclasses import dataclass
from typing import Any

import z3

from ..elf_file import BootloaderElf
from .words import Word, as_bits, simplified


class ExecutionStopped(Exception):
    """A path cannot be followed without a guess; the message says what is missing, and at which address."""


class NeedsNumber(Exception):
    """A term must be a number here: the search forks, one state for each value that it can have."""

    def __init__(self, term: Any) -> None:
        """Name the term."""
        super().__init__()
        self.term = term


@dataclass(frozen=True, slots=True)
class Frame:
    """Registers of a caller that its callee does not see, on Xtensa with register windows."""

    registers: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class ForkingBranch:
    """A branch on which a path forked."""

    state: "MachineState"
    """The machine there."""
    is_taken: bool
    """The side that the path took."""


class MachineState:
    """The machine on one path."""

    __slots__ = (
        *("condition", "elf", "events", "forked", "frames", "guard", "known"),
        *("memory", "others", "pc", "registers", "rooms", "steps"),
    )

    def __init__(self, elf: BootloaderElf, pc: int, registers: list[Word], rooms: tuple[range, ...] = ()) -> None:
        """Start with memory as loaded; rooms: addresses of further memory that may be written."""
        self.elf = elf
        self.rooms = rooms
        self.pc = pc
        self.registers = registers
        self.others: dict[str, Word] = {}
        """Registers beside the general ones, and what pypcode keeps within an instruction."""
        self.frames: tuple[Frame, ...] = ()
        self.memory: dict[int, Word] = {}
        """Bytes that were stored."""
        self.condition: Any = z3.BoolVal(True)
        """The formula of exactly the inputs that take this path."""
        self.guard: Any = self.condition
        """What the search's solver knows the condition by."""
        self.known: dict[int, tuple[Any, int]] = {}
        """By the id of a term that a fork gave a value: the term, which keeps the id its own, and the value."""
        self.events: tuple[Any, ...] = ()
        """What the hooks noted: flash operations in order."""
        self.steps = 0
        self.forked: ForkingBranch | None = None
        """The last one."""

    def fork(self) -> "MachineState":
        """Return a copy."""
        copy = MachineState(self.elf, self.pc, list(self.registers), self.rooms)
        copy.others, copy.frames, copy.memory = dict(self.others), self.frames, dict(self.memory)
        copy.condition, copy.guard = self.condition, self.guard
        copy.known, copy.events, copy.steps, copy.forked = dict(self.known), self.events, self.steps, self.forked
        return copy

    def number(self, word: Word) -> int:
        """Return the value of a word; raises NeedsNumber where it is a term."""
        if isinstance(word, int):
            return word
        if word.get_id() not in self.known:
            raise NeedsNumber(word)
        return self.known[word.get_id()][1]

    def load(self, address: Word, size: int) -> Word:
        """Return `size` bytes as a little-endian word."""
        start = self.number(address)
        parts = [self._byte(start + offset) for offset in range(size)]
        if all(isinstance(part, int) for part in parts):
            return int.from_bytes(bytes(parts), "little")
        if size == 1:
            return parts[0]
        return simplified(z3.Concat(*(as_bits(part, 8) for part in reversed(parts))))

    def store(self, address: Word, word: Word, size: int) -> None:
        """Store the lowest `size` bytes of a word, little-endian."""
        start = self.number(address)
        if self.elf.byte_at(start) is None and not any(start in room for room in self.rooms):
            raise ExecutionStopped(f"write to 0x{start:x}, where no memory is known to be, at pc 0x{self.pc:x}")
        for offset in range(size):
            if isinstance(word, int):
                self.memory[start + offset] = word >> 8 * offset & 0xFF
            else:
                self.memory[start + offset] = simplified(z3.Extract(8 * offset + 7, 8 * offset, word))

    def code(self, length: int) -> bytes:
        """Return up to `length` bytes of code at pc; raises ExecutionStopped where there is none as loaded."""
        code = self.elf.bytes_at(self.pc, length)
        if not code:
            raise ExecutionStopped(f"jump to 0x{self.pc:x}, where the file has no code and no hook stands")
        if any(self.pc + offset in self.memory for offset in range(len(code))):
            raise ExecutionStopped(f"code at 0x{self.pc:x} that the program itself has written")
        return code

    def _byte(self, address: int) -> Word:
        byte = self.memory.get(address)
        if byte is None:
            byte = self.elf.byte_at(address)
        if byte is None:
            raise ExecutionStopped(f"read of 0x{address:x}, where nothing is known to be, at pc 0x{self.pc:x}")
        return byte
