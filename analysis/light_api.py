"""The functions of `otaproof.analysis` that need no solver: check, doctor and explain."""

from collections.abc import Iterable, Sequence
from os import PathLike

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.updater_calls import UpdaterCall
from ..model.claims.own_claim import OwnClaim
from ..model.fault_model import FaultModel
from ..model.remedies import Remedy
from ..project.doctor.diagnosis import diagnose
from ..project.doctor.subject import Subject
from ..project.flash_dump import Loaded
from ..project.option_reader import ConfigValue
from .history_search import explain_cases
from .own_check import check_project
from .results.check_result import CheckResult, check_result
from .results.doctor_result import DoctorResult, doctor_result
from .results.explain_result import ExplainResult, explain_result


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
    jobs: int = 1,
) -> CheckResult:
    """Cut the power at every flash step of an update, and return the verdict on each claim.

    project: the folder of a project, or a dump of a flash, as `otaproof check PROJECT` takes it; or a device. seed:
    chooses the samples of F2 to F5. settings: what the device was built from, for the report. with_proofs: say as well
    what is proved of every history of a device like it. claims: the user's own, asked too. calls: the updater of the
    application, where it is another than the usual one. remedies: what the application keeps to. jobs:
    processes to decide the sweeps in, from F2 on, which import the program that asks (`if __name__ == "__main__":`);
    the result is the same for any number.

    Raises InputError for an update that fails even without a power cut, and for a claim that is none."""
    return check_result(check_project(project, faults, seed, settings, with_proofs, claims, calls, remedies, jobs))


def explain(flash: Loaded, seconds: float | None = None) -> ExplainResult:
    """Return what a flash holds, what boots, what the calls would do, and how it came to this.

    flash: a dump or an otadata partition with the releases to look at, as project/flash_dump.py loads it. seconds:
    time to search for a shortest history that leads there; None: none is searched for."""
    return explain_result(flash, explain_cases(flash, seconds))


def doctor(subject: Subject, ignored: Iterable[str] = ()) -> DoctorResult:
    """Return what is wrong with the OTA configuration of a project.

    subject: as project/doctor/load.py loads it. ignored: ids of rules to leave out."""
    return doctor_result(diagnose(subject, frozenset(ignored)))
