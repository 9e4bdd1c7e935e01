"""Makes the table of remedies anew: `python -m otaproof.analysis.remedy_file FILE`.

For each claim that is violated, every set of remedies is searched to its end, the smallest first, until some of one
size leave the claim unviolated. The first of these are then put to the prover, with all claims: a claim that it does
not prove is not mended. Rows of models that have not changed are kept.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path

from ..campaign.workers import in_processes
from ..model.claims.model_digest import model_digest
from ..model.config import Release
from ..model.device.remedy_steps import remedied
from ..model.device.state import Scope
from ..model.remedies import REMEDIES, Remedy, RemedyKind
from ..output_file import write_file
from ..proofs.explicit.explorer import MEMORY
from ..proofs.explicit.vacuity import premise_depth
from ..proofs.prover.decision import Effort, ProofVerdict
from ..proofs.prover.prover import decide
from .claim_search import search_claims
from .remedy_table import RemedyRow, RemedySet, documented, parse, text_of

MOST_AT_ONCE = 3
"""Remedies of a set."""
MOST_LISTED = 3
"""Sets that are listed for a claim."""
_CONTAINS = {
    Remedy.NEVER_ROLLBACK: {Remedy.ROLLBACK_ON_TRIAL, Remedy.ROLLBACK_IF_SELECTED, Remedy.FLAG_DOWNLOAD},
}
"""What a remedy forbids already, so that no set needs both."""
_MODELS = (
    *((release, True) for release in (Release.V5_1, Release.V5_5, Release.V6_1)),
    *((release, False) for release in (Release.V5_1, Release.V6_1)),
)
"""Release and rollback: every release comes to the model of one of these."""
SCOPES = tuple(documented(*model, has_factory=has_factory) for has_factory in (False, True) for model in _MODELS)
"""What ships: two slots, with and without a factory partition."""

Claims = frozenset[str]
"""Ids of claims."""
Verdicts = Mapping[str, ProofVerdict]
"""By id of the claim."""


def tried(scope: Scope) -> RemedySet:
    """Return the remedies that change something in a scope."""
    # With rollback accept() is documented for an image on trial alone; without, no try is noted.
    idle = Remedy.ACCEPT_ON_TRIAL if scope.config.rollback else Remedy.NOTE_IN_PLACE
    return tuple(remedy for remedy in Remedy if remedy is not idle)


def candidates(scope: Scope, size: int) -> Iterator[RemedySet]:
    """Yield the sets of a size."""
    for on in combinations(tried(scope), size):
        if not any(_CONTAINS.get(remedy, set()) & set(on) for remedy in on):
            yield on


def unbroken_with(on: RemedySet, scope: Scope, asked: Claims) -> Claims:
    """Return those of the claims that a search finds unviolated."""
    found = search_claims(remedied(scope, on), ",".join(sorted(asked)), 1, MEMORY)
    assert found.is_complete
    return frozenset(item.claim.id for item in found.claims if item.trace is None)


def verdicts_with(on: RemedySet, scope: Scope) -> Verdicts:
    """Return the verdict of the prover on every claim."""
    decisions = decide(remedied(scope, on), effort=Effort(checks_vacuity=False))
    return {item.claim.id: item.verdict for item in decisions}


def unmet_with(
    scope: Scope, mends: Mapping[str, Sequence[RemedySet]], best: Mapping[RemedySet, Sequence[str]]
) -> dict[RemedySet, tuple[str, ...]]:
    """Return, by set, those of the claims it mends whose premise a short search does not reach with it."""
    mended = {
        on: [id_ for id_, sets in mends.items() if on in sets or (on in best and id_ not in best[on])]
        for on in sorted({*best, *(on for sets in mends.values() for on in sets)}, key=_cheapest_first)
    }
    found = {
        on: tuple(id_ for id_ in ids if premise_depth(remedied(scope, on), id_) is None) for on, ids in mended.items()
    }
    return {on: ids for on, ids in found.items() if ids}


def row_of(scope: Scope, jobs: int) -> RemedyRow:
    """Return the row of a scope."""
    base = frozenset(id_ for id_, verdict in verdicts_with((), scope).items() if verdict is ProofVerdict.REFUTED)
    every = searched_sets(scope, base, jobs)
    best = best_sets(scope, every, jobs)
    found = {id_: sets[:MOST_LISTED] for id_, sets in every.items()}
    asked = sorted({on for sets in found.values() for on in sets} | set(best), key=_cheapest_first)
    decided = dict(zip(asked, in_processes(partial(verdicts_with, scope=scope), asked, jobs), strict=True))
    proved = {on: _with(decided[on], ProofVerdict.PROVED) for on in asked}
    mends = {id_: tuple(on for on in found[id_] if id_ in proved[on]) for id_ in sorted(base, key=_number)}
    broken = {on: sorted(_with(decided[on], ProofVerdict.REFUTED) - base, key=_number) for on in asked}
    kept = {on: tuple(sorted(base - proved[on], key=_number)) for on in best if not broken[on]}
    return RemedyRow(
        scope=scope,
        releases=releases_of(scope),
        tried=tried(scope),
        mends=mends,
        best=kept,
        unmet=unmet_with(scope, mends, kept),
        breaks={on: tuple(ids) for on, ids in broken.items() if ids},
        models={on: model_digest(remedied(scope, on)) for on in [(), *asked]},
    )


def searched_sets(scope: Scope, broken: Claims, jobs: int) -> dict[str, list[RemedySet]]:
    """Return, by claim, the sets of the least size with which a search finds it unviolated."""
    found: dict[str, list[RemedySet]] = {id_: [] for id_ in broken}
    for size in range(1, MOST_AT_ONCE + 1):
        sets = list(candidates(scope, size))
        asked = frozenset(id_ for id_ in broken if not found[id_])
        search = partial(unbroken_with, scope=scope, asked=asked)
        for on, ids in zip(sets, in_processes(search, sets, jobs), strict=True) if asked else ():
            for id_ in ids:
                found[id_].append(on)
    return found


def best_sets(scope: Scope, found: Mapping[str, Sequence[RemedySet]], jobs: int) -> list[RemedySet]:
    """Return the smallest sets that mend all that disciplines can mend, then the same with the patches.

    found: by claim, all sets of the least size that mend it."""
    patches = tuple(remedy for remedy in tried(scope) if REMEDIES[remedy].kind is RemedyKind.PATCH)
    mended = {id_: [on for on in sets if not set(on) & set(patches)] for id_, sets in found.items()}
    mended = {id_: sets for id_, sets in mended.items() if sets}
    least = max(len(sets[0]) for sets in mended.values())
    hardest = [set(sets) for sets in mended.values() if len(sets[0]) == least]
    sets = [on for on in candidates(scope, least) if all(on in known for known in hardest)]
    search = partial(unbroken_with, scope=scope, asked=frozenset(mended))
    best = [on for on, ids in zip(sets, in_processes(search, sets, jobs), strict=True) if ids == mended.keys()]
    return [*best, *((*on, *patches) for on in best if patches)]


def releases_of(scope: Scope) -> tuple[str, ...]:
    """Return the releases whose model is that of the scope."""
    digest, shape = model_digest(scope), (scope.config.rollback, scope.slots, scope.has_factory)
    return tuple(release.label for release in Release if model_digest(documented(release, *shape)) == digest)


def _with(verdicts: Verdicts, wanted: ProofVerdict) -> Claims:
    return frozenset(id_ for id_, verdict in verdicts.items() if verdict is wanted)


def _number(id_: str) -> int:
    return int(id_.removeprefix("C"))


def _cheapest_first(on: RemedySet) -> tuple[int, list[int]]:
    return len(on), [list(Remedy).index(remedy) for remedy in on]


def is_current(row: RemedyRow) -> bool:
    """Tell whether the models that a row was decided for, and the remedies, are those of today."""
    digests = {on: model_digest(remedied(row.scope, on)) for on in row.models}
    return row.tried == tried(row.scope) and row.models == digests


def main(file: Path, jobs: int = 2) -> None:
    """Write the file, as often as another row is decided."""
    old = {row.scope: row for row in parse(file.read_text(encoding="utf-8"))} if file.exists() else {}
    kept: list[RemedyRow] = []
    for number, scope in enumerate(SCOPES, 1):
        kept.append(old[scope] if scope in old and is_current(old[scope]) else row_of(scope, jobs))
        write_file(file, text_of(kept).encode())
        print(f"{number}/{len(SCOPES)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
