"""The board against recorded behaviour, and the replayer itself: that it sees every difference there can be."""

import gzip
import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.conformance.recording import Recording
from otaproof.campaign.conformance.vector_replay import Mismatch, first_difference, replay_vector
from otaproof.campaign.conformance.vectors import parse_vector, read_vectors
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.impl.app.otaupgrade import Info, OtaUpgrade
from places import RECORDED, SHARED

SHARED_VECTORS = SHARED / "vectors"
VECTOR_COUNTS = {
    "api.jsonl.gz": 420,
    "boot.jsonl.gz": 3500,
    "cuts2.jsonl.gz": 300,
    "flash-errors.jsonl.gz": 210,
    "pins.jsonl.gz": 60,
    "releases-boot.jsonl.gz": 400,
    "releases-sessions.jsonl.gz": 150,
    "sessions.jsonl.gz": 1426,
    "torn-boot.jsonl.gz": 1500,
}
"""How many vectors each file holds, counted by `zcat FILE | wc -l`."""


def load(file_name: str, vector_id: str) -> dict[str, Any]:
    """Return a recorded vector, to be altered."""
    lines = gzip.decompress((RECORDED / file_name).read_bytes()).splitlines()
    return next(record for line in lines if (record := json.loads(line))["id"] == vector_id)


