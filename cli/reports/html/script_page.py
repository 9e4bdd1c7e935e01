"""The page of a run of a script: what it did, its goals, and each broken promise step by step."""

import shlex
from dataclasses import dataclass

from ....analysis.results.script_dossier import ScriptDossier, ScriptFinding
from ....analysis.results.script_result import ScriptClaim
from .page import render_page
from .stepper_view import StepperView, stepper_of


@dataclass(frozen=True, slots=True)
class ScriptFindingView:
    """A claim, and its cut to step through."""

    claim: ScriptClaim
    stepper: StepperView | None


def script_page(dossier: ScriptDossier) -> bytes:
    """Return the page."""
    return render_page(
        "script.html",
        result=dossier.result,
        sweep=dossier.result.sweep,
        findings=tuple(map(_finding, dossier.findings)),
        remedies=dossier.remedies,
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
    )


def _finding(found: ScriptFinding) -> ScriptFindingView:
    return ScriptFindingView(found.claim, None if found.replay is None else stepper_of(found.replay))
