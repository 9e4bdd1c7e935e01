"""What `otaproof replay` prints of a run of a bootloader's machine code."""

from pathlib import PurePath

from rich.console import Console

from ...analysis.results.run_replay_result import RunReplayResult
from .report_page import ReportPage
from .run_difference_report import RESTS_ON, print_both


def print_run_replay(console: Console, result: RunReplayResult) -> None:
    """Print what both ran on, and what each did."""
    page = ReportPage(console)
    page.line(f"{PurePath(result.file).name}, SHA-256 {result.sha256[:16]}…, beside the simulated bootloader", indent=0)
    page.blank()
    for line in (*result.case, *filter(None, [result.disturbance])):
        page.line(line)
    page.blank()
    if result.program is not None and result.simulated is not None:
        print_both(page, result.program, result.simulated)
    page.blank()
    page.line(RESTS_ON, indent=0, hang=0, style="dim")
    page.blank()
    page.line(_verdict(result), indent=0, style=None if result.verdict == "no difference" else "bold red")


def _verdict(result: RunReplayResult) -> str:
    if result.fault:
        return f"inconclusive: the program {result.fault}"
    if result.program is None:
        return "no difference: the program does as the simulated bootloader does"
    when = " in the boot after the power cut" if result.in_next_boot else ""
    return f"the program differs from the simulated bootloader{when}"
