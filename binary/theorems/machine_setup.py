"""How a function of the bootloader is entered: where stack, arguments and the end are, and what its hooks stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from ..elf_file import Architecture, BootloaderElf
from ..execution.calling_convention import CallingConvention, convention_of
from ..execution.library_hooks import LIBRARY
from ..execution.machine_state import MachineState
from ..execution.path_search import Hook, PathExploration, PathSearch, Step
from ..execution.words import Word, as_bits
from ..isa import pcode, rv32
from .flash_hooks import FlashHooks
from .version_hooks import EFUSE_HOOKS

ROOM_SIZE = 0x10000
"""Bytes of memory for each of stack, mapped flash and arguments."""
_REGION = 0xC0000000


class Semantics(Enum):
    """Who says what an instruction does."""

    PCODE = "pcode"
    """pypcode, for RISC-V and Xtensa."""
    RV32 = "rv32"
    """Our own decoder, for RISC-V."""

    @property
    def step(self) -> Step:
        """Carry out one instruction."""
        return pcode.step if self is Semantics.PCODE else rv32.step


def semantics_for(elf: BootloaderElf) -> tuple[Semantics, ...]:
    """Return every semantics that the file's architecture has."""
    return tuple(Semantics) if elf.architecture is Architecture.RISCV else (Semantics.PCODE,)


@dataclass(frozen=True, slots=True)
class Machine:
    """Addresses outside everything that is loaded, and the way in."""

    elf: BootloaderElf
    function: int
    convention: CallingConvention
    stop: int
    """Where the function returns to."""
    stack: int
    """The stack pointer at the entry."""
    mapped: int
    """Where mapped flash is read."""
    arguments: int
    """Room for what arguments point to."""

    @property
    def window(self) -> range:
        """Where mapped flash may be read."""
        return range(self.mapped, self.mapped + 2 * ROOM_SIZE)

    @property
    def rooms(self) -> tuple[range, ...]:
        """The addresses that may be written beside what is loaded."""
        return tuple(range(start, start + ROOM_SIZE) for start in (self.stack - ROOM_SIZE // 2, self.arguments))

    def entry(self, *arguments: Word) -> MachineState:
        """Return a state in which the function is being entered, with nothing known of the registers."""
        registers = [z3.BitVec(f"register{number}", 32) for number in range(self.convention.register_count)]
        if self.elf.architecture is Architecture.RISCV:
            registers[0] = 0
        state = MachineState(self.elf, self.function, registers, self.rooms)
        self.convention.begin(state, arguments, self.stack, self.stop)
        return state

    def returns_properly(self, state: MachineState) -> list[Any]:
        """Return when the registers that a function preserves are as they were."""
        started = self.entry().registers
        kept = (*self.convention.preserved, *self.convention.fixed)
        return [as_bits(state.registers[register]) == as_bits(started[register]) for register in kept]

    def explore(
        self, start: MachineState, hooks: Mapping[int, Hook], semantics: Semantics, given: tuple[Any, ...]
    ) -> PathExploration:
        """Return every path; raises ExecutionStopped."""
        return PathSearch(semantics.step, hooks, self.convention, self.stop, given).explore(start)


def machine_for(elf: BootloaderElf, function: str) -> Machine:
    """Return the way into a function; raises InputError where the file has no code of it."""
    return machine_at(elf, elf.function(function).address)


def machine_at(elf: BootloaderElf, address: int) -> Machine:
    """Return the way into the function at an address."""
    free = (start for start in range(0x3F00_0000, 0, -0x10_0000) if elf.is_free(start, 4 * ROOM_SIZE))
    rooms = next(free)
    stop = next(
        place
        for place in range((address & _REGION) + 0x3FFF_0000, address & _REGION, -0x1_0000)
        if elf.is_free(place, 4) and not rooms <= place < rooms + 4 * ROOM_SIZE
    )
    convention = convention_of(elf, address)
    return Machine(elf, address, convention, stop, rooms + ROOM_SIZE // 2, rooms + ROOM_SIZE, rooms + 3 * ROOM_SIZE)


def hooks_by_address(elf: BootloaderElf, *named: Mapping[str, Hook]) -> dict[int, tuple[str, Hook]]:
    """Return the hooks of those functions that the file names."""
    found = {}
    for name, hook in ((name, hook) for hooks in named for name, hook in hooks.items()):
        symbol = elf.find(name)
        if symbol is not None:
            found[symbol.address] = (name, hook)
    return found


def all_hooks(machine: Machine, more: Mapping[str, Hook] | None = None) -> dict[int, tuple[str, Hook]]:
    """Return every hook that the file names a function for, by address."""
    return hooks_by_address(machine.elf, LIBRARY, FlashHooks(machine.window).by_name(), EFUSE_HOOKS, more or {})
