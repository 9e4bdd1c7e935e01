"""The result of `otaproof fuzz`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...campaign.fuzz.findings import DIVERGENCE
from ...campaign.history.step import Step
from ...campaign.lockstep.coverage import Coverage
from ...model.claims.claims import claim
from ...model.fault_model import MODELLED_FAULTS
from ..fuzz_findings import ConfirmedFinding, FuzzReport
from .result_parts import CommandResult, FaultName, ScopeEntry, UsageName, fault_name, scope_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzFinding:
    """A shrunk history that breaks a claim, or on which board and model diverge."""

    claim: str
    """Id of the claim; "divergence" where board and model do not agree."""
    confirmed: bool
    """The board alone shows it as well."""
    run: int
    """Number of the run that found it."""
    device: ScopeEntry
    """The device."""
    faults: FaultName
    """The weakest fault model that has all of its cuts, and what fails or lies."""
    steps: tuple[str, ...]
    """The history, step by step."""
    text: str
    """The event at its end that the claim rules out, or what board and model each did."""
    token: str
    """What `otaproof replay` plays it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzSummary:
    """The findings of one claim."""

    claim: str
    """Id of the claim; "divergence" where board and model do not agree."""
    title: str
    """The promise as a sentence."""
    findings: int
    """Kinds of devices on which it was found."""
    confirmed: int
    """How many of them the board alone shows as well."""
    shortest: FuzzFinding
    """The one with the fewest steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzCoverage:
    """What part of the device models was come through."""

    models: int
    """Models of kinds of devices that were drawn."""
    states: int
    """Their states that were reached."""
    actions: int
    """Their actions that were taken, without power cuts."""
    of_actions: int
    """How many there are."""
    cuts: int
    """Their power cuts that were taken, each counted for every task that it fell in."""
    of_cuts: int
    """How many there are; nobody has asked whether all of them can be reached."""
    premises: int
    """Claims whose premise was met, counted for each model."""
    of_premises: int
    """How many claims they speak of; on some devices nothing meets the premise of a claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzResult(CommandResult):
    """What `otaproof fuzz` found."""

    command: Literal["fuzz"] = "fuzz"
    """The command that made the result."""
    seed: int
    """The same seed finds the same."""
    faults: FaultName
    """The fault model."""
    compared: bool
    """The device model followed each step. It has F0 … F3: what is played under F4 and F5 is not compared with it."""
    usage: UsageName
    """How the calls are used."""
    runs: int
    """Histories played."""
    steps: int
    """Steps of them."""
    cuts: int
    """Power cuts among them."""
    seconds: float
    """Of the runs, without the shrinking."""
    coverage: FuzzCoverage
    """What part of the device models was come through."""
    interrupted: bool
    """It ended before all runs were made."""
    ended_by: str
    """What ended it then."""
    left_out: dict[str, int]
    """By what is outside the scope of the model, the runs that ended early for it."""
    divergences: int
    """Kinds of devices on which board and model do not agree, which is a bug in otaproof."""
    summary: tuple[FuzzSummary, ...]
    """Claim by claim, divergences first."""
    findings: tuple[FuzzFinding, ...]
    """The shortest finding for each claim and kind of device."""


def fuzz_result(report: FuzzReport) -> FuzzResult:
    """Return all that a fuzz found."""
    findings = report.findings
    entries = tuple(finding_entry(item) for item in report.reported)
    return FuzzResult(
        seed=report.seed,
        faults=fault_name(report.worlds.faults.name),
        compared=report.worlds.faults in MODELLED_FAULTS,
        usage=report.worlds.usage.value,
        runs=findings.runs,
        steps=findings.steps,
        cuts=findings.cuts,
        seconds=round(report.seconds, 3),
        coverage=_coverage(findings.coverage),
        interrupted=bool(report.ended_by),
        ended_by=report.ended_by,
        left_out=dict(sorted(findings.left_out.items())),
        divergences=findings.divergences,
        summary=tuple(_summaries(entries)),
        findings=entries,
    )


def _coverage(coverage: Coverage) -> FuzzCoverage:
    taken, extent = coverage.taken, coverage.extent
    return FuzzCoverage(
        models=len(coverage.scopes),
        states=coverage.states,
        actions=taken.actions,
        of_actions=extent.actions,
        cuts=taken.cuts,
        of_cuts=extent.cuts,
        premises=taken.premises,
        of_premises=extent.premises,
    )


def finding_entry(item: ConfirmedFinding) -> FuzzFinding:
    """Return one finding."""
    finding = item.finding
    return FuzzFinding(
        claim=finding.claim_id,
        confirmed=item.is_confirmed,
        run=finding.index,
        device=scope_entry(finding.scope),
        faults=fault_name(finding.history.weakest_model.name),
        steps=tuple(map(_step_text, finding.history.steps)),
        text=item.broken_by,
        token=item.token,
    )


def _step_text(step: Step) -> str:
    happens = [*map(str, step.failures), *(() if step.cut is None else (f"cut in {step.cut}",))]
    return f"{step}: {', '.join(happens)}" if happens else str(step)


def _summaries(findings: tuple[FuzzFinding, ...]) -> Iterator[FuzzSummary]:
    for claim_id in dict.fromkeys(finding.claim for finding in findings):
        those = [finding for finding in findings if finding.claim == claim_id]
        yield FuzzSummary(
            claim=claim_id,
            title="board and model diverge" if claim_id == DIVERGENCE else claim(claim_id).title,
            findings=len(those),
            confirmed=sum(finding.confirmed for finding in those),
            shortest=min(those, key=lambda finding: len(finding.steps)),
        )
