"""A progress bar with a rate and an end in sight, on stderr, where that is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ...campaign.upgrade.sweep import Progress as ReportProgress


class _CountColumn(ProgressColumn):
    """Cut points decided, of how many, and how fast."""

    def render(self, task: Task) -> Text:
        """Return the column for a task whose total may not be known yet."""
        total = "…" if task.total is None else f"{task.total:,.0f}"
        rate = "" if task.speed is None else f", {task.speed:,.0f}/s"
        return Text(f"{task.completed:,.0f}/{total} cut points{rate}")


@contextmanager
def progress_bar(name: str) -> Iterator[ReportProgress]:
    """Give a function that moves the bar; without a terminal it does nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:14}"), BarColumn(), _CountColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
