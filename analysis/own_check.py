"""What a user's program asks: a check of a project's folder, with claims and an updater of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike

from ..campaign.device_under_test import DeviceUnderTest
from ..campaign.updater_calls import UpdaterCall, updater_of
from ..errors import InputError
from ..model.claims.claims import CLAIMS, Verdict
from ..model.claims.own_claim import OwnClaim, distinct, prover_claims
from ..model.device.state import Scope
from ..model.fault_model import FaultModel
from ..model.remedies import Remedy, remedy_named
from ..project.option_reader import ConfigValue
from ..project.project_device import device_of_project
from .model_verdicts import Proofs, own_verdicts, scope_of_world
from .upgrade_check import CheckReport, check_upgrade, token_of


def check_project(
    project: DeviceUnderTest | str | PathLike[str],
    faults: FaultModel,
    seed: int = 0,
    settings: Sequence[ConfigValue] = (),
    with_proofs: bool = True,
    claims: Iterable[OwnClaim] = (),
    calls: Iterable[UpdaterCall] | None = None,
    remedies: Iterable[Remedy | str] | None = None,
    jobs: int = 1,
) -> CheckReport:
    """Check a project or a device; raises InputError, above all where two readings of a claim disagree."""
    if jobs < 1:
        raise InputError(f"jobs: {jobs}; want 1 or more")
    own = distinct(claims)
    for claim in own:
        if claim.on_board is None:
            raise InputError(f"claim {claim.id}: has no reading on the board, of which check asks; give on_board")
    notes: tuple[str, ...] = ()
    if isinstance(project, DeviceUnderTest):
        device = project
    else:
        found = device_of_project(project)
        device, settings, notes = found.device, (*settings, *found.values), found.notes
    if calls is not None:
        device = replace(device, calls=updater_of(calls))
    if remedies is not None:
        device = device.keeping_to(frozenset(map(remedy_named, remedies)))
    report = check_upgrade(device, faults, seed, tuple(settings), notes, with_proofs, own=own, jobs=jobs)
    return _with_own_proofs(report) if with_proofs else report


def asked_claims(claims: Iterable[str | OwnClaim]) -> tuple[frozenset[str], tuple[OwnClaim, ...]]:
    """Return the ids, and the user's own claims; raises InputError for what is neither."""
    asked = tuple(claims)
    ids = frozenset(claim for claim in asked if isinstance(claim, str))
    known = [claim.id for claim in CLAIMS]
    for id_ in sorted(ids - {*known}):
        raise InputError(f"claims: {id_[:20]!r} is none of {known[0]} … {known[-1]}")
    own = distinct(claim for claim in asked if not isinstance(claim, str))
    for claim in own:
        if claim.in_model is None and claim.of_effects is None:
            raise InputError(f"claim {claim.id}: has no reading of the model, of which prove asks; give in_model")
    return ids, own


def _with_own_proofs(report: CheckReport) -> CheckReport:
    """Return the report with what is proved of the user's own claims; raises InputError where readings disagree."""
    scope = scope_of_world(report.world, report.faults)
    if not isinstance(report.proofs, Proofs) or not isinstance(scope, Scope):
        return report
    own = prover_claims(report.own, scope)
    if not own:
        return report
    verdicts = own_verdicts(scope, own)
    if isinstance(verdicts, str):
        return replace(report, notes=(*report.notes, verdicts))
    for result in report.claims:
        found = verdicts.get(result.claim.id)
        if found is None or found.verdict != "proved" or result.verdict is not Verdict.VIOLATED:
            continue
        assert result.shortest is not None
        raise InputError(
            f"claim {result.claim.id}: its readings disagree: the model's is proved for every history, and the board's "
            f"is violated by a {result.shortest}; otaproof replay {token_of(report, result.claim.id, result.shortest)}"
        )
    proofs = replace(report.proofs, verdicts={**report.proofs.verdicts, **verdicts})
    return replace(report, proofs=proofs)
