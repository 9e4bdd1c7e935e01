"""Hooks for what anti-rollback reads and burns: descriptions of images in mapped flash, and the eFuse's version."""

from typing import Any

import z3

from ...impl.image.format import APP_DESC_OFFSET, APP_DESC_SIZE
from ..execution.machine_state import MachineState
from ..execution.path_search import Arguments, Hook
from ..execution.words import Word, anything, as_bits, bit
from .boot_inputs import operation_result
from .flash_operations import Burned
from .image_versions import MAGIC_AT, VERSION_AT, efuse_version


class DescriptionBytes:
    """The bytes of descriptions, the same each time one is mapped."""

    def __init__(self) -> None:
        """None is known yet."""
        self._bytes: dict[int, tuple[Any, list[Any]]] = {}

    def of(self, offset: Any) -> list[Any]:
        """Return the bytes of the image's description in the partition at an offset."""
        if offset.get_id() not in self._bytes:
            words = (MAGIC_AT(offset), VERSION_AT(offset))
            known = [z3.Extract(8 * byte + 7, 8 * byte, word) for word in words for byte in range(4)]
            rest = [anything(8) for _ in range(APP_DESC_SIZE - len(known))]
            # With the offset beside them, no other term gets its number.
            self._bytes[offset.get_id()] = offset, [*known, *rest]
        return self._bytes[offset.get_id()][1]

    def map(self, state: MachineState, offset: Any, address: int) -> None:
        """Let a partition's first bytes be read from an address on."""
        for place, byte in enumerate(self.of(offset)):
            state.memory[address + APP_DESC_OFFSET + place] = byte


def _version_now(state: MachineState) -> Any:
    return efuse_version(sum(isinstance(event, Burned) for event in state.events))


def _check(state: MachineState, arguments: Arguments) -> Word:
    return bit(z3.UGE(as_bits(arguments[0]), _version_now(state)))


def _read(state: MachineState, arguments: Arguments) -> Word:
    return _version_now(state)


def _update(state: MachineState, arguments: Arguments) -> Word:
    result = operation_result(len(state.events))
    state.events += (Burned(as_bits(arguments[0])),)
    return result


EFUSE_HOOKS: dict[str, Hook] = {
    "esp_efuse_check_secure_version": _check,
    "esp_efuse_read_secure_version": _read,
    "esp_efuse_update_secure_version": _update,
}
