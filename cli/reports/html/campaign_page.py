"""The page of a campaign: how it grew, what it found by claim and fault model, and each cause step by step."""

import shlex
from collections import Counter
from dataclasses import dataclass

from ....analysis.results.campaign_dossier import CampaignDossier, CauseReplay
from ....analysis.results.campaign_result import CampaignCauses, CauseEntry
from ....model.claims.severity import CONSEQUENCES, Harm
from ....model.fault_model import FaultModel
from ..campaign_report import mutation_lines, promises_of, untried_lines
from ..fuzz_report import device_words, ended_before
from .curve_view import Curve, curve
from .page import render_page
from .stepper_view import StepperView, stepper_of


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause."""

    anchor: str
    cause: CauseEntry
    severity: str
    """The worst of its claims; empty for a divergence."""
    promises: tuple[str, ...]
    """Those that are broken, as sentences."""
    device: str
    note: str
    """What it means that the board alone does not show it; empty where it does."""
    stepper: StepperView | None


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim that is violated."""

    claim: str
    runs: tuple[int, ...]
    """By the weakest fault model that has the plainest history, how many runs found it."""


def campaign_page(dossier: CampaignDossier) -> bytes:
    """Return the page."""
    result = dossier.result
    return render_page(
        "campaign.html",
        result=result,
        causes=tuple(_cause(number, found) for number, found in enumerate(dossier.causes, 1)),
        curves=_curves(result),
        notes=(*mutation_lines(result), *untried_lines(result)),
        rungs=tuple(fault.name for fault in FaultModel if fault <= FaultModel[result.faults]),
        claims=_claims(result),
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
    )


def _curves(result: CampaignCauses) -> tuple[Curve, ...]:
    found = sorted(kind.first_run for kind in result.found)
    shown = (("kinds of findings", found), ("actions, premises and sites of cuts covered", list(result.cover_curve)))
    return tuple(curve(title, first_runs, result.planned_runs) for title, first_runs in shown if first_runs)


def _claims(result: CampaignCauses) -> tuple[ClaimRow, ...]:
    runs: Counter[tuple[str, str]] = Counter()
    for cause in result.causes:
        for claim_id, found in cause.runs_by_claim.items():
            runs.update({(claim_id, rung): count for rung, count in found.items()})
    ids = sorted({claim_id for claim_id, _ in runs}, key=lambda name: (len(name), name))
    rungs = [fault.name for fault in FaultModel if fault <= FaultModel[result.faults]]
    return tuple(ClaimRow(name, tuple(runs[name, rung] for rung in rungs)) for name in ids)


def _cause(number: int, found: CauseReplay) -> CauseView:
    cause = found.cause
    harms = [CONSEQUENCES[name].severity for name in cause.claims if name in CONSEQUENCES]
    return CauseView(
        str(number),
        cause,
        min(harms, key=list(Harm).index).value if harms else "",
        tuple(promises_of(cause)),
        device_words(cause.plainest),
        "" if cause.plainest.confirmed else ended_before(cause.plainest.claim),
        None if found.replay is None else stepper_of(found.replay),
    )
