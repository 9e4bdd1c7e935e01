"""`otaproof explore`: what it prints, and its exit codes."""

import json

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.model.config import Config, Release
from otaproof.model.device.scope_text import scope_title
from otaproof.model.device.state import Scope
from otaproof.model.fault_model import FaultModel

SMALL = ["explore", "--slots", "2", "--faults", "F0"]


def test_claims_that_hold_give_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    """The world, the size of the search, and a line for each claim."""
    assert main([*SMALL, "--claims", "C1,C3,C9"]) == ExitCode.HOLDS
    output = capsys.readouterr().out
    assert "2 OTA slots, rollback on, release rules 5.1, F0, any usage" in output
    assert "some_image_always_boots: holds" in output
    assert "further_upgrade_completes: holds" in output


def test_violated_claim_is_told_with_its_shortest_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """The number of steps, and their names."""
    assert main([*SMALL, "--claims", "C10"]) == ExitCode.VIOLATED
    output = capsys.readouterr().out
    assert "info_tells_the_truth: violated (13 steps)" in output
    assert "1. ota_0 starts at power-on" in output
    assert "✗ " in output and "otaproof replay oth1." in output


@pytest.mark.thorough
def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """For machines: the searches, the claims with their traces, and recovery."""
    assert main([*SMALL, "--json"]) == ExitCode.VIOLATED
    output = json.loads(capsys.readouterr().out)
    assert all(search["complete"] for search in output["searches"])
    traces = {claim["id"]: claim["trace"] for claim in output["claims"]}
    assert traces["C1"] is None
    assert len(traces["C10"]) == 13
    assert output["recovery"]["dead_ends"] == 0


def test_dead_end_is_told_as_a_violation(capsys: pytest.CaptureFixture[str]) -> None:
    """One slot alone has nowhere to write an upgrade to."""
    assert main(["explore", "--slots", "1", "--claims", "C9"]) == ExitCode.VIOLATED
    assert "violated (0 steps)" in capsys.readouterr().out


def test_search_that_does_not_fit_gives_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not decided is inconclusive, C9 too."""
    assert main([*SMALL, "--claims", "C1,C9", "--memory", "1M"]) == ExitCode.INCONCLUSIVE
    output = capsys.readouterr().out
    assert "not complete: " in output
    assert "some_image_always_boots: inconclusive" in output
    assert "further_upgrade_completes: inconclusive" in output


def test_no_claims_only_count(capsys: pytest.CaptureFixture[str]) -> None:
    """Without claims the states are counted."""
    assert main([*SMALL, "--claims", "none", "--factory"]) == ExitCode.HOLDS
    assert "factory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--slots", "17"], "17 OTA slots"),
        (["--claims", "C99"], "'C99' is none of C1"),
        (["--claims", "C8"], "C8 needs anti-rollback"),
        (["--memory", "lots"], "--memory"),
        (["--idf", "3.0"], "--idf"),
        (["--bootloader-idf", "x"], "--bootloader-idf"),
        (["--anti-rollback", "--no-rollback"], "anti-rollback needs rollback"),
        (["--anti-rollback", "--versions", "9"], "9 secure versions"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what is wrong."""
    assert main(["explore", *arguments]) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert word in error
    assert error.count("\n") == 1


def test_title_names_what_is_unusual() -> None:
    """Anti-rollback, factory, and a bootloader of another release."""
    config = Config(rollback=True, anti_rollback=True, bootloader_release=Release.V4_4)
    title = scope_title(Scope(config, slots=1, has_factory=True, faults=FaultModel.F3))
    assert title == (
        "1 OTA slot, factory, rollback on, anti-rollback with 3 versions, release rules 5.1, bootloader 4.4, F3, "
        "any usage"
    )
