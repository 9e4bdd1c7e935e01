"""`otaproof diff` with a side that keeps otadata by turns: which claims hold on one side only."""

import json

import pytest

from otaproof.cli.main import main

SIDES = ["diff", "6.1", "6.1,selector=by-turns", "--usage", "restart-at-once"]


def test_claims_that_esp_idf_breaks_hold_by_turns_with_their_traces(capsys: pytest.CaptureFixture[str]) -> None:
    """At F1, with a restart at once: the board of ESP-IDF's side shows each."""
    assert 1 == main([*SIDES, "--json"])
    result = json.loads(capsys.readouterr().out)
    changed = {change["id"]: change for change in result["claims"]["changed"]}
    assert {"C4", "C17"} == set(changed)
    assert {("violated", "holds")} == {(change["left"], change["right"]) for change in changed.values()}
    assert "C25" in result["claims"]["same"]
    assert (False, []) == (result["behaviour_compared"], result["behaviours"])
    assert 1 == main(["replay", changed["C4"]["token"]])
    assert "the board confirms C4\n" in capsys.readouterr().out


def test_report_says_that_the_claims_alone_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """Every call that writes otadata does so otherwise."""
    assert 1 == main([*SIDES, "--claims", "C4"])
    told = " ".join(capsys.readouterr().out.split())
    assert "Otadata by turns is written otherwise in every call: the claims alone are compared." in told
    assert "1 claim with two verdicts" in told
    assert "No input tells the two models apart" not in told


def test_releases_by_turns_have_the_same_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    """The option is about both sides; what differs are functions that 5.1 has not."""
    options = ["--selector", "by-turns", "--usage", "documented", "--faults", "F0"]
    main(["diff", "5.1", "6.1", "--claims", "C4,C7,C21", *options, "--json"])
    result = json.loads(capsys.readouterr().out)
    assert ["C4", "C7", "C21"] == result["claims"]["same"]
    assert "otadata by turns" in result["left"]["scope"]
    assert "esp_ota_resume" in {call["call"] for call in result["calls"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["6.1", "6.1,selector=turns"], "selector=turns: want selector=esp-idf or selector=by-turns"),
        (["--matrix", "--selector", "by-turns"], "--matrix: the table is of ESP-IDF's own code; leave --selector out"),
    ],
)
def test_what_is_not_compared_is_refused_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code of bad usage."""
    assert 2 == main(["diff", *arguments])
    assert capsys.readouterr().err.endswith(f"otaproof diff: {said}\n")
