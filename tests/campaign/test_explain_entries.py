"""What is said of an otadata entry: every tear of a record is told for what it is, and odd numbers for what they do."""

import pytest

from otaproof.campaign.explain.entries import SlotNames, read_entries, summary_of, tear_of
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.ota_state import OtaImgState as S

TWO = SlotNames(2, {0: "app0", 1: "app1"}, 2)
BLANK = b"\xff" * 4096


def sector(raw: bytes) -> bytes:
    """Return a sector that begins with these bytes."""
    return raw.ljust(4096, b"\xff")


def problems(raw: bytes, names: SlotNames = TWO, other: bytes = BLANK) -> str:
    """Return what is wrong with an entry, in one text."""
    return "\n".join(read_entries((sector(raw), sector(other)), names)[0].problems)


@pytest.mark.parametrize("number", [2, 3, 17, 300])
@pytest.mark.parametrize("state", [S.NEW, S.PENDING_VERIFY, S.VALID])
def test_program_stopped_at_any_byte_is_told(number: int, state: S) -> None:
    """The number is that of the record, and the byte the last one that can be told."""
    record = encode_entry(make_entry(number, state))
    for length in [1, 2, 3, 4, *range(25, 32)]:
        told = tear_of(record[:length].ljust(32, b"\xff"), number - 1)
        assert told is not None
        assert told.startswith(f"the program of number {number} stopped after {length} byte")
    assert "stopped after 4 bytes" in str(tear_of(record[:20].ljust(32, b"\xff"), number - 1))


@pytest.mark.parametrize("length", range(1, 32))
def test_erase_stopped_at_any_byte_is_told(length: int) -> None:
    """What is left of the record names its number."""
    record = encode_entry(make_entry(2, S.VALID))
    told = tear_of(b"\xff" * length + record[length:], 3)
    assert told is not None
    assert told.startswith("the erase of number 2")


def test_scattered_bytes_and_bits_are_told() -> None:
    """F2 leaves bytes, F3 leaves bits."""
    record = encode_entry(make_entry(2, S.VALID))
    some_bytes = record[:1] + b"\xff\xff\xff" + record[4:]
    assert "only some bytes of number 2, VALID, are there" == tear_of(some_bytes, 1)
    some_bits = bytes([record[0] | 0x10]) + record[1:]
    assert "only some bits of number 2, VALID, are there" == tear_of(some_bits, 1)


def test_garbage_is_no_tear() -> None:
    """Bytes that no record leaves are not explained away."""
    assert tear_of(bytes(range(32)), 1) is None
    assert "other tools" in problems(bytes(range(32)))


def test_blank_and_whole_entries_have_no_problem() -> None:
    """Nothing is wrong with what the calls write."""
    assert "" == problems(b"")
    assert all("" == problems(encode_entry(make_entry(5, state))) for state in S)
    assert "blank" == summary_of(b"\xff" * 32, TWO)


def test_odd_numbers_are_told() -> None:
    """0, near the top, the top itself, and one that names no slot."""
    assert "counts as 2^32" in problems(encode_entry(make_entry(0, S.VALID)))
    assert "is 2 below 0xffffffff" in problems(encode_entry(make_entry(0xFFFFFFFD, S.VALID)))
    assert "what follows number 0xfffffffe" in problems(encode_entry(make_entry(0xFFFFFFFF, S.NEW)))
    gap = SlotNames(2, {0: "app0", 2: "app2"}, 1)
    told = problems(encode_entry(make_entry(2, S.VALID)), gap)
    assert "names slot 1 of 2, and the table has no ota_1" in told
    assert "the application counts 1 without a gap and takes it for ota_0" in told
    assert "no OTA slot" in problems(encode_entry(make_entry(2, S.VALID)), SlotNames(0, {}, 0))


def test_garbage_in_the_state_is_told_as_bootable() -> None:
    """The check word does not cover it; of what it may have been, bytes go before bits."""
    record = encode_entry(make_entry(2, S.NEW))
    torn = record[:24] + b"\x00\x00\xff\x00" + record[28:]
    assert "the entry boots without a test; NEW with some bytes" in problems(torn)
    assert read_entries((sector(torn), BLANK), TWO)[0].is_bootable


def test_label_and_rest_of_the_sector_are_told() -> None:
    """Bytes that nobody reads, and that no writer leaves."""
    record = encode_entry(make_entry(2, S.VALID))
    assert "unused by ESP-IDF" in problems(record[:4] + b"label".ljust(20, b"\0") + record[24:])
    assert "3 bytes behind the entry" in problems(record + b"abc")
