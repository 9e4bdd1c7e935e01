"""How `otaproof prove` decides each claim in each configuration under F1, as docs/spec/proofs.json keeps it.

The verdicts of verdicts.json come from a search of all reachable states. These come from induction over 32-bit
sequence numbers, with two SMT solvers. A test compares the two.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from otaproof.model.fault_model import FaultModel
from otaproof.proofs.prover.decision import ProofVerdict
from otaproof.proofs.prover.prover import decide

from .spec_scopes import SpecScope, spec_scopes

FILE = Path(__file__).parent.parent / "spec" / "proofs.json"
FAULTS = FaultModel.F1
Proofs = dict[str, dict[str, str]]
"""By configuration, by claim: the verdict and the method, such as "proved: induction"."""
METHODS = ("induction", "ranking function", "sequence-number growth", "search")
_SIGNS = (
    ("at most 0x", "sequence-number growth"),
    ("ranking", "ranking function"),
    ("not inductive", "search"),
    ("no induction", "search"),
    ("induction", "induction"),
    ("search", "search"),
    ("found with", "search"),
    ("carried over", "search"),
)
"""(part of the text that the prover gives, method); the first that matches counts."""


def how_decided(spec: SpecScope) -> dict[str, str]:
    """Return the verdict and the method for each claim of a configuration."""
    return {found.claim.id: _text(found.verdict, found.method) for found in decide(spec.scope(FAULTS))}


def make(report: Callable[[SpecScope], None]) -> Proofs:
    """Compute the table of all configurations; `report` is called before each."""
    made: Proofs = {}
    for spec in spec_scopes():
        report(spec)
        made[spec.id] = how_decided(spec)
    return made


def read() -> Proofs:
    """Return the kept table."""
    kept: Proofs = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def text_of(made: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of the file."""
    return json.dumps(made, indent=1) + "\n"


def _text(verdict: ProofVerdict, method: str) -> str:
    """Return verdict and method; the prover's numbers are left out, as they change with every new invariant."""
    kind = next((kind for sign, kind in _SIGNS if sign in method), None)
    if kind is None:
        raise ValueError(f"the prover decides by a method that has no column here: {method}")
    return f"{verdict.value}: {kind}"
