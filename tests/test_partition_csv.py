"""The CSV form of the partition table, against ESP-IDF's own generator."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.partition_csv import CsvPlaces, format_csv, parse_csv
from otaproof.impl.partition_table import TableError, encode_table
from otaproof.impl.partitions import Partition

GOLDEN = Path(__file__).parent / "data/partition_table"
REAL = Path(__file__).parents[1].parent / "shared/real/idf"
PLACES = CsvPlaces(0x8000, 0x1000)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.csv")), ids=lambda path: path.stem)
def test_csv_becomes_the_bytes_of_the_generator(path: Path) -> None:
    """Blank offsets, units, flags, gaps, long names, primary bootloader and table: byte for byte."""
    assert path.with_suffix(".bin").read_bytes() == encode_table(parse_csv(path.read_bytes(), PLACES))


def test_byte_order_mark_is_no_part_of_the_first_name() -> None:
    """As the generator does today; a file it once made has the mark in the name."""
    (partition,) = parse_csv(b"\xef\xbb\xbfnvs, data, nvs, 0x9000, 0x4000")
    assert "nvs" == partition.label


@pytest.mark.parametrize("path", sorted(REAL.rglob("*.csv")), ids=lambda path: path.stem)
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
        ("a,data,nvs,,16K,locked", "line 1, flags: unknown flag 'locked'"),
        ("a,app,ota_0,0x18000,64K", "line 1, partition 'a': offset 0x18000 is not a multiple of 0x10000"),
        ("a,app,ota_0,,0x10800", "size 0x10800 of an app is not a multiple of 0x1000"),
        ("a,data,nvs,0x8000,16K", "line 1, offset: 0x8000 lies before 0x9000, where the partition table ends"),
        ("a,data,nvs,,0x2000", "too small for a writable nvs"),
        ("a,data,ota,,0x2000,readonly", "drop readonly"),
        ("a,data,ota,,0x3000", "otadata has size 0x3000; it must be 0x2000"),
        ("a,data,ota,,0x2000\nb,data,ota,,0x2000", "line 2, partition 'b': a second otadata partition"),
        ("a,data,fat,,4K\na,data,fat,,4K", "line 2, partition 'a': name 'a' is taken by line 1"),
        ("a,data,fat,0xa000,8K\nb,data,fat,0xb000,4K", "line 2, offset: 0xb000 lies before 0xc000"),
        ("$NO_SUCH_NAME,data,fat,,4K", "line 1: $NO_SUCH_NAME is not set"),
        ("a,data,fat,,-0x1000", "line 1, size: -"),
    ],
)
def test_mistake_is_told_with_line_and_field(line: str, message: str) -> None:
    """One line of text for one wrong line of a table."""
    with pytest.raises(TableError) as caught:
        parse_csv(line.encode(), PLACES, environment={})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_line_numbers_count_comments_and_blank_lines() -> None:
    """What an editor shows."""
    with pytest.raises(TableError, match="line 4, size"):
        parse_csv(b"# a table\n\n  # more\nx,data,nvs,,oops\n")


def test_environment_is_expanded() -> None:
    """$NAME and ${NAME}, as the generator does."""
    (partition,) = parse_csv(b"$LABEL,data,fat,${AT},4K", environment={"LABEL": "logs", "AT": "0x20000"})
    assert Partition("logs", 1, 0x81, 0x20000, 0x1000) == partition


def test_text_in_utf16_is_read() -> None:
    """The byte order mark tells."""
    assert parse_csv(b"a,data,fat,,4K") == parse_csv("a,data,fat,,4K".encode("utf-16"))


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    """A binary file with a CSV's name."""
    with pytest.raises(TableError, match="line 2: byte 0xff is no utf-8 text"):
        parse_csv(b"# fine\nnvs,\xff\xff")


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
