"""What `otaproof explore` prints: a line for each claim, the trace that breaks each violated one, the searches."""

from rich.console import Console

from ...analysis.results.explore_result import ExploredClaimEntry, ExploreResult, RecoveryEntry, SearchEntry
from ...model.device.state import Scope
from .claim_trace import print_claim_trace
from .left_out_report import print_left_out
from .report_page import ReportPage
from .verdict_words import depth_words, verdict_style, verdict_words


def print_explore(console: Console, scope: Scope, result: ExploreResult, shows_identifiers: bool = False) -> None:
    """Print all that the searches of a scope found."""
    page = ReportPage(console)
    page.calls()
    page.title(result.scope)
    for claim in result.claims:
        page.item(f"{claim.id:4}", f"{claim.name}: {_words(claim)}", style=verdict_style(claim.verdict))
    for claim in result.claims:
        if claim.trace is not None:
            print_claim_trace(page, claim, _words(claim), shows_identifiers)
    page.title("Searches of all reachable states")
    page.counts([("ghosts", "states", "transitions", "depth", "seconds", "states/s"), *map(_row, result.searches)])
    for search in result.searches:
        if not search.complete:
            page.line(f"not complete: {search.limit}", style="yellow")
        elif search.compile_seconds:
            page.line(f"{_name(search)}: compiled in {search.compile_seconds:.1f} s")
    if result.recovery is not None:
        page.line(_recovery_text(result.recovery))
    page.blank()
    print_left_out(page, scope.faults, scope.usage, scope.allows, scope.is_by_turns)


def _words(claim: ExploredClaimEntry) -> str:
    if claim.verdict == "holds":
        return verdict_words(claim.verdict, "searched, every reachable state")
    return verdict_words(claim.verdict, depth_words(None if claim.trace is None else len(claim.trace)))


def _row(search: SearchEntry) -> tuple[str, ...]:
    rate = search.states / search.seconds if search.seconds else 0.0
    counts = (f"{search.states:,}", f"{search.transitions:,}", f"{search.depth}")
    return (_name(search), *counts, f"{search.seconds:.2f}", f"{rate:,.0f}")


def _name(search: SearchEntry) -> str:
    return " and ".join(search.remembers) or "none"


def _recovery_text(found: RecoveryEntry) -> str:
    if not found.complete:
        return f"dead ends: not complete: {found.limit}"
    return (
        f"dead ends: an upgrade can be completed from all but {found.dead_ends:,} of {found.states:,} states; in "
        f"{found.goals:,} one has just been completed ({found.steps:,} steps without cuts, {found.seconds:.2f} s)"
    )
