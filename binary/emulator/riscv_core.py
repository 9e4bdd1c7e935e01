"""A RISC-V core that runs functions of a program, with stand-ins for those that it shall not run itself.

Whatever a function does that has no meaning here ends the run as a CoreFault, with the place: an access to memory that
neither the program nor its caller mapped, a jump to where no code is, an instruction that the core does not know. A
function that does not return within INSTRUCTION_LIMIT, or not with its registers kept, is a ProgramError. What a
stand-in raises ends the run too, and is raised by `call`.
"""

import bisect
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import riscv_const

from ..elf_file import LoadedSegment
from . import rv32_stubs
from .shared_memory import PAGE, SharedMemory

TRANSLATED_BYTES = 16 << 20
"""What the emulator may take for the code that it makes of the instructions."""
INSTRUCTION_LIMIT = 10_000_000
"""Instructions of one call; a boot takes a few thousand."""
OWN_MEMORY = range(0x70000000, 0x7C000000)
"""Where a run puts what is not the program's: no chip of the family has anything there."""
_FRAME, _ENTRY, _STACK, _STACK_SIZE = 0x70000000, 0x70001000, 0x71000000, 0x4000
_STOP = _ENTRY + PAGE
"""Where a call ends. unicorn translates all code in the page of this address anew each time, so it has its own."""
_SAVED_VALUES = tuple(0x5A000000 + register * 0x10101 for register in rv32_stubs.SAVED[1:])
_RESULT_SIZE = 4 + 4 * len(rv32_stubs.SAVED)
_NO_RESULT = bytes(rv32_stubs.RESULT_OFFSET - 4 * rv32_stubs.ARGUMENT_WORDS + _RESULT_SIZE)
_SAVED_BYTES = struct.pack(f"<{len(rv32_stubs.SAVED)}I", _STACK + _STACK_SIZE - 64, *_SAVED_VALUES)


class CoreFault(Exception):
    """The program did what has no meaning on this core; the text says what, and in which function."""


class ProgramError(Exception):
    """The program did what no bootloader may; the text says what."""


StandIn = Callable[..., int | None]
"""Takes the first arguments of the call, 32-bit words; returns what the function does (None: 0)."""
ReadNote = Callable[[int, int], None]
"""Takes an address and how many bytes are read there."""


def _ignore_read(address: int, length: int) -> None:
    """Take no note of it."""


@dataclass(slots=True)
class _Island:
    """A page for code near the functions that jump to it."""

    start: int
    used: int = 0

    def has_room(self, address: int, size: int) -> bool:
        """Tell whether `size` more bytes fit, in reach of a jump from an address."""
        return self.used + size <= PAGE and abs(self.start - address) < rv32_stubs.JUMP_REACH - PAGE

    def take(self, size: int) -> int:
        """Return where `size` bytes are from now on in use."""
        self.used += size
        return self.start + self.used - size


