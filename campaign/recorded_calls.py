"""Makes the calls that recorded scenarios name, and writes their outcome as the recordings do.

`do` of a step is the name of an otaupgrade function (`commence`, `write`, …) or of a C function
(`esp_ota_…`); its arguments stand beside it. `perform` makes the call on a running application and returns
the step's `res`. What ends the program (PowerCut, Restart, Panic, Hang) passes through to the caller.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..impl.board import App
from ..impl.esp_err import OtaError
from ..impl.otaupgrade import LuaError
from ..impl.partitions import Partition
from .input_error import InputError
from .vectors import Record, Recording, take

Result = dict[str, Any]
"""`res` of a step."""

NO_HANDLE = 0
"""A handle that is never given out."""
FOREIGN_SHIFT = 0x1000
"""Bytes by which a `foreign` partition lies beside the one it was copied from."""
NAMED_SIZES = {"OTA_SIZE_UNKNOWN": 0xFFFFFFFF, "OTA_WITH_SEQUENTIAL_WRITES": 0xFFFFFFFE}


class Caller:
    """Calls functions of one application, from its start to its end; remembers the handles by their names."""

    def __init__(self, app: App, recording: Recording) -> None:
        """Start with no handles."""
        self.app = app
        self._recording = recording
        self._handles: dict[str, int] = {}

    def perform(self, step: Record, where: str) -> Result:
        """Make the call of `step` and return its `res`; raises InputError for a `do` or argument not known."""
        name = take(step, "do", str, where)
        if name not in _CALLS:
            raise InputError(f"{where}: field 'do' is {name!r}, want power_on or one of {', '.join(_CALLS)}")
        return _CALLS[name](self, step, where)

    def partition(self, step: Record, where: str) -> Partition | None:
        """Return what the C function gets as its partition pointer: None for NULL."""
        if "partition" not in step:
            raise InputError(f"{where}: field 'partition' is missing")
        label, given_as = step["partition"], step.get("given_as")
        if label is None:
            return None
        found = [partition for partition in self.app.partitions.table if partition.label == label]
        if not found:
            raise InputError(f"{where}: the application sees no partition {label!r}")
        match given_as:
            case None:
                return found[0]
            case "copy":
                return replace(found[0])
            case "foreign":
                return replace(found[0], offset=found[0].offset + FOREIGN_SHIFT)
        raise InputError(f"{where}: field 'given_as' is {given_as!r}, want 'copy' or 'foreign'")

    def handle(self, step: Record, where: str) -> int:
        """Return the handle last stored under the step's name."""
        return self._handles.get(take(step, "handle", str, where), NO_HANDLE)

    def store_handle(self, step: Record, handle: int | None, where: str) -> bool:
        """Keep a handle under the step's name; tell whether there was one to keep."""
        if handle is None or step.get("null_handle", False):
            return False
        self._handles[take(step, "handle", str, where)] = handle
        return True

    def data(self, step: Record, where: str) -> bytes | None:
        """Return the bytes to write: of an image, clipped at its end, or filled; None for a NULL pointer."""
        if step.get("null", False):
            return None
        length = take(step, "len", int, where)
        if "fill" in step:
            return bytes([take(step, "fill", int, where)]) * length
        start = take(step, "off", int, where)
        return self._recording.image(take(step, "image", str, where), where)[start : start + length]


_Call = Callable[[Caller, Record, str], Result]


def _lua(call: Callable[[Caller, Record, str], object]) -> _Call:
    """Return `call` with its outcome as a Lua function's: ok or err."""

    def perform(caller: Caller, step: Record, where: str) -> Result:
        try:
            call(caller, step, where)
        except LuaError as error:
            return {"err": error.message}
        return {"ok": True}

    return perform


def _lua_value(value: object) -> Any:
    """Return a JSON value as the board takes Lua values: strings are bytes."""
    return value.encode() if isinstance(value, str) else value


def _write(caller: Caller, step: Record, where: str) -> None:
    data = _lua_value(step["data"]) if "data" in step else caller.data(step, where)
    caller.app.otaupgrade.write(data)


def _complete(caller: Caller, step: Record, where: str) -> None:
    arguments = [_lua_value(step["arg"])] if "arg" in step else []
    caller.app.otaupgrade.complete(*arguments)


def _info(caller: Caller, step: Record, where: str) -> Result:
    try:
        info = caller.app.otaupgrade.info()
    except LuaError as error:
        return {"err": error.message}
    return {"running": info.running, "next": info.next, "slots": info.slots}


def _returns_code(call: Callable[[Caller, Record, str], object]) -> _Call:
    """Return `call` with its outcome as a C function's that returns an esp_err_t."""

    def perform(caller: Caller, step: Record, where: str) -> Result:
        try:
            call(caller, step, where)
        except OtaError as error:
            return {"ret": error.code.code_name}
        return {"ret": "ESP_OK"}

    return perform


def _returns_handle(call: Callable[[Caller, Record, str], int]) -> _Call:
    """Return `call` with its outcome as a C function's that stores a handle, perhaps even when it fails."""

    def perform(caller: Caller, step: Record, where: str) -> Result:
        try:
            handle = call(caller, step, where)
        except OtaError as error:
            stored = caller.store_handle(step, error.handle, where)
            return {"ret": error.code.code_name, "handle": stored}
        return {"ret": "ESP_OK", "handle": caller.store_handle(step, handle, where)}

    return perform


