"""The theorem about bootloader_utility_load_partition_table: it knows of the table what impl's bootloader knows.

For every table of up to table_inputs.MOST_ROWS rows with an end row behind them, all bytes of it, and every size of the
flash chip: the table is taken or refused as impl does it; where it is taken, bootloader_state_t has the same otadata,
factory and test partition, the same slots by number and the same count of them, and nothing else in memory has changed.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import z3

from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.machine_state import ExecutionStopped, MachineState
from ..execution.merging_search import MergingSearch
from ..execution.words import as_bits
from .expected_table import expected_table, table_result
from .machine_setup import Machine, Semantics, all_hooks, machine_for
from .outcome import FunctionOutcome, distinct_outcomes
from .played_table import played_table
from .table_hooks import TableMemory
from .table_inputs import MOST_ROWS, plain_tables, read_table
from .theorem import COMMON_PREMISES, Theorem, TheoremCode

FUNCTION = "bootloader_utility_load_partition_table"


def explore_table(elf: BootloaderElf, semantics: Semantics, given: tuple[Any, ...]) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    memory = TableMemory(machine)
    start = machine.entry(machine.arguments)
    start.store(machine.arguments, 0, elf.layout.size)
    memory.prepare(start)
    hooks = all_hooks(machine, memory.hooks())
    plain = {address: hook for address, (_, hook) in hooks.items()}
    search = MergingSearch(semantics.step, plain, machine.convention, machine.stop, given)
    search.bring_in = memory.bring_in
    found = search.explore(start.fork())
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(machine, start, path) for path in found.paths)
    return TheoremCode(machine, semantics, found, names, outcomes)


def _outcome(machine: Machine, start: MachineState, state: MachineState) -> FunctionOutcome:
    result = as_bits(machine.convention.result(state))
    if not state.events:
        raise ExecutionStopped("the table is not read on some path")
    words = tuple(as_bits(state.load(machine.arguments + place, 4)) for place in _places(machine.elf))
    frame = [*machine.returns_properly(state), z3.ULE(result, 1), *_unchanged(machine, start, state)]
    told = table_result(state.events[0].address, result != 0, words)
    return FunctionOutcome(state.condition, told, z3.BoolVal(False), (), z3.simplify(z3.And(*frame)))


def _places(elf: BootloaderElf) -> Iterator[int]:
    """Yield where in bootloader_state_t the words of table_result are."""
    offsets = elf.layout.offsets
    starts = (*(offsets[name] for name in ("ota_info", "factory", "test")), *_slot_places(elf))
    for start in starts:
        yield start + offsets["ota_info.offset"] - offsets["ota_info"]
        yield start + offsets["ota_info.size"] - offsets["ota_info"]
    yield offsets["app_count"]


def _slot_places(elf: BootloaderElf) -> Iterator[int]:
    return iter(range(elf.layout.offsets["ota"], elf.layout.offsets["ota"] + 8 * MAX_OTA_SLOTS, 8))


def _unchanged(machine: Machine, start: MachineState, state: MachineState) -> Iterator[Any]:
    """Yield when memory is as it was: all of it, but the words that were told, and the stack below the caller's."""
    told = {machine.arguments + place + byte for place in _places(machine.elf) for byte in range(4)}
    stack = range(machine.stack - 0x8000, machine.stack)
    for address, byte in state.memory.items():
        if address not in told and address not in stack and address not in state.paged:
            before = start.load(address, 1) if start.holds(address) else None
            if before is None:
                yield z3.BoolVal(False)
            elif before is not byte:
                yield as_bits(before, 8) == as_bits(byte, 8)


def _where_it_is_read(config: Config, code: TheoremCode) -> Config:
    """Return the configuration with the place at which the code maps the table, where it is the same on every path."""
    found = {path.events[0].address.as_long() for path in code.exploration.paths if _is_at_known_place(path)}
    return replace(config, table_offset=found.pop()) if len(found) == 1 else config


def _is_at_known_place(path: MachineState) -> bool:
    return bool(path.events) and bool(z3.is_bv_value(path.events[0].address))


def table_at(offset: int | None) -> Theorem:
    """Return the theorem of the table at an offset that somebody says, or where the code reads it."""
    return (
        TABLE if offset is None else replace(TABLE, refined=lambda config, code: replace(config, table_offset=offset))
    )


def _sentence(config: Config) -> str:
    return (
        f"For every partition table of up to {MOST_ROWS} rows with an end row behind them, an MD5 row among them or "
        "not, with any bytes in all of them, and every size of the flash chip: bootloader_utility_load_partition_table "
        f"in this file reads the table at 0x{config.table_offset:x}, takes or refuses it as impl's bootloader does, "
        "and where it takes it leaves in bootloader_state_t the same otadata, factory and test partition, the same OTA "
        "slots by number and the same count of them, and nothing else changed."
    )


_PREMISES = (
    "bootloader_state_t is zero at the entry.",
    "Mapping the partition table succeeds and shows its rows; it is mapped once.",
    "The size of the chip is the one in g_rom_flashchip or rom_spiflash_legacy_data.",
    "The MD5 of the first rows may be anything, the same for code and impl.",
)
TABLE = Theorem(
    name="table",
    title="Loading of the partition table",
    sentence=_sentence,
    premises=lambda config: (*COMMON_PREMISES[:2], *_PREMISES),
    explore=explore_table,
    expected=expected_table,
    given=lambda config: (),
    wishes=plain_tables,
    inputs=read_table,
    played=played_table,
    refined=_where_it_is_read,
    is_by_case=True,
)
"""Of the table where the code reads it, which the verdict tells."""
