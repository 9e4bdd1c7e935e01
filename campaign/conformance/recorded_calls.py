"""Makes the calls that recorded scenarios name, and writes their outcome as the recordings do.

`do` of a step is the name of an otaupgrade function (`commence`, `write`, …) or of a C function
(`esp_ota_…`); its arguments stand beside it. `RecordedCall.perform` makes the call on a running application
and returns the step's `res`. What ends the program (PowerCut, Restart, Panic, Hang) passes through.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...bounded_input import shortened
from ...errors import InputError
from ...impl.app.esp_ota import EspOta
from ...impl.app.otaupgrade import LuaError, OtaUpgrade
from ...impl.board import App
from ...impl.esp_err import OtaError
from ...impl.partitions.partition import Partition
from ...json_fields import Record, check_fields, take, take_number
from .recording import Recording

Result = dict[str, Any]
"""`res` of a step."""

POWER_ON = "power_on"
"""The `do` that is no function."""
_POWER_ON_ARGUMENTS = frozenset(["pin", "erase_list", "ota_data_erase", "reason"])
_EVERY_STEP = frozenset(["do", "cut", "fail", "burn_cut", "res", "ops", "st"])
_MOST_DATA = 1 << 24
"""Bytes of the longest piece of data that is written: four times the chip."""

NO_HANDLE = 0
"""A handle that is never given out."""
FOREIGN_SHIFT = 0x1000
"""Bytes by which a `foreign` partition lies beside the one it was copied from."""
NAMED_SIZES = {"OTA_SIZE_UNKNOWN": 0xFFFFFFFF, "OTA_WITH_SEQUENTIAL_WRITES": 0xFFFFFFFE}


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a function of a running application, with its arguments as the recording writes them."""

    app: App
    handles: dict[str, int]
    """The handles stored since the application started, by the names that the recording gives them."""
    recording: Recording
    """Where images come from."""
    step: Record
    where: str
    """File, line and step, for messages."""

    def perform(self) -> Result:
        """Make the call and return its `res`; raises InputError for an argument that cannot be."""
        return _FUNCTIONS[self.step["do"]].perform(self)

    @property
    def lua(self) -> OtaUpgrade:
        """The Lua module that the application has loaded."""
        return self.app.otaupgrade

    @property
    def ota(self) -> EspOta:
        """The C functions that the application is linked with."""
        return self.app.ota

    @property
    def partition(self) -> Partition | None:
        """What the C function gets as its partition pointer; None for NULL."""
        label = self.step.get("partition", "")
        if label is None:
            return None
        partition = next((row for row in self.app.partitions.table if row.label == label), None)
        if partition is None:
            raise InputError(f"{self.where}: field 'partition' is {label!r}, want a partition of the device or null")
        match self.step.get("given_as"):
            case None:
                return partition
            case "copy":
                return replace(partition)
            case "foreign":
                return replace(partition, offset=partition.offset + FOREIGN_SHIFT)
            case given_as:
                raise InputError(f"{self.where}: field 'given_as' is {given_as!r}, want 'copy' or 'foreign'")

    @property
    def handle(self) -> int:
        """The handle last stored under the step's name, even if it is stale."""
        return self.handles.get(take(self.step, "handle", str, self.where), NO_HANDLE)

    @property
    def wants_handle(self) -> bool:
        """Whether the pointer for the new handle is not NULL."""
        return not self.step.get("null_handle", False)

    @property
    def data(self) -> bytes | None:
        """The bytes to write, of an image (clipped at its end) or filled; None for a NULL pointer."""
        if self.step.get("null", False):
            return None
        length = take_number(self.step, "len", _MOST_DATA, self.where)
        if "fill" in self.step:
            return bytes([take_number(self.step, "fill", 0xFF, self.where)]) * length
        image = self.recording.image(take(self.step, "image", str, self.where), self.where)
        start = self.number("off")
        return image[start : start + length]

    def number(self, name: str) -> int:
        """Return an integer argument, given as a number or as the name of one of esp_ota_ops.h's sizes."""
        if self.step.get(name) in NAMED_SIZES:
            return NAMED_SIZES[self.step[name]]
        return take(self.step, name, int, self.where)

    def store_handle(self, handle: int | None) -> bool:
        """Keep a new handle under the step's name; tell whether there was one to keep."""
        if handle is None or not self.wants_handle:
            return False
        self.handles[take(self.step, "handle", str, self.where)] = handle
        return True


