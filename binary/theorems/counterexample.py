"""Inputs for which code differs from impl, as numbers and bytes, with what each of the two does."""

from dataclasses import dataclass

from .deeds import Deed


@dataclass(frozen=True, slots=True)
class TheoremCounterexample:
    """Inputs, and what code and impl do with them."""

    inputs: object
    """SelectionInputs, FallbackInputs, TableInputs, WakeInputs or CallInputs, as the theorem has them."""
    failing: tuple[int, ...]
    """Numbers of the operations that return an error, from 0."""
    code: Deed
    impl: Deed
