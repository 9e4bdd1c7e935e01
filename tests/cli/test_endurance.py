"""`otaproof check --endurance`: what is printed, what --json and the page say, and who refuses it."""

import json
import re
from pathlib import Path

import pytest

from html_reader import read_page
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from places import ROOT

TABLE = (
    "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x10000,64K\nota_1,app,ota_1,,64K\n"
)
COMMAND = "check --partitions table.csv --image-size 1200 --rollback --no-proofs --faults F0 --endurance 10"


@pytest.fixture(name="place")
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a table."""
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.thorough
def test_page_of_the_ladder_shows_what_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The listing; and result and page say the same."""
    page = (ROOT / "docs" / "spec" / "faults.md").read_text(encoding="utf-8")
    listing = re.search(r"<!-- worn:.*?```text\n(.*?)```", page, re.DOTALL)
    assert listing is not None
    assert ExitCode.VIOLATED == main([*COMMAND.split(), "--out", "out.json", "--report", "page"])
    printed = capsys.readouterr().out
    assert listing[1] in printed
    ageing = json.loads((place / "out.json").read_text(encoding="utf-8"))["ageing"]
    assert [("otadata", 7), ("otadata", 8)] == [(row["partition"], row["worn_in"]) for row in ageing["worn"][:2]]
    assert 2 * 256 == sum(len(row["bits"]) for row in ageing["stuck"] if row["partition"] == "otadata")
    made = read_page((place / "page" / "index.html").read_text(encoding="utf-8"))
    shown = [" ".join(row.text.split()) for row in made.all("tr")]
    assert not made.problems
    for row in ageing["stuck"]:
        for sign in row["signs"][:1]:
            claim = "" if sign["claim"] is None else f"{sign['claim']}: "
            told = f"update {sign['update']}, {sign['call']}(): {claim}{sign['text']}"
            assert any(
                line.startswith(f"0x{row['address']:x} of {row['partition']}") and told in line for line in shown
            )


@pytest.mark.parametrize("kind", ["bootloader", "partition-table"])
def test_other_updates_refuse_it(kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are made once."""
    code = main(["check", "--partitions", "table.csv", "--update-kind", kind, "--endurance", "5"])
    assert ExitCode.BAD_INPUT == code
    assert "otaproof check: --endurance: goes with --update-kind app alone\n" == capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "1001", "-1", "x"])
def test_number_is_one_that_can_be_played(number: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line."""
    assert ExitCode.BAD_INPUT == main(["check", "--partitions", "table.csv", "--endurance", number])
    told = capsys.readouterr().err.splitlines()
    assert 1 == len(told) and "--endurance" in told[0]
