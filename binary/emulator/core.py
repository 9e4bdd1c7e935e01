"""A core that runs functions of a program, with stand-ins for those that it shall not run itself.

Whatever a function does that has no meaning here ends the run as a CoreFault, with the place: an access to memory that
neither the program nor its caller mapped, a jump to where no code is, an instruction that the core does not know. A
function that does not return, or not with its registers kept, is a ProgramError. What a stand-in raises ends the run
too, and is raised by `call`.
"""

import bisect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from ..elf_file import LoadedSegment
from .paged_memory import PAGE, PagedMemory, Rights

OWN_MEMORY = range(0x70000000, 0x7C000000)
"""Where a run puts what is not the program's: no chip of the family has anything there."""
STACK, STACK_SIZE = 0x71000000, 0x4000
STAND_IN_LIMIT = 2_000
"""Runs of stand-ins in Python in one call; a boot takes some hundred."""


class CoreFault(Exception):
    """The program did what has no meaning on this core; the text says what, and in which function."""


class ProgramError(Exception):
    """The program did what no bootloader may; the text says what."""


class LibraryFunction(Enum):
    """A function that every run calls, so that each core has a quick way of its own to stand for it."""

    NOTHING = "returns 0"
    MEMCPY = "memcpy"
    MEMSET = "memset"
    CRC32 = "esp_rom_crc32_le(crc, buf, len): the CRC-32 of `len` bytes, gone on with from `crc`"


StandIn = Callable[..., int | None]
"""Takes the first arguments of the call, 32-bit words; returns what the function does (None: 0)."""
ReadNote = Callable[[int, int], None]
"""Takes an address and how many bytes are read there."""


def _ignore_read(address: int, length: int) -> None:
    """Take no note of it."""


class Core(ABC):
    """One core and its memory; a program is loaded once and its functions are called many times."""

    def __init__(self, segments: Sequence[LoadedSegment], functions: Mapping[str, int], memory: PagedMemory) -> None:
        """Load a program. functions: addresses by name."""
        self._segments = segments
        self._functions = dict(functions)
        self._names = sorted((address, name) for name, address in functions.items())
        self._memory = memory
        self._watched_range = range(0)
        self._note_read: ReadNote = _ignore_read
        self._fresh: list[tuple[int, bytes]] = []
        self._stand_in_runs = 0
        for segment in segments:
            memory.map(segment.address, len(segment.data), Rights.READ | Rights.WRITE | Rights.RUN)
            self.write(segment.address, segment.data)
        self.map_data(STACK, STACK_SIZE, is_writable=True)

    def map_data(self, address: int, size: int, is_writable: bool) -> None:
        """Map a range that the program may read and perhaps write, not run."""
        self._memory.map(address, size, Rights.READ | Rights.WRITE if is_writable else Rights.READ)

    def watch_reads(self, address: int, size: int, note: ReadNote) -> None:
        """Have every read that begins in a range of whole pages told, by the program or by what stands in for a
        function of it."""
        self._watched_range, self._note_read = range(address, address + size), note
        self._watch_own_reads()

    @abstractmethod
    def _watch_own_reads(self) -> None:
        """Have the program's own reads told, those of the watched range."""

    def write(self, address: int, contents: bytes) -> None:
        """Put bytes into mapped memory, whatever its rights; raises CoreFault where none is mapped."""
        if not self._memory.write(address, contents):
            raise CoreFault(f"writes {len(contents)} bytes at 0x{address:08x}, where not all is mapped")

    def read(self, address: int, length: int) -> bytes:
        """Return bytes of memory; raises CoreFault where none is mapped."""
        contents = self._memory.read(address, length)
        if contents is None:
            raise CoreFault(f"reads {length} bytes at 0x{address:08x}, where not all is mapped")
        if address in self._watched_range:
            self._note_read(address, length)
        return contents

    def fill(self, address: int, byte: int, length: int) -> None:
        """Put one byte into a range; raises CoreFault where not all of it is mapped, before memory is taken for it."""
        while length:
            piece = min(length, PAGE)
            self.write(address, bytes([byte & 0xFF]) * piece)
            address, length = address + piece, length - piece

    def begin(self) -> None:
        """Take what the program's memory holds for what it holds at each reset."""
        self._fresh = [(s.address, self.read(s.address, len(s.data))) for s in self._segments]

    def reset(self) -> None:
        """Put the program's memory back to what it was at `begin`, and the stack to zeros: no run depends on others."""
        for address, contents in (*self._fresh, (STACK, bytes(STACK_SIZE))):
            self._memory.write(address, contents)

    @abstractmethod
    def stand_in(self, name: str, room: int, arity: int, function: StandIn) -> bool:
        """Let `function` stand for the function `name`, which takes `arity` words; False where there is none.

        room: bytes from its address on that belong to it; a core that needs more leaves the function as it is."""

    @abstractmethod
    def stand_in_library(self, name: str, room: int, function: LibraryFunction) -> bool:
        """Let a library function stand for the function `name`, in the same way."""

    @abstractmethod
    def stand_in_mapping(self, name: str, room: int, window: int, size: int) -> bool:
        """Let `name` be bootloader_mmap(src_addr, size), in the same way: it returns the address in the window where
        all flash is seen, or 0 beyond it.

        window, size: multiples of 4096."""

    @abstractmethod
    def gate(self, function: StandIn) -> int:
        """Return an address where `function` runs, which takes no word, when the program jumps there."""

    @abstractmethod
    def call(self, function: int, *arguments: int) -> int:
        """Return what the function at an address returns, a 32-bit word. arguments: at most 4.

        Raises CoreFault, ProgramError, and whatever a stand-in raises."""

    def _count_stand_in(self) -> None:
        """Note that a stand-in runs; raises ProgramError where this call has run too many. `call` begins at 0."""
        self._stand_in_runs += 1
        if self._stand_in_runs > STAND_IN_LIMIT:
            raise ProgramError(f"does not return after {STAND_IN_LIMIT:,} calls of functions that are stood in for")

    def _no_code(self, place: int, link: int) -> str:
        """Say that the program has jumped to where no code is. link: where the last call returns to."""
        caller = self._place_name(link)
        return f"jumps to {self._place_name(place)}, where no code is and no stand-in, last call from {caller}"

    def _bad_access(self, verb: str, size: int, address: int, place: int) -> str:
        """Say that the program reads or writes what it may not. verb: reads or writes. place: of the instruction."""
        why = "which it may not" if self._memory.rights(address) else "where nothing is mapped"
        return f"{verb} {size} bytes at 0x{address:08x}, {why}, in {self._place_name(place)}"

    def _place_name(self, address: int) -> str:
        """Return an address in words: the function it lies in, if the program has one there."""
        place = bisect.bisect_right(self._names, (address, "\x7f")) - 1
        if place < 0 or address - self._names[place][0] >= PAGE:
            return f"0x{address:08x}"
        start, name = self._names[place]
        return f"{name}+0x{address - start:x}" if address > start else f"{name} (0x{address:08x})"
