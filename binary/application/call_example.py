"""Inputs for which a function of the application differs from impl, with what each of the two does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from ...impl.esp_err import EspErr
from ..theorems.boot_inputs import MOST_OPERATIONS, operation_result, record_bits
from ..theorems.flash_operations import Checked, FlashOperation, Programmed, RangeErased
from ..theorems.outcome import FunctionOutcome
from .call_inputs import (
    ASKED_SUBTYPE,
    ASKED_TYPE,
    HAS_FACTORY,
    HAS_OTADATA,
    HAS_TEST,
    IS_ASKED,
    SLOT_COUNT,
    STATE_BEFORE,
)
from .call_outcome import CallEnd, end_of


@dataclass(frozen=True, slots=True)
class CallExample:
    """Inputs, as text where they are no bytes, and both deeds."""

    records: tuple[bytes, bytes]
    slots: int
    inputs: tuple[str, ...]
    failing: tuple[int, ...]
    """Numbers of the operations that fail, from 0."""
    code: tuple[str, ...]
    """What the machine code does, in order."""
    impl: tuple[str, ...]

    @property
    def text(self) -> str:
        """The example in one line."""
        records = ", ".join(record.hex() for record in self.records)
        given = "; ".join((f"records {records}", f"{self.slots} slots", *self.inputs))
        return f"{given}: the code {'; '.join(self.code)}; impl {'; '.join(self.impl)}"


def read_example(model: z3.ModelRef, code: Sequence[FunctionOutcome], impl: Sequence[FunctionOutcome]) -> CallExample:
    """Return the example that a model is."""
    records = tuple(_number(model, record_bits(number)).to_bytes(32, "little") for number in (0, 1))
    return CallExample(
        (records[0], records[1]),
        _number(model, SLOT_COUNT),
        tuple(_inputs(model)),
        tuple(number for number in range(MOST_OPERATIONS) if _number(model, operation_result(number))),
        tuple(_deed(model, code)),
        tuple(_deed(model, impl)),
    )


def _inputs(model: z3.ModelRef) -> Iterator[str]:
    for name, there in (("otadata", HAS_OTADATA), ("factory", HAS_FACTORY), ("test app", HAS_TEST)):
        yield name if _is_true(model, there) else f"no {name}"
    if _is_true(model, IS_ASKED):
        kind, subtype = _number(model, ASKED_TYPE), _number(model, ASKED_SUBTYPE)
        yield f"asked for a partition of type 0x{kind:02x}, subtype 0x{subtype:02x}"


def _deed(model: z3.ModelRef, outcomes: Sequence[FunctionOutcome]) -> Iterator[str]:
    taken = next(outcome for outcome in outcomes if _is_true(model, outcome.condition))
    for number, operation in enumerate(taken.operations):
        fails = " (fails)" if _number(model, operation_result(number)) else ""
        yield f"{_act(model, operation)}{fails}"
    end, code, state = end_of(_number(model, taken.result))
    if end is not CallEnd.RETURNS:
        yield end.name.lower()
    else:
        names = {int(err): err.code_name for err in EspErr}
        yield f"returns {names.get(code, hex(code))}"
        if state != _number(model, STATE_BEFORE):
            yield f"state 0x{state:x}"
    if taken.frame is not True and not _is_true(model, taken.frame):
        yield "changes a register or a partition that it has to leave alone"


def _act(model: z3.ModelRef, operation: FlashOperation) -> str:
    match operation:
        case Checked(address=address):
            return f"checks the image at 0x{_number(model, address):x}"
        case RangeErased(address=address, size=size):
            return f"erases 0x{_number(model, address):x}, 0x{_number(model, size):x} bytes"
        case Programmed(address=address, data=data):
            raw = _number(model, data).to_bytes(data.size() // 8, "little")
            return f"programs 0x{_number(model, address):x} with {raw.hex()}"
    raise AssertionError(operation)


def _number(model: z3.ModelRef, term: Any) -> int:
    return int(model.eval(term, model_completion=True).as_long())


def _is_true(model: z3.ModelRef, formula: Any) -> bool:
    return bool(z3.is_true(model.eval(formula, model_completion=True)))
