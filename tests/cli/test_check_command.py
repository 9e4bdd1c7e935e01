"""`otaproof check` as a user runs it: verdicts, files, exit codes, and one line for whatever is wrong."""

import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.upgrade.brute_force import decide
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.upgrade_token import decode_token, dut_of_token
from otaproof.cli.main import main
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.claims.cut_claims import CUT_CLAIMS
from otaproof.model.config import Chip
from otaproof.model.ota_state import OtaImgState
from otaproof.model.writers import UPDATERS, Updater

TABLE = """\
nvs,     data, nvs,   0x9000,  0x4000
otadata, data, ota,   0xd000,  0x2000
ota_0,   app,  ota_0, 0x10000, 64K
ota_1,   app,  ota_1, ,        64K
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with a partition table and two images."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "table.bin").write_bytes(encode_table(parse_csv(TABLE.encode())))
    for name, seed in (("running.bin", 1), ("update.bin", 2)):
        (tmp_path / name).write_bytes(build_image(size=1200, version=f"1.{seed}", seed=seed))
    return tmp_path


def arguments(files: Path, *more: str, table: str = "table.csv") -> list[str]:
    """Return a command line with the files of the directory, without proofs."""
    named = ["--partitions", table, "--running", "running.bin", "--update", "update.bin"]
    paths = [argument if argument.startswith("--") else str(files / argument) for argument in named]
    return ["check", *paths, "--no-proofs", *more]


def checked(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, Any]]:
    """Run with --json and return exit code and object."""
    code = main([*command, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("table", ["table.csv", "table.bin"])
def test_json_tells_everything(files: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    """The keys that programs rely on."""
    code, report = checked(capsys, *arguments(files, "--rollback", "--faults", "F0", table=table))
    assert 1 == code
    assert {"config", "layout", "upgrade", "sweep", "claims"} <= report.keys()
    assert {"micro_steps", "bytes"} <= report["upgrade"].keys()
    assert {"faults", "cuts", "distinct_states", "seconds"} <= report["sweep"].keys()
    for claim in report["claims"]:
        assert {"id", "title", "verdict", "violations", "weakest_fault", "token"} <= claim.keys()
    assert [known.id for known in CUT_CLAIMS] == [claim["id"] for claim in report["claims"]]
    assert 3 * 2 + 2 + 16 + 5 == report["upgrade"]["micro_steps"]


def test_proofs_stand_beside_the_sweep(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The device model of the same configuration: C4 is refuted, C1 is proved."""
    _, report = checked(capsys, *arguments(files, "--rollback", "--faults", "F0", "--proofs"))
    proofs = {claim["id"]: claim["proof"] for claim in report["claims"]}
    assert "2 OTA slots, rollback on, release rules 5.1, F0, documented usage" == report["proofs"]
    assert "failing flash operations" in [row["name"] for row in report["left_out"]]
    assert ("proved", "refuted", None) == (proofs["C1"]["verdict"], proofs["C4"]["verdict"], proofs["C8"])


