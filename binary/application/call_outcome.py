"""How a call of the application ends, as one term: so, what it returns, and what it leaves where the caller said."""

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
    """Return the word: end, esp_err_t, state. What does not return leaves nothing."""
    if end is not CallEnd.RETURNS:
        code, state = 0, z3.BitVecVal(0, 32)
    return z3.simplify(z3.Concat(z3.BitVecVal(end, 32), as_bits(code), as_bits(state)))
