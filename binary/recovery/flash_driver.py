"""The functions below a bootloader's decisions, found by what they do down to the ROM: flash, encryption, reset.

Each is proved for all arguments that it is asked for: an address is taken for a function only where every path of the
code there does what the function's name says. So it does not matter whether a second one does the same.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import z3

from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.words import REMAINDER, Word, as_bits
from .code_map import CodeMap, FunctionCode
from .probe import FunctionProbe, NotedCall, calls, changed_bytes, is_always
from .rom_facts import ERASE, FLASH_CHANGES, RESET, WRITE, WRITE_ENCRYPTED, RomFacts

ENCRYPTED_ALIGNMENT = 32
PAGE_SIZES = (0x10000, 0x8000, 0x4000)
"""Of mapped flash, in bytes."""
MAX_MAPPING_SIZE = 120
"""Instructions of a function that maps flash, or ends that."""
MAX_PURE_SIZE = 40
"""Instructions of a function that is followed as a part of its caller."""

_ABSENT = -1
"""The address of a ROM function that a chip does not have."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A function that was found."""

    name: str
    address: int
    how: str
    """What was proved or run, for a reader."""


class FlashDriver:
    """Looks for the functions in one program."""

    def __init__(self, elf: BootloaderElf, code: CodeMap, rom: RomFacts, window: int) -> None:
        """window: where mapped flash is read, in memory."""
        self._elf = elf
        self._code = code
        self._rom = rom
        self._window = window
        self._pure: dict[int, bool] = {}
        """By address, as far as it was asked."""
        self._flash_changes = frozenset(rom.functions[name] for name in FLASH_CHANGES if name in rom.functions)

    def erase_sector(self) -> Iterator[Recognised]:
        """Yield the functions that erase one sector."""
        erase = self._rom.functions.get(ERASE, _ABSENT)
        for function in filter(self._is_quiet, self._code.callers({erase})):
            probe = self._probe(function)
            sector = z3.BitVec("sector", 32)
            paths = _paths(probe, (sector,))
            if paths and all(_erases(probe, path, erase, sector) for path in paths):
                how = f"proved: for every sector it calls the ROM's {ERASE} with it, and returns 0 where that does"
                yield Recognised("bootloader_flash_erase_sector", function.start, how)

    def write(self) -> Iterator[Recognised]:
        """Yield the functions that program flash, with encryption or without."""
        plain, encrypted = self._rom.functions.get(WRITE, _ABSENT), self._rom.functions.get(WRITE_ENCRYPTED, _ABSENT)
        for function in filter(self._is_quiet, self._code.callers({plain})):
            if encrypted not in function.calls:
                continue
            probe = self._probe(function)
            source = probe.machine.arguments
            target, size, is_encrypted = z3.BitVecs("target size is_encrypted", 32)
            given = [z3.ULE(is_encrypted, 1), target != 0, size != 0]
            for word in (target, size):
                for alignment in (4, ENCRYPTED_ALIGNMENT):
                    given += [word & (alignment - 1) == 0, REMAINDER(word, z3.BitVecVal(alignment, 32)) == 0]
            paths = _paths(probe, (target, source, size, is_encrypted), *given)
            wanted = (target, source, size)
            expected = {plain: is_encrypted == 0, encrypted: is_encrypted == 1}
            if paths and _program_flash(probe, paths, wanted, expected, given):
                how = f"proved: every path calls the ROM's {WRITE} with its arguments, or {WRITE_ENCRYPTED}, or fails"
                yield Recognised("bootloader_flash_write", function.start, how)

    def mapping(self) -> Iterator[Recognised]:
        """Yield the function that maps flash, and those that end it."""
        for function in self._all():
            if self._window not in function.constants or function.size > MAX_MAPPING_SIZE:
                continue
            if self._reaches_flash(function.start):
                continue
            probe = self._probe(function)
            offset, size = z3.BitVecs("offset size", 32)
            start = probe.machine.entry(offset, size)
            paths = _followed(probe, start.fork())
            flag = _mapping_flag(probe, start, paths, offset, self._window)
            if flag is not None:
                how = "proved: it returns 0, or where the page of its first argument is mapped, and notes that one is"
                yield Recognised("bootloader_mmap", function.start, how)
                yield from self._unmapping(flag)

    def _unmapping(self, flag: int) -> Iterator[Recognised]:
        """Yield the functions that end a mapping: they clear its flag, and nothing but variables of their own."""
        for function in self._all():
            if flag not in function.constants or function.size > MAX_MAPPING_SIZE:
                continue
            if self._reaches_flash(function.start):
                continue
            probe = self._probe(function)
            start = probe.machine.entry(z3.BitVec("mapping", 32))
            start.memory[flag] = 1
            changes = [changed_bytes(start, path, probe.machine) for path in _followed(probe, start.fork())]
            if changes and all(_clears(flag, change) for change in changes):
                how = "proved: it clears what notes that flash is mapped, and changes no memory but its own variables"
                yield Recognised("bootloader_munmap", function.start, how)

    def encryption(self) -> Iterator[Recognised]:
        """Yield the functions that tell whether flash encryption is on."""
        names = iter(("esp_flash_encryption_enabled", "efuse_hal_flash_encryption_enabled"))
        register = self._rom.encryption_register
        nearby = {register, register & ~0xFFF, register & ~0xFF}
        readers = {function.start for function in self._all() if function.constants & nearby}
        for function in self._all():
            if not (function.start in readers or function.calls & readers) or function.size > MAX_PURE_SIZE:
                continue
            probe = FunctionProbe(self._elf, function.start, ())
            start = probe.machine.entry()
            fuses = z3.BitVec("fuses", 32)
            for byte in range(4):
                start.memory[register + byte] = z3.Extract(8 * byte + 7, 8 * byte, fuses)
            paths = _followed(probe, start)
            odd = z3.BitVecVal(0, 1)
            for bit in range(self._rom.encryption_shift, self._rom.encryption_shift + self._rom.encryption_bits):
                odd ^= z3.Extract(bit, bit, fuses)
            told = z3.ZeroExt(31, odd)
            if paths and all(is_always(as_bits(probe.result(path)) == told, path.condition) for path in paths):
                name = next(names, None)
                if name is not None:
                    yield Recognised(name, function.start, "proved: it returns the parity of the eFuse's counter")

    def reset(self) -> Iterator[Recognised]:
        """Yield the functions that restart the chip."""
        reset = self._rom.functions.get(RESET, _ABSENT)
        for function in self._code.callers({reset}):
            probe = FunctionProbe(self._elf, function.start, function.calls - {reset}, (reset,))
            paths = _followed(probe, probe.machine.entry())
            ends_in_reset = all(calls(path) and calls(path)[-1].target == reset for path in paths)
            if paths and ends_in_reset and not self._reaches_flash(function.start):
                yield Recognised("bootloader_reset", function.start, f"proved: every path ends in the ROM's {RESET}")

    def _reaches_flash(self, start: int) -> bool:
        return bool(self._code.reach(start) & self._flash_changes)

    def _all(self) -> tuple[FunctionCode, ...]:
        return tuple(function for _, function in sorted(self._code.functions.items()))

    def _probe(self, function: FunctionCode) -> FunctionProbe:
        return FunctionProbe(self._elf, function.start, self._noted(function))

    def _noted(self, function: FunctionCode) -> Collection[int]:
        """Return what a function calls, but for what is followed as a part of it."""
        return {target for target in function.calls if not self._is_pure(target)} | self._code.outside

    def _is_quiet(self, function: FunctionCode) -> bool:
        """Tell whether nothing in the file that a function calls changes flash: those calls are only noted."""
        return not any(self._reaches_flash(target) for target in function.calls if target in self._code.functions)

    def _is_pure(self, start: int) -> bool:
        """Tell whether a function calls nothing, and can be followed with any argument without memory."""
        if start not in self._pure:
            self._pure[start] = self._finds_pure(start)
        return self._pure[start]

    def _finds_pure(self, address: int) -> bool:
        function = self._code.functions.get(address)
        if function is None or function.calls or function.size > MAX_PURE_SIZE:
            return False
        probe = FunctionProbe(self._elf, address, ())
        try:
            start = probe.machine.entry(z3.BitVec("argument", 32))
            return all(not changed_bytes(start, path, probe.machine) for path in probe.paths(start.fork()))
        except ExecutionStopped:
            return False


