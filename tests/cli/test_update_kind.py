"""`otaproof check --update-kind` as a user runs it: windows, exit codes, and one line for whatever is wrong."""

import csv
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from build_schemas import FOLDER
from jsonschema import Draft202012Validator

from otaproof.cli.main import main
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import build_image, encode_image
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip

TABLE = """\
nvs,     data, nvs,   0x9000,  0x4000
otadata, data, ota,   0xd000,  0x2000
ota_0,   app,  ota_0, 0x10000, 64K
ota_1,   app,  ota_1, ,        64K
"""


def bootloader(seed: int, chip: Chip) -> bytes:
    """Return an image that the ROM of the chip starts."""
    return encode_image(chip, [(CHIPS[chip].loadable[0][0], random.Random(seed).randbytes(600))])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tables and bootloaders, in the directory that the commands run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "new.csv").write_text(TABLE.replace("0x4000", "0x3000"))
    (tmp_path / "moved.csv").write_text(TABLE.replace("0x10000", "0x30000"))
    for chip in (Chip.ESP32, Chip.ESP32C3, Chip.ESP32P4):
        for name, seed in (("old", 1), ("new", 2)):
            (tmp_path / f"{name}-{chip.value}.bin").write_bytes(bootloader(seed, chip))
    return tmp_path


def command(kind: str, *more: str, idf: str = "6.1") -> list[str]:
    """Return a command line for a device with two slots of 64 KiB."""
    device = ("--partitions", "table.csv", "--image-size", "2K", "--idf", idf)
    return ["check", *device, "--update-kind", kind, *more]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run with --json; return exit code and object, which is what its schema says."""
    code = main([*arguments, "--json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((FOLDER / "check-update-kind.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(result)
    return code, result


def test_window_of_a_table_is_told_for_each_fault_model(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the erase on, until the last byte of the MD5 row of four partitions is there."""
    code, result = told(capsys, *command("partition-table", "--update", "new.csv", "--faults", "F2"))
    windows = {window["faults"]: window for window in result["windows"]}
    assert (1, "brick window", ["F0", "F1", "F2"]) == (code, result["verdict"], list(windows))
    assert [["e", 0x8000, 0x1000], 1] == [windows["F1"]["first"][key] for key in ("operation", "bytes_done")]
    assert [["p", 0x8000, 0x1000], 5 * 32 - 1] == [windows["F1"]["last"][key] for key in ("operation", "bytes_done")]
    assert [False, False, True] == [window["sampled"] for window in result["windows"]]
    assert result["cuts"] == windows["F2"]["cuts"] > windows["F1"]["cuts"] > windows["F0"]["cuts"]
    assert sum(outcome["cuts"] for outcome in result["outcomes"]) == windows["F1"]["cuts"]
    assert ("ota_0", "new") == (result["uncut"]["partition"], result["uncut"]["table"])


@pytest.mark.parametrize(("chip", "place"), [("esp32", 0x1000), ("esp32c3", 0x0), ("esp32p4", 0x2000)])
def test_window_of_a_bootloader_lies_where_the_chip_has_it(
    files: Path, capsys: pytest.CaptureFixture[str], chip: str, place: int
) -> None:
    """And ends with the checksum, in front of the hash."""
    arguments = command("bootloader", "--chip", chip, "--bootloader", f"old-{chip}.bin", "--update", f"new-{chip}.bin")
    code, result = told(capsys, *arguments, "--faults", "F0")
    window = result["windows"][0]
    assert (1, place, "new") == (code, window["first"]["operation"][1], result["uncut"]["bootloader"])
    assert place == window["last"]["operation"][1]


