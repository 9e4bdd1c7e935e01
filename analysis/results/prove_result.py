"""The result of `otaproof prove`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ...model.claims.own_claim import OwnClaim
from ...model.device.state import Scope
from ...proofs.prover.decision import ProofVerdict
from ..proof_runs import ConfigurationProof, ProvedClaim
from ..shown_trace import ShownTrace
from .by_id import ById, by_id
from .result_parts import (
    FaultName,
    JudgedClaim,
    ModelResult,
    ScopeEntry,
    UsageName,
    fault_name,
    judgement,
    left_out_entries,
    scope_fields,
)

VerdictWord = Literal["proved", "refuted", "bounded", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedClaimEntry(JudgedClaim):
    """One claim and what was decided of it."""

    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    title: str
    """The promise as a sentence."""
    verdict: VerdictWord
    """proved: for every history; bounded: as far as `method` says; unknown: no answer, or answers that differ."""
    method: str
    """How it was decided, and how far."""
    depth: int | None
    """Refuted: steps of the trace. Proved: k of the induction."""
    is_shortest: bool | None
    """Refuted: no trace is shorter."""
    seconds: float
    """For this claim."""
    solver: str | None
    """What z3 answers to the questions that the verdict rests on; null where it was not asked."""
    second_solver: str | None
    """What bitwuzla answers to them."""
    token: str | None
    """Refuted: what `otaproof replay` plays the trace by; null where none was made, and for C9."""
    trace: tuple[str, ...]
    """Refuted: names of the actions of the device model."""
    sentences: tuple[str, ...]
    """Refuted: the trace in sentences; with --all only for few slots."""
    broken_by: str | None
    """Refuted: the event at the end of the trace which the claim rules out, as the board shows it."""
    invariants: tuple[str, ...]
    """Proved: names of the invariants that the induction rests on."""
    premise_depth: int | None
    """Steps to a state in which the premise of the claim is true; null where none was looked for or met."""
    possibly_vacuous: bool
    """Proved, and a short search met no state in which the premise is true: the claim may hold for nothing; false where
    none was made, as with --all for more than 2 slots."""
    divergence: str | None
    """Where the board does not show the trace, which is a bug in otaproof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedConfiguration(ScopeEntry):
    """One configuration, and the claims decided for it."""

    faults: FaultName
    """The fault model."""
    usage: UsageName
    """How the calls are used: proper is as documented, with complete(1)."""
    versions: int | None
    """Secure versions that images have; null without anti-rollback."""
    same_model: tuple[str, ...]
    """Releases whose rules make the same model; empty where one release was asked for."""
    claims: ById[ProvedClaimEntry]
    """Each claim that applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveResult(ModelResult):
    """What `otaproof prove` decided."""

    command: Literal["prove"] = "prove"
    """The command that made the result."""
    configurations: tuple[ProvedConfiguration, ...]
    """Each configuration."""
    claims: ById[ProvedClaimEntry]
    """Those of the first configuration."""


def prove_result(found: Sequence[ConfigurationProof]) -> ProveResult:
    """Return all that was decided."""
    configurations = tuple(configuration_entry(configuration) for configuration in found)
    claims = configurations[0].claims if configurations else by_id(())
    first = found[0].scope if found else Scope()
    left_out = left_out_entries(allows=first.allows, is_by_turns=first.is_by_turns)
    return ProveResult(configurations=configurations, claims=claims, **left_out)


def configuration_entry(configuration: ConfigurationProof) -> ProvedConfiguration:
    """Return one configuration with its claims."""
    scope = configuration.scope
    return ProvedConfiguration(
        **scope_fields(scope),
        faults=fault_name(scope.faults.name),
        usage=scope.usage.value,
        versions=scope.versions if scope.config.anti_rollback else None,
        same_model=configuration.releases,
        claims=by_id(claim_entry(row, scope, configuration.own) for row in configuration.rows),
    )


def claim_entry(row: ProvedClaim, scope: Scope, own: Iterable[OwnClaim] = ()) -> ProvedClaimEntry:
    """Return one claim of a scope. own: those that are the user's."""
    decision, claim = row.decision, row.decision.claim
    shown = row.shown or ShownTrace(())
    is_refuted = decision.verdict is ProofVerdict.REFUTED
    return ProvedClaimEntry(
        id=claim.id,
        name=claim.name,
        title=claim.title,
        verdict=decision.verdict.value,
        method=decision.method,
        depth=decision.depth,
        is_shortest=decision.is_shortest if is_refuted else None,
        seconds=round(decision.seconds, 3),
        solver=decision.answers.get("z3"),
        second_solver=decision.answers.get("bitwuzla"),
        token=shown.token,
        trace=decision.actions,
        sentences=shown.sentences,
        broken_by=shown.broken_by,
        invariants=decision.invariants,
        premise_depth=decision.premise_depth,
        possibly_vacuous=decision.is_possibly_vacuous,
        divergence=shown.divergence,
        **judgement(claim.id, scope, is_refuted, own),
    )
