"""What reports look like on a terminal of 80 columns: what has to be pasted is not broken."""

import json
import re
from pathlib import Path

import pytest
from doctor_projects import TWO_SLOTS

from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import main
from otaproof.cli.reports.report_page import counted
from otaproof.impl.image.format import build_image
from otaproof.model.call_names import CALLS_TEXT

COLUMNS = 80
REPLAY = ("replay", encode_history_token(known_case("trial-is-lost").token()))
DEVICE = ("--partitions", "table.csv", "--running", "running.bin", "--update", "update.bin")
REPORTS: dict[str, tuple[str, ...]] = {
    "check": ("check", *DEVICE, "--rollback", "--faults", "F0", "--no-proofs"),
    "explain": (
        "explain",
        "--otadata",
        "otadata.bin",
        "--partitions",
        "table.csv",
        "--seconds",
        "5",
        "--idf",
        "5.1,5.5",
    ),
    "explore": ("explore", "--faults", "F0", "--claims", "C1,C10"),
    "outcomes": ("outcomes", "--faults", "F0", "--usage", "any"),
    "prove": ("prove", "--usage", "restart-at-once", "--claim", "C4", "--faults", "F0"),
    "fuzz": ("fuzz", "--seed", "5", "--runs", "25", "--slots", "2", "--rollback", "--idf", "5.1"),
    "diff": ("diff", "5.1", "5.5", "--usage", "restart-at-once", "--faults", "F0", "--claims", "C2"),
    "replay": REPLAY,
    "doctor": ("doctor", "--partitions", "table.csv", "--running", "running.bin"),
}


@pytest.fixture
def printed(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What a command prints in a directory with its files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    (tmp_path / "table.csv").write_text(TWO_SLOTS)
    (tmp_path / "otadata.bin").write_bytes(b"\xff" * 0x2000)
    for name, seed in (("running.bin", 1), ("update.bin", 2)):
        (tmp_path / name).write_bytes(build_image(size=1200, version=f"1.{seed}", seed=seed))
    assert main(REPORTS[request.param]) in (0, 1, 3)
    return capsys.readouterr().out


WHOLE = re.compile(r" *otaproof \S+( \S+){0,2}$| {9}\S+\.(csv|bin|defaults)(:\d+)?: ")
"""Lines that are never broken."""


@pytest.mark.parametrize("printed", REPORTS, indirect=True)
def test_report_fits_and_tokens_stay_whole(printed: str) -> None:
    """Longer than the terminal is only a command with its token, and what is found at a place in a file."""
    lines = printed.splitlines()
    long = [line for line in lines if len(line) > COLUMNS]
    assert all(re.match(r" *otaproof \S+( \S+){0,2}$| {9}\S+\.(csv|bin|defaults)(:\d+)?: ", line) for line in long), (
        long
    )
    assert " ".join(printed.split()).startswith(" ".join(CALLS_TEXT.split()))
    for line in lines:
        if "otaproof replay" in line:
            assert 1 == main(line.split()[1:])


@pytest.mark.parametrize("printed", ["check", "explore", "prove", "fuzz", "outcomes"], indirect=True)
def test_event_that_breaks_a_claim_is_marked(printed: str) -> None:
    """One mark for each trace, at its end; no identifier of the model stands in the trace."""
    assert "✗ " in printed
    assert "cut_in_erase" not in printed and "boot_starts" not in printed


@pytest.mark.parametrize("printed", ["check"], indirect=True)
def test_verdicts_come_first_and_settings_last(printed: str) -> None:
    """What nobody chose is marked, and stands first among the settings."""
    order = [printed.index(text) for text in (" C1 ", "C4 new_image", "Cut points", "Settings", "  ? ")]
    assert sorted(order) == order


def test_fuzz_prints_a_block_for_each_claim(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The shortest finding; all are in the file."""
    out = tmp_path / "findings.jsonl"
    main(["fuzz", "--seed", "5", "--runs", "60", "--usage", "any", "--out", str(out)])
    text = capsys.readouterr().out
    findings = [json.loads(line) for line in out.read_text().splitlines()]
    claims = {finding["claim"] for finding in findings}
    assert len(findings) > len(claims)
    assert text.count("otaproof replay oth1.") == len(claims)
    for claim in claims:
        shortest = min(len(finding["steps"]) for finding in findings if finding["claim"] == claim)
        (heading,) = (line for line in text.splitlines() if line.startswith(f"{claim} violated"))
        assert heading.endswith(f"shortest: {counted(shortest, 'step')}")
