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
from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word, as_bits
from .boot_inputs import APP_COUNT, ENCRYPTED, OTADATA_OFFSET, OTADATA_SIZE, operation_result
from .expected_fallback import NO_RESULT, expected_fallback
from .fallback_inputs import (
    FACTORY_PLACE,
    HAS_FACTORY,
    HAS_TEST,
    IS_FRESH,
    MOST_SLOTS,
    PARTITION_SIZE,
    PLACES,
    START_INDEX,
    TEST_PLACE,
    given_of_fallback,
    most_slots,
    read_fallback,
    size_if,
)
from .flash_operations import Checked, Started
from .image_versions import SLOT_OFFSETS, plain_versions, premises_of_versions
from .machine_setup import Machine, Semantics, all_hooks, machine_for
from .outcome import FunctionOutcome, distinct_outcomes
from .played_fallback import played_fallback
from .selection_theorem import FLAG, SLOT_PLACE_SIZE, options_against
from .theorem import COMMON_PREMISES, Theorem, TheoremCode

FUNCTION = "bootloader_utility_load_boot_image"


def explore_fallback(elf: BootloaderElf, semantics: Semantics, given: tuple[Any, ...]) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    state = machine.entry(machine.arguments, START_INDEX)
    state.memory[elf.object(FLAG).address] = z3.If(IS_FRESH, z3.BitVecVal(1, 8), z3.BitVecVal(0, 8))
    _store_table(machine, state)
    hooks = all_hooks(machine, _hooks()) | {address_of_load_image(elf): ("load_image", _start)}
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = machine.explore(state, plain, semantics, given)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = (FunctionOutcome(path.condition, NO_RESULT, z3.BoolVal(False), path.events) for path in found.paths)
    return TheoremCode(machine, semantics, found, names, distinct_outcomes(outcomes))


def address_of_load_image(elf: BootloaderElf) -> int:
    """Return the address of the static function; raises ExecutionStopped where it is inlined."""
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
    for slot, offset in enumerate(SLOT_OFFSETS[:MOST_SLOTS]):
        place = table + layout.offsets["ota"] + SLOT_PLACE_SIZE * slot
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


def plain_inputs(config: Config) -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    yield z3.And(*(place == 0x10000 + PARTITION_SIZE * number for number, place in enumerate(PLACES)))
    if config.anti_rollback:
        yield from plain_versions(PLACES)
    yield ENCRYPTED == 0
    yield z3.Not(HAS_TEST)
    yield z3.Not(IS_FRESH)
    yield APP_COUNT == 2


def _sentence(config: Config) -> str:
    versions = " any secure version in the eFuse and in the images," if config.anti_rollback else ""
    return (
        f"For every start index that a selection returns, up to {most_slots(config)} OTA slots anywhere in flash, with "
        f"or without a factory and a test partition,{versions} and each image check and flash operation succeeding or "
        f"failing: {FUNCTION} in this file checks the images that impl's bootloader checks, in the same order, starts "
        "the same one or resets, and before that writes the same first record as VALID where otadata was never "
        f"written{', and burns the same version after it' if config.anti_rollback else ''}."
    )


def _premises(config: Config) -> tuple[str, ...]:
    return (
        *COMMON_PREMISES,
        "OTA slots 0 to app_count - 1 are in the partition table, without gaps.",
        "load_image starts the image that bootloader_load_image has loaded last, and does not return.",
        *premises_of_versions(config),
    )


FALLBACK = Theorem(
    name="fallback",
    title="Images that are tried",
    sentence=_sentence,
    premises=_premises,
    explore=explore_fallback,
    expected=expected_fallback,
    given=given_of_fallback,
    wishes=plain_inputs,
    inputs=read_fallback,
    played=played_fallback,
    signs_against=options_against,
)
