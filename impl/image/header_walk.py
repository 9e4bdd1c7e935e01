"""What the headers of an image decide: one walk along them, in the order in which the C code looks at them.

Source: esp_image_format.c image_load."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..chip.cells import SECTOR_SIZE, Cells
from ..chip.chips import traits_of
from ..esp_err import EspErr
from ..program_end import Panic
from ..release_rules import (
    ALLOWS_LARGE_FLASH,
    ASSERTS_EACH_MAPPING,
    CHECKS_HEADER_ALWAYS,
    CHECKS_PAGE_SIZE,
    READS_PAGE_SIZE,
    REFUSES_SHORT_DESCRIPTION,
)
from .data import ImageMetadata, Span
from .format import (
    APP_DESC_MAGIC,
    APP_DESC_SIZE,
    HASH_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    MAX_SEGMENTS,
    SEGMENT_HEADER_SIZE,
    ImageHeader,
    SegmentHeader,
    checksum_length,
    decode_header,
    decode_segment_header,
)
from .verify_rules import ImageInvalid, Rules, Verification, check_chip

MAX_IMAGE_SPAN = 0x1000000
"""16 MiB: the limit of partitions and segments without 32-bit flash addresses."""
MMU_PAGE_SIZE = 0x10000
_SMALL_MMU_PAGES = {0x100000: 0x4000, 0x200000: 0x8000}
"""Default page size of chips that have a choice, by the size of a small flash. Source: Kconfig MMU_PAGE_SIZE."""
_MMU_PAGE_SIZE_OFFSET = 180
"""Of the field in the description, from its start."""
_NOT_LOADED_BELOW = 0x10000000
_OVERRUN_SEGMENTS = 24
"""Segments that the structure of the metadata takes when no one has checked their number: those beyond the sixteenth
overwrite its other fields. More than these overwrite the caller's stack: the C code allows no prediction, Panic stands
for it. Source: esp_image_format.h esp_image_metadata_t."""


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """What the headers of an image decide, and the bytes they are in."""

    verdict: Verification
    """PASSES: the headers are in order, the data is still to be looked at."""
    code: EspErr
    reason: str
    metadata: ImageMetadata | None
    read: tuple[Span, ...]
    """What was read for it, from the start of the image."""


def read_headers(cells: Cells, offset: int, size: int, rules: Rules) -> HeaderReading:
    """Return what all of the image's headers decide, in the order in which the C code looks at them.

    The answer to the same question before is given again where the bytes that it was read from are the same."""
    question = (offset, size, rules, cells.size)
    known = _latest.get(question)
    if known is not None:
        if all(cells.sector(index) is sector for index, sector in known.sectors):
            return known.reading
        if all(cells.read(at, len(data)) == data for at, data in known.pieces):
            _latest[question] = known._replace(sectors=_sectors_of(cells, known.pieces))
            return known.reading
    reading = _walked(cells, offset, size, rules)
    if len(_latest) >= _MAX_QUESTIONS:
        _latest.clear()
    pieces = tuple((offset + span.start, cells.read(offset + span.start, span.length)) for span in reading.read)
    _latest[question] = _Latest(_sectors_of(cells, pieces), pieces, reading)
    return reading


def _sectors_of(cells: Cells, pieces: Iterable[tuple[int, bytes]]) -> tuple[tuple[int, bytes], ...]:
    """Return the sectors that hold the pieces, by their numbers; past the end of the chip, none that is on a chip."""
    touched = {
        number for at, data in pieces for number in range(at // SECTOR_SIZE, (at + len(data) - 1) // SECTOR_SIZE + 1)
    }
    if max(touched, default=0) >= cells.size // SECTOR_SIZE:
        return ((0, b""),)
    return tuple((number, cells.sector(number)) for number in sorted(touched))


class _Latest(NamedTuple):
    """An answer, and what it was read from."""

    sectors: tuple[tuple[int, bytes], ...]
    pieces: tuple[tuple[int, bytes], ...]
    reading: HeaderReading


_MAX_QUESTIONS = 256
_latest: dict[tuple[int, int, Rules, int], _Latest] = {}
"""What was last read, for each partition and set of rules: this is asked as often as whether the data is right."""


def _walked(cells: Cells, offset: int, size: int, rules: Rules) -> HeaderReading:
    walk = _HeaderWalk(cells, offset, rules)
    verdict, code, reason, metadata = Verification.PASSES, EspErr.OK, "", None
    try:
        metadata = walk.read(size)
    except ImageInvalid as invalid:
        verdict, code, reason = Verification.FAILS, invalid.code, invalid.reason
    except Panic:
        verdict, code, reason = Verification.PANICS, EspErr.FAIL, "the C code crashes on these headers"
    return HeaderReading(verdict, code, reason, metadata, tuple(walk.spans))


class _HeaderWalk:
    """One walk along the headers of an image."""

    def __init__(self, cells: Cells, offset: int, rules: Rules) -> None:
        self._cells = cells
        self._offset = offset
        self._rules = rules
        self._traits = traits_of(rules.chip, rules.release)
        self.spans: list[Span] = []

    def read(self, size: int) -> ImageMetadata:
        """Return the metadata; raises ImageInvalid and Panic."""
        if size > MAX_IMAGE_SPAN and not self._has_large_flash:
            raise ImageInvalid(EspErr.INVALID_ARG, f"the partition of 0x{size:x} bytes is larger than 16 MiB")
        header = decode_header(self._take(0, IMAGE_HEADER_SIZE))
        self._check_header(header)
        segments: list[SegmentHeader] = []
        data: list[Span] = []
        secure_version = 0
        position = IMAGE_HEADER_SIZE
        for number in range(header.segment_count):
            if number == _OVERRUN_SEGMENTS:
                raise Panic
            segment = decode_segment_header(self._take(position, SEGMENT_HEADER_SIZE))
            span = Span(position + SEGMENT_HEADER_SIZE, segment.data_len)
            self._check_segment(number, segment, span)
            if number == 0 and self._rules.validates and span.length:
                secure_version = self._described_version(span)
            segments.append(segment)
            data.append(span)
            end = span.start + span.length
            if self._rules.validates and end > size:
                raise _invalid(f"segment {number} ends at byte {end}, past the partition of {size}")
            position = end % (1 << 32)
        if header.segment_count > MAX_SEGMENTS:
            # segment_data[16] is image_len: the place of that segment's data in flash, which the rest is added to.
            position = (self._offset + data[MAX_SEGMENTS].start + position - IMAGE_HEADER_SIZE) % (1 << 32)
        length = position + checksum_length(position) + HASH_SIZE * header.hash_appended
        if length > size:
            raise _invalid(f"its {length} bytes do not fit the partition of {size}")
        if self._rules.loads and self._rules.asserts_description and secure_version < self._rules.secure_version:
            raise ImageInvalid(
                EspErr.FAIL, f"secure version {secure_version} is below the eFuse's {self._rules.secure_version}"
            )
        is_hash_checked = header.hash_appended and not self._rules.is_bootloader
        return ImageMetadata(header, tuple(segments), tuple(data), position, length, is_hash_checked)

    @property
    def _has_large_flash(self) -> bool:
        return self._traits.has_large_flash and ALLOWS_LARGE_FLASH.holds_in(self._rules.release)

    def _take(self, start: int, length: int) -> bytes:
        self.spans.append(Span(start, length))
        return self._cells.read(self._offset + start, length)

    def _check_header(self, header: ImageHeader) -> None:
        """Source: process_image_header, verify_image_header."""
        if not self._rules.validates and not CHECKS_HEADER_ALWAYS.holds_in(self._rules.release):
            return
        if header.magic != IMAGE_MAGIC:
            raise _invalid(f"byte 0 is 0x{header.magic:02x}, not 0x{IMAGE_MAGIC:02x}: no image here")
        if self._rules.validates:
            check_chip(header, self._rules)
        if header.segment_count > MAX_SEGMENTS:
            raise _invalid(f"byte 1: {header.segment_count} segments; at most {MAX_SEGMENTS} may be")

    def _check_segment(self, number: int, segment: SegmentHeader, span: Span) -> None:
        """Source: verify_segment_header, verify_load_addresses."""
        rules, length = self._rules, segment.data_len
        where = f"segment {number} at byte {span.start - SEGMENT_HEADER_SIZE}"
        limit = 0xFFFFFFFF if self._has_large_flash else MAX_IMAGE_SPAN
        if length % 4 or length >= limit:
            raise _invalid(f"{where}: length 0x{length:x} is not a multiple of 4 below 16 MiB")
        needs_desc = number == 0 and not rules.is_bootloader
        if needs_desc and length < APP_DESC_SIZE and REFUSES_SHORT_DESCRIPTION.holds_in(rules.release):
            raise _invalid(f"{where}: {length} bytes are too few for the description's {APP_DESC_SIZE}")
        page_size = self._page_size(number, span) if self._traits.has_variable_page else MMU_PAGE_SIZE
        is_mapped = self._traits.is_mapped(segment.load_addr)
        if is_mapped and (self._offset + span.start) % page_size != segment.load_addr % page_size:
            raise _invalid(f"{where}: load address 0x{segment.load_addr:08x} does not fit its place in the MMU page")
        if self._is_loaded(segment) and length:
            self._check_load_address(where, segment.load_addr, segment.load_addr + length)

    def _page_size(self, number: int, span: Span) -> int:
        """Return the page size that the description names. Source: verify_segment_header, 5.5 and later."""
        rules, default = self._rules, _SMALL_MMU_PAGES.get(self._cells.size, MMU_PAGE_SIZE)
        if rules.is_bootloader or not READS_PAGE_SIZE.holds_in(rules.release):
            return default
        start = span.start if number == 0 else IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE
        magic = int.from_bytes(self._take(start, 4), "little")
        if number == 0 and magic != APP_DESC_MAGIC:
            raise ImageInvalid(EspErr.FAIL, "the first segment does not begin with an application description")
        exponent = self._take(start + _MMU_PAGE_SIZE_OFFSET, 1)[0]
        if CHECKS_PAGE_SIZE.holds_in(rules.release):
            return 1 << exponent if 13 <= exponent <= 18 else default
        # Shifted by more than 31: both processor families use the lowest five bits of the count.
        return 1 << exponent % 32 if exponent else default

    def _is_loaded(self, segment: SegmentHeader) -> bool:
        """Source: should_load."""
        if not self._rules.loads or segment.load_addr < _NOT_LOADED_BELOW:
            return False
        is_kept = self._rules.is_wake_up and self._traits.is_rtc(segment.load_addr)
        return not is_kept and not self._traits.is_mapped(segment.load_addr)

    def _check_load_address(self, where: str, start: int, end: int) -> None:
        """Source: verify_load_addresses."""
        if _signed(end) <= _signed(start):
            # Addresses are signed there: the end lies before the start, which an assertion denies.
            raise Panic
        if not self._traits.is_loadable(start, end):
            raise _invalid(f"{where}: load address 0x{start:08x} is no RAM of this chip")

    def _described_version(self, span: Span) -> int:
        """Return the secure version in segment 0, with the assertion of process_esp_app_desc_data."""
        if not self._rules.asserts_description or self._rules.is_bootloader:
            return 0
        raw = self._take(span.start, 8)
        # Of a segment of 4 bytes, 8 are taken off: the count of the rest wraps, and the reading never ends.
        if int.from_bytes(raw[:4], "little") != APP_DESC_MAGIC or span.length < len(raw):
            raise Panic
        if self._rules.loads and ASSERTS_EACH_MAPPING.holds_in(self._rules.release):
            self._assert_each_mapping(span)
        return int.from_bytes(raw[4:], "little")

    def _assert_each_mapping(self, span: Span) -> None:
        """Raise Panic where a later mapping of segment 0 does not begin as a description does. Source: process_segment.

        Not asked in an application: how much that maps at once depends on what it has mapped for itself."""
        mapped = self._traits.mapped_at_once
        if (self._offset + span.start) % MMU_PAGE_SIZE:
            mapped -= MMU_PAGE_SIZE
        for start in range(span.start + mapped, span.start + span.length, mapped):
            is_in_flash = self._offset + start + 4 <= self._cells.size
            if not is_in_flash or int.from_bytes(self._take(start, 4), "little") != APP_DESC_MAGIC:
                raise Panic


def _invalid(reason: str) -> ImageInvalid:
    return ImageInvalid(EspErr.IMAGE_INVALID, reason)


def _signed(address: int) -> int:
    """Return the value of the lowest 32 bits as a signed number (intptr_t)."""
    return (address + (1 << 31)) % (1 << 32) - (1 << 31)
