"""The hardware of impl's side: two otadata records, images' descriptions and an eFuse that may be anything.

Operations are noted, and may fail.
"""

from dataclasses import dataclass
from typing import Any

import z3

from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.esp_err import EspErr, OtaError
from ...impl.image.format import APP_DESC_OFFSET, APP_DESC_SIZE, AppDesc
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import AppSubtype, Partition, PartitionType
from ...proofs.refinement.symbolic_board import SymBytes, UnknownAccess
from ...proofs.refinement.symbolic_execution import SymBool, SymWord, bits_of
from .boot_inputs import operation_result, record_address, record_bits
from .flash_operations import Burned, Erased, FlashOperation, Programmed
from .image_versions import MAGIC_AT, SLOT_OFFSETS, SLOT_SIZES, VERSION_AT, efuse_version, of_slot


def word_of(term: Any) -> Any:
    """Return a z3 bit-vector of 32 bits as the number that impl computes with."""
    return SymWord(z3.ZeroExt(1, term), 0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class OpenDescription:
    """The bytes of a description, of which two words count."""

    offset: Any
    """Of its partition, as a z3 bit-vector."""


def decode_open_description(raw: OpenDescription) -> AppDesc:
    """Return the description; stands for impl's function of bytes."""
    words = word_of(MAGIC_AT(raw.offset)), word_of(VERSION_AT(raw.offset))
    return AppDesc(*words, "", "", "", "", "")


class RecordFlash(NorFlash):
    """A flash with two otadata records and descriptions of any bytes, whose operations are noted and may fail."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        super().__init__(Cells.erased(0x1000))
        self.operations: tuple[FlashOperation, ...] = ()

    @property
    def unwatched(self) -> None:
        """Nothing: the cells are not what is read."""

    def read(self, address: int, length: int) -> Any:
        """Return a record, or a description."""
        place = bits_of(address)
        if length == APP_DESC_SIZE:
            return OpenDescription(z3.simplify(place - APP_DESC_OFFSET))
        for number in (0, 1):
            if length == ENTRY_SIZE and z3.is_true(z3.simplify(place == record_address(number))):
                return SymBytes(record_bits(number))
        raise UnknownAccess(f"read of {length} bytes at {place}")

    def erase_sector(self, address: int) -> None:
        """Note the erase of a sector."""
        self._end(Erased(z3.simplify(bits_of(address))))

    def program(self, address: int, data: Any) -> None:
        """Note a program."""
        self._end(Programmed(z3.simplify(bits_of(address)), data.term))

    def fails(self, operation: FlashOperation) -> bool:
        """Note an operation, and tell whether it fails; forks."""
        result = operation_result(len(self.operations))
        self.operations += (operation,)
        return bool(SymBool(result != 0))

    def _end(self, operation: FlashOperation) -> None:
        if self.fails(operation):
            raise OtaError(EspErr.FLASH_OP_FAIL)


class OpenEfuse(Efuse):
    """An eFuse that may hold any version; what is asked of it is noted with the operations of the flash."""

    def __init__(self, flash: RecordFlash) -> None:
        """Note on this flash."""
        self._flash = flash

    @property
    def secure_version(self) -> Any:
        """The version now."""
        return word_of(efuse_version(sum(isinstance(one, Burned) for one in self._flash.operations)))

    def update_secure_version(self, secure_version: Any) -> None:
        """Note that the version is to be burned."""
        if self._flash.fails(Burned(bits_of(secure_version))):
            raise OtaError(EspErr.FAIL)


class OpenSlots:
    """The slots by number, of which nothing is known."""

    def get(self, index: SymWord) -> Partition:
        """Return a slot's partition; the number is one that a selection comes to."""
        place = word_of(of_slot(SLOT_OFFSETS, bits_of(index))), word_of(of_slot(SLOT_SIZES, bits_of(index)))
        return Partition("app", PartitionType.APP, AppSubtype.OTA_0, *place)