def _paths(probe: FunctionProbe, arguments: tuple[Any, ...], *given: Any) -> tuple[MachineState, ...]:
    return _followed(probe, probe.machine.entry(*arguments), *given)


def _followed(probe: FunctionProbe, start: MachineState, *given: Any) -> tuple[MachineState, ...]:
    """Return every path; none where the function cannot be followed."""
    try:
        return probe.paths(start, *given)
    except ExecutionStopped:
        return ()


def _erases(probe: FunctionProbe, path: MachineState, erase: int, sector: Any) -> bool:
    done = calls(path)
    if len(done) != 1 or done[0].target != erase:
        return False
    same = as_bits(done[0].arguments[0]) == sector
    return is_always(z3.And(same, _agrees(probe, path, done[0])), path.condition)


def _agrees(probe: FunctionProbe, path: MachineState, call: NotedCall) -> Any:
    """Return when the function returns 0 exactly where the call does."""
    return (as_bits(probe.result(path)) == 0) == (call.result == 0)


def _program_flash(
    probe: FunctionProbe,
    paths: tuple[MachineState, ...],
    wanted: tuple[Any, ...],
    expected: dict[int, Any],
    given: list[Any],
) -> bool:
    """Tell whether every path programs what is wanted, by the function for its case, or fails before."""
    found = set()
    for path in paths:
        writes = [call for call in calls(path) if call.target in expected]
        if not writes:
            if not is_always(as_bits(probe.result(path)) != 0, *given, path.condition):
                return False
            continue
        (call, *more) = writes
        same = (as_bits(word) == want for word, want in zip(call.arguments, wanted, strict=False))
        claim = z3.And(*same, expected[call.target], _agrees(probe, path, call))
        if more or not is_always(claim, *given, path.condition):
            return False
        found.add(call.target)
    return found == set(expected)


