"""How reports print the trace that breaks a claim of the device model."""

from ...analysis.results.explore_result import ExploredClaimEntry
from ...analysis.results.prove_result import ProvedClaimEntry
from .fix_lines import print_judgement
from .report_page import ReportPage


def print_claim_trace(
    page: ReportPage, claim: ProvedClaimEntry | ExploredClaimEntry, verdict: str, shows_identifiers: bool
) -> None:
    """Print the claim with its verdict in words, its trace in sentences, what breaks it, and how to replay it."""
    page.title(f"{claim.id} {claim.name}: {verdict}")
    page.line(claim.title)
    page.steps(claim.sentences, claim.broken_by)
    if shows_identifiers or not claim.sentences:
        page.identifiers(claim.trace or ())
    print_judgement(page, claim.id, claim)
    if claim.divergence is not None:
        page.line(f"the board does not show it: {claim.divergence}", style="bold red")
    elif claim.token is not None:
        page.command(f"otaproof replay {claim.token}")
