"""Reads the values that a solver's model gives to terms: inputs, and what a side does with them."""

from collections.abc import Sequence
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from .boot_inputs import MOST_OPERATIONS, operation_result
from .deeds import Act, Deed, DeedKind
from .flash_operations import (
    BootloaderPlaced,
    Burned,
    Checked,
    Erased,
    FlashOperation,
    LoadedUnchecked,
    Programmed,
    RangeErased,
    Started,
)
from .outcome import FunctionOutcome


class ModelReader:
    """Reads the values that a model gives to terms."""

    def __init__(self, model: z3.ModelRef) -> None:
        """Take the model; what it leaves open is 0."""
        self._model = model

    def failing(self) -> tuple[int, ...]:
        """Return the numbers of the operations that fail."""
        return tuple(number for number in range(MOST_OPERATIONS) if self.number(operation_result(number)))

    def deed(self, outcomes: Sequence[FunctionOutcome]) -> Deed:
        """Return what the side does whose outcomes these are."""
        taken = next(outcome for outcome in outcomes if self.is_true(outcome.condition))
        acts = tuple(self._act(number, operation) for number, operation in enumerate(taken.operations))
        frame = taken.frame is True or self.is_true(taken.frame)
        result, *words = _words(taken.result)
        return Deed(self.signed(result), self.is_true(taken.noted), acts, tuple(map(self.number, words)), frame)

    def number(self, term: Any) -> int:
        """Return the value of a bit-vector, unsigned."""
        return int(self._model.eval(term, model_completion=True).as_long())

    def signed(self, term: Any) -> int:
        """Return the value of a 32-bit bit-vector, signed."""
        number = self.number(term)
        return number - (number >> 31 << 32)

    def is_true(self, formula: Any) -> bool:
        """Return the truth of a formula."""
        return bool(z3.is_true(self._model.eval(formula, model_completion=True)))

    def data(self, term: Any) -> bytes:
        """Return the bytes of a bit-vector, the lowest first."""
        return self.number(term).to_bytes(term.size() // 8, "little")

    def _act(self, number: int, operation: FlashOperation) -> Act:
        kind, place = _KINDS[type(operation)], self.number(operation.terms[0])
        fails = kind.can_fail and self.number(operation_result(number)) != 0
        if isinstance(operation, Erased | RangeErased):
            size = SECTOR_SIZE if isinstance(operation, Erased) else self.number(operation.size)
            return Act(kind, place, b"", fails, size=size)
        if not isinstance(operation, Programmed):
            return Act(kind, place, b"", fails)
        asks = operation.encrypted is not None and self.number(operation.encrypted) != 0
        return Act(kind, place, self.data(operation.data), fails, asks)


def _words(term: Any) -> tuple[Any, ...]:
    """Return the 32-bit words of a bit-vector, the highest first."""
    return tuple(z3.Extract(low + 31, low, term) for low in reversed(range(0, term.size(), 32)))


_KINDS = {
    Erased: DeedKind.ERASE,
    RangeErased: DeedKind.ERASE,
    Programmed: DeedKind.PROGRAM,
    Checked: DeedKind.CHECK,
    LoadedUnchecked: DeedKind.LOAD,
    Started: DeedKind.START,
    Burned: DeedKind.BURN,
    BootloaderPlaced: DeedKind.PLACE,
}
