"""What stands for flash, ROM and C library where the partition table is loaded.

Mapped flash shows the table row by row. MD5 is that of the first rows, of which nothing is known; data that is not the
first rows of the table has no MD5 here. The size of the chip is where the ROM keeps it.
"""

from dataclasses import dataclass
from typing import Any

import z3

from ...impl.partitions.table import ROW_SIZE, TABLE_MAX_LENGTH
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Hook
from ..execution.words import Word, as_bits, simplified
from .machine_setup import Machine
from .table_inputs import FLASH_SIZE, md5_of_rows, table_part

_HASHED = "rows hashed"
_CHIP_SIZE = 4
"""Where in the ROM's description of the chip its size is. Source: rom/spi_flash.h esp_rom_spiflash_chip_t."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Flash is mapped, and taken for the partition table."""

    address: Any
    """z3 bit-vector of 32 bits."""


class TableMemory:
    """Memory in which the table and the size of the chip are found."""

    def __init__(self, machine: Machine) -> None:
        """Take the addresses."""
        self._machine = machine
        self._base = machine.mapped

    def prepare(self, state: MachineState) -> None:
        """Put the size of the chip where the ROM keeps it."""
        elf = self._machine.elf
        chip, data = elf.find("g_rom_flashchip"), elf.find("rom_spiflash_legacy_data")
        if chip is not None:
            self._put(state, chip.address + _CHIP_SIZE, FLASH_SIZE)
        if data is not None:
            place = self._machine.arguments + 0x8000
            self._put(state, data.address, z3.BitVecVal(place, 32))
            self._put(state, place + _CHIP_SIZE, FLASH_SIZE)

    def bring_in(self, state: MachineState, address: int) -> None:
        """Show the row that an address is in, and no other one; raises ExecutionStopped behind the end row."""
        for place in [place for place in state.memory if place in state.paged]:
            del state.memory[place]
        start = (address - self._base) // ROW_SIZE * ROW_SIZE
        for offset in range(ROW_SIZE):
            try:
                state.memory[self._base + start + offset] = table_part(start + offset, 1)
            except IndexError as error:
                raise ExecutionStopped(f"the table is read behind its end row, at 0x{state.pc:x}") from error

    def hooks(self) -> dict[str, Hook]:
        """Return what stands for functions."""
        return {
            "bootloader_mmap": self._map,
            "bootloader_munmap": self._unmap,
            "esp_rom_md5_init": _begin_md5,
            "esp_rom_md5_update": self._add_to_md5,
            "esp_rom_md5_final": _end_md5,
        }

    def _map(self, state: MachineState, arguments: Arguments) -> Word:
        if state.events:
            raise ExecutionStopped(f"flash is mapped a second time, at 0x{state.pc:x}")
        length = state.number(arguments[1])
        state.events += (Mapped(as_bits(arguments[0])),)
        state.paged = range(self._base, self._base + min(length, TABLE_MAX_LENGTH))
        return self._base

    def _unmap(self, state: MachineState, arguments: Arguments) -> None:
        for place in [place for place in state.memory if place in state.paged]:
            del state.memory[place]
        state.paged = range(0)

    def _add_to_md5(self, state: MachineState, arguments: Arguments) -> None:
        context, data, length = (state.number(arguments[number]) for number in range(3))
        done = state.others.get(f"{_HASHED} {context:x}")
        end = ROW_SIZE * (done or 0) + length
        if done is None or data + length != self._base + end or end % ROW_SIZE or end > TABLE_MAX_LENGTH:
            raise ExecutionStopped(f"an MD5 of what is not the first rows, at 0x{state.pc:x}")
        state.others[f"{_HASHED} {context:x}"] = end // ROW_SIZE

    def _put(self, state: MachineState, address: int, word: Any) -> None:
        for byte in range(4):
            state.memory[address + byte] = simplified(z3.Extract(8 * byte + 7, 8 * byte, word))


def _begin_md5(state: MachineState, arguments: Arguments) -> None:
    state.others[f"{_HASHED} {state.number(arguments[0]):x}"] = 0


def _end_md5(state: MachineState, arguments: Arguments) -> None:
    target, context = state.number(arguments[0]), state.number(arguments[1])
    done = state.others.pop(f"{_HASHED} {context:x}", None)
    if done is None:
        raise ExecutionStopped(f"an MD5 that was not begun, at 0x{state.pc:x}")
    digest = md5_of_rows(done)
    for byte in range(16):
        state.store(target + byte, simplified(z3.Extract(8 * byte + 7, 8 * byte, digest)), 1)
