"""The memory that a program clears for itself before all else: its .bss, which no image holds and nothing loads."""

from ..elf_file import BootloaderElf, LoadedSegment
from ..execution.machine_state import ExecutionStopped
from .code_map import CodeMap, FunctionCode
from .probe import FunctionProbe, calls

MAX_BSS = 0x10000
"""Bytes of the largest range that is taken for .bss."""

ALIGNMENT = 16
"""Bytes of a gap that there can be between .bss and .data."""
MAX_SIZE = 40
"""Instructions of a function that clears it."""


def find_bss(elf: BootloaderElf, code: CodeMap, memset: int | None) -> tuple[LoadedSegment, ...]:
    """Return the range beside what is loaded that a function without arguments clears; nothing where that is not one.

    memset: its address in ROM. Memory that a program clears elsewhere, such as what it retains in RTC memory, is not
    cleared on every start, so nothing is known of it."""
    if memset is None:
        return ()
    functions = (one for one in code.callers({memset}) if one.calls == {memset} and one.size <= MAX_SIZE)
    found = {cleared for one in functions if (cleared := _cleared(elf, one, memset)) is not None}
    beside = [segment for segment in found if _is_beside(elf, segment)]
    return tuple(beside) if len(beside) == 1 else ()


def _cleared(elf: BootloaderElf, function: FunctionCode, memset: int) -> LoadedSegment | None:
    """Return the fixed range that a function clears by one call of memset; None where it does anything else."""
    probe = FunctionProbe(elf, function.start, function.calls)
    try:
        paths = probe.paths(probe.machine.entry())
    except ExecutionStopped:
        return None
    done = [call for path in paths for call in calls(path)]
    if len(done) != 1 or done[0].target != memset:
        return None
    start, byte, length = done[0].arguments[:3]
    is_range = isinstance(start, int) and byte == 0 and isinstance(length, int) and 0 < length <= MAX_BSS
    return LoadedSegment(start, bytes(length)) if is_range and elf.is_free(start, length) else None


def _is_beside(elf: BootloaderElf, cleared: LoadedSegment) -> bool:
    return any(
        0 <= segment.address - cleared.end < ALIGNMENT or 0 <= cleared.address - segment.end < ALIGNMENT
        for segment in elf.segments
    )
