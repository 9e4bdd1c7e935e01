"""How an esp_ota_* function of an application is entered: the partitions in memory, and what its hooks stand for.

Every partition of the table is an esp_partition_t in memory of its own; the functions of esp_partition hand out
pointers to it, read it, and note what is done to flash. The layout comes from the file's DWARF.
"""

from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.esp_err import EspErr
from ...impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE
from ...impl.partitions.partition import DataSubtype, PartitionType
from ..elf_file import BootloaderElf
from ..execution.library_hooks import LIBRARY
from ..execution.machine_state import ExecutionStopped, MachineState, WordChoices
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word, as_bits, bit, simplified
from ..theorems.boot_inputs import OTADATA_OFFSET, OTADATA_SIZE, RECORDS, operation_result
from ..theorems.flash_hooks import CHECK_WORD_HOOKS, show_records
from ..theorems.flash_operations import Checked, FlashOperation, Programmed, RangeErased
from ..theorems.machine_setup import ROOM_SIZE, Machine, hooks_by_address, machine_for
from ..theorems.version_hooks import EFUSE_HOOKS, DescriptionBytes
from .call_inputs import (
    APP_PARTITIONS,
    ASKED_OFFSET,
    ASKED_SIZE,
    ASKED_SUBTYPE,
    ASKED_TYPE,
    HAS_OTADATA,
    HAS_TOO_MANY,
    IS_ASKED,
    SLOT_COUNT,
    STATE_BEFORE,
    WANTS_STATE,
    app_offset,
    app_size,
    of_app,
)
from .call_outcome import CallEnd
from .running_app import LINKED_VERSION, RUNNING_SUBTYPE

_STRIDE = 0x80
"""Bytes of memory for each partition."""
_VERIFYING_MODES = (0, 1)
"""ESP_IMAGE_VERIFY and ESP_IMAGE_VERIFY_SILENT. Source: esp_image_format.h esp_image_load_mode_t."""
COUNT_FUNCTION = "esp_ota_get_app_partition_count"
NULL = z3.BitVecVal(0, 32)


