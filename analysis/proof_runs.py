"""Claims decided for configurations, and each refutation played on the board."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.claims.claims import CLAIMS
from ..model.claims.own_claim import OwnClaim, prover_claims
from ..model.claims.state_claims import DeviceClaim
from ..model.device.scope_text import scope_title
from ..model.device.state import Scope
from ..model.remedies import Remedy
from ..proofs.prover.configurations import SLOT_COUNTS, Family
from ..proofs.prover.decision import Decision, Effort, ProofVerdict
from ..proofs.prover.proof_reuse import ProofReuse
from ..proofs.prover.prover import COMPLETELY_SEARCHED_SLOTS, decide
from .certified_question import CertifiedQuestion
from .shown_trace import ShownTrace, show_trace

QUICK_SLOTS = 2
"""With --all: slots of the largest configurations for which tokens are made, premises are searched, the solvers confirm
traces, and the boot choice is set against the boot actions; tests do that for more slots."""

DECIDED_SLOTS = COMPLETELY_SEARCHED_SLOTS
"""With --all: slots of the largest configurations, unless more are asked for. With more, some claims stay bounded."""


@dataclass(frozen=True, slots=True)
class ProvedClaim:
    """A claim, and what was decided of it."""

    decision: Decision
    shown: ShownTrace | None = None
    """Refuted, and asked for: the trace in sentences and on the board."""

    @property
    def divergence(self) -> str | None:
        """Where the board does not show the trace, which is a bug in otaproof."""
        return None if self.shown is None else self.shown.divergence


@dataclass(frozen=True, slots=True)
class ConfigurationProof:
    """One configuration, and the claims decided for it."""

    scope: Scope
    title: str
    releases: tuple[str, ...]
    """Releases whose rules make the same model; none where one release was asked for."""
    rows: tuple[ProvedClaim, ...]
    certificates: Mapping[str, CertifiedQuestion] = field(default_factory=dict)
    """By name, the questions of what is proved, where certificates were asked for."""
    own: tuple[OwnClaim, ...] = ()
    """Claims of the user's own that were decided too."""

    @property
    def name(self) -> str:
        """Return a name for a directory."""
        config = self.scope.config
        rollback = "anti_rollback" if config.anti_rollback else "rollback" if config.rollback else "no_rollback"
        factory = "_factory" if self.scope.has_factory else ""
        release = config.app_release.label.replace(".", "_")
        scope = self.scope
        allowed = "".join(f"_{name}" for name in sorted(item.value.replace("-", "_") for item in scope.allows))
        allowed += "".join(f"_{remedy.value.replace('-', '_')}" for remedy in Remedy if remedy in scope.remedies)
        skipped = "_skips_validation" if config.skip_validate_always else ""
        skipped = "_skips_validation_at_power_on" if scope.skips_at_power_on_alone else skipped
        skipped += "_by_turns" if scope.is_by_turns else ""
        slots = f"{scope.slots}_slots"
        return f"{rollback}{factory}_{release}_{slots}_{scope.faults.name}_{scope.usage.value}{allowed}{skipped}"


def decide_configuration(
    scope: Scope, claims: frozenset[str] | None, effort: Effort, own: tuple[OwnClaim, ...] = ()
) -> ConfigurationProof:
    """Decide one configuration by itself. own: claims of the user's own, decided too."""
    asked = prover_claims(own, scope)
    found = decide(scope, _applying(scope, claims), effort=effort, own=asked)
    return replace(_configuration(scope, found, (), has_tokens=True, own=asked), own=own)


def decide_family(
    family: Family, claims: frozenset[str] | None, effort: Effort, most_slots: int = DECIDED_SLOTS
) -> list[ConfigurationProof]:
    """Decide one family, from 2 slots to the most, with proof reuse across slot counts."""
    reuse, found = ProofReuse(most_slots=most_slots), []
    for slots in range(SLOT_COUNTS[0], most_slots + 1):
        scope = replace(family.scope, slots=slots)
        is_small = slots <= QUICK_SLOTS
        mine = replace(effort, solves_traces=is_small, checks_vacuity=is_small, asks_boot_choice=is_small)
        decisions = decide(scope, _applying(scope, claims), reuse, mine)
        found.append(_configuration(scope, decisions, tuple(r.label for r in family.releases), has_tokens=is_small))
    return found


def _configuration(
    scope: Scope,
    decisions: tuple[Decision, ...],
    releases: tuple[str, ...],
    has_tokens: bool,
    own: tuple[DeviceClaim, ...] = (),
) -> ConfigurationProof:
    rows = tuple(_row(scope, decision, has_tokens, own) for decision in decisions)
    return ConfigurationProof(scope, scope_title(scope), releases, rows)


def _row(scope: Scope, decision: Decision, has_token: bool, own: tuple[DeviceClaim, ...]) -> ProvedClaim:
    """Return the decision, with its trace as a person can follow it; a named case has none."""
    if not has_token or decision.verdict is not ProofVerdict.REFUTED or decision.depth is None:
        return ProvedClaim(decision)
    return ProvedClaim(decision, show_trace(scope, decision.actions, decision.claim.id, own))


def _applying(scope: Scope, claims: frozenset[str] | None) -> frozenset[str]:
    """Return the claims that are asked for and apply."""
    known = {item.id for item in CLAIMS if item.applies_to(scope.config)}
    return frozenset(known if claims is None else known & claims)
