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


class NeedsChoice(NeedsNumber):
    """A term is the address of a read: where it can only be a few known places, the search lists them."""


@dataclass(frozen=True, slots=True)
class WordChoices:
    """An array whose elements are read at an unknown index without a fork."""

    addresses: range
    stride: int
    """Bytes of an element."""

    def beside(self, address: int) -> tuple[int, ...]:
        """Return where the same field of every element lies; nothing for an address outside."""
        if address not in self.addresses:
            return ()
        field = (address - self.addresses.start) % self.stride
        return tuple(range(self.addresses.start + field, self.addresses.stop, self.stride))


class NeedsPage(Exception):
    """Memory is read that whoever runs the code has to bring in first."""

    def __init__(self, address: int) -> None:
        """Name the address."""
        super().__init__()
        self.address = address


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
        *("choices", "condition", "elf", "events", "forked", "frames", "guard", "known", "places"),
        *("memory", "origins", "others", "page", "paged", "pc", "registers", "rooms", "steps"),
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
        self.origins: dict[int, tuple[Any, Any, int]] = {}
        """By the id of a byte: the byte, the term that it is taken from, and its place there; shared by all paths."""
        self.choices: WordChoices | None = None
        """The array that may be read at an unknown index."""
        self.places: dict[int, tuple[Any, tuple[int, ...]]] = {}
        """By the id of a term: the term, and every address in that array that it can be."""
        self.events: tuple[Any, ...] = ()
        """What the hooks noted: flash operations in order."""
        self.paged = range(0)
        """Addresses whose bytes are brought in when they are read."""
        self.page = 0
        """The address for which bytes were brought in last."""
        self.steps = 0
        self.forked: ForkingBranch | None = None
        """The last one."""

    def fork(self) -> "MachineState":
        """Return a copy."""
        copy = MachineState(self.elf, self.pc, list(self.registers), self.rooms)
        copy.others, copy.frames, copy.memory = dict(self.others), self.frames, dict(self.memory)
        copy.condition, copy.guard = self.condition, self.guard
        copy.known, copy.events, copy.steps, copy.forked = dict(self.known), self.events, self.steps, self.forked
        copy.choices, copy.places, copy.origins = self.choices, dict(self.places), self.origins
        copy.paged, copy.page = self.paged, self.page
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
        if not isinstance(address, int) and address.get_id() not in self.known:
            return self._chosen(address, size)
        start = self.number(address)
        parts = [self._byte(start + offset) for offset in range(size)]
        if all(isinstance(part, int) for part in parts):
            return int.from_bytes(bytes(parts), "little")
        if size == 1:
            return parts[0]
        whole = self._whole(parts)
        return whole if whole is not None else simplified(z3.Concat(*(as_bits(part, 8) for part in reversed(parts))))

    def _chosen(self, address: Any, size: int) -> Word:
        """Return the bytes at whichever of its places an address is; raises NeedsChoice where they are not listed."""
        if address.get_id() not in self.places:
            raise NeedsChoice(address)
        *others, last = self.places[address.get_id()][1]
        word = as_bits(self.load(last, size), 8 * size)
        for place in reversed(others):
            word = z3.If(address == place, as_bits(self.load(place, size), 8 * size), word)
        return simplified(word)

    def store(self, address: Word, word: Word, size: int) -> None:
        """Store the lowest `size` bytes of a word, little-endian."""
        start = self.number(address)
        if self.elf.byte_at(start) is None and not any(start in room for room in self.rooms):
            raise ExecutionStopped(f"write to 0x{start:x}, where no memory is known to be, at pc 0x{self.pc:x}")
        for offset in range(size):
            if isinstance(word, int):
                self.memory[start + offset] = word >> 8 * offset & 0xFF
            elif word.size() == 8:
                self.memory[start + offset] = word
            else:
                self.memory[start + offset] = simplified(z3.Extract(8 * offset + 7, 8 * offset, word))

    def holds(self, address: int) -> bool:
        """Tell whether a byte is known."""
        return address in self.memory or self.elf.byte_at(address) is not None

    def code(self, length: int) -> bytes:
        """Return up to `length` bytes of code at pc; raises ExecutionStopped where there is none as loaded."""
        code = self.elf.bytes_at(self.pc, length)
        if not code:
            place = self.elf.place_text(self.pc)
            raise ExecutionStopped(f"jump to {place}, where the file has no code and no hook stands")
        if any(self.pc + offset in self.memory for offset in range(len(code))):
            raise ExecutionStopped(f"code at 0x{self.pc:x} that the program itself has written")
        return code

    def _byte(self, address: int) -> Word:
        byte = self.memory.get(address)
        if byte is None:
            byte = self.elf.byte_at(address)
        if byte is None and address in self.paged:
            raise NeedsPage(address)
        if byte is None:
            raise ExecutionStopped(f"read of 0x{address:x}, where nothing is known to be, at pc 0x{self.pc:x}")
        return byte

    def _whole(self, parts: list[Word]) -> Word | None:
        """Return the term that these are the bytes of, all of them in order; None where there is none."""
        term = self._origin(parts[0])[0]
        if term is None or term.size() != 8 * len(parts):
            return None
        for number, part in enumerate(parts):
            origin, place = self._origin(part)
            if origin is None or place != number or not (origin is term or origin.eq(term)):
                return None
        return term

    def _origin(self, part: Word) -> tuple[Any, int]:
        """Return the term that a byte is taken from, and which of its bytes it is; None for any other term."""
        if isinstance(part, int):
            return None, 0
        number = part.get_id()
        if number not in self.origins:
            origin, place = _extracted(part)
            # With the byte beside it, no other one gets its number.
            self.origins[number] = part, origin, place
        return self.origins[number][1:]


def _extracted(part: Any) -> tuple[Any, int]:
    if z3.is_app_of(part, z3.Z3_OP_EXTRACT):
        high, low = part.params()
        if low % 8 == 0 and high == low + 7:
            return part.arg(0), low // 8
    return None, 0
