"""The page of a check: the verdict, what to change, when it matters, and each finding step by step."""

import shlex
from dataclasses import dataclass

from ....analysis.results.check_dossier import CheckDossier
from ....analysis.results.check_result import CheckedClaim, CheckResult
from ....analysis.results.timeline_result import ScenarioTimeline
from ....model.call_names import calls_text
from ....model.claims.severity import CONSEQUENCES, Harm
from ....model.writers import Updater
from ..check_report import window_words
from ..policy_report import FAILS_ON
from .page import render_page
from .stepper_view import Stepper, stepper_of
from .strip_view import Strip, danger_time, record_strip, time_words, whole_strip

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
    strips: tuple[Strip, ...]
    danger: str
    end: str
    rows: tuple[tuple[str, str, str, str], ...]
    """The same as a table: call, from, to, what starts."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A cut that breaks claims."""

    anchor: str
    claims: tuple[CheckedClaim, ...]
    stepper: Stepper


def check_page(dossier: CheckDossier) -> bytes:
    """Return the page."""
    result = dossier.result
    broken = tuple(_broken(result, claim) for claim in result.claims if claim.verdict == "violated")
    broken = tuple(sorted(broken, key=lambda view: _WORST.index(view.claim.severity)))
    kept = tuple(claim for claim in result.claims if claim.verdict != "violated")
    return render_page(
        "check.html",
        result=result,
        broken=broken,
        kept=kept,
        judged=[claim for claim in result.claims if claim.verdict != "not applicable"],
        worst=broken[0].claim.severity if broken else "",
        policy_words="" if result.policy is None else FAILS_ON[result.policy.fail_on],
        scenarios=tuple(map(_scenario, dossier.timelines)),
        findings=tuple(
            FindingView("-".join(claim.id for claim in found.claims), found.claims, stepper_of(found.replay))
            for found in dossier.findings
        ),
        anchors={
            claim.id: "-".join(c.id for c in found.claims) for found in dossier.findings for claim in found.claims
        },
        remedies=dossier.remedies,
        provenance=dossier.provenance,
        command=shlex.join(dossier.provenance.command),
        calls=calls_text(Updater(result.config.updater)),
    )


def _broken(result: CheckResult, claim: CheckedClaim) -> BrokenView:
    return BrokenView(
        claim,
        CONSEQUENCES[claim.id].why,
        "" if claim.window is None else window_words(claim.window),
        "" if result.policy is None else result.policy.excuse(claim.id),
    )


def _scenario(timeline: ScenarioTimeline) -> ScenarioView:
    records = record_strip(timeline)
    names = {
        "old": timeline.previous,
        "new": timeline.target,
        "other": "another, or no whole image",
        "nothing": "nothing",
    }
    return ScenarioView(
        timeline.scenario,
        (whole_strip(timeline), *((records,) if records is not None else ())),
        time_words(danger_time(timeline)),
        time_words(timeline.milliseconds),
        tuple(
            (f"{span.call}()", time_words(span.start), time_words(span.end), names[span.starts])
            for span in timeline.boots
        ),
    )
