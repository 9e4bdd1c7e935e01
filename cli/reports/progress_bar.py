"""How far a command is, on stderr, where that is a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ...analysis.upgrade_check import AGEING
from ...bounded_input import shown
from ...campaign.fuzz.findings import Findings
from ...campaign.upgrade.sweep import Progress as ReportProgress
from ...proofs.explicit.exploration import Progress as SearchProgress
from ..terminal import status_line, terminal


class _CountColumn(ProgressColumn):
    """Cut points decided, or stuck bits played, of how many, and how fast."""

    def render(self, task: Task) -> Text:
        """Return the column for a task whose total may not be known yet."""
        total = "…" if task.total is None else f"{task.total:,.0f}"
        rate = "" if task.speed is None else f", {task.speed:,.0f}/s"
        what = "" if task.description == AGEING else " cut points"
        return Text(f"{task.completed:,.0f}/{total}{what}{rate}")


@contextmanager
def progress_bar(name: str) -> Iterator[ReportProgress]:
    """Give a function that moves the bar; without a terminal it does nothing."""
    console = terminal(stderr=True)
    columns = (TextColumn("{task.description:14}", markup=False), BarColumn(), _CountColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(shown(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def search_progress(name: str) -> Iterator[SearchProgress]:
    """Give a function that tells how far a search is, in a line; without a terminal it does nothing."""
    with status_line(f"{name}: …") as tell:

        def searched(states: int, seconds: float) -> None:
            rate = states / seconds if seconds else 0.0
            tell(f"{name}: {states:,} states, {seconds:.0f} s, {rate:,.0f}/s")

        yield searched


@contextmanager
def fuzz_progress() -> Iterator[Callable[[Findings], None]]:
    """Give a function that tells how far the runs are, in a line on stderr; without a terminal it does nothing."""
    started = time.monotonic()
    with status_line("…") as tell:
        yield lambda findings: tell(_progress_text(findings, time.monotonic() - started))


@contextmanager
def phase_progress() -> Iterator[Callable[[str, int], None]]:
    """Give a function that tells the phase and its runs, in a line on stderr; without a terminal it does nothing."""
    with status_line("…") as tell:
        yield lambda name, runs: tell(f"{name}: {runs:,} runs")


@contextmanager
def step_progress(name: str) -> Iterator[Callable[[str], None]]:
    """Give a function that tells what is being done, in a line on stderr; without a terminal it does nothing."""
    with status_line(f"{name}: …") as tell:
        yield lambda step: tell(f"{name}: {step}")


def _progress_text(findings: Findings, seconds: float) -> str:
    diverged = f", {findings.divergences} DIVERGENCES" if findings.divergences else ""
    return f"{findings.runs:,} runs, {_rate(findings, seconds)}, {len(findings)} findings{diverged}"


def _rate(findings: Findings, seconds: float) -> str:
    return f"{findings.steps / seconds:,.0f} steps/s" if seconds > 0 else "no time at all"
