"""The theorem about bootloader_utility_load_boot_image_from_deep_sleep: it starts what impl's bootloader starts.

For anything that reset the chip. Where the code asks RTC memory what it has kept: for any partition or none. Else,
as on chips without that memory, for any partition table and both otadata records with any bytes. The image that is
loaded unchecked and started is the same, or the function returns where impl's goes on as in any other boot.
"""

from dataclasses import replace
from typing import Any

import z3

from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Chip, Config
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState, WordChoices
from ..execution.path_search import Arguments, Ended, Hook
from ..execution.words import Word, as_bits
from .boot_inputs import APP_COUNT, FACTORY_OFFSET, FACTORY_SIZE, OTADATA_OFFSET, OTADATA_SIZE, operation_result
from .expected_fallback import NO_RESULT
from .expected_wake import expected_wake
from .fallback_theorem import address_of_load_image
from .flash_operations import Checked, LoadedUnchecked, Started
from .image_versions import SLOT_OFFSETS, SLOT_SIZES
from .machine_setup import Machine, Semantics, all_hooks, machine_for
from .outcome import FunctionOutcome, distinct_outcomes
from .played_wake import played_wake
from .selection_theorem import SLOT_PLACE_SIZE
from .theorem import COMMON_PREMISES, Theorem, TheoremCode
from .wake_inputs import (
    GIVEN_OF_WAKE,
    HAS_RETAINED,
    RESET_REASON,
    RETAINED_OFFSET,
    RETAINED_SIZE,
    TABLE_IS_TAKEN,
    has_rtc_memory,
    plain_wakes,
    read_wake,
)

FUNCTION = "bootloader_utility_load_boot_image_from_deep_sleep"
RETAINED = "bootloader_common_get_rtc_retain_mem_partition"
_TABLE = "bootloader_utility_load_partition_table"


def explore_wake(elf: BootloaderElf, semantics: Semantics, given: tuple[Any, ...]) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    state = machine.entry()
    state.store(machine.arguments, RETAINED_OFFSET, 4)
    state.store(machine.arguments + 4, RETAINED_SIZE, 4)
    hooks = all_hooks(machine, _hooks(machine)) | {address_of_load_image(elf): ("load_image", _start)}
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = machine.explore(state, plain, semantics, given)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(machine, path) for path in found.paths)
    return TheoremCode(machine, semantics, found, names, outcomes)


def _outcome(machine: Machine, path: MachineState) -> FunctionOutcome:
    """Return the end of a path; one that starts an image has no caller whose registers matter."""
    is_started = bool(path.events) and isinstance(path.events[-1], Started)
    frame = [] if is_started else machine.returns_properly(path)
    return FunctionOutcome(path.condition, NO_RESULT, z3.BoolVal(False), path.events, z3.simplify(z3.And(*frame)))


def _hooks(machine: Machine) -> dict[str, Hook]:
    def retained(state: MachineState, arguments: Arguments) -> Word:
        return z3.If(HAS_RETAINED, z3.BitVecVal(machine.arguments, 32), z3.BitVecVal(0, 32))

    def load_table(state: MachineState, arguments: Arguments) -> Word:
        """Fill in what is known of the table; an array in it may be read at an unknown index."""
        table = state.number(arguments[0])
        if not state.number(z3.If(TABLE_IS_TAKEN, z3.BitVecVal(1, 32), z3.BitVecVal(0, 32))):
            return 0
        _store_table(machine, state, table)
        return 1

    def reset_reason(state: MachineState, arguments: Arguments) -> Word:
        return RESET_REASON

    return {
        RETAINED: retained,
        _TABLE: load_table,
        "esp_rom_get_reset_reason": reset_reason,
        "rtc_get_reset_reason": reset_reason,
        "bootloader_load_image": lambda state, arguments: _loaded(state, arguments, Checked),
        "bootloader_load_image_no_verify": lambda state, arguments: _loaded(state, arguments, LoadedUnchecked),
        "bootloader_common_update_rtc_retain_mem": _count_boot,
    }


def _store_table(machine: Machine, state: MachineState, table: int) -> None:
    offsets = machine.elf.layout.offsets
    fields = {
        "ota_info.offset": OTADATA_OFFSET,
        "ota_info.size": OTADATA_SIZE,
        "factory.offset": FACTORY_OFFSET,
        "factory.size": FACTORY_SIZE,
        "app_count": APP_COUNT,
    }
    for field, word in fields.items():
        state.store(table + offsets[field], word, 4)
    slots = table + offsets["ota"]
    for slot, (offset, size) in enumerate(zip(SLOT_OFFSETS, SLOT_SIZES, strict=True)):
        state.store(slots + SLOT_PLACE_SIZE * slot, offset, 4)
        state.store(slots + SLOT_PLACE_SIZE * slot + 4, size, 4)
    state.choices = WordChoices(range(slots, slots + SLOT_PLACE_SIZE * MAX_OTA_SLOTS), SLOT_PLACE_SIZE)


def _loaded(state: MachineState, arguments: Arguments, kind: type[Checked] | type[LoadedUnchecked]) -> Word:
    place = state.number(arguments[0])
    result = operation_result(len(state.events))
    state.events += (kind(as_bits(state.load(place, 4)), as_bits(state.load(place + 4, 4))),)
    return result


def _start(state: MachineState, arguments: Arguments) -> Ended:
    loaded = [event for event in state.events if isinstance(event, Checked | LoadedUnchecked)]
    if not loaded:
        raise ExecutionStopped(f"an image is started that was not loaded, at 0x{state.pc:x}")
    state.events += (Started(loaded[-1].address),)
    return Ended()


def _count_boot(state: MachineState, arguments: Arguments) -> None:
    """Count the boot; what RTC memory has kept stays."""
    if state.number(arguments[0]):
        raise ExecutionStopped(f"another partition is kept in RTC memory, at 0x{state.pc:x}")


def _with_chip(config: Config, code: TheoremCode) -> Config:
    """Return the configuration with a chip that has RTC memory, or one that has none, as the code asks for it."""
    return replace(config, chip=Chip.ESP32 if RETAINED in code.hooks else Chip.ESP32C2)


def _sentence(config: Config) -> str:
    inputs = (
        "any partition or none that RTC memory has kept"
        if has_rtc_memory(config)
        else f"any partition table of 1 to {MAX_OTA_SLOTS} OTA slots, any factory partition or none, any otadata "
        "partition or none, both otadata records with any 64 bytes"
    )
    return (
        f"For anything that reset the chip, {inputs}, and the image loading or not: {FUNCTION} in this file loads the "
        "image that impl's bootloader loads after deep sleep, as unchecked as it does, and starts it, or returns where "
        "impl's boot goes on, and writes nothing."
    )


def _premises(config: Config) -> tuple[str, ...]:
    premises = (*COMMON_PREMISES, "load_image starts the image that was loaded last, and does not return.")
    if has_rtc_memory(config):
        return *premises, "The chip has RTC fast memory, which the code asks for the partition that it has kept."
    return (
        *premises,
        "The chip has no RTC fast memory.",
        "bootloader_utility_load_partition_table does what its own theorem says; the table has an OTA slot.",
        "The remainder may be any function of two words whose value is below the second.",
    )


WAKE = Theorem(
    name="deep-sleep",
    title="Wake-up from deep sleep",
    sentence=_sentence,
    premises=_premises,
    explore=explore_wake,
    expected=expected_wake,
    given=lambda config: GIVEN_OF_WAKE,
    wishes=plain_wakes,
    inputs=read_wake,
    played=played_wake,
    refined=_with_chip,
)
