"""How a function is called, gets its arguments and returns: RISC-V, Xtensa with register windows and without (call0).

Source: RISC-V ELF psABI; Xtensa ISA, windowed and call0 ABI.
"""

from dataclasses import dataclass

from ..elf_file import Architecture, BootloaderElf
from .machine_state import ExecutionStopped, MachineState
from .words import Word, anything

CALL_INCREMENT = "PS"
"""Name of Xtensa's register whose bits 12 and 13 say by how many registers, in fours, a call rotates the window."""
_ENTRY_OPCODE = 0x36
"""First byte of Xtensa's `entry`, with which every function of the windowed ABI begins."""
_REGION = 0xC0000000
"""The bits of an address that a windowed return takes from the returning code."""


@dataclass(frozen=True, slots=True)
class CallingConvention:
    """Registers by their numbers."""

    name: str
    register_count: int
    return_address: int
    stack_pointer: int
    first_argument: int
    """The arguments follow each other; the result is in the first one's register."""
    arguments: int
    """How many there can be in registers."""
    preserved: tuple[int, ...]
    """Registers that a function leaves as they were, the stack pointer among them."""
    fixed: tuple[int, ...] = ()
    """Registers that no code changes."""
    is_windowed: bool = False

    def shift(self, state: MachineState) -> int:
        """Return by how many registers the call in progress rotates the window, before the function's `entry`."""
        if not self.is_windowed:
            return 0
        return 4 * (state.number(state.others[CALL_INCREMENT]) >> 12 & 3)

    def argument(self, state: MachineState, number: int) -> Word:
        """Return an argument of the function that is being entered."""
        register = self.first_argument + self.shift(state) + number
        if number >= self.arguments or register >= self.register_count:
            raise ExecutionStopped(f"argument {number} of the function at 0x{state.pc:x} is in no register")
        return state.registers[register]

    def begin(self, state: MachineState, arguments: tuple[Word, ...], stack: int, stop: int) -> None:
        """Let the state enter a function that returns to `stop`."""
        if self.is_windowed:
            state.others[CALL_INCREMENT] = 2 << 12
        shift = self.shift(state)
        state.registers[self.stack_pointer] = stack
        state.registers[self.return_address + shift] = stop & ~_REGION | 2 << 30 if shift else stop
        for number, argument in enumerate(arguments):
            state.registers[self.first_argument + shift + number] = argument

    def finish(self, state: MachineState, result: Word | None, stop: int | None = None) -> None:
        """Return from a function that was entered; nothing is known then of the registers that it may change.

        result: None for anything. stop: where to go instead of returning."""
        shift = self.shift(state)
        back = state.number(state.registers[self.return_address + shift])
        if shift:
            back = back & ~_REGION | state.pc & _REGION
        for register in self.changed(shift):
            state.registers[register] = anything()
        if result is not None:
            state.registers[self.first_argument + shift] = result
        state.pc = back if stop is None else stop

    def result(self, state: MachineState) -> Word:
        """Return what the function that `begin` entered has returned."""
        return state.registers[self.first_argument + (8 if self.is_windowed else 0)]

    def changed(self, shift: int) -> tuple[int, ...]:
        """Return the registers that a called function may change."""
        if self.is_windowed and shift:
            return tuple(range(shift, self.register_count))
        kept = (*self.preserved, *self.fixed)
        return tuple(register for register in range(self.register_count) if register not in kept)


RISCV = CallingConvention("ilp32", 32, 1, 2, 10, 8, (2, 8, 9, *range(18, 28)), fixed=(0, 3, 4))
CALL0 = CallingConvention("call0", 16, 0, 1, 2, 6, (1, 12, 13, 14, 15))
WINDOWED = CallingConvention("windowed", 16, 0, 1, 2, 6, (), is_windowed=True)


def convention_of(elf: BootloaderElf, function: int) -> CallingConvention:
    """Return the convention of the function at an address."""
    return convention_for(elf.architecture, elf.byte_at(function))


def convention_for(architecture: Architecture, first_byte: int | None) -> CallingConvention:
    """Return the convention of a function whose code begins with this byte."""
    if architecture is Architecture.RISCV:
        return RISCV
    return WINDOWED if first_byte == _ENTRY_OPCODE else CALL0
