"""How long flash operations take, by what data sheets of serial NOR flash typically say.

The values are the typical ones of Winbond's W25Q32JV, AC electrical characteristics: t_SE, t_BP1, t_BP2, t_PP. Worn or
cold flash takes up to ten times as long. Left out: the time on the bus, and what the program does between operations.
Within a page or sector the bytes are taken to change one after another, at an even pace.
"""

from itertools import accumulate

from .flash import FlashOp, FlashOpKind, MicroStep

SECTOR_ERASE = 0.045
"""Seconds for the erase of a sector of 4 KiB."""
FIRST_BYTE = 30e-6
"""Seconds for the first byte of a program."""
NEXT_BYTE = 2.5e-6
"""Seconds for each further byte of it."""
WHOLE_PAGE = 0.0004
"""Seconds at most for a program within a page."""


def program_time(length: int) -> float:
    """Return the seconds for a program of so many bytes, which lie in one page."""
    return min(FIRST_BYTE + (length - 1) * NEXT_BYTE, WHOLE_PAGE)


def operation_time(op: FlashOp) -> float:
    """Return the seconds that an operation takes."""
    return sum(map(_micro_step_time, op.micro_steps()))


def time_of_bytes(op: FlashOp, first: int, stop: int) -> float:
    """Return the seconds in which at least `first` bytes of an operation are done, and fewer than `stop`."""
    steps = list(op.micro_steps())
    starts = accumulate((step.length for step in steps), initial=0)
    return sum(
        _micro_step_time(step) * max(0, min(stop, start + step.length) - max(first, start)) / step.length
        for start, step in zip(starts, steps, strict=False)
    )


def _micro_step_time(step: MicroStep) -> float:
    return SECTOR_ERASE if step.kind is FlashOpKind.ERASE else program_time(step.length)
