"""The functions that decide, found from the program's entry on by what becomes of their results.

From the entry on, on every path: a function loads the partition table into a structure; a second one is given the same
structure and returns a number; a third one is given the structure and that number, and does not return. These are the
loading of the table, the selection and the choice among the images, in whatever order the file has them. Functions that
the entry does not come to are not looked at, whatever they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word
from .code_map import CodeMap
from .probe import FunctionProbe, NotedCall, calls, note_call

STATE_SIZE = 160
"""Bytes of bootloader_state_t. Source: bootloader_config.h, 4.4 to 6.0."""


@dataclass(frozen=True, slots=True)
class BootChain:
    """Addresses of the functions."""

    load_table: int
    select: int
    load_boot_image: int


@dataclass(frozen=True, slots=True)
class _Handed:
    """A structure and a number that a function returned for it are handed on: the path ends here."""

    selection: NotedCall
    target: int


class BootChainSearch:
    """The search in one program."""

    def __init__(self, elf: BootloaderElf, code: CodeMap, memset: int | None, resets: frozenset[int]) -> None:
        """memset, resets: addresses of the ROM's function, and of those that restart the chip."""
        self._elf = elf
        self._code = code
        self._memset = memset
        self._resets = resets

    def found(self) -> BootChain:
        """Return the chain; raises ExecutionStopped where there is none, or more than one."""
        handed = self._handed()
        pairs = {(end.selection.target, end.target) for end, _ in handed}
        if len(pairs) != 1:
            raise ExecutionStopped(f"{len(pairs)} pairs of functions that may select and start an image; want one")
        ((chosen, start),) = pairs
        self._check_size(handed)
        before = {_table_loader(path, end.selection, self._memset) for end, path in handed}
        inner = self._inside(chosen)
        if inner is not None:
            return BootChain(*inner, start)
        if len(before) != 1 or None in before:
            raise ExecutionStopped("no single function that is given the structure before the selection")
        (table,) = before
        assert table is not None
        return BootChain(table, chosen, start)

    def _handed(self) -> list[tuple[_Handed, MachineState]]:
        entry = self._code.functions[self._code.entry]
        probe = FunctionProbe(self._elf, entry.start, (entry.calls | self._code.outside) - self._resets, self._resets)
        for target in (entry.calls | self._code.outside) - self._resets:
            probe.hooks[target] = _noting_handover(probe)
        ends = []
        for path in probe.paths(probe.machine.entry()):
            last = path.events[-1] if path.events else None
            if isinstance(last, _Handed):
                ends.append((last, path))
        return ends

    def _check_size(self, handed: list[tuple[_Handed, MachineState]]) -> None:
        """Stop where the structure is cleared, and is not as large as the one that is known."""
        for end, path in handed:
            structure = end.selection.arguments[0]
            for call in calls(path):
                is_cleared = call.target == self._memset and _same(call.arguments[0], structure)
                if is_cleared and call.arguments[2] != STATE_SIZE:
                    raise ExecutionStopped(f"bootloader_state_t has not {STATE_SIZE} bytes here: {call.arguments[2]}")

    def _inside(self, chosen: int) -> tuple[int, int] | None:
        """Return table loader and selection where a function calls both; None where it is the selection itself."""
        function = self._code.functions.get(chosen)
        if function is None:
            raise ExecutionStopped(f"what selects is at 0x{chosen:x}, where the file has no code")
        probe = FunctionProbe(self._elf, chosen, (function.calls | self._code.outside) - self._resets, self._resets)
        structure = probe.machine.arguments
        try:
            paths = probe.paths(probe.machine.entry(structure))
        except ExecutionStopped:
            return None
        found = {pair for path in paths for pair in self._returned(probe, path, structure)}
        return found.pop() if len(found) == 1 else None

    def _returned(self, probe: FunctionProbe, path: MachineState, structure: int) -> Iterator[tuple[int, int]]:
        """Yield what is called for the structure, where the last one's result is what is returned."""
        told = [call for call in calls(path) if call.arguments and call.arguments[0] == structure]
        if len(told) == 2 and _same(probe.result(path), told[1].result):
            yield told[0].target, told[1].target


def _noting_handover(probe: FunctionProbe) -> Hook:
    note = note_call(probe.machine.convention)

    def handed(state: MachineState, arguments: Arguments) -> Word | Ended | None:
        structure, number = arguments[0], arguments[1]
        for call in calls(state):
            if _same(call.result, number) and call.arguments and _same(call.arguments[0], structure):
                state.events += (_Handed(call, state.pc),)
                return Ended()
        return note(state, arguments)

    return handed


def _table_loader(path: MachineState, selection: NotedCall, memset: int | None) -> int | None:
    """Return the one function that is given the structure before the selection is."""
    structure = selection.arguments[0]
    given = [
        call.target
        for call in calls(path)
        if call is not selection and call.target != memset and call.arguments and _same(call.arguments[0], structure)
    ]
    return given[0] if len(given) == 1 else None


def _same(one: Word, other: Word) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return isinstance(one, int) and isinstance(other, int) and one == other
    return bool(z3.eq(one, other))
