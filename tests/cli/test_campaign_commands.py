"""`otaproof campaign`: what it prints, and its exit codes."""

import json
import re
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from otaproof.analysis import campaign_causes
from otaproof.campaign.fuzz.findings import BLOCK
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.ledger import lane_dealing, ledger
from otaproof.campaign.ledger.lane_work import play_lane
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.cli.main import main

DEVICE = ("--slots", "2", "--no-factory", "--rollback", "--no-anti-rollback", "--idf", "5.1", "--seed", "5")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a new directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def begin(name: str, *options: str) -> None:
    """Begin a campaign of which no run is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane_dealing.CampaignRun, "run", lambda *_: None)
        main(["campaign", "run", name, "--runs", "1", *options])


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, in one line."""
    return " ".join(capsys.readouterr().out.split())


def test_campaign_from_begin_to_end(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two shards, each begun, gone on with, merged, and told by cause."""
    for number in (1, 2):
        assert 1 == main(["campaign", "run", f"{number}.db", *DEVICE, "--runs", "50", "--shard", f"{number}/2"])
        assert 1 == main(["campaign", "resume", f"{number}.db", "--runs", "75"])
    assert 1 == main(["campaign", "merge", "all.db", "1.db", "2.db"])
    assert 1 == main(["campaign", "run", "whole.db", *DEVICE, "--runs", "75"])
    capsys.readouterr()
    prints = []
    for name in ("all.db", "whole.db"):
        assert 1 == main(["campaign", "status", name, "--json"])
        prints.append(json.loads(capsys.readouterr().out))
    merged, whole = prints
    assert (merged["fingerprint"], merged["found"], 75) == (whole["fingerprint"], whole["found"], whole["runs"])
    assert whole["complete"] and "1/1" == whole["shard"]
    assert merged["mutation"] == whole["mutation"]
    assert 1 == main(["campaign", "show", "whole.db"])
    text = printed(capsys)
    assert "C4: With rollback, an image that complete() has marked gets one try" in text
    assert "known: accept-before-the-first-boot" in text and "otaproof replay oth1." in text
    assert "Never covered:" in text and whole["fingerprint"] in text


@pytest.mark.thorough
def test_causes_have_all_findings(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of findings is one of a cause; each token replays."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    capsys.readouterr()
    main(["campaign", "show", "new.db", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["found"]) == sum(cause["kinds"] for cause in shown["causes"])
    assert {kind["claim"] for kind in shown["found"]} == {
        claim for cause in shown["causes"] for claim in cause["claims"]
    }
    assert len({cause["title"] for cause in shown["causes"]}) == len(shown["causes"])
    for cause in shown["causes"]:
        found = [cause["plainest"], *cause["others"]]
        assert sorted(cause["claims"]) == sorted(one["claim"] for one in found)
        assert 1 <= cause["histories"] <= cause["kinds"]
        assert cause["runs"] == sum(sum(runs.values()) for runs in cause["runs_by_claim"].values())
        assert all(one["faults"] in cause["runs_by_claim"][one["claim"]] for one in found)
    assert all(cause["plainest"]["confirmed"] for cause in shown["causes"])
    assert 1 == main(["replay", shown["causes"][0]["plainest"]["token"]])


@pytest.mark.thorough
def test_page_has_all_causes_and_how_the_campaign_grew(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file, which loads nothing; its numbers are those of --json."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    capsys.readouterr()
    assert 1 == main(["campaign", "show", "new.db", "--report", "page", "--json"])
    shown = json.loads(capsys.readouterr().out)
    page = (place / "page" / "index.html").read_text(encoding="utf-8")
    assert len(shown["causes"]) == page.count('<section class="finding"') == page.count('<div class="stepper"')
    assert all(cause["plainest"]["token"] in page for cause in shown["causes"])
    assert "C10: info() names the partition that runs" in page
    assert f"<b>{shown['covered']}</b> actions, premises and sites of cuts" in page
    assert f"<b>{len(shown['found'])}</b> kinds" in page
    assert f"The last new one in run {shown['newest_cover']}." in page
    assert shown["newest_cover"] == shown["cover_curve"][-1] and sorted(shown["cover_curve"]) == shown["cover_curve"]
    assert page.count('<path class="line"') == 2 and "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.thorough
def test_files_of_causes_can_be_used(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The test fails and says what is broken; the flash can be explained; the pictures are pictures."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    capsys.readouterr()
    assert 0 == main(["campaign", "export", "new.db", "found"])
    homes = sorted((place / "found").iterdir())
    refused = capsys.readouterr().out.count("\n  no host test: ")
    assert len(homes) == refused + sum((home / "host_test/main/CMakeLists.txt").is_file() for home in homes)
    assert not any((home / "lua").exists() for home in homes)
    main(["campaign", "show", "new.db", "--json"])
    causes = json.loads(capsys.readouterr().out)["causes"]
    assert [home.name for home in homes] == sorted(
        f"{number:02}-{claim}" for number, cause in enumerate(causes, 1) for claim in cause["claims"]
    )
    for home in homes:
        assert (home / "trace.svg").read_text(encoding="utf-8").startswith("<svg")
        assert "sequenceDiagram" in (home / "trace.mmd").read_text(encoding="utf-8")
        assert main(["explain", str(home / "flash.bin"), "--no-history"]) != 2
    (test,) = (place / "found" / f"01-{causes[0]['plainest']['claim']}").glob("test_*.py")
    made: dict[str, Any] = {}
    exec(compile(test.read_text(encoding="utf-8"), str(test), "exec"), made)
    (function,) = (value for name, value in made.items() if name.startswith("test_"))
    with pytest.raises(AssertionError, match=re.escape(causes[0]["plainest"]["text"])):
        function()


@pytest.mark.thorough
def test_scripts_of_causes_are_written_if_asked_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says how it is played, or why it cannot be."""
    pytest.importorskip("lupa")
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    assert 0 == main(["campaign", "export", "new.db", "found", "--lua"])
    scripts = [script.read_text(encoding="utf-8") for script in place.glob("found/*/lua/trace.lua")]
    assert len(scripts) == len(list((place / "found").iterdir()))
    assert all(
        ("-- In this directory, to play it" in script) != ("-- otaproof run cannot play it" in script)
        for script in scripts
    )


def test_export_of_no_finding_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a line."""
    begin("new.db", *DEVICE)
    capsys.readouterr()
    assert 0 == main(["campaign", "export", "new.db", "found"])
    assert "new.db: nothing was found, so there is nothing to write" in printed(capsys)


def test_scripts_need_lua(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is said before any work."""
    begin("new.db", *DEVICE)
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "lupa.lua51", None)
    assert 2 == main(["campaign", "export", "new.db", "found", "--lua"])
    assert "needs Lua: pip install" in capsys.readouterr().err
    assert not (place / "found").exists()


