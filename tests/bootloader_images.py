"""Bootloaders for tests: images of our own that hold the texts, and no code, of ESP-IDF's."""

import struct

from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import encode_image
from otaproof.model.config import Chip

_MEBIBYTES = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 32: 5}


def make_bootloader(
    chip: Chip = Chip.ESP32C3,
    *texts: str,
    described: str | None = None,
    compiled: str = "Jan  1 2026 12:00:00",
    mebibytes: int = 4,
    size: int = 3000,
) -> bytes:
    """Return a bootloader with these texts among its constants.

    described: the release in its description; None for a bootloader of before 5.2, without one. mebibytes: of flash, by
    its header."""
    desc = (
        b"" if described is None else struct.pack("<BxxBI32s24s16x", 0x50, 0, 1, described.encode(), compiled.encode())
    )
    constants = desc + b"\0" + b"\0".join(text.encode() for text in texts) + b"\0"
    constants = constants.ljust(-(-max(len(constants), size) // 4) * 4, b"\0")
    low, high = CHIPS[chip].loadable[0][0], CHIPS[chip].loadable[-1][0]
    image = bytearray(encode_image(chip, [(low + 0x100, constants), (high + 0x2000, b"\1\2\3\4" * 64)]))
    image[3] = _MEBIBYTES[mebibytes] << 4
    return bytes(image)
