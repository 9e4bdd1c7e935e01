"""Inputs for which a bootloader's code differs from impl, as numbers and bytes, with what each of the two does.

What impl does is not taken from the formula alone: impl's bootloader runs on a simulated flash with these records, and
has to do the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import z3

from ...impl.bootloader import Bootloader, BootloaderState
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import Failure, FailureExtent, NorFlash, Strictness
from ...impl.otadata import SEQ_EMPTY
from ...impl.partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
from ...model.config import Config
from .boot_inputs import (
    APP_COUNT,
    ENCRYPTED,
    FACTORY_OFFSET,
    FACTORY_SIZE,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    RECORDS,
    operation_result,
    record_bits,
)
from .expected_selection import INVALID_INDEX
from .flash_operations import FlashOperation, Programmed
from .outcome import Outcome

MOST_OPERATIONS = 8
"""More flash operations than a boot has on any path that is right."""
_FLASH_SIZE = 1 << 28


@dataclass(frozen=True, slots=True)
class OperationBytes:
    """A flash operation as it was asked for."""

    address: int
    data: bytes | None
    """None for an erase."""
    fails: bool
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """What one side does."""

    result: int
    """Boot index: -1 is factory, -99 none."""
    noted: bool
    """Whether ota_has_initial_contents is set."""
    operations: tuple[OperationBytes, ...]
    keeps_frame: bool = True
    """The registers and the table that it has to leave alone are as they were."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Inputs, and what code and impl do with them."""

    records: tuple[bytes, bytes]
    app_count: int
    factory_offset: int
    """0: no factory partition."""
    otadata_offset: int
    """0: no otadata partition."""
    otadata_size: int
    encrypted: bool
    """Flash encryption is on."""
    failing: tuple[int, ...]
    """Numbers of the flash operations that return an error."""
    code: Deed
    impl: Deed


def plain_inputs() -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    for words in RECORDS:
        yield z3.Or(words[0] == SEQ_EMPTY, z3.And(words[0] != 0, z3.ULE(words[0], 16)))
        yield z3.Or(words[6] == SEQ_EMPTY, z3.ULE(words[6], 4))
        yield z3.And(*(word == SEQ_EMPTY for word in words[1:6]))
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    yield z3.And(z3.UGE(APP_COUNT, 1), z3.ULE(APP_COUNT, 16))
    yield z3.Or(FACTORY_OFFSET == 0, FACTORY_OFFSET == 0x10000)
    yield z3.And(*(operation_result(number) == 0 for number in range(MOST_OPERATIONS)))
    yield ENCRYPTED == 0
    yield APP_COUNT == 2
    yield FACTORY_OFFSET == 0
    yield from (z3.And(*(word == SEQ_EMPTY for word in words)) for words in RECORDS)


def counterexample(
    model: z3.ModelRef, code: tuple[Outcome, ...], expected: tuple[Outcome, ...], config: Config
) -> Counterexample | str:
    """Return the example that a model is; text where impl does not do what the formula says of it."""
    values = _Values(model)
    example = Counterexample(
        (values.bytes(record_bits(0)), values.bytes(record_bits(1))),
        values(APP_COUNT),
        values(FACTORY_OFFSET),
        values(OTADATA_OFFSET),
        values(OTADATA_SIZE),
        bool(values(ENCRYPTED)),
        tuple(number for number in range(MOST_OPERATIONS) if values(operation_result(number))),
        values.deed(code),
        values.deed(expected),
    )
    played = _play(example, config, values(FACTORY_SIZE))
    return example if played == example.impl else f"impl does {played}, its formula says {example.impl}"


class _Values:
    """The values that a model gives to terms."""

    def __init__(self, model: z3.ModelRef) -> None:
        self._model = model

    def __call__(self, term: Any) -> int:
        return int(self._model.eval(term, model_completion=True).as_long())

    def truth(self, formula: Any) -> bool:
        return bool(z3.is_true(self._model.eval(formula, model_completion=True)))

    def bytes(self, term: Any) -> bytes:
        return self(term).to_bytes(term.size() // 8, "little")

    def deed(self, outcomes: tuple[Outcome, ...]) -> Deed:
        taken = next(outcome for outcome in outcomes if self.truth(outcome.condition))
        result = self(taken.result)
        operations = tuple(self._operation(number, op) for number, op in enumerate(taken.operations))
        frame = taken.frame is True or self.truth(taken.frame)
        return Deed(result - (result >> 31 << 32), self.truth(taken.noted), operations, frame)

    def _operation(self, number: int, op: FlashOperation) -> OperationBytes:
        fails = self(operation_result(number)) != 0
        if not isinstance(op, Programmed):
            return OperationBytes(self(op.address), None, fails)
        asks = op.encrypted is not None and bool(self(op.encrypted))
        return OperationBytes(self(op.address), self.bytes(op.data), fails, asks)


def _play(example: Counterexample, config: Config, factory_size: int) -> Deed:
    """Return what impl's bootloader does on a simulated flash with these records."""
    end = example.otadata_offset + 2 * SECTOR_SIZE
    cells = Cells.erased(min(end, _FLASH_SIZE))
    for number, record in enumerate(example.records):
        cells = cells.with_bytes(example.otadata_offset + SECTOR_SIZE * number, record)
    flash = _NotedFlash(cells)
    flash.plan_failure(*(Failure(number, FailureExtent.NONE) for number in example.failing))
    selection = Bootloader(flash, Efuse(0, config.secure_version_bits), config)._select(_table(example, factory_size))
    operations = tuple(
        OperationBytes(op.address, data, number in example.failing)
        for number, (op, data) in enumerate(zip(flash.take_ops(), flash.programmed, strict=True))
    )
    if selection is None:
        return Deed(INVALID_INDEX, noted=False, operations=operations)
    return Deed(selection.index, selection.has_initial_contents, operations)


class _NotedFlash(NorFlash):
    """A flash that keeps the bytes of each program."""

    def __init__(self, cells: Cells) -> None:
        """Start powered, holding `cells`."""
        super().__init__(cells, Strictness.STRICT)
        self.programmed: list[bytes | None] = []
        """By operation; None for an erase."""

    def erase_sector(self, address: int) -> None:
        """Erase; no bytes."""
        self.programmed.append(None)
        super().erase_sector(address)

    def program(self, address: int, data: bytes) -> None:
        """Program; keep the bytes."""
        self.programmed.append(data)
        super().program(address, data)


def _table(example: Counterexample, factory_size: int) -> BootloaderState:
    factory = otadata = None
    if example.factory_offset:
        factory = Partition("factory", PartitionType.APP, AppSubtype.FACTORY, example.factory_offset, factory_size)
    if example.otadata_offset:
        place = example.otadata_offset, example.otadata_size
        otadata = Partition("otadata", PartitionType.DATA, DataSubtype.OTA, *place)
    return BootloaderState(factory, None, {}, example.app_count, otadata)
