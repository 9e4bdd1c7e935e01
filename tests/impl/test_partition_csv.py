"""The CSV form of the partition table, against ESP-IDF's own generator."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.partitions.csv_format import CsvPlaces, format_csv, parse_csv
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import TableError, encode_table
from places import DATA, REAL

GOLDEN = DATA / "partition_table"
PROJECTS = REAL / "idf"
PLACES = CsvPlaces(0x8000, 0x1000)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.csv")), ids=lambda path: path.stem)
def test_csv_becomes_the_bytes_of_the_generator(path: Path) -> None:
    """Blank offsets, units, flags, gaps, long and half names, primary bootloader and table: byte for byte."""
    assert path.with_suffix(".bin").read_bytes() == encode_table(parse_csv(path.read_bytes(), PLACES))


def test_byte_order_mark_is_no_part_of_the_first_name() -> None:
    """As the generator does today; a file it once made has the mark in the name."""
    (partition,) = parse_csv(b"\xef\xbb\xbfnvs, data, nvs, 0x9000, 0x4000")
    assert "nvs" == partition.label


@pytest.mark.parametrize("path", sorted(PROJECTS.rglob("*.csv")), ids=lambda path: path.stem)
def test_tables_of_real_projects_are_accepted(path: Path) -> None:
    """ESP-IDF's own tables and those of its examples, where they are at hand."""
    table = parse_csv(path.read_bytes(), PLACES)
    assert any(partition.is_app for partition in table)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a", "line 1, type: empty"),
        ("a,app", "line 1, subtype: empty; an app needs one"),
        ("a,apk,ota_0,,64K", "line 1, type: 'apk' is not valid"),
        ("a,app,ota_16,,64K", "line 1, subtype: 'ota_16' is not valid"),
        ("a,data,300,,4K", "line 1, subtype: 300 does not fit a byte"),
        ("a,data,nvs,0x9000", "line 1, size: empty"),
        ("a,data,nvs,0x9000,4Q", "line 1, size: '4Q' is not valid"),
        ("a,data,nvs,nine,4K", "line 1, offset: 'nine' is not valid"),
        ("a,data,nvs,,16K,locked", "line 1, flags: unknown flag in 'locked'"),
        ("a,app,ota_0,0x18000,64K", "line 1, partition 'a': offset 0x18000 is not a multiple of 0x10000"),
        ("a,app,ota_0,,0x10800", "size 0x10800 of an app is not a multiple of 0x1000"),
        ("a,data,nvs,0x8000,16K", "line 1, offset: 0x8000 lies before 0x9000, where the partition table ends"),
        ("a,data,nvs,,0x2000", "too small for a writable nvs"),
        ("a,data,ota,,0x2000,readonly", "drop readonly"),
        ("a,data,ota,,0x3000", "otadata has size 0x3000; it must be 0x2000"),
        ("a,data,ota,,0x2000\nb,data,ota,,0x2000", "line 2, partition 'b': a second otadata partition"),
        ("a,data,fat,,4K\na,data,fat,,4K", "line 2, partition 'a': name 'a' is taken by line 1"),
        ("a,data,fat,0xa000,8K\nb,data,fat,0xb000,4K", "line 2, offset: 0xb000 lies before 0xc000"),
        ("$NO_SUCH_NAME,data,fat,,4K", "line 1, name: $NO_SUCH_NAME is never filled in"),
        (" ${NO_SUCH_NAME},data,fat,,4K", "line 1, name: $NO_SUCH_NAME is never filled in"),
        ("a,data,fat,$AT,4K", "line 1, offset: $AT is not filled in from the environment; write its value, or ask"),
        ("a,data,fat,,-0x1000", "line 1, size: -"),
        ("a,data,fat,,4K,encrypted: readonly", "line 1, flags: unknown flag in 'encrypted: readonly'"),
        ("a,data,fat,,4K # logs", "line 1, size: '4K # logs' is not valid"),
        ("a,data,fat,,010", "line 1, size: '010' is not valid"),
        ("a,data,phyK,,4K", "line 1, subtype: phyK does not fit a byte"),
        ("a,data,fat,N/A,4K", "line 1, offset: 'N/A' is not valid"),
        ("a,data,fat,0x100000000,4K", "line 1, offset: 4294967296 does not fit 32 bits"),
        ("a,data,tee_ota,,0x1000", "TEE otadata has size 0x1000; it must be 0x2000"),
        ("a,data,coredump,,64K,readonly", "drop readonly"),
        ("r,bootloader,recovery,N/A,N/A", "where the recovery bootloader lies is not known"),
    ],
)
def test_mistake_is_told_with_line_and_field(line: str, message: str) -> None:
    """One line of text for one wrong line of a table."""
    with pytest.raises(TableError) as caught:
        parse_csv(line.encode(), PLACES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "csv",
    [
        "",
        "# nothing but a remark",
        "a,app,ota_0,,64K\nb,app,ota_2,,64K",
        "a,app,ota_0,,64K\nb,app,ota_0,,64K",
        "a,data,nvs,,0x1000,readonly",
        "a,data,fat,,0",
        "a,255,255,,1",
        ",data,fat,,4K",
    ],
)
def test_what_the_generator_lets_pass_passes(csv: str) -> None:
    """Each of these lines makes it write a table; so many lines, so many partitions."""
    lines = [line for line in csv.splitlines() if not line.startswith("#")]
    assert len(lines) == len(parse_csv(csv.encode(), PLACES))


