"""The contents of the chip as a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.cells import ERASED_SECTOR, SECTOR_SIZE, Cells, and_bytes, is_programmable

SIZE = 40 * SECTOR_SIZE


def test_change_leaves_the_old_value_as_it_was() -> None:
    """Cells are immutable: whoever holds a snapshot keeps it."""
    before = Cells.erased(SIZE)
    before.with_bytes(0x5FFE, b"\x00" * 4)
    assert Cells.erased(SIZE) == before


def test_unchanged_sectors_are_shared() -> None:
    """A change copies one sector and keeps the others, the same objects."""
    before = Cells.from_bytes(bytes(range(256)) * (SIZE // 256))
    after = before.with_bytes(0x3000, b"x")
    shared = [index for index in range(40) if after.sector(index) is before.sector(index)]
    assert [index for index in range(40) if index != 3] == shared


def test_read_of_more_than_the_chip_goes_round() -> None:
    """Many times if it must: a partition can name almost 4 GiB."""
    cells = Cells.from_bytes(bytes(range(256)) * 16)
    whole = cells.to_bytes()
    assert whole[7:] + whole * 5000 + whole[:9] == cells.read(7, 4089 + 5000 * 4096 + 9)


def test_read_wraps_at_the_end_of_the_chip() -> None:
    """As the recordings do, reads past the end go on at address 0."""
    cells = Cells.erased(SIZE).with_bytes(0, b"abcd").with_bytes(SIZE - 2, b"yz")
    assert b"yzabc" == cells.read(SIZE - 2, 5)


@given(st.integers(0, SIZE - 1), st.binary(max_size=3 * SECTOR_SIZE))
def test_bytes_put_anywhere_are_read_back(address: int, contents: bytes) -> None:
    """with_bytes and read agree across sector boundaries, and nothing else changes."""
    contents = contents[: SIZE - address]
    whole = bytearray(b"\xff" * SIZE)
    whole[address : address + len(contents)] = contents
    cells = Cells.erased(SIZE).with_bytes(address, contents)
    assert bytes(whole) == cells.to_bytes()
    assert contents == cells.read(address, len(contents))


@given(st.integers(0, SIZE + 9), st.integers(0, 3 * SECTOR_SIZE), st.integers(0, SIZE - 1), st.binary(max_size=9))
def test_agreement_of_a_range_is_that_of_its_bytes(address: int, length: int, at: int, contents: bytes) -> None:
    """Across sectors and past the end; what differs beside the range does not count."""
    one = Cells.erased(SIZE)
    other = one.with_bytes(at, contents[: SIZE - at])
    assert (one.read(address, length) == other.read(address, length)) == one.agrees(other, address, length)


@pytest.mark.parametrize("size", [0, 1, SECTOR_SIZE - 1, SECTOR_SIZE + 1])
def test_size_that_is_not_whole_sectors_is_refused(size: int) -> None:
    """A dump of the wrong size must not be taken for a chip."""
    with pytest.raises(ValueError, match="sector"):
        Cells.from_bytes(b"\x00" * size)


def test_equal_contents_are_equal_and_hash_alike() -> None:
    """Equality is by bytes, however the value came about."""
    one = Cells.erased(SIZE).with_sector(7, bytes(SECTOR_SIZE)).with_sector(7, ERASED_SECTOR)
    assert Cells.erased(SIZE) == one
    assert hash(Cells.erased(SIZE)) == hash(one)


@given(st.binary(min_size=1, max_size=64), st.data())
def test_programming_clears_bits_only(old: bytes, data: st.DataObject) -> None:
    """and_bytes is the bitwise and, and is_programmable tells when no bit would have to rise."""
    new = data.draw(st.binary(min_size=len(old), max_size=len(old)))
    expected = bytes(a & b for a, b in zip(old, new, strict=True))
    assert expected == and_bytes(old, new)
    assert (expected == new) == is_programmable(old, new)
