"""A script of a user's own as a token keeps it: its steps as JSON values, calls of write() in a row as one."""

import math
from collections.abc import Iterator
from typing import Any

from ...model.config import ResetReason
from ..history.step import ACCEPT, COMMENCE, ERASE_LAST_BOOT, ROLLBACK, Step, StepName

_PLAIN = {step.name.value: step for step in (COMMENCE, ACCEPT, ROLLBACK, ERASE_LAST_BOOT)}
_MOST_STEPS = 20_000
_LONGEST_TEXT = 200


def encode_steps(steps: tuple[Step, ...]) -> list[list[Any]]:
    """Return the JSON values that stand for steps; raises ValueError for one that no such script has."""
    rows: list[list[Any]] = []
    for step in steps:
        last = rows[-1] if rows else None
        match step.name:
            case StepName.RESET:
                rows.append([step.name.value, step.reason.value])
            case StepName.WRITE:
                if last is not None and last[0] == "write" and _goes_on(last, step):
                    last[4] += 1
                else:
                    rows.append([step.name.value, step.image, step.offset, step.length, 1])
            case StepName.COMPLETE:
                rows.append([step.name.value, step.argument])
            case _ if step.name.value in _PLAIN:
                rows.append([step.name.value])
            case _:
                raise ValueError(f"{step} has no place in a script")
    return rows


def decode_steps(rows: Any, images: int) -> tuple[Step, ...]:
    """Return the steps of these values; raises ValueError, TypeError or LookupError for none. images: how many."""
    steps: list[Step] = []
    for name, *details in rows:
        steps += _steps_of(name, details, images)
        if len(steps) > _MOST_STEPS:
            raise ValueError("too many steps")
    return tuple(steps)


def _goes_on(row: list[Any], step: Step) -> bool:
    """Tell whether a write has the same length as those of a row, and begins where they end."""
    _, image, offset, length, count = row
    return (image, length, offset + length * count) == (step.image, step.length, step.offset)


def _steps_of(name: Any, details: list[Any], images: int) -> Iterator[Step]:
    if name == StepName.RESET.value:
        (reason,) = details
        yield Step(StepName.RESET, ResetReason(reason))
    elif name == StepName.WRITE.value:
        image, offset, length, count = details
        if image is not None and (type(image) is not int or not 0 <= image < images):
            raise LookupError("an image is missing")
        if any(type(number) is not int or not 0 <= number < 1 << 28 for number in (offset, length, count)):
            raise ValueError("a number is out of range")
        if count > _MOST_STEPS:
            raise ValueError("too many steps")
        for place in range(count):
            yield Step(StepName.WRITE, image=image, offset=offset + place * length, length=length)
    elif name == StepName.COMPLETE.value:
        (argument,) = details
        is_text = isinstance(argument, str) and len(argument) <= _LONGEST_TEXT and argument.isprintable()
        is_number = isinstance(argument, int | float) and math.isfinite(argument) and abs(argument) < 1 << 32
        if argument is not None and not is_text and not is_number:
            raise TypeError("no argument of complete()")
        yield Step(StepName.COMPLETE, argument=argument)
    else:
        if details:
            raise ValueError("a call takes nothing")
        yield _PLAIN[name]
