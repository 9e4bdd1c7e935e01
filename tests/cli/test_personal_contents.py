"""A dump holds what is nobody's business: Wi-Fi passwords, certificates, logs. None of it gets into what is printed."""

import base64
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from otaproof.cli.main import main
from otaproof.impl.chip.cells import Cells
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.ota_state import OtaImgState

MARKER = b"hunter2-of-the-guest-wifi"
TABLE = (
    Partition("nvs", 1, 2, 0x9000, 0x4000),
    Partition("otadata", 1, 0, 0xD000, 0x2000),
    Partition("certs", 0x40, 0, 0xF000, 0x1000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
    Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
    Partition("logs", 1, 0x81, 0x30000, 0x10000),
)
TOKEN = re.compile(r"ot[ph]1\.([\w-]+)")


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A flash whose every byte that no update needs is the marker's."""
    filled = (MARKER * (0x40000 // len(MARKER) + 1))[:0x40000]
    cells = Cells.from_bytes(filled)
    cells = cells.with_bytes(0x8000, encode_table(TABLE).ljust(0x1000, b"\xff"))
    record = encode_entry(make_entry(1, OtaImgState.VALID)).ljust(0x1000, b"\xff")
    cells = cells.with_bytes(0xD000, record + b"\xff" * 0x1000)
    for number, offset in enumerate((0x10000, 0x20000)):
        cells = cells.with_bytes(offset, build_image(size=8192, version=f"1.{number}.0", project_name="p", seed=number))
    path = tmp_path / "dump.bin"
    path.write_bytes(cells.read(0, cells.size))
    return path


def forms(text: bytes) -> Iterator[bytes]:
    """Yield the marker as reports could hold it: plain, in hex, and in base64 at any of the three places."""
    yield from (text, text.hex().encode(), text.hex().upper().encode(), text.hex(" ").encode(), text[::-1])
    for skipped in range(3):
        yield base64.b64encode(text[skipped:])[:20].rstrip(b"=")


def tokens_in(contents: bytes) -> Iterator[bytes]:
    """Yield what the tokens hold that a text has."""
    for body in TOKEN.findall(contents.decode("utf-8", "replace")):
        yield zlib.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def assert_nothing_personal(*contents: bytes) -> None:
    """No form of the marker is there, not even of its half."""
    for whole in contents:
        for part in (whole, *tokens_in(whole)):
            assert not [form for half in (MARKER, MARKER[:12]) for form in forms(half) if form in part]


def test_marker_would_be_found() -> None:
    """The guard itself can fail."""
    for form in forms(MARKER):
        with pytest.raises(AssertionError):
            assert_nothing_personal(b"x" + form + b"y")


@pytest.mark.parametrize("is_json", [False, True])
def test_reports_files_and_tokens_hold_nothing_personal(
    dump: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], is_json: bool
) -> None:
    """Of check, doctor and explain, and what they write; of the replay and the picture of each token."""
    update, out, cuts, sarif = (tmp_path / name for name in ("update.bin", "out.json", "cuts.csv.gz", "out.sarif"))
    update.write_bytes(build_image(size=8192, version="2.0.0", project_name="p", seed=9))
    json_option = ["--json"] if is_json else []
    check = ["check", str(dump), "--update", str(update), "--rollback", "--idf", "5.1", "--no-proofs", "--faults", "F0"]
    assert main([*check, "--out", str(out), "--cuts", str(cuts), *json_option]) == 1
    said = capfdbinary.readouterr()
    tokens = list(dict.fromkeys(match[0] for match in TOKEN.finditer(said.out.decode())))
    assert tokens
    assert_nothing_personal(said.out, said.err, out.read_bytes(), gzip.decompress(cuts.read_bytes()))
    main(["doctor", str(dump), "--idf", "5.1", "--sarif", str(sarif), *json_option])
    main(["explain", str(dump), "--rollback", "--idf", "5.1", "--no-history", *json_option])
    flash = tmp_path / "cut.bin"
    main(["replay", tokens[0], "--save-flash", str(flash), *json_option])
    said = capfdbinary.readouterr()
    assert b"nvs" in said.out
    assert_nothing_personal(said.out, said.err, sarif.read_bytes(), flash.read_bytes())


@pytest.mark.parametrize("damage", ["no table", "no image", "cut off"])
def test_messages_about_a_damaged_dump_hold_nothing_personal(
    dump: Path, capfdbinary: pytest.CaptureFixture[bytes], damage: str
) -> None:
    """Where a table or an image belongs there is something else. Of otadata its two records are told: 32 bytes each."""
    raw = bytearray(dump.read_bytes())
    filled = (MARKER * 3000)[:0x10000]
    places = {"no table": (0x8000, 0x1000), "no image": (0x10000, 0x10000)}
    if damage in places:
        offset, size = places[damage]
        raw[offset : offset + size] = filled[:size]
    dump.write_bytes(raw[:-100] if damage == "cut off" else raw)
    for command in (
        ["explain", "--no-history"],
        ["mend", "--no-history"],
        ["doctor"],
        ["check", "--no-proofs", "--faults", "F0"],
    ):
        main([command[0], str(dump), "--idf", "5.1", *command[1:]])
    said = capfdbinary.readouterr()
    assert_nothing_personal(said.out, said.err)
