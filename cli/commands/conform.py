"""`otaproof conform`: replay recorded vectors on the board and report each first difference."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...campaign.conformance.vector_replay import Mismatch, replay_vector
from ...campaign.conformance.vectors import list_vector_files, read_vectors
from ...errors import InputError
from ...examples.shipped_example import VECTORS
from ..exit_code import ExitCode

_SHOWN = 60
"""Characters of a value that fit a line."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "conform",
        help="replay vectors recorded from ESP-IDF's own code",
        description=(
            "Replays vectors recorded from ESP-IDF's and NodeMCU's own code on the board and compares every field: "
            "results, error texts, flash operations, otadata, states, digests, eFuse. layouts*.json, images*.json and "
            "images/ are looked for beside each file."
        ),
        epilog="Exit codes: 0 all agree, 1 some do not, 2 bad input.",
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        type=Path,
        help=".jsonl, .jsonl.gz, or a directory of them (the sample that comes with otaproof)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay all files; return HOLDS when every vector agrees, else VIOLATED."""
    files = options.files or [VECTORS]
    vectors: Counter[str] = Counter()
    mismatches: list[Mismatch] = []
    console = Console(stderr=True)
    with console.status("replaying") as status:
        for path in list_vector_files(files):
            status.update(f"replaying {path.name}")
            for vector in read_vectors(path):
                vectors[vector.family] += 1
                mismatch = replay_vector(vector)
                if mismatch is not None:
                    mismatches.append(mismatch)
    if not vectors:
        raise InputError(f"{files[0]}: holds no vector")
    if options.json:
        print(json.dumps(_as_json(vectors, mismatches), indent=2, default=str))
    else:
        _print_text(vectors, mismatches)
    return ExitCode.VIOLATED if mismatches else ExitCode.HOLDS


def _as_json(vectors: Counter[str], mismatches: list[Mismatch]) -> dict[str, Any]:
    return {
        "vectors": vectors.total(),
        "agree": vectors.total() - len(mismatches),
        "families": dict(sorted(vectors.items())),
        "mismatches": [
            {"id": m.id, "family": m.family, "step": m.step, "field": m.field, "expected": m.expected, "got": m.got}
            for m in mismatches
        ],
    }


def _print_text(vectors: Counter[str], mismatches: list[Mismatch]) -> None:
    console = Console(highlight=False)
    failed = Counter(mismatch.family for mismatch in mismatches)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("family")
    table.add_column("vectors", justify="right")
    table.add_column("agree", justify="right")
    for family, count in sorted(vectors.items()):
        style = "red" if failed[family] else ""
        table.add_row(family, str(count), str(count - failed[family]), style=style)
    console.print(table)
    for m in mismatches:
        step = "" if m.step is None else f" step {m.step}"
        console.print(
            f"{m.id} {m.family}{step} {m.field}: expected {_short(m.expected)}, got {_short(m.got)}",
            style="red",
            markup=False,
            soft_wrap=True,
        )
    total = vectors.total()
    console.print(f"{total - len(mismatches):,} of {total:,} vectors agree")


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
