"""Invariants of what a scope may allow besides: pins that are held, and records of which the bootloader has a copy.

See invariant_catalogue.py."""

from ...model.claims.state_claims import Statement
from ...model.device.allowance import Failed, HeldPin
from ...model.device.failing_steps import DECIDING
from ...model.device.pin_steps import BOOTING, FORGETS
from ...model.device.state import Device, Scope
from ...model.terms.terms import Bool


def pin_counts_in_the_bootloader_alone(scope: Scope, device: Device) -> Bool:
    """No pin counts before the bootloader runs, nor once it has started something."""
    return (device.pin == HeldPin.NONE) | device.task.is_in(*BOOTING, *FORGETS)


def records_are_in_flash(scope: Scope, device: Device) -> Bool:
    """The bootloader goes by a copy of a record only while it decides."""
    is_in_flash = (device.first_failed == Failed.NOT) & (device.second_failed == Failed.NOT)
    return is_in_flash | device.task.is_in(*DECIDING)


MISHAP_FACTS: tuple[Statement, ...] = (pin_counts_in_the_bootloader_alone, records_are_in_flash)
