"""The `explain` command: what it says of flashes whose history is known, of odd ones, and of files that are none."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.history.history import BLANK_ENTRY, OTADATA, SmallDevice, SmallImage
from otaproof.campaign.history.history import History as SmallHistory
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import main
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip, Config
from otaproof.model.ota_state import OtaImgState as S
from otaproof.project.image_evidence import BEGIN_REFUSES

Explained = Callable[..., tuple[int, dict[str, Any]]]
IMAGES = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700))
RELEASES = ["4.4", "5.1", "5.5", "6.0", "6.1-beta1", "6.2-dev"]


def entry(number: int, state: int) -> bytes:
    """Return a whole record."""
    return encode_entry(make_entry(number, state))


def device(
    first: bytes = BLANK_ENTRY,
    second: bytes = BLANK_ENTRY,
    holds: tuple[tuple[str, int], ...] = (("ota_0", 0), ("ota_1", 1)),
    has_factory: bool = False,
    config: Config | None = None,
) -> bytes:
    """Return the flash of a small device."""
    entries = first.ljust(32, b"\xff"), second.ljust(32, b"\xff")
    made = SmallDevice(config or Config(), has_factory=has_factory, holds=holds, entries=entries)
    return SmallHistory(made, IMAGES).dut.cells.to_bytes()


@pytest.fixture
def explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Explained:
    """Explain a flash as JSON: the exit code, and the object."""

    def run(flash: bytes, *arguments: str) -> tuple[int, dict[str, Any]]:
        path = tmp_path / "dump.bin"
        path.write_bytes(flash)
        code = main(["explain", str(path), "--json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_fresh_device_boots_its_first_slot_and_writes_that_down(explained: Explained) -> None:
    """Blank otadata: ota_0 boots, as VALID, under every release, whether rollback is on or off."""
    code, said = explained(device(holds=(("ota_0", 0),)), "--rollback")
    assert 0 == code
    assert RELEASES == [case["idf"] for case in said["releases"]]
    for case in said["releases"]:
        assert ("ota_0", "ota_0") == (case["boots"], case["next_boots"])
        assert [["e", OTADATA, 4096], ["p", OTADATA, 32]] == case["writes"]
        assert "number 1 → ota_0, VALID" == case["otadata_after"][0]["says"]
        assert [] == case["history"]["steps"]


def test_image_under_test_falls_back_at_the_next_power_on(explained: Explained) -> None:
    """PENDING_VERIFY becomes ABORTED and the image before it boots; no fault has to lead there."""
    code, said = explained(device(entry(1, S.VALID), entry(2, S.PENDING_VERIFY)), "--idf", "5.1")
    (case,) = said["releases"]
    assert (0, "ota_0") == (code, case["boots"])
    assert case["rollback"] is True
    assert any("PENDING_VERIFY" in s["origin"] for s in said["settings"] if s["name"].endswith("ROLLBACK_ENABLE"))
    assert "number 2 → ota_1, ABORTED" == case["otadata_after"][1]["says"]
    assert 0 == case["history"]["cuts"]
    assert "reachable without a fault" in case["history"]["verdict"]
    assert "ota_1 starts after the restart, under test (NEW becomes PENDING_VERIFY)" == case["history"]["steps"][-1]


def test_calls_are_told_by_release(explained: Explained) -> None:
    """From 5.5 on commence() erases the spare record, before it does not."""
    _, said = explained(device(entry(1, S.VALID), entry(2, S.VALID)), "--rollback", "--no-history")
    spared = {case["idf"]: case["calls"]["commence"]["otadata_after"][0]["says"] for case in said["releases"]}
    assert {release: "blank" if release >= "5.5" else "number 1 → ota_0, VALID" for release in RELEASES} == spared
    for case in said["releases"]:
        assert ("restarted", "ota_0") == (
            case["calls"]["rollback"]["outcome"],
            case["calls"]["rollback"]["then_boots"],
        )
        assert ("returned", []) == (case["calls"]["accept"]["outcome"], case["calls"]["accept"]["writes"])


def test_torn_record_is_traced_to_the_cut_that_tore_it(explained: Explained) -> None:
    """A record of which the check word is missing: complete() was cut, and the token replays to these very bytes."""
    torn = entry(2, S.NEW)[:28]
    code, said = explained(device(entry(1, S.VALID), torn), "--rollback", "--idf", "5.1")
    case = said["releases"][0]
    assert 0 == code
    assert case["entries"][1]["problems"][1] == "torn: the program of number 2 stopped after 28 bytes, its state NEW"
    assert "takes 1 power cut (F1)" == case["history"]["verdict"]
    assert case["history"]["steps"][-1].startswith("POWER FAILS while complete() rewrote entry 1 for ota_1")
    played = replay_history(decode_history_token(case["history"]["token"]).history)
    assert torn.ljust(32, b"\xff") == played.cells.read(OTADATA + 0x1000, 32)
    assert case["history"]["why_no_token"] is None


@pytest.mark.parametrize(
    ("name", "cuts"),
    [("torn-new-is-never-tested", 1), ("aborted-image-boots-without-a-cut", 0), ("same-slot-in-both-records", 0)],
)
def test_state_that_a_known_case_leaves_is_explained(name: str, cuts: int, explained: Explained) -> None:
    """What the case leaves has a history of no more cuts than the case, and its token ends in a state that reads so."""
    known = known_case(name)
    token = known.token()
    config = token.history.device.config
    left = replay_history(token.history).cells
    rollback = "--rollback" if config.rollback else "--no-rollback"
    _, said = explained(left.to_bytes(), "--idf", config.app_name, rollback)
    case = said["releases"][0]
    assert cuts == case["history"]["cuts"]
    played = replay_history(decode_history_token(case["history"]["token"]).history)
    _, again = explained(played.cells.to_bytes(), "--idf", config.app_name, rollback, "--no-history")
    assert case["boots"] == again["releases"][0]["boots"]


def test_unreachable_state_has_no_history(explained: Explained) -> None:
    """Number 0 is written by nobody."""
    _, said = explained(device(entry(1, S.VALID), entry(0, S.VALID)), "--no-rollback", "--idf", "6.0")
    history = said["releases"][0]["history"]
    assert "no history of this model leads here: written by another tool, or a fault beyond F3" == history["verdict"]
    assert history["token"] is None


@pytest.mark.parametrize("efuse", [0, 2, 5])
def test_history_with_anti_rollback_counts_versions_from_the_lowest(
    efuse: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A device that was made with secure version 5 gets to a torn record as one with version 0 does."""
    path = tmp_path / "otadata.bin"
    path.write_bytes(entry(1, S.VALID).ljust(4096, b"\xff") + entry(2, S.NEW)[:28].ljust(4096, b"\xff"))
    options = ["--anti-rollback", "--efuse", str(efuse), "--idf", "5.5", "--json"]
    assert 0 == main(["explain", "--otadata", str(path), *options])
    case = json.loads(capsys.readouterr().out)["releases"][0]
    assert "takes 1 power cut (F1)" == case["history"]["verdict"]
    assert 3 == len(case["history"]["steps"])


