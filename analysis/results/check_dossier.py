"""All that the page of a check shows: its result, and beside it time, replays, and what the result was made from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ... import __version__
from ...bounded_input import read_bounded
from ...campaign.upgrade.boot_timeline import boot_timeline
from ...model.claims.model_digest import model_digest
from ...model.device.state import Scope
from ..model_verdicts import scope_of_world
from ..upgrade_check import CheckReport
from .check_result import CheckedClaim, CheckResult
from .claim_result import RemedyEntry, remedies_of
from .provenance import InputDigest, Provenance
from .stepped_replay import SteppedReplay, stepped_cut
from .timeline_result import ScenarioTimeline, scenario_timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingReplay:
    """The replay of the cut that breaks one claim, or several at once."""

    claims: tuple[CheckedClaim, ...]
    """What it breaks."""
    replay: SteppedReplay
    """The cut of the first of them, moment by moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDossier:
    """What the page of a check is made from."""

    result: CheckResult
    """What --json prints."""
    timelines: tuple[ScenarioTimeline, ...]
    """Each scenario over flash time; none for F0, whose cuts have no place in time."""
    findings: tuple[FindingReplay, ...]
    """The violations, those of one cut together."""
    remedies: tuple[RemedyEntry, ...]
    """Those that a fix names."""
    provenance: Provenance
    """What it rests on."""


def check_dossier(
    report: CheckReport, result: CheckResult, files: Iterable[tuple[str, Path]], command: tuple[str, ...]
) -> CheckDossier:
    """Return what the page of a check shows. files: what each is, and where it lies; command: what repeats it."""
    scope = scope_of_world(report.world, report.faults)
    return CheckDossier(
        result=result,
        timelines=tuple(_timelines(report)),
        findings=tuple(_findings(report, result)),
        remedies=remedies_of(result.claims),
        provenance=Provenance(
            version=__version__,
            command=command,
            inputs=(*map(_file_digest, files), *_board_digests(report)),
            models=(model_digest(scope),) if result.proofs is not None and isinstance(scope, Scope) else (),
        ),
    )


def _timelines(report: CheckReport) -> Iterator[ScenarioTimeline]:
    for name, swept in report.sweeps.items():
        timeline = boot_timeline(report.world, report.runs[name], swept)
        if timeline is not None and timeline.operations:
            yield scenario_timeline(name, timeline)


def _findings(report: CheckReport, result: CheckResult) -> Iterator[FindingReplay]:
    """Yield a replay for each cut; a claim whose first cut is that of another is shown with it."""
    by_cut: dict[tuple[str | None, str | None], list[CheckedClaim]] = {}
    for claim in result.claims:
        if claim.token is not None:
            by_cut.setdefault((claim.scenario, claim.where), []).append(claim)
    for claims in by_cut.values():
        broken = tuple(dict.fromkeys(f"{claim.id}: {claim.then}" for claim in claims))
        token = claims[0].token
        assert token is not None
        yield FindingReplay(claims=tuple(claims), replay=stepped_cut(token, report.world, broken))


def _file_digest(file: tuple[str, Path]) -> InputDigest:
    name, path = file
    contents = read_bounded(path)
    return InputDigest(name=name, file=str(path), size=len(contents), sha256=sha256(contents).hexdigest())


def _board_digests(report: CheckReport) -> Iterator[InputDigest]:
    """Yield the digests of what the board was given, whichever files it came from."""
    world = report.world
    for name, contents in (
        ("flash before the first power-on", world.cells.to_bytes()),
        ("image that the update writes", world.update.contents),
    ):
        yield InputDigest(name=name, file=None, size=len(contents), sha256=sha256(contents).hexdigest())