class RiscvCore:
    """One core and its memory; a program is loaded once and its functions are called many times."""

    def __init__(self, segments: Sequence[LoadedSegment], functions: Mapping[str, int], gp: int = 0) -> None:
        """Load a program. functions: addresses by name; gp: what the register of this name holds."""
        self._uc: Any = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        # Of its own accord it reserves 1 GiB, and ends the process where it does not get that.
        self._uc.ctl_set_tcg_buffer_size(TRANSLATED_BYTES)
        self._functions = dict(functions)
        self._names = sorted((address, name) for name, address in functions.items())
        self._arguments = [getattr(riscv_const, f"UC_RISCV_REG_A{number}") for number in range(8)]
        self._memory = SharedMemory(self._uc)
        self._watched: list[_Island] = []
        self._unwatched: list[_Island] = []
        self._stand_ins: dict[int, tuple[StandIn, list[int]]] = {}
        self._watched_range = range(0)
        self._note_read: ReadNote = _ignore_read
        self._raised: BaseException | None = None
        self._fault = ""
        self._gp = gp
        self._segments, self._fresh = segments, list[tuple[int, bytes]]()
        self._load()
        hooks = unicorn.UC_HOOK_MEM_READ_INVALID | unicorn.UC_HOOK_MEM_WRITE_INVALID | unicorn.UC_HOOK_MEM_FETCH_INVALID
        self._uc.hook_add(hooks, self._note_access)

    def _load(self) -> None:
        for segment in self._segments:
            self._memory.map(segment.address, len(segment.data), unicorn.UC_PROT_ALL)
            self.write(segment.address, segment.data)
        self.map_data(_FRAME, PAGE, is_writable=True)
        self.map_data(_STACK, _STACK_SIZE, is_writable=True)
        code = rv32_stubs.enter(_FRAME)
        code += rv32_stubs.jump(_STOP - _ENTRY - len(code))
        self._memory.map(_ENTRY, 2 * PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.write(_ENTRY, code)

    def map_data(self, address: int, size: int, is_writable: bool) -> None:
        """Map a range that the program may read and perhaps write, not run."""
        self._memory.map(address, size, unicorn.UC_PROT_READ | (unicorn.UC_PROT_WRITE if is_writable else 0))

    def watch_reads(self, address: int, size: int, note: ReadNote) -> None:
        """Have every read that begins in a range told, by the program or by what stands in for a function of it."""
        self._watched_range, self._note_read = range(address, address + size), note
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_READ,
            lambda uc, access, at, length, value, data: note(at, length),
            begin=address,
            end=address + size - 1,
        )

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

    def begin(self) -> None:
        """Take what the program's memory holds for what it holds at each reset."""
        self._fresh = [(s.address, self.read(s.address, len(s.data))) for s in self._segments]

    def reset(self) -> None:
        """Put the program's memory back to what it was at `begin`."""
        for address, contents in self._fresh:
            self.write(address, contents)

    def stand_in(self, name: str, room: int, arity: int, function: StandIn) -> bool:
        """Let `function` stand for the function `name`, which takes `arity` words; False where there is none.

        room: bytes from its address on that belong to it; with less than JUMP_SIZE it is left as it is."""
        address = self._place(name, room, rv32_stubs.RETURN, self._watched)
        if address is not None:
            self._stand_ins[address] = function, self._arguments[:arity]
        return address is not None

    def stand_in_code(self, name: str, room: int, code: bytes) -> bool:
        """Let machine code stand for the function `name`, in the same way."""
        return self._place(name, room, code, self._unwatched) is not None

    def gate(self, function: StandIn) -> int:
        """Return an address where `function` runs, which takes no word, when the program jumps there."""
        island = self._new_island(_STOP, is_watched=True)
        address = island.take(len(rv32_stubs.RETURN))
        self._put_code(address, rv32_stubs.RETURN)
        self._stand_ins[address] = function, []
        return address

    def _place(self, name: str, room: int, code: bytes, islands: "list[_Island]") -> int | None:
        """Put code on an island that a jump from the function reaches, and the jump; return where."""
        address = self._functions.get(name)
        if address is None or room < rv32_stubs.JUMP_SIZE:
            return None
        size = -(-len(code) // 4) * 4
        island = next((island for island in islands if island.has_room(address, size)), None)
        if island is None:
            island = self._new_island(address, is_watched=islands is self._watched)
            islands.append(island)
        place = island.take(size)
        self._put_code(place, code)
        self._put_code(address, rv32_stubs.jump(place - address))
        return place

    def _new_island(self, address: int, is_watched: bool) -> "_Island":
        """Map a page near an address; what runs on a watched one runs a stand-in in Python."""
        page = address // PAGE + 1
        while page in self._memory:
            page += 1
        start = page * PAGE
        self._put_code(start, b"\0")
        if is_watched:
            self._uc.hook_add(unicorn.UC_HOOK_CODE, self._run_stand_in, begin=start, end=start + PAGE - 1)
        return _Island(start)

    def _put_code(self, address: int, code: bytes) -> None:
        self._memory.map(address, len(code), unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.write(address, code)

    def _run_stand_in(self, uc: Any, address: int, size: int, data: object) -> None:
        function, registers = self._stand_ins[address]
        try:
            result = function(*(uc.reg_read(register) for register in registers))
            uc.reg_write(self._arguments[0], (result or 0) & 0xFFFFFFFF)
        except BaseException as raised:
            # unicorn cannot carry an exception through its C code: `call` raises it again.
            self._raised = raised
            uc.emu_stop()

    def call(self, function: int, *arguments: int) -> int:
        """Return what the function at an address returns, a 32-bit word.

        Raises CoreFault, ProgramError, and whatever a stand-in raises."""
        words = [*arguments, 0, 0, 0, 0][:4]
        self.write(_FRAME, struct.pack("<6I", *words, function, self._gp) + _SAVED_BYTES + _NO_RESULT)
        self._raised, self._fault = None, ""
        try:
            self._uc.emu_start(_ENTRY, _STOP, 0, INSTRUCTION_LIMIT)
        except unicorn.UcError as error:
            if self._raised is None:
                raise CoreFault(self._fault or self._why_it_stopped(error)) from None
        if self._raised is not None:
            raised, self._raised = self._raised, None
            raise raised
        result = self.read(_FRAME + rv32_stubs.RESULT_OFFSET, _RESULT_SIZE)
        if result[4:] != _SAVED_BYTES:
            if self._pc() == _STOP:
                raise ProgramError("returns with sp or a saved register changed")
            raise ProgramError(f"does not return in {INSTRUCTION_LIMIT:,} instructions: {self._place_name(self._pc())}")
        return int.from_bytes(result[:4], "little")

    def _why_it_stopped(self, error: Exception) -> str:
        place = self._pc()
        # unicorn has gone on from an instruction that traps, which zeros are.
        for start in (place, place - 4):
            if self._memory.read(start, 4) == bytes(4):
                return self._no_code(start)
        return f"{error} in {self._place_name(place)}"

    def _no_code(self, place: int) -> str:
        caller = self._place_name(self._uc.reg_read(riscv_const.UC_RISCV_REG_RA))
        return f"jumps to {self._place_name(place)}, where no code is and no stand-in, last call from {caller}"

    def _pc(self) -> int:
        return int(self._uc.reg_read(riscv_const.UC_RISCV_REG_PC))

    def _note_access(self, uc: Any, access: int, address: int, size: int, value: int, data: object) -> bool:
        """Remember what is wrong with an access; the run ends by it."""
        if access in (unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT):
            self._fault = self._no_code(address)
            return False
        verb = "writes" if access in (unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT) else "reads"
        is_mapped = access in (unicorn.UC_MEM_WRITE_PROT, unicorn.UC_MEM_READ_PROT)
        why = "which it may not" if is_mapped else "where nothing is mapped"
        self._fault = f"{verb} {size} bytes at 0x{address:08x}, {why}, in {self._place_name(self._pc())}"
        return False

    def _place_name(self, address: int) -> str:
        """Return an address in words: the function it lies in, if the program has one there."""
        place = bisect.bisect_right(self._names, (address, "\x7f")) - 1
        if place < 0 or address - self._names[place][0] >= PAGE:
            return f"0x{address:08x}"
        start, name = self._names[place]
        return f"{name}+0x{address - start:x}" if address > start else f"{name} (0x{address:08x})"
