"""The calls of ESP-IDF's own that Usage.ANY has beside those of otaupgrade.

esp_ota_set_boot_partition of an OTA slot that does not run, esp_ota_resume, esp_ota_abort, esp_ota_write_with_offset
and esp_ota_erase_last_boot_app_partition. The handles are of one slot, the one that commence() takes. Before 6.1 there
can be two: a second esp_ota_begin erases what was written through the first handle and leaves that open, and the end of
one session does not end the other. How far a handle has got is left out, as esp_ota_write_with_offset writes anywhere.
Source: ESP-IDF esp_ota_ops.c.
"""

from dataclasses import replace

from ..config import Release
from ..terms.terms import Bool, fact, number
from .action import Action, Actions, Kind
from .calls import (
    asked_for,
    call,
    choosing,
    has_next_number,
    is_under_test,
    record_for,
    rewrite_sector,
    target_of,
    with_other_handle,
    with_promise_alone,
    without_expectation,
)
from .device_parts import with_record, with_slot, without_origin
from .flash_steps import RUINED, WIPED
from .image_loading import is_version_allowed
from .records import BLANK, active
from .selection import boot_choice, next_update_slot
from .state import Device, Scope, Task

RESUME_FROM = Release.V5_5
"""The first rules with esp_ota_resume; 5.3 and 5.4 have it too, for which the rules of 5.1 stand."""


def api_calls(scope: Scope, device: Device) -> Actions:
    """Yield the calls; none unless the usage has them."""
    if not scope.has_api_calls:
        return
    for slot in range(scope.slots):
        yield from _set_boot(scope, device, slot)
    yield from _sessions(scope, device)
    yield erase_last_boot(scope, device)


def _set_boot(scope: Scope, device: Device, index: int) -> Actions:
    """Select a slot that does not run, if its image verifies; erase one whose version is too old.

    Source: IDF-OTA-SET-BOOT."""
    slot = device.slots[index]
    target = number(index, scope.slot_bits)
    when = slot.is_complete & (device.running != index)
    is_allowed = is_version_allowed(scope, device, slot.version)
    slots = with_slot(device, target, asked_for(slot))
    verified = replace(device, slots=slots, asked=target)
    sector = rewrite_sector(scope, device, target)
    after = replace(device, records=with_record(device, sector, record_for(scope, device, target)))
    setting = replace(without_expectation(scope, verified), task=number(Task.SET_BOOT), sector=sector)
    setting = choosing(scope, device, setting, boot_choice(scope, after))
    when_set = when & is_allowed & has_next_number(scope, device)
    yield call(f"set_boot_ota_{index}", when_set, setting, "IDF-OTA-SET-BOOT")
    if scope.config.anti_rollback:
        rejecting = replace(with_promise_alone(scope, verified), task=number(Task.SET_BOOT_REJECT))
        rejecting = choosing(scope, device, rejecting, boot_choice(scope, device))
        yield call(f"set_boot_ota_{index}_rejects", when & ~is_allowed, rejecting, "IDF-OTA-SET-BOOT")


def _sessions(scope: Scope, device: Device) -> Actions:
    """Open a session on what is there, close one, go on with the other one, write over what is there."""
    if scope.config.app_release >= RESUME_FROM:
        resumed = replace(
            with_promise_alone(scope, device), session=fact(True), other_session=with_other_handle(scope, device)
        )
        yield call("session_resume", is_resume_possible(scope, device), resumed, "IDF-OTA-RESUME")
    yield call("session_abort", device.session, replace(device, session=fact(False)), "IDF-OTA-ABORT")
    if scope.has_two_handles:
        switched = replace(device, session=fact(True), other_session=fact(False))
        yield call("session_switch", device.other_session & ~device.session, switched, "IDF-OTA-BEGIN")
    target = target_of(scope, device)
    place = next_update_slot(device)
    # The headers stay as they are: those of another layout are left out.
    damaged = replace(
        WIPED, content=number(RUINED, 2), version=target.version, is_loadable=fact(scope.skips_validation)
    )
    over = replace(with_promise_alone(scope, device), slots=with_slot(device, place, damaged))
    over = without_origin(scope, over, place)
    yield Action(
        "write_over", (Task.RUN,), device.session & target.is_complete, over, Kind.FLASH, "IDF-OTA-WRITE-OFFSET"
    )


def is_resume_possible(scope: Scope, device: Device) -> Bool:
    """Tell whether esp_ota_resume opens a session; from 6.2 on it asks what esp_ota_begin asks.

    Source: IDF-OTA-RESUME."""
    config = scope.config
    when = next_update_slot(device) != device.running
    if config.rollback and config.app_release >= Release.V6_2_DEV:
        when = when & ~is_under_test(scope, device)
    return when & ~device.session if config.app_release >= Release.V6_1 else when


def erase_last_boot(scope: Scope, device: Device) -> Action:
    """Begin to erase the slot of the record that does not decide, unless it runs. Source: IDF-OTA-ERASE-LAST."""
    chosen = active(device.records)
    last = chosen.other_of(device.records)
    when = chosen.is_some & last.is_right & (last.slot != device.running)
    after = replace(
        device,
        slots=with_slot(device, last.slot, WIPED),
        records=with_record(device, chosen.other_sector, BLANK),
    )
    erasing = replace(with_promise_alone(scope, device), task=number(Task.ERASE_LAST))
    erasing = choosing(scope, device, erasing, boot_choice(scope, after))
    return call("erase_last_boot", when, erasing, "IDF-OTA-ERASE-LAST")
