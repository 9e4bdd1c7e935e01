"""Inputs for which a bootloader's code differs from impl, as numbers and bytes, with what each of the two does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from .boot_inputs import (
    APP_COUNT,
    ENCRYPTED,
    FACTORY_OFFSET,
    MOST_OPERATIONS,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    operation_result,
    record_bits,
)
from .fallback_inputs import HAS_FACTORY, HAS_TEST, IS_FRESH, START_INDEX
from .flash_operations import Checked, Erased, FlashOperation, Programmed
from .outcome import FunctionOutcome


class DeedKind(Enum):
    """What is done."""

    ERASE = "erase"
    PROGRAM = "program"
    CHECK = "check"
    """An image is checked."""
    START = "start"
    """An image is started."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done."""

    kind: DeedKind
    address: int
    """In flash, in bytes; of the partition, for an image."""
    data: bytes
    """What is programmed; else empty."""
    fails: bool
    """It returns an error; of a check, the image does not pass."""
    encrypted: bool = False
    """Flash encryption is asked for."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What one side does."""

    result: int
    """Boot index, of a selection: -1 is factory, -99 none."""
    noted: bool
    """Whether ota_has_initial_contents is set, by a selection."""
    acts: tuple[Act, ...]
    keeps_frame: bool = True
    """The registers and the table that it has to leave alone are as they were."""


@dataclass(frozen=True, slots=True)
class SelectionInputs:
    """What a selection depends on."""

    records: tuple[bytes, bytes]
    app_count: int
    factory_offset: int
    """0: no factory partition."""
    otadata_offset: int
    """0: no otadata partition."""
    otadata_size: int
    encrypted: bool
    """Flash encryption is on."""

    @property
    def has_factory(self) -> bool:
        """There is a factory partition."""
        return self.factory_offset != 0


@dataclass(frozen=True, slots=True)
class FallbackInputs:
    """What the choice among images depends on."""

    start_index: int
    app_count: int
    has_factory: bool
    has_test: bool
    is_fresh: bool
    """otadata was never written."""


@dataclass(frozen=True, slots=True)
class TheoremCounterexample:
    """Inputs, and what code and impl do with them."""

    inputs: SelectionInputs | FallbackInputs
    failing: tuple[int, ...]
    """Numbers of the operations that return an error, from 0."""
    code: Deed
    impl: Deed


class ModelReader:
    """Reads the values that a model gives to terms."""

    def __init__(self, model: z3.ModelRef) -> None:
        """Take the model; what it leaves open is 0."""
        self._model = model

    def selection(self) -> SelectionInputs:
        """Return the inputs of a selection."""
        return SelectionInputs(
            (self._bytes(record_bits(0)), self._bytes(record_bits(1))),
            self.number(APP_COUNT),
            self.number(FACTORY_OFFSET),
            self.number(OTADATA_OFFSET),
            self.number(OTADATA_SIZE),
            bool(self.number(ENCRYPTED)),
        )

    def fallback(self) -> FallbackInputs:
        """Return the inputs of the choice among images."""
        flags = map(self._is_true, (HAS_FACTORY, HAS_TEST, IS_FRESH))
        return FallbackInputs(_signed(self.number(START_INDEX)), self.number(APP_COUNT), *flags)

    def failing(self) -> tuple[int, ...]:
        """Return the numbers of the operations that fail."""
        return tuple(number for number in range(MOST_OPERATIONS) if self.number(operation_result(number)))

    def deed(self, outcomes: Sequence[FunctionOutcome]) -> Deed:
        """Return what the side does whose outcomes these are."""
        taken = next(outcome for outcome in outcomes if self._is_true(outcome.condition))
        acts = tuple(self._act(number, operation) for number, operation in enumerate(taken.operations))
        frame = taken.frame is True or self._is_true(taken.frame)
        return Deed(_signed(self.number(taken.result)), self._is_true(taken.noted), acts, frame)

    def number(self, term: Any) -> int:
        """Return the value of a bit-vector."""
        return int(self._model.eval(term, model_completion=True).as_long())

    def _is_true(self, formula: Any) -> bool:
        return bool(z3.is_true(self._model.eval(formula, model_completion=True)))

    def _bytes(self, term: Any) -> bytes:
        return self.number(term).to_bytes(term.size() // 8, "little")

    def _act(self, number: int, operation: FlashOperation) -> Act:
        address, fails = self.number(operation.address), self.number(operation_result(number)) != 0
        if isinstance(operation, Programmed):
            asks = operation.encrypted is not None and self.number(operation.encrypted) != 0
            return Act(DeedKind.PROGRAM, address, self._bytes(operation.data), fails, asks)
        if isinstance(operation, Erased):
            return Act(DeedKind.ERASE, address, b"", fails)
        if isinstance(operation, Checked):
            return Act(DeedKind.CHECK, address, b"", fails)
        return Act(DeedKind.START, address, b"", fails=False)


def _signed(number: int) -> int:
    return number - (number >> 31 << 32)
