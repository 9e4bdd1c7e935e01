"""The reader of recorded vectors: what it puts into flash, and what it says of bad input."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.conformance.recording import Recording
from otaproof.campaign.conformance.vectors import Vector, list_vector_files, parse_vector, read_vectors
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.model.config import Release

ENTRY_0 = "01000000" + "ff" * 20 + "02000000" + "9a984347"
ENTRY_1 = "02000000" + "ff" * 20 + "02000000" + "7437f655"
ERASED = "ff" * 32
OTADATA = {"label": "otadata", "type": 1, "subtype": 0, "offset": 0xD000, "size": 0x2000}
OTA_0 = {"label": "ota_0", "type": 0, "subtype": 0x10, "offset": 0x20000, "size": 0x10000}
IMAGE = bytes(range(256)) * 4


def make_layout(*partitions: dict[str, Any]) -> dict[str, Any]:
    """Return a layout whose table is the two bytes aa 50, which only have to be found again."""
    return {"table_offset": 0x9000, "table_hex": "aa50", "partitions": list(partitions)}


def make_record(**changes: Any) -> dict[str, Any]:
    """Return the head of a vector."""
    record = {
        "id": "x0001",
        "family": "made_up",
        "idf": "v5.1.3",
        "rollback": True,
        "anti_rollback": False,
        "layout": "plain",
        "otadata": [ENTRY_0, ENTRY_1],
        "slots": {"ota_0": "counting"},
        "efuse": 3,
    }
    return record | changes


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with layouts and one image."""
    layouts = {
        "plain": make_layout(OTADATA, OTA_0),
        "no_otadata": make_layout(OTA_0),
        "small_otadata": make_layout(OTADATA | {"size": 0x1000}, OTA_0 | {"offset": 0xE000}),
    }
    (tmp_path / "layouts.json").write_text(json.dumps(layouts))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "counting.bin").write_bytes(IMAGE)
    return tmp_path


def parse(directory: Path, **changes: Any) -> Vector:
    """Return the vector of `make_record`."""
    return parse_vector(make_record(**changes), Recording(directory), "here")


def test_flash_holds_table_entries_and_image_and_is_erased_elsewhere(directory: Path) -> None:
    """Nothing but the table, the two entries and the image is put into 4 MiB of erased flash."""
    expected = bytearray(b"\xff" * 0x400000)
    expected[0x9000:0x9002] = b"\xaa\x50"
    expected[0xD000:0xD020] = bytes.fromhex(ENTRY_0)
    expected[0xE000:0xE020] = bytes.fromhex(ENTRY_1)
    expected[0x20000 : 0x20000 + len(IMAGE)] = IMAGE
    assert bytes(expected) == parse(directory).cells.to_bytes()


def test_layout_without_otadata_takes_no_entries(directory: Path) -> None:
    """`otadata` is null where the layout has no such partition."""
    vector = parse(directory, layout="no_otadata", otadata=None)
    assert () == vector.layout.entry_offsets()
    assert b"\xff" * 0x2000 == vector.cells.read(0xD000, 0x2000)


def test_second_entry_of_a_one_sector_otadata_lies_behind_it_and_an_image_wins(directory: Path) -> None:
    """The second item of `otadata` is what lies 4096 bytes further, in the next partition."""
    vector = parse(directory, layout="small_otadata")
    assert (0xD000, 0xE000) == vector.layout.entry_offsets()
    assert bytes.fromhex(ENTRY_0) == vector.cells.read(0xD000, 32)
    assert IMAGE[:32] == vector.cells.read(0xE000, 32)


def test_both_programs_go_by_the_recorded_release(directory: Path) -> None:
    """`idf` names the release of bootloader and application."""
    config = parse(directory, idf="v6.1-dev-6734-g102122904ad").config
    assert (Release.V6_2_DEV, Release.V6_2_DEV) == (config.bootloader_release, config.app_release)


def test_table_offset_comes_from_the_layout(directory: Path) -> None:
    """The configuration points to where the layout puts the table."""
    assert 0x9000 == parse(directory).config.table_offset


def test_anti_rollback_implies_rollback(directory: Path) -> None:
    """As in Kconfig, whatever `rollback` says."""
    config = parse(directory, rollback=False, anti_rollback=True).config
    assert (True, True) == (config.rollback, config.anti_rollback)


@pytest.mark.parametrize(("changes", "revision"), [({}, 300), ({"chip_revision": 301}, 301), ({"revision": 100}, 100)])
def test_chip_revision_is_3_0_unless_the_head_names_one(
    directory: Path, changes: dict[str, int], revision: int
) -> None:
    """Recordings of other silicon may say so."""
    assert revision == parse(directory, **changes).config.chip_revision


def test_comments_do_not_matter(directory: Path) -> None:
    """`note` and `torn` are for people."""
    assert parse(directory).cells == parse(directory, note="why", torn={"entry": 0}).cells


