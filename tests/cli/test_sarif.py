"""SARIF 2.1.0 as OASIS's schema and GitHub's code scanning want it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from doctor_projects import TABLE, Broken, make_project, write
from sarif_schema import SCHEMA

from otaproof.cli.main import main
from otaproof.project.doctor.diagnosis import RULES

MANY_FAULTS = Broken(
    {"BOOTLOADER_APP_ROLLBACK_ENABLE": "n", "ESP_BROWNOUT_DET": "n"},
    table=TABLE.replace("0x2000", "0x1000") + "again,app,ota_1,,64K\n",
)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The log of a project with many faults, made in the directory above it."""
    make_project(tmp_path / "my project", MANY_FAULTS)
    monkeypatch.chdir(tmp_path)
    assert 1 == main(["doctor", "my project", "--sarif", "out.sarif"])
    capsys.readouterr()
    read: dict[str, Any] = json.loads((tmp_path / "out.sarif").read_text())
    return read


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of the only run."""
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def test_log_is_what_the_schema_of_oasis_says(log: dict[str, Any]) -> None:
    """SARIF 2.1.0 with its errata."""
    SCHEMA.validate(log)
    assert isinstance(SCHEMA.schema, dict)
    assert log["$schema"] == SCHEMA.schema["id"]
    (run,) = log["runs"]
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"].startswith("file:///")
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"].endswith("/")


@pytest.mark.parametrize("key", ["version", "runs"])
def test_schema_refuses_a_log_without_what_it_requires(log: dict[str, Any], key: str) -> None:
    """It can fail."""
    del log[key]
    assert not SCHEMA.is_valid(log)


def test_every_rule_is_described(log: dict[str, Any]) -> None:
    """An id each, with text and level."""
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule.id for rule in RULES] == [rule["id"] for rule in rules]
    for rule in rules:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")


def test_every_result_names_its_rule_and_says_something(log: dict[str, Any]) -> None:
    """By id and by index, with a level of the format."""
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert results(log)
    for result in results(log):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())


def test_every_result_is_at_a_file_of_the_directory(log: dict[str, Any], tmp_path: Path) -> None:
    """Relative, with slashes, lines from 1: what code scanning shows."""
    for result in results(log):
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert "SRCROOT" == physical["artifactLocation"]["uriBaseId"]
        uri = physical["artifactLocation"]["uri"]
        assert " " not in uri and "\\" not in uri and not uri.startswith("/")
        assert (tmp_path / unquote(uri)).exists()
        assert physical.get("region", {"startLine": 1})["startLine"] >= 1


def test_result_is_at_the_line_of_the_fault(log: dict[str, Any]) -> None:
    """otadata is in line 3 of the table."""
    (location,) = (result["locations"][0] for result in results(log) if result["ruleId"] == "D44")
    assert ("my%20project/partitions.csv", 3) == (
        location["physicalLocation"]["artifactLocation"]["uri"],
        location["physicalLocation"]["region"]["startLine"],
    )


def test_fingerprint_stays_when_lines_move(
    log: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a finding that was dismissed stays dismissed."""
    project = tmp_path / "my project"
    for name in ("sdkconfig", "partitions.csv"):
        write(project / name, "\n\n" + (project / name).read_text())
    main(["doctor", "my project", "--sarif", "moved.sarif"])
    moved = json.loads((tmp_path / "moved.sarif").read_text())
    assert [result["partialFingerprints"] for result in results(log)] == [
        result["partialFingerprints"] for result in results(moved)
    ]
    assert results(log) != results(moved)


def test_finding_that_no_file_has_is_put_on_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kconfig's default is written nowhere; code scanning shows nothing without a file."""
    write(tmp_path / "app/sdkconfig", "CONFIG_PARTITION_TABLE_TWO_OTA=y\n")
    monkeypatch.chdir(tmp_path)
    main(["doctor", "app", "--sarif", "out.sarif"])
    (result,) = (r for r in results(json.loads((tmp_path / "out.sarif").read_text())) if r["ruleId"] == "D14")
    assert "app/sdkconfig" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert "Kconfig's default" in result["message"]["text"]


def test_sound_project_has_a_log_without_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upload without results is what closes alerts."""
    make_project(tmp_path / "app")
    monkeypatch.chdir(tmp_path)
    assert 0 == main(["doctor", "app", "--sarif", "out.sarif", "--ignore", "D20,D33,D67"])
    assert [] == results(json.loads((tmp_path / "out.sarif").read_text()))
