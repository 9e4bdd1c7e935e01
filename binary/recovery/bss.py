"""The memory that a program clears for itself: what no image holds and nothing loads."""

from collections.abc import Iterator

from ..elf_file import BootloaderElf, LoadedSegment
from ..execution.machine_state import ExecutionStopped
from .code_map import CodeMap
from .probe import Probe, calls

MAX_BSS = 0x10000
"""Bytes of the largest range that is taken for .bss."""

MAX_SIZE = 40
"""Instructions of a function that clears it."""


def cleared_ranges(elf: BootloaderElf, code: CodeMap, memset: int) -> Iterator[LoadedSegment]:
    """Yield what functions without arguments clear, by one memset of a fixed range in which nothing is loaded.

    memset: its address in ROM."""
    for function in code.callers({memset}):
        if function.calls != {memset} or function.size > MAX_SIZE:
            continue
        probe = Probe(elf, function.start, function.calls)
        try:
            paths = probe.paths(probe.machine.entry())
        except ExecutionStopped:
            continue
        done = [(call.target, call.arguments[:3]) for path in paths for call in calls(path)]
        if len(done) != 1 or done[0][0] != memset:
            continue
        start, byte, length = done[0][1]
        if isinstance(start, int) and byte == 0 and isinstance(length, int) and 0 < length <= MAX_BSS:
            if elf.is_free(start, length):
                yield LoadedSegment(start, bytes(length))
