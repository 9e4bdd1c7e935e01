"""The memory of a core, in buffers that Python reads and writes without a call into an emulator."""

import mmap
from enum import IntFlag

PAGE = 0x1000


class Rights(IntFlag):
    """What a program may do with a page. The numbers are those of unicorn's UC_PROT_…"""

    READ = 1
    WRITE = 2
    RUN = 4


class PagedMemory:
    """Pages of 4 KiB that are mapped, and their bytes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rights: dict[int, Rights] = {}
        self._runs: dict[int, tuple[memoryview, int]] = {}
        """By page: a buffer, and the address of its first byte."""

    def __contains__(self, page: int) -> bool:
        """Tell whether a page, by its number, is mapped."""
        return page in self._rights

    def rights(self, address: int) -> Rights:
        """Return the rights of a byte; none where nothing is mapped."""
        return self._rights.get(address // PAGE, Rights(0))

    def map(self, address: int, size: int, rights: Rights) -> None:
        """Make memory of the pages of a range that are not mapped, all 0; widen the rights of the others."""
        first, last = address // PAGE, (address + size - 1) // PAGE
        start = first
        for page in range(first, last + 2):
            if page in self._rights or page > last:
                if page > start:
                    self._add(start, page - start, rights)
                start = page + 1
            if page <= last and self._rights.get(page, rights) | rights != self._rights.get(page, rights):
                self._rights[page] |= rights
                self._widened(page)

    def _add(self, page: int, count: int, rights: Rights) -> None:
        buffer = mmap.mmap(-1, count * PAGE)
        view = memoryview(buffer)
        for number in range(page, page + count):
            self._rights[number] = rights
            self._runs[number] = view, page * PAGE
        self._added(page, count, buffer)

    def _added(self, page: int, count: int, buffer: mmap.mmap) -> None:
        """Let a core know of new pages in a row."""

    def _widened(self, page: int) -> None:
        """Let a core know that a page has more rights."""

    def read(self, address: int, length: int) -> bytes | None:
        """Return bytes, or None where not all of them are mapped."""
        pieces = []
        while True:
            run = self._runs.get(address // PAGE)
            if run is None:
                return None
            view, base = run
            piece = bytes(view[address - base : address - base + length])
            pieces.append(piece)
            if len(piece) == length:
                return piece if len(pieces) == 1 else b"".join(pieces)
            address, length = address + len(piece), length - len(piece)

    def write(self, address: int, contents: bytes) -> bool:
        """Put bytes into memory, whatever its rights; return False where not all of it is mapped."""
        rest = memoryview(contents)
        while True:
            run = self._runs.get(address // PAGE)
            if run is None:
                return False
            view, base = run
            start = address - base
            room = len(view) - start
            if len(rest) <= room:
                view[start : start + len(rest)] = rest
                return True
            view[start:] = rest[:room]
            address, rest = address + room, rest[room:]
