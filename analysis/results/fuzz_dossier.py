"""All that the page of a fuzz shows: its result, and beside it replays and what the result was made from."""

from dataclasses import dataclass

from ... import __version__
from ...campaign.fuzz.findings import DIVERGENCE
from .fuzz_result import FuzzResult, FuzzSummary
from .provenance import Provenance
from .stepped_replay import SteppedReplay, stepped_history


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzReplay:
    """The shortest finding of a claim."""

    summary: FuzzSummary
    """The findings of the claim."""
    replay: SteppedReplay | None
    """The shortest, moment by moment; null where the board alone does not play it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzDossier:
    """What the page of a fuzz is made from."""

    result: FuzzResult
    """What --json prints."""
    findings: tuple[FuzzReplay, ...]
    """Claim by claim, divergences first."""
    provenance: Provenance
    """What it rests on."""


def fuzz_dossier(result: FuzzResult, command: tuple[str, ...]) -> FuzzDossier:
    """Return what the page of a fuzz shows. command: what repeats it."""
    return FuzzDossier(
        result=result,
        findings=tuple(
            FuzzReplay(
                summary=summary,
                replay=stepped_history(summary.shortest.token) if _is_played(summary) else None,
            )
            for summary in result.summary
        ),
        provenance=Provenance(version=__version__, command=command, inputs=(), models=()),
    )


def _is_played(summary: FuzzSummary) -> bool:
    """Tell whether the board by itself shows it; what it does in a divergence is not beyond doubt."""
    return summary.shortest.confirmed and summary.claim != DIVERGENCE
