"""The result of `otaproof explore`."""

from dataclasses import dataclass
from typing import Literal

from ...model.device.scope_text import scope_title
from ...model.device.state import Scope
from ...proofs.explicit.exploration import Exploration
from ...proofs.prover.dead_ends import Recovery
from ..claim_search import ClaimSearch, ExploredClaim
from ..shown_trace import ShownTrace, show_trace
from .result_parts import JudgedClaim, ModelResult, judgement, left_out_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """One search of all reachable states."""

    remembers: tuple[str, ...]
    """Ghost variables of the search: what no device stores, and a claim speaks of."""
    states: int
    """Distinct states found."""
    transitions: int
    """Pairs of a state and an action."""
    depth: int
    """Steps to the states farthest from the first one."""
    complete: bool
    """Every reachable state was found."""
    limit: str
    """What stopped a search that is not complete."""
    seconds: float
    """Spent on searching."""
    compile_seconds: float
    """Spent before that on making or loading compiled code."""
    reading: Literal["python", "compiled"]
    """Whether the model was interpreted or compiled."""
    threads: int
    """Threads of the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredClaimEntry(JudgedClaim):
    """One claim and what the searches found of it."""

    id: str
    """Such as C1."""
    name: str
    """The promise as a name."""
    title: str
    """The promise as a sentence."""
    verdict: Literal["holds", "violated", "inconclusive"]
    """holds: in every reachable state."""
    trace: tuple[str, ...] | None
    """Violated: names of the actions of a shortest trace."""
    sentences: tuple[str, ...]
    """Violated: that trace in sentences."""
    broken_by: str | None
    """Violated: the event at its end which the claim rules out, as the board shows it."""
    token: str | None
    """Violated: what `otaproof replay` plays it by; null for C9."""
    divergence: str | None
    """Where the board does not show the trace, which is a bug in otaproof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryEntry:
    """The search for states from which no upgrade can be completed."""

    states: int
    """Distinct states found."""
    steps: int
    """Steps between them that are no power cuts."""
    goals: int
    """States in which an upgrade has just been completed."""
    dead_ends: int
    """States from which none of those is reached."""
    complete: bool
    """Every reachable state was found."""
    limit: str
    """What stopped a search that is not complete."""
    seconds: float
    """Spent on searching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreResult(ModelResult):
    """What `otaproof explore` found."""

    command: Literal["explore"] = "explore"
    """The command that made the result."""
    scope: str
    """The devices searched, in a line."""
    searches: tuple[SearchEntry, ...]
    """Each search."""
    claims: tuple[ExploredClaimEntry, ...]
    """Each claim that was looked at."""
    recovery: RecoveryEntry | None
    """What C9 rests on; null where it was not looked at."""


def explore_result(found: ClaimSearch) -> ExploreResult:
    """Return all that the searches of a scope found."""
    return ExploreResult(
        scope=scope_title(found.scope),
        searches=tuple(_search(search) for search in found.searches),
        claims=tuple(_claim(found.scope, item) for item in found.claims),
        recovery=None if found.recovery is None else _recovery(found.recovery),
        **left_out_entries(allows=found.scope.allows, is_by_turns=found.scope.is_by_turns),
    )


def _search(search: Exploration) -> SearchEntry:
    return SearchEntry(
        remembers=tuple(sorted(ghost.value for ghost in search.scope.ghosts)),
        states=search.states,
        transitions=search.transitions,
        depth=search.depth,
        complete=search.is_complete,
        limit=search.limit,
        seconds=round(search.seconds, 3),
        compile_seconds=round(search.compile_seconds, 3),
        reading="compiled" if search.reading == "compiled" else "python",
        threads=search.threads,
    )


def _claim(scope: Scope, item: ExploredClaim) -> ExploredClaimEntry:
    trace = item.trace
    shown = ShownTrace(()) if trace is None else show_trace(scope, trace.actions, item.claim.id)
    return ExploredClaimEntry(
        id=item.claim.id,
        name=item.claim.name,
        title=item.claim.title,
        verdict="violated" if trace is not None else "holds" if item.is_decided else "inconclusive",
        trace=None if trace is None else trace.actions,
        sentences=shown.sentences,
        broken_by=shown.broken_by,
        token=shown.token,
        divergence=shown.divergence,
        **judgement(item.claim.id, scope, trace is not None),
    )


def _recovery(found: Recovery) -> RecoveryEntry:
    return RecoveryEntry(
        states=found.states,
        steps=found.steps,
        goals=found.goals,
        dead_ends=found.dead_ends,
        complete=found.is_complete,
        limit=found.limit,
        seconds=round(found.seconds, 3),
    )