@pytest.mark.parametrize(
    ("versions", "burned", "why"),
    [
        ((0, 0), 0, "entry 1 decides, the higher number (2): ota_1"),
        ((0, 0), 1, "no entry counts with anti-rollback (entry 0 names ota_0, whose secure version 0 is below the"),
        ((1, 0), 1, "entry 0 decides, the only bootable entry of a slot whose secure version the eFuse allows (1): "),
    ],
)
def test_secure_versions_are_part_of_why_an_entry_decides(
    versions: tuple[int, int], burned: int, why: str, explained: Explained
) -> None:
    """An entry counts where the version of its slot is allowed, and its number only among those that count."""
    images = tuple(SmallImage(number, secure_version=version) for number, version in enumerate(versions))
    records = entry(1, S.VALID), entry(2, S.VALID)
    cells = SmallHistory(SmallDevice(holds=(("ota_0", 0), ("ota_1", 1)), entries=records), images).dut.cells
    options = ["--rollback", "--anti-rollback", "--idf", "5.5", "--efuse", str(burned), "--no-history"]
    _, said = explained(cells.to_bytes(), *options)
    (case,) = said["releases"]
    assert case["why"][0].startswith(why)


@pytest.mark.parametrize(
    ("records", "rollback"),
    [
        ((entry(1, S.VALID), entry(2, S.NEW)), "--rollback"),
        ((entry(1, S.INVALID), entry(2, S.ABORTED)), "--rollback"),
        ((entry(1, S.UNDEFINED), BLANK_ENTRY), "--no-rollback"),
    ],
)
@pytest.mark.parametrize("updater", ["arduino", "esp-idf"])
def test_core_of_arduino_accepts_what_runs_on_trial_alone(
    records: tuple[bytes, bytes], rollback: str, updater: str, explained: Explained
) -> None:
    """ota_0 runs and is not on trial: initArduino writes nothing, and has no error to tell."""
    flash = device(*records, holds=(("ota_0", 0),))
    _, said = explained(flash, rollback, "--idf", "4.4", "--updater", updater, "--no-history")
    accept = said["releases"][0]["calls"]["accept"]
    is_quiet = (accept["outcome"], accept["writes"]) == ("returned", [])
    assert is_quiet == (updater == "arduino")


