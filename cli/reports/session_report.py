"""What `otaproof check --update-kind` prints: the brick windows, what the cuts come to, and what all of it rests on."""

from collections import Counter
from itertools import groupby

from rich.console import Console

from ...analysis.results.session_result import OutcomeEntry, SessionCutEntry, SessionResult, StartEntry, WindowEntry
from .report_page import WRONG, ReportPage, counted
from .settings_report import print_settings

_TITLES = {"bootloader": "the bootloader", "partition-table": "the partition table"}
_DONE = {"e": "erased", "p": "programmed"}


def print_session(console: Console, result: SessionResult) -> None:
    """Print all that such a check found."""
    page = ReportPage(console)
    page.title(f"Power cuts in an update of {_TITLES[result.kind]}, fault model {result.faults}")
    final = result.final
    seen = (counted(result.cuts, "cut point"), counted(result.distinct_starts, "distinct state"))
    page.line(
        f"{result.bytes:,} bytes to {final.label}, 0x{final.offset:x} … 0x{final.offset + final.size - 1:x}: "
        f"{', '.join(seen)}, seed {result.seed}, {result.seconds:.1f} s{'' if result.complete else ', interrupted'}"
    )
    page.item(WRONG if result.uncut.brick else " ", f"without a cut the device {_start(result.uncut)}")
    if result.uncut.brick:
        page.command(f"otaproof replay {result.uncut_token}", indent=4)
    for window in result.windows:
        _print_window(page, window)
    page.title("What the cuts come to, each decided exactly")
    for _, group in groupby(result.outcomes, key=lambda outcome: outcome.start.brick):
        _print_outcomes(page, list(group))
    page.title("Taken to be so")
    for assumption in result.assumptions:
        page.line(assumption)
    print_settings(page, result.settings, result.notes)


def _print_window(page: ReportPage, window: WindowEntry) -> None:
    if window.first is None or window.last is None:
        how = "none of the sampled cuts leaves" if window.sampled else "no cut leaves"
        page.title(f"{window.faults}: {how} a brick")
        return
    page.title(f"Brick window, {window.faults}: {window.bricks:,} of {counted(window.cuts, 'cut point')}")
    for word, cut in (("from", window.first), ("to  ", window.last)):
        page.item(" ", f"{word} {_cut(cut)}")
        page.command(f"otaproof replay {cut.token}", indent=4)
    if window.bricks == window.between:
        page.item(WRONG, "every cut between the two leaves a device that starts nothing", style="bold red")
    else:
        page.item(
            WRONG,
            f"{window.bricks:,} of {window.between:,} cuts between the two leave a device that starts nothing",
            style="bold red",
        )
    if window.sampled:
        page.line("torn bytes are sampled: the window can be larger", style="dim")


def _print_outcomes(page: ReportPage, outcomes: list[OutcomeEntry]) -> None:
    """Print cuts in a row that all leave a brick, or none of which does."""
    page.line(f"from {_cut(outcomes[0].first)}")
    page.line(f"to   {_cut(outcomes[-1].last)}")
    cuts: Counter[StartEntry] = Counter()
    for outcome in outcomes:
        cuts[outcome.start] += outcome.cuts
    for start, count in cuts.items():
        mark, style = (WRONG, "bold red") if start.brick else (" ", None)
        page.item(mark, f"{counted(count, 'cut point')}: the device {_start(start)}", indent=4, style=style)


def _start(start: StartEntry) -> str:
    if start.partition is None:
        return start.text
    parts = (("partition table", start.table), ("bootloader", start.bootloader))
    told = [f"the {version} {what}" for what, version in parts if version is not None]
    return f"starts {start.partition} with {', '.join(told)}"


def _cut(cut: SessionCutEntry) -> str:
    kind, address, length = cut.operation
    what = f"erase of 0x{address:x}" if kind == "e" else f"program of {length} bytes at 0x{address:x}"
    if cut.bytes_done is None:
        return f"{cut.call}, {what}: {cut.torn}"
    return f"{cut.call}, {what}: {cut.bytes_done:,} of {length:,} bytes {_DONE[kind]}"
