"""The core of a RISC-V program: unicorn's, with machine code for the stand-ins that every run calls."""

import ctypes
import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import riscv_const

from ..elf_file import LoadedSegment
from . import rv32_stubs
from .core import STACK, STACK_SIZE, Core, CoreFault, LibraryFunction, ProgramError, StandIn
from .paged_memory import PAGE, PagedMemory, Rights

TRANSLATED_BYTES = 16 << 20
"""What the emulator may take for the code that it makes of the instructions."""
INSTRUCTION_LIMIT = 200_000
"""Instructions of one call; a boot takes a few thousand, and what runs on for ever is to end soon."""
_FRAME, _ENTRY, _TABLE = 0x70000000, 0x70001000, 0x72000000
_STOP = _ENTRY + PAGE
"""Where a call ends. unicorn translates all code in the page of this address anew each time, so it has its own."""
_SAVED_VALUES = tuple(0x5A000000 + register * 0x10101 for register in rv32_stubs.SAVED[1:])
_RESULT_SIZE = 4 + 4 * len(rv32_stubs.SAVED)
_NO_RESULT = bytes(rv32_stubs.RESULT_OFFSET - 4 * rv32_stubs.ARGUMENT_WORDS + _RESULT_SIZE)
_SAVED_BYTES = struct.pack(f"<{len(rv32_stubs.SAVED)}I", STACK + STACK_SIZE - 64, *_SAVED_VALUES)
_LIBRARY = {
    LibraryFunction.NOTHING: rv32_stubs.RETURN_ZERO,
    LibraryFunction.MEMCPY: rv32_stubs.MEMCPY,
    LibraryFunction.MEMSET: rv32_stubs.MEMSET,
    LibraryFunction.CRC32: rv32_stubs.crc32(_TABLE),
}


class _SharedMemory(PagedMemory):
    """Memory that unicorn runs on as well."""

    def __init__(self, uc: Any) -> None:
        """Begin with none. uc: the emulator of unicorn."""
        super().__init__()
        self._uc = uc
        self._held: list[object] = []

    def _added(self, page: int, count: int, buffer: mmap.mmap) -> None:
        pointer = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        self._held.append(pointer)
        self._uc.mem_map_ptr(page * PAGE, count * PAGE, int(self._rights[page]), ctypes.addressof(pointer))

    def _widened(self, page: int) -> None:
        self._uc.mem_protect(page * PAGE, PAGE, int(self._rights[page]))


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


class RiscvCore(Core):
    """unicorn's RISC-V core."""

    def __init__(self, segments: Sequence[LoadedSegment], functions: Mapping[str, int], gp: int = 0) -> None:
        """Load a program. functions: addresses by name; gp: what the register of this name holds."""
        self._uc: Any = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        # Of its own accord it reserves 1 GiB, and ends the process where it does not get that.
        self._uc.ctl_set_tcg_buffer_size(TRANSLATED_BYTES)
        super().__init__(segments, functions, _SharedMemory(self._uc))
        self._arguments = [getattr(riscv_const, f"UC_RISCV_REG_A{number}") for number in range(8)]
        self._watched: list[_Island] = []
        self._unwatched: list[_Island] = []
        self._stand_ins: dict[int, tuple[StandIn, list[int]]] = {}
        self._raised: BaseException | None = None
        self._fault = ""
        self._gp = gp
        self._put_own_code()
        hooks = unicorn.UC_HOOK_MEM_READ_INVALID | unicorn.UC_HOOK_MEM_WRITE_INVALID | unicorn.UC_HOOK_MEM_FETCH_INVALID
        self._uc.hook_add(hooks, self._note_access)

    def _put_own_code(self) -> None:
        self.map_data(_FRAME, PAGE, is_writable=True)
        self.map_data(_TABLE, PAGE, is_writable=False)
        self.write(_TABLE, rv32_stubs.CRC_TABLE)
        code = rv32_stubs.enter(_FRAME)
        code += rv32_stubs.jump(_STOP - _ENTRY - len(code))
        self._memory.map(_ENTRY, 2 * PAGE, Rights.READ | Rights.RUN)
        self.write(_ENTRY, code)

    def _watch_own_reads(self) -> None:
        self._uc.hook_add(
            unicorn.UC_HOOK_MEM_READ,
            lambda uc, access, at, length, value, data: self._note_read(at, length),
            begin=self._watched_range.start,
            end=self._watched_range.stop - 1,
        )

    def stand_in(self, name: str, room: int, arity: int, function: StandIn) -> bool:
        """Let `function` stand for the function `name`, where there is room for a jump; see Core."""
        address = self._place(name, room, rv32_stubs.RETURN, self._watched)
        if address is not None:
            self._stand_ins[address] = function, self._arguments[:arity]
        return address is not None

    def stand_in_library(self, name: str, room: int, function: LibraryFunction) -> bool:
        """Let machine code of our own stand for the function `name`; see Core."""
        return self._place(name, room, _LIBRARY[function], self._unwatched) is not None

    def stand_in_mapping(self, name: str, room: int, window: int, size: int) -> bool:
        """Let machine code of our own stand for bootloader_mmap; see Core."""
        return self._place(name, room, rv32_stubs.map_flash(window, size), self._unwatched) is not None

    def gate(self, function: StandIn) -> int:
        """Return an address where `function` runs; see Core."""
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
        self._memory.map(address, len(code), Rights.READ | Rights.RUN)
        self.write(address, code)

    def _run_stand_in(self, uc: Any, address: int, size: int, data: object) -> None:
        function, registers = self._stand_ins[address]
        try:
            self._count_stand_in()
            result = function(*(uc.reg_read(register) for register in registers))
            uc.reg_write(self._arguments[0], (result or 0) & 0xFFFFFFFF)
        except BaseException as raised:
            # unicorn cannot carry an exception through its C code: `call` raises it again.
            self._raised = raised
            uc.emu_stop()

    def call(self, function: int, *arguments: int) -> int:
        """Return what the function at an address returns; see Core."""
        words = [*arguments, 0, 0, 0, 0][:4]
        self.write(_FRAME, struct.pack("<6I", *words, function, self._gp) + _SAVED_BYTES + _NO_RESULT)
        self._raised, self._fault, self._stand_in_runs = None, "", 0
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
                return self._no_jump(start)
        return f"{error} in {self._place_name(place)}"

    def _pc(self) -> int:
        return int(self._uc.reg_read(riscv_const.UC_RISCV_REG_PC))

    def _no_jump(self, place: int) -> str:
        return self._no_code(place, int(self._uc.reg_read(riscv_const.UC_RISCV_REG_RA)))

    def _note_access(self, uc: Any, access: int, address: int, size: int, value: int, data: object) -> bool:
        """Remember what is wrong with an access; the run ends by it."""
        if access in (unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT):
            self._fault = self._no_jump(address)
            return False
        verb = "writes" if access in (unicorn.UC_MEM_WRITE_UNMAPPED, unicorn.UC_MEM_WRITE_PROT) else "reads"
        self._fault = self._bad_access(verb, size, address, self._pc())
        return False