def alter(record: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return the record with `value` where the path leads."""
    altered = deepcopy(record)
    place: Any = altered
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return altered


def replay(record: dict[str, Any]) -> Mismatch | None:
    """Return the first difference of an altered vector."""
    return replay_vector(parse_vector(record, Recording(RECORDED), "here"))


@pytest.mark.parametrize("file_name", sorted(VECTOR_COUNTS))
def test_board_does_all_that_was_recorded(file_name: str) -> None:
    """Every field of every vector agrees: results, error texts, operations, otadata, states, digests, eFuse."""
    outcomes = [replay_vector(vector) for vector in read_vectors(RECORDED / file_name)]
    differences = [mismatch for mismatch in outcomes if mismatch is not None]
    assert (VECTOR_COUNTS[file_name], []) == (len(outcomes), differences)


def test_every_recorded_file_is_replayed() -> None:
    """A file that is added must be counted above."""
    assert sorted(VECTOR_COUNTS) == sorted(path.name for path in RECORDED.glob("*.jsonl*"))


@pytest.mark.skipif(not SHARED_VECTORS.is_dir(), reason="the recordings are not beside the repository")
def test_recordings_are_unchanged() -> None:
    """What lies in tests/data is what was recorded, byte for byte."""
    differing = [
        path.name
        for path in sorted(SHARED_VECTORS.iterdir())
        if path.is_file() and path.name != "README.md" and path.read_bytes() != (RECORDED / path.name).read_bytes()
    ]
    assert [] == differing


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("booted", "ota_1"),
        ("booted", None),
        ("panic", True),
        ("ops", []),
        ("ops", [["e", 53248], ["p", 53248, 31]]),
        ("ops", [["e", 53248], ["p", 53248, 32], ["e", 57344]]),
        ("otadata_after", ["ff" * 32, "ff" * 32]),
        ("otadata_after", None),
        ("efuse_after", 0),
    ],
)
def test_altered_outcome_of_a_boot_is_reported(field: str, value: object) -> None:
    """Every field is compared; this boot starts ota_0, writes entry 0 and burns the eFuse to 1."""
    record = load("boot.jsonl.gz", "b01676")
    assert replay(record) is None
    mismatch = replay(alter(record, (field,), value))
    assert mismatch is not None
    assert ("b01676", "anti_rollback", None, field, value) == (
        mismatch.id,
        mismatch.family,
        mismatch.step,
        mismatch.field,
        mismatch.expected,
    )


@pytest.mark.parametrize(
    ("step", "path", "value", "field", "got"),
    [
        (0, ("res", "booted"), "ota_0", "res.booted", "factory"),
        (0, ("res",), {"cut": True}, "res", {"booted": "factory"}),
        (2, ("res",), {"err": "ota error"}, "res", {"ok": True}),
        (3, ("ops",), [["p", 131072, 1023]], "ops", [["p", 131072, 1024]]),
        (4, ("ops",), [], "ops", [["p", 132096, 1008]]),
        (5, ("res",), {"ok": True}, "res", {"restart": True}),
        (5, ("st", "running"), "factory", "st.running", None),
        (5, ("st", "states"), {"ota_0": "undefined"}, "st.states", None),
        (6, ("st", "otadata", 1), "00" * 32, "st.otadata", ["01000000" + "ff" * 24 + "9a984347", "ff" * 32]),
        (6, ("st", "running"), None, "st.running", "ota_0"),
        (6, ("st", "next"), "factory", "st.next", "ota_0"),
        (6, ("st", "states", "ota_0"), "new", "st.states.ota_0", "undefined"),
        (6, ("st", "states", "ota_1"), "new", "st.states.ota_1", None),
        (6, ("st", "states", "factory"), None, "st.states", {"ota_0": "undefined", "ota_1": None}),
        (6, ("st", "sha", "ota_1"), "0" * 12, "st.sha.ota_1", "71189f7fb6ae"),
        (6, ("st", "efuse"), 1, "st.efuse", 0),
        (7, ("res", "running"), "factory", "res.running", "ota_0"),
        (7, ("res", "slots", "ota_0", "date"), "Apr 16 2024", "res.slots.ota_0.date", "Apr 15 2024"),
        (7, ("res", "slots", "ota_1"), {"state": "new"}, "res.slots.ota_1", {}),
    ],
)
def test_altered_step_is_reported_with_step_and_field(
    step: int, path: tuple[str | int, ...], value: object, field: str, got: object
) -> None:
    """Every field of a step is compared; this scenario is an upgrade from factory to ota_0."""
    record = load("sessions.jsonl.gz", "s0001")
    mismatch = replay(alter(record, ("steps", step, *path), value))
    assert mismatch is not None
    assert ("s0001", "happy", step, field, got) == (
        mismatch.id,
        mismatch.family,
        mismatch.step,
        mismatch.field,
        mismatch.got,
    )


@pytest.mark.parametrize(
    ("file_name", "vector_id", "path", "value"),
    [
        ("cuts2.jsonl.gz", "c0001", ("steps", 3, "cut", "op"), 0),
        ("cuts2.jsonl.gz", "c0001", ("steps", 3, "cut", "torn"), "after"),
        ("flash-errors.jsonl.gz", "e0001", ("steps", 1, "fail", "done"), "all"),
        ("pins.jsonl.gz", "p0001", ("steps", 1, "erase_list"), "nvs"),
        ("pins.jsonl.gz", "p0001", ("steps", 1, "pin"), "test"),
        ("sessions.jsonl.gz", "s0116", ("idf",), "v5.1.3"),
        ("sessions.jsonl.gz", "s0001", ("rollback",), True),
        ("sessions.jsonl.gz", "s0001", ("efuse",), 1),
        ("sessions.jsonl.gz", "s0001", ("slots", "ota_1"), "alpha"),
        ("sessions.jsonl.gz", "s0001", ("otadata", 1), "00" * 32),
        ("sessions.jsonl.gz", "s0001", ("steps", 3, "len"), 1023),
        ("sessions.jsonl.gz", "s0001", ("steps", 4, "off"), 1025),
        ("sessions.jsonl.gz", "s0001", ("steps", 4, "image"), "charlie"),
        ("sessions.jsonl.gz", "s0001", ("steps", 5, "arg"), 0),
    ],
)
def test_what_a_vector_asks_for_reaches_the_board(
    file_name: str, vector_id: str, path: tuple[str | int, ...], value: object
) -> None:
    """Another question no longer gets the recorded answer."""
    record = load(file_name, vector_id)
    assert replay(record) is None
    assert replay(alter(record, path, value)) is not None


def test_cut_that_is_not_reached_does_nothing() -> None:
    """A step with fewer operations runs to its end, and the plan does not outlive it."""
    record = load("sessions.jsonl.gz", "s0001")
    for step in record["steps"]:
        step["cut"] = {"op": len(step["ops"]), "torn": "before"}
    assert replay(record) is None


def test_crash_of_the_board_is_a_difference_of_its_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug does not end the run, and is not taken for a result."""

    def crash(module: OtaUpgrade) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(OtaUpgrade, "commence", crash)
    mismatch = replay(load("sessions.jsonl.gz", "s0001"))
    assert mismatch is not None
    assert (2, "res", {"crash": "ZeroDivisionError: by zero"}) == (mismatch.step, mismatch.field, mismatch.got)


def test_observation_that_writes_flash_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """info() is called after every step, and must leave no trace."""
    honest_info: Callable[[OtaUpgrade], Info] = OtaUpgrade.info

    def writing_info(module: OtaUpgrade) -> Info:
        module._ota.partitions.flash.erase_sector(0x3FF000)
        return honest_info(module)

    monkeypatch.setattr(OtaUpgrade, "info", writing_info)
    mismatch = replay(load("sessions.jsonl.gz", "s0001"))
    assert mismatch is not None
    assert (1, "ops") == (mismatch.step, mismatch.field)


def test_first_difference_looks_into_objects_with_the_same_fields() -> None:
    """The path is dotted; objects of which one lacks a field differ as a whole."""
    assert first_difference("st", {"a": {"b": 1}}, {"a": {"b": 1}}) is None
    assert ("st.a.b", 1, 2) == first_difference("st", {"a": {"b": 1}}, {"a": {"b": 2}})
    assert ("st", {"a": 1}, {}) == first_difference("st", {"a": 1}, {})
    assert ("st.a", {}, {"b": None}) == first_difference("st", {"a": {}}, {"a": {"b": None}})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("steps",), {}, "here: field 'steps' is {}, want a list"),
        (("steps", 2), "commence", "here, step 2: \"commence\" stands where an object with 'do' belongs"),
        (("steps", 2, "do"), "begin", "here, step 2: field 'do' is 'begin', want one of power_on, commence, "),
        (("steps", 2, "do"), "esp_ota_end", "here, step 2: field 'handle' is missing"),
        (("steps", 2, "cut"), {"op": 0, "torn": "half"}, "here, step 2, cut: field 'torn': 'half' is no tear"),
        (("steps", 2, "cut"), {"op": 0, "torn": "after", "by": 1}, "here, step 2, cut: field 'by' is not known here"),
        (("steps", 2, "burn_cut"), {"burn": 0}, "here, step 2: field 'done' is missing"),
        (("steps", 2, "burn_cut"), {"burn": 0, "done": -1}, "here, step 2: field 'done' is -1, want 0 … "),
        (("steps", 0, "reason"), "thunder", "here, step 0: field 'reason': 'thunder' is not a valid"),
        (("steps", 2, "reason"), "software", "here, step 2: field 'reason' is not known here; known: burn_cut, cut, "),
        (("steps", 7, "size"), 1, "here, step 7: field 'size' is not known here"),
        (("steps", 3, "len"), 1 << 40, "here, step 3: field 'len' is 1099511627776, want 0 … 16777216"),
        (("steps", 2, "cut"), {"torn": "after"}, "here, step 2: field 'op' is missing"),
        (("steps", 2, "fail"), {"op": 0, "done": "some"}, "here, step 2, fail: field 'done': 'some' is not a valid"),
        (("steps", 0, "pin"), "boot", "here, step 0: field 'pin': 'boot' is not a valid"),
        (("steps", 3, "image"), "yankee", "here, step 3: image 'yankee': "),
        (("steps", 3, "fill"), 256, "here, step 3: field 'fill' is 256, want 0 … 255"),
        (("steps", 3, "st"), None, "here, step 3: field 'st' is null, want an object"),
    ],
)
def test_bad_step_is_bad_input_that_names_step_and_field(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    """A vector that cannot be replayed is neither agreement nor difference."""
    with pytest.raises(InputError) as caught:
        replay(alter(load("sessions.jsonl.gz", "s0001"), path, value))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("field", ["booted", "ops", "otadata_after", "efuse_after"])
def test_boot_vector_without_an_outcome_is_bad_input(field: str) -> None:
    """What was not recorded cannot agree."""
    record = load("boot.jsonl.gz", "b01676")
    del record[field]
    with pytest.raises(InputError) as caught:
        replay(record)
    assert f"here: field '{field}' is missing" == str(caught.value)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with the recorded layouts and images, for vectors of our own."""
    for path in (*RECORDED.glob("layouts*.json"), *RECORDED.glob("images*.json")):
        shutil.copy(path, tmp_path)
    shutil.copytree(RECORDED / "images", tmp_path / "images")
    return tmp_path


def test_boot_vector_ends_at_the_jump_into_the_application(directory: Path) -> None:
    """A table without MD5 row is good for the bootloader; that the application then refuses it is not recorded."""
    layout = json.loads((RECORDED / "layouts.json").read_text())["n2"]
    layout["table_hex"] = layout["table_hex"].partition("ebeb")[0]
    (directory / "layouts-own.json").write_text(json.dumps({"own": layout}))
    record = load("boot.jsonl.gz", "b01676") | {"layout": "own"}
    assert replay_vector(parse_vector(record, Recording(directory), "here")) is None


def write(path: Path, *records: dict[str, Any]) -> Path:
    """Write a file of vectors."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_command_exits_0_and_counts_by_family_when_all_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a line for each family."""
    assert 0 == main(["conform", str(RECORDED / "pins.jsonl.gz")])
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines()]
    assert ["pins", "40", "40"] in rows
    assert ["pins_cut", "20", "20"] in rows
    assert "60 of 60 vectors agree" in printed.out
    assert "" == printed.err