def test_interrupt_says_how_to_go_on(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was added before it stays."""
    monkeypatch.setattr(
        lane_dealing,
        "play_lane",
        lambda work: signal.raise_signal(signal.SIGINT) if work.lane == 1 else play_lane(work),
    )
    assert 3 == main(["campaign", "run", "new.db", *DEVICE, "--runs", "75"])
    text = printed(capsys)
    assert "25 of 75 runs" in text and "interrupted; otaproof campaign resume new.db goes on" in text


@pytest.fixture
def interrupted(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of a campaign, new.db, an interrupt of which comes as its findings are made plain."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    capsys.readouterr()
    monkeypatch.setattr(campaign_causes, "plainest", lambda finding: signal.raise_signal(signal.SIGINT))
    return place


@pytest.mark.usefixtures("interrupted")
def test_interrupt_of_show_keeps_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    """As they were found."""
    assert 3 == main(["campaign", "show", "new.db", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert "interrupted" == shown["ended_by"] and len(shown["found"]) == sum(c["kinds"] for c in shown["causes"])


def test_interrupt_of_export_writes_nothing(interrupted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says so."""
    assert 3 == main(["campaign", "export", "new.db", "found"])
    assert ("", "interrupted; nothing was written\n") == capsys.readouterr()
    assert not [*(interrupted / "found").iterdir()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "old.db"), "old.db is there already"),
        (("run", "none/new.db"), "none/new.db: cannot be opened: unable to open database file"),
        (("run", "new.db", "--shard", "9/8"), "--shard: '9/8' is no shard"),
        (("run", "new.db", "--runs", "0"), "want 1"),
        (("status", "text.db"), "text.db: no campaign"),
        (("resume", "none.db"), "none.db: no such file"),
        (("status", "."), ".: is no file; otaproof campaign run makes one"),
        (("merge", "new.db"), "name the files to put together"),
        (("merge", "new.db", "none.db"), "none.db: no such file"),
        (("merge", "new.db", "old.db", "other.db"), "other.db: another campaign than"),
    ],
)
def test_bad_usage_is_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """With exit code 2; a file that was there is as it was, and none is begun that nothing can come of."""
    for name, seed in (("old.db", "1"), ("other.db", "2")):
        begin(name, "--slots", "1", "--seed", seed)
    (place / "text.db").write_text("no campaign\n" * 100)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    capsys.readouterr()
    assert 2 == main(["campaign", *arguments])
    error = capsys.readouterr().err
    assert told in error and 1 == error.count("\n")
    assert before == {path.name: path.read_bytes() for path in place.iterdir()}


