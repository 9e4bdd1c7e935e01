"""Claims decided for configurations, and each refutation played on the board."""

from dataclasses import dataclass, replace

from ..campaign.lockstep.divergence import Divergence
from ..campaign.lockstep.trace_replay import token_of_trace
from ..model.claims.claims import CLAIMS
from ..model.device.scope_text import scope_title
from ..model.device.state import Scope
from ..proofs.prover.configurations import SLOT_COUNTS, Family
from ..proofs.prover.dead_ends import RECOVERY
from ..proofs.prover.decision import Decision, Effort, Verdict
from ..proofs.prover.proof_reuse import Book
from ..proofs.prover.prover import decide

QUICK_SLOTS = 2
"""With --all: slots of the worlds in which tokens are made and premises looked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """A claim, what was found of it, and what the board said."""

    decision: Decision
    token: str | None = None
    """Refuted: the token under which `otaproof replay` shows it."""
    divergence: str | None = None
    """What the board did otherwise: a bug in us."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One world and all that was found of it."""

    scope: Scope
    title: str
    releases: tuple[str, ...]
    """Releases whose rules make the same model; none where one release was asked for."""
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Return a name for a directory."""
        config = self.scope.config
        rollback = "anti_rollback" if config.anti_rollback else "rollback" if config.rollback else "no_rollback"
        factory = "_factory" if self.scope.has_factory else ""
        release = config.app_release.label.replace(".", "_")
        return (
            f"{rollback}{factory}_{release}_{self.scope.slots}_slots_{self.scope.faults.name}_{self.scope.usage.value}"
        )


def decide_configuration(scope: Scope, claims: frozenset[str] | None, effort: Effort) -> Configuration:
    """Decide one configuration by itself."""
    return _configuration(scope, decide(scope, _applying(scope, claims), effort=effort), (), has_tokens=True)


def decide_family(family: Family, claims: frozenset[str] | None, effort: Effort) -> list[Configuration]:
    """Decide one family, from few slots to many; what few slots taught is taken along."""
    book, found = Book(most_slots=SLOT_COUNTS[-1]), []
    for slots in SLOT_COUNTS:
        scope = replace(family.scope, slots=slots)
        is_small = slots <= QUICK_SLOTS
        decisions = decide(scope, _applying(scope, claims), book, replace(effort, premises=is_small))
        found.append(_configuration(scope, decisions, tuple(r.label for r in family.releases), has_tokens=is_small))
    return found


def _configuration(
    scope: Scope, decisions: tuple[Decision, ...], releases: tuple[str, ...], has_tokens: bool
) -> Configuration:
    rows = tuple(_row(scope, decision, has_tokens) for decision in decisions)
    return Configuration(scope, scope_title(scope), releases, rows)


def _row(scope: Scope, decision: Decision, has_token: bool) -> Row:
    """Return the decision with the token under which the board replays it."""
    if not has_token or decision.verdict is not Verdict.REFUTED or decision.claim.id == RECOVERY:
        return Row(decision)
    try:
        return Row(decision, token_of_trace(scope, decision.actions, decision.claim.id))
    except Divergence as error:
        return Row(decision, divergence=str(error))


def _applying(scope: Scope, claims: frozenset[str] | None) -> frozenset[str]:
    """Return the claims that are asked for and apply."""
    known = {item.id for item in CLAIMS if item.applies_to(scope.config)}
    return frozenset(known if claims is None else known & claims)