def test_command_exits_1_with_a_line_for_each_difference(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Vector, family, step, field, expected and got; long values are shortened."""
    good = load("sessions.jsonl.gz", "s0001")
    path = write(
        directory / "own.jsonl",
        good,
        alter(good, ("steps", 2, "ops"), []),
        alter(good, ("steps", 6, "st", "next"), "factory"),
        alter(load("boot.jsonl.gz", "b01676"), ("booted",), None),
    )
    assert 1 == main(["conform", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert ["happy", "3", "1"] in [line.split() for line in lines]
    begin = 's0001 happy step 2 ops: expected [], got [["e", 131072'
    shortened = next(line for line in lines if line.startswith(begin))
    assert len(shortened) < 120
    assert 's0001 happy step 6 st.next: expected "factory", got "ota_0"' in lines
    assert 'b01676 anti_rollback booted: expected null, got "ota_0"' in lines
    assert "1 of 4 vectors agree" in lines


def test_command_prints_json_for_machines(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but one object on stdout, with whole values."""
    good = load("sessions.jsonl.gz", "s0001")
    path = write(directory / "own.jsonl", good, alter(good, ("steps", 0, "res", "booted"), "ota_0"))
    assert 1 == main(["conform", "--json", str(path)])
    report = json.loads(capsys.readouterr().out)
    mismatch = {
        "id": "s0001",
        "family": "happy",
        "step": 0,
        "field": "res.booted",
        "expected": "ota_0",
        "got": "factory",
    }
    assert (2, 1, [mismatch]) == (report["vectors"], report["agree"], report["mismatches"])


def test_command_takes_a_directory_for_all_its_files(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Layouts and images in it are no vectors."""
    write(directory / "one.jsonl", load("sessions.jsonl.gz", "s0001"))
    write(directory / "two.jsonl", load("boot.jsonl.gz", "b00001"))
    assert 0 == main(["conform", str(directory)])
    assert "2 of 2 vectors agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("{", "own.jsonl line 1: no JSON: "),
        ("", "own.jsonl: holds no vector"),
        ('{"layout": "f2"}', "own.jsonl line 1: field 'anti_rollback' is missing"),
    ],
)
def test_command_exits_2_with_one_line_for_bad_input(
    directory: Path, contents: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing on stdout, file and line on stderr."""
    (directory / "own.jsonl").write_text(contents)
    assert 2 == main(["conform", str(directory / "own.jsonl")])
    printed = capsys.readouterr()
    assert "" == printed.out
    assert 1 == len(printed.err.splitlines())
    assert message in printed.err