def test_text_names_the_window_and_what_the_device_does(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By call, operation and byte."""
    assert main(command("partition-table", "--update", "new.csv")) == 1
    printed = " ".join(capsys.readouterr().out.split())
    for part in (
        "Brick window, F1: ",
        "from esp_ota_end(), erase of 0x8000: 1 of 4,096 bytes erased",
        "to esp_ota_end(), program of 4096 bytes at 0x8000: 159 of 4,096 bytes programmed",
        "every cut between the two leaves a device that starts nothing",
        "the device starts nothing: the bootloader finds no application, and resets",
        "the device starts ota_0 with the new partition table",
    ):
        assert part in printed


@pytest.mark.parametrize("kind", ["partition-table", "bootloader"])
def test_every_replay_line_replays(files: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """Without a file: a brick is one again, and exit code and JSON say so."""
    new = "new.csv" if kind == "partition-table" else "new-esp32.bin"
    arguments = command(kind, "--update", new, "--bootloader", "old-esp32.bin")
    assert main(arguments) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "otaproof replay" in line]
    assert 4 == len(lines)
    assert [1] * len(lines) == [main(words[1:]) for words in lines]
    assert "the board confirms a brick" in capsys.readouterr().out
    _, found = told(capsys, *arguments)
    for outcome in found["outcomes"][:3] + found["outcomes"][-1:]:
        code, again = main(["replay", outcome["last"]["token"], "--json"]), json.loads(capsys.readouterr().out)
        assert (int(outcome["start"]["brick"]), True) == (code, again["confirmed"])
        assert ("session", outcome["start"]["partition"]) == (again["kind"], again["running"])


def test_replay_takes_the_files_of_a_token_and_saves_the_flash(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both bootloaders, byte for byte, in what the cut left."""
    names = ("old-esp32.bin", "new-esp32.bin")
    _, found = told(capsys, *command("bootloader", "--bootloader", names[0], "--update", names[1], "--faults", "F0"))
    images = [argument for name in names for argument in ("--image", name)]
    assert main(["replay", found["uncut_token"], *images, "--save-flash", "after.bin"]) == 0
    new = (files / names[1]).read_bytes()
    assert new == (files / "after.bin").read_bytes()[0x1000 : 0x1000 + len(new)]
    assert main(["replay", found["windows"][0]["first"]["token"], "--bootloader", names[0]]) == 2
    assert "go to --image" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cuts.csv", "cuts.csv.gz"])
def test_table_of_cuts_has_a_row_for_each(files: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """As many as are counted, and as many bricks."""
    _, found = told(capsys, *command("partition-table", "--update", "new.csv", "--faults", "F2", "--cuts", name))
    opened = gzip.open if name.endswith(".gz") else open
    with opened(files / name, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    window = found["windows"][-1]
    assert (found["cuts"], window["bricks"]) == (len(rows), sum(row["verdict"] == "brick" for row in rows))
    assert {"ok": {"runs"}, "brick": {"no_application", "panics"}} == {
        verdict: {row["start"] for row in rows if row["verdict"] == verdict} for verdict in ("ok", "brick")
    }
    bricks = [row for row in rows if row["verdict"] == "brick"]
    for row, cut in ((bricks[0], window["first"]), (bricks[-1], window["last"])):
        assert (cut["call"], cut["torn"], str(cut["operation"][1])) == (row["call"], row["torn"], row["address"])
    assert {"old", "new", ""} == {row["table"] for row in rows} and {""} == {row["bootloader"] for row in rows}


def test_table_without_the_running_slot_bricks_without_any_cut(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ota_0 has moved, and its image has not."""
    code, result = told(capsys, *command("partition-table", "--update", "moved.csv", "--faults", "F0"))
    assert (1, "brick window", True) == (code, result["verdict"], result["uncut"]["brick"])


def test_bootloader_of_a_dump_is_the_old_one(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It lies in flash; a dump without one is refused."""
    flash = bytearray(b"\xff" * (1 << 20))
    for at, contents in (
        (0x8000, encode_table(parse_csv(TABLE.encode()))),
        (0x10000, build_image(size=2048)),
    ):
        flash[at : at + len(contents)] = contents
    (files / "none.bin").write_bytes(flash)
    whole = bootloader(1, Chip.ESP32)
    flash[0x1000 : 0x1000 + len(whole)] = whole
    (files / "dump.bin").write_bytes(flash)
    rest = ("--idf", "6.1", "--update-kind", "bootloader", "--update", "new-esp32.bin", "--faults", "F0")
    code, result = told(capsys, "check", "--flash", "dump.bin", *rest)
    assert (1, "old") == (code, result["outcomes"][0]["start"]["bootloader"])
    _, again = told(capsys, "check", "--flash", "dump.bin", *rest[:4], "--faults", "F0")
    assert len(whole) == again["bytes"]
    assert main(["check", "--flash", "none.bin", *rest]) == 2
    assert "no whole bootloader at 0x1000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (command("partition-table", "--update", "old-esp32.bin"), "neither a CSV nor a binary table"),
        (command("partition-table", "--update", "missing.csv"), "no such file"),
        (command("partition-table", "--update", "new.csv", idf="5.1"), "exists from 5.5 on"),
        (command("partition-table", "--cuts", "cuts.txt"), "cuts.txt must end in .csv or .csv.gz"),
        (command("bootloader"), "no bootloader: give --bootloader or --update"),
        (command("bootloader", "--update", "new.csv"), "is no image; want the bootloader.bin"),
        (command("bootloader", "--update", "new-esp32c3.bin"), "is built for another chip than esp32"),
        (command("bootloader", "--update", "cut.bin"), "its checksum is wrong, or it is cut off"),
        (command("bootloader", "--update", "large.bin"), "reach into the partition table"),
        (command("nvs"), "is none of app, bootloader, partition-table"),
    ],
)
def test_bad_input_is_told_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    """Exit code 2, and what is wanted."""
    whole = bootloader(1, Chip.ESP32)
    (files / "cut.bin").write_bytes(whole[:300])
    (files / "large.bin").write_bytes(whole.ljust(0x7001, b"\xff"))
    assert main(arguments) == 2
    printed = capsys.readouterr().err
    assert problem in printed and printed.count("\n") == 1


def test_only_slot_beside_factory_selects_nothing_here(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What runs from the only slot is to select factory before an update of the application, which this is not."""
    (files / "table.csv").write_text(
        TABLE.replace("ota_0,   app,  ota_0,", "first,   app,  factory,").replace("_1", "_0")
    )
    for kind, update in (("partition-table", "table.csv"), ("bootloader", "new-esp32.bin")):
        assert not any("only OTA slot" in note for note in told(capsys, *command(kind, "--update", update))[1]["notes"])
    main(["check", "--partitions", "table.csv", "--image-size", "2K", "--idf", "6.1", "--fast", "--json"])
    assert any("'ota_0' is the only OTA slot" in note for note in json.loads(capsys.readouterr().out)["notes"])
