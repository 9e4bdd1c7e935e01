"""The functions of `otaproof.analysis`: each answers one question and returns a typed result.

    from otaproof.analysis import check, prove
    from otaproof.model.device.state import Scope, Usage

    print(check("path/to/project").claims["C2"].verdict)
    for claim in prove(Scope(usage=Usage.RESTART_AT_ONCE)).claims:
        print(claim.id, claim.verdict, claim.broken_by)

`otaproof.cli` prints these results; nothing here prints, or reads the command line.
"""

from collections.abc import Iterable

from ..model.claims.own_claim import OwnClaim
from ..model.device.state import Scope, Usage
from ..proofs.explicit.product_search import MOST_PAIRS
from ..proofs.prover.decision import Effort
from .call_outcomes import call_outcomes
from .light_api import check, doctor, explain
from .own_check import asked_claims
from .proof_runs import decide_configuration
from .release_diff import compare
from .release_matrix import matrix_of
from .results.diff_result import DiffResult, MatrixResult, diff_result, matrix_result
from .results.outcomes_result import OutcomesResult, outcomes_result
from .results.prove_result import ProveResult, prove_result

__all__ = ["check", "diff", "diff_matrix", "doctor", "explain", "outcomes", "prove"]


def prove(scope: Scope, claims: Iterable[str | OwnClaim] | None = None, effort: Effort | None = None) -> ProveResult:
    """Prove or refute claims for every history of the devices of a scope.

    claims: ids, and claims of the user's own; all of otaproof that apply if None. Raises InputError for what is
    neither."""
    asked, own = (None, ()) if claims is None else asked_claims(claims)
    return prove_result([decide_configuration(scope, asked, effort or Effort(), own)])


def outcomes(scope: Scope, usages: Iterable[Usage] = tuple(Usage)) -> OutcomesResult:
    """Return what can boot after a power cut inside each call, under every fault model up to that of the scope."""
    return outcomes_result(call_outcomes(scope, tuple(usages)))


def diff(left: Scope, right: Scope, names: tuple[str, str] = ("left", "right"), claims: str = "all") -> DiffResult:
    """Return what two releases or configurations do differently, each difference shown by two boards.

    claims: ids joined by commas, "all" or "none". Raises Divergence where a board does not show a difference."""
    return diff_result(compare(names, (left, right), claims=claims))


def diff_matrix(scope: Scope, most: int = MOST_PAIRS) -> MatrixResult:
    """Return what the release rules do differently, a column for each; the release of the scope is set aside.

    most: pairs of states that a search keeps at most. Raises Divergence where a board shows something else."""
    return matrix_result(matrix_of(scope, most))
