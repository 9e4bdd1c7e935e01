"""What lies in a file of flash contents, part by part: bootloaders, partition tables, applications.

A file can be one image, a merged file as flashing tools make it, or a dump. A bootloader and an application begin alike
with 0xE9. An application has segments that are mapped from flash, or a description; a bootloader has neither: all of it
is loaded to RAM, and it begins where the ROM of its chip looks for it, or the file does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..impl.chip.cells import SECTOR_SIZE
from ..impl.chip.chips import CHIPS
from ..impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    CHECKSUM_BLOCK,
    HASH_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    MAX_SEGMENTS,
    SEGMENT_HEADER_SIZE,
    SegmentHeader,
    decode_header,
    decode_segment_header,
)
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, decode_table
from ..model.config import Chip, Release

_BOOTLOADER_OFFSETS = tuple(sorted({0, *(traits.bootloader_offset for traits in CHIPS.values())}))
TABLES_BELOW = 0x40000
"""Where tables are looked for: no offset beyond it is of use to anybody."""
_MMU_PAGE = 0x10000
_LARGEST_FLASH = 1 << 27


class PartKind(Enum):
    """What a part is."""

    BOOTLOADER = "bootloader"
    TABLE = "partition table"
    APP = "application"


@dataclass(frozen=True, slots=True)
class FlashPart:
    """One part of a file."""

    kind: PartKind
    offset: int
    """In the file."""
    size: int
    """Bytes."""

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind.value} at 0x{self.offset:x}"


def chip_of(image: bytes) -> Chip | None:
    """Return the chip that an image's header names; None for one that is not known, or no image."""
    if len(image) < IMAGE_HEADER_SIZE or image[0] != IMAGE_MAGIC:
        return None
    chip_id = decode_header(image[:IMAGE_HEADER_SIZE]).chip_id
    return next((chip for chip, traits in CHIPS.items() if traits.chip_id == chip_id), None)


def image_segments(image: bytes) -> tuple[tuple[SegmentHeader, bytes], ...] | None:
    """Return the segments of an image with their data; None for what is no image, or is cut off."""
    if chip_of(image) is None:
        return None
    count, position, segments = image[1], IMAGE_HEADER_SIZE, []
    if not 0 < count <= MAX_SEGMENTS:
        return None
    for _ in range(count):
        header = image[position : position + SEGMENT_HEADER_SIZE]
        if len(header) < SEGMENT_HEADER_SIZE:
            return None
        segment = decode_segment_header(header)
        position += SEGMENT_HEADER_SIZE + segment.data_len
        if position > len(image):
            return None
        segments.append((segment, image[position - segment.data_len : position]))
    return tuple(segments)


def image_length(image: bytes) -> int | None:
    """Return the bytes of an image with checksum and hash; None for what is no image, or is cut off."""
    segments = image_segments(image)
    if segments is None:
        return None
    unpadded = IMAGE_HEADER_SIZE + sum(SEGMENT_HEADER_SIZE + len(data) for _, data in segments)
    has_hash = decode_header(image[:IMAGE_HEADER_SIZE]).hash_appended
    length = unpadded // CHECKSUM_BLOCK * CHECKSUM_BLOCK + CHECKSUM_BLOCK + HASH_SIZE * has_hash
    return length if length <= len(image) else None


def has_description(image: bytes) -> bool:
    """Tell whether the description of an application begins the first segment."""
    return image[APP_DESC_OFFSET : APP_DESC_OFFSET + 4] == APP_DESC_MAGIC.to_bytes(4, "little")


def is_bootloader(image: bytes) -> bool:
    """Tell whether an image is a bootloader: whole, without a description, and none of it mapped from flash."""
    chip, segments = chip_of(image), image_segments(image)
    if chip is None or segments is None or has_description(image):
        return False
    return not any(CHIPS[chip].is_mapped(segment.load_addr) for segment, _ in segments)


def flash_parts(contents: bytes) -> tuple[FlashPart, ...]:
    """Return what lies in the contents of a file, in order; nothing for what holds none of these parts."""
    found = {part.offset: part for part in (*_bootloaders(contents), *_tables(contents))}
    for offset in _places_of_apps(contents, tuple(found.values())):
        if offset not in found and _is_app(contents, offset):
            length = image_length(contents[offset:]) or len(contents) - offset
            found[offset] = FlashPart(PartKind.APP, offset, length)
    return tuple(part for _, part in sorted(found.items()))


def unlike_application(contents: bytes) -> str | None:
    """Return what a file is that was given as an application and is none; None for what may be one."""
    parts = flash_parts(contents)
    if not parts or parts[0].kind is PartKind.APP:
        return None
    apps = [part for part in parts if part.kind is PartKind.APP]
    if len(parts) == 1 and parts[0].kind is PartKind.BOOTLOADER and parts[0].offset == 0:
        return "it is a bootloader, not an application; name the project's .bin"
    if parts[0].kind is PartKind.TABLE and parts[0].offset == 0:
        return None
    held = ", ".join(map(str, parts))
    advice = f"cut it out from 0x{apps[0].offset:x} on, or name" if apps else "name"
    return f"it is a merged file or a dump ({held}); an application is wanted alone: {advice} the project's .bin"


def decoded_table(contents: bytes, offset: int) -> tuple[Partition, ...]:
    """Return the rows of a table in the contents of a flash; empty where no bootloader would take it.

    What a file that ends before the table does lacks is taken to be erased."""
    if contents[offset : offset + len(TABLE_MAGIC)] != TABLE_MAGIC:
        return ()
    try:
        raw = contents[offset : offset + TABLE_MAX_LENGTH].ljust(TABLE_MAX_LENGTH, b"\xff")
        return decode_table(raw, _LARGEST_FLASH, max(Release))
    except TableError:
        return ()


def _bootloaders(contents: bytes) -> Iterator[FlashPart]:
    for offset in _BOOTLOADER_OFFSETS:
        image = contents[offset : offset + TABLES_BELOW]
        if image[:1] == bytes([IMAGE_MAGIC]) and is_bootloader(image):
            yield FlashPart(PartKind.BOOTLOADER, offset, image_length(image) or len(image))


def _tables(contents: bytes) -> Iterator[FlashPart]:
    for offset in range(0, min(len(contents), TABLES_BELOW), SECTOR_SIZE):
        if decoded_table(contents, offset):
            yield FlashPart(PartKind.TABLE, offset, min(TABLE_MAX_LENGTH, len(contents) - offset))


def _places_of_apps(contents: bytes, parts: tuple[FlashPart, ...]) -> Iterator[int]:
    """Yield where an application can begin: the start of the file, partitions, and every page that the MMU maps."""
    yield 0
    for part in parts:
        if part.kind is PartKind.TABLE:
            yield from (row.offset for row in decoded_table(contents, part.offset) if row.is_app)
    yield from range(_MMU_PAGE, len(contents), _MMU_PAGE)


def _is_app(contents: bytes, offset: int) -> bool:
    """Tell whether an application begins at an offset: by its description, or by segments that flash is mapped to."""
    head = contents[offset : offset + APP_DESC_OFFSET + 4]
    chip = chip_of(head)
    if chip is None:
        return False
    if has_description(head):
        return True
    segments = image_segments(contents[offset:]) or ()
    return any(CHIPS[chip].is_mapped(segment.load_addr) for segment, _ in segments)
