"""All that the page of a campaign shows: its causes, and beside each what happens, moment by moment."""

from dataclasses import dataclass

from ... import __version__
from ...campaign.fuzz.findings import DIVERGENCE
from .campaign_result import CampaignCauses, CauseEntry
from .provenance import Provenance
from .stepped_replay import SteppedReplay, stepped_history


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseReplay:
    """A cause of findings."""

    cause: CauseEntry
    """What it is."""
    replay: SteppedReplay | None
    """Its plainest history, moment by moment; null where the board alone does not show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDossier:
    """What the page of a campaign is made from."""

    result: CampaignCauses
    """What --json prints."""
    causes: tuple[CauseReplay, ...]
    """Divergences first, then what most runs found."""
    provenance: Provenance
    """What it rests on."""


def campaign_dossier(result: CampaignCauses, command: tuple[str, ...]) -> CampaignDossier:
    """Return what the page of a campaign shows. command: what repeats it."""
    return CampaignDossier(
        result=result,
        causes=tuple(CauseReplay(cause=cause, replay=_replay(cause)) for cause in result.causes),
        provenance=Provenance(version=__version__, command=command, inputs=(), models=()),
    )


def _replay(cause: CauseEntry) -> SteppedReplay | None:
    is_played = cause.plainest.confirmed and DIVERGENCE not in cause.claims
    return stepped_history(cause.plainest.token) if is_played else None
