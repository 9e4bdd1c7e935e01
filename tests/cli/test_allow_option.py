"""`--allow` and `--skip-validate`: what a scope allows, and what the reports say of it."""

import json

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

EXPLORE = ["explore", "--faults", "F0", "--usage", "restart-at-once", "--claims"]
ALWAYS, ON_POWER_ON = (["--skip-validate", when] for when in ("always", "on-power-on"))


def test_claim_falls_with_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    """The title, the sentence of what fails, and a token that shows it."""
    assert ExitCode.HOLDS == main([*EXPLORE, "C14"])
    assert ExitCode.VIOLATED == main([*EXPLORE, "C14", "--allow", "failing-flash"])
    output = " ".join(capsys.readouterr().out.split())
    assert "restart-at-once usage, failing flash" in output
    assert "BUT THE ERASE FAILS, with all of it done" in output
    assert "otaproof replay oth1." in output


@pytest.mark.parametrize(("skips", "title"), [(ALWAYS, "skipped"), (ON_POWER_ON, "skipped at a power-on")])
def test_image_without_end_keeps_the_other_from_starting_without_validation(
    skips: list[str], title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bootloader starts what a cut has left of a slot, and never the whole image beside it; a token shows it."""
    assert ExitCode.HOLDS == main([*EXPLORE, "C1", "--no-rollback"])
    assert ExitCode.VIOLATED == main([*EXPLORE, "C1", "--no-rollback", *skips])
    output = " ".join(capsys.readouterr().out.split())
    assert f"validation {title}, release rules" in output
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
        (
            [*EXPLORE, "C1", "--allow", "floods"],
            "'floods' is none of failing-flash, pins, other-writers, other-records, end-numbers",
        ),
        ([*EXPLORE, "C26"], "C26 needs failing-flash to be allowed"),
        (["prove", "--claim", "C26"], "C26 needs failing-flash to be allowed"),
        ([*EXPLORE, "C1", "--anti-rollback", "--allow", "pins"], "the pins are modelled without anti-rollback"),
        ([*EXPLORE, "C1", "--skip-validate", "never"], "'never' is none of always, on-power-on, in-deep-sleep"),
        ([*EXPLORE, "C1", *ALWAYS, "--allow", "failing-flash"], "is modelled without failing flash"),
        ([*EXPLORE, "C1", "--anti-rollback", *ON_POWER_ON], "is modelled without anti-rollback"),
        (["fuzz", "--anti-rollback", *ON_POWER_ON], "is modelled without anti-rollback"),
        (
            [*EXPLORE, "C1", "--slots", "3", "--allow", "end-numbers"],
            "modelled with 2 OTA slots",
        ),
        (["prove", "--faults", "F3", "--allow", "end-numbers"], "modelled up to F2: without stray numbers"),
        (["prove", "--all", "--allow", "end-numbers"], "--all: the ends of the number range"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit code of bad usage."""
    assert ExitCode.BAD_INPUT == main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())
