"""What an updater of the user's own does, call by call: commence, write, complete, restart, accept, ….

`write_update` stands for as many write() as the image that an upgrade brings takes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import InputError

_LONGEST = 1 << 27
_LARGEST_CHUNK = 1 << 24
_MOST_CALLS = 10_000


class CallKind(Enum):
    """The calls and resets that an updater is made of."""

    ERASE_LAST_BOOT = "erase_last_boot"
    COMMENCE = "commence"
    WRITE = "write"
    WRITE_UPDATE = "write_update"
    COMPLETE = "complete"
    POWER_ON = "power_on"
    RESTART = "restart"
    ACCEPT = "accept"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class UpdaterCall:
    """One of them; made by the functions of this module."""

    kind: CallKind
    first: int = 0
    """WRITE: the first byte of the image."""
    length: int = 0
    """WRITE: how many bytes. WRITE_UPDATE: how many at a time. COMPLETE: 1 if it restarts."""


def erase_last_boot() -> UpdaterCall:
    """Erase the image that ran before."""
    return UpdaterCall(CallKind.ERASE_LAST_BOOT)


def commence() -> UpdaterCall:
    """Begin an update."""
    return UpdaterCall(CallKind.COMMENCE)


def write(first: int, last: int) -> UpdaterCall:
    """Write bytes `first` … `last` of the image in one call."""
    if type(first) is not int or type(last) is not int or not 0 <= first <= last < _LONGEST:
        raise InputError(f"write: bytes {str(first)[:20]} … {str(last)[:20]} are no piece of an image")
    return UpdaterCall(CallKind.WRITE, first, last - first + 1)


def write_update(chunk: int = 4096) -> UpdaterCall:
    """Write the whole image, `chunk` bytes with each call."""
    if type(chunk) is not int or not 1 <= chunk <= _LARGEST_CHUNK:
        raise InputError(f"write_update: {str(chunk)[:20]} bytes; want 1 … {_LARGEST_CHUNK}")
    return UpdaterCall(CallKind.WRITE_UPDATE, length=chunk)


def complete(*, restarts: bool = True) -> UpdaterCall:
    """Verify the image and mark it; the device restarts then, unless told otherwise."""
    return UpdaterCall(CallKind.COMPLETE, length=int(restarts))


def power_on() -> UpdaterCall:
    """Let the power come back: the bootloader selects what starts. After complete() and rollback(), the restart."""
    return UpdaterCall(CallKind.POWER_ON)


def restart() -> UpdaterCall:
    """Restart by software: the bootloader selects what starts."""
    return UpdaterCall(CallKind.RESTART)


def accept() -> UpdaterCall:
    """Keep the image that runs."""
    return UpdaterCall(CallKind.ACCEPT)


def rollback() -> UpdaterCall:
    """Give the image that runs up, for the one before."""
    return UpdaterCall(CallKind.ROLLBACK)


def updater_of(calls: Iterable[UpdaterCall]) -> tuple[UpdaterCall, ...]:
    """Return the calls of an updater; raises InputError where they are none, or bring no update or several."""
    found = tuple(calls)
    for call in found:
        if not isinstance(call, UpdaterCall):
            raise InputError(f"calls: {str(call)[:40]!r} is no call; see otaproof.library.boards")
    begun = sum(call.kind is CallKind.COMMENCE for call in found)
    if begun != 1:
        raise InputError(f"calls: want commence() once, as they bring one update; it is there {begun} times")
    return found


def encode_calls(calls: Iterable[UpdaterCall]) -> list[list[object]]:
    """Return the JSON value that stands for them."""
    return [[call.kind.value, call.first, call.length] for call in calls]


def decode_calls(record: Any) -> tuple[UpdaterCall, ...]:
    """Return the calls of a JSON value; raises ValueError or TypeError for none that an updater has."""
    if len(record) > _MOST_CALLS:
        raise ValueError("too many calls")
    calls = []
    for kind, first, length in record:
        if type(first) is not int or type(length) is not int or not (0 <= first < _LONGEST and 0 <= length < _LONGEST):
            raise ValueError("a number is out of range")
        calls.append(UpdaterCall(CallKind(kind), first, length))
    if any(call.kind in (CallKind.WRITE, CallKind.WRITE_UPDATE) and not call.length for call in calls):
        raise ValueError("a write() of nothing")
    if calls and sum(call.kind is CallKind.COMMENCE for call in calls) != 1:
        raise ValueError("no update, or several")
    return tuple(calls)
