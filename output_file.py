"""Writes files so that each appears whole or not at all. One place, for all rooms.

The contents go into a new file of the same folder, without a name where the file system can, so that nothing is left
of a process that is killed. They are synchronised, get a name that no file has, and are then renamed. The mode of a
file that is replaced stays; a symbolic link stays, and the file that it names is replaced. A device or a pipe is
written to, never replaced. What is refused is an InputError.

Every system call that changes something is a function of `os`, and tests let each of them fail.
"""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .errors import InputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_TO_WRITE = os.O_WRONLY | os.O_CLOEXEC
_NAMELESS = getattr(os, "O_TMPFILE", 0) if os.path.isdir("/proc/self/fd") else 0
"""The flag that opens a file without a name, where it can be given one later; else 0."""


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
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def make_directory(path: Path) -> None:
    """Have a directory there, and those above it; raises InputError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror or error}") from None


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
        if not is_stream(target) and not os.access(target.parent, os.R_OK | os.W_OK | os.X_OK):
            return f"{target.parent} cannot be written to: no permission"
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return None


def folder_refusal(folder: Path, name: str) -> str | None:
    """Return why a file of this name cannot be written in a folder, which is made if need be; None where it can."""
    try:
        if "\0" in str(folder):
            return f"{folder}: no name of a folder"
        if folder.is_dir():
            return refusal(folder / name)
        there = next(above for above in (folder, *folder.parents) if os.path.lexists(above))
        if not there.is_dir():
            return f"{there} is no directory; name a folder for the page"
        if not os.access(there, os.W_OK | os.X_OK):
            return f"{there} cannot be written to: no permission"
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return None


def is_stream(path: Path) -> bool:
    """Tell whether a path names a device or a pipe."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _target(path: Path) -> Path:
    """Return what a path names, symbolic links followed; raises OSError for what is no name."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "no name of a file")
    return path.resolve() if path.is_symlink() else path


class _Written(io.RawIOBase):
    """A file that is open to be written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_given_up = False

    def give_up(self) -> None:
        """Write nothing more: what waits to be written goes nowhere."""
        self._is_given_up = True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, contents: "ReadableBuffer", /) -> int:
        return memoryview(contents).nbytes if self._is_given_up else os.write(self._descriptor, contents)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


@contextmanager
def _buffered(descriptor: int) -> Iterator[BinaryIO]:
    """Yield a file for a descriptor, which is closed at the end; after an exception nothing more is written."""
    raw = _Written(descriptor)
    with io.BufferedWriter(raw) as file:
        try:
            yield file
            file.flush()
        except BaseException:
            raw.give_up()
            raise


@contextmanager
def _stream(path: Path) -> Iterator[BinaryIO]:
    with _buffered(os.open(path, _TO_WRITE)) as file:
        yield file


@contextmanager
def _replacement(path: Path) -> Iterator[BinaryIO]:
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _new_file(path, directory) as file:
            yield file
        # The name is on the disk after this; not every file system can, and the file is there already.
        with suppress(OSError):
            os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _new_file(path: Path, directory: int) -> Iterator[BinaryIO]:
    """Yield a new file of the directory, which gets the name of `path` at the end."""
    mode = _mode_of(path)
    # Short, so that a file whose name has 255 bytes can be replaced.
    name = f".otaproof-{os.urandom(8).hex()}"
    try:
        descriptor, has_name = _opened(directory, name, 0o666 if mode is None else 0o600)
        with _buffered(descriptor) as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield file
            file.flush()
            os.fsync(descriptor)
            if not has_name:
                os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=directory, dst_dir_fd=directory)
        os.rename(name, path.name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=directory)
        raise


def _opened(directory: int, name: str, mode: int) -> tuple[int, bool]:
    """Return a new file, and whether it has a name already."""
    if _NAMELESS:
        with suppress(OSError):
            return os.open(".", _TO_WRITE | _NAMELESS, mode, dir_fd=directory), False
    return os.open(name, _TO_WRITE | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=directory), True


def _mode_of(path: Path) -> int | None:
    """Return the mode of the file that is replaced, if there is one."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None
