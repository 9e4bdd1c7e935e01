"""Each command where the machine gives little: its answer is the same, or one line says what is lacking.

The table has a row for each condition and what it does to the answer. `make test` runs the cheap commands under each
condition; `-m slow` runs all of them.
"""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.known_cases import known_case
from otaproof.cli.main import COMMANDS as SUMMARIES
from otaproof.cli.main import GROUPS
from otaproof.diagrams.render import find_renderer
from signal_trials import ELF, make_inputs

NOT_ASCII = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\nä→é,app,ota_0,,64K\nb,app,ota_1,,64K\n"
COMMANDS = {
    "help": ("--help", 0),
    "doctor": ("doctor --partitions labels.csv", 3),
    "check": ("check --partitions labels.csv --running app.bin --update app.bin --rollback --no-proofs --faults F0 "
              "--cuts cuts.csv --out out.json", 1),
    "check-workers": ("check --partitions labels.csv --running app.bin --update app.bin --no-proofs --faults F2 "
                      "--jobs 2 --cuts cuts.csv --out out.json", 1),
    "run": ("run init.lua --sweep --faults F0 --out out.json", 1),
    "explain": ("explain --otadata otadata.bin --partitions labels.csv --no-history", 0),
    "mend": ("mend flash.bin", 0),
    "identify": ("identify flash.bin", 0),
    "explore": ("explore --slots 1", 1),
    "diff": ("diff 4.4 5.1 --slots 1", 1),
    "prove": ("prove --claim C1 --slots 1 --usage documented --jobs 1", 0),
    "prove-workers": ("prove --claim C1 --slots 1 --jobs 2", 0),
    "fuzz": ("fuzz --runs 3 --jobs 2", 1),
    "campaign-run": ("campaign run new.db --runs 25 --slots 2 --rollback", 1),
    "campaign-resume": ("campaign resume begun.db --jobs 2", 1),
    "campaign-status": ("campaign status begun.db", 0),
    "campaign-show": ("campaign show begun.db", 0),
    "campaign-export": ("campaign export begun.db found", 0),
    "campaign-merge": ("campaign merge new.db begun.db", 0),
    "conform": ("conform", 0),
    "releases": ("releases", 0),
    "claim": ("claim C4 --code", 0),
    "diagram": ("diagram call-accept --format dot --format svg --renderer graphviz-pure --out pictures", 0),
    "demo": ("demo", 0),
    "outcomes": ("outcomes --slots 1 --usage documented", 0),
    "replay": (f"replay {encode_history_token(known_case('trial-is-lost').token())}", 1),
    "binary-run": (f"binary run {ELF} --pairs 0 --every 1000", 0),
    "binary-prove": (f"binary prove {ELF} --idf 5.1 --rollback", 0),
}  # fmt: skip
"""By name: the command line, and its exit code where nothing is lacking."""
NEEDS = {
    **dict.fromkeys(("prove", "prove-workers"), "z3"),
    **dict.fromkeys(("binary-run", "binary-prove"), "unicorn"),
    **dict.fromkeys(("explore", "diff", "outcomes"), "numba"),
    "run": "lupa",
}


def limited(number: int, most: int) -> Callable[[], None]:
    """Return what takes a resource from a process before it begins."""
    return lambda: resource.setrlimit(number, (most, most))


def closed(*descriptors: int) -> Callable[[], None]:
    """Return what closes descriptors before a process begins."""

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


def pipe_without_a_reader() -> int:
    """Return the end to write to."""
    read, write = os.pipe()
    os.close(read)
    return write


def terminal_that_is_gone() -> int:
    """Return what is left of one whose window was closed."""
    window, terminal = os.openpty()
    os.close(window)
    return terminal


@dataclass(frozen=True)
class Condition:
    """What is lacking, and what is told of it."""

    code: int | None = None
    """Exit code; None: that of the command."""
    told: str = ""
    """A line of stderr, as a pattern; "": nothing of it is told."""
    before: Callable[[], None] | None = None
    environment: dict[str, str | None] = field(default_factory=dict)
    """None: the variable is not set."""
    stdout: str | Callable[[], int] = ""
    """What takes the place of standard output: a device, or a function that returns a descriptor."""
    stderr: str = ""
    is_busy: bool = False
    """Each core has something else to do."""
    quick: tuple[str, ...] = ("doctor",)
    """The commands that `make test` runs so."""


NOWHERE = "/proc/nowhere"
ASCII: dict[str, str | None] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
CONDITIONS = {
    "busy": Condition(is_busy=True),
    "2-gib": Condition(before=limited(resource.RLIMIT_AS, 2 << 30),
                       quick=("doctor", "fuzz", "campaign-resume", "prove", "binary-run")),
    "32-files": Condition(before=limited(resource.RLIMIT_NOFILE, 32), quick=("check", "fuzz")),
    "8-files": Condition(3, "otaproof: too many open files: not all was decided",
                         limited(resource.RLIMIT_NOFILE, 8), quick=("prove-workers",)),
    "no-home": Condition(environment={"HOME": None, "XDG_CACHE_HOME": None}, quick=("check",)),
    "read-only-home": Condition(environment={"HOME": "/proc", "XDG_CACHE_HOME": None}),
    "no-tmpdir": Condition(environment={"TMPDIR": NOWHERE}, quick=("demo",)),
    "ascii": Condition(environment=ASCII, quick=("doctor", "check", "run")),
    "no-stdin": Condition(before=closed(0)),
    "no-stdout": Condition(before=closed(1), quick=("doctor", "check")),
    "no-stderr": Condition(before=closed(2)),
    "no-streams": Condition(before=closed(0, 1, 2)),
    "full-stdout": Condition(2, "otaproof: the output cannot be written: no space left on device",
                             stdout="/dev/full"),
    "full-stderr": Condition(stderr="/dev/full"),
    "closed-pipe": Condition(3, stdout=pipe_without_a_reader, quick=("help", "doctor")),
    "closed-terminal": Condition(2, "otaproof: the output cannot be written: input/output error",
                                 stdout=terminal_that_is_gone, quick=("help", "doctor")),
    "closed-terminals": Condition(2, stdout=terminal_that_is_gone, stderr="/dev/full"),
    "stdout-to-read": Condition(2, "otaproof: the output cannot be written: bad file descriptor",
                                stdout=lambda: os.open(os.devnull, os.O_RDONLY), quick=("doctor",)),
    "narrow": Condition(environment={"COLUMNS": "1"}, quick=("help", "doctor")),
}  # fmt: skip
ONLY = {"8-files": ("prove-workers",)}
"""Conditions that do not stop every command."""


