"""What images tell of the builds that made them: chip, release, rollback, flash size.

An application names its release in its description, a bootloader from 5.2 on in one of its own, and before where it
logs its start; the header of both names the chip and its least revision. Whether rollback is on shows in texts that
only a build with rollback logs; their absence tells nothing. An image that tells nothing, or is none, is no evidence;
what is wrong with it is for its reader to say.
"""

from dataclasses import dataclass

from ..impl.chip.chips import CHIPS
from ..impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    AppDesc,
    ImageHeader,
    decode_app_desc,
    decode_header,
)
from ..model.writers import Updater
from .bootloader_marks import logged_release, read_description
from .flash_parts import image_length
from .release_text import names_release
from .sdkconfig import Option

BEGIN_REFUSES = b"Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)"
"""What esp_ota_begin logs; compiled only with rollback. Source: IDF-OTA-BEGIN."""
ARDUINO_ACCEPTS = b"OTA verification failed! Start rollback to the previous version"
"""What Arduino's initArduino logs; compiled only with rollback. Source: arduino-esp32, esp32-hal-misc.c."""
ARDUINO_PROJECT = "arduino-lib-builder"
"""The project name of every sketch: that of the build of Arduino's libraries. Source: esp32-arduino-lib-builder."""
_UPDATE_FAILS = b"Could Not Activate The Firmware"
"""An error text of Arduino's Update. Source: ARDUINO-UPDATE."""
_ESPHOME = b"ESPHome version "
"""What an application of ESPHome logs at its start. Source: esphome, core/application.cpp."""
_HTTPS_OTA = b"\0esp_https_ota\0"
"""The tag under which esp_https_ota logs. Source: IDF-HTTPS-OTA."""
_MICROPYTHON = "micropython"
"""The project name of MicroPython's port. Source: ports/esp32/CMakeLists.txt."""
ROLLBACK, ANTI_ROLLBACK = "BOOTLOADER_APP_ROLLBACK_ENABLE", "BOOTLOADER_APP_ANTI_ROLLBACK"
_FLASH_SIZE_BYTE = 3
_FLASH_SIZES = {code: 1 << (20 + code) for code in range(8)}
"""By the upper half of byte 3 of the header. Source: esp_app_format.h esp_image_flash_size_t."""
_SMALLEST = 40
"""Bytes of the first segment that the release in a description ends with."""
_ANY_REVISION = 0xFFFF


@dataclass(frozen=True, slots=True)
class ImageEvidence:
    """What one image tells."""

    place: str
    """Its file, or "app0 of dump.bin"."""
    header: ImageHeader
    flash_size: int | None
    """Bytes, as the header has it; None for a code that is none."""
    release: str | None
    """The ESP-IDF release as it is named; None where it names none."""
    desc: AppDesc | None
    """The description of an application; None without one."""
    length: int | None
    """Bytes of the image; None for one that is cut off."""
    has_rollback: bool
    """Whether it holds a text that only an application with rollback has. False tells nothing."""
    is_confirmed_by_arduino: bool
    """Whether Arduino's start-up code, which accepts the image, is in it."""
    updater: tuple[Updater, str] | None = None
    """What brings updates in it, and what tells so; None where nothing does."""

    @property
    def is_arduino(self) -> bool:
        """Whether it is a sketch on Arduino's published libraries. False tells nothing."""
        return self.desc is not None and self.desc.project_name == ARDUINO_PROJECT

    @property
    def target(self) -> Option | None:
        """CONFIG_IDF_TARGET as the header has it; None for a chip that is not known."""
        chip = next((chip for chip, traits in CHIPS.items() if traits.chip_id == self.header.chip_id), None)
        return None if chip is None else Option("IDF_TARGET", f'"{chip.value}"', self.place, tells="its header")

    @property
    def least_revision(self) -> int:
        """The least chip revision it runs on: major * 100 + minor."""
        revision = self.header.min_chip_rev_full
        return revision if revision < _ANY_REVISION else 0

    @property
    def rollback(self) -> Option | None:
        """CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE as the image shows it; None where it tells nothing."""
        told = "logs what only a build with rollback can"
        return Option(ROLLBACK, "y", self.place, tells=told) if self.has_rollback else None

    @property
    def release_option(self) -> Option | None:
        """The release, as what reads releases takes it."""
        return None if self.release is None else Option("ESP-IDF release", self.release, self.place)


def app_evidence(contents: bytes, place: str) -> ImageEvidence | None:
    """Return what an application's image tells; None for one that is cut off before its description ends, or none."""
    if len(contents) < APP_DESC_OFFSET + APP_DESC_SIZE or contents[0] != IMAGE_MAGIC:
        return None
    desc = decode_app_desc(contents[APP_DESC_OFFSET : APP_DESC_OFFSET + APP_DESC_SIZE])
    has_desc = desc.magic_word == APP_DESC_MAGIC
    confirms = ARDUINO_ACCEPTS in contents
    return ImageEvidence(
        place,
        decode_header(contents[:IMAGE_HEADER_SIZE]),
        _flash_size(contents),
        desc.idf_ver if has_desc and names_release(desc.idf_ver) else None,
        desc if has_desc else None,
        length=image_length(contents),
        has_rollback=confirms or BEGIN_REFUSES in contents,
        is_confirmed_by_arduino=confirms,
        updater=_updater(contents, desc.project_name if has_desc else ""),
    )


def _updater(contents: bytes, project: str) -> tuple[Updater, str] | None:
    """Return what brings updates in an application, and what in its image tells so.

    Of two that are linked nobody knows which is used: Arduino's own library then goes before functions of ESP-IDF."""
    is_of_arduino = project == ARDUINO_PROJECT or ARDUINO_ACCEPTS in contents
    calls_begin = BEGIN_REFUSES in contents
    if _UPDATE_FAILS in contents:
        return Updater.ARDUINO, "holds the texts of Arduino's Update"
    if is_of_arduino and not calls_begin:
        told = (
            f"its project name is {ARDUINO_PROJECT}" if project == ARDUINO_PROJECT else "holds Arduino's start-up code"
        )
        return Updater.ARDUINO, told
    if _ESPHOME in contents:
        return Updater.ESPHOME, "logs the version of ESPHome"
    if project == _MICROPYTHON:
        return Updater.MICROPYTHON, "its project name is micropython"
    return (Updater.HTTPS_OTA, "holds the tag of esp_https_ota") if _HTTPS_OTA in contents else None


def bootloader_evidence(contents: bytes, place: str) -> ImageEvidence | None:
    """Return what a bootloader's image tells; None for one that is cut off, or none."""
    if len(contents) < APP_DESC_OFFSET + _SMALLEST or contents[0] != IMAGE_MAGIC:
        return None
    described = read_description(contents[APP_DESC_OFFSET:])
    text = logged_release(contents) if described is None else described.release
    return ImageEvidence(
        place,
        decode_header(contents[:IMAGE_HEADER_SIZE]),
        _flash_size(contents),
        text if text is not None and names_release(text) else None,
        desc=None,
        length=image_length(contents),
        has_rollback=False,
        is_confirmed_by_arduino=False,
    )


def _flash_size(contents: bytes) -> int | None:
    return _FLASH_SIZES.get(contents[_FLASH_SIZE_BYTE] >> 4)
