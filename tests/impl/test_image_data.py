"""Checksum and hash of images of several sectors, asked in any order: remembering must change no answer."""

import hashlib
import random
from functools import reduce
from operator import xor

import pytest

from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import NorFlash
from otaproof.impl.image import data as image_data
from otaproof.impl.image.data import forget_verdicts
from otaproof.impl.image.format import encode_image
from otaproof.impl.image.verify import verify_image
from otaproof.impl.image.verify_rules import ImageInvalid, VerifyMode
from otaproof.model.config import Chip, Config

# Segments for RAM, so that the image may lie anywhere.
GOOD = encode_image(
    Chip.ESP32,
    [(0x3FFB0000, random.Random(1).randbytes(9000)), (0x40080000, random.Random(2).randbytes(12004))],
)


def is_right(image: bytes, offset: int) -> bool:
    """Return the verdict of an image at `offset`."""
    flash = NorFlash(Cells.erased(0x40000).with_bytes(offset, image))
    try:
        verify_image(flash, offset, 0x20000, Config(), VerifyMode.APP)
    except ImageInvalid:
        return False
    return True


def sectors_of(contents: bytes) -> tuple[bytes, ...]:
    """Return the contents sector by sector, the last one filled up."""
    starts = range(0, len(contents), SECTOR_SIZE)
    return tuple(contents[start : start + SECTOR_SIZE].ljust(SECTOR_SIZE) for start in starts)


def with_byte_flipped(place: int) -> bytes:
    """Return the good image with one bit of one byte flipped."""
    return GOOD[:place] + bytes([GOOD[place] ^ 0x10]) + GOOD[place + 1 :]


def with_right_checksum(place: int) -> bytes:
    """Return the good image with the same bit flipped in two bytes: the checksum still fits, the hash does not."""
    image = bytearray(GOOD)
    image[place] ^= 0x10
    image[place + 1] ^= 0x10
    return bytes(image)


@pytest.mark.parametrize("offset", [0x10000, 0x10400, 0x10FFC])
def test_any_changed_byte_is_found_with_and_without_a_memory(offset: int) -> None:
    """Damage in random places, asked in random order, the memory lost now and then."""
    forget_verdicts()
    source = random.Random(7)
    # Past the headers of the first segment and before that of the second, or after it: headers are judged elsewhere.
    places = [*(source.randrange(32, 9000) for _ in range(20)), *(source.randrange(9100, len(GOOD)) for _ in range(20))]
    cases = [(GOOD, True)] * 10 + [(with_byte_flipped(place), False) for place in places]
    for _ in range(3):
        source.shuffle(cases)
        assert [expected for _, expected in cases] == [is_right(image, offset) for image, _ in cases]
        forget_verdicts()


def test_hash_is_found_wrong_in_every_sector_after_a_right_one_was_seen() -> None:
    """States kept of the good image must not stand in for those of a damaged one."""
    forget_verdicts()
    assert is_right(GOOD, 0x10000)
    for sector in range(5):
        place = sector * SECTOR_SIZE + 3000
        assert not is_right(with_right_checksum(place), 0x10000)
    assert is_right(GOOD, 0x10000)


def test_failing_checksum_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash costs most, and most torn images fail before it."""
    forget_verdicts()
    hashed: list[object] = []

    def note(*arguments: object) -> bytes:
        hashed.append(arguments)
        return b""

    monkeypatch.setattr(image_data._prefix_hashes, "digest", note)
    assert not is_right(with_byte_flipped(3000), 0x10000)
    assert [] == hashed
    assert not is_right(with_right_checksum(3000), 0x10000)
    assert 1 == len(hashed)


def test_hash_of_a_changed_tail_begins_where_the_change_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an image whose last whole sector differs, that sector and the rest are hashed, not all."""
    forget_verdicts()
    assert is_right(GOOD, 0x10000)
    before = len(image_data._prefix_hashes._states)
    assert not is_right(with_right_checksum(4 * SECTOR_SIZE + 3000), 0x10000)
    assert 1 == len(image_data._prefix_hashes._states) - before


@pytest.mark.parametrize("skip", [0, 1024, 4095])
@pytest.mark.parametrize("length", [1, 1024, 4096, 4097, 12288, 20000])
def test_hash_is_sha256_of_any_range(skip: int, length: int) -> None:
    """Whatever part of a sector it begins and ends in, and whatever was hashed before."""
    contents = random.Random(3).randbytes(6 * SECTOR_SIZE)
    sectors = sectors_of(contents)
    expected = hashlib.sha256(contents[skip : skip + length]).digest()
    hashes = image_data._PrefixHashes()
    assert [expected, expected] == [hashes.digest(sectors, skip, skip + length) for _ in range(2)]


def test_memory_of_hashes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full it begins anew, and answers stay right."""
    monkeypatch.setattr(image_data, "_MAX_HASH_STATES", 8)
    hashes = image_data._PrefixHashes()
    source = random.Random(5)
    for _ in range(20):
        contents = source.randbytes(3 * SECTOR_SIZE + 100)
        assert hashlib.sha256(contents).digest() == hashes.digest(sectors_of(contents), 0, len(contents))
        assert len(hashes._states) <= 8 + 3


def test_checksum_is_the_xor_of_the_data_alone() -> None:
    """One byte at a time, without the headers."""
    flash = NorFlash(Cells.erased(0x40000).with_bytes(0x10000, GOOD))
    metadata = verify_image(flash, 0x10000, 0x20000, Config(), VerifyMode.APP)
    data = b"".join(GOOD[span.start : span.start + span.length] for span in metadata.data)
    assert GOOD[metadata.hashed_length - 1] == reduce(xor, data, 0xEF)