def test_secure_boot_v1_wants_apps_of_whole_64_kib() -> None:
    """Its signature lies at the end of such a block; elsewhere 4 KiB will do."""
    csv = b"a,app,ota_0,,0x11000"
    assert 0x11000 == parse_csv(csv)[0].size
    with pytest.raises(TableError, match="size 0x11000 of an app is not a multiple of 0x10000"):
        parse_csv(csv, secure_boot_v1=True)


def test_places_of_bootloader_and_table_come_from_the_build() -> None:
    """What such a line says of offset and size does not count, except where the place is free to choose."""
    csv = (
        b"boot,bootloader,primary,N/A,N/A\ntable,partition_table,primary,N/A,N/A\napp,app,factory,,1M\n"
        b"boot2,bootloader,ota,,N/A\ntable2,partition_table,ota,,N/A\nrescue,bootloader,recovery,N/A,N/A\n"
    )
    table = parse_csv(csv, CsvPlaces(0x9000, 0x1000, 0x200000))
    assert [
        (0x1000, 0x8000),
        (0x9000, 0x1000),
        (0x10000, 0x100000),
        (0x110000, 0x8000),
        (0x118000, 0x1000),
        (0x200000, 0x8000),
    ] == [(partition.offset, partition.size) for partition in table]


def test_bootloader_behind_the_table_is_refused() -> None:
    """It would have no size."""
    with pytest.raises(TableError, match="bootloader at 0x9000 does not end before"):
        parse_csv(b"boot,bootloader,primary,N/A,N/A", CsvPlaces(0x8000, 0x9000))


def test_line_numbers_count_comments_and_blank_lines() -> None:
    """What an editor shows."""
    with pytest.raises(TableError, match="line 4, size"):
        parse_csv(b"# a table\n\n  # more\nx,data,nvs,,oops\n")


def test_environment_is_expanded() -> None:
    """$NAME and ${NAME}, as the generator does, where their values are given."""
    places = replace(PLACES, environment={"SIZE": "4", "AT": "0x20000"})
    (partition,) = parse_csv(b"logs,data,fat,${AT},${SIZE}K", places)
    assert Partition("logs", 1, 0x81, 0x20000, 0x1000) == partition


@pytest.mark.parametrize(
    "line", ["a,$S,fat,,4K", "a,data,$S,,4K", "a,data,fat,$S,4K", "a,data,fat,,$S", "a,data,fat,,4K,$S"]
)
@pytest.mark.parametrize("value", ["hunter2", "1,hunter2", "hunter2" * 30])
def test_value_of_a_variable_is_in_no_message(line: str, value: str) -> None:
    """What is shown is the name, as it is written."""
    with pytest.raises(TableError) as caught:
        parse_csv(line.encode(), replace(PLACES, environment={"S": value}))
    assert "$S" in str(caught.value) and "hunter2" not in str(caught.value)


def test_text_in_utf16_is_read() -> None:
    """The byte order mark tells."""
    assert parse_csv(b"a,data,fat,,4K") == parse_csv("a,data,fat,,4K".encode("utf-16"))


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    """A binary file with a CSV's name."""
    with pytest.raises(TableError, match="line 2: byte 0xff is no utf-8 text"):
        parse_csv(b"# fine\nnvs,\xff\xff")
    with pytest.raises(TableError, match="line 2: byte 0xfe is no utf-8"):
        parse_csv(b"\xef\xbb\xbf#\n\xfe\xff")


def test_text_in_little_endian_utf32_is_refused_as_by_the_generator() -> None:
    """Its byte order mark begins with that of UTF-16."""
    with pytest.raises(TableError, match="save the file as UTF-8"):
        parse_csv("a,data,fat,,4K".encode("utf-32"))


def test_table_elsewhere_moves_the_first_free_address() -> None:
    """CONFIG_PARTITION_TABLE_OFFSET."""
    (partition,) = parse_csv(b"a,data,fat,,4K", CsvPlaces(0x10000))
    assert 0x11000 == partition.offset


SIZES = st.integers(1, 40).map(lambda sectors: sectors * 0x1000)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([(0, 0x10), (0, 0x11), (0, 0x00), (1, 0x81), (1, 0x06), (0x40, 3)]), SIZES, st.booleans()
    ),
    min_size=1,
    max_size=8,
)


@given(ROWS)
def test_formatted_table_reads_back(rows: list[tuple[tuple[int, int], int, bool]]) -> None:
    """format_csv and parse_csv undo each other."""
    csv = "".join(
        f"p{number},{type_},{subtype},,{size},{'encrypted' if encrypted else ''}\n"
        for number, ((type_, subtype), size, encrypted) in enumerate(rows)
    )
    table = parse_csv(csv.encode())
    assert table == parse_csv(format_csv(table).encode())
