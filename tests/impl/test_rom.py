"""What the ROM starts: a bootloader with magic byte, segments and checksum in order, wherever it ends."""

import random

import pytest

from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import HASH_SIZE, encode_image
from otaproof.impl.rom import read_bootloader
from otaproof.model.config import Chip

PLACE = 0x1000
RAM = CHIPS[Chip.ESP32].loadable[0][0]


def image(*lengths: int, hash_appended: bool = True) -> bytes:
    """Return a bootloader with segments of these lengths."""
    source = random.Random(sum(lengths))
    segments = [(RAM, source.randbytes(length)) for length in lengths]
    return encode_image(Chip.ESP32, segments, hash_appended=hash_appended)


def started(contents: bytes, room: int = 2 * SECTOR_SIZE) -> bytes | None:
    """Return what the ROM starts where these bytes lie."""
    return read_bootloader(Cells.erased(0x8000).with_bytes(PLACE, contents), PLACE, room)


def changed(contents: bytes, at: int, value: int | None = None) -> bytes:
    """Return the same with one byte another; None: with its lowest bit turned."""
    return contents[:at] + bytes([contents[at] ^ 1 if value is None else value]) + contents[at + 1 :]


@pytest.mark.parametrize("lengths", [(4,), (300,), (12, 0, 4000), (4,) * 16], ids=str)
def test_whole_bootloader_is_started_up_to_its_checksum(lengths: tuple[int, ...]) -> None:
    """With any number of segments that the header may name; the hash is not looked at."""
    whole = image(*lengths)
    assert whole[:-HASH_SIZE] == started(whole) == started(changed(whole, len(whole) - 1))
    bare = image(*lengths, hash_appended=False)
    assert bare == started(bare)


@pytest.mark.parametrize("at", [0, 24 + 8, 24 + 8 + 299, 24 + 8 + 300 + 8 + 11, 24 + 8 + 300 + 8 + 12 + 15])
def test_bit_that_turns_in_magic_or_data_or_checksum_stops_it(at: int) -> None:
    """The first byte of the header, any byte of a segment, the checksum behind them."""
    whole = image(300, 12)
    assert 368 + HASH_SIZE == len(whole), "24 + 8 + 300 + 8 + 12 bytes, and 16 with the checksum"
    assert started(changed(whole, at)) is None


@pytest.mark.parametrize(("at", "value"), [(12, 0x55), (2, 0), (24, 0x77), (352, 0x5A)])
def test_chip_mode_load_address_and_padding_are_not_looked_at(at: int, value: int) -> None:
    """What no sentence of the ROM's speaks of."""
    whole = image(300, 12)
    other = changed(whole, at, value)
    assert other[:-HASH_SIZE] == started(other)


@pytest.mark.parametrize("count", [0, 17, 255])
def test_number_of_segments_is_1_to_16(count: int) -> None:
    """Whatever follows."""
    assert started(changed(image(*(4,) * 16), 1, count)) is None


@pytest.mark.parametrize(
    ("room", "starts"), [(368, True), (367, False), (352, False), (351, False), (340, False), (24 + 8, False)]
)
def test_bootloader_that_runs_into_the_table_is_not_started(room: int, starts: bool) -> None:
    """Its checksum must lie in front of it: 16 bytes behind the 352 of headers and segments."""
    assert starts == (started(image(300, 12), room) is not None)


def test_bootloader_may_fill_its_room_to_the_last_byte() -> None:
    """Fewer bytes than a segment header may follow the last segment: padding and checksum alone."""
    bare = image(SECTOR_SIZE - 24 - 8 - 4, hash_appended=False)
    assert SECTOR_SIZE == len(bare)
    assert bare == started(bare, SECTOR_SIZE)


@pytest.mark.parametrize("length", [0x100, 0xFFFFFFFC, 0x01000000])
def test_segment_that_says_it_is_longer_than_the_room_is_refused(length: int) -> None:
    """And nothing behind the room is read."""
    whole = image(4)
    longer = whole[:28] + length.to_bytes(4, "little") + whole[32:]
    assert started(longer, room=0x80) is None


def test_erased_place_and_zeros_start_nothing() -> None:
    """No magic byte."""
    assert started(b"") is None and started(bytes(SECTOR_SIZE)) is None
