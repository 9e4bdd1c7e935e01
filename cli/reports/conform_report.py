"""What `otaproof conform` prints: a line for each family of vectors, and one for each that disagrees."""

import json
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from ...analysis.conformance_run import ConformanceReport

_SHOWN = 60
"""Characters of a value that fit a line."""


def as_json(report: ConformanceReport) -> dict[str, Any]:
    """Return the report as one JSON object."""
    return {
        "vectors": report.vectors.total(),
        "agree": report.vectors.total() - len(report.mismatches),
        "families": dict(sorted(report.vectors.items())),
        "mismatches": [
            {"id": m.id, "family": m.family, "step": m.step, "field": m.field, "expected": m.expected, "got": m.got}
            for m in report.mismatches
        ],
    }


def print_report(console: Console, report: ConformanceReport) -> None:
    """Print the report."""
    failed = Counter(mismatch.family for mismatch in report.mismatches)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("family")
    table.add_column("vectors", justify="right")
    table.add_column("agree", justify="right")
    for family, count in sorted(report.vectors.items()):
        style = "red" if failed[family] else ""
        table.add_row(family, str(count), str(count - failed[family]), style=style)
    console.print(table)
    for m in report.mismatches:
        step = "" if m.step is None else f" step {m.step}"
        console.print(
            f"{m.id} {m.family}{step} {m.field}: expected {_short(m.expected)}, got {_short(m.got)}",
            style="red",
            markup=False,
            soft_wrap=True,
        )
    total = report.vectors.total()
    console.print(f"{total - len(report.mismatches):,} of {total:,} vectors agree")


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