@pytest.mark.parametrize("updater", [updater.value for updater in Updater if updater is not Updater.ESP_IDF])
def test_updater_that_is_chosen_is_played(updater: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name is in the report, the device model says that it has another, and each token replays by it."""
    _, report = checked(capsys, *arguments(files, "--rollback", "--faults", "F0", "--updater", updater, "--proofs"))
    assert updater == report["config"]["updater"]
    assert "the device model has esp_ota_* as otaupgrade calls them" in report["no_proofs"]
    violated = [claim for claim in report["claims"] if claim["verdict"] == "violated"]
    assert violated
    for claim in violated:
        assert 1 == main(["replay", claim["token"]])
        printed = " ".join(capsys.readouterr().out.split())
        assert f"{claim['id']} {claim['name']}: violated" in printed
        assert f"write() = {UPDATERS[Updater(updater)].functions['write'][0]}" in printed


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ("--updater", "arduino", "--rollback"),
            "C4 is not applicable: initArduino accepts an image as soon as it starts",
        ),
        (("--updater", "arduino"), "C4 is not applicable: rollback is off"),
        (("--updater", "arduino"), "C20 is not applicable: without rollback initArduino accepts nothing"),
        (("--rollback",), "C8 is not applicable: anti-rollback is off"),
    ],
)
def test_claim_that_is_not_applicable_says_why(
    given: tuple[str, ...], told: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the device has not, or the library does."""
    main(arguments(files, "--faults", "F0", *given))
    assert told in " ".join(capsys.readouterr().out.split())


def test_image_of_arduino_is_updated_by_its_own_library(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its core accepts at the start, so C4 says nothing of it; --updater says otherwise."""
    image = build_image(size=1000, project_name="arduino-lib-builder")
    (files / "running.bin").write_bytes(image)
    given = arguments(files, "--rollback", "--faults", "F0")
    _, report = checked(capsys, *given)
    verdicts = {claim["id"]: claim["verdict"] for claim in report["claims"]}
    assert ("arduino", "not applicable") == (report["config"]["updater"], verdicts["C4"])
    _, report = checked(capsys, *given, "--updater", "esp-idf")
    assert "esp-idf" == report["config"]["updater"]
    main(given)
    assert "commence() = Update.begin" in " ".join(capsys.readouterr().out.split())


def test_device_outside_the_model_has_no_proofs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the text says why."""
    skips = ("--anti-rollback", "--config", "CONFIG_BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON=y")
    assert main(arguments(files, "--rollback", "--faults", "F0", *skips, "--proofs")) in (0, 1)
    printed = " ".join(capsys.readouterr().out.split())
    assert "no proofs: SKIP_VALIDATE_ON_POWER_ON is modelled without anti-rollback" in printed


def test_violated_claims_come_with_tokens_that_replay(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each token, played, breaks its claim again."""
    _, report = checked(capsys, *arguments(files, "--no-rollback", "--faults", "F1"))
    tokens = [claim["token"] for claim in report["claims"] if claim["verdict"] == "violated"]
    assert len(tokens) >= 2
    for token in tokens:
        assert 1 == main(["replay", token])
        assert "violated" in capsys.readouterr().out


def test_text_has_a_line_for_each_claim_and_a_replay_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person reads."""
    assert 1 == main(arguments(files, "--rollback", "--faults", "F0"))
    printed = capsys.readouterr().out
    for known in CUT_CLAIMS:
        assert f" {known.id} " in printed
    assert "otaproof replay otp1." in printed
    assert "Kconfig's default" in printed, "values that were assumed are told"


def test_cut_table_has_a_row_for_every_cut_point(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted and named as the recorded vectors do; brute force agrees on every 2000th row."""
    path = files / "cuts.csv.gz"
    _, report = checked(capsys, *arguments(files, "--rollback", "--cuts", str(path)))
    with gzip.open(path, "rt", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert report["sweep"]["cuts"] == len(rows)
    token = next(claim["token"] for claim in report["claims"] if claim["token"])
    world = dut_of_token(decode_token(token), [(files / n).read_bytes() for n in ("running.bin", "update.bin")])
    script = script_of(Scenario.UPGRADE, world)
    for row in rows[::2000]:
        number = int(row["call_index"])
        future = decide(world, script, number, int(row["op"]), Torn.parse(row["torn"]))
        assert (script[number].call_name, future.boot.partition or "") == (row["call"], row["booted"])
    assert {"power_on", "commence", "write", "complete", "accept"} == {row["call"] for row in rows}


def test_same_input_gives_the_same_bytes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of cuts, packed, whatever it is called; and the report, but for the seconds that were measured."""
    made = []
    for name in ("one.csv.gz", "another.csv.gz"):
        assert 1 == main(arguments(files, "--rollback", "--faults", "F0", "--json", "--cuts", str(files / name)))
        text, measured = re.subn(r'"seconds": [0-9.]+', "", capsys.readouterr().out)
        made.append((text, (files / name).read_bytes()))
        assert 1 == measured
    assert made[0] == made[1]


def test_only_c4_and_c17_fall_with_rollback_from_5_5_on(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """commence() erases the entry that would lead rollback() astray; the update's one boot can still be lost."""
    _, report = checked(capsys, *arguments(files, "--rollback", "--idf", "5.5", "--faults", "F1"))
    assert ["C4", "C17"] == [claim["id"] for claim in report["claims"] if claim["verdict"] == "violated"]


def test_otadata_of_a_device_in_the_field_is_taken(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The upgrade starts from the slot that the newest entry names."""
    entries = [encode_entry(make_entry(number, OtaImgState.VALID)).ljust(0x1000, b"\xff") for number in (1, 2)]
    (files / "otadata.bin").write_bytes(b"".join(entries))
    _, report = checked(capsys, *arguments(files, "--otadata", str(files / "otadata.bin"), "--faults", "F0"))
    assert ("ota_1", "ota_0") == (report["upgrade"]["previous"], report["upgrade"]["target"])


def test_dump_of_a_whole_flash_is_taken(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As esptool read-flash writes it."""
    flash = bytearray(b"\xff" * 0x400000)
    flash[0x8000 : 0x8000 + 0xC00] = (files / "table.bin").read_bytes()
    flash[0x10000 : 0x10000 + 1200] = (files / "running.bin").read_bytes()
    (files / "dump.bin").write_bytes(flash)
    command = ["check", "--flash", str(files / "dump.bin"), "--update", str(files / "update.bin"), "--faults", "F0"]
    _, report = checked(capsys, *command)
    assert ("ota_0", "ota_1") == (report["upgrade"]["previous"], report["upgrade"]["target"])


def test_part_of_an_image_in_a_dump_is_not_called_empty(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `explain` reads it; erased is what begins with an erased sector."""
    flash = bytearray(b"\xff" * 0x400000)
    flash[0x8000 : 0x8000 + 0xC00] = (files / "table.bin").read_bytes()
    flash[0x10000 : 0x10000 + 1200] = (files / "running.bin").read_bytes()
    update = (files / "update.bin").read_bytes()
    said = {}
    for length in (0, 600):
        flash[0x20000 : 0x20000 + length] = update[:length]
        (files / "dump.bin").write_bytes(flash)
        main(["check", str(files / "dump.bin"), "--update", str(files / "update.bin"), "--fast"])
        said[length] = capsys.readouterr().out
    assert "bytes, empty" in said[0] and "does not verify" not in said[0]
    assert "bytes, empty" not in said[600] and "an image that does not verify: " in " ".join(said[600].split())


def test_releases_are_those_of_esp_ota_alone(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Update.rollBack() breaks C22 in every release; esp_ota_* does so up to 5.5."""
    for updater, told in (("esp-idf", False), ("arduino", True)):
        device = arguments(files, "--rollback", "--updater", updater, "--idf", "6.1", "--faults", "F0")
        claims = {claim["id"]: claim for claim in checked(capsys, *device)[1]["claims"]}
        assert told is (claims["C22"]["verdict"] == "violated")
        assert told is (claims["C17"]["releases"] is None)
        assert claims["C22"]["releases"] is None


def test_out_writes_the_same_object(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For CI jobs that want both text and JSON."""
    main(arguments(files, "--faults", "F0", "--out", str(files / "report.json")))
    capsys.readouterr()
    assert "F0" == json.loads((files / "report.json").read_text())["sweep"]["faults"]


def test_releases_of_bootloader_and_application_are_independent(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fleets run new applications on old bootloaders."""
    _, report = checked(capsys, *arguments(files, "--idf", "6.1", "--bootloader-idf", "4.4", "--faults", "F0"))
    assert ("6.1", "4.4") == (report["config"]["idf"], report["config"]["bootloader_idf"])


def test_update_goes_from_factory_to_the_only_slot(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The layout of a recovery application; what is assumed of the one in the slot is said."""
    (files / "table.csv").write_text(
        TABLE.replace("ota_0,   app,  ota_0", "factory, app,  factory").replace("ota_1", "ota_0")
    )
    code, report = checked(capsys, *arguments(files, "--faults", "F0"))
    assert code in {0, 1} and ("factory", "ota_0") == (report["upgrade"]["previous"], report["upgrade"]["target"])
    assert any("taken to select factory" in note for note in report["notes"])
    assert not any("upgrade-again left out" in note for note in report["notes"])


BAD_INPUT = [
    ("table.csv", b"ota_0,app,ota_0,0x10000,64K\n", "only one OTA slot, 'ota_0', and no factory app"),
    ("table.csv", b"factory,app,factory,0x10000,64K\n", "no OTA slot"),
    ("table.csv", TABLE.replace("otadata, data, ota,   0xd000,  0x2000\n", "").encode(), "no otadata partition"),
    ("table.csv", TABLE.replace("0x10000, 64K", "0x10000, 64X").encode(), "line 3, size: '64X' is not valid"),
    ("table.csv", TABLE.replace("0x10000, 64K", "0x10800, 64K").encode(), "not a multiple of 0x10000"),
    ("table.csv", TABLE.replace("ota_1,   app", "ota_0,   app").encode(), "names must be unique"),
    ("table.csv", TABLE.replace("0x2000", "0x1000").encode(), "otadata has size 0x1000"),
    ("table.csv", TABLE.replace(", ,        64K", ", 0x10000, 64K").encode(), "line 4"),
    ("table.csv", b"\xff\xfe\x00\x00 nonsense", "table.csv"),
    ("table.csv", b"", "is empty"),
    ("running.bin", b"", "is empty"),
    ("running.bin", b"\xe9" + bytes(20), "cut off"),
    ("running.bin", b"#!/bin/sh\n" * 100, "no application image"),
    ("running.bin", build_image(size=1200)[:-40], "running.bin"),
    ("update.bin", build_image(size=0x10010), "do not fit partition 'ota_0'"),
    ("update.bin", build_image(Chip.ESP32S3, size=1200), "for esp32s3, not for esp32"),
    ("update.bin", build_image(size=1200).replace(b"\n", b"\r\n"), "update.bin"),
]


@pytest.mark.parametrize(("name", "contents", "message"), BAD_INPUT)
def test_bad_file_gets_one_line_and_exit_code_2(
    files: Path, capsys: pytest.CaptureFixture[str], name: str, contents: bytes, message: str
) -> None:
    """What, where, and what to do; no traceback, nothing on stdout."""
    (files / name).write_bytes(contents)
    assert 2 == main(arguments(files, "--json"))
    printed = capsys.readouterr()
    assert message in printed.err
    assert ("", 1) == (printed.out, printed.err.count("\n"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--idf", "3.2"], "--idf: ESP-IDF 3.2 is older"),
        (["--idf", "new"], "--idf: 'new' is no ESP-IDF release"),
        (["--chunk", "0"], "--chunk"),
        (["--seed", "-1"], "--seed"),
        (["--chip", "esp8266"], "--chip"),
        (["--anti-rollback", "--no-rollback"], "ollback"),
        (["--cuts", "cuts.txt"], "must end in .csv or .csv.gz"),
        (["--out", "nowhere/report.json"], "no directory"),
        (["--table-offset", "banana"], "--table-offset"),
        (["--config", "nonsense"], "--config"),
        (["--otadata", "table.bin"], "no such file"),
        (["--flash", "missing.bin"], "no such file"),
    ],
)
def test_bad_argument_gets_one_line_and_exit_code_2(
    files: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    """Numbers out of range, names that do not exist, contradictions."""
    assert 2 == main(arguments(files, *more))
    printed = capsys.readouterr()
    assert message in printed.err
    assert 1 == printed.err.count("\n")


def test_image_of_no_segments_is_checked_like_any_other(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It passes esp_image_verify, with its checksum at byte 31, and has no description to show."""
    header = bytearray(build_image(size=1200, version="1.1", seed=1)[:24])
    header[1] = header[23] = 0
    image = bytes(header) + bytes(7) + b"\xef" + b"\xff" * 1000
    (files / "running.bin").write_bytes(image)
    code, report = checked(capsys, *arguments(files, "--faults", "F0"))
    assert code in {0, 1}
    assert "ota_0" == report["upgrade"]["previous"]


def test_nothing_is_written_when_the_input_is_bad(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No half-written report, no half-written table of cuts."""
    (files / "running.bin").write_bytes(b"")
    before = sorted(files.iterdir())
    out = ["--out", str(files / "r.json"), "--cuts", str(files / "c.csv")]
    assert 2 == main(arguments(files, *out))
    capsys.readouterr()
    assert before == sorted(files.iterdir())


def test_dump_of_a_wrong_size_names_the_right_command(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dump that was cut off."""
    (files / "dump.bin").write_bytes(b"\xff" * 0x12345)
    assert 2 == main(["check", "--flash", str(files / "dump.bin")])
    assert "esptool read-flash 0 ALL" in capsys.readouterr().err


def test_flash_after_the_cut_can_be_saved_and_checked(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What replay saves is a dump like any other: the first boot is the one that the replay tells."""
    _, report = checked(capsys, *arguments(files, "--no-rollback", "--faults", "F0"))
    token = next(claim["token"] for claim in report["claims"] if claim["id"] == "C7")
    images = ["--image", str(files / "running.bin"), "--image", str(files / "update.bin")]
    assert 1 == main(["replay", token, "--json", *images, "--save-flash", str(files / "after.bin")])
    booted = json.loads(capsys.readouterr().out)["running"]
    _, again = checked(
        capsys, "check", "--flash", str(files / "after.bin"), "--update", str(files / "update.bin"), "--faults", "F0"
    )
    assert booted == again["upgrade"]["previous"]


def test_progress_is_shown_on_a_terminal_only(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, so that the report can be piped; nothing of it where stderr is a file."""
    main(arguments(files, "--faults", "F0"))
    assert "cut points" not in capsys.readouterr().err
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(arguments(files, "--faults", "F0"))
    assert "cut points" in capsys.readouterr().err


def test_table_of_more_rows_than_fit_is_refused_in_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The CSV is fine, line by line; its binary form has no room for the last."""
    (files / "table.csv").write_text(TABLE + "".join(f"p{number},data,fat,,4K\n" for number in range(91)))
    assert 2 == main(arguments(files))
    assert "otaproof check: 95 partitions do not fit; at most 94 do\n" == capsys.readouterr().err


def test_report_gets_through_any_terminal(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name cut off inside its sixth character, which is then no text, on a terminal that knows ASCII only."""
    named = TABLE.replace("ota_0,   app", "\N{EURO SIGN}" * 6 + ",app")
    (files / "table.bin").write_bytes(encode_table(parse_csv(named.encode())))
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, "ascii", write_through=True))
    assert 1 == main(arguments(files, "--no-rollback", "--faults", "F0", table="table.bin"))
    assert rb"starts \u20ac" in printed.getvalue()


def test_gap_in_the_numbers_of_the_slots_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a factory app and ota_1 alone, complete() selects what the bootloader does not start."""
    table = tmp_path / "table.csv"
    table.write_text(
        "otadata,data,ota,0xd000,0x2000\nfactory,app,factory,0x10000,0x20000\nota_1,app,ota_1,0x30000,0x20000\n"
    )
    assert 2 == main(["check", "--partitions", str(table), "--image-size", "64K", "--idf", "5.5", "--fast"])
    error = capsys.readouterr().err
    assert error.endswith("; the numbers of the OTA slots have a gap (ota_1): number them from 0 up\n")
    assert 1 == error.count("\n")
