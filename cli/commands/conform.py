"""`otaproof conform`: replay recorded vectors on the board and report each first difference."""

import argparse
from collections import Counter
from pathlib import Path

from rich.console import Console

from ...analysis.results.conform_result import conform_result
from ...campaign.conformance.vector_replay import Mismatch, replay_vector
from ...campaign.conformance.vectors import list_vector_files, read_vectors
from ...errors import InputError
from ..exit_code import ExitCode
from ..reports.conform_report import print_conform
from ..reports.json_text import json_text


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
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=".jsonl, .jsonl.gz, or a directory of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay all files; return HOLDS when every vector agrees, else VIOLATED."""
    vectors: Counter[str] = Counter()
    mismatches: list[Mismatch] = []
    console = Console(stderr=True)
    with console.status("replaying") as status:
        for path in list_vector_files(options.files):
            status.update(f"replaying {path.name}")
            for vector in read_vectors(path):
                vectors[vector.family] += 1
                mismatch = replay_vector(vector)
                if mismatch is not None:
                    mismatches.append(mismatch)
    if not vectors:
        raise InputError(f"{options.files[0]}: holds no vector")
    result = conform_result(vectors, mismatches)
    if options.json:
        print(json_text(result), end="")
    else:
        print_conform(Console(highlight=False), result)
    return ExitCode.VIOLATED if mismatches else ExitCode.HOLDS
