"""How `otaproof prove` decides each claim, world by world, as it is kept in docs/spec/proofs.json; under F1.

The verdicts of verdicts.json come from a search of all states; these come from induction over 32-bit numbers, each
question put to z3 and to bitwuzla. A test holds the two against each other.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from otaproof.model.fault_model import FaultModel
from otaproof.proofs.prover.decision import ProofVerdict
from otaproof.proofs.prover.prover import decide

from .worlds import World, worlds

FILE = Path(__file__).parent.parent / "spec" / "proofs.json"
FAULTS = FaultModel.F1
Proofs = dict[str, dict[str, str]]
"""By world, by claim, how it was decided."""
_DETAIL = re.compile(r", \d+ auxiliary invariants.*|; possibly vacuous.*|search of all [\d,]+ states")


def how_decided(world: World) -> dict[str, str]:
    """Return how each claim is decided in a world: "proved: …", "refuted: …", "bounded: …"."""
    return {found.claim.id: _text(found.verdict, found.method) for found in decide(world.scope(FAULTS))}


def make(tell: Callable[[World], None]) -> Proofs:
    """Return that of all worlds, computed anew."""
    made: Proofs = {}
    for world in worlds():
        tell(world)
        made[world.id] = how_decided(world)
    return made


def read() -> Proofs:
    """Return what is kept."""
    kept: Proofs = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def text_of(made: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of the file."""
    return json.dumps(made, indent=1) + "\n"


def _text(verdict: ProofVerdict, method: str) -> str:
    """Return verdict and method, without the numbers that change with every new invariant."""
    if method.startswith("at most 0x"):
        return f"{verdict.value}: growth of the numbers"
    if method.startswith("search of all"):
        return f"{verdict.value}: search"
    return f"{verdict.value}: {_DETAIL.sub('', method)}"
