"""All that the page of a proof shows: its result, and beside it replays and what the result was made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ... import __version__
from ...model.claims.model_digest import model_digest
from ..proof_runs import ConfigurationProof
from .claim_result import RemedyEntry, remedies_of
from .prove_result import ProvedClaimEntry, ProveResult
from .provenance import Provenance
from .stepped_replay import SteppedReplay, stepped_history


@dataclass(frozen=True, slots=True, kw_only=True)
class RefutedReplay:
    """The replay of the trace that refutes a claim, in the first configuration whose trace the board plays."""

    claim: ProvedClaimEntry
    """The claim there."""
    configuration: int
    """Which of the configurations, from 0."""
    replay: SteppedReplay
    """The trace, moment by moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveDossier:
    """What the page of a proof is made from."""

    result: ProveResult
    """What --json prints."""
    titles: tuple[str, ...]
    """Of each configuration."""
    findings: tuple[RefutedReplay, ...]
    """A replay for each claim that is refuted, as far as a board plays it."""
    remedies: tuple[RemedyEntry, ...]
    """Those that a fix names."""
    provenance: Provenance
    """What it rests on."""


def prove_dossier(found: Sequence[ConfigurationProof], result: ProveResult, command: tuple[str, ...]) -> ProveDossier:
    """Return what the page of a proof shows. command: what repeats it."""
    claims = [claim for configuration in result.configurations for claim in configuration.claims]
    return ProveDossier(
        result=result,
        titles=tuple(configuration.title for configuration in found),
        findings=tuple(_replays(result)),
        remedies=remedies_of(claims),
        provenance=Provenance(
            version=__version__,
            command=command,
            inputs=(),
            models=tuple(dict.fromkeys(model_digest(configuration.scope) for configuration in found)),
        ),
    )


def _replays(result: ProveResult) -> Iterator[RefutedReplay]:
    told: set[str] = set()
    for number, configuration in enumerate(result.configurations):
        for claim in configuration.claims:
            if claim.token is not None and claim.id not in told:
                told.add(claim.id)
                yield RefutedReplay(claim=claim, configuration=number, replay=stepped_history(claim.token))
