"""Writes files so that each appears whole or not at all. One place, for all rooms.

The contents go into a file with a fresh name in the same folder, which is synchronised and then renamed. The mode of
a file that is replaced stays; a symbolic link stays, and the file that it names is replaced. A device or a pipe is
written to, never replaced. What is refused is an InputError.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import InputError


def write_file(path: Path, contents: bytes) -> None:
    """Write a file; raises InputError where it cannot be written."""
    with output_file(path) as file:
        file.write(contents)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write to, which takes the place of `path` at the end, and of nothing after an exception.

    Raises InputError where it cannot be written."""
    try:
        target = _target(path)
        with _stream(target) if is_stream(target) else _replacement(target) as file:
            yield file
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(f"{path}: cannot be written: {reason or error}") from None


def refusal(path: Path) -> str | None:
    """Return why a file cannot be written there, as far as that is known before the work; None where it can."""
    try:
        target = _target(path)
        if not target.name or target.is_dir():
            return f"{path} is a directory; name a file"
        if not target.parent.is_dir():
            return f"{target.parent} is no directory; create it first"
        if target.exists() and not os.access(target, os.W_OK):
            return f"{path} cannot be written: no permission"
        if not is_stream(target) and not os.access(target.parent, os.W_OK):
            return f"{target.parent} cannot be written to: no permission"
    except (OSError, ValueError) as error:
        return f"{path}: {error.strerror if isinstance(error, OSError) else error}"
    return None


def is_stream(path: Path) -> bool:
    """Tell whether a path names a device or a pipe."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _target(path: Path) -> Path:
    """Return what a path names, symbolic links followed."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def _stream(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file


@contextmanager
def _replacement(path: Path) -> Iterator[BinaryIO]:
    # mkstemp opens with O_EXCL; its names are short, so that a name of 255 bytes can be replaced.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".otaproof-")
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(descriptor, _mode_of(path))
            os.fsync(descriptor)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _synchronise(path.parent)


def _mode_of(path: Path) -> int:
    """Return the mode of the file that is replaced; without one, what the umask leaves."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _synchronise(directory: Path) -> None:
    """Have the new name on the disk; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
