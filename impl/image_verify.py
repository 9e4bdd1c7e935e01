"""Whether an image passes: the decision of esp_image_verify in the application and of the bootloader's load.

The C code walks the image once, hashing as it goes. Here the decision is taken in two parts that come to
the same: first what the headers alone decide (`read_headers`: most torn images fail there), and only then
the megabyte of data (`is_data_right`), whose verdict is remembered for the very same sectors. What the
overlap of a loaded segment with the bootloader's own memory decides depends on how that bootloader was
linked, and is left out. Flash encryption and secure boot are off. Source: esp_image_format.c image_load.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from ..model.config import Chip, Config, Release
from .cells import SECTOR_SIZE, Cells
from .chips import CHIPS
from .esp_err import EspErr
from .flash import NorFlash
from .image import (
    APP_DESC_MAGIC,
    APP_DESC_SIZE,
    CHECKSUM_SEED,
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
    xor_bytes,
)
from .resets import Panic

MAX_IMAGE_SPAN = 0x1000000
"""16 MiB: the limit of partitions and segments without 32-bit flash addresses."""
MMU_PAGE_SIZE = 0x10000
_NOT_LOADED_BELOW = 0x10000000
_ANY_REVISION = (0, 0xFFFF)


class VerifyMode(Enum):
    """Who verifies, and how much."""

    APP = "application"
    """esp_image_verify in the application: everything, nothing is loaded."""
    BOOTLOADER_LOAD = "bootloader"
    """The bootloader loads and verifies."""
    BOOTLOADER_LOAD_NO_VALIDATE = "bootloader, no validation"
    """The bootloader loads as CONFIG_BOOTLOADER_SKIP_VALIDATE_* has it: headers alone."""


class ImageInvalid(Exception):
    """The image does not pass; `reason` says what is wrong and where, in one line."""

    def __init__(self, code: EspErr, reason: str) -> None:
        """Carry the esp_err_t of the verification and the reason."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Verdict(Enum):
    """What verification comes to, as far as its caller can see."""

    PASSES = "passes"
    FAILS = "fails"
    PANICS = "panics"
    """An assertion of the C code fails."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the decision depends on, beside the bytes."""

    mode: VerifyMode
    release: Release
    chip: Chip
    chip_revision: int
    anti_rollback: bool
    secure_version: int
    """In the eFuse; matters to a bootloader with anti-rollback from 5.5 on."""

    @property
    def validates(self) -> bool:
        """Whether checksum and hash are checked."""
        return self.mode is not VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE

    @property
    def loads(self) -> bool:
        """Whether segments are loaded to RAM."""
        return self.mode is not VerifyMode.APP

    @property
    def asserts_description(self) -> bool:
        """Whether data of segment 0 is taken for a description, asserting its magic word."""
        return self.anti_rollback and self.release >= Release.V5_5


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """What the headers of an image decide, and the bytes they are in."""

    verdict: Verdict
    """PASSES: the headers are in order, the data is still to be looked at."""
    code: EspErr
    reason: str
    metadata: ImageMetadata | None
    read: tuple[Span, ...]
    """What was read for it, from the start of the image."""


@dataclass(frozen=True, slots=True)
class DataQuestion:
    """Is the data of the image in this partition right? Asked once its headers are known to be in order."""

    address: int
    """Offset of the partition."""
    length: int
    """Size of the partition."""
    rules: Rules

    def ask(self, cells: Cells) -> Verdict:
        """Answer for the image as it lies there: headers first, then data."""
        reading = read_headers(cells, self.address, self.length, self.rules)
        if reading.metadata is None:
            return reading.verdict
        return Verdict.PASSES if is_data_right(cells, self.address, reading.metadata) else Verdict.FAILS


