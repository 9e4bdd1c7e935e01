"""What strangers can put into a file: one line and exit code 2, or the answer, and nothing that paints."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from otaproof.campaign.fuzz.findings import DIVERGENCE
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_token import HistoryToken, encode_history_token
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import POWER_ON, Step, StepName
from otaproof.campaign.lockstep import replayed_divergence
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.campaign.token_packing import pack_text
from otaproof.cli.main import main
from otaproof.impl.image.format import build_image
from otaproof.model.config import Chip, Config

TWO_SLOTS = "otadata,data,ota,,0x2000\n{label},app,ota_0,,1M\nb,app,ota_1,,1M\n"


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is told of bad input: a single line, without control characters."""
    said = capsys.readouterr().err
    assert said.endswith("\n") and said[:-1].isprintable()
    return said


@pytest.mark.parametrize("command", [["check", "--partitions"], ["doctor", "--partitions"]])
@pytest.mark.parametrize(
    "line", ["a,0x" + "f" * 4000 + ",0,,1M", "a,data,nvs,0x" + "f" * 4000 + ",1M", "a,data,nvs,,1" + "K" * 400_000]
)
def test_number_without_end(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], line: str) -> None:
    """Both name file, line and field."""
    path = tmp_path / "partitions.csv"
    path.write_text(line)
    assert main([*command, str(path)]) == 2
    said = one_line(capsys)
    assert f"{path}: line 1, " in said and len(said) < len(str(path)) + 200


@pytest.mark.parametrize("label", ["[/x]", "[bold]x", ":smile:", "\x1b[31mred"])
def test_label_is_shown_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str) -> None:
    """No markup, no picture, no colour of its own."""
    table, otadata = tmp_path / "partitions.csv", tmp_path / "otadata.bin"
    table.write_text(TWO_SLOTS.format(label=label))
    otadata.write_bytes(b"\xff" * 0x2000)
    assert main(["explain", "--otadata", str(otadata), "--partitions", str(table)]) == 0
    said = capsys.readouterr().out
    assert label.replace("\x1b", r"\x1b") in said and "\x1b" not in said


def test_environment_stays_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of others names a variable; its value is not shown."""
    monkeypatch.setenv("SECRET", "hunter2")
    path = tmp_path / "partitions.csv"
    for line in ("$SECRET,data,nvs,,1M", "a,$SECRET,nvs,,1M"):
        path.write_text(line)
        for asked in ([], ["--env", "SECRET"]):
            assert main(["check", "--partitions", str(path), *asked]) == 2
            said = one_line(capsys)
            assert "SECRET" in said and "hunter2" not in said


def test_variable_that_is_asked_for_is_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By check, doctor and explain; one that is not set is told."""
    monkeypatch.setenv("SLOT_SIZE", "64")
    monkeypatch.delenv("NO_SUCH", raising=False)
    table, otadata = tmp_path / "partitions.csv", tmp_path / "otadata.bin"
    table.write_text(TWO_SLOTS.format(label="a").replace("1M", "${SLOT_SIZE}K"))
    otadata.write_bytes(b"\xff" * 0x2000)
    given = ["--partitions", str(table), "--env", "SLOT_SIZE"]
    assert main(["explain", "--otadata", str(otadata), "--no-history", *given]) == 0
    assert main(["check", "--image-size", "8K", "--no-proofs", "--faults", "F0", *given]) in (0, 1)
    assert "65,536 bytes" in capsys.readouterr().out
    assert main(["doctor", "--json", *given]) in (0, 1, 3)
    assert "is not filled in" not in capsys.readouterr().out
    assert main(["doctor", "--partitions", str(table), "--env", "NO_SUCH"]) == 2
    assert "--env NO_SUCH: there is no such environment variable" in one_line(capsys)


@pytest.mark.parametrize(
    "record",
    [
        {"efuse": -2},
        {"efuse": 1 << 32},
        {"slots": {"ota_0": "a\0"}},
        {"slots": {"ota_0": "a\ud800"}},
        {"slots": {"ota_0": "../a"}},
    ],
)
def test_vector_out_of_range(tmp_path: Path, capsys: pytest.CaptureFixture[str], record: dict[str, object]) -> None:
    """File, line and field are named."""
    rows = [{"label": "ota_0", "type": 0, "subtype": 16, "offset": 0x10000, "size": 0x10000}]
    layout = {"partitions": rows, "table_offset": 0x8000, "table_hex": ""}
    (tmp_path / "layouts.json").write_text(json.dumps({"f": layout}))
    vector = {"id": "v", "family": "f", "idf": "5.1", "rollback": False, "anti_rollback": False, "layout": "f"}
    text = json.dumps(vector | {"otadata": [], "slots": {}, "efuse": 0} | record)
    (tmp_path / "v.jsonl").write_text(text)
    assert main(["conform", str(tmp_path / "v.jsonl")]) == 2
    assert "v.jsonl line 1: " in one_line(capsys)


