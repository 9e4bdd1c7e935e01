"""A bug in otaproof never looks like a verdict: exit code 70, and one line that asks for a report."""

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

from otaproof.cli.commands import outcomes
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main

LINE = (
    "otaproof: internal error: {}; please report it, with the command line "
    "(--traceback or OTAPROOF_TRACEBACK=1 shows where)\n"
)


def raising(error: Exception) -> Callable[[argparse.Namespace], NoReturn]:
    """Return the `run` of a command that has a bug."""

    def run(options: argparse.Namespace) -> NoReturn:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (AssertionError(), "AssertionError: "),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (MemoryError(), "MemoryError: "),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_crash_is_one_line_and_exit_code_70(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python alone would end with 1, which means that a claim is violated."""
    monkeypatch.setattr(outcomes, "run", raising(error))
    assert ExitCode.INTERNAL_ERROR == main(["outcomes"]) == 70
    assert ("", LINE.format(told)) == capsys.readouterr()


def test_import_that_fails_is_told_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as a solver whose library is missing."""

    def broken(name: str, package: str | None = None) -> NoReturn:
        raise ImportError(f"no {name}")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert ExitCode.INTERNAL_ERROR == main(["--version"])
    assert LINE.format("ImportError: no .check") == capsys.readouterr().err


@pytest.mark.parametrize("asked", ["option", "environment"])
def test_traceback_is_shown_when_asked_for(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above the line."""
    monkeypatch.setattr(outcomes, "run", raising(ValueError("here")))
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
    command = [sys.executable, "-m", "otaproof.cli.main", "explore", "--claims", "none", "--json"]
    with os.fdopen(writer, "wb") as pipe:
        ended = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert ExitCode.INCONCLUSIVE == ended.returncode
    assert "Traceback" not in ended.stderr
    assert "internal error" not in ended.stderr


def test_help_tells_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """In the epilog."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(f" {code.value} " in " ".join(told.split()) for code in ExitCode)
