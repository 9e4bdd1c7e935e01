"""Hooks for what a bootloader calls below itself: the flash driver, mapped flash, the check word, flash encryption."""

from collections.abc import Mapping

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.image.format import APP_DESC_OFFSET, APP_DESC_SIZE
from ...proofs.refinement.symbolic_entries import CRC
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Hook
from ..execution.words import MASK, Word, as_bits, simplified
from .boot_inputs import ENCRYPTED, OTADATA_OFFSET, OTADATA_SIZE, RECORDS, operation_result
from .flash_operations import Erased, Programmed
from .version_hooks import DescriptionBytes


def show_records(state: MachineState, mapped: int) -> None:
    """Let both records be read where otadata is mapped from an address on."""
    for number, words in enumerate(RECORDS):
        for place, word in enumerate(words):
            for byte in range(4):
                address = mapped + SECTOR_SIZE * number + 4 * place + byte
                state.memory[address] = z3.Extract(8 * byte + 7, 8 * byte, word)


def _check_word(state: MachineState, arguments: Arguments) -> Word:
    """Return the check word by an open function of a word; a CRC-32 of more words is made of such steps."""
    crc, start, length = arguments[0], state.number(arguments[1]), state.number(arguments[2])
    if length % 4:
        raise ExecutionStopped(f"a check word of {length} bytes at 0x{state.pc:x}")
    for place in range(start, start + length, 4):
        crc = simplified(CRC(z3.simplify(as_bits(state.load(place, 4)) ^ as_bits(crc) ^ MASK)))
    return crc


def _is_encryption_enabled(state: MachineState, arguments: Arguments) -> Word:
    return ENCRYPTED


CHECK_WORD_HOOKS: Mapping[str, Hook] = {"esp_rom_crc32_le": _check_word, "crc32_le": _check_word}
_ENCRYPTION_HOOKS: Mapping[str, Hook] = {
    "esp_flash_encryption_enabled": _is_encryption_enabled,
    "efuse_hal_flash_encryption_enabled": _is_encryption_enabled,
}


class FlashHooks:
    """The flash of one exploration, of which a range at a time is mapped."""

    def __init__(self, window: range) -> None:
        """window: the addresses where mapped flash is read."""
        self._window = window
        self._descriptions = DescriptionBytes()

    def by_name(self) -> dict[str, Hook]:
        """Return the hooks of the driver, of the check word and of flash encryption."""
        return {
            "bootloader_mmap": self._map,
            "bootloader_munmap": self._unmap,
            "bootloader_flash_erase_sector": _erase_sector,
            "bootloader_flash_write": _write,
            **CHECK_WORD_HOOKS,
            **_ENCRYPTION_HOOKS,
        }

    def _map(self, state: MachineState, arguments: Arguments) -> Word:
        """Map otadata, where its records are read, or the beginning of an image; every other range stops the path."""
        mapped = self._window.start
        if any(mapped + place in state.memory for place in (0, APP_DESC_OFFSET)):
            raise ExecutionStopped(f"flash is mapped a second time, at 0x{state.pc:x}")
        offset, size = (as_bits(arguments[number]) for number in (0, 1))
        if z3.is_true(z3.simplify(offset == OTADATA_OFFSET)):
            if not z3.is_true(z3.simplify(size == OTADATA_SIZE)):
                raise ExecutionStopped(f"otadata is not mapped whole, at 0x{state.pc:x}")
            show_records(state, mapped)
        elif state.number(arguments[1]) < APP_DESC_OFFSET + APP_DESC_SIZE:
            raise ExecutionStopped(f"flash is mapped that is no description, at 0x{state.pc:x}")
        else:
            self._descriptions.map(state, offset, mapped)
        return mapped

    def _unmap(self, state: MachineState, arguments: Arguments) -> None:
        for address in [address for address in state.memory if address in self._window]:
            del state.memory[address]


def _erase_sector(state: MachineState, arguments: Arguments) -> Word:
    return _ended(state, Erased(as_bits(simplified(as_bits(arguments[0]) * SECTOR_SIZE))))


def _write(state: MachineState, arguments: Arguments) -> Word:
    source, length = state.number(arguments[1]), state.number(arguments[2])
    data = as_bits(state.load(source, length), 8 * length)
    return _ended(state, Programmed(as_bits(arguments[0]), data, as_bits(arguments[3])))


def _ended(state: MachineState, operation: Erased | Programmed) -> Word:
    result = operation_result(len(state.events))
    state.events += (operation,)
    return result
