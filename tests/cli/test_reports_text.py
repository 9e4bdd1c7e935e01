"""What reports look like on a terminal of 80 columns: what has to be pasted is not broken."""

import io
import json
import re
from pathlib import Path

import pytest
from doctor_projects import TWO_SLOTS
from rich.console import Console

from otaproof.analysis.fuzz_findings import ConfirmedFinding, FuzzReport
from otaproof.analysis.results.fuzz_result import fuzz_result
from otaproof.campaign.fuzz.findings import Finding, Findings
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.campaign.lockstep.lockstep import scope_of_device
from otaproof.cli.main import main
from otaproof.cli.reports.fuzz_report import print_fuzz
from otaproof.cli.reports.report_page import counted
from otaproof.impl.image.format import build_image
from otaproof.model.call_names import CALLS_TEXT
from otaproof.model.fault_model import FaultModel

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


@pytest.mark.parametrize(
    ("claim_id", "ended_by", "told"),
    [
        ("C21", "", "1 finding of 1: the model says that the next step, or a cut in the last one, can break it"),
        ("C4", "", "1 finding of 1: not shown by a replay of the board alone, so board and model judge differently"),
        ("C4", "interrupted", "1 finding of 1: not replayed by the board alone, or not shown"),
    ],
)
def test_what_the_board_alone_does_not_show_is_told(claim_id: str, ended_by: str, told: str) -> None:
    """And what that means: a disagreement only where a state breaks the claim, and the fuzz came to its end."""
    worlds, findings = Worlds(), Findings()
    history = known_case("trial-is-lost").history
    finding = Finding(claim_id, scope_of_device(history.device, FaultModel.F3), history, 0)
    found = ConfirmedFinding(finding, "oth1.token", False, "")
    result = fuzz_result(FuzzReport(0, worlds, findings, (found,), ended_by, 1.0))
    console = Console(width=COLUMNS, record=True, file=io.StringIO())
    print_fuzz(console, result)
    assert told in " ".join(console.export_text().split())
