"""What `otaproof run` prints: the run, boot by boot; with --sweep the goals, then the claims."""

import shlex

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...analysis.results.script_result import (
    ScriptClaim,
    ScriptGoalEntry,
    ScriptLineEntry,
    ScriptResult,
    ScriptSweepEntry,
)
from ...bounded_input import shown
from .fix_lines import print_judgement
from .report_page import WRONG, ReportPage, counted
from .settings_report import print_settings
from .verdict_words import verdict_style, verdict_words


def print_script(console: Console, result: ScriptResult, again: tuple[str, ...]) -> None:
    """Print all that a run came to. again: the words of the command line that makes the run without its sweep."""
    page = ReportPage(console)
    page.calls()
    page.title(f"{shown(result.script)}, Lua {result.lua}{f', power cut at {result.cut}' if result.cut else ''}")
    _print_lines(page, result.lines)
    page.blank()
    _print_outcome(page, result)
    if result.sweep is not None:
        _print_sweep(page, result.sweep, again)
    assumed = tuple(setting for setting in result.settings if setting.assumed)
    print_settings(page, assumed, result.notes)


def _print_lines(page: ReportPage, lines: tuple[ScriptLineEntry, ...], indent: int = 2) -> None:
    for line in lines:
        text = shown(line.text.expandtabs(8))
        if line.kind == "print":
            page.whole(text, indent + 2)
        else:
            page.line(text, indent, style="bold" if line.kind == "boot" else "yellow")


def _print_outcome(page: ReportPage, result: ScriptResult) -> None:
    outcome = result.outcome
    runs = "nothing runs"
    if outcome.running is not None:
        state = "" if outcome.state is None else f", {outcome.state}"
        runs = f"{outcome.running} runs {outcome.image or 'no known image'}{state}"
    errors = f", {counted(outcome.errors, 'uncaught error')}" if outcome.errors else ""
    page.line(f"at the end: {runs}; {outcome.rest}; {counted(outcome.boots, 'boot')}{errors}", indent=0)
    if (outcome.next_running, outcome.next_image) != (outcome.running, outcome.image):
        later = outcome.next_running or "nothing"
        page.line(f"the next power-on starts {later}, {outcome.next_image or 'no known image'}", indent=0, style="bold")


def _print_sweep(page: ReportPage, sweep: ScriptSweepEntry, again: tuple[str, ...]) -> None:
    page.title(f"Power cuts everywhere in it, fault model {sweep.faults}")
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="bold")
    table.add_column("goal", no_wrap=True)
    table.add_column("this script", no_wrap=True)
    table.add_column("", overflow="fold")
    for goal in sweep.goals:
        table.add_row(goal.id, Text(verdict_words(goal.verdict), verdict_style(goal.verdict)), Text(goal.title))
    for claim in sweep.claims:
        if claim.verdict == "violated":
            words = verdict_words(claim.verdict, "any update" if claim.of_any_update else "")
            table.add_row(claim.id, Text(words, verdict_style(claim.verdict)), Text(claim.title))
    page.table(table)
    held = [claim.id for claim in sweep.claims if claim.verdict == "holds"]
    if held:
        page.line(f"hold as well: {', '.join(held)}", indent=1, style="dim")
    if not sweep.claims:
        page.line("no claim is judged: the script begins no update", indent=1, style="dim")
    if sweep.later_updates:
        updates = counted(sweep.later_updates, "later update")
        page.line(f"{updates} of the run: judged by the goals alone", style="yellow")
    for goal in sweep.goals:
        _print_goal(page, goal, again)
    for claim in sweep.claims:
        if claim.verdict == "violated":
            _print_claim(page, claim)


def _print_goal(page: ReportPage, goal: ScriptGoalEntry, again: tuple[str, ...]) -> None:
    page.title(f"{goal.id}: {verdict_words(goal.verdict)}")
    boots = f"{goal.fewest_boots} to {goal.most_boots}" if goal.most_boots > goal.fewest_boots else f"{goal.most_boots}"
    if goal.first is None:
        page.line(
            f"{goal.cuts:,} cut points, {counted(goal.distinct_runs, 'run')} that differ, "
            f"{boots} boots until the device is at rest"
        )
    if goal.undecided:
        page.line(f"{goal.undecided:,} cut points undecided: their runs used up instructions or time", style="yellow")
    if goal.first is None:
        return
    if goal.first.cut is not None:
        page.line(f"at {goal.missed:,} of {goal.cuts:,} cut points")
    page.item(" ", goal.first.where)
    page.item(WRONG, shown(goal.first.problem), style="bold red")
    _print_lines(page, goal.first.story, indent=4)
    page.item("fix:", goal.first.fix)
    words = [*again]
    if goal.id == "G2" and "--bad-update" not in words:
        words.append("--bad-update")
    if goal.first.cut is not None:
        words += ["--cut", goal.first.cut]
    page.command(shown(shlex.join(words)))


def _print_claim(page: ReportPage, claim: ScriptClaim) -> None:
    page.title(f"{claim.id} {claim.name}: {verdict_words(claim.verdict, claim.weakest_fault or '')}")
    if claim.of_any_update:
        page.line("the plain upgrade of otaproof check breaks it as well on this device: it is not the script's")
    page.item(" ", claim.where or "")
    if claim.then is not None:
        page.item(WRONG, claim.then, style="bold red")
    print_judgement(page, claim.id, claim)
    if claim.token is not None:
        page.command(f"otaproof replay {claim.token}")
