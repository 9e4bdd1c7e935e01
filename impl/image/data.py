"""Whether the data of an image is right, once its headers are in order: the checksum, and the hash if it has one.

This is asked millions of times of a megabyte that hardly changes, so answers are remembered. Sectors are
shared between states of a flash, hence compared by identity first, and Python keeps the hash of a `bytes`
object: looking up an image that was seen before costs microseconds. Of one that was not, only new sectors
are summed up, only when the checksum fits is it hashed at all, and then from the last sector that an image
hashed before has in common with it. What is remembered is bounded; forgetting changes no answer.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import accumulate, count
from operator import xor
from typing import TYPE_CHECKING, NamedTuple

from ..chip.cells import SECTOR_SIZE, Cells
from ..chip.growing_prefix import GrowingPrefix
from .format import CHECKSUM_SEED, HASH_SIZE, ImageHeader, SegmentHeader, checksum_length, xor_bytes

if TYPE_CHECKING:
    from hashlib import _Hash

_RUN = 16
"""Sectors summed up together where all of them belong to one segment."""
_MAX_IMAGES = 4096
_MAX_SECTORS = 16384
_MAX_HASH_STATES = 16384


class Span(NamedTuple):
    """Bytes of an image, from its start."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """What verification learns of an image that passes. Source: esp_image_format.h esp_image_metadata_t."""

    header: ImageHeader
    segments: tuple[SegmentHeader, ...]
    data: tuple[Span, ...]
    """Where the data of each segment lies."""
    unpadded_length: int
    """Bytes of headers and segments."""
    length: int
    """Bytes of the whole image, checksum and hash included."""
    is_hash_checked: bool
    """Whether the hash is compared: it is appended, and the image is no bootloader's."""

    def __hash__(self) -> int:
        """Go by the lengths, which tell most images apart."""
        return hash((self.length, self.unpadded_length))

    @property
    def hashed_length(self) -> int:
        """Bytes that the hash covers: everything before it."""
        return self.unpadded_length + checksum_length(self.unpadded_length)


def is_data_right(cells: Cells, offset: int, metadata: ImageMetadata) -> bool:
    """Tell whether checksum and hash of the image at `offset` fit its data; it must lie on the chip."""
    return _is_data_right(cells.sectors(offset, metadata.length), offset % SECTOR_SIZE, metadata)


def data_problem(cells: Cells, offset: int, metadata: ImageMetadata) -> str:
    """Return what is wrong with the data of an image whose data is not right."""
    position = metadata.hashed_length - 1
    found = cells.read(offset + position, 1)[0]
    wanted = _checksum(cells.sectors(offset, metadata.length), offset % SECTOR_SIZE, metadata)
    if found != wanted:
        return f"byte {position}: the checksum is 0x{found:02x}, the data makes it 0x{wanted:02x}"
    return f"bytes {position + 1} … {position + HASH_SIZE}: the SHA-256 is not that of the image; it is damaged"


def misfit_until(growing: GrowingPrefix, offset: int, metadata: ImageMetadata) -> int:
    """Return up to how many bytes of a torn operation the checksum of an image is certain not to fit its data.

    The headers of the image at `offset` have to stay as they are. Where the checksum fits already: no more bytes."""
    cells, begin = growing.cells, growing.address + growing.done
    place = offset + metadata.hashed_length - 1
    wanted = _checksum(cells.sectors(offset, metadata.length), offset % SECTOR_SIZE, metadata)
    misfit = cells.read(place, 1)[0] ^ wanted
    length = growing.last - growing.done
    if not misfit or length <= 0:
        return growing.done
    old, new = (int.from_bytes(at.read(begin, length), "little") for at in (cells, growing.after))
    changes = (old ^ new).to_bytes(length, "little")
    counted = bytearray(length)
    for span in (*metadata.data, Span(metadata.hashed_length - 1, 1)):
        first, stop = (
            min(max(at - begin, 0), length) for at in (offset + span.start, offset + span.start + span.length)
        )
        counted[first:stop] = changes[first:stop]
    fits = bytes(accumulate(counted, xor)).find(misfit)
    return growing.last if fits < 0 else growing.done + fits


def forget_verdicts() -> None:
    """Start from scratch, as a benchmark has to."""
    _is_data_right.cache_clear()
    _xor_within.cache_clear()
    _xor_of_run.cache_clear()
    _prefix_hashes.clear()


@lru_cache(maxsize=_MAX_IMAGES)
def _is_data_right(sectors: tuple[bytes, ...], skip: int, metadata: ImageMetadata) -> bool:
    """sectors: those that the image touches; skip: bytes of the first one before it."""
    end = skip + metadata.hashed_length
    if _read(sectors, end - 1, 1)[0] != _checksum(sectors, skip, metadata):
        return False
    if not metadata.is_hash_checked:
        return True
    return _prefix_hashes.digest(sectors, skip, end) == _read(sectors, end, HASH_SIZE)


def _checksum(sectors: tuple[bytes, ...], skip: int, metadata: ImageMetadata) -> int:
    """Return the XOR of all segment data, begun with the seed."""
    checksum = CHECKSUM_SEED
    for span in metadata.data:
        start, end = skip + span.start, skip + span.start + span.length
        index, past_whole = start // SECTOR_SIZE, end // SECTOR_SIZE
        while index * SECTOR_SIZE < end:
            base = index * SECTOR_SIZE
            if base >= start and index + _RUN <= past_whole:
                checksum ^= _xor_of_run(sectors[index : index + _RUN])
                index += _RUN
            else:
                checksum ^= _xor_within(sectors[index], max(0, start - base), min(SECTOR_SIZE, end - base))
                index += 1
    return checksum


@lru_cache(maxsize=_MAX_IMAGES)
def _xor_of_run(sectors: tuple[bytes, ...]) -> int:
    # By sectors, each remembered: a state that is asked for often differs from the one before it in a single one.
    return reduce(xor, (_xor_within(sector, 0, SECTOR_SIZE) for sector in sectors))


@lru_cache(maxsize=_MAX_SECTORS)
def _xor_within(sector: bytes, start: int, end: int) -> int:
    return xor_bytes(sector[start:end])


def _read(sectors: tuple[bytes, ...], start: int, length: int) -> bytes:
    index, offset = divmod(start, SECTOR_SIZE)
    return b"".join(sectors[index : index + 2])[offset : offset + length]


class _PrefixHashes:
    """States of SHA-256 between the sectors of images, as a tree: the way to a state is the sectors before it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all states."""
        self._numbers = count(1)
        self._states: dict[tuple[int, bytes], tuple[int, _Hash]] = {}

    def digest(self, sectors: tuple[bytes, ...], skip: int, end: int) -> bytes:
        """Return the SHA-256 of the sectors' bytes skip … end - 1."""
        if len(self._states) > _MAX_HASH_STATES:
            self.clear()
        whole, rest = divmod(end, SECTOR_SIZE)
        pieces = (sectors[0][skip:], *sectors[1:whole]) if whole else ()
        number, state = 0, hashlib.sha256()
        for piece in pieces:
            known = self._states.get((number, piece))
            if known is None:
                after = state.copy()
                after.update(piece)
                known = self._states[number, piece] = (next(self._numbers), after)
            number, state = known
        last = state.copy()
        last.update(b"".join(sectors[whole : whole + 1])[0 if whole else skip : rest])
        return last.digest()


_prefix_hashes = _PrefixHashes()
