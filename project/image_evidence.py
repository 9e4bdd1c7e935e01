"""What images tell of the build that made them: the ESP-IDF release and the chip.

An application names its release in its description, a bootloader from 5.2 on in one of its own. An image
that tells nothing, or is none, gives no hint; whether it is of any use is for its reader to say.
"""

import struct
from pathlib import Path

from ..impl.chip.chips import CHIPS
from ..impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    decode_app_desc,
    decode_header,
)
from .sdkconfig import Option
from .settings import ReleaseHints

_BOOTLOADER_DESC = struct.Struct("<BxxBI32s")
_BOOTLOADER_DESC_MAGIC = 0x50
"""Source: esp_bootloader_desc.h ESP_BOOTLOADER_DESC_MAGIC_BYTE."""


def release_hints(app: Path | None, bootloader: Path | None) -> ReleaseHints:
    """Return what an application and a bootloader say of their releases.

    A bootloader that says nothing is taken to be of its application's release.
    """
    of_app = None if app is None else _release_in_app(app)
    of_bootloader = None if bootloader is None else _release_in_bootloader(bootloader)
    if of_bootloader is None and of_app is not None:
        of_bootloader = Option(of_app.name, of_app.raw, f"{of_app.place}, the bootloader naming none")
    return ReleaseHints(_as_hints(of_app), _as_hints(of_bootloader))


def target_hint(image: Path) -> Option | None:
    """Return CONFIG_IDF_TARGET as the header of an image has it."""
    raw = _head(image, IMAGE_HEADER_SIZE)
    if raw is None:
        return None
    chip_id = decode_header(raw).chip_id
    chip = next((chip for chip, traits in CHIPS.items() if traits.chip_id == chip_id), None)
    return None if chip is None else Option("IDF_TARGET", f'"{chip.value}"', str(image))


def _release_in_app(image: Path) -> Option | None:
    raw = _head(image, APP_DESC_OFFSET + APP_DESC_SIZE)
    if raw is None:
        return None
    desc = decode_app_desc(raw[APP_DESC_OFFSET:])
    return _release(desc.idf_ver, image) if desc.magic_word == APP_DESC_MAGIC else None


def _release_in_bootloader(image: Path) -> Option | None:
    raw = _head(image, APP_DESC_OFFSET + _BOOTLOADER_DESC.size)
    if raw is None:
        return None
    magic, _, _, idf_ver = _BOOTLOADER_DESC.unpack_from(raw, APP_DESC_OFFSET)
    return _release(idf_ver.split(b"\0")[0].decode("latin-1"), image) if magic == _BOOTLOADER_DESC_MAGIC else None


def _as_hints(option: Option | None) -> tuple[Option, ...]:
    return () if option is None else (option,)


def _release(text: str, image: Path) -> Option:
    return Option("ESP-IDF release", text, str(image))


def _head(image: Path, length: int) -> bytes | None:
    """Return the first bytes of an image, None for a file that is shorter, no image or not readable."""
    try:
        with image.open("rb") as file:
            raw = file.read(length)
    except OSError:
        return None
    return raw if len(raw) == length and raw[0] == IMAGE_MAGIC else None
