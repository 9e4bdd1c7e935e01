"""The functions of `otaproof.analysis`: each answers one question and returns a typed result.

    from otaproof.analysis import check, prove
    from otaproof.model.device.state import Scope, Usage

    print(check("path/to/project").claims["C2"].verdict)
    for claim in prove(Scope(usage=Usage.RESTART_AT_ONCE)).claims:
        print(claim.id, claim.verdict, claim.broken_by)

`otaproof.cli` prints these results; nothing here prints, or reads the command line.
"""

from collections.abc import Iterable, Sequence
from os import PathLike

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.updater_calls import UpdaterCall
from ..model.claims.own_claim import OwnClaim
from ..model.device.state import Scope, Usage
from ..model.fault_model import FaultModel
from ..model.remedies import Remedy
from ..project.doctor.diagnosis import diagnose
from ..project.doctor.subject import Subject
from ..project.flash_dump import Loaded
from ..project.option_reader import ConfigValue
from ..proofs.explicit.product_search import MOST_PAIRS
from ..proofs.prover.decision import Effort
from .call_outcomes import call_outcomes
from .history_search import explain_cases
from .own_check import asked_claims, check_project
from .proof_runs import decide_configuration
from .release_diff import compare
from .release_matrix import matrix_of
from .results.check_result import CheckResult, check_result
from .results.diff_result import DiffResult, MatrixResult, diff_result, matrix_result
from .results.doctor_result import DoctorResult, doctor_result
from .results.explain_result import ExplainResult, explain_result
from .results.outcomes_result import OutcomesResult, outcomes_result
from .results.prove_result import ProveResult, prove_result


def check(
    project: DeviceUnderTest | str | PathLike[str],
    faults: FaultModel = FaultModel.F1,
    seed: int = 0,
    settings: Sequence[ConfigValue] = (),
    with_proofs: bool = True,
    *,
    claims: Iterable[OwnClaim] = (),
    calls: Iterable[UpdaterCall] | None = None,
    remedies: Iterable[Remedy | str] | None = None,
) -> CheckResult:
    """Cut the power at every flash step of an update, and return the verdict on each claim.

    project: the folder of a project, or a dump of a flash, as `otaproof check PROJECT` takes it; or a device. seed:
    chooses the samples of F2 to F5. settings: what the device was built from, for the report. with_proofs: say as well
    what is proved of every history of a device like it. claims: the user's own, asked too. calls: the updater of the
    application, where it is another than the usual one. remedies: what the application keeps to.

    Raises InputError for an update that fails even without a power cut, and for a claim that is none."""
    return check_result(check_project(project, faults, seed, settings, with_proofs, claims, calls, remedies))


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


def explain(flash: Loaded, seconds: float | None = None) -> ExplainResult:
    """Return what a flash holds, what boots, what the calls would do, and how it came to this.

    flash: a dump or an otadata partition with the releases to look at, as project/flash_dump.py loads it. seconds:
    time to search for a shortest history that leads there; None: none is searched for."""
    return explain_result(flash, explain_cases(flash, seconds))


def doctor(subject: Subject, ignored: Iterable[str] = ()) -> DoctorResult:
    """Return what is wrong with the OTA configuration of a project.

    subject: as project/doctor/load.py loads it. ignored: ids of rules to leave out."""
    return doctor_result(diagnose(subject, frozenset(ignored)))
