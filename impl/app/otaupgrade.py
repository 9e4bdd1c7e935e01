"""NodeMCU's `otaupgrade` module over esp_ota_*: commence, write, complete, accept, rollback, info.

Arguments are Lua values: bytes for a string, int or float for a number, bool, and None for nil. What the
module raises in Lua is LuaError, with the module's own text. Its habits are kept: `complete` ignores the
error of esp_ota_set_boot_partition and looks at its argument only after the boot slot is switched, and a
failed `commence` keeps the target it had chosen. Source: NodeMCU components/modules/otaupgrade.c.
"""

from contextlib import suppress
from copy import copy
from dataclasses import dataclass

from ...model.ota_state import api_name
from ..esp_err import EspErr, OtaError
from ..partitions.partition import AppSubtype, Partition, PartitionType
from ..program_end import Restart
from .esp_ota import OTA_SIZE_UNKNOWN, EspOta

LuaValue = bytes | int | float | bool | None
SlotInfo = dict[str, str | int]
"""state, and where the slot holds a description: name, version, secure_version, date, time, idf_version."""


class LuaError(Exception):
    """The module raised a Lua error; str() is its text."""

    def __init__(self, text: str, code: EspErr | None = None) -> None:
        """Carry the text, and the error of ESP-IDF behind it; None: there is none."""
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Info:
    """The three results of `info`."""

    running: str | None
    """Label of the running partition."""
    next: str | None
    """Label of the partition that otadata selects; None without otadata."""
    slots: dict[str, SlotInfo]
    """By label; empty for a slot that no otadata entry names."""


_COMMENCE_ERRORS = {
    EspErr.NO_MEM: "out of memory",
    EspErr.OTA_PARTITION_CONFLICT: "can't overrite running firmware",
    EspErr.OTA_SELECT_INFO_INVALID: "ota data partition invalid",
    EspErr.OTA_ROLLBACK_INVALID_STATE: "can't upgrade from unconfirmed firmware",
}
_WRITE_ERRORS = {
    EspErr.INVALID_ARG: "write not possible, use otaupgrade.commence() first",
    EspErr.OTA_VALIDATE_FAILED: "not a valid ota image",
}
_COMPLETE_ERRORS = {
    EspErr.INVALID_ARG: "empty firmware image",
    EspErr.OTA_VALIDATE_FAILED: "validation failed",
}
_ROLLBACK_ERRORS = {EspErr.OTA_ROLLBACK_FAILED: "no other firmware to roll back to"}
_OTHER_ERROR = "ota error"


class OtaUpgrade:
    """The Lua module in one run of the application."""

    def __init__(self, ota: EspOta) -> None:
        """Start with no upgrade in progress."""
        self._ota = ota
        self._handle = 0
        self._next: Partition | None = None

    def fork(self, ota: EspOta) -> "OtaUpgrade":
        """Return the same in the same state, over the calls of another chip."""
        other = copy(self)
        other._ota = ota
        return other

    def commence(self) -> None:
        """Erase the spare slot and prepare to receive an image; raises LuaError."""
        self._next = self._ota.esp_ota_get_next_update_partition()
        if self._next is None:
            raise LuaError("no OTA partition available")
        try:
            self._handle = self._ota.esp_ota_begin(self._next, OTA_SIZE_UNKNOWN)
        except OtaError as error:
            if error.handle is not None:
                self._handle = error.handle
            raise _lua_error(error, _COMMENCE_ERRORS) from None

    def write(self, *arguments: LuaValue) -> None:
        """Append the string to the image; raises LuaError."""
        data = _check_string(arguments)
        try:
            self._ota.esp_ota_write(self._handle, data)
        except OtaError as error:
            raise _lua_error(error, _WRITE_ERRORS) from None

    def complete(self, *arguments: LuaValue) -> None:
        """Verify the image and make it the next to boot; raises Restart if the argument is a number but 0.

        Raises LuaError; for an argument that is no number it does so only after all is done."""
        if self._next is None:
            raise LuaError("no upgrade in progress")
        try:
            self._ota.esp_ota_end(self._handle)
        except OtaError as error:
            raise _lua_error(error, _COMPLETE_ERRORS) from None
        target, self._next = self._next, None
        with suppress(OtaError):
            self._ota.esp_ota_set_boot_partition(target)
        if _optional_integer(arguments) != 0:
            raise Restart

    def accept(self) -> None:
        """Make the image that otadata selects VALID; raises LuaError."""
        try:
            self._ota.esp_ota_mark_app_valid_cancel_rollback()
        except OtaError as error:
            raise LuaError("firmware accept failed", error.code) from None

    def rollback(self) -> None:
        """Make the image that otadata selects INVALID and raise Restart; raises LuaError when that cannot be."""
        try:
            self._ota.esp_ota_mark_app_invalid_rollback_and_reboot()
        except OtaError as error:
            raise _lua_error(error, _ROLLBACK_ERRORS) from None

    def info(self) -> Info:
        """Return what runs, what boots next, and what otadata says of each slot."""
        boot = self._ota.esp_ota_get_boot_partition()
        apps = self._ota.partitions.find(PartitionType.APP)
        return Info(
            running=self._ota.esp_ota_get_running_partition().label,
            next=None if boot is None else boot.label,
            # The C loop runs up to and including the end of the OTA range, which is the test app.
            slots={p.label: self._slot_info(p) for p in apps if AppSubtype.OTA_0 <= p.subtype <= AppSubtype.OTA_MAX},
        )

    def _slot_info(self, partition: Partition) -> SlotInfo:
        try:
            slot: SlotInfo = {"state": api_name(self._ota.esp_ota_get_state_partition(partition))}
        except OtaError:
            return {}
        try:
            desc = self._ota.esp_ota_get_partition_description(partition)
        except OtaError:
            return slot
        return slot | {
            "name": desc.project_name,
            "version": desc.version,
            "secure_version": desc.secure_version,
            "date": desc.date,
            "time": desc.time,
            "idf_version": desc.idf_ver,
        }


def _lua_error(error: OtaError, texts: dict[EspErr, str]) -> LuaError:
    return LuaError(texts.get(error.code, _OTHER_ERROR), error.code)


def _check_string(arguments: tuple[LuaValue, ...]) -> bytes:
    """Return argument 1 as a string, as luaL_checkstring does: numbers are converted."""
    value = arguments[0] if arguments else None
    if isinstance(value, bytes):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return b"%.14g" % value
    raise _argument_error("string", arguments)


def _optional_integer(arguments: tuple[LuaValue, ...]) -> int:
    """Return argument 1 as luaL_optint does: 0 without one, numbers and numerals truncated."""
    value = arguments[0] if arguments else None
    if value is None:
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, bytes):
        try:
            text = value.decode("ascii").strip()
            return int(text, 16) if text[:2].lower() == "0x" else int(float(text))
        except (ValueError, OverflowError):
            pass
    raise _argument_error("number", arguments)


def _argument_error(wanted: str, arguments: tuple[LuaValue, ...]) -> LuaError:
    if not arguments:
        got = "no value"
    else:
        names = {type(None): "nil", bool: "boolean", bytes: "string"}
        got = names.get(type(arguments[0]), "number")
    return LuaError(f"bad argument #1 to '?' ({wanted} expected, got {got})")
