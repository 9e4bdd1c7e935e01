"""The first-stage bootloader, in ROM: whether it starts what lies where the chip has its bootloader.

The ROM is no open source. What is assumed of it, without secure boot: it wants the magic byte, 1 to 16 segments,
and the checksum right; else it resets and tries the same again. That goes by what chips print: "invalid header:
0xffffffff" for an erased place, "csum err" for a wrong checksum, and "SHA-256 comparison failed … Attempting to boot
anyway" for a wrong hash, so that a hash protects nothing here. Chip id, revisions and load addresses are taken not to
be looked at. The recovery bootloader of some chips is left out.
"""

from .chip.cells import Cells
from .image.data import ImageMetadata, Span, is_data_right
from .image.format import (
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    MAX_SEGMENTS,
    SEGMENT_HEADER_SIZE,
    checksum_length,
    decode_header,
    decode_segment_header,
)


def read_bootloader(cells: Cells, offset: int, room: int) -> bytes | None:
    """Return the image that the ROM starts, from its header to its checksum; None where it starts none.

    offset: where it looks, in bytes. room: bytes from there on that can belong to a bootloader; one that runs past
    them is taken not to start, since the partition table lies behind them."""
    header = decode_header(cells.read(offset, IMAGE_HEADER_SIZE))
    if header.magic != IMAGE_MAGIC or not 1 <= header.segment_count <= MAX_SEGMENTS:
        return None
    position, segments, data = IMAGE_HEADER_SIZE, [], []
    for _ in range(header.segment_count):
        if position + SEGMENT_HEADER_SIZE > room:
            return None
        segments.append(decode_segment_header(cells.read(offset + position, SEGMENT_HEADER_SIZE)))
        data.append(Span(position + SEGMENT_HEADER_SIZE, segments[-1].data_len))
        position = data[-1].start + data[-1].length
    length = position + checksum_length(position)
    if length > room:
        return None
    metadata = ImageMetadata(header, tuple(segments), tuple(data), position, length, is_hash_checked=False)
    return cells.read(offset, length) if is_data_right(cells, offset, metadata) else None
