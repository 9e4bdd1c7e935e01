"""The commands that README.md shows with their output, run on the shipped example.

A listing shows the parts of the output that `keep` names, each from a line with one beginning to a line with another.
`…` replaces the lines between them, and the tail of a token.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from .spec_page import ROOT

EXAMPLE = "examples/two-slot"
SCRIPTS = "examples/lua"
WIDTH = 80
"""Columns of the terminal."""
TOKEN = re.compile(r"(\bot[phs]1\.\w{8})[\w-]+")
_VARYING = (
    (re.compile(r"\b\d+(\.\d+)? s\b"), "0.0 s"),
    # Which invariants are tried depends on the order of the solver's answers.
    (re.compile(r"\b\d+ (?:facts|auxiliary invariants)"), "0 invariants"),
    (re.compile(r" {2,}"), "  "),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One command, and the parts of its output that are shown."""

    name: str
    arguments: str
    """After `otaproof`; TOKEN stands for the token that the listing `check` prints for C4."""
    keep: tuple[tuple[str, str], ...]
    """Beginnings of the first and the last line of each part; empty: the whole output."""


LISTINGS: tuple[Listing, ...] = (
    Listing(
        "check",
        f"check {EXAMPLE}",
        (
            ("Power cuts", " every history"),
            ("C4 ", "  otaproof replay"),
            ("Settings", "  ? chip revision"),
            ("Left out", "Left out"),
        ),
    ),
    Listing("replay", "replay TOKEN", (("  4 ", "C4 "),)),
    Listing(
        "run",
        f"run {SCRIPTS}/accepts_at_once.lua --sweep",
        (("examples/lua", "at the end"), ("Power cuts", " G2"), ("G1: ", "  otaproof run")),
    ),
    Listing(
        "brick-window",
        f"check {EXAMPLE} --idf 6.1 --update-kind partition-table",
        (("Power cuts", "    without"), ("Brick window, F1", "  ✗ every")),
    ),
)


def shown(listing: Listing) -> str:
    """Return the command and its output as README.md shows them."""
    command = listing.arguments
    if "TOKEN" in command:
        command = command.replace("TOKEN", _token())
    lines = [line.rstrip() for line in output(command).strip("\n").splitlines()]
    text = "\n".join([f"$ otaproof {command}", *(kept_lines(lines, listing.keep) if listing.keep else lines)])
    return TOKEN.sub(r"\1…", text) + "\n"


def masked(text: str) -> str:
    """Return a listing without what differs between runs: seconds, the number of invariants, column widths."""
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=16)
def output(command: str) -> str:
    """Return the output of a command in a directory that has the built example."""
    with TemporaryDirectory() as name:
        project = Path(name) / EXAMPLE
        shutil.copytree(ROOT / EXAMPLE, project, ignore=shutil.ignore_patterns("build", "update"))
        shutil.copytree(ROOT / SCRIPTS, Path(name) / SCRIPTS)
        subprocess.run([sys.executable, ROOT / "examples/build_images.py", project], check=True)
        ended = subprocess.run(
            [sys.executable, "-m", "otaproof.cli.main", *command.split()],
            cwd=name,
            env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"otaproof {command}: exit code {ended.returncode}: {ended.stderr}")
    return ended.stdout


def _token() -> str:
    _, _, after = output(LISTINGS[0].arguments).partition("\nC4 ")
    found = re.search(r"\botp1\.\S+", after)
    if found is None:
        raise RuntimeError("check prints no token for C4")
    return found[0]


def kept_lines(lines: list[str], keep: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Yield the parts of an output that are kept, with … for what lies between them."""
    at = 0
    for first, last in keep:
        start = _find(lines, first, at)
        if any(lines[at:start]):
            yield "…"
        if start > at and not lines[start - 1]:
            yield ""
        end = _find(lines, last, start) + 1
        yield from lines[start:end]
        at = end
    if any(lines[at:]):
        yield "…"


def _find(lines: list[str], begin: str, at: int) -> int:
    for number in range(at, len(lines)):
        if lines[number].startswith(begin):
            return number
    raise RuntimeError(f"no line begins with {begin!r} in:\n" + "\n".join(lines))