def test_bootloader_may_be_of_another_release(directory: Path) -> None:
    """`bootloader_idf` names it; `idf` is then the application's."""
    config = parse(directory, idf="v6.1-beta1", bootloader_idf="v4.4").config
    assert (Release.V6_1, Release.V4_4) == (config.app_release, config.bootloader_release)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (False, False, False)),
        ("deep_sleep", (True, False, False)),
        ("power_on", (False, True, False)),
        ("always", (False, False, True)),
        ("deep_sleep+power_on", (True, True, False)),
    ],
)
def test_skip_validate_sets_the_options_it_names(directory: Path, text: str, expected: tuple[bool, bool, bool]) -> None:
    """One of three options, or two joined by a plus sign."""
    config = parse(directory, skip_validate=text).config
    found = config.skip_validate_in_deep_sleep, config.skip_validate_on_power_on, config.skip_validate_always
    assert expected == found


def test_secure_version_bits_bound_the_efuse(directory: Path) -> None:
    """The field is as wide as the build says, and holds no more at the start."""
    assert 32 == parse(directory, secure_version_bits=32, efuse=20).config.secure_version_bits
    with pytest.raises(InputError, match=r"field 'efuse' is 5, want 0 … 4"):
        parse(directory, secure_version_bits=4, efuse=5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": "n9"}, "no layout 'n9' in"),
        ({"layout": 7}, "field 'layout' is 7, want a string"),
        ({"idf": "v3.2"}, "field 'idf': ESP-IDF v3.2 is older than 3.3, the oldest release whose rules are known"),
        ({"rollback": 1}, "field 'rollback' is 1, want true or false"),
        ({"weather": {"sun": True}}, "field 'weather' is not known here; known: anti_rollback, "),
        ({"steps": [], "booted": "ota_0"}, "field 'booted' is not known here"),
        ({"bootloader_idf": "v4.9"}, "field 'bootloader_idf': there is no ESP-IDF 4.9"),
        ({"skip_validate": "deep_sleep+never"}, "field 'skip_validate': 'never' is none of deep_sleep, power_on, "),
        ({"skip_validate": True}, "field 'skip_validate' is true, want a string"),
        ({"secure_version_bits": 33}, "field 'secure_version_bits' is 33, want 0 … 32"),
        ({"secure_version_bits": 0}, "field 'secure_version_bits' is 0, want 1 … 32"),
        ({"efuse": "3"}, "field 'efuse' is \"3\", want an integer"),
        ({"otadata": None}, "field 'otadata' is null, want a list"),
        ({"otadata": ["0g", ERASED]}, "field 'otadata' holds '0g', want hex bytes"),
        ({"slots": {"ota_7": "counting"}}, "layout 'plain' has no partition 'ota_7'"),
        ({"slots": {"ota_0": "yankee"}}, "image 'yankee': "),
        ({"slots": {"ota_0": None}}, "field 'ota_0' is null, want a string"),
        ({"slots": []}, "field 'slots' is [], want an object"),
    ],
)
def test_bad_head_is_one_line_that_names_place_and_field(
    directory: Path, changes: dict[str, Any], message: str
) -> None:
    """The message begins with the file and line."""
    with pytest.raises(InputError) as caught:
        parse(directory, **changes)
    assert str(caught.value).startswith("here: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["id", "family", "idf", "rollback", "anti_rollback", "layout", "slots", "efuse"])
def test_missing_head_field_is_named(directory: Path, name: str) -> None:
    """No field of the head has a default."""
    record = make_record()
    del record[name]
    with pytest.raises(InputError) as caught:
        parse_vector(record, Recording(directory), "here")
    assert f"here: field '{name}' is missing" == str(caught.value)


def test_file_may_be_gzip_or_plain_and_blank_lines_do_not_count(directory: Path) -> None:
    """The contents tell which it is, not the name."""
    text = json.dumps(make_record()) + "\n\n" + json.dumps(make_record(id="x0002")) + "\n"
    (directory / "plain.jsonl").write_text(text)
    (directory / "packed.jsonl").write_bytes(gzip.compress(text.encode()))
    assert ["x0001", "x0002"] == [vector.id for vector in read_vectors(directory / "plain.jsonl")]
    assert ["x0001", "x0002"] == [vector.id for vector in read_vectors(directory / "packed.jsonl")]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b'{"id": "x0001",', "bad.jsonl line 1: no JSON: "),
        (b"\n[1, 2]\n", "bad.jsonl line 2: want one JSON object a line"),
        (b'{"id": "\xe9"}', "bad.jsonl line 1: no JSON: byte 8 is no UTF-8"),
        (gzip.compress(b"{}" * 50, mtime=0)[:-9], "bad.jsonl: damaged gzip file: "),
        (gzip.compress(b"{}" * 50, mtime=0)[:12] + b"\xff" * 20, "bad.jsonl: damaged gzip file: "),
    ],
    ids=["cut short", "not an object", "not UTF-8", "gzip cut short", "gzip garbage"],
)
def test_bad_file_is_one_line_that_names_it(directory: Path, contents: bytes, message: str) -> None:
    """File, line where there is one, and what is wrong."""
    path = directory / "bad.jsonl"
    path.write_bytes(contents)
    with pytest.raises(InputError) as caught:
        list(read_vectors(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_bad_input(directory: Path) -> None:
    """The message names the file."""
    with pytest.raises(InputError, match=r"none\.jsonl: no such file"):
        list(read_vectors(directory / "none.jsonl"))


def test_file_without_layouts_beside_it_is_bad_input(tmp_path: Path) -> None:
    """Vectors mean nothing without their layouts."""
    (tmp_path / "alone.jsonl").write_text(json.dumps(make_record()))
    with pytest.raises(InputError, match=r"no layouts\*\.json here"):
        list(read_vectors(tmp_path / "alone.jsonl"))


@pytest.mark.parametrize(
    ("layouts", "message"),
    [
        ("{", "layouts.json: no JSON: "),
        ('["plain"]', "layouts.json: want a JSON object that maps names to objects"),
        (
            '{"plain": {"table_offset": 0, "table_hex": "xx", "partitions": []}}',
            "layout 'plain': field 'table_hex' holds 'xx'",
        ),
        (
            '{"plain": {"table_offset": 4194304, "table_hex": "00", "partitions": []}}',
            "layout 'plain': 0x1 bytes at 0x400000 do not fit",
        ),
        ('{"plain": {"table_offset": 0, "table_hex": "", "partitions": [7]}}', "layout 'plain': 7 stands where"),
        (
            '{"plain": {"table_offset": 0, "table_hex": "", "partitions": [{"label": "a"}]}}',
            "layout 'plain': field 'offset' is missing",
        ),
        (
            '{"plain": {"table_offset": 0, "table_hex": "", "partitions": [], "encrypted": true}}',
            "layout 'plain': field 'encrypted' is not known here",
        ),
        (
            '{"plain": {"table_offset": 0, "table_hex": "", "partitions": [{"label": "a", "flags": 1}]}}',
            "layout 'plain': field 'flags' is not known here",
        ),
    ],
)
def test_bad_layout_is_named(directory: Path, layouts: str, message: str) -> None:
    """Each mistake in layouts.json has a message of its own."""
    (directory / "layouts.json").write_text(layouts)
    with pytest.raises(InputError) as caught:
        parse(directory)
    assert message in str(caught.value)


def test_image_that_is_not_the_described_one_is_bad_input(directory: Path) -> None:
    """images.json gives the SHA-256 of every image."""
    (directory / "images.json").write_text(json.dumps({"counting": {"file": "counting.bin", "sha256": "00" * 32}}))
    with pytest.raises(InputError, match=r"counting\.bin: not the SHA-256 that images\*\.json gives for 'counting'"):
        parse(directory)


def test_directory_stands_for_its_vector_files_in_order(directory: Path) -> None:
    """Layouts and images are no vectors."""
    for name in ("b.jsonl", "a.jsonl.gz", "rows.tsv"):
        (directory / name).touch()
    expected = [directory / "a.jsonl.gz", directory / "b.jsonl"]
    assert expected == list_vector_files([directory])


def test_directory_without_vector_files_is_bad_input(directory: Path) -> None:
    """Silence would look like agreement."""
    with pytest.raises(InputError, match=r"no \*\.jsonl or \*\.jsonl\.gz file in this directory"):
        list_vector_files([directory])


@pytest.mark.parametrize("name", ["v.jsonl", "layouts2.json", "images2.json", "images/counting.bin", "images"])
def test_link_that_leads_out_of_the_directory_is_refused(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Unless --outside follows it; a link to a file of the directory is one of its files."""
    (directory / "v.jsonl").write_text(json.dumps(make_record()))
    for tables in ("layouts2.json", "images2.json"):
        (directory / tables).write_text("{}")
    path, moved = directory / name, tmp_path_factory.mktemp("elsewhere") / "secret"
    path.rename(moved)
    path.symlink_to(moved)
    assert main(["conform", str(directory)]) == 2
    said = capsys.readouterr()
    assert f"leads out of {directory}; --outside follows such paths\n" in said.err and "" == said.out
    assert main(["conform", str(directory), "--outside"]) == 2
    assert "field 'booted' is missing" in capsys.readouterr().err
    path.unlink()
    moved.rename(directory / "inside")
    path.symlink_to(directory / "inside")
    assert main(["conform", str(directory)]) == 2
    assert "field 'booted' is missing" in capsys.readouterr().err


def test_file_that_the_user_names_may_be_a_link(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own layouts and images lie where the link does."""
    moved = tmp_path_factory.mktemp("elsewhere") / "v.jsonl"
    moved.write_text(json.dumps(make_record()))
    (directory / "v.jsonl").symlink_to(moved)
    assert main(["conform", str(directory / "v.jsonl")]) == 2
    assert "field 'booted' is missing" in capsys.readouterr().err