def _returns_partition(call: Callable[[Caller, Record, str], Partition | None]) -> _Call:
    """Return `call` with its outcome as a C function's that returns a partition pointer."""

    def perform(caller: Caller, step: Record, where: str) -> Result:
        partition = call(caller, step, where)
        return {"partition": None if partition is None else partition.label}

    return perform


def _size(step: Record, name: str, where: str) -> int:
    if step.get(name) in NAMED_SIZES:
        return NAMED_SIZES[step[name]]
    return take(step, name, int, where)


def _begin(caller: Caller, step: Record, where: str) -> int:
    return caller.app.ota.esp_ota_begin(
        caller.partition(step, where),
        _size(step, "size", where),
        wants_handle=not step.get("null_handle", False),
    )


def _resume(caller: Caller, step: Record, where: str) -> int:
    return caller.app.ota.esp_ota_resume(
        caller.partition(step, where),
        _size(step, "erase_size", where),
        take(step, "offset", int, where),
        wants_handle=not step.get("null_handle", False),
    )


def _write_with_offset(caller: Caller, step: Record, where: str) -> None:
    caller.app.ota.esp_ota_write_with_offset(
        caller.handle(step, where), caller.data(step, where), take(step, "at", int, where)
    )


def _set_final_partition(caller: Caller, step: Record, where: str) -> None:
    caller.app.ota.esp_ota_set_final_partition(
        caller.handle(step, where), caller.partition(step, where), take(step, "copy", bool, where)
    )


def _get_state(caller: Caller, step: Record, where: str) -> Result:
    try:
        ota_state = caller.app.ota.esp_ota_get_state_partition(caller.partition(step, where))
    except OtaError as error:
        return {"ret": error.code.code_name}
    return {"ret": "ESP_OK", "state": ota_state}


def _get_description(caller: Caller, step: Record, where: str) -> Result:
    try:
        description = caller.app.ota.esp_ota_get_partition_description(caller.partition(step, where))
    except OtaError as error:
        return {"ret": error.code.code_name}
    return {
        "ret": "ESP_OK",
        "secure_version": description.secure_version,
        "version": description.version,
        "name": description.project_name,
        "time": description.time,
        "date": description.date,
        "idf_version": description.idf_version,
    }


def _check_rollback(caller: Caller, step: Record, where: str) -> Result:
    return {"value": caller.app.ota.esp_ota_check_rollback_is_possible()}


# fmt: off
_CALLS: dict[str, _Call] = {
    "commence": _lua(lambda caller, step, where: caller.app.otaupgrade.commence()),
    "write":    _lua(_write),
    "complete": _lua(_complete),
    "accept":   _lua(lambda caller, step, where: caller.app.otaupgrade.accept()),
    "rollback": _lua(lambda caller, step, where: caller.app.otaupgrade.rollback()),
    "info":     _info,
    "esp_ota_begin":  _returns_handle(_begin),
    "esp_ota_resume": _returns_handle(_resume),
    "esp_ota_write": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_write(
            caller.handle(step, where), caller.data(step, where))),
    "esp_ota_write_with_offset":   _returns_code(_write_with_offset),
    "esp_ota_set_final_partition": _returns_code(_set_final_partition),
    "esp_ota_end": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_end(caller.handle(step, where))),
    "esp_ota_abort": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_abort(caller.handle(step, where))),
    "esp_ota_set_boot_partition": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_set_boot_partition(caller.partition(step, where))),
    "esp_ota_set_boot_partition_skip_validate": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_set_boot_partition_skip_validate(
            caller.partition(step, where))),
    "esp_ota_mark_app_valid_cancel_rollback": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_mark_app_valid_cancel_rollback()),
    "esp_ota_mark_app_invalid_rollback": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_mark_app_invalid_rollback()),
    "esp_ota_mark_app_invalid_rollback_and_reboot": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_mark_app_invalid_rollback_and_reboot()),
    "esp_ota_erase_last_boot_app_partition": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_erase_last_boot_app_partition()),
    "esp_ota_invalidate_inactive_ota_data_slot": _returns_code(
        lambda caller, step, where: caller.app.ota.esp_ota_invalidate_inactive_ota_data_slot()),
    "esp_ota_get_boot_partition": _returns_partition(
        lambda caller, step, where: caller.app.ota.esp_ota_get_boot_partition()),
    "esp_ota_get_running_partition": _returns_partition(
        lambda caller, step, where: caller.app.ota.esp_ota_get_running_partition()),
    "esp_ota_get_last_invalid_partition": _returns_partition(
        lambda caller, step, where: caller.app.ota.esp_ota_get_last_invalid_partition()),
    "esp_ota_get_next_update_partition": _returns_partition(
        lambda caller, step, where: caller.app.ota.esp_ota_get_next_update_partition(
            caller.partition(step, where))),
    "esp_ota_get_state_partition":        _get_state,
    "esp_ota_get_partition_description":  _get_description,
    "esp_ota_check_rollback_is_possible": _check_rollback,
}
# fmt: on
