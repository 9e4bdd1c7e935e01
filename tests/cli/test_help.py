"""`--help` of every command: what it holds, how wide it is, and how little has to be imported for it."""

import ast
import importlib
import shlex
import subprocess
import sys
from typing import get_args

import pytest

from otaproof.cli.commands import diagram, fuzz, prove
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import COMMANDS, build_app, main
from otaproof.cli.options import diagram_names
from otaproof.cli.options.device_options import USAGES, UsageName
from otaproof.diagrams.catalogue import CATALOGUE, OF_TOKEN
from otaproof.model.device.state import Usage
from otaproof.proofs.explicit.product_search import MOST_PAIRS
from otaproof.proofs.smt.verification_condition import Solver
from places import ROOT

HEAVY = ("z3", "bitwuzla", "numba", "llvmlite", "numpy", "transitions", "graphviz")
CALLS = ("commence()", "write()", "complete()", "accept()", "rollback()", "info()")


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what `otaproof NAME --help` prints."""
    assert ExitCode.HOLDS == main([name, "--help"])
    return capsys.readouterr().out


def examples_of(name: str) -> list[str]:
    """Return the command lines of the examples."""
    epilogue = importlib.import_module(f"otaproof.cli.commands.{name}").EPILOGUE
    return [line.strip() for line in epilogue.splitlines() if line.startswith("  otaproof ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_the_line_of_the_list(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the root's help says of a command is the first line of its docstring."""
    usage, _, summary = help_of(name, capsys).splitlines()[:3]
    assert usage.startswith(f"Usage: otaproof {name} ")
    assert COMMANDS[name] == summary


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """But for tokens, which no line can be broken in."""
    monkeypatch.setenv("COLUMNS", "80")
    assert [] == [line for line in help_of(name, capsys).splitlines() if len(line) > 80 and "oth1." not in line]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_exit_codes_and_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two examples or more."""
    told = help_of(name, capsys)
    assert "Exit codes:\n  0  " in told
    assert len(examples_of(name)) >= 2
    assert all(example in told for example in examples_of(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_means(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No option without a text, beside it or in the next line."""
    lines = help_of(name, capsys).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  --") and not line.removeprefix("  --").startswith("otaproof"):
            assert "  " in line.strip() or lines[number + 1].startswith(" " * 28), line


@pytest.mark.parametrize("name", COMMANDS)
def test_calls_are_named_with_their_functions(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a help speaks of a call, it says what that stands for in ESP-IDF."""
    told = help_of(name, capsys)
    if any(call in told for call in CALLS):
        assert "  accept()    esp_ota_mark_app_valid_cancel_rollback\n" in told


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_taken_by_the_parser(name: str) -> None:
    """As they are pasted."""
    for example in examples_of(name):
        program, *arguments = shlex.split(example)
        assert ("otaproof", name) == (program, arguments[0])
        assert name == build_app(name).parse_args(arguments)[0].__name__


def test_token_of_the_help_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """The board confirms it."""
    assert ExitCode.VIOLATED == main(shlex.split(examples_of("replay")[0])[1:])
    assert "the board confirms C4" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Nor, for the version and the list of commands, any command."""
    script = (
        "import sys; from otaproof.cli.main import main; code = main(sys.argv[1:]);"
        "print(sorted(name for name in sys.modules if '.' not in name or name.startswith('otaproof.cli.commands.')),"
        "file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    imported = set(ast.literal_eval(ended.stderr))
    assert set() == imported & set(HEAVY)
    wanted = {f"otaproof.cli.commands.{name}" for name in arguments if name in COMMANDS}
    assert wanted == {name for name in imported if name.startswith("otaproof.cli.commands.")}


@pytest.mark.drift
def test_copies_for_the_sake_of_the_help_are_right() -> None:
    """Names and numbers that stand in modules which help does not import."""
    assert tuple(CATALOGUE) == diagram_names.NAMES
    assert tuple(OF_TOKEN) == diagram_names.OF_TOKEN
    assert set(get_args(diagram.Form)) == {"dot", "mermaid", "svg", "png"}
    solvers = prove.ProofOptions.__annotations__["solver"]
    assert [solver.value for solver in Solver] == [name for part in get_args(solvers) for name in get_args(part)]
    assert [usage.value for usage in Usage] == list(USAGES) == list(get_args(UsageName))
    assert f"default: {fuzz.DEFAULT_RUNS}" in (ROOT / "cli/commands/fuzz.py").read_text(encoding="utf-8")
    assert f"= {MOST_PAIRS:_}" in (ROOT / "cli/commands/diff.py").read_text(encoding="utf-8")
