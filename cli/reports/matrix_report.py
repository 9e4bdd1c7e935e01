"""What `otaproof diff --matrix` prints: for each behaviour, which releases do the same."""

from rich.console import Console

from ...analysis.results.diff_result import MatrixResult
from .report_page import ReportPage


def print_matrix(console: Console, result: MatrixResult) -> None:
    """Print each behaviour, and below it what is observed under which release rules."""
    page = ReportPage(console)
    page.calls()
    page.title(f"Release rules of application and bootloader; {result.scope}")
    for row in result.rows:
        page.title(row.behaviour)
        releases_of: dict[str, list[str]] = {}
        for release, cell in row.releases.items():
            releases_of.setdefault(cell, []).append(release)
        width = max(len(_names(releases)) for releases in releases_of.values())
        for cell, releases in releases_of.items():
            page.item(f"{_names(releases):{width}} ", cell)
    if not result.complete:
        page.line("not complete: a search did not fit; see --pairs", indent=0, style="yellow")


def _names(releases: list[str]) -> str:
    return ", ".join(releases)
