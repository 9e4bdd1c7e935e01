"""The theorem about bootloader_utility_get_selected_boot_partition: it does what impl's bootloader does.

For all inputs of boot_inputs.py and every register at the entry, with any functions as check word and as remainder: the
same boot index, the same note that otadata was never written, the same erases and programs in the same order with all
their bytes, bootloader_state_t unchanged, and the registers preserved that a function has to preserve.
"""

from collections.abc import Collection, Iterator
from typing import Any

import z3

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import SEQ_EMPTY
from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.machine_state import MachineState, WordChoices
from ..execution.words import Word, as_bits
from .boot_inputs import (
    APP_COUNT,
    ENCRYPTED,
    FACTORY_OFFSET,
    FACTORY_SIZE,
    MOST_OPERATIONS,
    OTADATA_OFFSET,
    OTADATA_SIZE,
    RECORDS,
    operation_result,
)
from .expected_selection import expected_selection
from .image_versions import SLOT_OFFSETS, SLOT_SIZES, plain_versions, premises_of_versions
from .machine_setup import Machine, Semantics, all_hooks, machine_for
from .outcome import FunctionOutcome, distinct_outcomes
from .played_selection import played_selection
from .selection_inputs import given_of_selection, read_selection
from .theorem import COMMON_PREMISES, Theorem, TheoremCode
from .version_hooks import EFUSE_HOOKS

FUNCTION = "bootloader_utility_get_selected_boot_partition"
FLAG = "ota_has_initial_contents"
SLOT_PLACE_SIZE = 8
"""Bytes of an esp_partition_pos_t: offset and size."""
_FIELDS = {
    "ota_info.offset": OTADATA_OFFSET,
    "ota_info.size": OTADATA_SIZE,
    "factory.offset": FACTORY_OFFSET,
    "factory.size": FACTORY_SIZE,
    "app_count": APP_COUNT,
}


def explore_selection(elf: BootloaderElf, semantics: Semantics, given: tuple[Any, ...]) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    flag = elf.object(FLAG).address
    state = machine.entry(machine.arguments)
    for place in range(elf.layout.size):
        state.store(machine.arguments + place, z3.BitVec(f"table{place}", 8), 1)
    for field, word in _FIELDS.items():
        state.store(machine.arguments + elf.layout.offsets[field], word, 4)
    slots = machine.arguments + elf.layout.offsets["ota"]
    for slot, (offset, size) in enumerate(zip(SLOT_OFFSETS, SLOT_SIZES, strict=True)):
        state.store(slots + SLOT_PLACE_SIZE * slot, offset, 4)
        state.store(slots + SLOT_PLACE_SIZE * slot + 4, size, 4)
    state.choices = WordChoices(range(slots, slots + SLOT_PLACE_SIZE * len(SLOT_OFFSETS)), SLOT_PLACE_SIZE)
    table = _table(machine, state)
    hooks = all_hooks(machine)
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = machine.explore(state, plain, semantics, given)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(machine, path, flag, table) for path in found.paths)
    return TheoremCode(machine, semantics, found, names, outcomes)


def _outcome(machine: Machine, state: MachineState, flag: int, table: tuple[Word, ...]) -> FunctionOutcome:
    changed = zip(table, _table(machine, state), strict=True)
    frame = [
        *machine.returns_properly(state),
        *(as_bits(before, 8) == as_bits(after, 8) for before, after in changed if before is not after),
    ]
    noted = z3.simplify(as_bits(state.load(flag, 1), 8) != 0)
    return FunctionOutcome(
        state.condition,
        as_bits(machine.convention.result(state)),
        noted,
        state.events,
        z3.simplify(z3.And(*frame)),
    )


def _table(machine: Machine, state: MachineState) -> tuple[Word, ...]:
    return tuple(state.load(machine.arguments + place, 1) for place in range(machine.elf.layout.size))


def plain_inputs(config: Config) -> Iterator[Any]:
    """Yield how an example is to look, what matters most first."""
    yield APP_COUNT == 2
    if config.anti_rollback:
        yield z3.And(*(offset == 0x10000 + 0x100000 * slot for slot, offset in enumerate(SLOT_OFFSETS)))
        yield from plain_versions(SLOT_OFFSETS[:2])
    for words in RECORDS:
        yield z3.Or(words[0] == SEQ_EMPTY, z3.And(words[0] != 0, z3.ULE(words[0], 16)))
        yield z3.Or(words[6] == SEQ_EMPTY, z3.ULE(words[6], 4))
        yield z3.And(*(word == SEQ_EMPTY for word in words[1:6]))
    yield z3.And(OTADATA_OFFSET == 0xD000, OTADATA_SIZE == 2 * SECTOR_SIZE)
    yield z3.And(z3.UGE(APP_COUNT, 1), z3.ULE(APP_COUNT, 16))
    yield z3.Or(z3.And(FACTORY_OFFSET == 0, FACTORY_SIZE == 0), FACTORY_OFFSET == 0x10000)
    yield z3.And(*(operation_result(number) == 0 for number in range(MOST_OPERATIONS)))
    yield ENCRYPTED == 0
    yield z3.And(FACTORY_OFFSET == 0, FACTORY_SIZE == 0)
    yield from (z3.And(*(word == SEQ_EMPTY for word in words)) for words in RECORDS)


def _sentence(config: Config) -> str:
    versions = "any secure version in the eFuse and in the images, " if config.anti_rollback else ""
    return (
        "For both otadata records with any 64 bytes, "
        f"{f'1 to {MAX_OTA_SLOTS}' if config.anti_rollback else 'any number of'} OTA slots, any factory partition or "
        f"none, any otadata partition or none, {versions}and each flash operation succeeding or failing: "
        f"{FUNCTION} in this file returns the boot index that impl's bootloader selects, sets {FLAG} where that notes "
        "that otadata was never written, and erases and programs the same records in the same order with the same "
        f"bytes{', and burns the same version after them' if config.anti_rollback else ''}."
    )


def _premises(config: Config) -> tuple[str, ...]:
    premises = (
        *COMMON_PREMISES,
        "ota_has_initial_contents is false at the entry.",
        "Mapping otadata succeeds and shows the two records.",
    )
    if not config.anti_rollback:
        return *premises, "The remainder may be any function of two words."
    slots = "OTA slots 0 to app_count - 1 are in the partition table, without gaps."
    remainder = "The remainder may be any function of two words whose value is below the second."
    return *premises, slots, remainder, *premises_of_versions(config)


def options_against(config: Config, hooks: Collection[str]) -> int:
    """Count the options of which the calls say something else: each that is on has its own."""
    has_versions, writes = bool(EFUSE_HOOKS.keys() & set(hooks)), "bootloader_flash_write" in hooks
    return 2 * (config.anti_rollback is not has_versions) + (config.rollback is not writes)


SELECTION = Theorem(
    name="selection",
    title="Selection of the boot partition",
    sentence=_sentence,
    premises=_premises,
    explore=explore_selection,
    expected=expected_selection,
    given=given_of_selection,
    wishes=plain_inputs,
    inputs=read_selection,
    played=played_selection,
    signs_against=options_against,
)
