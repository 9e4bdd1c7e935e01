"""How a call of the application ends, as one term: so, what it returns, and what it leaves."""

from enum import IntEnum
from typing import Any

import z3

from ..execution.words import as_bits


class CallEnd(IntEnum):
    """Whether a call comes back."""

    RETURNS = 0
    RESTARTS = 1
    """By esp_restart()."""
    PANICS = 2
    """An assertion fails."""


def end_word(end: CallEnd, code: Any = 0, state: Any = 0, last_handle: Any = 0, sessions: Any = 0) -> Any:
    """Return the word: the end, the esp_err_t, what lies where a state or a handle is put, the last handle given out,
    and how many sessions are open. What does not return leaves nothing."""
    return z3.simplify(z3.Concat(*map(as_bits, (int(end), code, state, last_handle, sessions))))
