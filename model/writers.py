"""Who writes slots and otadata: the libraries that bring updates in an application, and writers from outside.

A library has the five calls that `otaproof` knows (commence, write, complete, accept, rollback), which stand for
functions of its own. Libraries differ in what they do to flash before an image is whole, and in whether an image is on
trial at all. Writers from outside are tools on a PC, and programs with code of their own for otadata.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Updater(Enum):
    """A library that brings updates. The value is its name on the command line."""

    ESP_IDF = "esp-idf"
    """esp_ota_* of ESP-IDF, as NodeMCU's otaupgrade calls them: the whole slot is erased first."""
    HTTPS_OTA = "https-ota"
    """esp_https_ota of ESP-IDF: esp_ota_* with sectors that are erased as data comes."""
    ESPHOME = "esphome"
    """ESPHome built with ESP-IDF: esp_ota_* with the size of the image, so that no more than that is erased."""
    ARDUINO = "arduino"
    """Arduino's Update, with a core that accepts what is on trial before setup()."""
    ARDUINO_ON_TRIAL = "arduino-on-trial"
    """Arduino's Update in a sketch whose verifyRollbackLater() returns true: it accepts when it likes."""
    MICROPYTHON = "micropython"
    """MicroPython's esp32.Partition: blocks are erased and written, then set_boot()."""


@dataclass(frozen=True, slots=True)
class UpdaterTraits:
    """How one brings updates."""

    title: str
    functions: Mapping[str, tuple[str, ...]]
    """By the name of a call of otaupgrade, the functions of this library that do its work."""
    source: str
    """Id in docs/sources.toml of what was read."""
    calls_begin: bool = True
    """It calls esp_ota_begin, which refuses while the running image is on trial, and from 5.5 on erases a record."""
    accepts_at_start: bool = False
    """What is on trial is accepted before the application can do anything else."""
    trial: str = "until accept()"
    """How long an image is on trial."""
    accepted: str = "is accepted"
    """What becomes of an image that starts and is good, in a sentence about it."""
    given_up: str = "restarts before it has accepted"
    """What an image does whose trial fails."""
    safe_mode: bool = False
    """After repeated failed starts it selects another whole image, where no slot is left to update."""
    rolls_back_by_selection: bool = False
    """rollback() selects the next slot by esp_ota_set_boot_partition; no record is marked INVALID."""


_ACCEPT = ("esp_ota_mark_app_valid_cancel_rollback",)
_ROLLBACK = ("esp_ota_mark_app_invalid_rollback_and_reboot",)
_INFO = ("esp_ota_get_running_partition", "esp_ota_get_boot_partition", "esp_ota_get_state_partition")
_UPDATE = {
    "commence": ("Update.begin",),
    "write": ("Update.write",),
    "complete": ("Update.end",),
    "rollback": ("Update.rollBack",),
    "info": _INFO,
}