@pytest.mark.parametrize(
    ("token", "told"),
    [("oth1.eNp", "token: damaged"), ("gap", "is none of this campaign: the model has slots without gaps")],
)
def test_findings_that_somebody_wrote_are_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], token: str, told: str
) -> None:
    """A token that is damaged, and one of a device that no campaign draws."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    written = encode_history_token(known_case("table-with-a-gap").token()) if token == "gap" else token
    with closing(sqlite3.connect("new.db")) as db, db:
        db.execute("UPDATE found SET token = ?", (written,))
    capsys.readouterr()
    assert 2 == main(["campaign", "show", "new.db"])
    error = capsys.readouterr().err
    assert told in error and 1 == error.count("\n")


def test_kept_history_that_somebody_wrote_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When a run is to begin from it."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    with closing(sqlite3.connect("new.db")) as db, db:
        db.execute("UPDATE kept SET token = 'oth1.eNp'")
    capsys.readouterr()
    assert 2 == main(["campaign", "resume", "new.db", "--runs", str(BLOCK * 65)])
    error = capsys.readouterr().err
    assert "new.db: a campaign that is damaged: token: damaged" in error
    assert 1 == len([line for line in error.splitlines() if not line.startswith("otaproof: note:")])


def test_what_mutation_came_to_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As --json has it; of a draw that is not steered nothing."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK)])
    text = printed(capsys)
    main(["campaign", "status", "new.db", "--json"])
    told = json.loads(capsys.readouterr().out)["mutation"]
    assert f"{told['kept']} histories kept; {told['runs']} runs began from one of them, changed" in text
    assert f"only these covered {told['covered']} of that" in text
    main(["campaign", "show", "new.db", "--report", "page"])
    shown = printed(capsys)
    page = " ".join((place / "page" / "index.html").read_text(encoding="utf-8").replace("<li>", "").split())
    lines = (f"{told['kept']} histories kept; {told['runs']} runs began", f"only these covered {told['covered']} of")
    for line in lines:
        assert line in shown and line in page
    assert 0 < told["runs"] < BLOCK
    main(["campaign", "run", "plain.db", *DEVICE, "--runs", str(BLOCK), "--no-steer"])
    assert "histories kept" not in printed(capsys)
    main(["campaign", "status", "plain.db", "--json"])
    told = json.loads(capsys.readouterr().out)["mutation"]
    assert (0, 0, 0, 0) == tuple(told[name] for name in ("kept", "runs", "covered", "found"))


def test_campaign_of_another_version_is_not_gone_on_with(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would come to something else."""
    begin("old.db")
    monkeypatch.setattr("otaproof.analysis.campaigns.__version__", "99")
    assert 2 == main(["campaign", "resume", "old.db"])
    assert "and this is 99" in capsys.readouterr().err


def test_claims_of_the_first_block_are_told_as_they_are_found(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, a line for each; of those that were known before it went on none."""
    main(["campaign", "run", "new.db", *DEVICE, "--runs", str(BLOCK), "--json"])
    streams = capsys.readouterr()
    told = re.findall(r"found (C\d+), after 25 runs", streams.err)
    assert told and set(told) == {kind["claim"] for kind in json.loads(streams.out)["found"]}
    main(["campaign", "resume", "new.db", "--runs", str(2 * BLOCK)])
    assert not set(told) & set(re.findall(r"found (C\d+)", capsys.readouterr().err))


def test_nothing_is_left_of_a_merge_that_fails(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would look like a campaign."""
    for number in (1, 2):
        begin(f"{number}.db", *DEVICE, "--shard", f"{number}/2")
    before = sorted(place.iterdir())
    merge = Ledger.merge

    def merge_or_fail(self: Ledger, other: Ledger) -> None:
        if other.path.name == "2.db":
            raise sqlite3.OperationalError("database or disk is full")
        merge(self, other)

    monkeypatch.setattr(Ledger, "merge", merge_or_fail)
    capsys.readouterr()
    assert 2 == main(["campaign", "merge", "all.db", "1.db", "2.db"])
    assert "all.db: database or disk is full" in capsys.readouterr().err
    assert before == sorted(place.iterdir())


def test_nothing_is_left_of_a_file_that_cannot_be_begun(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the same command can be given again."""
    monkeypatch.setattr(ledger, "SCHEMA", ("no SQL",))
    assert 2 == main(["campaign", "run", "new.db", "--runs", "1"])
    assert "new.db: " in capsys.readouterr().err and [] == list(place.iterdir())


def test_under_f5_nothing_is_said_of_a_comparison(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The board plays alone."""
    assert 1 == main(["campaign", "run", "new.db", "--runs", str(BLOCK), "--faults", "F5"])
    text = printed(capsys)
    assert "on the board alone" in text and "divergence" not in text
