"""Inputs for which a bootloader's code differs from impl, as numbers and bytes, with what each of the two does."""

from dataclasses import dataclass

from .deeds import Deed
from .fallback_inputs import FallbackInputs
from .selection_inputs import SelectionInputs
from .table_inputs import TableInputs

TheoremInputs = SelectionInputs | FallbackInputs | TableInputs


@dataclass(frozen=True, slots=True)
class TheoremCounterexample:
    """Inputs, and what code and impl do with them."""

    inputs: TheoremInputs
    failing: tuple[int, ...]
    """Numbers of the operations that return an error, from 0."""
    code: Deed
    impl: Deed
