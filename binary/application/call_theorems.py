"""The theorems about esp_ota_* functions of an application: each does what impl's call of that name does.

For all inputs of call_inputs.py and every register at the entry: the same esp_err_t, restart or failed assertion, the
same image checks, erases and programs in the same order with all their bytes, the same state for the caller, and no
other memory changed, nor the registers that a function has to preserve.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import z3

from ...impl.esp_err import EspErr, OtaError
from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.counting_loop import ends_soon, meanings
from ..execution.machine_state import MachineState
from ..execution.words import Word
from ..theorems.machine_setup import Semantics
from ..theorems.outcome import FunctionOutcome, distinct_outcomes
from ..theorems.theorem import MACHINE_PREMISES, Theorem, TheoremCode
from .call_example import plain_calls, plain_sessions, read_call, read_session_call
from .call_inputs import GIVEN_OF_CALLS
from .call_machine import COUNT_FUNCTION, CallMachine, ended
from .call_outcome import CallEnd, end_word
from .expected_call import CallArguments, CallReturn, CountedSelection, ImplCall, OpenSelection, expected_call
from .played_call import played_call
from .running_app import GIVEN_OF_RUNNING
from .running_state import SessionSelection
from .session_inputs import GIVEN_OF_SESSIONS, IMAGE_SIZE
from .session_machine import SessionMachine

CallPointers = Callable[[CallMachine], tuple[Word, ...]]
"""Return the arguments of a call as the machine code gets them."""
IsOfRunning = Callable[[Config], bool]
"""Tell whether a call looks at the running app's partition."""


def explore_call(
    function: str,
    pointers: CallPointers,
    machine: type[CallMachine],
    elf: BootloaderElf,
    semantics: Semantics,
    given: tuple[Any, ...],
) -> TheoremCode:
    """Return every path of the function; raises InputError, and ExecutionStopped where one cannot be followed."""
    calls = machine(elf, function)
    start = calls.entry(*pointers(calls))
    hooks = calls.hooks()
    plain = {address: hook for address, (_, hook) in hooks.items()}
    found = calls.machine.explore(start.fork(), plain, semantics, given)
    names = tuple(sorted({hooks[address][0] for address in found.called}))
    outcomes = distinct_outcomes(_outcome(calls, start, path) for path in found.paths)
    return TheoremCode(calls.machine, semantics, found, names, outcomes)


def _outcome(calls: CallMachine, start: MachineState, path: MachineState) -> FunctionOutcome:
    operations, end = ended(path)
    if end is not CallEnd.RETURNS:
        return FunctionOutcome(path.condition, end_word(end), z3.BoolVal(False), operations)
    word = end_word(end, calls.machine.convention.result(path), *calls.left(path))
    frame = [*calls.machine.returns_properly(path), *calls.keeps_memory(start, path)]
    return FunctionOutcome(path.condition, word, z3.BoolVal(False), operations, z3.simplify(z3.And(*frame)))


def _begin(ota: CountedSelection, given: CallArguments) -> CallReturn:
    try:
        returned = CallReturn(state=ota.esp_ota_begin(given.partition, given.image_size, given.wants_state))
    except OtaError as error:
        returned = CallReturn(error.code, error.handle)
    return replace(returned, session=ota.session_left())


def _count_slots(ota: CountedSelection, given: CallArguments) -> CallReturn:
    return CallReturn(code=ota.count_slots())


def _set_boot_partition(ota: CountedSelection, given: CallArguments) -> None:
    ota.esp_ota_set_boot_partition(given.partition)


def _get_state(ota: CountedSelection, given: CallArguments) -> CallReturn:
    partition = given.partition
    if not given.wants_state:
        raise OtaError(EspErr.INVALID_ARG)
    return CallReturn(state=ota.esp_ota_get_state_partition(partition))


def _mark_valid(ota: CountedSelection, given: CallArguments) -> None:
    ota.esp_ota_mark_app_valid_cancel_rollback()


def _mark_invalid(ota: CountedSelection, given: CallArguments) -> None:
    ota.esp_ota_mark_app_invalid_rollback_and_reboot()


def _invalidate_inactive(ota: CountedSelection, given: CallArguments) -> None:
    ota.esp_ota_invalidate_inactive_ota_data_slot()


def _erase_last_boot(ota: CountedSelection, given: CallArguments) -> None:
    ota.esp_ota_erase_last_boot_app_partition()


