"""How esp_ota_begin is entered: no session is open yet, and any number was given out as the last handle."""

from typing import Any

import z3

from ...impl.esp_err import EspErr
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word, as_bits
from ..theorems.flash_operations import BootloaderPlaced
from .call_inputs import ASKED_SUBTYPE
from .call_machine import CallMachine, is_so, panic
from .running_state import STATE_FUNCTION, running_state
from .session_inputs import APP_IS_THERE, IS_APP, LAST_HANDLE, OTHER_IS_THERE

_LARGEST_SESSION = 0x1000


class SessionMachine(CallMachine):
    """The memory and the hooks of a call that opens a session.

    The list of open sessions and the last handle are variables of the file: s_ota_ops_entries_head,
    s_ota_ops_last_handle. Source: esp_ota_ops.c."""

    def __init__(self, elf: BootloaderElf, function: str) -> None:
        """Find function and variables; raises InputError, and ExecutionStopped for want of a variable."""
        super().__init__(elf, function)
        self._head, self._counter = (
            _variable(elf, name) for name in ("s_ota_ops_entries_head", "s_ota_ops_last_handle")
        )
        self._session = self.machine.arguments + 0x2000
        self.changing += (
            *(range(place, place + 4) for place in (self._head, self._counter)),
            range(self._session, self._session + _LARGEST_SESSION),
        )

    def entry(self, *arguments: Word) -> MachineState:
        """Return a state in which the function is being entered."""
        state = super().entry(*arguments)
        state.rooms += self.changing
        state.store(self._head, 0, 4)
        state.store(self._counter, LAST_HANDLE, 4)
        return state

    def left(self, state: MachineState) -> tuple[Any, ...]:
        """Return the handle, the last one given out, and 1 where the session is in the list; 2 for anything else."""
        head = as_bits(state.load(self._head, 4))
        is_open = z3.If(head == 0, as_bits(0), z3.If(head == self._session, as_bits(1), as_bits(2)))
        return *super().left(state), state.load(self._counter, 4), is_open

    def partition_hooks(self) -> dict[str, Hook]:
        """Return the hooks of what deals with partitions, and of what a session needs."""
        return {
            **super().partition_hooks(),
            "esp_partition_verify": self._verify_partition,
            "calloc": self._allocate,
            "esp_image_bootloader_offset_set": _place_bootloader,
            STATE_FUNCTION: self._tell_state,
            "esp_flash_set_dangerous_write_protection": lambda state, arguments: 0,
        }

    def _verify_partition(self, state: MachineState, arguments: Arguments) -> Word:
        """Return the table's own partition that is the one which the call is given, or 0."""
        if state.number(arguments[0]) != self.asked:
            raise ExecutionStopped(f"a partition is looked up that the call is not given, at 0x{state.pc:x}")
        if not is_so(state, IS_APP):
            return self.asked if is_so(state, OTHER_IS_THERE) else 0
        return self.pointer_to(ASKED_SUBTYPE) if is_so(state, APP_IS_THERE) else 0

    def _tell_state(self, state: MachineState, arguments: Arguments) -> Word | Ended:
        """Stand for a function that has a theorem of its own, asked for the running app."""
        known, asked = running_state(), as_bits(arguments[0])
        if not z3.is_true(z3.simplify(asked == as_bits(self.running))):
            raise ExecutionStopped(f"the state is asked for of a partition that does not run, at 0x{state.pc:x}")
        if is_so(state, known.panics):
            return panic(state, arguments)
        if is_so(state, known.code == EspErr.OK):
            state.store(arguments[1], known.state, 4)
        return known.code

    def _allocate(self, state: MachineState, arguments: Arguments) -> Word:
        """Return memory of zeros, once."""
        size = state.number(arguments[0]) * state.number(arguments[1])
        if size > _LARGEST_SESSION or state.holds(self._session):
            raise ExecutionStopped(f"{size} bytes of memory are asked for at 0x{state.pc:x}")
        for place in range(self._session, self._session + size):
            state.store(place, 0, 1)
        return self._session


def _variable(elf: BootloaderElf, name: str) -> int:
    symbol = elf.find(name)
    if symbol is None:
        raise ExecutionStopped(f"the file has no symbol {name}")
    return symbol.address


def _place_bootloader(state: MachineState, arguments: Arguments) -> None:
    state.events += (BootloaderPlaced(z3.simplify(as_bits(arguments[0]))),)
