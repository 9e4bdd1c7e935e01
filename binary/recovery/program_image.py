"""The bytes of a bootloader without symbols as they lie in memory: a stripped ELF, a bootloader.bin, or a flash dump.

Of an image the header names the chip, and each segment is put where the ROM puts it. Checksum and hash are compared, as
the ROM compares the one and the bootloader's own check the other. The bytes of .bss are in no image: the program clears
them itself, and they are found in its code (bss.py).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...errors import InputError
from ...impl.chip.chips import CHIPS
from ...impl.image.format import (
    CHECKSUM_SEED,
    HASH_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    MAX_SEGMENTS,
    SEGMENT_HEADER_SIZE,
    ImageHeader,
    checksum_length,
    decode_header,
    decode_segment_header,
    xor_bytes,
)
from ...model.config import Chip
from ..elf_file import Architecture, LoadedSegment, parse_loaded

XTENSA_CHIPS = (Chip.ESP32, Chip.ESP32S2, Chip.ESP32S3)
BOOTLOADER_OFFSETS = tuple(sorted({traits.bootloader_offset for traits in CHIPS.values()}))
"""Where a bootloader can lie in a dump, in bytes."""


@dataclass(frozen=True, slots=True)
class ProgramImage:
    """A program as it is loaded."""

    name: str
    """What errors call it."""
    digest: str
    """SHA-256 of the file, as hex."""
    architecture: Architecture
    chips: tuple[Chip, ...]
    """The one that the image's header names; of an ELF file, those to whose memory its segments fit."""
    segments: tuple[LoadedSegment, ...]
    """By address, without overlaps."""
    entry: int


def read_image(raw: bytes, name: str) -> ProgramImage:
    """Return the program in a file; raises InputError."""
    if raw[:4] == b"\x7fELF":
        return _of_elf(raw, name)
    offset = _bootloader_offset(raw)
    if offset is None:
        places = ", ".join(f"0x{place:x}" for place in BOOTLOADER_OFFSETS)
        raise InputError(f"{name}: neither an ELF file nor a bootloader's image, and no dump with one at {places}")
    return _of_bin(raw[offset:], name, hashlib.sha256(raw).hexdigest())


def architecture_of(chip: Chip) -> Architecture:
    """Return the instruction set of a chip."""
    return Architecture.XTENSA if chip in XTENSA_CHIPS else Architecture.RISCV


def _of_elf(raw: bytes, name: str) -> ProgramImage:
    loaded = parse_loaded(raw, name)
    chips = (chip for chip in CHIPS if architecture_of(chip) is loaded.architecture)
    fitting = tuple(chip for chip in chips if all(_is_ram(chip, segment) for segment in loaded.segments))
    if not fitting:
        raise InputError(f"{name}: no symbols, and its segments fit the memory of no chip's bootloader")
    digest = hashlib.sha256(raw).hexdigest()
    return ProgramImage(name, digest, loaded.architecture, fitting, loaded.segments, loaded.entry)


def _is_ram(chip: Chip, segment: LoadedSegment) -> bool:
    """Tell whether a segment lies in memory that a bootloader has; the ESP32's has a part of the first core's cache."""
    if chip is Chip.ESP32 and 0x40078000 <= segment.address and segment.end <= 0x40080000:
        return True
    return any(low <= segment.address and segment.end <= high for low, high in CHIPS[chip].loadable)


def _bootloader_offset(raw: bytes) -> int | None:
    """Return where the bootloader's image begins: at 0, or in a dump where the chip that it names has it."""
    for offset in BOOTLOADER_OFFSETS:
        head = raw[offset : offset + IMAGE_HEADER_SIZE]
        if len(head) == IMAGE_HEADER_SIZE and head[0] == IMAGE_MAGIC:
            chip = _chip_of(decode_header(head))
            if offset == 0 or (chip is not None and CHIPS[chip].bootloader_offset == offset):
                return offset
    return None


def _chip_of(header: ImageHeader) -> Chip | None:
    return next((chip for chip, traits in CHIPS.items() if traits.chip_id == header.chip_id), None)


def _of_bin(raw: bytes, name: str, digest: str) -> ProgramImage:
    header = decode_header(raw[:IMAGE_HEADER_SIZE])
    chip = _chip_of(header)
    if chip is None:
        raise InputError(f"{name}: the image is for chip 0x{header.chip_id:04x}, which is not known")
    segments = sorted(_segments(raw, header, name), key=lambda segment: segment.address)
    for segment in segments:
        if CHIPS[chip].is_mapped(segment.address):
            raise InputError(f"{name}: an application's image; want a bootloader's, or the application's ELF file")
        if not _is_ram(chip, segment):
            raise InputError(f"{name}: a segment at 0x{segment.address:x}, where the {chip.value} has no memory")
    if any(lower.end > upper.address for lower, upper in pairwise(segments)):
        raise InputError(f"{name}: two segments overlap")
    return ProgramImage(name, digest, architecture_of(chip), (chip,), tuple(segments), header.entry_addr)


def _segments(raw: bytes, header: ImageHeader, name: str) -> Iterator[LoadedSegment]:
    """Yield the segments, and compare checksum and hash behind them."""
    if not 0 < header.segment_count <= MAX_SEGMENTS:
        raise InputError(f"{name}: {header.segment_count} segments; want 1 to {MAX_SEGMENTS}")
    place, checksum = IMAGE_HEADER_SIZE, CHECKSUM_SEED
    for _ in range(header.segment_count):
        start = place + SEGMENT_HEADER_SIZE
        if start > len(raw):
            raise InputError(f"{name}: truncated: a segment's header ends behind the file")
        segment = decode_segment_header(raw[place:start])
        place = start + segment.data_len
        if place > len(raw):
            raise InputError(f"{name}: truncated: the segment at 0x{segment.load_addr:x} ends behind the file")
        checksum ^= xor_bytes(raw[start:place])
        if segment.load_addr and segment.data_len:
            yield LoadedSegment(segment.load_addr, raw[start:place])
    end = place + checksum_length(place)
    if raw[end - 1 : end] != bytes([checksum]):
        raise InputError(f"{name}: a damaged image: its checksum does not match")
    if header.hash_appended and raw[end : end + HASH_SIZE] != hashlib.sha256(raw[:end]).digest():
        raise InputError(f"{name}: a damaged image: its SHA-256 does not match")
