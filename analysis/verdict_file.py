"""Makes the file of shipped verdicts anew: `python -m otaproof.analysis.verdict_file FILE`.

Verdicts of models that have not changed are kept, so a run that was ended early goes on where it was. What ships is
documented usage: under F1 every configuration of `otaproof prove --all`, and one slot; under the other fault models one
slot and two; and the mixes of an older bootloader with a newer application, two slots, under F1.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..campaign.workers import in_fresh_processes, in_processes
from ..model.claims.model_digest import model_digest
from ..model.config import Config, Release
from ..model.device.remedy_steps import remedied
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..output_file import write_file
from ..proofs.prover.proof_reuse import ProofReuse
from ..proofs.prover.prover import decide
from .proof_runs import DECIDED_SLOTS
from .remedy_table import all_rows
from .shipped_verdicts import ModelVerdict, Verdicts, parse, text_of

BUILDS = tuple(
    (Config(rollback=rollback, anti_rollback=anti_rollback), has_factory)
    for rollback, anti_rollback in ((True, False), (False, False), (True, True))
    for has_factory in (False, True)
)
"""The options that the model knows, and whether there is a factory partition."""
UNDECIDED = "unknown"
"""A model with such a verdict does not ship."""
F1 = FaultModel.F1
SHIPPED = (
    *((faults, range(1, 3)) for faults in (F1, FaultModel.F0, FaultModel.F2, FaultModel.F3)),
    (F1, range(2, DECIDED_SLOTS + 1)),
)
"""By fault model, the numbers of OTA slots; what is asked for most often first."""

Group = tuple[Scope, ...]
"""Scopes that differ in the number of slots alone, fewest first: what is proved of few is carried to many."""


def groups() -> Iterator[Group]:
    """Yield all that ships; different releases can be one model."""
    for faults, slots in SHIPPED:
        for release in Release:
            yield from _groups(release, release, faults, slots)
    for application in Release:
        for bootloader in (release for release in Release if release < application):
            yield from _groups(application, bootloader, F1, range(2, 3))
    for row in all_rows():
        yield from ((remedied(row.scope, on),) for on in row.best)


def _groups(application: Release, bootloader: Release, faults: FaultModel, slots: Iterable[int]) -> Iterator[Group]:
    for plain, has_factory in BUILDS:
        config = replace(plain, app_release=application, bootloader_release=bootloader)
        yield tuple(Scope(config, count, has_factory, faults, Usage.DOCUMENTED) for count in slots)


def decided_group(group: Group, known: frozenset[str]) -> dict[str, Verdicts]:
    """Return the verdicts of those models of a group that are not known yet, by digest."""
    book, found = ProofReuse(most_slots=DECIDED_SLOTS), dict[str, Verdicts]()
    for scope in group:
        digest = model_digest(scope)
        if digest in known:
            continue
        # What one slot teaches holds of no device that can be upgraded.
        decisions = decide(scope, None, book if scope.slots > 1 else None)
        verdicts = {
            item.claim.id: ModelVerdict(item.verdict.value, item.depth, item.is_possibly_vacuous) for item in decisions
        }
        if UNDECIDED not in {item.verdict for item in verdicts.values()}:
            found[digest] = verdicts
        else:
            print(f"not decided, so not shipped: {scope}", file=sys.stderr)
    return found


def _digests(group: Group) -> frozenset[str]:
    return frozenset(map(model_digest, group))


def main(file: Path, jobs: int = 2) -> None:
    """Write the file, as often as another group is decided."""
    old = parse(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept: dict[str, Verdicts] = {}
    open_groups: dict[frozenset[str], Group] = {}
    for group, digests in zip(groups(), in_processes(_digests, groups(), jobs), strict=True):
        kept |= {digest: old[digest] for digest in digests & old.keys()}
        if not digests <= old.keys():
            open_groups.setdefault(digests, group)
    decide_open = partial(decided_group, known=frozenset(kept))
    for number, found in enumerate(in_fresh_processes(decide_open, list(open_groups.values()), jobs), 1):
        kept |= found
        write_file(file, text_of(kept).encode())
        print(f"{number}/{len(open_groups)}", flush=True)
    write_file(file, text_of(kept).encode())
    print(f"{len(kept)} models")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