def verify_image(
    flash: NorFlash, offset: int, size: int, config: Config, mode: VerifyMode, secure_version: int = 0
) -> ImageMetadata:
    """Return what is known of the image in a partition that passes.

    secure_version: what the eFuse holds. Raises ImageInvalid for one that does not pass, Panic where an assertion
    of the C code fails."""
    rules = rules_of(config, mode, secure_version)
    reading = read_headers(flash.cells, offset, size, rules)
    for span in reading.read:
        flash.read(offset + span.start, span.length)
    if reading.verdict is Verdict.PANICS:
        raise Panic
    if reading.metadata is None:
        raise ImageInvalid(reading.code, reading.reason)
    if rules.validates and flash.ask(DataQuestion(offset, size, rules)) is not Verdict.PASSES:
        raise ImageInvalid(EspErr.IMAGE_INVALID, data_problem(flash.cells, offset, reading.metadata))
    return reading.metadata


def rules_of(config: Config, mode: VerifyMode, secure_version: int = 0) -> Rules:
    """Return the rules that a configuration makes for one who verifies."""
    release = config.app_release if mode is VerifyMode.APP else config.bootloader_release
    return Rules(mode, release, config.chip, config.chip_revision, config.anti_rollback, secure_version)


def read_headers(cells: Cells, offset: int, size: int, rules: Rules) -> HeaderReading:
    """Return what all of the image's headers decide, in the order in which the C code looks at them."""
    walk = _HeaderWalk(cells, offset, rules)
    verdict, code, reason, metadata = Verdict.PASSES, EspErr.OK, "", None
    try:
        metadata = walk.read(size)
    except ImageInvalid as invalid:
        verdict, code, reason = Verdict.FAILS, invalid.code, invalid.reason
    except Panic:
        verdict, code, reason = Verdict.PANICS, EspErr.FAIL, "the description has no magic word: the C code asserts it"
    return HeaderReading(verdict, code, reason, metadata, tuple(walk.spans))