def _mapping_flag(
    probe: FunctionProbe, start: MachineState, paths: tuple[MachineState, ...], offset: Any, window: int
) -> int | None:
    """Return the address of the byte that notes a mapping; None where the paths do not all map, or refuse to."""
    flags: set[int] = set()
    for path in paths:
        result = as_bits(probe.result(path))
        if is_always(result == 0, path.condition):
            continue
        if not any(_maps(path, result, offset, window, size) for size in PAGE_SIZES):
            return None
        noted = [address for address, byte in changed_bytes(start, path, probe.machine).items() if byte == 1]
        if len(noted) != 1:
            return None
        flags.add(noted[0])
    return flags.pop() if len(flags) == 1 else None


def _clears(flag: int, changed: Mapping[int, Word]) -> bool:
    """Tell whether a path clears the flag, and sets nothing else but to fixed values."""
    return changed.get(flag) == 0 and all(isinstance(byte, int) for byte in changed.values())


def _maps(path: MachineState, result: Any, offset: Any, window: int, page_size: int) -> bool:
    """Tell whether a path asks for the page of the offset to be mapped, and returns where its byte is then."""
    place = z3.BitVecVal(window, 32) + (offset & (page_size - 1))
    if not is_always(result == place, path.condition):
        return False
    page = offset & ~(page_size - 1) & 0xFFFFFFFF
    asked = (as_bits(word) for call in calls(path) for word in call.arguments)
    return any(is_always(word == page, path.condition) for word in asked)
