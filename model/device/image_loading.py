"""Which image the bootloader loads: what a slot has to hold, and the order in which it tries the others."""

from ..config import Release
from ..terms.terms import Bool, Num, choose, fact, first_of, number
from .device_parts import efuse_version
from .state import Device, Scope, Slot


def fallback(scope: Scope, device: Device, start: Num) -> Num:
    """Return the place that starts: the first that passes from `start` down to factory, then up from `start`.

    The state words play no part in it. Source: IDF-BOOT-LOAD."""
    loads = [passes(scope, device, slot) for slot in device.slots]
    is_from_slot = start != scope.factory
    below, above = number(scope.nowhere), number(scope.nowhere)
    for index in range(scope.slots):
        below = choose(loads[index] & is_from_slot & (start >= index), number(index), below)
    for index in reversed(range(scope.slots)):
        above = choose(loads[index] & ~(is_from_slot & (start >= index)), number(index), above)
    factory_passes = fact(scope.has_factory) & is_version_allowed(scope, device, number(0))
    return first_of(((below != scope.nowhere, below), (factory_passes, number(scope.factory))), above)


def passes(scope: Scope, device: Device, slot: Slot) -> Bool:
    """Tell whether the bootloader loads a slot's image: it verifies; without validation, its headers are whole.

    With anti-rollback, the description has to be there and to name an allowed version. Source: IDF-BOOT-SKIP."""
    is_allowed = is_version_allowed(scope, device, slot.version)
    if not scope.skips_validation:
        return slot.is_complete & is_allowed
    is_skipped = device.is_power_on if scope.skips_at_power_on_alone else fact(True)
    loads = choose(is_skipped, slot.loads, slot.is_complete)
    if scope.config.anti_rollback:
        loads = loads & slot.has_description & is_loadable_unchecked(scope, device)
    return loads & is_allowed


def is_loadable_unchecked(scope: Scope, device: Device) -> Bool:
    """Tell whether the eFuse lets the bootloader load any image without validation.

    From 5.5 on, with anti-rollback, an image that is not validated counts as version 0. Source: IDF-BOOT-SKIP."""
    reads_version = scope.config.anti_rollback and scope.config.bootloader_release >= Release.V5_5
    return fact(not reads_version) | (efuse_version(scope, device.burned) == 0)


def is_version_allowed(scope: Scope, device: Device, version: Num) -> Bool:
    """Tell whether the eFuse lets an image of that version run. Source: IDF-EFUSE-VERSION."""
    if not scope.config.anti_rollback:
        return fact(True)
    return version >= efuse_version(scope, device.burned)


def is_slot(scope: Scope, place: Num) -> Bool:
    """Tell whether a place is an OTA slot."""
    return place < scope.slots