def test_arduino_otadata_is_a_start_of_its_own(explained: Explained) -> None:
    """boot_app0.bin is told as what was flashed."""
    _, said = explained(device(entry(1, S.UNDEFINED), holds=(("ota_0", 0),)), "--no-rollback", "--idf", "5.1")
    assert ["otadata flashed as Arduino's boot_app0.bin"] == said["releases"][0]["history"]["steps"]


def test_fallback_is_exit_code_1(explained: Explained) -> None:
    """The marked image is damaged: the other one boots, which otadata does not select."""
    flash = device(entry(1, S.VALID), entry(2, S.VALID), holds=(("ota_0", 0), ("ota_1", 2)))
    code, said = explained(flash, "--no-history", "--no-rollback")
    assert 1 == code
    for case in said["releases"]:
        assert ("ota_1", "ota_0", True) == (case["selected"], case["boots"], case["is_fallback"])
        assert [True, False] == [image["boots"] for image in case["images"]]


def test_nothing_boots_is_exit_code_1(explained: Explained) -> None:
    """No image at all."""
    code, said = explained(device(holds=()), "--no-history", "--no-rollback")
    assert (1, None) == (code, said["releases"][0]["boots"])
    assert {} == said["releases"][0]["calls"]


def test_different_answers_are_exit_code_3(explained: Explained) -> None:
    """A torn PENDING_VERIFY beside a refused entry: with rollback it is aborted and ota_0 selected, else nothing."""
    flash = device(entry(1, S.INVALID), entry(2, S.PENDING_VERIFY)[:28])
    code, said = explained(flash, "--no-history", "--idf", "5.1")
    assert 3 == code
    assert [(True, "ota_0"), (False, None)] == [(case["rollback"], case["selected"]) for case in said["releases"]]
    assert {"ota_0"} == {case["boots"] for case in said["releases"]}


def test_table_without_app_partitions_boots_nothing(explained: Explained) -> None:
    """A table that is cut off after otadata has no app partition: nothing boots."""
    table = bytearray(device(holds=(("ota_0", 0),)))
    table[0x8000:0x8C00] = encode_table(SmallDevice().table)[:64] + b"\xff" * (0xC00 - 64)
    code, said = explained(bytes(table), "--no-history", "--no-rollback")
    assert 1 == code
    assert {None} == {case["boots"] for case in said["releases"]}


def test_chip_comes_from_the_images(explained: Explained) -> None:
    """The header of an image names its chip."""
    flash = device(config=Config(chip=Chip.ESP32C3))
    code, said = explained(flash, "--no-history", "--idf", "5.1")
    assert (0, "esp32c3") == (code, said["chip"])


