"""The page of a fuzz: for each promise that random histories break, the shortest of them step by step."""

import shlex
from dataclasses import dataclass

from ....analysis.results.fuzz_dossier import FuzzDossier, FuzzReplay
from ....analysis.results.fuzz_result import FuzzSummary
from ....model.claims.severity import CONSEQUENCES
from ..fuzz_report import device_words
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
    stepper: StepperView | None


def fuzz_page(dossier: FuzzDossier) -> bytes:
    """Return the page."""
    return render_page(
        "fuzz.html",
        result=dossier.result,
        findings=tuple(map(_finding, dossier.findings)),
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
    )


def _finding(found: FuzzReplay) -> FuzzFindingView:
    summary = found.summary
    harm = CONSEQUENCES.get(summary.claim)
    return FuzzFindingView(
        summary.claim,
        summary,
        "" if harm is None else harm.severity.value,
        device_words(summary.shortest),
        None if found.replay is None else stepper_of(found.replay),
    )
