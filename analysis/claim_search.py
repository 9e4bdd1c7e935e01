"""Claims checked in every state that a device can reach: one search for the claims that read the same ghosts."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from ..errors import InputError
from ..model.claims.claims import CLAIMS, Claim, claim
from ..model.claims.silent_claims import unmet_needs
from ..model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ..model.device.search import Trace
from ..model.device.state import Ghost, Scope
from ..proofs.explicit.exploration import Exploration, Progress
from ..proofs.explicit.explorer import claims_of, explore
from ..proofs.prover.dead_ends import GHOSTS, RECOVERY, Recovery, recover

_SEARCHED = {*(item.claim.id for item in DEVICE_CLAIMS), RECOVERY}
KNOWN = tuple(item.id for item in CLAIMS if item.id in _SEARCHED)


@dataclass(frozen=True, slots=True)
class ExploredClaim:
    """What a search found of one claim."""

    claim: Claim
    is_decided: bool
    trace: Trace | None
    """A shortest trace to a state that breaks it."""


@dataclass(frozen=True, slots=True)
class ClaimSearch:
    """All that the searches of one scope found."""

    scope: Scope
    searches: tuple[Exploration, ...]
    recovery: Recovery | None
    """What was found of C9; None where that was not asked for."""
    claims: tuple[ExploredClaim, ...]

    @property
    def is_violated(self) -> bool:
        """Tell whether a claim is broken."""
        return any(item.trace is not None for item in self.claims)

    @property
    def is_complete(self) -> bool:
        """Tell whether every state was found and every claim decided."""
        return all(search.is_complete for search in self.searches) and all(item.is_decided for item in self.claims)


def _unwatched(name: str) -> AbstractContextManager[Progress]:
    return nullcontext(lambda states, seconds: None)


def search_claims(
    scope: Scope,
    asked: str,
    threads: int,
    memory: int,
    watch: Callable[[str], AbstractContextManager[Progress]] = _unwatched,
) -> ClaimSearch:
    """Search all that a device can reach.

    asked: ids of claims, joined by commas; or all, or none. memory: bytes to use at most. watch: gives, for the name
    of a search, what follows it. Raises InputError for a claim that there is not, or that does not apply."""
    claims, asks_recovery = _claims(asked, scope)
    searches: list[Exploration] = []
    recovery: Recovery | None = None
    for ghosts, group in _groups(claims, asks_recovery):
        with watch(ghosts_title(ghosts)) as progress:
            searches.append(explore(replace(scope, ghosts=ghosts), group, threads, memory, progress))
    if asks_recovery:
        with watch(RECOVERY) as progress:
            recovery = recover(replace(scope, ghosts=GHOSTS), memory, progress)
    return ClaimSearch(scope, tuple(searches), recovery, _found(claims, searches, recovery))


def ghosts_title(ghosts: frozenset[Ghost]) -> str:
    """Return the names of ghosts in a line."""
    return " and ".join(sorted(ghost.value for ghost in ghosts)) or "plain"


def _claims(text: str, scope: Scope) -> tuple[tuple[DeviceClaim, ...], bool]:
    """Return the claims about states that are asked for, and whether recovery is asked for too."""
    if text == "none":
        return (), False
    if text == "all":
        return claims_of(scope), True
    asked = [part.strip().upper() for part in text.split(",")]
    for part in asked:
        if part not in KNOWN:
            raise InputError(f"--claims: {part!r} is none of {', '.join(KNOWN)}, all and none")
        unmet = unmet_needs(claim(part), scope)
        if unmet:
            raise InputError(f"--claims: {part} needs {' and '.join(unmet)}")
    return tuple(item for item in DEVICE_CLAIMS if item.claim.id in asked), RECOVERY in asked


def _groups(
    claims: Sequence[DeviceClaim], asks_recovery: bool
) -> list[tuple[frozenset[Ghost], tuple[DeviceClaim, ...]]]:
    """Return the claims by the ghosts they read: to search for each group by itself takes less than for all at once."""
    groups: dict[frozenset[Ghost], list[DeviceClaim]] = {}
    if not claims and not asks_recovery:
        groups[frozenset()] = []
    for item in claims:
        groups.setdefault(item.ghosts, []).append(item)
    return [(ghosts, tuple(group)) for ghosts, group in groups.items()]


def _found(
    claims: Sequence[DeviceClaim], searches: Sequence[Exploration], recovery: Recovery | None
) -> tuple[ExploredClaim, ...]:
    found = []
    for item in claims:
        search = next(search for search in searches if item.claim.id in search.claims)
        found.append(ExploredClaim(item.claim, search.is_complete, search.violations.get(item.claim.id)))
    if recovery is not None:
        found.append(ExploredClaim(claim(RECOVERY), recovery.is_complete, recovery.trace))
    return tuple(sorted(found, key=lambda item: int(item.claim.id[1:])))
