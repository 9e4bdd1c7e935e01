"""The files of a simulated device: they outlive resets, and a write is done when it returns."""

from collections.abc import Iterable

from ..impl.app.otaupgrade import LuaError

ROOM = 1 << 20
"""Bytes of the file system."""
MOST_FILES = 256
LONGEST_NAME = 64
Contents = tuple[tuple[bytes, bytes], ...]
"""Names and contents, in the order of the names."""


class DeviceFiles:
    """A flat file system."""

    def __init__(self, contents: Contents = ()) -> None:
        """Hold these files."""
        self._files = dict(contents)
        self.changes = 0
        """How often something was changed."""

    @property
    def contents(self) -> Contents:
        """All files."""
        return tuple(sorted(self._files.items()))

    @property
    def used(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self._files.values()))

    def get(self, name: bytes) -> bytes | None:
        """Return the contents of a file; None where there is none."""
        return self._files.get(_plain(name))

    def put(self, name: bytes, contents: bytes) -> bool:
        """Write a file; False where it does not fit."""
        name = _plain(name)
        if not name or len(name) > LONGEST_NAME or (len(self._files) >= MOST_FILES and name not in self._files):
            return False
        if self.used - len(self._files.get(name, b"")) + len(contents) > ROOM:
            return False
        self._changed(self._files.get(name) != contents)
        self._files[name] = contents
        return True

    def remove(self, name: bytes) -> bool:
        """Remove a file; False where there is none."""
        is_there = self._files.pop(_plain(name), None) is not None
        self._changed(is_there)
        return is_there

    def rename(self, old: bytes, new: bytes) -> bool:
        """Give a file another name; False where there is none, or one has that name."""
        old, new = _plain(old), _plain(new)
        if old not in self._files or new in self._files or not new or len(new) > LONGEST_NAME:
            return False
        self._files[new] = self._files.pop(old)
        self._changed(True)
        return True

    def format(self) -> bool:
        """Remove all files."""
        self._changed(bool(self._files))
        self._files.clear()
        return True

    def sizes(self) -> Iterable[tuple[bytes, int]]:
        """Yield each name with its size."""
        return ((name, len(contents)) for name, contents in sorted(self._files.items()))

    def _changed(self, is_changed: bool) -> None:
        self.changes += is_changed


def _plain(name: object) -> bytes:
    """Return the name of a file without what mounts its file system."""
    if not isinstance(name, bytes):
        raise LuaError("a file name is a string")
    for mount in (b"/SPIFFS/", b"/FLASH/", b"/"):
        name = name.removeprefix(mount)
    return name
