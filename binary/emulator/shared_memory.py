"""The memory of an emulated core, in buffers shared with Python: a look at it costs no call into the emulator."""

import ctypes
import mmap
from typing import Any

PAGE = 0x1000


class SharedMemory:
    """Pages of 4 KiB that are mapped, and their bytes."""

    def __init__(self, uc: Any) -> None:
        """Begin with none. uc: the emulator of unicorn that runs on this memory."""
        self._uc = uc
        self._rights: dict[int, int] = {}
        self._runs: dict[int, tuple[memoryview, int]] = {}
        """By page: a buffer, and the address of its first byte."""
        self._held: list[object] = []

    def __contains__(self, page: int) -> bool:
        """Tell whether a page, by its number, is mapped."""
        return page in self._rights

    def map(self, address: int, size: int, rights: int) -> None:
        """Make memory of the pages of a range that are not mapped, all 0; widen the rights of the others.

        rights: UC_PROT_… of unicorn."""
        first, last = address // PAGE, (address + size - 1) // PAGE
        start = first
        for page in range(first, last + 2):
            if page in self._rights or page > last:
                if page > start:
                    self._add(start, page - start, rights)
                start = page + 1
            if page <= last and self._rights.get(page, rights) | rights != self._rights.get(page, rights):
                self._rights[page] |= rights
                self._uc.mem_protect(page * PAGE, PAGE, self._rights[page])

    def _add(self, page: int, count: int, rights: int) -> None:
        buffer = mmap.mmap(-1, count * PAGE)
        pointer = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        self._held.append(pointer)
        self._uc.mem_map_ptr(page * PAGE, count * PAGE, rights, ctypes.addressof(pointer))
        view = memoryview(buffer)
        for number in range(page, page + count):
            self._rights[number] = rights
            self._runs[number] = view, page * PAGE

    def read(self, address: int, length: int) -> bytes | None:
        """Return bytes, or None where not all of them are mapped."""
        run = self._runs.get(address // PAGE)
        if run is None:
            return None
        view, base = run
        piece = bytes(view[address - base : address - base + length])
        if len(piece) == length:
            return piece
        rest = self.read(address + len(piece), length - len(piece))
        return None if rest is None else piece + rest

    def write(self, address: int, contents: bytes) -> bool:
        """Put bytes into memory, whatever its rights; return False where not all of it is mapped."""
        run = self._runs.get(address // PAGE)
        if run is None:
            return False
        view, base = run
        start = address - base
        room = len(view) - start
        if len(contents) <= room:
            view[start : start + len(contents)] = contents
            return True
        view[start:] = contents[:room]
        return self.write(address + room, contents[room:])
