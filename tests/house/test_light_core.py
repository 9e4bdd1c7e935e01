"""Without the solvers all works that does not prove or explore, and what does says in one line what is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from otaproof.analysis.solvers import INSTALL, MODULES

WITHOUT = (
    f"import sys; sys.modules.update(dict.fromkeys({MODULES!r})); "
    "from otaproof.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
"""Runs the command where an import of a solver fails, as in an install without the extra."""
NEEDS_SOLVERS = ("prove", "explore", "outcomes")


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `otaproof COMMAND` in a folder, without the solvers."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *command.split()], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example project, as `otaproof demo` leaves it."""
    made = tmp_path_factory.mktemp("light")
    ended = run("demo two-slot", made)
    assert (0, "") == (ended.returncode, ended.stderr)
    assert "What next" in ended.stdout
    return made


def checked(folder: Path) -> dict[str, str]:
    """Return the token of each claim that `check` finds violated."""
    ended = run("check two-slot --json --faults F0", folder)
    assert 1 == ended.returncode, ended.stderr
    report = json.loads(ended.stdout)
    assert "2 OTA slots, rollback on, release rules 5.1, F0, documented usage" == report["proofs"]
    return {claim["id"]: claim["token"] for claim in report["claims"] if claim["token"] is not None}


def test_check_replay_and_explain_need_no_solver(folder: Path) -> None:
    """The search of `explain` for a history is the one in plain Python."""
    token = checked(folder)["C4"]
    assert 1 == run(f"replay {token} --save-flash flash.bin", folder).returncode
    explained = run("explain flash.bin --idf 5.1 --rollback", folder)
    assert (0, "") == (explained.returncode, explained.stderr)
    assert "otaproof replay oth1." in explained.stdout


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("doctor two-slot", 1),
        ("check two-slot --faults F0 --report page", 1),
        ("conform", 0),
        ("identify two-slot/build/app.bin", 0),
        ("releases", 0),
        ("claim C2", 0),
        ("diagram boot-with-rollback --format dot --format mermaid", 0),
        ("--help", 0),
    ],
)
def test_command_needs_no_solver(folder: Path, command: str, code: int) -> None:
    """Nothing that they import does."""
    ended = run(command, folder)
    assert (code, "") == (ended.returncode, ended.stderr)


@pytest.mark.parametrize("command", NEEDS_SOLVERS)
def test_command_that_needs_the_solvers_says_so(folder: Path, command: str) -> None:
    """In one line, with the exit code of bad usage."""
    ended = run(command, folder)
    line = f"otaproof {command.split(maxsplit=1)[0]}: needs the solvers: {INSTALL}\n"
    assert (2, "", line) == (ended.returncode, ended.stdout, ended.stderr)


def test_configuration_without_shipped_verdicts_says_what_is_missing(folder: Path) -> None:
    """A project of three slots, under F0, is none of those that are shipped."""
    project = folder / "three-slots"
    run(f"demo {project.name}", folder)
    with (project / "partitions.csv").open("a", encoding="utf-8") as table:
        table.write("ota_2, app, ota_2, , 256K\n")
    ended = run(f"check {project.name} --faults F0", folder)
    assert f"no proofs: not shipped for this configuration: {INSTALL}" in ended.stdout


def test_demo_refuses_a_folder_that_holds_something(folder: Path) -> None:
    """It would write over a project of the user's."""
    ended = run("demo two-slot", folder)
    assert (2, "otaproof demo: two-slot: is not empty; name a new folder\n") == (ended.returncode, ended.stderr)
