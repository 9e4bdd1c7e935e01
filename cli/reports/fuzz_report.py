"""What `otaproof fuzz` prints: one block for each claim, with the shortest history that breaks it."""

from collections.abc import Iterator

from rich.console import Console

from ...analysis.results.fuzz_result import FuzzFinding, FuzzResult, FuzzSummary
from ...campaign.fuzz.findings import DIVERGENCE
from ...campaign.fuzz.next_effect import OVER_EFFECTS
from .report_page import ReportPage, counted

NOT_REPLAYED = "not replayed by the board alone, or not shown"
"""What is known of an unconfirmed finding of a fuzz that was ended too soon."""


def print_fuzz(console: Console, result: FuzzResult) -> None:
    """Print a summary for each claim; --json and --out have every finding."""
    page = ReportPage(console)
    page.calls()
    for summary in result.summary:
        _print_summary(page, summary, bool(result.ended_by))
    page.title("Runs")
    for line in _totals(result):
        page.line(line)


def _print_summary(page: ReportPage, summary: FuzzSummary, is_ended: bool) -> None:
    shortest = summary.shortest
    kinds = "1 kind of device" if summary.findings == 1 else f"{summary.findings:,} kinds of devices"
    if summary.claim == DIVERGENCE:
        page.title(f"DIVERGENCE of board and model on {kinds}: a bug in otaproof")
    else:
        steps = counted(len(shortest.steps), "step")
        page.title(f"{summary.claim} violated ({shortest.faults}) on {kinds}; shortest: {steps}")
        page.line(summary.title)
    page.line(f"{device_words(shortest)}, run {shortest.run}", style="dim")
    page.steps(shortest.steps, shortest.text or None)
    if summary.confirmed < summary.findings:
        unconfirmed = counted(summary.findings - summary.confirmed, "finding")
        told = NOT_REPLAYED if is_ended else ended_before(summary.claim)
        page.line(f"{unconfirmed} of {summary.findings:,}: {told}", style="yellow")
    page.command(f"otaproof replay {shortest.token}")


def ended_before(claim_id: str) -> str:
    """Say what it means that a replay of the board alone does not break the claim of a finding."""
    if claim_id in OVER_EFFECTS:
        return "the model says that the next step, or a cut in the last one, can break it; none was found that does"
    return "not shown by a replay of the board alone, so board and model judge differently: a bug in otaproof"


def device_words(finding: FuzzFinding) -> str:
    """Return the device of a finding in a line."""
    device = finding.device
    build = "anti-rollback" if device.anti_rollback else "rollback on" if device.rollback else "rollback off"
    releases = (
        device.idf if device.idf == device.bootloader_idf else f"{device.idf}, bootloader {device.bootloader_idf}"
    )
    slots = counted(device.slots, "OTA slot")
    skips = f", validation skipped {', '.join(device.skip_validate)}" if device.skip_validate else ""
    selector = "" if device.selector == "esp-idf" else f", otadata {device.selector}"
    return f"{slots}{', factory' if device.factory else ''}, {build}{skips}{selector}, release rules {releases}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.0%})" if whole else "0 of 0"


def _covered(result: FuzzResult) -> Iterator[str]:
    """Yield what was reached of the device models that followed the runs."""
    seconds, coverage = result.seconds, result.coverage
    yield (
        f"{coverage.states:,} states of {counted(coverage.models, 'device model')} reached"
        + (f", {coverage.states / seconds:,.0f} new states/s" if seconds > 0 else "")
    )
    yield (
        f"coverage: {_share(coverage.actions, coverage.of_actions)} actions, "
        f"{_share(coverage.cuts, coverage.of_cuts)} power cuts by the task that they fall in, "
        f"{_share(coverage.premises, coverage.of_premises)} premises of claims"
    )


def _totals(result: FuzzResult) -> Iterator[str]:
    seconds = result.seconds
    rate = f", {result.steps / seconds:,.0f} steps/s" if seconds > 0 else ""
    yield (
        f"seed {result.seed}, {result.faults}, {result.usage} usage: {result.runs:,} runs of {result.steps:,} steps "
        f"with {result.cuts:,} power cuts in {seconds:.0f} s{rate}"
    )
    yield from _covered(result) if result.compared else ()
    for reason, count in result.left_out.items():
        yield f"{counted(count, 'run')} ended early: {reason}, which is outside the scope of the model"
    violated = len(result.findings) - result.divergences
    claims = sum(summary.claim != DIVERGENCE for summary in result.summary)
    diverged = f", {counted(result.divergences, 'divergence')} of board and model" if result.compared else ""
    yield (
        f"{counted(claims, 'violated claim')}, {counted(violated, 'finding')} by claim and kind of device{diverged}; "
        "--json and --out have all of them"
    )
    if not result.compared:
        yield f"on the board alone: the device model ends with F3, so nothing of {result.faults} is compared with it"
    if result.ended_by:
        yield f"{result.ended_by}; partial results"
