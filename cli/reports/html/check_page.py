"""The page of a check: the verdict, what to change, when it matters, and each finding step by step."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ....analysis.results.ageing_result import CheckedAgeing, WornRange
from ....analysis.results.check_dossier import CheckDossier
from ....analysis.results.check_result import CheckedClaim, CheckResult
from ....analysis.results.timeline_result import ScenarioTimeline, StartsName, TimedWait
from ....campaign.upgrade.script import Scenario
from ....campaign.workers import INTERRUPTED
from ....model.call_names import calls_text
from ....model.claims.severity import CONSEQUENCES, Harm
from ....model.writers import Updater
from ..ageing_report import ageing_title, first_signs, range_words, sign_words, stuck_words, together_words
from ..check_report import played_words, window_words
from ..policy_report import FAILS_ON, verdict_line
from .page import render_page
from .stepper_view import StepperView, stepper_of
from .strip_view import LANES, TimeStrip, danger_time, record_strip, time_words, whole_strip

_WORST = tuple(harm.value for harm in Harm)


@dataclass(frozen=True, slots=True)
class BrokenView:
    """A violated claim."""

    claim: CheckedClaim
    why: str
    """What a device in the field does then."""
    when: str
    excuse: str
    """Why it does not count; empty where it does."""


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """A scenario over time."""

    name: str
    title: str
    strips: tuple[TimeStrip, ...]
    danger: str
    rows: tuple[tuple[str, str, str, str], ...]
    """The same as a table: call, from, to, what starts."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A cut that breaks claims."""

    anchor: str
    claims: tuple[CheckedClaim, ...]
    stepper: StepperView


@dataclass(frozen=True, slots=True)
class AgeingView:
    """What wears out, and what comes of it, in words."""

    found: CheckedAgeing
    title: str
    worn: tuple[tuple[str, WornRange], ...]
    together: str
    stuck: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Sector, which bits and what comes of them, how that shows."""


def check_page(dossier: CheckDossier) -> bytes:
    """Return the page."""
    result = dossier.result
    broken = tuple(_broken(result, claim) for claim in result.claims if claim.verdict == "violated")
    broken = tuple(sorted(broken, key=lambda view: _WORST.index(view.claim.severity)))
    return render_page(
        "check.html",
        result=result,
        broken=broken,
        kept=tuple(_kept(result)),
        judged=[claim for claim in result.claims if claim.verdict != "not applicable"],
        worst=broken[0].claim.severity if broken else "",
        outcome=verdict_line(result),
        policy_words="" if result.policy is None else FAILS_ON[result.policy.fail_on],
        scenarios=tuple(map(_scenario, dossier.timelines)),
        findings=tuple(
            FindingView("-".join(claim.id for claim in found.claims), found.claims, stepper_of(found.replay))
            for found in dossier.findings
        ),
        anchors={
            claim.id: "-".join(c.id for c in found.claims) for found in dossier.findings for claim in found.claims
        },
        ageing=None if result.ageing is None else _ageing(result.ageing),
        is_interrupt=result.ended_by in ("", INTERRUPTED),
        remedies=dossier.remedies,
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
        calls=calls_text(Updater(result.config.updater)),
        played=played_words(result.sweep),
    )


def _kept(result: CheckResult) -> Iterator[tuple[str, list[CheckedClaim]]]:
    """Yield the claims that are not violated, in groups with titles; a group may be empty."""
    holding = [claim for claim in result.claims if claim.verdict == "holds"]
    proved = [claim for claim in holding if claim.proof is not None and claim.proof.verdict == "proved"]
    refuted = [claim for claim in holding if claim.proof is not None and claim.proof.verdict == "refuted"]
    yield "Proved for every history", proved
    yield "For this update; a longer history breaks it", refuted
    yield "For this update", [claim for claim in holding if claim not in (*proved, *refuted)]
    yield "Inconclusive", [claim for claim in result.claims if claim.verdict == "inconclusive"]
    yield "Not applicable to this device", [claim for claim in result.claims if claim.verdict == "not applicable"]


def _broken(result: CheckResult, claim: CheckedClaim) -> BrokenView:
    return BrokenView(
        claim,
        CONSEQUENCES[claim.id].why,
        "" if claim.window is None else window_words(claim.window),
        "" if result.policy is None else result.policy.excuse(claim.id),
    )


def _ageing(found: CheckedAgeing) -> AgeingView:
    shown = (sign_words(sign) for sign in found.together[:1])
    return AgeingView(
        found,
        ageing_title(found),
        tuple((range_words(row), row) for row in found.worn),
        " ".join((together_words(found), *shown)),
        tuple(
            (f"0x{bits.address:x} of {bits.partition}", stuck_words(bits), tuple(map(sign_words, first_signs(bits))))
            for bits in found.stuck
        ),
    )


_TITLES = {
    Scenario.UPGRADE.value: "The update",
    Scenario.UPGRADE_AGAIN.value: "A second update after it",
    Scenario.ROLLBACK.value: "A rollback after it",
}


def _scenario(timeline: ScenarioTimeline) -> ScenarioView:
    names: dict[StartsName, str] = {**LANES, "old": timeline.previous, "new": timeline.target}
    whole, danger = time_words(timeline.milliseconds), danger_time(timeline)
    return ScenarioView(
        timeline.scenario,
        _TITLES[timeline.scenario],
        tuple(_strips(timeline)),
        f"{time_words(danger)} of {whole} in danger" if danger else f"none of {whole} in danger",
        tuple(_rows(timeline, names)),
    )


def _strips(timeline: ScenarioTimeline) -> Iterator[TimeStrip]:
    """Yield the pictures of a scenario; one that writes nothing but otadata has one."""
    records = record_strip(timeline)
    if records is None or sum(record.length for record in timeline.records) < 0.9 * timeline.milliseconds:
        yield whole_strip(timeline)
    if records is not None:
        yield records


def _rows(timeline: ScenarioTimeline, names: Mapping[StartsName, str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a scenario's pictures show: where the power fails, from, to, and what it comes to."""
    found = [
        (span.start, 0, f"{span.call}()", time_words(span.start), time_words(span.end), names[span.starts])
        for span in timeline.boots
    ]
    found += [
        (wait.at, 1, f"after {wait.call}(), before the next call", time_words(wait.at), "", _and_broken(wait, names))
        for wait in timeline.waits
    ]
    found += [
        (span.start, 2, f"{span.call}()", time_words(span.start), time_words(span.end), f"{span.claim} is broken")
        for span in timeline.dangers
    ]
    yield from (row[2:] for row in sorted(found))


def _and_broken(wait: TimedWait, names: Mapping[StartsName, str]) -> str:
    return "; ".join((names[wait.starts], *(f"{claim} is broken" for claim in wait.broken)))
