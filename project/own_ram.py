"""Whether an application asks for RAM that its bootloader lies in: then the bootloader refuses to load it.

A bootloader's image shows its constants and data, and the code that loads; it may give up the code of its start. Not
seen in an image: variables that start as zero, and the stack. So what is told is certain, and what is not told is not.
Source: esp_image_format.c verify_load_addresses.
"""

from collections.abc import Iterator

from ..impl.chip.chips import CHIPS, Range
from ..impl.image.format import APP_DESC_OFFSET, IMAGE_HEADER_SIZE, decode_header
from .bootloader_marks import read_description
from .flash_parts import chip_of, image_segments, is_bootloader


def clash_with_bootloader(app: bytes, bootloader: bytes) -> str | None:
    """Return what of an application the bootloader refuses to load over itself; None where nothing is seen."""
    chip = chip_of(app)
    if chip is None or chip_of(bootloader) is not chip:
        return None
    kept = tuple(_kept(bootloader))
    for number, (segment, data) in enumerate(image_segments(app) or ()):
        start, end = segment.load_addr, segment.load_addr + len(data)
        for low, high in kept:
            if start < high and low < end and CHIPS[chip].is_loadable(start, end):
                return (
                    f"segment {number} is to be loaded to 0x{start:08x} … 0x{end - 1:08x}, where the bootloader itself "
                    f"lies (0x{low:08x} … 0x{high - 1:08x})"
                )
    return None


def _kept(bootloader: bytes) -> Iterator[Range]:
    """Yield the RAM that the bootloader does not give up."""
    chip, segments = chip_of(bootloader), image_segments(bootloader)
    if chip is None or segments is None or not is_bootloader(bootloader):
        return
    ranges = [(segment.load_addr, segment.load_addr + len(data)) for segment, data in segments if data]
    if len(CHIPS[chip].loadable) == 1:
        # Data and code share addresses there, and only data is kept: the segment of the description.
        if read_description(bootloader[APP_DESC_OFFSET:]) is not None:
            yield ranges[0]
        return
    (low, high), entry = CHIPS[chip].loadable[0], decode_header(bootloader[:IMAGE_HEADER_SIZE]).entry_addr
    started = next(((start, end) for start, end in ranges if start <= entry < end), None)
    for start, end in ranges:
        is_data = low <= start and end <= high
        is_apart = started is not None and (end < started[0] or started[1] < start)
        if is_data or is_apart:
            yield start, end