def test_layout_that_no_chip_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partition of 2^40 bytes takes no memory."""
    row = {"label": "a", "type": 0, "subtype": 16, "offset": 0, "size": 1 << 40}
    (tmp_path / "layouts.json").write_text(json.dumps({"f": {"partitions": [row], "table_offset": 0, "table_hex": ""}}))
    vector = {"id": "v", "family": "f", "idf": "5.1", "rollback": False, "anti_rollback": False, "layout": "f"}
    (tmp_path / "v.jsonl").write_text(json.dumps(vector | {"otadata": [], "slots": {}, "efuse": 0}))
    assert main(["conform", str(tmp_path / "v.jsonl")]) == 2
    assert "field 'size' is 1099511627776" in one_line(capsys)


def test_token_that_is_nested_or_newlined(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    deep = b"[" * 50_000 + b"]" * 50_000
    for value in (deep, b'["C4\\nx"]', str([1 << 40] * 12).encode()):
        assert main(["replay", pack_text("otp1.", value)]) == 2
        assert ("token: damaged (it is nested too deeply)" if value == deep else "token: damaged") in one_line(capsys)


def test_divergence_that_fuzz_printed_is_played(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step; at its end board and model agree by now, or still differ, which is inconclusive."""
    device = SmallDevice(Config(rollback=True), (0, 1), False, (("ota_0", 0),))
    history = History(device, (SmallImage(), SmallImage(seed=2)), (POWER_ON, *upgrade(1), Step(StepName.RESET)))
    token = encode_history_token(HistoryToken(DIVERGENCE, StepOutcome.CUT, None, history))
    assert main(["replay", token]) == 0
    assert "board and model agree" in capsys.readouterr().out

    def differing(*_: object) -> NoReturn:
        raise Divergence("the board erases 0xd000, the model nothing")

    monkeypatch.setattr(replayed_divergence, "play_in_lockstep", differing)
    assert main(["replay", token]) == 3
    said = capsys.readouterr().out
    assert "the board erases 0xd000, the model nothing" in said and "complete(1)" in said


@pytest.mark.parametrize("out", ["", ".", "/", "no/such/place"])
def test_output_that_cannot_be_is_told_before_the_work(capsys: pytest.CaptureFixture[str], out: str) -> None:
    """No minute of proofs is lost for a name."""
    assert main(["outcomes", "--out", out]) == 2
    assert "--out" in one_line(capsys)


def test_name_that_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    """One line that does not repeat all of it."""
    for command in ("conform", "doctor", "check"):
        assert main([command, "a" * 300]) == 2
        assert "File name too long" in one_line(capsys)


def started(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    """Return the command as a process of its own."""
    command = [sys.executable, "-m", "otaproof", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("option", ["--bootloader", "--partitions", "--running", "--flash"])
def test_pipe_in_place_of_a_file_is_no_wait(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody writes into it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "table.csv").write_text(TWO_SLOTS.format(label="a"))
    table = [] if option == "--partitions" else ["--partitions", str(tmp_path / "table.csv"), "--image-size", "8K"]
    assert main(["check", "--no-proofs", "--faults", "F0", *table, option, str(tmp_path / "pipe")]) == 2
    assert "is a device or a pipe" in one_line(capsys)


def test_full_disk_is_one_line() -> None:
    """Exit code 2, not the one of a claim that is violated."""
    with open("/dev/full", "w") as full:
        process = started("doctor", "--rules", stdout=full)
        assert process.communicate(timeout=60)[1] == (
            "otaproof: the output cannot be written: no space left on device\n"
        )
    assert process.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_keeps_what_was_found(tmp_path: Path, number: signal.Signals) -> None:
    """Told, written, exit code 3, and nothing left behind."""
    out = tmp_path / "findings.jsonl"
    for seconds in (5, 20, 60):  # a busy machine takes so long to import what fuzz needs
        process = started("fuzz", "--runs", "1000000", "--jobs", "1", "--out", str(out), stdout=subprocess.PIPE)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 3
        if said:
            break
    assert "interrupted" in said
    assert [out] == list(tmp_path.iterdir())


def test_sarif_of_a_directory_that_is_no_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are percent-encoded."""
    monkeypatch.chdir(tmp_path)
    project = Path("project-\udcff")
    project.mkdir()
    (project / "sdkconfig").write_text('CONFIG_IDF_TARGET="esp32"\n')
    (project / "CMakeLists.txt").write_text("")
    main(["doctor", str(project), "--sarif", "found.sarif"])
    text = Path("found.sarif").read_text()
    assert "project-%FF/" in text and "udcff" not in text


def test_cut_table_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """A packed one, too: its header holds neither name nor time."""
    table = tmp_path / "partitions.csv"
    table.write_text(TWO_SLOTS.format(label="a"))
    image = tmp_path / "app.bin"
    image.write_bytes(build_image(Chip.ESP32, size=0x2000, version="1", project_name="p", seed=1))
    arguments = [
        "check",
        "--no-proofs",
        "--faults",
        "F0",
        "--partitions",
        str(table),
        "--running",
        str(image),
        "--update",
        str(image),
    ]
    for name in ("a.csv.gz", "b.csv.gz"):
        main([*arguments, "--cuts", str(tmp_path / name)])
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
