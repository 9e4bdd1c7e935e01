"""The state at rest, of which the invariants of otadata by turns are stated: of the record that is not rewritten.

Once the sector is erased, the new record is known in full: it is a function of that state and of what RAM holds.
"""

from dataclasses import fields, replace

from ...model.device.allowance import Allowance
from ...model.device.by_turns.turns_steps import tasks_that_write
from ...model.device.device_parts import slot_at
from ...model.device.image_loading import is_slot
from ...model.device.logical_state import LogicalState, logical_state
from ...model.device.records import Record
from ...model.device.state import Device, Scope
from ...model.terms.terms import Bool, Num, choose, fact
from .vocabulary import torn


def can_fail(scope: Scope) -> bool:
    """Tell whether operations can fail."""
    return Allowance.FAILING_FLASH in scope.allows


def is_writing(scope: Scope, device: Device) -> Bool:
    """A record is being rewritten."""
    return device.task.is_in(*tasks_that_write(scope))


def at_rest(scope: Scope, device: Device) -> Device:
    """Return the device without the record that is being rewritten."""
    gone = torn(device)
    is_gone = is_writing(scope, device)
    first, second = (
        Record(*(choose(is_gone, getattr(a, f.name), getattr(b, f.name)) for f in fields(Record)))
        for a, b in zip(gone.records, device.records, strict=True)
    )
    return replace(device, records=(first, second))


def rest_state(scope: Scope, device: Device) -> LogicalState:
    """Return the state at rest."""
    return logical_state(scope, at_rest(scope, device).records)


def is_finished(scope: Scope, device: Device, place: Num) -> Bool:
    """The image of a place was verified or provisioned."""
    slot = slot_at(device, place)
    in_slot = is_slot(scope, place) & slot.is_complete & slot.is_finished
    return in_slot | ((place == scope.factory) & fact(scope.has_factory))
