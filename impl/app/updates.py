"""What an application brings updates with, where that is not otaupgrade: five calls, whatever they stand for.

Source: model/writers.py has the functions that each stands for.
"""

from typing import Protocol

from ...model.writers import Updater
from .arduino_update import ArduinoUpdate
from .esp_ota import EspOta
from .esp_ota_updates import EspOtaUpdates
from .micropython_partition import MicropythonPartition


class Updates(Protocol):
    """The calls; each raises UpdateFailed or OtaError where it does not do what it is for."""

    @property
    def is_open(self) -> bool:
        """An update is in progress."""

    def fork(self, ota: EspOta) -> "Updates":
        """Return the same in the same state, over the calls of another chip."""

    def start(self) -> None:
        """Do what the library does before the application does anything."""

    def commence(self, size: int) -> None:
        """Begin an update of the next slot. size: bytes of the image, 0 where they are not known."""

    def write(self, data: bytes) -> None:
        """Append to the image."""

    def complete(self, restarts: bool) -> None:
        """End the update, select its slot, and raise Restart where asked to."""

    def accept(self) -> None:
        """Take what runs off trial."""

    def rollback(self) -> None:
        """Go back to another image, and raise Restart."""

    def abort(self) -> None:
        """End the update, and select nothing."""


def updates_of(updater: Updater, ota: EspOta) -> Updates | None:
    """Return the library of an application that starts; None for otaupgrade, which it always has."""
    match updater:
        case Updater.ESP_IDF:
            return None
        case Updater.HTTPS_OTA:
            return EspOtaUpdates(ota, is_esphome=False)
        case Updater.ESPHOME:
            return EspOtaUpdates(ota, is_esphome=True)
        case Updater.ARDUINO | Updater.ARDUINO_ON_TRIAL:
            return ArduinoUpdate(ota, accepts_at_start=updater is Updater.ARDUINO)
        case Updater.MICROPYTHON:
            return MicropythonPartition(ota)
