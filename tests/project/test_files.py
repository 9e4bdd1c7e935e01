"""The readers of users' files: what they take, and the line that says what is wrong with anything else."""

import re
from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.csv_format import CsvPlaces
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip, Config
from otaproof.project.files import read_file, read_image, read_otadata, read_table

CSV = b"otadata,data,ota,0x9000,0x2000\nota_0,app,ota_0,0x10000,64K\nota_1,app,ota_1,0x20000,64K\n"
TABLE = (
    Partition("otadata", 1, 0x00, 0x9000, 0x2000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
    Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
)
BOOT_APP0 = b"\1\0\0\0" + b"\xff" * 24 + bytes.fromhex("9a984347") + b"\xff" * 0x1FE0
"""The otadata file that Arduino flashes: sequence number 1 in the first sector."""


def write(path: Path, contents: bytes) -> Path:
    """Return the file, written."""
    path.write_bytes(contents)
    return path


def as_text(contents: bytes) -> bytes:
    """Return what a tool makes of a binary that reads it as UTF-8 and writes it back."""
    return contents.decode("utf-8", "replace").encode()


def test_missing_file_is_named(tmp_path: Path) -> None:
    """Nothing more can be said."""
    with pytest.raises(InputError, match=re.escape(f"{tmp_path}/app.bin: no such file")):
        read_file(tmp_path / "app.bin")


def test_directory_is_no_file(tmp_path: Path) -> None:
    """A usual slip with a shell's completion."""
    with pytest.raises(InputError, match="is a directory; name a file in it"):
        read_file(tmp_path)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    """A download that failed."""
    with pytest.raises(InputError, match="is empty"):
        read_file(write(tmp_path / "app.bin", b""))


@pytest.mark.parametrize("contents", [CSV, CSV.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + CSV, encode_table(TABLE)])
def test_table_is_told_by_its_contents(tmp_path: Path, contents: bytes) -> None:
    """CSV with either line end, with a byte order mark, or binary; the name says nothing."""
    assert TABLE == read_table(write(tmp_path / "table", contents), CsvPlaces())


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"name,data\0", r"neither a CSV nor a binary table"),
        (b"\xff" * 0xC00, r"byte 0 is 0xff: neither a CSV nor a binary table"),
        (build_image(), r"byte 0 is 0xe9: neither a CSV nor a binary table"),
        (as_text(encode_table(TABLE)), r"byte 0x0: a text tool has replaced"),
        (encode_table(TABLE)[:100], r"100 bytes are not whole rows of 32; the file is cut off"),
        (encode_table(TABLE) + build_image(), r"goes on after byte 0xc00"),
        (CSV + b"ota_1,app,ota_2,,64K\n", r"line 4"),
        (b"# nothing but a comment\n", r"no partition"),
    ],
)
def test_anything_but_a_table_is_refused_in_one_line(tmp_path: Path, contents: bytes, said: str) -> None:
    """The line begins with the file."""
    path = write(tmp_path / "table", contents)
    with pytest.raises(InputError, match=said) as caught:
        read_table(path, CsvPlaces())
    assert (True, 1) == (str(caught.value).startswith(f"{path}: "), len(str(caught.value).splitlines()))


def test_table_with_rows_behind_its_md5_row_is_refused(tmp_path: Path) -> None:
    """Bootloader and application would not see the same partitions."""
    raw = encode_table(TABLE)[:128]
    more = encode_table((Partition("more", 1, 0x81, 0x30000, 0x1000),))[:32]
    with pytest.raises(InputError, match=re.escape("table: row 3: the MD5 row is not the last")):
        read_table(write(tmp_path / "table", (raw + more).ljust(0xC00, b"\xff")), CsvPlaces())


def test_readonly_nvs_of_a_binary_table_may_be_small(tmp_path: Path) -> None:
    """As gen_esp32part.py verifies it: 0x3000 is the least for an nvs that is written."""
    table = (*TABLE, Partition("nvs", 1, 0x02, 0x30000, 0x1000, readonly=True))
    assert table == read_table(write(tmp_path / "table", encode_table(table)), CsvPlaces())


def test_image_is_read_whole(tmp_path: Path) -> None:
    """The bytes come back as they are."""
    image = build_image(size=5000)
    assert image == read_image(write(tmp_path / "app.bin", image), Config())[0]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"\x7fELF" + bytes(1000), r"byte 0 is 0x7f, not 0xe9: no application image; .*not its .elf"),
        (CSV, r"byte 0 is 0x6f, not 0xe9"),
        (as_text(build_image()), r"byte 0x0: a text tool has replaced \d+ bytes or more"),
        (build_image()[:100], r"100 bytes; an application has at least"),
        (build_image()[:-1], r"rebuild it or name the right file"),
        (build_image(Chip.ESP32S3), r"bytes 12-13: the image is for esp32s3, not for esp32"),
        (build_image(size=0x4000).replace(b"\n", b"\r\n"), r"LF follow a CR.*take the original binary"),
    ],
)
def test_anything_but_an_image_is_refused_in_one_line(tmp_path: Path, contents: bytes, said: str) -> None:
    """The line begins with the file."""
    path = write(tmp_path / "app.bin", contents)
    with pytest.raises(InputError, match=said) as caught:
        read_image(path, Config())
    assert (True, 1) == (str(caught.value).startswith(f"{path}: "), len(str(caught.value).splitlines()))


def test_otadata_has_two_sectors(tmp_path: Path) -> None:
    """The bytes come back as they are."""
    assert BOOT_APP0 == read_otadata(write(tmp_path / "boot_app0.bin", BOOT_APP0))


def test_otadata_mangled_by_a_text_tool_is_told_as_such(tmp_path: Path) -> None:
    """Each 0xff became three bytes; byte 4 is the first."""
    path = write(tmp_path / "boot_app0.bin", as_text(BOOT_APP0))
    with pytest.raises(InputError, match=r"an otadata partition has 0x2000: byte 0x4: a text tool has replaced 8\d+"):
        read_otadata(path)


def test_otadata_with_changed_line_ends_is_told_as_such(tmp_path: Path) -> None:
    """Sequence number 10 is a line feed."""
    path = write(tmp_path / "otadata.bin", (b"\n" + BOOT_APP0[1:]).replace(b"\n", b"\r\n"))
    with pytest.raises(InputError, match=r"0x2001 bytes; .*byte 0x0: all 1 LF follow a CR"):
        read_otadata(path)


def test_otadata_of_one_sector_is_refused(tmp_path: Path) -> None:
    """The dump of an entry, not of the partition."""
    with pytest.raises(InputError, match=r"0x1000 bytes; an otadata partition has 0x2000: dump both of its sectors"):
        read_otadata(write(tmp_path / "otadata.bin", BOOT_APP0[:0x1000]))


def test_csv_in_utf16_is_read_by_its_mark(tmp_path: Path) -> None:
    """Spreadsheets save tables so; the NUL bytes in it do not make it binary."""
    assert TABLE == read_table(write(tmp_path / "table.csv", CSV.decode().encode("utf-16")), CsvPlaces())
