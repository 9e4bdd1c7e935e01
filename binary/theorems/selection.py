"""The theorem about bootloader_utility_get_selected_boot_partition: it does what impl's bootloader does.

For all inputs of boot_inputs.py and every register at the entry, with any functions as check word and as remainder: the
same boot index, the same note that otadata was never written, the same erases and programs in the same order with all
their bytes, bootloader_state_t unchanged, and the registers preserved that a function has to preserve.
"""

from dataclasses import dataclass
from typing import Any

import z3

from ..elf_file import BootloaderElf
from ..execution.machine_state import MachineState
from ..execution.path_search import Exploration
from ..execution.words import Word, as_bits
from .boot_inputs import APP_COUNT, ENCRYPTED, FACTORY_OFFSET, FACTORY_SIZE, GIVEN, OTADATA_OFFSET, OTADATA_SIZE
from .expected_selection import Expectation
from .machine_setup import ENCRYPTION_GIVEN, Machine, Semantics, all_hooks, machine_for
from .outcome import Outcome, differing, distinct_outcomes

FUNCTION = "bootloader_utility_get_selected_boot_partition"
FLAG = "ota_has_initial_contents"
GIVEN_OF_SELECTION = (*GIVEN, ENCRYPTION_GIVEN)
_FIELDS = {
    "ota_info.offset": OTADATA_OFFSET,
    "ota_info.size": OTADATA_SIZE,
    "factory.offset": FACTORY_OFFSET,
    "factory.size": FACTORY_SIZE,
    "app_count": APP_COUNT,
}


@dataclass(frozen=True, slots=True)
class SelectionCode:
    """Every path of the function in the file."""

    machine: Machine
    semantics: Semantics
    exploration: Exploration
    hooks: tuple[str, ...]
    """Names of the functions that hooks stood for on some path."""
    outcomes: tuple[Outcome, ...]


def explore_selection(elf: BootloaderElf, semantics: Semantics) -> SelectionCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    machine = machine_for(elf, FUNCTION)
    flag = elf.object(FLAG).address
    state = machine.entry(machine.arguments)
    for place in range(elf.layout.size):
        state.store(machine.arguments + place, z3.BitVec(f"table{place}", 8), 1)
    for field, word in _FIELDS.items():
        state.store(machine.arguments + elf.layout.offsets[field], word, 4)
    table = _table(machine, state)
    hooks = all_hooks(machine)
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = machine.explore(state, plain, semantics, GIVEN_OF_SELECTION)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(machine, path, flag, table) for path in found.paths)
    return SelectionCode(machine, semantics, found, names, outcomes)


def selection_differs(code: SelectionCode, expected: Expectation) -> Any:
    """Return the formula of exactly the inputs for which code and expectation differ."""
    return differing(code.outcomes, expected.outcomes, ENCRYPTED)


def _outcome(machine: Machine, state: MachineState, flag: int, table: tuple[Word, ...]) -> Outcome:
    changed = zip(table, _table(machine, state), strict=True)
    frame = [
        *machine.returns_properly(state),
        *(as_bits(before, 8) == as_bits(after, 8) for before, after in changed if before is not after),
    ]
    noted = z3.simplify(as_bits(state.load(flag, 1), 8) != 0)
    return Outcome(
        state.condition,
        as_bits(machine.convention.result(state)),
        noted,
        state.events,
        z3.simplify(z3.And(*frame)),
    )


def _table(machine: Machine, state: MachineState) -> tuple[Word, ...]:
    return tuple(state.load(machine.arguments + place, 1) for place in range(machine.elf.layout.size))
