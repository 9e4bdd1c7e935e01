"""`--allow`: what a scope allows, and what the reports say of it."""

import json

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

EXPLORE = ["explore", "--faults", "F0", "--usage", "restart-at-once", "--claims"]


def test_claim_falls_with_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    """The title, the sentence of what fails, and a token that shows it."""
    assert ExitCode.HOLDS == main([*EXPLORE, "C14"])
    assert ExitCode.VIOLATED == main([*EXPLORE, "C14", "--allow", "failing-flash"])
    output = " ".join(capsys.readouterr().out.split())
    assert "restart-at-once usage, failing flash" in output
    assert "BUT THE ERASE FAILS, with all of it done" in output
    assert "otaproof replay oth1." in output


def test_several_may_be_allowed_and_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What is allowed is not left out."""
    main([*EXPLORE, "C3", "--allow", "pins,other-writers", "--json"])
    told = json.loads(capsys.readouterr().out)
    names = {row["name"] for row in told["left_out"]}
    assert "failing flash operations" in names
    assert not {"pins", "other writers"} & names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*EXPLORE, "C1", "--allow", "floods"], "'floods' is none of failing-flash, pins, other-writers, end-numbers"),
        ([*EXPLORE, "C26"], "C26 says nothing of this usage, or of what is allowed"),
        (["prove", "--claim", "C26"], "C26 says nothing of this usage, or of what is allowed"),
        ([*EXPLORE, "C1", "--anti-rollback", "--allow", "pins"], "the pins are modelled without anti-rollback"),
        (
            [*EXPLORE, "C1", "--slots", "3", "--allow", "end-numbers"],
            "modelled with 2 OTA slots",
        ),
        (["prove", "--faults", "F3", "--allow", "end-numbers"], "modelled up to F2: without stray numbers"),
        (["prove", "--all", "--allow", "end-numbers"], "--all: the ends of the number range"),
        (["prove", "--all", "--allow", "pins"], "--all: the pins are modelled without anti-rollback"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit code of bad usage."""
    assert ExitCode.BAD_INPUT == main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())
