"""The application image: header, segments, checksum, hash, and the description in its first segment.

    header 24 | segment header 8, data … | zeros up to one byte short of a 16-byte block, checksum 1 | SHA-256 32

The checksum is the XOR of all segment data, begun with 0xEF; the hash, present if the header says so, covers
everything before it. The description is the first 256 bytes of the first segment's data. Source:
esp_app_format.h, esp_app_desc.h, esp_image_format.h.
"""

import hashlib
import random
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ...model.config import Chip
from ..chip.chips import CHIPS
from ..chip.flash import NorFlash

IMAGE_MAGIC = 0xE9
IMAGE_HEADER_SIZE = 24
SEGMENT_HEADER_SIZE = 8
MAX_SEGMENTS = 16
CHECKSUM_SEED = 0xEF
CHECKSUM_BLOCK = 16
HASH_SIZE = 32
APP_DESC_MAGIC = 0xABCD5432
APP_DESC_OFFSET = IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE
APP_DESC_SIZE = 256
MIN_IMAGE_SIZE = APP_DESC_OFFSET + APP_DESC_SIZE + CHECKSUM_BLOCK + HASH_SIZE

_HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
_SEGMENT = struct.Struct("<II")
_DESC = struct.Struct("<II8s32s32s16s16s32s32sHHBB74s")
_MMU_PAGE = 0x10000


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The first 24 bytes. Source: esp_app_format.h esp_image_header_t."""

    magic: int
    segment_count: int
    entry_addr: int
    chip_id: int
    min_chip_rev: int
    """Least major revision; what 4.4 goes by."""
    min_chip_rev_full: int
    """Least revision, major * 100 + minor; what later releases go by."""
    max_chip_rev_full: int
    """Highest revision; 0 and 65535 mean any."""
    hash_appended: bool


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What precedes a segment's data."""

    load_addr: int
    data_len: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class AppDesc:
    """The description of an application. Source: esp_app_desc.h esp_app_desc_t.

    Texts end at the first NUL, as C reads them: one that fills its field runs on into the next."""

    magic_word: int
    """APP_DESC_MAGIC, or whatever lies there."""
    secure_version: int
    version: str
    project_name: str
    time: str
    date: str
    idf_ver: str
    app_elf_sha256: bytes = bytes(32)
    min_efuse_blk_rev_full: int = 0
    max_efuse_blk_rev_full: int = 0
    mmu_page_size: int = 0
    """Base-2 logarithm; 0 means the default."""
    spi_flash_mode: int = 0


def decode_header(raw: bytes) -> ImageHeader:
    """Return the header that 24 bytes hold; any bytes are one."""
    magic, count, _, _, entry, _, _, chip_id, min_rev, min_full, max_full, _, appended = _HEADER.unpack(raw)
    return ImageHeader(magic, count, entry, chip_id, min_rev, min_full, max_full, bool(appended))


def decode_segment_header(raw: bytes) -> SegmentHeader:
    """Return the segment header that 8 bytes hold."""
    return SegmentHeader(*_SEGMENT.unpack(raw))


@lru_cache(maxsize=4096)
def decode_app_desc(raw: bytes) -> AppDesc:
    """Return the description that 256 bytes hold; the caller looks at the magic word."""
    magic, secure_version, _, _, _, _, _, _, elf_sha, min_blk, max_blk, page, mode, _ = _DESC.unpack(raw)

    def text(start: int) -> str:
        return raw[start:].split(b"\0")[0].decode("latin-1")

    return AppDesc(
        magic,
        secure_version,
        version=text(16),
        project_name=text(48),
        time=text(80),
        date=text(96),
        idf_ver=text(112),
        app_elf_sha256=elf_sha,
        min_efuse_blk_rev_full=min_blk,
        max_efuse_blk_rev_full=max_blk,
        mmu_page_size=page,
        spi_flash_mode=mode,
    )


def encode_app_desc(desc: AppDesc) -> bytes:
    """Return the 256 bytes of a description; texts longer than their field are cut off."""
    texts = (desc.version, desc.project_name, desc.time, desc.date, desc.idf_ver)
    return _DESC.pack(
        desc.magic_word,
        desc.secure_version,
        bytes(8),
        *(text.encode("latin-1", "replace") for text in texts),
        desc.app_elf_sha256,
        desc.min_efuse_blk_rev_full,
        desc.max_efuse_blk_rev_full,
        desc.mmu_page_size,
        desc.spi_flash_mode,
        bytes(74),
    )


