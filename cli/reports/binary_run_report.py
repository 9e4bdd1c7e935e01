"""What `otaproof binary run` prints: how many runs of each kind differ, and the simplest of those that do."""

from pathlib import PurePath

from rich.console import Console

from ...analysis.results.binary_run_result import BinaryRunResult, RunPhase
from .report_page import ReportPage
from .run_difference_report import RESTS_ON, print_difference


def print_binary_run(console: Console, result: BinaryRunResult) -> None:
    """Print the result of all runs."""
    page = ReportPage(console)
    build = "anti-rollback on" if result.anti_rollback else f"rollback {'on' if result.rollback else 'off'}"
    why = "" if result.is_configuration_given else ", which the program fits best"
    page.line(f"{PurePath(result.file).name}: {result.architecture}, SHA-256 {result.sha256[:16]}…", indent=0)
    page.line(f"compared with the simulated bootloader: {build}{why}; release rules {result.idf}", indent=0)
    page.blank()
    rows = [(phase.name, f"{phase.runs:,}", f"{phase.differing:,}", _rate(phase)) for phase in result.phases]
    page.counts([("run on", "runs", "differ", "per second"), *rows])
    for phase in result.phases:
        if phase.fault:
            page.title(f"{phase.name}: could not be run on")
            page.line(f"the program {phase.fault}")
        if phase.ended_by:
            page.title(f"{phase.name}: {phase.ended_by}, partial results; what comes after it was not run")
        if phase.difference is not None:
            page.title(f"{phase.name}: {phase.differing:,} of {phase.runs:,} differ, the simplest")
            print_difference(page, phase.difference, result.file)
    page.blank()
    page.line(RESTS_ON, indent=0, hang=0, style="dim")
    page.blank()
    page.line(_verdict(result), indent=0, style=None if result.verdict == "no difference" else "bold red")


def _rate(phase: RunPhase) -> str:
    return f"{phase.runs / phase.seconds:,.0f}" if phase.seconds else ""


def _verdict(result: BinaryRunResult) -> str:
    match result.verdict:
        case "differs":
            return "the program differs from the simulated bootloader"
        case "inconclusive":
            return "inconclusive: no difference found, but not all could be run"
        case _:
            return "no difference in any run; to decide it for all inputs is for a proof"
