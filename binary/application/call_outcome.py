"""How a call of the application ends, as one word: so, what it returns, and what it leaves where the caller said."""

from enum import IntEnum
from typing import Any

import z3

from ..execution.words import as_bits
from .call_inputs import STATE_BEFORE


class CallEnd(IntEnum):
    """Whether a call comes back."""

    RETURNS = 0
    RESTARTS = 1
    """By esp_restart()."""
    PANICS = 2
    """An assertion fails."""


def end_word(end: CallEnd, code: Any = 0, state: Any = STATE_BEFORE) -> Any:
    """Return the word: state, esp_err_t, end. What does not return leaves nothing."""
    if end is not CallEnd.RETURNS:
        code, state = 0, z3.BitVecVal(0, 32)
    return z3.simplify(z3.Concat(as_bits(state), as_bits(code), z3.BitVecVal(end, 8)))


def end_of(word: int) -> tuple[CallEnd, int, int]:
    """Return end, esp_err_t and state of such a word."""
    return CallEnd(word & 0xFF), word >> 8 & 0xFFFFFFFF, word >> 40
