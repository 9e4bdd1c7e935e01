"""What the findings of a campaign come from: each in its plainest form, and those of one origin together.

A cause has the names of the known cases whose plainest form is one of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from ..campaign.fuzz.findings import DIVERGENCE, Finding, scope_of_block
from ..campaign.fuzz.origin_of_finding import origin_of
from ..campaign.fuzz.plainest import outline, plainest
from ..campaign.history.history import History
from ..campaign.history.history_token import decode_history_token
from ..campaign.history.known_case import KnownCase
from ..campaign.history.known_cases import KNOWN_CASES
from ..campaign.history.step import StepName
from ..campaign.ledger.campaign_plan import CampaignPlan
from ..campaign.ledger.lane_work import FoundKind
from ..campaign.ledger.ledger import Ledger
from ..campaign.lockstep.coverage import coverable
from ..campaign.lockstep.divergence import OutOfModel
from ..campaign.lockstep.lockstep import scope_of_device
from ..campaign.workers import WorkerDied, mapped
from ..errors import InputError
from ..model.device.allowance import Allowance
from ..model.device.model import device_model
from ..model.device.state import Usage
from ..model.fault_model import MODELLED_FAULTS, FaultModel
from .fuzz_findings import confirmed
from .results.campaign_result import CampaignCauses, CauseEntry, causes_result
from .results.fuzz_result import finding_entry
from .results.result_parts import FaultName, fault_name

Outline = tuple[str, ...]


def campaign_causes(path: Path, jobs: int, tell: Callable[[str], None] = lambda step: None) -> CampaignCauses:
    """Return what a campaign found, by cause; raises InputError. tell: is told how far it is."""
    with Ledger.open(path) as ledger:
        found = ledger.found()
        plain: list[Finding] = []
        named: dict[Outline, KnownCase] = {}
        ended_by = ""
        try:
            for finding in mapped(partial(plainest_of, ledger.plan), found, jobs):
                plain.append(finding)
                tell(f"{len(plain):,} of {len(found):,} findings made plain")
            tell("the causes that have a name")
            for form, case in _named(jobs) if plain else ():
                named.setdefault(form, case)
        except KeyboardInterrupt:
            ended_by = "interrupted"
        except WorkerDied as error:
            ended_by = str(error)
        plain += [finding_of(ledger.plan, kind) for kind in found[len(plain) :]]
        return causes_result(ledger, list(_causes(found, plain, named)), _never_covered(ledger), ended_by)


def _never_covered(ledger: Ledger) -> list[str]:
    """Return what no run came through of the models of the devices that were drawn; nothing was compared above F3."""
    plan = ledger.plan
    if plan.worlds.faults not in MODELLED_FAULTS:
        return []
    blocks = (plan.block(lane, number) for lane, count in ledger.blocks().items() for number in range(count))
    models = {device_model(scope_of_block(plan.seed, block, plan.worlds)[1]) for block in blocks}
    points = {str(point) for model in models for point in coverable(model)}
    return sorted(points - ledger.covered().keys())


def finding_of(plan: CampaignPlan, kind: FoundKind) -> Finding:
    """Return a finding as it was made; raises InputError for one that no run of the campaign makes."""
    try:
        history = decode_history_token(kind.token).history
    except InputError as error:
        raise InputError(f"the finding of {kind.claim_id} in run {kind.run} is damaged: {error}") from None
    worlds = plan.worlds
    faults = min(worlds.faults, max(MODELLED_FAULTS))
    try:
        scope = scope_of_device(history.device, faults, worlds.usage, worlds.versions, worlds.allows, worlds.remedies)
    except (OutOfModel, ValueError) as error:
        raise InputError(
            f"the finding of {kind.claim_id} in run {kind.run} is none of this campaign: {error}"
        ) from None
    is_on_board = worlds.faults not in MODELLED_FAULTS
    return Finding(kind.claim_id, scope, history, kind.run, kind.text, kind.cause, is_on_board)


def plainest_of(plan: CampaignPlan, kind: FoundKind) -> Finding:
    """Return a finding in its plainest form."""
    return plainest(finding_of(plan, kind))


def _named(jobs: int) -> Iterator[tuple[Outline, KnownCase]]:
    """Yield the outlines that known cases have in their plainest form."""
    cases = [case for case in KNOWN_CASES if case.claim_id is not None]
    for case, found in zip(cases, mapped(_plainest_case, [case.name for case in cases], jobs), strict=True):
        if found is not None:
            yield outline(found.history), case


def _plainest_case(name: str) -> Finding | None:
    """Return the plainest form of a known case; None where the model does not have it, or it shows something else."""
    case = next(case for case in KNOWN_CASES if case.name == name)
    history = case.history
    for allows in (frozenset[Allowance](), frozenset({Allowance.FAILING_FLASH}), frozenset({Allowance.OTHER_WRITERS})):
        try:
            scope = scope_of_device(history.device, FaultModel.F3, Usage.ANY, allows=allows)
            found = plainest(Finding(case.claim_id or "", scope, history, 0))
        except (OutOfModel, ValueError):
            continue
        # The claim may be easier to break in another way, which has not the name of this one.
        return found if _decisive(found.history) == _decisive(history) else None
    return None


def _decisive(history: History) -> tuple[StepName, ...]:
    """Return the steps that are cut, and the last one."""
    return (*(step.name for step in history.steps if step.cut is not None), history.steps[-1].name)


def _causes(
    found: Iterable[FoundKind], plain: Iterable[Finding], named: dict[Outline, KnownCase]
) -> Iterator[CauseEntry]:
    groups: defaultdict[str, list[tuple[FoundKind, Finding]]] = defaultdict(list)
    for kind, finding in zip(found, plain, strict=True):
        is_divergence = kind.claim_id == DIVERGENCE
        groups[kind.cause if is_divergence else origin_of(finding.history)].append((kind, finding))
    entries = [_cause(title, group, named) for title, group in groups.items()]
    yield from sorted(entries, key=lambda entry: (DIVERGENCE not in entry.claims, -entry.runs, entry.claims))


def _cause(title: str, group: list[tuple[FoundKind, Finding]], named: dict[Outline, KnownCase]) -> CauseEntry:
    outlines = {outline(finding.history) for _, finding in group}
    best: dict[str, Finding] = {}
    for _, finding in sorted(group, key=lambda pair: pair[1].rank):
        best.setdefault(finding.claim_id, finding)
    plainest, *others = best.values()
    claims = sorted(best, key=lambda name: (len(name), name))
    runs = {name: Counter[FaultName]() for name in claims}
    for kind, finding in group:
        runs[kind.claim_id][fault_name(finding.history.weakest_model.name)] += kind.runs
    return CauseEntry(
        title="board and model diverge" if plainest.claim_id == DIVERGENCE else title,
        known_cases=tuple(sorted({named[form].name for form in outlines if form in named})),
        claims=tuple(claims),
        runs=sum(kind.runs for kind, _ in group),
        runs_by_claim={name: dict(sorted(found.items())) for name, found in runs.items()},
        kinds=len(group),
        histories=len(outlines),
        plainest=finding_entry(confirmed(plainest)),
        others=tuple(finding_entry(confirmed(finding)) for finding in others),
    )
