"""What `otaproof prove --certificates` prints: what is certified, what is not, and how to check it."""

import shlex
from pathlib import Path

from rich.console import Console

from ...analysis.results.certificates_result import CertificatesResult
from .report_page import ReportPage, counted


def print_certificates(console: Console, manifest: CertificatesResult, directory: Path) -> None:
    """Print what was certified; what was not, by name."""
    page = ReportPage(console)
    page.title("Certificates")
    certified = [question for question in manifest.questions if question.outcome == "certified"]
    proved = [claim.is_certified for claim in manifest.claims if claim.verdict == "proved"]
    lines = sum(question.proof_lines or 0 for question in certified)
    page.line(
        f"{len(certified):,} of {counted(len(manifest.questions), 'question')} certified, in {lines:,} lines of proof; "
        f"proved claims that rest on certified questions alone: {sum(proved):,} of {len(proved):,}"
    )
    words = {
        "too_big": f"not certified: more than {manifest.most_clauses:,} clauses",
        "timed_out": f"not certified: no proof within {manifest.most_seconds:,.0f} s",
        "not_in_terms": "not certified: it has no encoding but the one for the SMT solvers",
        "satisfiable": "CONTRADICTION: the clauses have a solution, so the proof is not confirmed",
    }
    for question in manifest.questions:
        if question.outcome != "certified":
            style = "bold red" if question.outcome == "satisfiable" else "bold yellow"
            page.line(f"{question.name}: {words[question.outcome]}", style=style)
    for claim in manifest.claims:
        if claim.certificate == "none":
            page.line(f"{claim.id} of {claim.configuration} has no certificate: {claim.method}", style="yellow")
    page.command(shlex.join(["sh", f"{directory}/check.sh", "drat-trim"]))
