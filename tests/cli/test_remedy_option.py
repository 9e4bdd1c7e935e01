"""`--remedy`: what a command decides of a device with remedies, and what the reports say of it."""

import json
from pathlib import Path

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "two-slot")
C10 = ["explore", "--faults", "F0", "--usage", "documented", "--claims", "C10"]
C2 = ["prove", "--claim", "C2", "--json"]


def test_claim_holds_with_the_remedy_and_the_title_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    """And without it the claim is violated."""
    assert ExitCode.VIOLATED == main(C10)
    assert ExitCode.HOLDS == main([*C10, "--remedy", "commence-if-selected"])
    assert "documented usage, remedy commence-if-selected" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "remedies",
    [
        ["--remedy", "restart-at-once", "--remedy", "erase-last-boot"],
        ["--remedy", "erase-last-boot,restart-at-once"],
    ],
)
@pytest.mark.thorough
def test_several_remedies_are_proved_together(remedies: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Of the documented usage alone, where no usage is named."""
    assert ExitCode.HOLDS == main([*C2, *remedies])
    (found,) = json.loads(capsys.readouterr().out)["configurations"]
    assert ("restart-at-once", ["erase-last-boot"]) == (found["usage"], found["remedies"])
    assert ["proved"] == [claim["verdict"] for claim in found["claims"]]


def test_trace_of_a_patched_bootloader_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """C4 of documented usage is refuted still; the record shows the note, and reads as its state."""
    arguments = ["explore", "--claims", "C4", "--faults", "F0", "--usage", "documented", "--remedy", "note-in-place"]
    assert ExitCode.VIOLATED == main(arguments)
    out = " ".join(capsys.readouterr().out.split())
    assert "made PENDING_VERIFY of NEW in entry 0, after the note" in out
    assert ExitCode.VIOLATED == main(["replay", out.partition("otaproof replay ")[2].split()[0]])
    replayed = " ".join(capsys.readouterr().out.split())
    assert "flash: program 1 bytes at 0xd017" in replayed
    assert "label ff×19 00 state 00000000" in replayed
    assert "PENDING_VERIFY, noted in the label: bootable" in replayed


@pytest.mark.thorough
def test_neither_alone_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """On 5.1 the download that broke off is still there to go back to."""
    assert ExitCode.VIOLATED == main([*C2, "--remedy", "restart-at-once"])
    assert ExitCode.VIOLATED == main([*C2, "--remedy", "erase-last-boot"])
    capsys.readouterr()


def test_outcomes_have_the_call_that_a_remedy_adds(capsys: pytest.CaptureFixture[str]) -> None:
    """Documented usage has it not; with the remedy it is cut, and every cut leaves the old choice or the new one."""
    arguments = ["outcomes", "--faults", "F0", "--usage", "documented", "--json"]
    rows = []
    for more in ([], ["--remedy", "erase-last-boot"]):
        main([*arguments, *more])
        rows.append(json.loads(capsys.readouterr().out)["usages"]["documented"]["erase_last_boot"]["F0"])
    assert 0 == rows[0]["starts"] < rows[1]["starts"]
    assert {"old", "same"} <= set(rows[1]["outcomes"]) <= {"old", "new", "same"}


def test_check_plays_what_the_remedies_have_the_application_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The heading names them, the JSON has them, and what they mend holds."""
    arguments = ["check", EXAMPLE, "--image-size", "20K", "--no-proofs", "--faults", "F0"]
    found = []
    for more in ([], ["--remedy", "erase-last-boot"]):
        assert ExitCode.VIOLATED == main([*arguments, *more, "--json"])
        found.append(json.loads(capsys.readouterr().out))
    assert [[], ["erase-last-boot"]] == [result["config"]["remedies"] for result in found]
    verdicts = [{claim["id"]: claim["verdict"] for claim in result["claims"]} for result in found]
    assert ("violated", "holds") == (verdicts[0]["C2"], verdicts[1]["C2"])
    main([*arguments, "--remedy", "erase-last-boot"])
    assert "fault model F0, with erase-last-boot" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*C10, "--remedy", "hope"], "'hope' is none of restart-at-once, erase-last-boot"),
        (["explore", "--remedy", "restart-at-once"], "restart-at-once goes with documented usage"),
        (["fuzz", "--remedy", "restart-at-once"], "restart-at-once goes with documented usage"),
        (["prove", "--all", "--remedy", "never-rollback"], "--all: decides what is documented, without remedies"),
        ([*C2, "--remedy", "erase-last-boot", "--allow", "failing-flash"], "is modelled without failing flash"),
        (["fuzz", "--remedy", "note-in-place"], "note-in-place is modelled up to F1; say --faults F1"),
        ([*C2, "--remedy", "note-in-place", "--faults", "F2"], "is modelled up to F1"),
        (["check", "--remedy", "flag-download"], "flag-download keeps its flag in NVS"),
        (["check", "--remedy", "never-rollback", "--update-kind", "bootloader"], "goes with --update-kind app alone"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit code of bad usage."""
    assert ExitCode.BAD_INPUT == main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())
