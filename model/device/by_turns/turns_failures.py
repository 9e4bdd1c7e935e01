"""Operations that fail and return an error where otadata is kept by turns: what they leave, and what comes of it.

An operation that fails ends the update, and what is written counts by what it reads as, whatever the driver has said.
So an update that fails leaves the old state in force, with the sector that does not decide as it was, or blank; and one
whose last program took effect has happened. Source: selector/DESIGN.md.

The failure of the very first record is left out: without a whole record, the calls are ESP-IDF's own.
"""

from dataclasses import dataclass, replace

from ...terms.terms import number
from ..action import Actions
from ..allowance import Allowance
from ..calls import after_complete
from ..device_parts import record_in, with_record
from ..failing_steps import (
    failing_burns,
    failing_wipes,
    failing_writes,
    failure,
    keeping_step,
    overwrites,
    raised,
)
from ..flash_steps import returned
from ..records import BLANK, Sector
from ..state import Device, Expectation, Phase, Scope, Task
from .turns_calls import DESIGN
from .turns_steps import after_update, coming, guarded, tasks_that_write

HAPPENS = "program_fails_all"
"""The end of the name of an update that has happened although its last operation returned an error."""
ENDED_BY_FIRST_PROGRAM = "program_fails_half"
"""The end of the name of an update of which all but the check word is there, as the first program returned an error."""


def with_turns_failures(scope: Scope, device: Device, plain: Actions) -> Actions:
    """Yield the actions of a model, and where the scope allows it those in which an operation fails."""
    if Allowance.FAILING_FLASH not in scope.allows:
        yield from plain
        return
    for action in plain:
        yield keeping_step(device, action)
    yield from _failing_updates(scope, device)
    yield from failing_wipes(scope, device)
    yield from failing_burns(scope, device)
    for action in (*failing_writes(scope, device), *overwrites(scope, device)):
        yield guarded(scope, device, action)


@dataclass(frozen=True, slots=True)
class _LostUpdate:
    """How an update ends that has not happened."""

    name: str
    phase: Phase
    is_blank: bool
    """The sector that it wrote to is blank; else it is as it was."""


_LOST_UPDATES = (
    _LostUpdate("erase_fails_none", Phase.ERASE, False),
    _LostUpdate("erase_fails_done", Phase.ERASE, True),
    _LostUpdate("program_fails_none", Phase.PROGRAM, True),
    _LostUpdate(ENDED_BY_FIRST_PROGRAM, Phase.PROGRAM, True),
)


def _failing_updates(scope: Scope, device: Device) -> Actions:
    for task in tasks_that_write(scope):
        for end in _LOST_UPDATES if task is not Task.FRESH else ():
            left = BLANK if end.is_blank else record_in(device, device.sector)
            over = replace(_at_rest(device), records=with_record(device, device.sector, left))
            then = _after_failure(scope, device, over, task, end)
            yield failure(f"{task.name.lower()}_{end.name}", task, device.phase == end.phase, then, DESIGN)
        happened = after_update(scope, device, _at_rest(device), task)
        yield failure(f"{task.name.lower()}_{HAPPENS}", task, device.phase == Phase.PROGRAM, happened, DESIGN)


def _after_failure(scope: Scope, device: Device, over: Device, task: Task, end: _LostUpdate) -> Device:
    """Return the device as the program goes on; `over` is what the failed operation has left of it."""
    match task:
        case Task.TRY:
            # The images are tried in the order of the state that could not be written.
            record = record_in(device, device.sector) if end.phase is Phase.PROGRAM else coming(scope, device, task)
            noted = replace(device, records=with_record(device, device.sector, record))
            return replace(after_update(scope, noted, _at_rest(noted), task), records=over.records)
        case Task.COMPLETE:
            # otaupgrade hides the error of the switch.
            return after_complete(scope, over)
        case Task.ROLLBACK if end.is_blank:
            # Where the sector read as blank before, it may have held what a cut had left of a record.
            return replace(returned(scope, over), expectation=number(Expectation.SPOILT))
        case _:
            return raised(scope, device, over)


def _at_rest(device: Device) -> Device:
    return replace(device, phase=number(Phase.ERASE), sector=number(Sector.FIRST))
