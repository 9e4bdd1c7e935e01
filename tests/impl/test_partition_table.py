"""The binary partition table, as bootloader and application read it."""

import hashlib
import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import TABLE_MAX_LENGTH, TableError, decode_table, encode_table, load_partitions
from otaproof.model.config import Release
from places import DATA, REAL

LAYOUTS = json.loads((DATA / "vectors/layouts.json").read_text())
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


def md5_row(*rows: bytes) -> bytes:
    """Return the MD5 row that belongs behind `rows`."""
    return b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(b"".join(rows)).digest()


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


def test_generator_tables_are_met_both_ways() -> None:
    """With and without the MD5 row, as gen_esp32part.py writes them."""
    with_md5 = (DATA / "partition_table/two_slots.bin").read_bytes()
    without = (DATA / "partition_table/two_slots_no_md5.bin").read_bytes()
    table = decode_table(with_md5, FLASH, NEWEST)
    assert table == decode_table(without, FLASH, NEWEST)
    assert with_md5 == encode_table(table)
    assert without == encode_table(table, md5=False)


@pytest.mark.parametrize("path", sorted(REAL.rglob("partitions*.bin")), ids=lambda path: path.parent.name)
def test_tables_of_real_devices_are_met_both_ways(path: Path) -> None:
    """Where they are at hand. One of them is too old for an MD5 row, and ends with the file."""
    raw = path.read_bytes()
    padded_raw = padded(raw)
    assert padded_raw == encode_table(decode_table(padded_raw, FLASH, NEWEST), md5=b"\xeb\xeb" in raw)


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


@pytest.mark.parametrize(("md5", "most"), [(True, 94), (False, 95)])
def test_rows_md5_and_terminator_fill_a_table(md5: bool, most: int) -> None:
    """One more does not fit."""
    many = tuple(Partition(f"p{number}", 1, 0x81, 0x1000 * (16 + number), 0x1000) for number in range(most + 1))
    assert TABLE_MAX_LENGTH == len(encode_table(many[:most], md5))
    with pytest.raises(TableError, match=f"{most + 1} partitions do not fit; at most {most} do"):
        encode_table(many, md5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(TABLE[0], type=0x100), "'otadata': type 256 is not in 0 … 0xff"),
        (replace(TABLE[0], subtype=-1), "'otadata': subtype -1 is not in 0 … 0xff"),
        (replace(TABLE[0], offset=-1), "'otadata': offset -1 is not in 0 … 0xffffffff"),
        (replace(TABLE[0], size=1 << 32), "'otadata': size 4294967296 is not in 0 … 0xffffffff"),
    ],
)
def test_number_that_no_row_can_hold_is_refused(wrong: Partition, message: str) -> None:
    """By name, not by an error of struct."""
    with pytest.raises(TableError, match=message):
        encode_table((wrong,))


def test_row_behind_the_md5_row_costs_the_last_one() -> None:
    """The bootloader takes one off the count, and reads the MD5 row as if it were a partition."""
    first, last = row(offset=0x10000), row(offset=0x20000)
    raw = padded(first, md5_row(first), last)
    read = decode_table(raw, FLASH, NEWEST)
    assert [0x10000, 0xFFFFFFFF] == [partition.offset for partition in read]
    assert [0x10000] == [partition.offset for partition in load_partitions(raw, NEWEST, needs_md5=True)]


def test_bootloader_reads_no_further_than_a_table_may_reach() -> None:
    """A terminator in row 96 comes too late."""
    with pytest.raises(TableError, match="no terminating row"):
        decode_table(row() * 96 + b"\xff" * 32, FLASH, NEWEST)


def test_application_reads_a_whole_sector_of_rows() -> None:
    """128 rows, a third more than the bootloader allows, when it need not find an MD5 row."""
    raw = row() * 128
    assert 128 == len(load_partitions(raw, NEWEST, needs_md5=False))
    with pytest.raises(TableError, match="row 128: no MD5 row"):
        load_partitions(raw, NEWEST, needs_md5=True)


def test_application_does_not_want_a_terminator() -> None:
    """What follows the MD5 row may be anything."""
    raw = (RAW[:128] + b"garbage").ljust(0x1000, b"\0")
    assert TABLE == load_partitions(raw, NEWEST, needs_md5=True)
    with pytest.raises(TableError, match="row 4: magic is 6761"):
        decode_table(raw, FLASH, NEWEST)


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


def test_bootloader_table_keeps_both_flags() -> None:
    """The reader of users' files needs them; the bootloader itself heeds none."""
    (partition,) = decode_table(padded(row(flags=3)), FLASH, NEWEST)
    assert (True, True) == (partition.encrypted, partition.readonly)


def test_application_takes_nothing_for_encrypted_while_the_chip_is_not() -> None:
    """The flag counts with flash encryption only. Source: partition.c is_partition_encrypted."""
    raw = padded(row(flags=1), md5_row(row(flags=1)))
    assert [False] == [partition.encrypted for partition in load_partitions(raw, NEWEST, needs_md5=True)]


def test_label_of_any_bytes_survives() -> None:
    """Two labels that are no text stay two; behind a NUL nothing counts."""
    labels = [b"\xff" * 16, b"\xfe" * 16, b"half \xd1", b"ends\0here"]
    raw = padded(*(row()[:12] + label.ljust(16, b"\0") + row()[28:] for label in labels))
    read = decode_table(raw, FLASH, NEWEST)
    assert len(labels) == len({partition.label for partition in read})
    assert "ends" == read[3].label
    assert raw[:96] == encode_table(read)[:96]


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
            readonly=st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_rows_survive_encoding(rows: list[Partition]) -> None:
    """Neither reader looks for overlaps or duplicates."""
    table = tuple(rows)
    assert table == decode_table(encode_table(table), FLASH, NEWEST)
    plain = tuple(replace(partition, encrypted=False) for partition in table)
    assert plain == load_partitions(encode_table(table), NEWEST, needs_md5=True)
