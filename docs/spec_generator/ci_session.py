"""The session that docs/spec/ci.md shows: files that a project writes, and what the commands print then.

Below a comment `<!-- file: NAME -->` a page has a block that is the contents of a file; below `<!-- run: NAME -->` the
output of a command of `RUNS`, in the folder of the example, with the files above it. The table of the keys of
otaproof.toml is made of the options of `check`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclopts import ArgumentCollection

from otaproof.cli.main import build_app
from otaproof.project.check_options import COMMAND_LINE_ONLY, OPTIONS, PROJECT

from .readme_listings import EXAMPLE, TOKEN, WIDTH, Listing, kept_lines
from .spec_page import ROOT, table

_BLOCK = re.compile(r"<!-- (?P<kind>file|run): (?P<name>[\w.-]+) -->\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)
_OPTIONS = re.compile(r"(<!-- keys: table -->\n\n).*?(\n\n<!-- end of keys -->)", re.DOTALL)
RUNS = {
    listing.name: listing
    for listing in (
        Listing("first", "check", (("Power cuts", " claim"), ("C4 ", "  fix"), ("Policy", "fails"))),
        Listing("baseline", "check --write-baseline otaproof-baseline.json", (("fails", "fails"),)),
        Listing("green", "check", (("    options", "    options"), ("Policy", "passes"))),
        Listing("fast", "check --fast", (("  ! --fast", "    shipped"), ("passes", "passes"))),
        Listing("github", "check --fast --fail-on violated --github", (("::error", "::error"),)),
        Listing("typing-error", "check", ()),
    )
}
"""The commands, and the parts of their output that are shown."""
_LONGEST = 300
"""Characters of a line that is shown."""


def with_session(page: str) -> str:
    """Return a page with all of it up to date; one without such blocks as it is."""
    if not _BLOCK.search(page):
        return page
    shown = iter(_session(_asked(page)))
    made = _BLOCK.sub(lambda match: match[0] if match["kind"] == "file" else _block(match["name"], next(shown)), page)
    return _OPTIONS.sub(lambda match: f"{match[1]}{keys_table()}{match[2]}", made)


def _block(name: str, text: str) -> str:
    return f"<!-- run: {name} -->\n```text\n{text}```\n"


def _asked(page: str) -> tuple[tuple[str, str, str], ...]:
    """Return the blocks in order; what a run has printed before is no part of it."""
    found = (match.groupdict() for match in _BLOCK.finditer(page))
    return tuple((row["kind"], row["name"], row["text"] if row["kind"] == "file" else "") for row in found)


@lru_cache(maxsize=1)
def _session(blocks: tuple[tuple[str, str, str], ...]) -> tuple[str, ...]:
    """Return what each command shows."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "update"), dirs_exist_ok=True)
        subprocess.run([sys.executable, ROOT / "examples/build_images.py", folder], check=True)
        return tuple(_played(folder, blocks))


def _played(folder: Path, blocks: tuple[tuple[str, str, str], ...]) -> Iterator[str]:
    for kind, name, text in blocks:
        if kind == "file":
            (folder / name).write_text(text, encoding="utf-8")
        else:
            yield _run(folder, RUNS[name])


def _run(folder: Path, listing: Listing) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "otaproof.cli.main", *listing.arguments.split()],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    lines = [line.rstrip() for line in ended.stdout.strip("\n").splitlines()]
    lines = [*(kept_lines(lines, listing.keep) if listing.keep else lines), f"(exit code {ended.returncode})"]
    short = (line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines)
    return TOKEN.sub(r"\1…", "\n".join([f"$ otaproof {listing.arguments}", *short])) + "\n"


def keys_table() -> str:
    """Return the table of the keys, with what the help of `check` says of each."""
    arguments: ArgumentCollection = build_app("check")["check"].assemble_argument_collection()
    helps = {argument.name.removeprefix("--"): str(argument.parameter.help or "") for argument in arguments}
    rows = [
        (f"`{name}`", kind.value, " ".join(helps["PROJECT" if name == PROJECT else name].split()))
        for name, kind in OPTIONS.items()
    ]
    alone: dict[str, list[str]] = {}
    for name, reason in COMMAND_LINE_ONLY.items():
        alone.setdefault(reason, []).append(f"`--{name}`")
    others = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in alone.items())
    return f"{table(('key', 'value', 'as on the command line'), rows)}\n\nOn the command line alone: {others}."