class _HeaderWalk:
    """One walk along the headers of an image."""

    def __init__(self, cells: Cells, offset: int, rules: Rules) -> None:
        self._cells = cells
        self._offset = offset
        self._rules = rules
        self._traits = CHIPS[rules.chip]
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
            segment = decode_segment_header(self._take(position, SEGMENT_HEADER_SIZE))
            span = Span(position + SEGMENT_HEADER_SIZE, segment.data_len)
            self._check_segment(number, segment, span)
            if number == 0 and self._processes_data(segment) and span.length:
                secure_version = self._described_version(span)
            segments.append(segment)
            data.append(span)
            position = span.start + span.length
        length = position + checksum_length(position) + HASH_SIZE * header.hash_appended
        if length > size:
            raise _invalid(f"its {length} bytes do not fit the partition of {size}")
        if self._rules.loads and self._rules.asserts_description and secure_version < self._rules.secure_version:
            raise ImageInvalid(
                EspErr.FAIL, f"secure version {secure_version} is below the eFuse's {self._rules.secure_version}"
            )
        return ImageMetadata(header, tuple(segments), tuple(data), position, length)

    @property
    def _has_large_flash(self) -> bool:
        return self._traits.has_large_flash and self._rules.release >= Release.V5_5

    def _take(self, start: int, length: int) -> bytes:
        self.spans.append(Span(start, length))
        return self._cells.read(self._offset + start, length)

    def _check_header(self, header: ImageHeader) -> None:
        """Source: verify_image_header, bootloader_common_check_chip_validity."""
        if header.magic != IMAGE_MAGIC:
            raise _invalid(f"byte 0 is 0x{header.magic:02x}, not 0x{IMAGE_MAGIC:02x}: no image here")
        if self._rules.validates or self._rules.release < Release.V6_2_DEV:
            self._check_chip(header)
        if header.segment_count > MAX_SEGMENTS:
            raise _invalid(f"byte 1: {header.segment_count} segments; at most {MAX_SEGMENTS} may be")

    def _check_chip(self, header: ImageHeader) -> None:
        rules = self._rules
        if header.chip_id != self._traits.chip_id:
            names = {traits.chip_id: chip.value for chip, traits in CHIPS.items()}
            found = names.get(header.chip_id, f"chip id {header.chip_id}")
            raise ImageInvalid(EspErr.FAIL, f"bytes 12-13: the image is for {found}, not for {rules.chip.value}")
        if rules.release < Release.V5_1:
            least, highest = header.min_chip_rev * 100, 0
        else:
            least, highest = header.min_chip_rev_full, header.max_chip_rev_full
        if rules.chip_revision < least:
            raise ImageInvalid(EspErr.FAIL, f"the image wants chip revision {_rev(least)} or newer, "
                                            f"this is {_rev(rules.chip_revision)}")
        if highest not in _ANY_REVISION and rules.chip_revision > highest:
            raise ImageInvalid(EspErr.FAIL, f"the image wants chip revision {_rev(highest)} or older, "
                                            f"this is {_rev(rules.chip_revision)}")

    def _check_segment(self, number: int, segment: SegmentHeader, span: Span) -> None:
        """Source: verify_segment_header, verify_load_addresses."""
        rules, length = self._rules, segment.data_len
        where = f"segment {number} at byte {span.start - SEGMENT_HEADER_SIZE}"
        limit = 0xFFFFFFFF if self._has_large_flash else MAX_IMAGE_SPAN
        if length % 4 or length >= limit:
            raise _invalid(f"{where}: length 0x{length:x} is not a multiple of 4 below 16 MiB")
        if number == 0 and length < APP_DESC_SIZE and rules.release >= Release.V6_2_DEV:
            raise _invalid(f"{where}: {length} bytes are too few for the description's {APP_DESC_SIZE}")
        page_size = self._page_size(number, span) if self._traits.has_variable_page else MMU_PAGE_SIZE
        is_mapped = self._traits.is_mapped(segment.load_addr)
        if is_mapped and (self._offset + span.start) % page_size != segment.load_addr % page_size:
            raise _invalid(f"{where}: load address 0x{segment.load_addr:08x} does not fit its place in the MMU page")
        if self._is_loaded(segment) and length and not self._is_loadable(segment):
            raise _invalid(f"{where}: load address 0x{segment.load_addr:08x} is no RAM of this chip")

    def _page_size(self, number: int, span: Span) -> int:
        """Return the page size that the description names. Source: verify_segment_header, 5.5 and later."""
        if self._rules.release < Release.V5_5:
            return MMU_PAGE_SIZE
        start = span.start if number == 0 else IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE
        magic = int.from_bytes(self._take(start, 4), "little")
        if number == 0 and magic != APP_DESC_MAGIC:
            raise ImageInvalid(EspErr.FAIL, "the first segment does not begin with an application description")
        exponent = self._take(start + 180, 1)[0]
        is_known = 13 <= exponent <= 16 if self._rules.release >= Release.V6_2_DEV else 0 < exponent < 32
        return 1 << exponent if is_known else MMU_PAGE_SIZE

    def _is_loaded(self, segment: SegmentHeader) -> bool:
        is_reserved = segment.load_addr < _NOT_LOADED_BELOW
        return self._rules.loads and not is_reserved and not self._traits.is_mapped(segment.load_addr)

    def _is_loadable(self, segment: SegmentHeader) -> bool:
        start, last = segment.load_addr, segment.load_addr + segment.data_len - 1
        return any(low <= start and last < high for low, high in self._traits.loadable)

    def _processes_data(self, segment: SegmentHeader) -> bool:
        return self._rules.validates or self._is_loaded(segment)

    def _described_version(self, span: Span) -> int:
        """Return the secure version in segment 0, with the assertion of process_esp_app_desc_data."""
        if not self._rules.asserts_description:
            return 0
        raw = self._take(span.start, 8)
        if int.from_bytes(raw[:4], "little") != APP_DESC_MAGIC:
            raise Panic
        return int.from_bytes(raw[4:], "little")


def _invalid(reason: str) -> ImageInvalid:
    return ImageInvalid(EspErr.IMAGE_INVALID, reason)


def _rev(revision: int) -> str:
    return f"v{revision // 100}.{revision % 100}"