def test_rollback_is_read_from_what_an_image_logs(explained: Explained) -> None:
    """A text that is compiled only with rollback, anywhere in a slot, decides."""
    flash = bytearray(device())
    flash[0x15000:0x15040] = BEGIN_REFUSES
    _, said = explained(bytes(flash[: len(device())]), "--no-history", "--idf", "5.1")
    assert [True] == [case["rollback"] for case in said["releases"]]
    _, said = explained(device(), "--no-history", "--idf", "5.1")
    assert [True, False] == [case["rollback"] for case in said["releases"]]


def test_otadata_alone_says_what_is_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a table two slots are assumed; without images, that they are whole."""
    path = tmp_path / "otadata.bin"
    path.write_bytes(entry(1, S.VALID).ljust(4096, b"\xff") + entry(2, S.VALID).ljust(4096, b"\xff"))
    assert 0 == main(["explain", "--otadata", str(path), "--idf", "5.1", "--no-rollback"])
    text = " ".join(capsys.readouterr().out.split())
    assert "two slots, ota_0 and ota_1, and no factory partition are assumed" in text
    assert "what ota_0, ota_1 hold is unknown" in text
    assert "ota_1 boots" in text
    assert "tried in this order until one verifies: ota_1, ota_0" in text


def test_text_tells_a_section_once_where_all_rules_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what differs by release names releases; every token is in one line."""
    path = tmp_path / "dump.bin"
    path.write_bytes(device(entry(1, S.VALID), entry(2, S.VALID)))
    assert 0 == main(["explain", str(path), "--rollback"])
    text = capsys.readouterr().out
    assert 1 == text.count("\notadata\n") == text.count("entry 1  number 2 → ota_1, VALID: bootable")
    assert "commence()  4.4, 5.1: ok" in text
    assert "commence()  5.5 to 6.2-dev: ok" in text
    assert all(len(line) <= 110 or "oth1." in line for line in text.splitlines())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give a dump of the whole flash"),
        (["{noise}"], "no partition table at 0x8000"),
        (["{short}"], "are no dump of a flash"),
        (["{otadata}"], "are an otadata partition"),
        (["{missing}"], "no such file"),
        (["{whole}", "--partitions", "{whole}"], "--partitions goes with --otadata"),
        (["{whole}", "--idf", "3.2"], "--idf: ESP-IDF 3.2 is older"),
        (["{whole}", "--idf", ","], "--idf: names no release"),
        (["{whole}", "--efuse", "33"], "--efuse: 33"),
        (["{whole}", "--chip", "esp8266"], "esp8266"),
        (["{whole}", "--anti-rollback", "--no-rollback"], "--anti-rollback needs rollback"),
        (["{whole}", "--seconds", "0"], "--seconds"),
        (["--otadata", "{whole}"], "an otadata partition has 0x2000"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and what to do about it."""
    files = {
        "noise": random.Random(1).randbytes(0x20000),
        "short": bytes(100),
        "otadata": b"\xff" * 0x2000,
        "whole": device(),
    }
    for name, contents in files.items():
        (tmp_path / name).write_bytes(contents)
    paths = {name: str(tmp_path / name) for name in (*files, "missing")}
    assert 2 == main(["explain", *(argument.format(**paths) for argument in arguments)])
    lines = capsys.readouterr().err.splitlines()
    assert 1 == len(lines)
    assert told in lines[0]


@pytest.mark.parametrize("seed", range(24))
def test_mutated_dumps_are_explained_or_refused(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the bytes of table, otadata and headers: an exit code, and no traceback."""
    rng = random.Random(seed)
    flash = bytearray(device(entry(3, S.VALID), entry(2, S.NEW), has_factory=bool(seed % 2)))
    for _ in range(rng.randrange(1, 6)):
        start, length = rng.choice(((0x8000, 0xE0), (OTADATA, 0x20), (OTADATA + 0x1000, 0x20), (0x10000, 0x40)))
        flash[start + rng.randrange(length)] = rng.choice((0, 1, 0x10, 0x7F, 0xFF, rng.randrange(256)))
    path = tmp_path / "dump.bin"
    path.write_bytes(flash)
    options = rng.choice((["--rollback"], ["--no-rollback"], ["--anti-rollback", "--efuse", "1"], []))
    assert main(["explain", str(path), "--no-history", *options]) in range(4)
    assert "Traceback" not in capsys.readouterr().err
