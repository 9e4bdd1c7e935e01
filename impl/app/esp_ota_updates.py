"""Libraries over esp_ota_*: esp_https_ota, and ESPHome's backend for ESP-IDF.

Both tell the error of every call, where otaupgrade hides that of the switch. A download in parts writes the same.
ESPHome's safe mode is no part of it: when it accepts is up to who calls accept(). Left out: the digest of the image,
which ESPHome compares before esp_ota_end. Source: IDF-HTTPS-OTA, ESPHOME-OTA-BACKEND, ESPHOME-SAFE-MODE.
"""

from contextlib import suppress
from copy import copy

from ..esp_err import EspErr, OtaError
from ..partitions.partition import Partition
from ..program_end import Restart
from .esp_ota import OTA_WITH_SEQUENTIAL_WRITES, EspOta


class EspOtaUpdates:
    """One of them in one run of the application."""

    def __init__(self, ota: EspOta, is_esphome: bool) -> None:
        """Start with no update in progress.

        is_esphome: what runs is accepted first, and esp_ota_begin is told the size of the image; else sectors are
        erased as data comes."""
        self._ota = ota
        self._is_esphome = is_esphome
        self._handle = 0
        self._target: Partition | None = None

    def fork(self, ota: EspOta) -> "EspOtaUpdates":
        """Return the same in the same state, over the calls of another chip."""
        other = copy(self)
        other._ota = ota
        return other

    @property
    def is_open(self) -> bool:
        """An update is in progress."""
        return self._target is not None

    def start(self) -> None:
        """Do nothing."""

    def commence(self, size: int) -> None:
        """Open a session on the next slot; raises OtaError."""
        if self._is_esphome and self._ota.config.rollback:
            with suppress(OtaError):
                self._ota.esp_ota_mark_app_valid_cancel_rollback()
        target = self._ota.esp_ota_get_next_update_partition()
        if target is None:
            raise OtaError(EspErr.NOT_FOUND)
        try:
            self._handle = self._ota.esp_ota_begin(target, size if self._is_esphome else OTA_WITH_SEQUENTIAL_WRITES)
        except OtaError as error:
            if error.handle is not None:
                self._ota.esp_ota_abort(error.handle)
            raise
        self._target = target

    def resume(self, offset: int) -> None:
        """Go on with a download that broke off, at a byte that the application has kept; raises OtaError.

        esp_https_ota has this from 5.5 on (ota_resumption); nothing is erased but what comes after."""
        target = self._ota.esp_ota_get_next_update_partition()
        self._handle = self._ota.esp_ota_resume(target, OTA_WITH_SEQUENTIAL_WRITES, offset)
        self._target = target

    def write(self, data: bytes) -> None:
        """Append to the image; raises OtaError."""
        self._ota.esp_ota_write(self._handle, data)

    def complete(self, restarts: bool) -> None:
        """Verify, select the slot, and restart where asked to; raises OtaError."""
        target, self._target = self._target, None
        if target is None:
            raise OtaError(EspErr.INVALID_ARG)
        self._ota.esp_ota_end(self._handle)
        self._ota.esp_ota_set_boot_partition(target)
        if restarts:
            raise Restart

    def accept(self) -> None:
        """Take what runs off trial; raises OtaError."""
        self._ota.esp_ota_mark_app_valid_cancel_rollback()

    def rollback(self) -> None:
        """Reject what runs and restart; raises OtaError."""
        self._ota.esp_ota_mark_app_invalid_rollback_and_reboot()

    def abort(self) -> None:
        """Close the session; raises OtaError."""
        self._target = None
        self._ota.esp_ota_abort(self._handle)
