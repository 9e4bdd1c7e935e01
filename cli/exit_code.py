"""The exit codes of every sub-command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a run of the command came to."""

    HOLDS = 0
    """All claims hold, all vectors agree, or the command did its job."""
    VIOLATED = 1
    """A claim is violated, or a vector disagrees; all was decided."""
    BAD_INPUT = 2
    """Bad usage or bad input; nothing was decided."""
    INCONCLUSIVE = 3
    """Interrupted or out of bounds before all was decided."""
    INTERNAL_ERROR = 70
    """A bug in otaproof, or no memory left: nothing was decided. As EX_SOFTWARE of sysexits.h."""