_Outcome = Callable[[RecordedCall], Result]


@dataclass(frozen=True, slots=True)
class _Function:
    """One function that a step can name."""

    perform: _Outcome
    arguments: frozenset[str]
    """The fields of a step that belong to it."""


def check_step(step: Record, where: str) -> None:
    """Raise InputError for a `do` that is not known, and for a field that a step of it does not have."""
    name = take(step, "do", str, where)
    if name == POWER_ON:
        arguments = _POWER_ON_ARGUMENTS
    elif name in _FUNCTIONS:
        arguments = _FUNCTIONS[name].arguments
    else:
        known = ", ".join([POWER_ON, *_FUNCTIONS])
        raise InputError(f"{where}: field 'do' is '{shortened(name)}', want one of {known}")
    check_fields(step, _EVERY_STEP | arguments, where)


def _lua_value(value: object) -> Any:
    """Return a JSON value as the board takes Lua values: strings are bytes."""
    return value.encode() if isinstance(value, str) else value


def _write(call: RecordedCall) -> None:
    call.lua.write(_lua_value(call.step["data"]) if "data" in call.step else call.data)


def _complete(call: RecordedCall) -> None:
    call.lua.complete(*([_lua_value(call.step["arg"])] if "arg" in call.step else []))


def _info(call: RecordedCall) -> Result:
    try:
        info = call.lua.info()
    except LuaError as error:
        return {"err": str(error)}
    return {"running": info.running, "next": info.next, "slots": info.slots}


def _begin(call: RecordedCall) -> int:
    return call.ota.esp_ota_begin(call.partition, call.number("size"), wants_handle=call.wants_handle)


def _resume(call: RecordedCall) -> int:
    return call.ota.esp_ota_resume(
        call.partition, call.number("erase_size"), call.number("offset"), wants_handle=call.wants_handle
    )


def _set_final_partition(call: RecordedCall) -> None:
    copy = take(call.step, "copy", bool, call.where)
    call.ota.esp_ota_set_final_partition(call.handle, call.partition, copy)


def _get_state(call: RecordedCall) -> Result:
    try:
        return {"ret": "ESP_OK", "state": call.ota.esp_ota_get_state_partition(call.partition)}
    except OtaError as error:
        return {"ret": error.code.code_name}


def _get_description(call: RecordedCall) -> Result:
    try:
        description = call.ota.esp_ota_get_partition_description(call.partition)
    except OtaError as error:
        return {"ret": error.code.code_name}
    return {
        "ret": "ESP_OK",
        "secure_version": description.secure_version,
        "version": description.version,
        "name": description.project_name,
        "time": description.time,
        "date": description.date,
        "idf_version": description.idf_ver,
    }


def _lua_call(function: Callable[[RecordedCall], None]) -> _Outcome:
    """Return `function` with its outcome written as a Lua function's that returns no values."""

    def perform(call: RecordedCall) -> Result:
        try:
            function(call)
        except LuaError as error:
            return {"err": str(error)}
        return {"ok": True}

    return perform


def _code(function: Callable[[RecordedCall], None]) -> _Outcome:
    """Return `function` with its outcome written as a C function's that returns an esp_err_t."""

    def perform(call: RecordedCall) -> Result:
        try:
            function(call)
        except OtaError as error:
            return {"ret": error.code.code_name}
        return {"ret": "ESP_OK"}

    return perform


def _code_and_handle(function: Callable[[RecordedCall], int]) -> _Outcome:
    """Return `function` with its outcome written as a C function's that stores a handle, even when it fails."""

    def perform(call: RecordedCall) -> Result:
        try:
            handle = function(call)
        except OtaError as error:
            return {"ret": error.code.code_name, "handle": call.store_handle(error.handle)}
        return {"ret": "ESP_OK", "handle": call.store_handle(handle)}

    return perform