UPDATERS: Mapping[Updater, UpdaterTraits] = {
    Updater.ESP_IDF: UpdaterTraits(
        "esp_ota_* of ESP-IDF",
        {
            "commence": ("esp_ota_begin",),
            "write": ("esp_ota_write",),
            "complete": ("esp_ota_end", "esp_ota_set_boot_partition"),
            "accept": _ACCEPT,
            "rollback": _ROLLBACK,
            "info": _INFO,
        },
        "IDF-OTA-BEGIN",
    ),
    Updater.HTTPS_OTA: UpdaterTraits(
        "esp_https_ota of ESP-IDF",
        {
            "commence": ("esp_https_ota_begin",),
            "write": ("esp_https_ota_perform",),
            "complete": ("esp_https_ota_finish",),
            "accept": _ACCEPT,
            "rollback": _ROLLBACK,
            "info": _INFO,
        },
        "IDF-HTTPS-OTA",
    ),
    Updater.ESPHOME: UpdaterTraits(
        "ESPHome's OTA backend for ESP-IDF",
        {
            "commence": ("IDFOTABackend::begin",),
            "write": ("IDFOTABackend::write",),
            "complete": ("IDFOTABackend::end",),
            "accept": _ACCEPT,
            "rollback": _ROLLBACK,
            "info": _INFO,
        },
        "ESPHOME-OTA-BACKEND",
        trial="until safe mode has seen it run for a minute (boot_is_good_after), the next update begins, or, from "
        "2026.8 on, it is shut down in order; none without enable_ota_rollback: accepted at the start",
        accepted="is accepted by safe mode once it has run for a minute",
        given_up="restarts before it has run for a minute",
        safe_mode=True,
    ),
    Updater.ARDUINO: UpdaterTraits(
        "Arduino's Update",
        {**_UPDATE, "accept": ("initArduino",)},
        "ARDUINO-UPDATE",
        calls_begin=False,
        accepts_at_start=True,
        trial="none: accepted at the start",
        accepted="is accepted by its core, before setup()",
        rolls_back_by_selection=True,
    ),
    Updater.ARDUINO_ON_TRIAL: UpdaterTraits(
        "Arduino's Update, with verifyRollbackLater()",
        {**_UPDATE, "accept": _ACCEPT},
        "ARDUINO-UPDATE",
        calls_begin=False,
        rolls_back_by_selection=True,
    ),
    Updater.MICROPYTHON: UpdaterTraits(
        "MicroPython's esp32.Partition",
        {
            "commence": ("Partition.get_next_update",),
            "write": ("Partition.writeblocks",),
            "complete": ("Partition.set_boot",),
            "accept": ("Partition.mark_app_valid_cancel_rollback",),
            "rollback": ("Partition.set_boot",),
            "info": _INFO,
        },
        "MICROPYTHON-PARTITION",
        calls_begin=False,
        rolls_back_by_selection=True,
    ),
}
"""Every updater, and how it brings updates."""


@dataclass(frozen=True, slots=True)
class OutsideWriter:
    """A writer that is no library of the application."""

    name: str
    """What its users call it."""
    writes: str
    """What it writes, in a sentence without a subject."""
    source: str
    """Id in docs/sources.toml of what was read."""
    in_model: str = ""
    """The action of the device model, and what `--allow` calls it; empty where there is none."""
    is_system: bool = False
    """It comes with applications that are not ESP-IDF's."""


IDF_FLASH = OutsideWriter(
    "idf.py flash",
    "writes ota_data_initial.bin, which is blank, over otadata, and the image into the first app partition",
    "IDF-FLASH-OTADATA",
    "tool_blanks_otadata (other-writers)",
)
APP_FLASH = OutsideWriter(
    "idf.py app-flash, espflash, esptool write-flash",
    "writes an image into an app partition, and leaves otadata as it is",
    "ESPFLASH-FLASH",
    "tool_flashes_ota_… (other-writers)",
)
ARDUINO_UPLOAD = OutsideWriter(
    "an upload by cable from Arduino or PlatformIO",
    "writes boot_app0.bin, a record of number 1 without a state, to 0xe000 wherever otadata lies, and the image to "
    "0x10000 (Arduino) or into the first app partition (PlatformIO)",
    "ARDUINO-UPLOAD",
    "tool_uploads_ota_0 (other-records)",
)
OTATOOL_SWITCH = OutsideWriter(
    "otatool.py switch_ota_partition",
    "writes number and check word into the record that is not the newest, whatever the states, and keeps the state "
    "word that lies there",
    "IDF-OTATOOL-SWITCH",
    "tool_switches_to_ota_… (other-records)",
)
ERASE = OutsideWriter(
    "otatool.py erase_otadata, esptool erase-region, erase-flash",
    "erases otadata, or all of the flash",
    "IDF-OTA-OTATOOL",
    "tool_blanks_otadata (other-writers)",
)
NUTTX = OutsideWriter(
    "NuttX (esp32_partition.c)",
    "selects a slot by the next number and VALID, in the sector that belongs to the slot; the label is not blank",
    "NUTTX-OTA",
    is_system=True,
)
ESP_HAL = OutsideWriter(
    "esp-hal (esp-bootloader-esp-idf)",
    "selects a slot by the next number in the sector that belongs to the slot, and keeps the state word that lies "
    "there; the first number is 1, which names ota_0 whichever slot is asked for",
    "ESP-HAL-OTA",
    is_system=True,
)
OUTSIDE_WRITERS = (IDF_FLASH, APP_FLASH, ARDUINO_UPLOAD, OTATOOL_SWITCH, ERASE, NUTTX, ESP_HAL)
"""Every writer from outside."""