def _theorem(
    function: str,
    title: str,
    inputs: str,
    does: str,
    run: ImplCall,
    pointers: CallPointers = lambda calls: (),
    is_of_running: IsOfRunning = lambda config: False,
    opens_session: bool = False,
) -> Theorem:
    """Return the theorem that a function does what impl's call does."""

    def given(config: Config) -> tuple[Any, ...]:
        of_running = (GIVEN_OF_RUNNING,) if is_of_running(config) else ()
        return *GIVEN_OF_CALLS, *of_running, *((GIVEN_OF_SESSIONS,) if opens_session else ())

    def premises(config: Config) -> tuple[str, ...]:
        of_running = (_RUNNING_PREMISE,) if is_of_running(config) else ()
        of_session = _SESSION_PREMISES if opens_session else ()
        of_versions = _VERSION_PREMISES if config.anti_rollback else ()
        return *MACHINE_PREMISES, *_PREMISES, *of_running, *of_session, *of_versions

    return Theorem(
        name=function,
        title=title,
        sentence=lambda config: f"For {inputs}: {function} in this file {does}.",
        premises=premises,
        explore=partial(explore_call, function, pointers, SessionMachine if opens_session else CallMachine),
        expected=partial(expected_call, run, given, SessionSelection if opens_session else OpenSelection),
        given=given,
        wishes=plain_sessions if opens_session else plain_calls,
        inputs=read_session_call if opens_session else read_call,
        played=partial(played_call, run),
        facts=meanings,
        example_facts=ends_soon,
    )


_PREMISES = (
    "otadata has two sectors, begins at a sector in the first 256 MiB of flash, and mapping it succeeds.",
    "Each partition's erase_size is 4096.",
    "A call is given NULL or a partition whose type and subtype have 8 bits.",
    "esp_ota_get_app_partition_count, where another function calls it, does what its own theorem says.",
    "Check word and remainder may be any functions.",
    "The search for the next number ends; that impl's next_seq is what it finds is shown apart.",
)
_VERSION_PREMISES = (
    "What an image's description says depends on where its partition begins, and the code does not change it.",
    "The eFuse is changed by esp_efuse_update_secure_version only.",
)
_SESSION_PREMISES = (
    "No session is open, and there is memory for one; what else is kept of it than its handle is not compared.",
    "esp_ota_get_state_partition does what its own theorem says, of the running app.",
    "esp_partition_verify returns the table's own partition of that type, subtype, offset and size, or NULL.",
)
_RUNNING_PREMISE = "The running app is one of the app partitions in the table."
_RECORDS = "both otadata records with any 64 bytes, any app partitions in the table, otadata or none"
CALL_THEOREMS = (
    _theorem(
        COUNT_FUNCTION,
        "Number of slots",
        "any app partitions in the table",
        "returns the number of OTA slots without a gap from ota_0 that impl's call counts",
        _count_slots,
    ),
    _theorem(
        "esp_ota_get_state_partition",
        "State of a partition",
        f"any partition or NULL, {_RECORDS}",
        "returns the esp_err_t and leaves the state that impl's call does, and writes nothing",
        _get_state,
        lambda calls: (calls.asked_pointer, calls.state_pointer),
    ),
    _theorem(
        "esp_ota_mark_app_valid_cancel_rollback",
        "Accepting the image",
        f"{_RECORDS}, and each flash operation succeeding or failing",
        "erases and programs what impl's call does, in the same order, and returns the same esp_err_t",
        _mark_valid,
        is_of_running=lambda config: config.anti_rollback,
    ),
    _theorem(
        "esp_ota_invalidate_inactive_ota_data_slot",
        "Erasing the inactive record",
        f"{_RECORDS}, any of them running, and the erase succeeding or failing",
        "erases the record that impl's call erases, or none, and returns the same esp_err_t",
        _invalidate_inactive,
        is_of_running=lambda config: True,
    ),
    _theorem(
        "esp_ota_erase_last_boot_app_partition",
        "Erasing the image of the inactive record",
        f"{_RECORDS}, any of them running, and each erase succeeding or failing",
        "erases what impl's call does, in the same order, and returns the same esp_err_t",
        _erase_last_boot,
        is_of_running=lambda config: True,
    ),
    _theorem(
        "esp_ota_set_boot_partition",
        "Setting the boot partition",
        f"any partition or NULL, {_RECORDS}, and each image check and flash operation succeeding or failing",
        "checks, erases and programs what impl's call does, in the same order, and returns the same esp_err_t",
        _set_boot_partition,
        lambda calls: (calls.asked_pointer,),
    ),
    _theorem(
        "esp_ota_begin",
        "Opening a session",
        f"any partition or NULL, any size, {_RECORDS}, any of them running, and each erase succeeding or failing",
        "erases what impl's call does, in the same order, gives out the same handle, or none, and returns the same "
        "esp_err_t",
        _begin,
        lambda calls: (calls.asked_pointer, IMAGE_SIZE, calls.state_pointer),
        is_of_running=lambda config: True,
        opens_session=True,
    ),
    _theorem(
        "esp_ota_mark_app_invalid_rollback_and_reboot",
        "Rolling back",
        f"{_RECORDS}, and each image check and flash operation succeeding or failing",
        "checks, erases and programs what impl's call does, in the same order, and restarts or returns the same "
        "esp_err_t",
        _mark_invalid,
    ),
)
"""The cheapest first."""
