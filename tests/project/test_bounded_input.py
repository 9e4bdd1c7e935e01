"""Files from strangers: what is no regular file, too large, packed too well or nested too deeply is refused at once."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from otaproof import bounded_input
from otaproof.bounded_input import json_value, read_bounded, read_lines, shortened, shown, unpacked
from otaproof.errors import InputError


def test_bytes_of_a_regular_file(tmp_path: Path) -> None:
    """As they are, up to the limit."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert b"12345" == read_bounded(path, 5)
    with pytest.raises(InputError, match="5 bytes; the most that is read is 4"):
        read_bounded(path, 4)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe without a writer, a device that never ends, a directory, a name that is none."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(InputError, match="is a device or a pipe"):
            read_bounded(path)
    with pytest.raises(InputError, match="is a directory"):
        read_bounded(tmp_path)
    with pytest.raises(InputError, match="no name of a file"):
        read_bounded(tmp_path / "a\0b")
    with pytest.raises(InputError, match="File name too long"):
        read_bounded(tmp_path / ("a" * 300))


def test_sparse_file_takes_no_memory(tmp_path: Path) -> None:
    """4 GiB of nothing are refused by their size."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(4 << 30)
    with pytest.raises(InputError, match="4,294,967,296 bytes"):
        read_bounded(path)


def test_gzip_is_unpacked_up_to_the_limit() -> None:
    """Several members are one file; a member that is cut short is told."""
    where = Path("a.gz")
    packed = gzip.compress(b"a" * 60) + gzip.compress(b"b" * 40)
    assert b"a" * 60 + b"b" * 40 == unpacked(where, packed, 100)
    assert b"plain" == unpacked(where, b"plain", 1)
    with pytest.raises(InputError, match="unpacks to more than 99 bytes"):
        unpacked(where, packed, 99)
    with pytest.raises(InputError, match="cut short"):
        unpacked(where, packed[:-3])
    with pytest.raises(InputError, match="damaged gzip file"):
        unpacked(where, packed[:12] + b"\xff" * 9)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_lines_are_read_one_by_one_up_to_the_limits(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line may lie across pieces of the file; only the end of a line divides, no other control character."""
    monkeypatch.setattr(bounded_input, "_PIECE", 7)
    monkeypatch.setattr(bounded_input, "LONGEST_LINE", 100)
    text = b"short\n\n" + b"x" * 90 + b"\n\xe2\x80\xa8\x85\x0c last"
    path = tmp_path / "lines"
    path.write_bytes(pack(text))
    assert text.split(b"\n") == list(read_lines(path, 200))
    path.write_bytes(pack(b"x" * 120 + b"\n"))
    with pytest.raises(InputError, match="a line of more than 100 bytes"):
        list(read_lines(path, 200))


def test_lines_of_a_small_file_that_unpacks_to_much_are_refused(tmp_path: Path) -> None:
    """What comes before the limit is yielded, nothing beyond it is unpacked."""
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"a line\n" * 100_000))
    with pytest.raises(InputError, match="unpacks to more than 10,000 bytes"):
        list(read_lines(path, 10_000))
    path.write_bytes(gzip.compress(b"a line\n" * 1000)[:-12])
    with pytest.raises(InputError, match="cut short"):
        list(read_lines(path))


def test_lines_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of millions of empty ones are a few megabytes, packed."""
    monkeypatch.setattr(bounded_input, "MOST_LINES", 1000)
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(b"\n" * 1000))
    assert [b""] * 1000 == list(read_lines(path))
    path.write_bytes(gzip.compress(b"\n" * 1001))
    with pytest.raises(InputError, match="more than 1,000 lines"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "too many digits"),
        ("{", "line 1, column 2"),
        (b"\xff\xfe\xfd", "no UTF-8"),
    ],
)
def test_json_that_is_none(text: str | bytes, reason: str) -> None:
    """One line each, with where it stands."""
    with pytest.raises(InputError, match=f"a.json: no JSON: .*{reason}; rebuild"):
        json_value(text, "a.json", "; rebuild")


def test_foreign_values_are_short_and_paint_nothing() -> None:
    """Control characters, halves of characters and bytes that are no text are written out."""
    assert "a" * 39 + "…" == shortened("a" * 41)
    assert r"\x1b[2J\x0a" == shown("\x1b[2J\n")
    assert "a\n" + r"\x07" == shown("a\n\x07", keeps_lines=True)
    assert r"\xff\ud800\u202e" == shown("\udcff\ud800\u202e")
    assert "Grüße, 漢字 [bold]:smile:" == shown("Grüße, 漢字 [bold]:smile:")
    assert "a number of too many digits" == shortened(10**5000)
