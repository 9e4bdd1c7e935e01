"""Stands for the module `os` in the writer of files: counts its system calls, and lets one of them go wrong.

As SQLite's tests do: a call fails with an error that the system gives; a write is cut after any of its bytes; or the
process dies before a call, after it, or within a write. A process that is dead makes no more calls.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

CALLS = ("open", "stat", "write", "fchmod", "fsync", "link", "rename", "unlink", "close")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EINTR, errno.EMFILE, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.ENOMEM)


class Died(BaseException):
    """The process is gone: nothing of it runs any more."""


class Mishap(Enum):
    """What happens at a call."""

    ERROR = "it fails"
    DEATH_BEFORE = "the process dies before it"
    DEATH_AFTER = "the process dies after it"
    SHORT_WRITE = "fewer bytes are written"
    DEATH_WITHIN = "the process dies after some bytes"
    INTERRUPT = "an interrupt comes after it"


@dataclass
class FaultySystem:
    """The functions of `os` with one mishap, at the call of that number; without a number, none."""

    at: int | None = None
    mishap: Mishap = Mishap.ERROR
    error: int = errno.EIO
    bytes_written: int = 0
    """Of the write that is cut."""
    named_only: bool = False
    """The file system opens no file without a name."""
    calls: list[str] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)
    """By the number of a write, its bytes."""
    _is_dead: bool = False
    _open: set[int] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        """Return the function of `os`, watched if it is one of CALLS."""
        found = getattr(os, name)
        return self._watched(name, found) if name in CALLS else found

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            if self._is_dead:
                raise Died
            number = len(self.calls)
            self.calls.append(name)
            if name == "write":
                self.sizes[number] = memoryview(arguments[1]).nbytes
            if name == "open" and self.named_only and arguments[1] & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
            if number != self.at:
                return self._done(name, call, arguments, named)
            return self._mishap(name, call, arguments, named)

        return watched

    def _mishap(self, name: str, call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        match self.mishap:
            case Mishap.ERROR:
                if name == "close":
                    self._done(name, call, arguments, named)  # the descriptor is gone, whatever close says
                raise OSError(self.error, os.strerror(self.error))
            case Mishap.DEATH_BEFORE:
                self._die()
            case Mishap.SHORT_WRITE:
                return os.write(arguments[0], bytes(arguments[1])[: self.bytes_written])
            case Mishap.DEATH_WITHIN:
                os.write(arguments[0], bytes(arguments[1])[: self.bytes_written])
                self._die()
            case Mishap.DEATH_AFTER:
                self._done(name, call, arguments, named)
                self._die()
            case Mishap.INTERRUPT:
                self._done(name, call, arguments, named)
                raise KeyboardInterrupt

    def _done(self, name: str, call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if name == "fsync":
            return None  # slow, and nothing that a test could see: the power stays on
        result = call(*arguments, **named)
        if name == "open":
            self._open.add(result)
        elif name == "close":
            self._open.discard(arguments[0])
        return result

    def _die(self) -> None:
        self._is_dead = True
        raise Died

    def close_all(self) -> bool:
        """Close what is open, as the system does for a process that ended; tell whether something was."""
        left, self._open = self._open, set()
        for descriptor in left:
            os.close(descriptor)
        return bool(left)
