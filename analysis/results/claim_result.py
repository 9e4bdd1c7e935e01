"""The result of `otaproof claim`."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ...model.claims.claims import Claim, claim
from ...model.claims.severity import CONSEQUENCES
from ...model.claims.silent_claims import readings_of, unmet_needs, usages_of
from ...model.device.state import Usage
from ...model.remedies import REMEDIES, Remedy
from ..remedy_code import code_of
from ..remedy_table import RemedyRow, all_rows
from ..shipped_verdicts import shipped
from .result_parts import CommandResult, FixEntries, JudgedClaim, RemedyName, SeverityName, fixes_in, severity_name


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyEntry:
    """One remedy."""

    name: RemedyName
    """What `--remedy` calls it."""
    kind: Literal["application", "patch"]
    """application: a rule for the code that calls esp_ota_*; patch: a change of the bootloader."""
    advice: str
    """What to do."""
    cost: str
    """What it costs."""
    since: str
    """The first release that has what it needs."""
    code: str | None
    """C functions that keep to it; null where it is nothing to be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimConfiguration:
    """Devices of two OTA slots that are used as documented, power cuts of F1."""

    releases: tuple[str, ...]
    """Releases of bootloader and application; their models are the same."""
    rollback: bool
    """App rollback is on in both builds."""
    factory: bool
    """There is a factory partition with an image."""
    verdict: Literal["proved", "violated", "not applicable"]
    """Without remedies."""
    possibly_vacuous: bool
    """Proved, and a short search met no state that the claim speaks of: it may hold for nothing."""
    fixes: FixEntries
    """Violated: the smallest sets of remedies with which it is proved; none where no set does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPage(CommandResult):
    """What `otaproof claim` tells of one claim."""

    command: Literal["claim"] = "claim"
    """The command that made the result."""
    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    title: str
    """The promise as a sentence."""
    severity: SeverityName
    """What a violation means for a device."""
    why: str
    """What a device in the field does then."""
    needs: tuple[Literal["rollback", "anti-rollback", "trial"], ...]
    """What a device must have for the claim to say anything; trial: it does not accept every image as it starts."""
    source: str
    """Id in docs/sources.toml of the text that promises it."""
    configurations: tuple[ClaimConfiguration, ...]
    """Where it is violated, and what mends it."""
    remedies: tuple[RemedyEntry, ...]
    """Those that a configuration names."""
    prove: str
    """The command that decides the claim where it says something."""


def claim_page(id_: str) -> ClaimPage:
    """Return all about a claim; raises KeyError for none."""
    told = claim(id_)
    configurations = tuple(_configuration(told, row) for row in all_rows())
    named = {name for found in configurations for fix in found.fixes or () for name in fix.remedies}
    return ClaimPage(
        id=told.id,
        name=told.name,
        title=told.title,
        severity=severity_name(told.id),
        why=CONSEQUENCES[told.id].why,
        needs=tuple(_needs(told)),
        source=told.source,
        configurations=configurations,
        remedies=tuple(remedy_entry(remedy) for remedy in Remedy if remedy.value in named),
        prove=shlex.join(("otaproof", "prove", "--claim", told.id, *_where_it_speaks(told))),
    )


def _where_it_speaks(told: Claim) -> Iterator[str]:
    """Yield the options of a device and a usage of which a claim says something."""
    usages = usages_of(told)
    yield from ("--usage", Usage.DOCUMENTED.value if Usage.DOCUMENTED in usages else usages[0].value)
    if told.needs_anti_rollback:
        yield "--anti-rollback"
    for name in sorted({needed.value for item in readings_of(told) for needed in item.needs}):
        yield from ("--allow", name)


def remedy_entry(remedy: Remedy) -> RemedyEntry:
    """Return one remedy."""
    traits = REMEDIES[remedy]
    return RemedyEntry(
        name=remedy.value,
        kind=traits.kind.value,
        advice=traits.advice,
        cost=traits.cost,
        since=traits.since.label,
        code=code_of(remedy),
    )


def remedies_of(claims: Iterable[JudgedClaim]) -> tuple[RemedyEntry, ...]:
    """Return the remedies that the fixes of claims name."""
    named = {name for claim in claims for fix in claim.fixes or () for name in fix.remedies}
    return tuple(remedy_entry(remedy) for remedy in Remedy if remedy.value in named)


def _configuration(told: Claim, row: RemedyRow) -> ClaimConfiguration:
    fixes = fixes_in(row, told.id)
    is_silent = bool(unmet_needs(told, row.scope))
    known = shipped(row.scope) or {}
    return ClaimConfiguration(
        releases=row.releases,
        rollback=row.scope.config.rollback,
        factory=row.scope.has_factory,
        verdict="not applicable" if is_silent else "proved" if fixes is None else "violated",
        possibly_vacuous=told.id in known and known[told.id].is_possibly_vacuous,
        fixes=fixes,
    )


def _needs(told: Claim) -> Iterator[Literal["rollback", "anti-rollback", "trial"]]:
    if told.needs_rollback:
        yield "rollback"
    if told.needs_anti_rollback:
        yield "anti-rollback"
    if told.needs_trial:
        yield "trial"
