"""The binary partition table, as bootloader and application read it."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.partition_table import (
    TABLE_MAX_LENGTH,
    TableError,
    decode_table,
    encode_table,
    load_partitions,
)
from otaproof.impl.partitions import Partition
from otaproof.model.config import Release

LAYOUTS = json.loads((Path(__file__).parent / "data/vectors/layouts.json").read_text())
FLASH = 0x400000
NEWEST = Release.V6_2_DEV
TABLE = (
    Partition("otadata", 1, 0, 0xD000, 0x2000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
    Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
)
RAW = encode_table(TABLE)


def row(magic: bytes = b"\xaa\x50", offset: int = 0x10000, size: int = 0x1000, flags: int = 0) -> bytes:
    """Return one row, right or wrong."""
    return struct.pack("<2sBBII16sI", magic, 1, 0x81, offset, size, b"row", flags)


def padded(*rows: bytes) -> bytes:
    """Return rows followed by erased flash."""
    return b"".join(rows).ljust(TABLE_MAX_LENGTH, b"\xff")


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_recorded_layouts_are_met_both_ways(name: str) -> None:
    """The tables that the recordings were made with."""
    layout = LAYOUTS[name]
    partitions = tuple(
        Partition(p["label"], p["type"], p["subtype"], p["offset"], p["size"]) for p in layout["partitions"]
    )
    recorded = bytes.fromhex(layout["table_hex"])
    assert recorded == encode_table(partitions)[: len(recorded)]
    assert partitions == decode_table(padded(recorded), FLASH, NEWEST)
    assert partitions == load_partitions(recorded.ljust(0x1000, b"\xff"), NEWEST, needs_md5=True)


def test_md5_row_covers_all_rows_before_it() -> None:
    """EB EB, 14 bytes of FF, the digest."""
    at = len(TABLE) * 32
    assert b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(RAW[:at]).digest() == RAW[at : at + 32]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\xff" * TABLE_MAX_LENGTH, "row 0: magic is ffff"),
        (padded(row(b"\xe9\x03")), "row 0: magic is e903"),
        (RAW[:70] + b"\x00" + RAW[71:], "row 3: the MD5"),
        (padded(RAW[:128], RAW[96:128]), "a second MD5 row"),
        (padded(row(offset=FLASH + 1)), "exceed the flash"),
        (padded(row(size=FLASH)), "exceed the flash"),
        (row() * 96, "no terminating row"),
    ],
)
def test_bootloader_refuses(raw: bytes, message: str) -> None:
    """Each reason names the row."""
    with pytest.raises(TableError, match=message):
        decode_table(raw, FLASH, NEWEST)


def test_empty_table_passed_the_bootloader_before_5_5() -> None:
    """Then it found nothing to boot."""
    assert () == decode_table(b"\xff" * TABLE_MAX_LENGTH, FLASH, Release.V5_1)


def test_huge_size_wrapped_around_before_6_1() -> None:
    """offset + size was added in 32 bits."""
    raw = padded(row(offset=0x10000, size=0xFFFFF000))
    assert 0xFFFFF000 == decode_table(raw, FLASH, Release.V6_0)[0].size
    with pytest.raises(TableError, match="exceed"):
        decode_table(raw, FLASH, Release.V6_1)


def test_95_rows_and_the_md5_fill_a_table() -> None:
    """One more does not fit."""
    many = tuple(Partition(f"p{number}", 1, 0x81, 0x1000 * (16 + number), 0x1000) for number in range(95))
    assert TABLE_MAX_LENGTH == len(encode_table(many[:94]))
    with pytest.raises(TableError, match="do not fit"):
        encode_table(many)


def test_application_wants_the_md5_row_when_built_so() -> None:
    """CONFIG_PARTITION_TABLE_MD5; the bootloader never wants it."""
    raw = encode_table(TABLE, md5=False)
    assert TABLE == decode_table(raw, FLASH, NEWEST)
    assert TABLE == load_partitions(raw, NEWEST, needs_md5=False)
    with pytest.raises(TableError, match="no MD5 row"):
        load_partitions(raw, NEWEST, needs_md5=True)


def test_readonly_flag_counts_from_5_5_on() -> None:
    """Before, applications did not read it."""
    raw = encode_table((Partition("cfg", 1, 0x81, 0x10000, 0x1000, readonly=True),))
    found = [load_partitions(raw, release, needs_md5=True)[0].readonly for release in Release]
    assert [False, False, True, True, True, True] == found


def test_label_of_sixteen_bytes_has_no_end_mark() -> None:
    """And one byte more does not fit."""
    full = Partition("x" * 16, 1, 0x81, 0x10000, 0x1000)
    assert (full,) == decode_table(encode_table((full,)), FLASH, NEWEST)
    with pytest.raises(TableError, match="at most 16"):
        encode_table((Partition("x" * 17, 1, 0x81, 0x10000, 0x1000),))


@given(
    st.lists(
        st.builds(
            Partition,
            label=st.text("abcdefgh_0", min_size=1, max_size=16),
            type=st.integers(0, 0xFE),
            subtype=st.integers(0, 0xFE),
            offset=st.integers(0, FLASH // 2),
            size=st.integers(0, FLASH // 2),
            encrypted=st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_rows_survive_encoding(rows: list[Partition]) -> None:
    """Neither reader looks for overlaps or duplicates."""
    table = tuple(rows)
    assert table == decode_table(encode_table(table), FLASH, NEWEST)
    assert table == load_partitions(encode_table(table), NEWEST, needs_md5=True)