class CallMachine:
    """The memory and the hooks of a call."""

    def __init__(self, elf: BootloaderElf, function: str) -> None:
        """Find the function; raises InputError."""
        self.machine: Machine = machine_for(elf, function)
        start = self.machine.arguments
        self.otadata = start
        self.asked = start + _STRIDE
        self.state_place = start + 2 * _STRIDE
        self.linked = start + 3 * _STRIDE
        self.apps = {subtype: start + (4 + number) * _STRIDE for number, subtype in enumerate(APP_PARTITIONS)}
        self._descriptions = DescriptionBytes()
        self._fields: dict[int, tuple[Any, ...]] = {
            self.otadata: (PartitionType.DATA, DataSubtype.OTA, OTADATA_OFFSET, OTADATA_SIZE),
            self.asked: (ASKED_TYPE, ASKED_SUBTYPE, ASKED_OFFSET, ASKED_SIZE),
            **{
                place: (PartitionType.APP, subtype, app_offset(subtype), app_size(subtype))
                for subtype, place in self.apps.items()
            },
        }
        self._named: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        """By the id of a pointer to one of several app partitions: the pointer, which keeps that id; its fields."""
        self.changing: tuple[range, ...] = (range(self.state_place, self.state_place + 4),)
        """Memory whose change is a result of the call."""
        self.running = self.pointer_to(RUNNING_SUBTYPE)
        """The pointer to the partition of the running app."""

    @property
    def asked_pointer(self) -> Any:
        """The argument that names a partition, or NULL."""
        return z3.If(IS_ASKED, z3.BitVecVal(self.asked, 32), NULL)

    @property
    def state_pointer(self) -> Any:
        """The argument that says where to put a state, or NULL."""
        return z3.If(WANTS_STATE, z3.BitVecVal(self.state_place, 32), NULL)

    def entry(self, *arguments: Word) -> MachineState:
        """Return a state in which the function is being entered."""
        state = self.machine.entry(*arguments)
        layout = self.machine.elf.layout
        for place, values in self._fields.items():
            for offset in range(layout.size):
                state.store(place + offset, z3.BitVec(f"partition{place:x}_{offset}", 8), 1)
            for field, value in zip(("type", "subtype", "address", "size"), values, strict=True):
                state.store(place + layout.offsets[field], int(value) if isinstance(value, int) else value, 4)
            if "erase_size" in layout.offsets:
                state.store(place + layout.offsets["erase_size"], SECTOR_SIZE, 4)
        state.store(self.state_place, STATE_BEFORE, 4)
        state.store(self.linked, APP_DESC_MAGIC, 4)
        state.store(self.linked + 4, LINKED_VERSION, 4)
        places = self.apps.values()
        state.choices = WordChoices(range(min(places), max(places) + _STRIDE), _STRIDE)
        return state

    def left(self, state: MachineState) -> tuple[Any, ...]:
        """Return what a call leaves, as words: here what lies where a state is put."""
        return (state.load(self.state_place, 4),)

    def keeps_memory(self, before: MachineState, after: MachineState) -> list[Any]:
        """Return when all memory is as it was but for the stack below the entry's, and where results are put."""
        stack = range(self.machine.stack - ROOM_SIZE // 2, self.machine.stack)
        mapped = range(self.machine.mapped, self.machine.mapped + ROOM_SIZE)
        kept = []
        for place, byte in after.memory.items():
            was = before.memory.get(place, self.machine.elf.byte_at(place))
            if any(place in room for room in self.changing):
                continue
            if was is None:
                kept += [] if any(place in free for free in (stack, mapped)) else [z3.BoolVal(False)]
            elif was is not byte:
                kept.append(as_bits(was, 8) == as_bits(byte, 8))
        return kept

    def hooks(self) -> dict[int, tuple[str, Hook]]:
        """Return every hook that the file names a function for, by address."""
        found = hooks_by_address(
            self.machine.elf,
            LIBRARY,
            CHECK_WORD_HOOKS,
            EFUSE_HOOKS,
            self.partition_hooks(),
            _ENDS,
            {COUNT_FUNCTION: _count},
        )
        return {address: hook for address, hook in found.items() if address != self.machine.function}

    def partition_hooks(self) -> dict[str, Hook]:
        """Return the hooks of what deals with partitions, by name."""
        return {
            "esp_partition_find_first": self._find_first,
            "esp_partition_mmap": self._map,
            "esp_partition_munmap": self._unmap,
            "spi_flash_munmap": self._unmap,
            "esp_partition_read": self._read,
            "esp_partition_erase_range": self._erase_range,
            "esp_partition_write": self._write,
            "esp_image_verify": _verify,
            "esp_ota_get_running_partition": lambda state, arguments: self.running,
            "esp_ota_get_app_description": lambda state, arguments: self.linked,
        }

    def _find_first(self, state: MachineState, arguments: Arguments) -> Word:
        kind, label = state.number(arguments[0]), state.number(arguments[2])
        if label:
            raise ExecutionStopped(f"a partition is looked for by its label at 0x{state.pc:x}")
        if kind == PartitionType.APP:
            return self._find_app(state, as_bits(arguments[1]))
        subtype = state.number(arguments[1])
        if (kind, subtype) != (PartitionType.DATA, DataSubtype.OTA):
            raise ExecutionStopped(f"partition of type {kind}, subtype 0x{subtype:x} looked for at 0x{state.pc:x}")
        return self.otadata if is_so(state, HAS_OTADATA) else 0

    def _find_app(self, state: MachineState, subtype: Any) -> Word:
        """Return the pointer to the app partition of a subtype, or 0; forks on whether it is there alone."""
        if not is_so(state, z3.Or(*(subtype == known for known in APP_PARTITIONS))):
            raise ExecutionStopped(f"an app partition of subtype {subtype} is looked for at 0x{state.pc:x}")
        is_there = of_app(subtype, APP_PARTITIONS.__getitem__)
        return self.pointer_to(subtype) if is_so(state, is_there) else 0

    def pointer_to(self, subtype: Any) -> Word:
        """Return the pointer to the app partition of a subtype, known or not."""
        pointer = simplified(of_app(subtype, lambda known: z3.BitVecVal(self.apps[known], 32)))
        if not isinstance(pointer, int):
            place = of_app(subtype, app_offset), of_app(subtype, app_size)
            self._named[pointer.get_id()] = pointer, (PartitionType.APP, subtype, *place)
        return pointer

    def _map(self, state: MachineState, arguments: Arguments) -> Word:
        """Map otadata from its start, both records at least."""
        is_otadata = state.number(arguments[0]) == self.otadata and state.number(arguments[1]) == 0
        if not is_otadata or not _is_same(arguments[2], OTADATA_SIZE):
            raise ExecutionStopped(f"flash is mapped that is not otadata, at 0x{state.pc:x}")
        show_records(state, self.machine.mapped)
        state.store(arguments[4], self.machine.mapped, 4)
        state.store(arguments[5], z3.BitVec("mapping", 32), 4)
        return 0

    def _unmap(self, state: MachineState, arguments: Arguments) -> None:
        for number in (0, 1):
            for place in range(32):
                state.memory.pop(self.machine.mapped + SECTOR_SIZE * number + place, None)

    def _read(self, state: MachineState, arguments: Arguments) -> Word:
        """Read one record, or the description of an image."""
        offset, target, size = (state.number(arguments[number]) for number in range(1, 4))
        if (offset, size) == (APP_DESC_OFFSET, APP_DESC_SIZE):
            return self._read_description(state, arguments[0], target)
        if state.number(arguments[0]) != self.otadata or offset not in (0, SECTOR_SIZE) or size != 32:
            raise ExecutionStopped(f"flash is read that is no record of otadata, at 0x{state.pc:x}")
        for place, word in enumerate(RECORDS[offset // SECTOR_SIZE]):
            state.store(target + 4 * place, word, 4)
        return 0

    def _read_description(self, state: MachineState, partition: Word, target: int) -> Word:
        """Read it where the partition is as large."""
        *_, offset, size = self._fields_at(state, partition)
        code = state.number(_reading_error(as_bits(size), APP_DESC_OFFSET, APP_DESC_SIZE))
        if code == EspErr.OK:
            for place, byte in enumerate(self._descriptions.of(z3.simplify(as_bits(offset)))):
                state.store(target + place, byte, 1)
        return code

    def _erase_range(self, state: MachineState, arguments: Arguments) -> Word:
        address = self._address(state, arguments)
        return _noted(state, RangeErased(address, as_bits(arguments[2])))

    def _write(self, state: MachineState, arguments: Arguments) -> Word:
        source, length = state.number(arguments[2]), state.number(arguments[3])
        data = as_bits(state.load(source, length), 8 * length)
        return _noted(state, Programmed(self._address(state, arguments), data))

    def _address(self, state: MachineState, arguments: Arguments) -> Any:
        """Return where in flash the offset of a partition lies that are the first two arguments."""
        return z3.simplify(self._fields_at(state, arguments[0])[2] + as_bits(arguments[1]))

    def _fields_at(self, state: MachineState, pointer: Word) -> tuple[Any, ...]:
        """Return type, subtype, offset and size of the partition that a pointer names."""
        if not isinstance(pointer, int) and pointer.get_id() in self._named:
            return self._named[pointer.get_id()][1]
        place = state.number(pointer)
        if place not in self._fields:
            raise ExecutionStopped(f"no partition at 0x{place:x}, which is read or written to at 0x{state.pc:x}")
        return self._fields[place]


def is_so(state: MachineState, condition: Any) -> bool:
    """Tell whether a formula holds on the path, which forks where it may or may not."""
    return bool(state.number(simplified(bit(condition))))


def _is_same(word: Word, other: Word) -> bool:
    return bool(z3.is_true(z3.simplify(as_bits(word) == as_bits(other))))


def _reading_error(size: Any, offset: int, length: int) -> Any:
    """Return what reading from a partition of this size returns. Source: esp_partition_read."""
    code = z3.If(z3.ULT(size - offset, length), z3.BitVecVal(EspErr.INVALID_SIZE, 32), z3.BitVecVal(EspErr.OK, 32))
    return z3.If(z3.ULT(size, offset), z3.BitVecVal(EspErr.INVALID_ARG, 32), code)


def _verify(state: MachineState, arguments: Arguments) -> Word:
    mode, place = state.number(arguments[0]), state.number(arguments[1])
    if mode not in _VERIFYING_MODES:
        raise ExecutionStopped(f"an image is loaded as mode {mode} says, at 0x{state.pc:x}")
    return _noted(state, Checked(as_bits(state.load(place, 4)), as_bits(state.load(place + 4, 4))))


def _noted(state: MachineState, operation: FlashOperation) -> Word:
    result = operation_result(len(state.events))
    state.events += (operation,)
    return result


def _restart(state: MachineState, arguments: Arguments) -> Ended:
    state.events += (CallEnd.RESTARTS,)
    return Ended()


def panic(state: MachineState, arguments: Arguments) -> Ended:
    """End the path: an assertion fails."""
    state.events += (CallEnd.PANICS,)
    return Ended()


def _count(state: MachineState, arguments: Arguments) -> Word | Ended:
    """Stand for a function that has a theorem of its own."""
    if is_so(state, HAS_TOO_MANY):
        return panic(state, arguments)
    return SLOT_COUNT


def ended(state: MachineState) -> tuple[tuple[FlashOperation, ...], CallEnd]:
    """Return what a path did to flash, and how it ended."""
    if state.events and isinstance(state.events[-1], CallEnd):
        return state.events[:-1], state.events[-1]
    return state.events, CallEnd.RETURNS


_ENDS: dict[str, Hook] = {"esp_restart": _restart, "__assert_func": panic, "abort": panic}
