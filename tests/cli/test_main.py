"""The command as a process sees it: exit codes, errors in one line, and a bug in otaproof that never is a verdict."""

import errno
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

from otaproof import __version__
from otaproof.cli.commands import outcomes
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import COMMANDS, GROUPS, build_app, main

LINE = (
    "otaproof: internal error: {}; please report it, with the command line "
    "(--traceback or OTAPROOF_TRACEBACK=1 shows where)\n"
)


def raising(error: Exception) -> Callable[[], NoReturn]:
    """Return a command that has a bug."""

    def outcomes() -> NoReturn:
        raise error

    return outcomes


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (AssertionError(), "AssertionError: "),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (OSError(errno.ESPIPE, "Illegal seek"), "OSError: [Errno 29] Illegal seek"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_crash_is_one_line_and_exit_code_70(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python alone would end with 1, which means that a claim is violated."""
    monkeypatch.setattr(outcomes, "outcomes", raising(error))
    assert ExitCode.INTERNAL_ERROR == main(["outcomes"]) == 70
    assert ("", LINE.format(told)) == capsys.readouterr()


def test_import_that_fails_is_told_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as a library that is missing."""

    def broken(name: str, package: str | None = None) -> NoReturn:
        raise ImportError(f"no {name}")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert ExitCode.INTERNAL_ERROR == main(["explore"])
    assert LINE.format("ImportError: no otaproof.cli.commands.explore") == capsys.readouterr().err


@pytest.mark.parametrize("asked", ["option", "environment"])
def test_traceback_is_shown_when_asked_for(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above the line."""
    monkeypatch.setattr(outcomes, "outcomes", raising(ValueError("here")))
    if asked == "environment":
        monkeypatch.setenv("OTAPROOF_TRACEBACK", "1")
    assert ExitCode.INTERNAL_ERROR == main(["outcomes", *(["--traceback"] if asked == "option" else [])])
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):")
    assert told.endswith(LINE.format("ValueError: here"))


def test_reader_that_goes_is_no_verdict() -> None:
    """The pipe is closed before the first line: neither 1 nor a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "otaproof", "explore", "--claims", "none", "--json"]
    with os.fdopen(writer, "wb") as pipe:
        ended = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert ExitCode.INCONCLUSIVE == ended.returncode
    assert "Traceback" not in ended.stderr
    assert "internal error" not in ended.stderr


def test_interrupt_is_inconclusive(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Not all was decided."""

    def outcomes_() -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(outcomes, "outcomes", outcomes_)
    assert ExitCode.INCONCLUSIVE == main(["outcomes"])
    assert ("", "otaproof: interrupted\n") == capsys.readouterr()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (ImportError("z3.so: failed to map segment: Cannot allocate memory"), "cannot allocate memory"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
    ],
)
def test_machine_that_has_no_more_is_no_bug(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and nothing is decided."""
    monkeypatch.setattr(outcomes, "outcomes", raising(error))
    assert ExitCode.INCONCLUSIVE == main(["outcomes"])
    assert ("", f"otaproof: {told}: not all was decided\n") == capsys.readouterr()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_bare_command_prints_its_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With every command and every exit code; to look at it is no error."""
    assert ExitCode.HOLDS == main(arguments)
    told = " ".join(capsys.readouterr().out.split())
    assert all(f" {code.value} " in told for code in ExitCode)
    assert all(f" {name} {summary}" in told for name, summary in COMMANDS.items())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout."""
    assert ExitCode.HOLDS == main(["--version"])
    assert (f"otaproof {__version__}\n", "") == capsys.readouterr()


def test_module_runs_as_the_command() -> None:
    """`python -m otaproof`, where the script is not on the path."""
    ended = subprocess.run(
        [sys.executable, "-m", "otaproof", "--version"], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (0, f"otaproof {__version__}\n", "") == (ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("explore --faults F9", "otaproof explore: --faults: 'F9' is none of F0, F1, F2, F3"),
        ("explore --faults f1", "otaproof explore: --faults: 'f1' is none of F0, F1, F2, F3; did you mean F1?"),
        ("explore --slots many", "otaproof explore: --slots: 'many' is not a whole number"),
        ("explore --json=maybe", "otaproof explore: --json: 'maybe' is not yes or no"),
        ("explore --memory lots", "otaproof explore: --memory: 'lots'; want a size from 1M on, such as 512M or 4G"),
        ("prove --bmc inf", "otaproof prove: --bmc: inf; want 0 … 1000000"),
        ("prove --bmc soon", "otaproof prove: --bmc: 'soon' is not a number"),
        (
            "prove --idf x",
            "otaproof prove: --idf: 'x' is no ESP-IDF release; want one such as 5.1, 5.1.4, 6.1-beta1 or master",
        ),
        ("diff 5.1 6.1 --bootloader 4.4", "otaproof diff: --bootloader is no option; did you mean --bootloader-idf?"),
        ("prove --claims C4", "otaproof prove: --claims is no option; did you mean --claim?"),
        ("prove --xyz", "otaproof prove: --xyz is no option; see --help"),
        ("prove C4", "otaproof prove: C4: one argument too many; see --help"),
        ("prove --claim", "otaproof prove: --claim: its value is missing"),
        ("replay", "otaproof replay: TOKEN is missing; see --help"),
        ("diagram call-acept", "otaproof diagram: NAME: 'call-acept' is not known; did you mean call-accept?"),
        ("exlpore", "otaproof: 'exlpore' is no command; did you mean explore?"),
        ("--slots 3", "otaproof: --slots is no option here; options of a command follow its name"),
    ],
)  # fmt: skip
def test_bad_usage_is_one_line(line: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2: the option, what was given, and what there is."""
    assert ExitCode.BAD_INPUT == main(line.split())
    assert ("", told + "\n") == capsys.readouterr()


def test_bad_value_without_end_is_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with it stays."""
    assert ExitCode.BAD_INPUT == main(["explore", "--slots", "9" * 10_000 + "x"])
    said = capsys.readouterr().err
    assert len(said) < 900 and said.startswith("otaproof explore: --slots: '999") and "x' is not a whole number" in said


def test_last_of_a_repeated_option_counts() -> None:
    """So that a script can have options of its own and be given others; what is repeatable is collected."""
    line = "prove --slots 3 --no-rollback --claim C1 --rollback --slots 4 --claim C3"
    bound = build_app("prove").parse_args(line.split())[1].arguments
    assert (4, True) == (bound["device"].slots, bound["device"].rollback)
    assert ("C1", "C3") == bound["options"].claim


def test_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no name is near."""
    assert ExitCode.BAD_INPUT == main(["zzz"])
    assert f"otaproof: 'zzz' is no command; known: {', '.join([*COMMANDS, *GROUPS])}\n" == capsys.readouterr().err
