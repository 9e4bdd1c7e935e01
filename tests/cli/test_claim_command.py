"""otaproof claim: what a claim promises, where it is violated, what mends it; and the `fix:` lines of others."""

import json
import shlex
from itertools import product
from pathlib import Path

import pytest

from otaproof.analysis.remedy_table import documented
from otaproof.analysis.results.claim_result import claim_page
from otaproof.analysis.results.result_parts import FixEntry
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.cli.reports.fix_lines import fix_words
from otaproof.model.claims.claims import CLAIMS, Claim
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Release

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "two-slot")

EVERYWHERE = "seen in: every release of ESP-IDF from 4.4 on, used as documented"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, as one line."""
    return " ".join(capsys.readouterr().out.split())


def test_claim_is_told_with_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    """In every configuration, and what each remedy asks for and costs."""
    assert ExitCode.HOLDS == main(["claim", "c13"])
    out = printed(capsys)
    assert "C13 valid_image_earned_it" in out
    assert "wrong image An image that nobody accepted counts as good" in out
    assert "rollback on, 4.4, 5.1: violated fix: restart-at-once and erase-last-boot" in out
    assert "rollback on, 6.0, 6.1, 6.2-dev: proved" in out
    assert "esp_ota_erase_last_boot_app_partition()" in out
    assert "Cost: One more erase of a slot" in out


def test_claim_that_nothing_mends_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Without rollback a faulty image stays."""
    assert ExitCode.HOLDS == main(["claim", "C25"])
    out = printed(capsys)
    assert "rollback off, 4.4, 5.1, 5.5: violated fix: none of the remedies that otaproof knows mends C25" in out


def test_claim_names_where_it_says_nothing_and_a_patch(capsys: pytest.CaptureFixture[str]) -> None:
    """The try that a power cut loses is lost in the bootloader, and only one with a trial has it."""
    assert ExitCode.HOLDS == main(["claim", "C4"])
    out = printed(capsys)
    assert "rollback off, 4.4, 5.1, 5.5: not applicable" in out
    assert "fix: restart-at-once and note-in-place" in out
    assert "note-in-place (patch) Have the bootloader note the try" in out


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_tells_of_every_release(claim: Claim) -> None:
    """With rollback and without, with a factory partition and without, once each."""
    page = claim_page(claim.id)
    told = [(found.rollback, found.factory, release) for found in page.configurations for release in found.releases]
    both = (True, False)
    assert sorted(told) == sorted(product(both, both, (release.label for release in Release)))
    named = {name for found in page.configurations for fix in found.fixes or () for name in fix.remedies}
    assert named == {remedy.name for remedy in page.remedies}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claim_is_not_called_proved_where_it_says_nothing(claim: Claim) -> None:
    """Of another usage, of what is not allowed; the command that is named decides it."""
    page = claim_page(claim.id)
    ids = {item.claim.id for item in DEVICE_CLAIMS if item.applies_to(documented(Release.V5_1, True))}
    speaks = claim.id in ids or (claim.id in ("C9", "C12"))
    assert speaks == any(found.verdict != "not applicable" for found in page.configurations)
    options = shlex.split(page.prove)[2:]
    assert ("any" in options, "--anti-rollback" in options, "failing-flash" in options) == (
        claim.id == "C23",
        claim.id == "C8",
        claim.id == "C26",
    )


def test_what_may_hold_for_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As the prover tells it."""
    assert ExitCode.HOLDS == main(["claim", "C11"])
    assert "rollback on, 6.0, 6.1, 6.2-dev: proved, possibly vacuous" in printed(capsys)


def test_unknown_claim_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code of bad usage."""
    assert ExitCode.BAD_INPUT == main(["claim", "C99"])
    assert "otaproof claim: 'C99' is none of C1 … C26\n" == capsys.readouterr().err


def test_refuted_claim_names_severity_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    """And where it can be mended; the JSON has the same."""
    arguments = ["prove", "--usage", "documented", "--idf", "5.5", "--claim", "C4", "--claim", "C10"]
    assert ExitCode.VIOLATED == main(arguments)
    out = printed(capsys)
    assert "fix: restart-at-once; or commence-if-selected (proved; see otaproof claim C10)" in out
    assert f"severity: update lost {EVERYWHERE} fix: restart-at-once and note-in-place" in out
    assert ExitCode.VIOLATED == main([*arguments, "--json"])
    found = {claim["id"]: claim["fixes"] for claim in json.loads(capsys.readouterr().out)["claims"]}
    wanted = [
        {"remedies": [name], "reaches_premise": True, "breaks": []}
        for name in ("restart-at-once", "commence-if-selected")
    ]
    assert wanted == found["C10"]


def test_claim_is_not_said_to_be_unmendable_where_nothing_was_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Three slots are in no row of the table."""
    assert ExitCode.VIOLATED == main(
        ["prove", "--usage", "documented", "--claim", "C10", "--slots", "3", "--jobs", "1"]
    )
    out = printed(capsys)
    assert "severity: misreport" in out
    assert "fix:" not in out


def test_check_names_severity_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the example project."""
    assert ExitCode.VIOLATED == main(["check", EXAMPLE, "--image-size", "20K", "--faults", "F0"])
    assert f"severity: update lost {EVERYWHERE} fix: restart-at-once and note-in-place" in printed(capsys)


def test_fix_tells_which_other_claims_it_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    """Without rollback, a device that takes no update where another image runs than is selected may never take one."""
    assert ExitCode.HOLDS == main(["claim", "C21"])
    out = printed(capsys)
    assert "rollback off, 4.4, 5.1, 5.5: violated fix: commence-if-selected, which breaks C9 (proved)" in out
    assert "rollback on, 5.5: violated fix: restart-at-once; or commence-if-selected (proved)" in out


def test_several_sets_are_joined() -> None:
    """By and, and by or."""
    two = (
        FixEntry(remedies=("restart-at-once",), reaches_premise=True, breaks=()),
        FixEntry(remedies=("never-rollback", "erase-last-boot"), reaches_premise=False, breaks=("C9",)),
    )
    wanted = "restart-at-once; or never-rollback and erase-last-boot, possibly vacuous, which breaks C9 (proved)"
    assert wanted == fix_words("C1", two, names_page=False)