@contextmanager
def run_under(condition: Condition, command: str, place: Path) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Run a command under a condition; yield how it ended."""
    environment = {**os.environ, **condition.environment}
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1 if condition.is_busy else 0):
            spinner = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(spinner.kill)
        for name, device in (("stdout", condition.stdout), ("stderr", condition.stderr)):
            if callable(device):
                options[name] = device()
                stack.callback(os.close, options[name])
            elif device:
                options[name] = stack.enter_context(open(device, "w"))
        yield subprocess.run(
            [sys.executable, "-m", "otaproof", *command.split()],
            cwd=place,
            env={name: value for name, value in environment.items() if value is not None},
            preexec_fn=condition.before,
            text=True,
            check=False,
            timeout=600,
            **options,
        )


def test_table_has_every_command() -> None:
    """A command that is added needs a line."""
    known = {*SUMMARIES, *(f"{first} {second}" for first, seconds in GROUPS.items() for second in seconds)}
    words = [line.split() for line, _ in COMMANDS.values()]
    assert known | {"--help"} == {" ".join(word[: 1 + (word[0] in GROUPS)]) for word in words}


def pairs(is_quick: bool) -> list[tuple[str, str]]:
    """Return conditions and commands: those of `make test`, or the others."""
    return [
        (condition, command)
        for condition, found in CONDITIONS.items()
        for command in ONLY.get(condition, tuple(COMMANDS))
        if (command in found.quick) == is_quick
    ]


def check_answer(name: str, command: str, place: Path) -> None:
    """Run the command; compare with the table."""
    if command in NEEDS:
        pytest.importorskip(NEEDS[command])
    if command == "diagram" and find_renderer("graphviz-pure") is None:
        pytest.skip("graphviz-pure is not installed; make installs it")
    make_inputs(place)
    (place / "labels.csv").write_text(NOT_ASCII, encoding="utf-8")
    condition, (line, code) = CONDITIONS[name], COMMANDS[command]
    with run_under(condition, line, place) as ended:
        said = ended.stderr or ""
        assert (condition.code if condition.code is not None else code) == ended.returncode, said
        assert "Traceback" not in said and "internal error" not in said
        told = [line for line in said.splitlines() if not line.startswith("otaproof: note: ")]
        assert not told or (condition.told and re.fullmatch(condition.told, "\n".join(told))), said
        if condition.told and not condition.stderr:
            assert said
    if command.startswith("check") and condition.code is None:
        assert "ä→é" in (place / "cuts.csv").read_text(encoding="utf-8")
    assert [] == [path.name for path in place.rglob(".otaproof-*")]


@pytest.mark.parametrize(("name", "command"), pairs(is_quick=True))
def test_command_answers_where_little_is_given(name: str, command: str, tmp_path: Path) -> None:
    """The cheap commands."""
    check_answer(name, command, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "command"), pairs(is_quick=False))
def test_every_command_answers_where_little_is_given(name: str, command: str, tmp_path: Path) -> None:
    """All the others."""
    check_answer(name, command, tmp_path)


@pytest.mark.parametrize("line", ["", "no-such", "doctor no-such", "--help"])
def test_exit_code_stays_where_nothing_can_be_told(line: str, tmp_path: Path) -> None:
    """It is not the one of a claim that is violated; of bad usage it is 2, whether stderr takes a line or not."""
    code = 2 if line.strip("-help") else 0
    for condition in (CONDITIONS["full-stderr"], Condition(before=closed(2))):
        with run_under(condition, line, tmp_path) as ended:
            assert code == ended.returncode


def test_working_directory_that_is_gone_is_one_line(tmp_path: Path) -> None:
    """Other processes cannot be started in it."""

    def leave() -> None:
        (tmp_path / "gone").mkdir()
        os.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()

    with run_under(Condition(before=leave), "fuzz --runs 1 --jobs 2", tmp_path) as ended:
        assert (2, "otaproof fuzz: the working directory is no longer there\n") == (ended.returncode, ended.stderr)


def test_text_that_the_terminal_does_not_have_is_escaped(tmp_path: Path) -> None:
    """With LC_ALL=C, outside of UTF-8 mode."""
    (tmp_path / "labels.csv").write_text(NOT_ASCII, encoding="utf-8")
    make_inputs(tmp_path)
    with run_under(CONDITIONS["ascii"], COMMANDS["explain"][0], tmp_path) as ended:
        assert ended.stdout.isascii() and r"\xe4\u2192\xe9" in ended.stdout