def _pointer(function: Callable[[RecordedCall], Partition | None]) -> _Outcome:
    """Return `function` with its outcome written as a C function's that returns a partition."""

    def perform(call: RecordedCall) -> Result:
        partition = function(call)
        return {"partition": None if partition is None else partition.label}

    return perform


def _functions(arguments: str, /, **functions: _Outcome) -> dict[str, _Function]:
    """Return functions that have the same arguments, by their names."""
    names = frozenset(arguments.split())
    return {name: _Function(perform, names) for name, perform in functions.items()}


_PARTITION = "partition given_as"
_DATA = "image off len fill null"

_FUNCTIONS: dict[str, _Function] = {
    # otaupgrade
    **_functions(
        "",
        commence=_lua_call(lambda call: call.lua.commence()),
        accept=_lua_call(lambda call: call.lua.accept()),
        rollback=_lua_call(lambda call: call.lua.rollback()),
        info=_info,
    ),
    **_functions(f"{_DATA} data", write=_lua_call(_write)),
    **_functions("arg", complete=_lua_call(_complete)),
    # esp_ota_ops.h: sessions
    **_functions(f"{_PARTITION} size handle null_handle", esp_ota_begin=_code_and_handle(_begin)),
    **_functions(f"{_PARTITION} erase_size offset handle null_handle", esp_ota_resume=_code_and_handle(_resume)),
    **_functions(
        f"handle {_DATA}",
        esp_ota_write=_code(lambda call: call.ota.esp_ota_write(call.handle, call.data)),
    ),
    **_functions(
        f"handle {_DATA} at",
        esp_ota_write_with_offset=_code(
            lambda call: call.ota.esp_ota_write_with_offset(call.handle, call.data, call.number("at"))
        ),
    ),
    **_functions(
        "handle",
        esp_ota_end=_code(lambda call: call.ota.esp_ota_end(call.handle)),
        esp_ota_abort=_code(lambda call: call.ota.esp_ota_abort(call.handle)),
    ),
    **_functions(f"handle {_PARTITION} copy", esp_ota_set_final_partition=_code(_set_final_partition)),
    # esp_ota_ops.h: a partition
    **_functions(
        _PARTITION,
        esp_ota_set_boot_partition=_code(lambda call: call.ota.esp_ota_set_boot_partition(call.partition)),
        esp_ota_set_boot_partition_skip_validate=_code(
            lambda call: call.ota.esp_ota_set_boot_partition_skip_validate(call.partition)
        ),
        esp_ota_get_next_update_partition=_pointer(
            lambda call: call.ota.esp_ota_get_next_update_partition(call.partition)
        ),
        esp_ota_get_state_partition=_get_state,
        esp_ota_get_partition_description=_get_description,
    ),
    # esp_ota_ops.h: without arguments
    **_functions(
        "",
        esp_ota_get_boot_partition=_pointer(lambda call: call.ota.esp_ota_get_boot_partition()),
        esp_ota_get_running_partition=_pointer(lambda call: call.ota.esp_ota_get_running_partition()),
        esp_ota_get_last_invalid_partition=_pointer(lambda call: call.ota.esp_ota_get_last_invalid_partition()),
        esp_ota_check_rollback_is_possible=lambda call: {"value": call.ota.esp_ota_check_rollback_is_possible()},
        esp_ota_mark_app_valid_cancel_rollback=_code(lambda call: call.ota.esp_ota_mark_app_valid_cancel_rollback()),
        esp_ota_mark_app_invalid_rollback=_code(lambda call: call.ota.esp_ota_mark_app_invalid_rollback()),
        esp_ota_mark_app_invalid_rollback_and_reboot=_code(
            lambda call: call.ota.esp_ota_mark_app_invalid_rollback_and_reboot()
        ),
        esp_ota_erase_last_boot_app_partition=_code(lambda call: call.ota.esp_ota_erase_last_boot_app_partition()),
        esp_ota_invalidate_inactive_ota_data_slot=_code(
            lambda call: call.ota.esp_ota_invalidate_inactive_ota_data_slot()
        ),
    ),
}
