"""The functions about images that the choice among them calls: the check, the start, and the note in RTC memory."""

from collections.abc import Iterator

import z3

from ...impl.chip.chips import ChipTraits
from ...impl.image.format import CHECKSUM_SEED, IMAGE_MAGIC
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.words import as_bits
from .code_map import CodeMap, FunctionCode
from .flash_driver import Recognised
from .probe import FunctionProbe, calls, changed_bytes, is_always, noted_end

ESP_IMAGE_LOAD = 2
"""Mode in which an image is checked and loaded. Source: esp_image_format.h esp_image_load_mode_t."""
MAX_CHECK_SIZE = 20
"""Instructions of bootloader_load_image."""
DEPTH = 3
"""Calls between the choice among the images and these functions."""
_ENTRY_ADDR, _SEGMENT_COUNT, _SEGMENTS, _DATA, _IMAGE_LENGTH, _METADATA_SIZE = 8, 5, 28, 156, 220, 260
"""Offsets in esp_image_metadata_t, and its size. Source: esp_image_format.h, 4.4 to 6.0."""
_RETAINED = 0x40
"""Bytes at the end of RTC memory that a bootloader keeps for itself."""
_RTC_STARTS = (0x50000000, 0x3FF9E000, 0x3FF80000, 0x600FE000)


class ImageFunctions:
    """Looks for the functions in one program."""

    def __init__(self, elf: BootloaderElf, code: CodeMap, traits: ChipTraits, load_boot_image: int) -> None:
        """load_boot_image: the function that chooses among the images."""
        self._elf = elf
        self._code = code
        self._traits = traits
        reached = code.reach(load_boot_image, DEPTH)
        self._near = [code.functions[start] for start in sorted(reached & set(code.functions))]

    def check(self, readers: frozenset[int]) -> Iterator[Recognised]:
        """Yield the functions that check and load an image; readers: functions through which flash is read."""
        partition, metadata = z3.BitVecs("partition metadata", 32)
        for function in self._near:
            if len(function.calls) != 1 or function.size > MAX_CHECK_SIZE:
                continue
            probe = self._probe(function)
            paths = _followed(probe, probe.machine.entry(partition, metadata))
            if len(paths) != 1 or len(calls(paths[0])) != 1:
                continue
            (call,) = calls(paths[0])
            wanted = (z3.BitVecVal(ESP_IMAGE_LOAD, 32), partition, metadata)
            same = [as_bits(word) == want for word, want in zip(call.arguments, wanted, strict=False)]
            claim = z3.And(*same, as_bits(probe.result(paths[0])) == call.result)
            if is_always(claim, paths[0].condition) and self._verifies(call.target, readers):
                how = "by shape: hands its arguments with ESP_IMAGE_LOAD to what reads flash and knows an image's magic"
                yield Recognised("bootloader_load_image", function.start, how)

    def _verifies(self, target: int, readers: frozenset[int]) -> bool:
        """Tell whether a function looks like image_load: it reads flash, and has an image's magic and checksum seed."""
        reached = self._code.reach(target)
        functions = (self._code.functions[start] for start in {target, *reached} & set(self._code.functions))
        constants = frozenset[int]().union(*(function.constants for function in functions))
        return bool(reached & readers) and {IMAGE_MAGIC, CHECKSUM_SEED} <= constants

    def start(self) -> Iterator[Recognised]:
        """Yield the functions that start an image: run on two images, each ends in a jump to the entry point."""
        for function in self._near:
            if function.goes_anywhere and all(
                self._starts(function, order, place) for order, place in (((0, 1, 2), 16), ((2, 1, 0), 32))
            ):
                how = "run on two images: it ends in a jump to the entry point of the image that it is given"
                yield Recognised("load_image", function.start, how)

    def _starts(self, function: FunctionCode, order: tuple[int, ...], place: int) -> bool:
        probe = self._probe(function)
        gate = probe.machine.stop + place
        if not self._elf.is_free(gate, 4):
            return False
        probe.hooks[gate] = noted_end(probe.machine.convention)
        start = probe.machine.entry(probe.machine.arguments)
        self._store_metadata(start, probe.machine.arguments, gate, order)
        paths = _followed(probe, start)
        return bool(paths) and all(calls(path) and calls(path)[-1].target == gate for path in paths)

    def _store_metadata(self, state: MachineState, metadata: int, gate: int, order: tuple[int, ...]) -> None:
        """Describe an image with constants, code and RAM data, in some order."""
        traits = self._traits
        loads = (traits.drom[0] + 0x20, traits.irom[0] + 0x10020, traits.loadable[0][0])
        state.store(metadata, 0, _METADATA_SIZE)
        state.store(metadata + _ENTRY_ADDR, gate, 4)
        state.store(metadata + _SEGMENT_COUNT, len(order), 1)
        for number, segment in enumerate(order):
            state.store(metadata + _SEGMENTS + 8 * number, loads[segment], 4)
            state.store(metadata + _SEGMENTS + 8 * number + 4, 0x4000, 4)
            state.store(metadata + _DATA + 4 * number, 0x10020 + 0x10000 * segment, 4)
        state.store(metadata + _IMAGE_LENGTH, 0x40000, 4)

    def retained(self) -> Iterator[Recognised]:
        """Yield the functions that change nothing but retained RTC memory, given a partition and whether to count."""
        found = {function.start for function in self._near if self._retains(function)}
        inner = frozenset[int]().union(*(self._code.reach(start) for start in found))
        for start in sorted(found - inner):
            how = "proved: whatever it is given and RTC memory holds, it changes retained RTC memory only"
            yield Recognised("bootloader_common_update_rtc_retain_mem", start, how)

    def _retains(self, function: FunctionCode) -> bool:
        ranges = [high for low, high in self._traits.loadable if low in _RTC_STARTS]
        kept = [range(high - _RETAINED, high) for high in ranges]
        addresses = {address for room in kept for address in room}
        if not self._touches(function, kept):
            return False
        probe = FunctionProbe(self._elf, function.start, self._code.outside)
        start = probe.machine.entry(probe.machine.arguments, z3.BitVec("counts", 32))
        start.rooms = (*start.rooms, *kept)
        for address in (*addresses, *range(probe.machine.arguments, probe.machine.arguments + 8)):
            start.memory[address] = z3.BitVec(f"byte{address:x}", 8)
        paths = _followed(probe, start.fork())
        return bool(paths) and all(set(changed_bytes(start, path, probe.machine)) <= addresses for path in paths)

    def _touches(self, function: FunctionCode, kept: list[range]) -> bool:
        """Tell whether a function, or one that it calls, has an address in the retained memory."""
        reached = (self._code.functions.get(start) for start in self._code.reach(function.start, 2))
        constants = function.constants.union(*(code.constants for code in reached if code is not None))
        return any(constant in room for constant in constants for room in kept)

    def _probe(self, function: FunctionCode) -> FunctionProbe:
        return FunctionProbe(self._elf, function.start, function.calls | self._code.outside)


def _followed(probe: FunctionProbe, start: MachineState) -> tuple[MachineState, ...]:
    """Return every path; none where the function cannot be followed."""
    try:
        return probe.paths(start)
    except ExecutionStopped:
        return ()
