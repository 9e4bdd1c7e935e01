"""`otaproof check --report`: the page says what --json says, is whole HTML, and shows a stranger's text as text."""

import json
import re
from base64 import b64encode
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from html_reader import Page, flaws, read_page
from otaproof.analysis.results.check_dossier import CheckDossier
from otaproof.bounded_input import shown
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.cli.reports.html import check_page
from otaproof.cli.reports.html.strip_view import time_words
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.claims.severity import Harm
from places import ROOT
from report_project import ARGUMENTS, FILES, made_in


@dataclass(frozen=True)
class Report:
    """A check, and its page."""

    folder: Path
    result: dict[str, Any]
    raw: bytes
    page: Page

    def heading(self, name: str) -> str:
        """Return the text of the element with an id."""
        return next(e.text for e in self.page.elements if e.attributes.get("id") == name)

    @property
    def violated(self) -> list[dict[str, Any]]:
        """The claims that are violated."""
        return [claim for claim in self.result["claims"] if claim["verdict"] == "violated"]


def reported(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Report:
    """Run a check in a folder and read its page."""
    main([*ARGUMENTS, *arguments])
    result = json.loads(capsys.readouterr().out)
    raw = (folder / "page" / "index.html").read_bytes()
    return Report(folder, result, raw, read_page(raw.decode()))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with table and images."""
    monkeypatch.chdir(tmp_path)
    return made_in(tmp_path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A check that finds violations."""
    folder = made_in(tmp_path_factory.mktemp("report"))
    with pytest.MonkeyPatch.context() as context, redirect_stdout(StringIO()) as said:
        context.chdir(folder)
        assert ExitCode.VIOLATED == main(ARGUMENTS)
    raw = (folder / "page" / "index.html").read_bytes()
    found = Report(folder, json.loads(said.getvalue()), raw, read_page(raw.decode()))
    assert len(found.violated) > 1
    return found


def test_page_has_the_verdicts_of_the_result(report: Report) -> None:
    """Each violated claim has a card with what --json tells of it; each other one has a row."""
    cards = {card.attributes["id"]: " ".join(card.text.split()) for card in report.page.of_class("card")}
    assert {f"claim-{claim['id']}" for claim in report.violated} == set(cards)
    for claim in report.violated:
        card = cards[f"claim-{claim['id']}"]
        told = (claim["title"], claim["severity"], f"{claim['violations']:,} cut points", claim["where"], claim["then"])
        assert [] == [text for text in told if text not in card]
        fixes = [name for fix in claim["fixes"] for name in fix["remedies"]]
        assert fixes and all(name in card for name in fixes)
    rows = {row.text.split()[0]: row.text for row in report.page.all("tr") if re.match(r"\s*C\d+\s", row.text)}
    others = [claim for claim in report.result["claims"] if claim["verdict"] != "violated"]
    assert {claim["id"] for claim in others} == set(rows)
    words = {"proved": "proved", "refuted": "refuted in"}
    assert all(words[claim["proof"]["verdict"]] in rows[claim["id"]] for claim in others if claim["proof"])


def test_time_in_danger_is_that_of_the_result(report: Report) -> None:
    """The bars of a claim in the scenario of its window add up to the milliseconds of --json."""
    rows = [" ".join(row.text.split()) for row in report.page.of_class("danger-row")]
    for claim in report.violated:
        if claim["window"]["milliseconds"]:
            told = f"{claim['id']} {time_words(claim['window']['milliseconds'])}"
            assert any(row.startswith(told) for row in rows), told


def test_replay_ends_in_what_the_result_says(report: Report) -> None:
    """The last moment of a replay has the broken claims; one moment is the cut."""
    for stepper in report.page.of_class("finding"):
        named = re.findall(r"C\d+", report.heading(stepper.attributes["aria-labelledby"]))
        for claim in report.violated:
            if claim["id"] in named:
                assert f"{claim['id']}: {claim['then']}" in stepper.text


def test_same_input_gives_the_same_bytes(report: Report, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No time of day, no seconds, and not where it was made."""
    assert report.raw == reported(place, capsys).raw


def test_page_has_the_digest_of_each_input(report: Report) -> None:
    """And the command, which needs nothing else."""
    for name in ("table.csv", "app.bin", "new.bin"):
        assert sha256((report.folder / name).read_bytes()).hexdigest() in report.page.all("main")[0].text
    assert f"otaproof {' '.join(ARGUMENTS)}" in report.page.all("main")[0].text


def test_page_is_sound(report: Report) -> None:
    """Whole markup, landmarks, headings in order, a text for each picture, links that lead somewhere, no request."""
    assert [] == flaws(report.page)
    assert report.page.all("button") and report.page.all("table") and report.page.all("svg")


@pytest.mark.parametrize(
    ("markup", "flaw"),
    [
        ("<p><b></p>", "</p> ends b"),
        ("<a id=x></a><a id=x></a>", "id x is there twice"),
        ("<a href=#y></a>", "nothing is called y"),
        ("<h1></h1><h3></h3>", "h3 follows h1"),
        ("<svg></svg>", "a picture has no text"),
        ("<img src=x onerror=y>", "img has an attribute onerror"),
        ("<a href=http://x></a>", "a leads to http://x"),
        ("<table></table>", "a table has no caption"),
    ],
)
def test_flaws_are_found(markup: str, flaw: str) -> None:
    """The reader of these tests is not blind."""
    assert flaw in flaws(read_page(markup))


def test_policy_admits_one_style_sheet_and_one_script(report: Report) -> None:
    """By their hashes; they fetch nothing."""
    page = report.page
    policy = next(e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes)
    assert policy.startswith("default-src 'none'; ")
    (style,), (script,) = page.all("style"), page.all("script")
    for kind, element in (("style-src", style), ("script-src", script)):
        digest = b64encode(sha256(element.text.encode()).digest()).decode()
        assert f"; {kind} 'sha256-{digest}';" in policy
        assert [] == re.findall(r"https?:|@import|url\([^#]|fetch|XMLHttp|innerHTML", element.text)


HOSTILE = (
    *("<img onerror>", '"><script>', "</script><b>", "</style>", "{{ 7*7 }}", "<!--", "a\u202eb", "&lt;b", "\x1b[31m"),
    "</title><x>",
)
"""Labels; the first two are those of the update."""


def test_label_of_a_stranger_is_text(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is there as it is, what paints written out, and makes no element or attribute of its own."""
    for name, labels in (("hostile", HOSTILE), ("plain", [f"slot{number}" for number in range(len(HOSTILE))])):
        slots = [Partition(s, 0, 0x10 + n, 0x10000 * (n + 1), 0x10000) for n, s in enumerate(labels)]
        (place / f"{name}.bin").write_bytes(encode_table((Partition("otadata", 1, 0, 0xD000, 0x2000), *slots)))
    hostile = reported(place, capsys, "--no-proofs", "--partitions", "hostile.bin")
    plain = reported(place, capsys, "--no-proofs", "--partitions", "plain.bin")
    assert [] == flaws(hostile.page)
    assert [(e.tag, *e.attributes) for e in plain.page.elements] == [
        (e.tag, *e.attributes) for e in hostile.page.elements
    ]
    assert [] == [label for label in HOSTILE if shown(label) not in hostile.page.all("main")[0].text]
    assert not set(hostile.raw.decode()) & {"\x1b", "\u202e"}


def test_policy_that_accepts_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the reason, beside the claim; the verdict names what is left."""
    reason = "our <server> offers it again"
    (place / "otaproof.toml").write_text(f'[[accept]]\nclaim = "C4"\nreason = "{reason}"\n')
    found = reported(place, capsys, "--policy", "otaproof.toml")
    card = next(card for card in found.page.of_class("card") if card.attributes["id"] == "claim-C4")
    assert f"accepted: {reason}" in card.text
    assert ", ".join(found.result["policy"]["failing"]) in found.page.of_class("fails")[0].text


@pytest.mark.parametrize(
    ("is_interrupted", "said"), [(False, "passes under F"), (True, "is undecided: not everything")]
)
def test_page_of_an_interrupted_check_passes_nothing(
    is_interrupted: bool, said: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says of the policy what the last line of the text says."""

    def ended(dossier: CheckDossier) -> bytes:
        return page_of(replace(dossier, result=replace(dossier.result, interrupted=is_interrupted)))

    page_of = check_page.check_page
    monkeypatch.setattr(check_page, "check_page", ended)
    found = reported(place, capsys, "--fail-on", "never")
    (verdict,) = found.page.of_class("open" if is_interrupted else "passes")
    assert f"By the policy it {said}" in " ".join(verdict.text.split())


def test_claims_that_all_hold_make_a_page_without_findings(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under F0 without rollback; and cuts that tear nothing have no place in time."""
    found = reported(place, capsys, "--no-rollback", "--faults", "F0", "--idf", "6.1")
    verdict = {True: "A power cut breaks", False: "No power cut breaks a promise"}[bool(found.violated)]
    assert verdict in found.page.all("h1")[0].text
    assert [] == found.page.of_class("strip") and [] == flaws(found.page)


def test_refused_folder_is_told_before_the_work(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in its place, or above it; nothing is written."""
    for folder in ("app.bin", "app.bin/page"):
        assert ExitCode.BAD_INPUT == main(["check", *FILES, "--report", folder])
        said = capsys.readouterr()
        assert ("", 1) == (said.out, said.err.count("\n"))
        assert "app.bin is no directory" in said.err
    (place / "page" / "index.html").mkdir(parents=True)
    assert ExitCode.BAD_INPUT == main(["check", *FILES, "--report", "page"])
    assert "is a directory" in capsys.readouterr().err


def test_other_kinds_of_updates_have_no_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They say so in one line."""
    assert ExitCode.BAD_INPUT == main(["check", *FILES, "--update-kind", "bootloader", "--report", "page"])
    assert "--report: go with --update-kind app alone" in capsys.readouterr().err


def test_every_severity_has_a_tone() -> None:
    """The template has a table of them."""
    parts = (ROOT / "cli/reports/html/templates/parts.html").read_text()
    assert [] == [harm.value for harm in Harm if f'"{harm.value}":' not in parts]
