"""The theorems about esp_ota_* functions of an application: each does what impl's call of that name does.

For all inputs of call_inputs.py and every register at the entry: the same esp_err_t, restart or failed assertion, the
same image checks, erases and programs in the same order with all their bytes, the same state for the caller, and no
other memory changed, nor the registers that a function has to preserve.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import z3

from ...impl.esp_err import EspErr, OtaError
from ...proofs.refinement.symbolic_execution import SymBool, bits_of
from ..elf_file import BootloaderElf
from ..execution.machine_state import MachineState
from ..execution.words import Word, as_bits
from ..theorems.machine_setup import Semantics
from ..theorems.outcome import FunctionOutcome, distinct_outcomes
from ..theorems.theorem import TheoremCode
from .call_inputs import GIVEN_OF_CALLS, WANTS_STATE
from .call_machine import COUNT_FUNCTION, CallMachine, ended
from .call_outcome import CallEnd, end_word
from .expected_call import ImplCall, OpenSelection, asked_partition


@dataclass(frozen=True, slots=True)
class CallTheorem:
    """A function of the application does what impl's call does."""

    function: str
    """Its name in the file."""
    title: str
    inputs: str
    """For what it holds."""
    does: str
    """What is the same."""
    run: ImplCall
    arguments: Callable[[CallMachine], tuple[Word, ...]] = lambda machine: ()
    given: tuple[Any, ...] = GIVEN_OF_CALLS
    """What is assumed of the inputs."""

    @property
    def sentence(self) -> str:
        """What is proved, for a reader without the code."""
        return f"For {self.inputs}: {self.function} in this file {self.does}."


def explore_call(theorem: CallTheorem, elf: BootloaderElf, semantics: Semantics) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    calls = CallMachine(elf, theorem.function)
    start = calls.entry(*theorem.arguments(calls))
    hooks = calls.hooks()
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = calls.machine.explore(start.fork(), plain, semantics, theorem.given)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(calls, start, path) for path in found.paths)
    return TheoremCode(calls.machine, semantics, found, names, outcomes)


def _outcome(calls: CallMachine, start: MachineState, path: MachineState) -> FunctionOutcome:
    operations, end = ended(path)
    if end is not CallEnd.RETURNS:
        return FunctionOutcome(path.condition, end_word(end), z3.BoolVal(False), operations)
    word = end_word(end, as_bits(calls.machine.convention.result(path)), calls.state_left(path))
    frame = [*calls.machine.returns_properly(path), *calls.keeps_memory(start, path)]
    return FunctionOutcome(path.condition, word, z3.BoolVal(False), operations, z3.simplify(z3.And(*frame)))


def _count_slots(ota: OpenSelection) -> Any:
    return end_word(CallEnd.RETURNS, ota.count_slots())


def _set_boot_partition(ota: OpenSelection) -> Any:
    ota.esp_ota_set_boot_partition(asked_partition())
    return end_word(CallEnd.RETURNS)


def _get_state(ota: OpenSelection) -> Any:
    partition = asked_partition()
    if not SymBool(WANTS_STATE):
        raise OtaError(EspErr.INVALID_ARG)
    state = ota.esp_ota_get_state_partition(partition)
    return end_word(CallEnd.RETURNS, state=bits_of(state))


def _mark_valid(ota: OpenSelection) -> Any:
    ota.esp_ota_mark_app_valid_cancel_rollback()
    return end_word(CallEnd.RETURNS)


def _mark_invalid(ota: OpenSelection) -> Any:
    ota.esp_ota_mark_app_invalid_rollback_and_reboot()
    return end_word(CallEnd.RETURNS)


_RECORDS = "both otadata records with any 64 bytes, any app partitions in the table, otadata or none"
CALL_THEOREMS = (
    CallTheorem(
        COUNT_FUNCTION,
        "Number of slots",
        "any app partitions in the table",
        "returns the number of OTA slots without a gap from ota_0 that impl's call counts",
        _count_slots,
    ),
    CallTheorem(
        "esp_ota_get_state_partition",
        "State of a partition",
        f"any partition or NULL, {_RECORDS}",
        "returns the esp_err_t and leaves the state that impl's call does, and writes nothing",
        _get_state,
        lambda calls: (calls.asked_pointer, calls.state_pointer),
    ),
    CallTheorem(
        "esp_ota_mark_app_valid_cancel_rollback",
        "Accepting the image",
        f"{_RECORDS}, and each flash operation succeeding or failing",
        "erases and programs what impl's call does, in the same order, and returns the same esp_err_t",
        _mark_valid,
    ),
    CallTheorem(
        "esp_ota_set_boot_partition",
        "Setting the boot partition",
        f"any partition or NULL, {_RECORDS}, and each image check and flash operation succeeding or failing",
        "checks, erases and programs what impl's call does, in the same order, and returns the same esp_err_t",
        _set_boot_partition,
        lambda calls: (calls.asked_pointer,),
    ),
    CallTheorem(
        "esp_ota_mark_app_invalid_rollback_and_reboot",
        "Rolling back",
        f"{_RECORDS}, and each image check and flash operation succeeding or failing",
        "checks, erases and programs what impl's call does, in the same order, and restarts or returns the same "
        "esp_err_t",
        _mark_invalid,
    ),
)
"""The cheapest first."""