def read_app_desc(flash: NorFlash, offset: int) -> AppDesc:
    """Return what lies where the image at `offset` has its description; the magic word is not checked."""
    return decode_app_desc(flash.read(offset + APP_DESC_OFFSET, APP_DESC_SIZE))


def checksum_length(unpadded: int) -> int:
    """Return how many bytes follow `unpadded` bytes of headers and segments, the checksum being the last."""
    return CHECKSUM_BLOCK - unpadded % CHECKSUM_BLOCK


def encode_image(
    chip: Chip,
    segments: Iterable[tuple[int, bytes]],
    hash_appended: bool = True,
    min_chip_rev_full: int = 0,
    max_chip_rev_full: int = 0xFFFF,
) -> bytes:
    """Return the image of (load address, data) segments; data lengths must be multiples of 4."""
    parts = list(segments)
    header = _HEADER.pack(
        IMAGE_MAGIC,
        len(parts),
        2,
        0x20,
        CHIPS[chip].irom[0],
        0xEE,
        bytes(3),
        CHIPS[chip].chip_id,
        min_chip_rev_full // 100,
        min_chip_rev_full,
        max_chip_rev_full,
        bytes(4),
        hash_appended,
    )
    body = b"".join(_SEGMENT.pack(load_addr, len(data)) + data for load_addr, data in parts)
    checksum = CHECKSUM_SEED ^ xor_bytes(b"".join(data for _, data in parts))
    image = header + body
    image += bytes(checksum_length(len(image)) - 1) + bytes([checksum])
    return image + hashlib.sha256(image).digest() if hash_appended else image


def build_image(
    chip: Chip = Chip.ESP32,
    *,
    size: int = 4096,
    version: str = "1.0.0",
    project_name: str = "otaproof-example",
    secure_version: int = 0,
    seed: int = 0,
) -> bytes:
    """Return a whole image of exactly `size` bytes that every release accepts.

    size: at least MIN_IMAGE_SIZE; what it has over a multiple of 16 follows the image as 0xFF.
    seed: chooses the contents, so that two images of one version can differ."""
    if size < MIN_IMAGE_SIZE:
        raise ValueError(f"an image has at least {MIN_IMAGE_SIZE} bytes, not {size}")
    traits = CHIPS[chip]
    desc = AppDesc(APP_DESC_MAGIC, secure_version, version, project_name, "12:00:00", "Jan  1 2026", "v5.1.3")
    room = (size // 16 * 16 - HASH_SIZE - 1 - IMAGE_HEADER_SIZE) // 4 * 4
    source = random.Random(seed)
    lengths = _segment_lengths(room)
    segments: list[tuple[int, bytes]] = []
    offset = IMAGE_HEADER_SIZE
    for number, length in enumerate(lengths):
        data = source.randbytes(length)
        if number == 0:
            data = encode_app_desc(desc) + data[APP_DESC_SIZE:]
        data_offset = offset + SEGMENT_HEADER_SIZE
        # Mapped segments lie at the same place within an MMU page in flash and in memory.
        base = (traits.drom[0], traits.irom[0] + _MMU_PAGE * 16, traits.loadable[0][0])[number]
        segments.append((base + data_offset % _MMU_PAGE if number < 2 else base, data))
        offset = data_offset + length
    return encode_image(chip, segments).ljust(size, b"\xff")


def _segment_lengths(room: int) -> list[int]:
    """Divide what an image has room for into data lengths: constants, code, and a little RAM."""
    if room < 2 * APP_DESC_SIZE:
        return [room - SEGMENT_HEADER_SIZE]
    data = room - 3 * SEGMENT_HEADER_SIZE
    ram = min(data // 32, 0x8000) // 4 * 4
    constants = max(APP_DESC_SIZE, data // 4 // 4 * 4)
    return [constants, data - constants - ram, ram]


def xor_bytes(data: bytes) -> int:
    """Return the XOR of all bytes, 0 for none."""
    folded, length = int.from_bytes(data, "little"), len(data)
    while length > 1:
        half = (length + 1) // 2
        folded = (folded & ((1 << 8 * half) - 1)) ^ (folded >> 8 * half)
        length = half
    return folded
