"""The page of a proof: what can be broken, what to change, every verdict, and each trace step by step."""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ....analysis.results.prove_dossier import ProveDossier
from ....analysis.results.prove_result import ProvedClaimEntry, ProvedConfiguration, VerdictWord
from ....model.claims.severity import CONSEQUENCES, Harm
from ..verdict_words import depth_words, verdict_words
from .page import render_page
from .stepper_view import StepperView, stepper_of

_WORST = tuple(harm.value for harm in Harm)
_ORDER: tuple[VerdictWord, ...] = ("proved", "refuted", "bounded", "unknown")


@dataclass(frozen=True, slots=True)
class ConfigurationView:
    """A configuration."""

    title: str
    configuration: ProvedConfiguration
    counts: tuple[tuple[str, int], ...]
    """How many claims have which verdict."""


@dataclass(frozen=True, slots=True)
class RefutedView:
    """A claim that is refuted."""

    claim: ProvedClaimEntry
    """In the first configuration that refutes it."""
    why: str
    places: tuple[tuple[str, str], ...]
    """Each configuration that does, and the length of its trace."""


@dataclass(frozen=True, slots=True)
class TraceView:
    """A trace."""

    claim: str
    promise: str
    title: str
    """Of the configuration."""
    stepper: StepperView


def prove_page(dossier: ProveDossier, ended_by: str = "") -> bytes:
    """Return the page. ended_by: what ended the proof too soon, if anything did."""
    result = dossier.result
    refuted = sorted(_refuted(dossier), key=lambda view: _WORST.index(view.claim.severity))
    claims = [claim for configuration in result.configurations for claim in configuration.claims]
    return render_page(
        "prove.html",
        result=result,
        configurations=tuple(_configurations(dossier)),
        refuted=tuple(refuted),
        asked=len({claim.id for claim in claims}),
        is_open=bool(ended_by) or any(claim.verdict in ("bounded", "unknown") for claim in claims),
        ended_by=ended_by,
        findings=tuple(_traces(dossier)),
        anchors=frozenset(found.claim.id for found in dossier.findings),
        remedies=dossier.remedies,
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
    )


def _traces(dossier: ProveDossier) -> Iterator[TraceView]:
    for found in dossier.findings:
        title = dossier.titles[found.configuration]
        yield TraceView(found.claim.id, found.claim.title, title, stepper_of(found.replay))


def _configurations(dossier: ProveDossier) -> Iterator[ConfigurationView]:
    for title, configuration in zip(dossier.titles, dossier.result.configurations, strict=True):
        counts = Counter(claim.verdict for claim in configuration.claims)
        words = [(verdict_words(verdict), counts[verdict]) for verdict in _ORDER if counts[verdict]]
        vacuous = sum(claim.possibly_vacuous for claim in configuration.claims)
        words += [("of the proved, possibly vacuous", vacuous)] if vacuous else []
        yield ConfigurationView(title, configuration, tuple(words))


def _refuted(dossier: ProveDossier) -> Iterator[RefutedView]:
    found: dict[str, list[tuple[str, ProvedClaimEntry]]] = {}
    for title, configuration in zip(dossier.titles, dossier.result.configurations, strict=True):
        for claim in configuration.claims:
            if claim.verdict == "refuted":
                found.setdefault(claim.id, []).append((title, claim))
    for id_, places in found.items():
        told = tuple((title, depth_words(claim.depth, claim.is_shortest)) for title, claim in places)
        yield RefutedView(places[0][1], CONSEQUENCES[id_].why, told)
