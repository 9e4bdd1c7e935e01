"""What `otaproof conform` prints: how many vectors agree, family by family, and each first difference."""

import json
from collections import Counter

from rich.console import Console

from ...analysis.results.conform_result import ConformResult
from .report_page import ReportPage

_SHOWN = 60
"""Characters of a value that fit a line."""


def print_conform(console: Console, result: ConformResult) -> None:
    """Print the result of a replay."""
    page = ReportPage(console)
    failed = Counter(mismatch.family for mismatch in result.mismatches)
    rows = [(family, f"{count}", f"{count - failed[family]}") for family, count in result.families.items()]
    page.counts([("family", "vectors", "agree"), *rows], indent=0)
    for m in result.mismatches:
        step = "" if m.step is None else f" step {m.step}"
        page.whole(f"{m.id} {m.family}{step} {m.field}: expected {_short(m.expected)}, got {_short(m.got)}", 0, "red")
    page.line(f"{result.agree:,} of {result.vectors:,} vectors agree", indent=0)


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
