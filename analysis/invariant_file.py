"""Makes the file of found invariants anew: `python -m otaproof.analysis.invariant_file FILE`.

What was found for models and invariants that have not changed is kept, so a run that was ended early goes on where it
was. What ships is documented use under F1 to F3, and the other uses under F1: each configuration of
`otaproof prove --all`.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..campaign.workers import in_fresh_processes
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..output_file import write_file
from ..proofs.prover.configurations import SLOT_COUNTS, families
from ..proofs.prover.found_invariants import FoundInvariants, parse, text_of
from ..proofs.prover.houdini import inductive_invariants
from ..proofs.prover.proof_reuse import all_candidates, exact_model
from .proof_runs import DECIDED_SLOTS

VERSIONS = 3
"""Secure versions of an image, as `otaproof prove` has them by default."""
SHIPPED = (
    (FaultModel.F1, Usage.DOCUMENTED),
    (FaultModel.F3, Usage.DOCUMENTED),
    (FaultModel.F2, Usage.DOCUMENTED),
    (FaultModel.F1, Usage.RESTART_AT_ONCE),
    (FaultModel.F1, Usage.ANY),
)
"""What is asked for most often first."""


def scopes_of(asked: Iterable[tuple[FaultModel, Usage]]) -> dict[str, Scope]:
    """Return the scopes of `prove --all`, by the digest by which their invariants are kept."""
    return {all_candidates(scope)[0]: scope for scope in _scopes(asked)}


def _scopes(asked: Iterable[tuple[FaultModel, Usage]]) -> Iterator[Scope]:
    for faults, usage in asked:
        for family in families(faults, (usage,), VERSIONS):
            yield from (replace(family.scope, slots=slots) for slots in range(SLOT_COUNTS[0], DECIDED_SLOTS + 1))


def searched(scope: Scope) -> tuple[str, FoundInvariants]:
    """Return the digest of a scope, and what Houdini is left with there; nothing that was found before is used."""
    digest, candidates = all_candidates(scope)
    found = inductive_invariants(exact_model(scope), candidates)
    return digest, FoundInvariants(frozenset(found.invariants), found.core)


def main(file: Path, jobs: int = 2) -> None:
    """Write the file, as often as another scope is done."""
    old = parse(file.read_text(encoding="utf-8")) if file.exists() else {}
    scopes = scopes_of(SHIPPED)
    kept = {digest: old[digest] for digest in scopes if digest in old}
    still_open = [scope for digest, scope in scopes.items() if digest not in kept]
    for number, (digest, found) in enumerate(in_fresh_processes(searched, still_open, jobs), 1):
        kept[digest] = found
        write_file(file, text_of(kept).encode())
        print(f"{number}/{len(still_open)}", flush=True)
    write_file(file, text_of(kept).encode())
    print(f"{len(kept)} models")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
