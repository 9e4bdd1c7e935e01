"""The words of the command line that runs, for reports that say how to repeat them."""

from collections.abc import Sequence
from contextvars import ContextVar

_GIVEN: ContextVar[tuple[str, ...]] = ContextVar("given", default=())


def note_command_line(arguments: Sequence[str]) -> None:
    """Keep the arguments of the command that is about to run."""
    _GIVEN.set(tuple(arguments))


def command_line() -> tuple[str, ...]:
    """Return the words that run the same command again."""
    return ("otaproof", *_GIVEN.get())
