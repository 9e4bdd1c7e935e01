"""An interrupt in each phase of `otaproof check`, and in what writes directories: what was found is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otaproof.analysis import certificate_files, upgrade_check
from otaproof.campaign.upgrade import ageing, cut_table
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.cli.main import main
from otaproof.examples import shipped_example
from otaproof.output_file import write_file
from signal_trials import make_inputs

LINE = """check --partitions table.csv --running app.bin --update app.bin --rollback --faults F0
    --cuts cuts.csv --write-baseline known.json --out out.json"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with what LINE names, and an old table of cuts."""
    make_inputs(tmp_path)
    (tmp_path / "cuts.csv").write_text("old")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def interrupted(at: int, call: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Return a function that does what another does, and is interrupted the n-th time, from 1."""
    count = 0

    def function(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == at:
            raise KeyboardInterrupt
        assert call is not None
        return call(*arguments, **named)

    return function


@pytest.mark.parametrize("phase", ["second scenario", "worn flash", "proofs", "table of cuts"])
def test_interrupted_check_tells_what_was_found(
    phase: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON object says that it is not all; half a table of cuts is not written."""
    match phase:
        case "second scenario":
            monkeypatch.setattr(upgrade_check, "play_script", interrupted(2, play_script))
        case "worn flash":
            monkeypatch.setattr(ageing, "_with_stuck_bit", interrupted(2, ageing._with_stuck_bit))
        case "proofs":
            monkeypatch.setattr(upgrade_check, "prove_for", interrupted(1))
        case "table of cuts":
            monkeypatch.setattr(cut_table, "cut_rows", interrupted(1))
    assert 3 == main([*LINE.split(), *(["--endurance", "1"] if phase == "worn flash" else [])])
    said = capsys.readouterr()
    unwritten = "and cuts.csv is not written, and known.json is not written"
    assert f"otaproof check: interrupted: partial results follow, {unwritten}\n" == said.err
    assert not (place / "known.json").exists()
    assert "C1 " in said.out and "old" == (place / "cuts.csv").read_text()
    found = json.loads((place / "out.json").read_text())
    assert (phase != "table of cuts") == found["interrupted"]
    assert (phase == "second scenario") == ("holds" not in {claim["verdict"] for claim in found["claims"]})
    assert (None if phase == "table of cuts" else "interrupted") == found["no_proofs"]


def test_check_that_found_nothing_yet_is_only_interrupted(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to tell."""
    monkeypatch.setattr(upgrade_check, "play_script", interrupted(1))
    assert 3 == main(LINE.split())
    assert ("", "otaproof: interrupted\n") == capsys.readouterr()
    assert not (place / "out.json").exists()


@pytest.mark.parametrize("at", [1, 2])
def test_demo_that_is_interrupted_leaves_an_empty_folder(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the same command can be given again."""
    monkeypatch.setattr("otaproof.examples.build_images.write_file", interrupted(at, write_file))
    with pytest.raises(KeyboardInterrupt):
        shipped_example.copy_example(tmp_path / "demo")
    assert [] == list((tmp_path / "demo").iterdir())
    shipped_example.copy_example(tmp_path / "demo")


def test_sums_of_certificates_are_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without them, or with old ones, is not whole, and check.sh says so."""
    written: list[str] = []
    monkeypatch.setattr(certificate_files, "write_file", lambda path, _: written.append(path.name))
    certificate_files.write_guide(tmp_path, [], "{}")
    assert "SHA256SUMS" == written[-1] and {"manifest.json", "check.sh", "README.md"} == set(written[:-1])
