"""The side that machine code is compared with: impl's own bootloader, run on symbolic inputs.

`Bootloader._select` runs unchanged on a partition table of any number of slots, any factory and any otadata partition,
and on a flash whose records may be anything and whose operations may fail. What stands for something else meanwhile:
SymStruct for Python's struct, an open function for the check word, and an open function for the remainder.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from ...impl import otadata
from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.esp_err import EspErr, OtaError
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config
from ...proofs.refinement.symbolic_board import SymBytes, SymStruct, UnknownAccess
from ...proofs.refinement.symbolic_entries import CRC, standing_in, view_truth
from ...proofs.refinement.symbolic_execution import SymBool, SymWord, bits_of, explored_paths
from ..execution.words import REMAINDER
from .boot_inputs import (
    APP_COUNT,
    FACTORY_OFFSET,
    FACTORY_SIZE,
    GIVEN,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    operation_result,
    record_address,
    record_bits,
)
from .flash_operations import Erased, FlashOperation, Programmed
from .outcome import FunctionOutcome, distinct_outcomes

INVALID_INDEX = -99
"""What the C code returns where otadata is too small. Source: bootloader_config.h INVALID_INDEX."""


@dataclass(frozen=True, slots=True)
class ExpectedSide:
    """What impl does, for all inputs."""

    config: Config
    outcomes: tuple[FunctionOutcome, ...]
    path_count: int
    read: frozenset[str]
    """Fields of Config that impl has looked at; no other one has an influence."""


class CountWord(SymWord):
    """The number of slots, by which other words are divided: the remainder is an open function."""

    __slots__ = ()

    def __rmod__(self, other: SymWord) -> SymWord:
        """Return the remainder of another word by this one."""
        return SymWord(z3.ZeroExt(1, REMAINDER(bits_of(other), self.bits())), 0, self.high - 1)


class RecordedConfig:
    """A configuration that notes which of its fields are read."""

    def __init__(self, config: Config) -> None:
        """Stand for a configuration."""
        self._config = config
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """Return a field."""
        self.read.add(name)
        return getattr(self._config, name)


class RecordFlash(NorFlash):
    """A flash with two otadata records of any bytes, whose operations are noted and may fail."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        super().__init__(Cells.erased(0x1000))
        self.operations: tuple[FlashOperation, ...] = ()

    def read(self, address: int, length: int) -> Any:
        """Return a record."""
        place = bits_of(address)
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


def expected_selection(config: Config) -> ExpectedSide:
    """Return what impl's bootloader selects and writes with this configuration, as every path of it."""
    recorded = RecordedConfig(config)
    with open_records():
        paths = explored_paths(partial(_selected, recorded), z3.And(*GIVEN))
    outcomes = (FunctionOutcome(path.condition, *path.result) for path in paths)
    return ExpectedSide(config, distinct_outcomes(outcomes), len(paths), frozenset(recorded.read))


def open_records() -> Any:
    """Let impl read and write records of any bytes, with any function as check word, for a while."""

    def check_word(ota_seq: Any) -> SymWord:
        return SymWord(z3.ZeroExt(1, CRC(bits_of(ota_seq))), 0, 0xFFFFFFFF)

    return standing_in(
        (
            (otadata, "ota_select_crc", check_word),
            (otadata, "_LAYOUT", SymStruct(otadata._LAYOUT.format)),
        )
    )


def _selected(config: Any) -> tuple[Any, Any, tuple[FlashOperation, ...]]:
    flash = RecordFlash()
    bootloader = Bootloader(flash, Efuse(0, config.secure_version_bits), config)
    selection = bootloader._select(_partitions())
    if selection is None:
        return z3.BitVecVal(INVALID_INDEX, 32), z3.BoolVal(False), flash.operations
    return z3.simplify(bits_of(selection.index)), *view_truth(selection.has_initial_contents), flash.operations


def word_of(term: Any) -> Any:
    """Return a z3 bit-vector of 32 bits as the number that impl computes with."""
    return SymWord(z3.ZeroExt(1, term), 0, 0xFFFFFFFF)


def _partitions() -> BootloaderState:
    """Return what the bootloader knows of the partition table; forks on whether factory and otadata are there."""
    factory = otadata_partition = None
    if SymBool(FACTORY_OFFSET != 0):
        place = word_of(FACTORY_OFFSET), word_of(FACTORY_SIZE)
        factory = Partition("factory", PartitionType.APP, AppSubtype.FACTORY, *place)
    if SymBool(OTADATA_OFFSET != 0):
        place = word_of(OTADATA_OFFSET), word_of(OTADATA_SIZE)
        otadata_partition = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    count = CountWord(z3.ZeroExt(1, APP_COUNT), 0, 0xFFFFFFFF)
    return BootloaderState(factory, None, {}, count, otadata_partition)  # type: ignore[arg-type]  # a symbolic count
