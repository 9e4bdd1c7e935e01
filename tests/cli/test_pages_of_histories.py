"""`--report` of prove and fuzz: pages that say what --json says, with each history step by step."""

import json
from pathlib import Path
from typing import Any

import pytest

from html_reader import Page, flaws, read_page
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

PROVE = ("prove", "--usage", "documented", "--claim", "C4", "--claim", "C3", "--claim", "C10", "--idf", "5.1")
FUZZ = ("fuzz", "--runs", "6", "--seed", "1", "--faults", "F1")


def reported(place: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], bytes, Page]:
    """Run a command, and read its page."""
    main([*arguments, "--json", "--report", "page"])
    raw = (place / "page" / "index.html").read_bytes()
    return json.loads(capsys.readouterr().out), raw, read_page(raw.decode())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_page_of_a_proof_says_what_the_result_says(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A card and a replay for each refuted claim; every verdict with how it was decided; the same bytes again."""
    result, raw, page = reported(place, capsys, *PROVE)
    assert [] == flaws(page)
    refuted = [claim for claim in result["claims"] if claim["verdict"] == "refuted"]
    assert ["C4", "C10"] == [claim["id"] for claim in refuted]
    assert "2 of 3 promises can be broken" == page.all("h1")[0].text.strip()
    cards = {card.attributes["id"]: " ".join(card.text.split()) for card in page.of_class("card")}
    for claim in refuted:
        card = cards[f"claim-{claim['id']}"]
        told = (claim["title"], claim["broken_by"], f"{claim['depth']} steps", *claim["sentences"])
        assert [] == [text for text in told if text not in card]
        replay = next(e for e in page.elements if e.attributes.get("id") == f"finding-{claim['id']}")
        assert f"{claim['id']}: " in replay.text and f"otaproof replay {claim['token']}" in replay.text
    rows = " ".join(" ".join(table.text.split()) for table in page.of_class("claims"))
    assert all(f"{claim['verdict']} {claim['method']}" in rows for claim in result["claims"])
    assert raw == reported(place, capsys, *PROVE)[1]


def test_page_of_a_fuzz_says_what_the_result_says(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shortest history of each claim, its steps, and its end; the same bytes again."""
    result, raw, page = reported(place, capsys, *FUZZ)
    assert [] == flaws(page) and result["summary"]
    assert f"Random histories break {len(result['summary'])} promises" == page.all("h1")[0].text.strip()
    for summary in result["summary"]:
        found = next(e for e in page.elements if e.attributes.get("id") == f"finding-{summary['claim']}")
        shortest = summary["shortest"]
        told = (summary["title"], shortest["text"], f"otaproof replay {shortest['token']}", *shortest["steps"])
        assert [] == [text for text in told if text not in found.text]
        assert f"{summary['claim']}: {shortest['text']}" in found.text or not shortest["confirmed"]
    assert raw == reported(place, capsys, *FUZZ)[1]


def test_page_of_a_fuzz_under_f5_tells_of_no_comparison(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The board plays alone, so nothing followed it."""
    result, _, page = reported(place, capsys, "fuzz", "--runs", "1", "--seed", "1", "--faults", "F5")
    lead = " ".join(page.of_class("lead")[0].text.split())
    assert not result["compared"] and lead.endswith("on the simulated board alone: the device model ends with F3.")
    assert "divergences" not in page.of_class("facts")[0].text


def test_proof_of_every_configuration_has_no_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told in one line, before the work."""
    assert ExitCode.BAD_INPUT == main(["prove", "--all", "--report", "page"])
    assert "--report: is a page of one device" in capsys.readouterr().err
    assert [] == list(place.iterdir())
