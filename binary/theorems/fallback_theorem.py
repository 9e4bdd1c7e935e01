"""The theorem about bootloader_utility_load_boot_image: it tries the images that impl's bootloader tries.

For every start index that a selection returns, with up to fallback_inputs.MOST_SLOTS slots anywhere in flash, with a
factory and a test partition or without, and each image passing its check or not: the same images are checked in the
same order, the same one is started or the chip is reset, and the same first record is written before.

An image is started where load_image is called, which does not return: what it starts is the image checked last.
"""

from collections.abc import Iterator
from typing import Any

import z3

from ...errors import InputError
from ...impl.chip.cells import SECTOR_SIZE
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word, as_bits
from .boot_inputs import APP_COUNT, ENCRYPTED, OTADATA_OFFSET, OTADATA_SIZE, operation_result
from .expected_fallback import NO_RESULT, expected_fallback
from .fallback_inputs import (
    FACTORY_PLACE,
    GIVEN_OF_FALLBACK,
    HAS_FACTORY,
    HAS_TEST,
    IS_FRESH,
    MOST_SLOTS,
    PARTITION_SIZE,
    SLOT_OFFSETS,
    START_INDEX,
    TEST_PLACE,
    read_fallback,
    size_if,
)
from .flash_operations import Checked, Started
from .machine_setup import ENCRYPTION_GIVEN, Machine, Semantics, all_hooks, machine_for
from .outcome import FunctionOutcome, distinct_outcomes
from .played_fallback import played_fallback
from .selection_theorem import FLAG
from .theorem import COMMON_PREMISES, Theorem, TheoremCode

FUNCTION = "bootloader_utility_load_boot_image"
_GIVEN = (*GIVEN_OF_FALLBACK, ENCRYPTION_GIVEN)
_SLOT_SIZE = 8
"""Bytes of an esp_partition_pos_t: offset and size."""


def explore_fallback(elf: BootloaderElf, semantics: Semantics) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    state = machine.entry(machine.arguments, START_INDEX)
    state.memory[elf.object(FLAG).address] = z3.If(IS_FRESH, z3.BitVecVal(1, 8), z3.BitVecVal(0, 8))
    _store_table(machine, state)
    hooks = all_hooks(machine, _hooks()) | {_load_image(elf): ("load_image", _start)}
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = machine.explore(state, plain, semantics, _GIVEN)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = (FunctionOutcome(path.condition, NO_RESULT, z3.BoolVal(False), path.events) for path in found.paths)
    return TheoremCode(machine, semantics, found, names, distinct_outcomes(outcomes))


def _load_image(elf: BootloaderElf) -> int:
    """Return the address of the static function; where it is inlined, nothing says what is started."""
    try:
        return elf.object("load_image").address
    except InputError as error:
        raise ExecutionStopped(str(error)) from error


def _store_table(machine: Machine, state: MachineState) -> None:
    """Let bootloader_state_t say what the inputs are."""
    layout, table = machine.elf.layout, machine.arguments
    state.store(table, 0, layout.size)
    fields = {
        "ota_info.offset": OTADATA_OFFSET,
        "ota_info.size": OTADATA_SIZE,
        "factory.offset": z3.If(HAS_FACTORY, FACTORY_PLACE, z3.BitVecVal(0, 32)),
        "factory.size": size_if(HAS_FACTORY),
        "test.offset": z3.If(HAS_TEST, TEST_PLACE, z3.BitVecVal(0, 32)),
        "test.size": size_if(HAS_TEST),
        "app_count": APP_COUNT,
    }
    for field, word in fields.items():
        state.store(table + layout.offsets[field], word, 4)
    for slot, offset in enumerate(SLOT_OFFSETS):
        place = table + layout.offsets["ota"] + _SLOT_SIZE * slot
        is_there = z3.ULT(slot, APP_COUNT)
        state.store(place, z3.If(is_there, offset, z3.BitVecVal(0, 32)), 4)
        state.store(place + 4, size_if(is_there), 4)


def _hooks() -> dict[str, Hook]:
    return {
        "bootloader_load_image": _check,
        "bootloader_reset": _reset,
        "bootloader_common_update_rtc_retain_mem": lambda state, arguments: None,
    }


def _check(state: MachineState, arguments: Arguments) -> Word:
    place = arguments[0]
    number = state.number(place)
    result = operation_result(len(state.events))
    state.events += (Checked(as_bits(state.load(number, 4)), as_bits(state.load(number + 4, 4))),)
    return result


def _start(state: MachineState, arguments: Arguments) -> Ended:
    checked = [event for event in state.events if isinstance(event, Checked)]
    if not checked:
        raise ExecutionStopped(f"an image is started that was not loaded, at 0x{state.pc:x}")
    state.events += (Started(checked[-1].address),)
    return Ended()


def _reset(state: MachineState, arguments: Arguments) -> Ended:
    return Ended()


def plain_inputs() -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    places = (FACTORY_PLACE, TEST_PLACE, *SLOT_OFFSETS)
    yield z3.And(*(place == 0x10000 + PARTITION_SIZE * number for number, place in enumerate(places)))
    yield ENCRYPTED == 0
    yield z3.Not(HAS_TEST)
    yield z3.Not(IS_FRESH)
    yield APP_COUNT == 2


FALLBACK = Theorem(
    name="fallback",
    title="Images that are tried",
    sentence=(
        f"For every start index that a selection returns, up to {MOST_SLOTS} OTA slots anywhere in flash, with or "
        "without a factory and a test partition, and each image check and flash operation succeeding or failing: "
        "bootloader_utility_load_boot_image in this file checks the images that impl's bootloader checks, in the same "
        "order, starts the same one or resets, and before that writes the same first record as VALID where otadata "
        "was never written."
    ),
    premises=(
        *COMMON_PREMISES,
        "OTA slots 0 to app_count - 1 are in the partition table, without gaps.",
        "load_image starts the image that bootloader_load_image has loaded last, and does not return.",
    ),
    explore=explore_fallback,
    expected=expected_fallback,
    given=_GIVEN,
    wishes=plain_inputs,
    inputs=read_fallback,
    played=played_fallback,
)
