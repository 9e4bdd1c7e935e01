"""What is asked of one function of the core: its arguments, and what it is to return or to leave in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class At:
    """An argument that points into the room for what arguments point to."""

    offset: int


@dataclass(frozen=True, slots=True)
class CoreQuestion:
    """A function, its arguments, and what it is to return."""

    function: str
    arguments: tuple[Any, ...]
    expected: Any
    given: tuple[Any, ...] = ()
    memory: Mapping[int, Any] | None = None
    """By offset in the room for arguments, 32-bit words."""
    left: Mapping[int, Any] | None = None
    """By offset, the words that are to be there afterwards; the result counts where `expected` is not None."""


def laid_out(words: Iterable[Any]) -> dict[int, Any]:
    """Return words by their offsets in bytes, one after another."""
    return {4 * number: value for number, value in enumerate(words)}
