"""How a function of the bootloader is entered: where stack, arguments and the end are, and what its hooks stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.image.format import APP_DESC_OFFSET, APP_DESC_SIZE
from ...proofs.refinement.symbolic_entries import CRC
from ..elf_file import Architecture, BootloaderElf
from ..execution.calling_convention import CallingConvention, convention_of
from ..execution.library_hooks import LIBRARY
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Hook, PathExploration, PathSearch, Step
from ..execution.words import MASK, Word, as_bits, simplified
from ..isa import pcode, rv32
from .boot_inputs import ENCRYPTED, OTADATA_OFFSET, OTADATA_SIZE, RECORDS, operation_result
from .flash_operations import Erased, Programmed
from .version_hooks import EFUSE_HOOKS, DescriptionBytes

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


def otadata_hooks(machine: Machine) -> dict[str, Hook]:
    """Return the hooks of the flash driver, of the check word and of flash encryption."""
    descriptions = DescriptionBytes()

    def bootloader_mmap(state: MachineState, arguments: Arguments) -> Word:
        """Map otadata, where its records are read, or the beginning of an image; every other range stops the path."""
        if any(machine.mapped + place in state.memory for place in (0, APP_DESC_OFFSET)):
            raise ExecutionStopped(f"flash is mapped a second time, at 0x{state.pc:x}")
        offset, size = (as_bits(arguments[number]) for number in (0, 1))
        if z3.is_true(z3.simplify(offset == OTADATA_OFFSET)):
            if not z3.is_true(z3.simplify(size == OTADATA_SIZE)):
                raise ExecutionStopped(f"otadata is not mapped whole, at 0x{state.pc:x}")
            return map_records(state)
        if state.number(arguments[1]) < APP_DESC_OFFSET + APP_DESC_SIZE:
            raise ExecutionStopped(f"flash is mapped that is no description, at 0x{state.pc:x}")
        descriptions.map(state, offset, machine.mapped)
        return machine.mapped

    def map_records(state: MachineState) -> Word:
        for number, words in enumerate(RECORDS):
            for place, word in enumerate(words):
                for byte in range(4):
                    at = machine.mapped + SECTOR_SIZE * number + 4 * place + byte
                    state.memory[at] = z3.Extract(8 * byte + 7, 8 * byte, word)
        return machine.mapped

    def bootloader_munmap(state: MachineState, arguments: Arguments) -> None:
        for address in [at for at in state.memory if machine.mapped <= at < machine.mapped + 2 * ROOM_SIZE]:
            del state.memory[address]

    def bootloader_flash_erase_sector(state: MachineState, arguments: Arguments) -> Word:
        address = simplified(as_bits(arguments[0]) * SECTOR_SIZE)
        return _ended(state, Erased(as_bits(address)))

    def bootloader_flash_write(state: MachineState, arguments: Arguments) -> Word:
        source, length = state.number(arguments[1]), state.number(arguments[2])
        data = as_bits(state.load(source, length), 8 * length)
        return _ended(state, Programmed(as_bits(arguments[0]), data, as_bits(arguments[3])))

    def crc32_le(state: MachineState, arguments: Arguments) -> Word:
        """Return the check word by an open function of a word; a CRC-32 of more words is made of such steps."""
        crc, start, length = arguments[0], state.number(arguments[1]), state.number(arguments[2])
        if length % 4:
            raise ExecutionStopped(f"a check word of {length} bytes at 0x{state.pc:x}")
        for place in range(start, start + length, 4):
            crc = simplified(CRC(z3.simplify(as_bits(state.load(place, 4)) ^ as_bits(crc) ^ MASK)))
        return crc

    def is_encryption_enabled(state: MachineState, arguments: Arguments) -> Word:
        return ENCRYPTED

    return {
        "bootloader_mmap": bootloader_mmap,
        "bootloader_munmap": bootloader_munmap,
        "bootloader_flash_erase_sector": bootloader_flash_erase_sector,
        "bootloader_flash_write": bootloader_flash_write,
        "esp_rom_crc32_le": crc32_le,
        "crc32_le": crc32_le,
        "esp_flash_encryption_enabled": is_encryption_enabled,
        "efuse_hal_flash_encryption_enabled": is_encryption_enabled,
    }


def all_hooks(machine: Machine, more: Mapping[str, Hook] | None = None) -> dict[int, tuple[str, Hook]]:
    """Return every hook that the file names a function for, by address."""
    return hooks_by_address(machine.elf, LIBRARY, otadata_hooks(machine), EFUSE_HOOKS, more or {})


def _ended(state: MachineState, operation: Erased | Programmed) -> Word:
    result = operation_result(len(state.events))
    state.events += (operation,)
    return result
