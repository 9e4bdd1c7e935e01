"""The page of a fuzz: for each promise that random histories break, the shortest of them step by step."""

import shlex
from dataclasses import dataclass

from ....analysis.results.fuzz_dossier import FuzzDossier, FuzzReplay
from ....analysis.results.fuzz_result import FuzzSummary
from ....model.claims.severity import CONSEQUENCES
from ..fuzz_report import NOT_REPLAYED, device_words, ended_before
from .page import render_page
from .stepper_view import StepperView, stepper_of


@dataclass(frozen=True, slots=True)
class FuzzFindingView:
    """The findings of a claim."""

    anchor: str
    summary: FuzzSummary
    severity: str
    """Empty for a divergence."""
    device: str
    note: str
    """What it means that the board alone does not show it; empty where it does."""
    stepper: StepperView | None


def fuzz_page(dossier: FuzzDossier) -> bytes:
    """Return the page."""
    return render_page(
        "fuzz.html",
        result=dossier.result,
        findings=tuple(_finding(found, bool(dossier.result.ended_by)) for found in dossier.findings),
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
    )


def _note(summary: FuzzSummary, is_ended: bool) -> str:
    if summary.shortest.confirmed:
        return ""
    return NOT_REPLAYED if is_ended else ended_before(summary.claim)


def _finding(found: FuzzReplay, is_ended: bool) -> FuzzFindingView:
    summary = found.summary
    harm = CONSEQUENCES.get(summary.claim)
    return FuzzFindingView(
        summary.claim,
        summary,
        "" if harm is None else harm.severity.value,
        device_words(summary.shortest),
        _note(summary, is_ended),
        None if found.replay is None else stepper_of(found.replay),
    )
