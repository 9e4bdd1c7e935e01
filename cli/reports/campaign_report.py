"""What `otaproof campaign` prints: how far it is, and what it found."""

from collections.abc import Iterator

from rich.console import Console

from ...analysis.results.campaign_result import CampaignCauses, CampaignResult, CampaignState, CauseEntry
from ...campaign.fuzz.findings import DIVERGENCE
from ...model.claims.claims import claim
from .fuzz_report import device_words, ended_before
from .report_page import ReportPage, counted

_MOST_SHOWN = 20
"""Of what was never covered."""


def print_campaign(console: Console, result: CampaignResult) -> None:
    """Print how far a campaign is, and its findings, claim by claim."""
    page = ReportPage(console)
    _print_divergences(page, result)
    if result.found:
        page.title("Findings")
        _print_kinds(page, result)
    _print_state(page, result)
    if result.ended_by:
        page.line(f"{result.ended_by}; otaproof campaign resume {result.file} goes on", style="yellow")
    elif result.shared:
        page.line("another process goes on with the rest of it")
    elif not result.complete:
        page.line(f"otaproof campaign resume {result.file} goes on")
    if result.found:
        page.line(f"otaproof campaign show {result.file} says what they come from")


def print_causes(console: Console, result: CampaignCauses) -> None:
    """Print the findings of a campaign by cause."""
    page = ReportPage(console)
    page.calls()
    for cause in result.causes:
        _print_cause(page, cause)
    _print_state(page, result)
    known = sum(bool(cause.known_cases) for cause in result.causes)
    page.line(f"{counted(len(result.causes), 'cause')}, {known} of them with known cases")
    if result.never_covered:
        page.title(f"Never covered: {len(result.never_covered):,} actions, premises and cuts of these devices")
        page.line("some of them cannot be reached; nobody has asked which")
        for point in result.never_covered[:_MOST_SHOWN]:
            page.line(point)
        if len(result.never_covered) > _MOST_SHOWN:
            page.line(f"… and {len(result.never_covered) - _MOST_SHOWN:,} more; --json has all of them")
    if result.ended_by:
        page.line(f"{result.ended_by}; some findings are as they were found", style="yellow")


def _print_cause(page: ReportPage, cause: CauseEntry) -> None:
    page.title(f"{', '.join(cause.claims)} violated ({cause.plainest.faults}), {counted(cause.runs, 'run')}")
    page.line(cause.title)
    page.line(
        f"found on {counted(cause.kinds, 'kind')} of device and claim, in {counted(cause.histories, 'way')}",
        style="dim",
    )
    if cause.known_cases:
        page.line(f"known: {', '.join(cause.known_cases)}", style="dim")
    for promise in promises_of(cause):
        page.line(promise)
    page.line(f"{cause.plainest.claim}, {device_words(cause.plainest)}", style="dim")
    page.steps(cause.plainest.steps, cause.plainest.text or None)
    if not cause.plainest.confirmed:
        page.line(ended_before(cause.plainest.claim), style="yellow")
    page.command(f"otaproof replay {cause.plainest.token}")
    for found in cause.others:
        told = found.text or ended_before(found.claim)
        page.line(f"{found.claim} ({found.faults}): {told}", style="dim")
        page.command(f"otaproof replay {found.token}")


def promises_of(cause: CauseEntry) -> list[str]:
    """Return the claims that a cause breaks, as sentences."""
    return [f"{claim_id}: {claim(claim_id).title}" for claim_id in cause.claims if claim_id != DIVERGENCE]


def _print_divergences(page: ReportPage, result: CampaignState) -> None:
    for kind in (kind for kind in result.found if kind.claim == DIVERGENCE):
        page.title("DIVERGENCE of board and model: a bug in otaproof")
        page.line(f"{kind.devices}, run {kind.run}", style="dim")
        page.command(f"otaproof replay {kind.token}")


def _print_kinds(page: ReportPage, result: CampaignState) -> None:
    claims = list(dict.fromkeys(kind.claim for kind in result.found if kind.claim != DIVERGENCE))
    rows = [("claim", "runs", "kinds of device", "shortest")]
    for claim_id in claims:
        kinds = [kind for kind in result.found if kind.claim == claim_id]
        runs = sum(kind.runs for kind in kinds)
        rows.append((claim_id, f"{runs:,}", str(len(kinds)), counted(min(kind.steps for kind in kinds), "step")))
    page.counts(rows)


def _print_state(page: ReportPage, result: CampaignState) -> None:
    page.title("Campaign")
    for line in _state_lines(result):
        page.line(line)


def _state_lines(result: CampaignState) -> Iterator[str]:
    shard = "" if result.shard == "1/1" else f", shard {result.shard}"
    yield f"{result.devices}; {result.faults}, {result.usage} usage, seed {result.seed}{shard}"
    share = "" if result.complete else f" of {result.planned_runs:,}"
    yield f"{result.runs:,}{share} runs of {result.steps:,} steps with {result.cuts:,} power cuts{_rate(result)}"
    for reason, count in result.left_out.items():
        yield f"{counted(count, 'run')} ended early: {reason}, which is outside the scope of the model"
    claims = len({kind.claim for kind in result.found} - {DIVERGENCE})
    diverged = f", {counted(result.divergences, 'divergence')} of board and model" if result.compared else ""
    yield (
        f"{counted(claims, 'violated claim')}, "
        f"{counted(len(result.found) - result.divergences, 'finding')} by claim and kind of device{diverged}"
    )
    if not result.compared:
        yield f"on the board alone: the device model ends with F3, so nothing of {result.faults} is compared with it"
    if result.newest_cover is not None:
        newest = f"the last new one in run {result.newest_cover:,}"
        yield f"{result.covered:,} actions, premises and sites of cuts covered, {newest}"
    yield from mutation_lines(result)
    yield from untried_lines(result)
    yield f"fingerprint {result.fingerprint}"


def untried_lines(result: CampaignState) -> Iterator[str]:
    """Say which claims were never tried: first those that could have been, then those of which nobody knows how."""
    for untried in result.untried:
        if untried.depth is not None:
            can = f"which {counted(untried.depth, 'step')} can meet"
            yield f"{untried.claim} {untried.name} was never tried: no run met its premise, {can}"
    rest = [untried for untried in result.untried if untried.depth is None]
    if len(rest) == 1:
        yield f"{rest[0].claim} {rest[0].name} was never tried: no run met its premise, nor does a short search"
    elif rest:
        names = ", ".join(untried.claim for untried in rest)
        yield f"never tried, as no run met their premises, nor does a short search: {names}"


def mutation_lines(result: CampaignState) -> Iterator[str]:
    """Say how many histories are kept, and what came of the runs that began from one."""
    mutation = result.mutation
    if not mutation.kept:
        return
    kept = "1 history" if mutation.kept == 1 else f"{mutation.kept:,} histories"
    yield f"{kept} kept; {counted(mutation.runs, 'run')} began from one of them, changed"
    if mutation.runs:
        yield (
            f"only these covered {mutation.covered:,} of that, and found {counted(mutation.found, 'kind')}; only the "
            f"others covered {mutation.covered_by_others:,}, and found {counted(mutation.found_by_others, 'kind')}"
        )


def _rate(result: CampaignState) -> str:
    seconds = sum(sitting.seconds for sitting in result.sittings)
    steps = sum(sitting.steps for sitting in result.sittings)
    return f", {steps / seconds:,.0f} steps/s" if seconds >= 1 else ""
