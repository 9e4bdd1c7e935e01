"""Whether an image passes: the decision of esp_image_verify in the application and of the bootloader's load.

The C code walks the image once, hashing as it goes. Here the decision is taken in two parts that come to
the same: first what the headers alone decide (`read_headers`: most torn images fail there), and only then
the megabyte of data (`data.is_data_right`). So a segment that runs past the partition fails at once;
the C code reads on, beyond the partition, and fails at the end. (Where it does not validate, it skips from
header to header, and so does this.)

Left out, because a flash does not tell it: whether a loaded segment overlaps the bootloader's own memory,
which depends on how that bootloader was linked; the revision of the eFuse blocks, taken to be one that the
image accepts; the eFuse bit that lifts the highest chip revision, taken to be blank. Flash encryption and
secure boot are off, no debugger is attached. Source: esp_image_format.c image_load.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...model.config import Config
from ..chip.cells import Cells
from ..chip.chips import CHIPS, traits_of
from ..chip.flash import NorFlash
from ..chip.growing_prefix import GrowingPrefix, Piece
from ..esp_err import EspErr
from ..program_end import Panic
from .data import ImageMetadata, Span, data_problem, is_data_right, misfit_until
from .format import IMAGE_HEADER_SIZE, SEGMENT_HEADER_SIZE, decode_header, decode_segment_header
from .header_walk import read_headers
from .verify_rules import ImageInvalid, Rules, Verification, VerifyMode, rules_of


@dataclass(frozen=True, slots=True)
class DataQuestion:
    """Is the data of the image in this partition right? Asked once its headers are known to be in order."""

    address: int
    """Offset of the partition."""
    length: int
    """Size of the partition."""
    rules: Rules

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The partition."""
        return ((self.address, self.length),)

    def ask(self, cells: Cells) -> Verification:
        """Answer for the image as it lies there: headers first, then data."""
        reading = read_headers(cells, self.address, self.length, self.rules)
        if reading.metadata is None:
            return reading.verdict
        return Verification.PASSES if is_data_right(cells, self.address, reading.metadata) else Verification.FAILS

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return up to how many bytes a wrong checksum stays wrong; an image that passes does until it is changed."""
        reading = read_headers(growing.cells, self.address, self.length, self.rules)
        headers = growing.until_it_reaches(_pieces(self.address, reading.read))
        if reading.metadata is None:
            return headers
        if is_data_right(growing.cells, self.address, reading.metadata):
            return growing.until_it_reaches(((self.address, reading.metadata.length),))
        return misfit_until(replace(growing, last=headers), self.address, reading.metadata)


@dataclass(frozen=True, slots=True)
class HeaderQuestion:
    """What do the headers of the image in this partition decide?"""

    address: int
    """Offset of the partition."""
    size: int
    """Of the partition."""
    rules: Rules
    pieces: tuple[Piece, ...]
    """Where the headers lie by which it was decided; headers that say otherwise may make others be read."""

    def ask(self, cells: Cells) -> tuple[Verification, EspErr, ImageMetadata | None, tuple[Span, ...]]:
        """Answer for the image as it lies there, with what was read for it."""
        reading = read_headers(cells, self.address, self.size, self.rules)
        return reading.verdict, reading.code, reading.metadata, reading.read

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return how many bytes are done before one is that decides."""
        reading = read_headers(growing.cells, self.address, self.size, self.rules)
        return growing.until_it_reaches(_pieces(self.address, reading.read))


def _pieces(offset: int, spans: Iterable[Span]) -> tuple[Piece, ...]:
    return tuple((offset + span.start, span.length) for span in spans)


def verify_image(
    flash: NorFlash,
    offset: int,
    size: int,
    config: Config,
    mode: VerifyMode,
    secure_version: int = 0,
    is_wake_up: bool = False,
    bootloader_offset: int | None = None,
) -> ImageMetadata:
    """Return what is known of the image in a partition that passes.

    secure_version: what the eFuse holds. is_wake_up: the chip wakes up from deep sleep. bootloader_offset: where,
    beside the bootloader's own place, a bootloader is taken to lie just now. Raises ImageInvalid for an image that does
    not pass, Panic where the C code crashes."""
    is_bootloader = offset in (bootloader_offset, CHIPS[config.chip].bootloader_offset)
    rules = rules_of(config, mode, secure_version, is_bootloader, is_wake_up)
    reading = read_headers(flash.cells, offset, size, rules)
    if flash.tracker is None:
        # Nobody wants to know what was asked: the reading is all there is to it, while there is power.
        flash.read(offset, 0)
    else:
        _note_headers(flash, HeaderQuestion(offset, size, rules, _pieces(offset, reading.read)))
    if reading.verdict is Verification.PANICS:
        raise Panic
    if reading.metadata is None:
        raise ImageInvalid(reading.code, reading.reason)
    if rules.validates and not _is_data_right(flash, offset, size, rules, reading.metadata):
        raise ImageInvalid(EspErr.IMAGE_INVALID, data_problem(flash.cells, offset, reading.metadata))
    return reading.metadata


def _note_headers(flash: NorFlash, question: HeaderQuestion) -> None:
    """Note what was asked of the headers, or read where they do not lie on the chip."""
    if all(address + length <= flash.size for address, length in question.pieces):
        flash.ask(question)
        return
    for address, length in question.pieces:
        flash.read(address, length)


def _is_data_right(flash: NorFlash, offset: int, size: int, rules: Rules, metadata: ImageMetadata) -> bool:
    """Tell whether the data is right, and note the question where someone wants to know what was asked."""
    if flash.tracker is None:
        return is_data_right(flash.cells, offset, metadata)
    return flash.ask(DataQuestion(offset, size, rules)) is Verification.PASSES


def mapped_segments(flash: NorFlash, offset: int, config: Config) -> int:
    """Return how many segments of the image at `offset` the bootloader maps from flash instead of loading them."""
    traits = traits_of(config.chip, config.bootloader_point)
    count = decode_header(flash.read(offset, IMAGE_HEADER_SIZE)).segment_count
    position, mapped = IMAGE_HEADER_SIZE, 0
    for _ in range(count):
        segment = decode_segment_header(flash.read(offset + position, SEGMENT_HEADER_SIZE))
        mapped += traits.is_mapped(segment.load_addr)
        position += SEGMENT_HEADER_SIZE + segment.data_len
    return mapped
