"""Memory for compiled code: each page as arrays of bytes, half words and words, so that an access is a look-up."""

import mmap
import sys
from collections.abc import Iterable
from typing import Literal

from .paged_memory import PAGE, PagedMemory, Rights

_FORMATS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"} if sys.byteorder == "little" else {1: "B"}
"""Of an array by the bytes of its elements; where the machine's words are not those of the chip, none of words."""
Views = dict[int, dict[int, memoryview]]


class ViewedMemory(PagedMemory):
    """Pages and their arrays. What is not in `readable` or `writable` is for slower code, which looks at the rights."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.readable: Views = {size: {} for size in (1, 2, 4)}
        """By size of an element, then by address of the page."""
        self.writable: Views = {size: {} for size in (1, 2, 4)}
        self._pieces: dict[int, memoryview] = {}

    def _added(self, page: int, count: int, buffer: mmap.mmap) -> None:
        for number in range(count):
            self._pieces[page + number] = memoryview(buffer)[number * PAGE : (number + 1) * PAGE]
            self._widened(page + number)

    def _widened(self, page: int) -> None:
        for right, views in ((Rights.READ, self.readable), (Rights.WRITE, self.writable)):
            if right in self._rights[page]:
                for size, letter in _FORMATS.items():
                    views[size][page * PAGE] = self._pieces[page].cast(letter)

    def withhold(self, views: Views, addresses: Iterable[int]) -> None:
        """Leave the pages of these addresses to slower code. views: `readable` or `writable`."""
        for page in {address // PAGE for address in addresses}:
            for arrays in views.values():
                arrays.pop(page * PAGE, None)
