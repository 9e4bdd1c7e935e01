"""What `otaproof check` finds, as SARIF: a rule for each claim, a result for each that is violated."""

from pathlib import Path
from typing import Any

from ...analysis.results.check_result import CheckedClaim, CheckResult
from ...model.claims.claims import CLAIMS
from .claim_rule import claim_rule
from .fix_lines import fix_words
from .sarif import fingerprints, location, message_text, project_file, sarif_log


def check_sarif(result: CheckResult, subject: Path) -> dict[str, Any]:
    """Return a log; a violation that does not count is a suppressed result.

    subject: the project's directory or the file on which violations are shown; names are relative to the current
    directory."""
    base = Path.cwd().resolve()
    place = location(project_file(subject) if subject.is_dir() else subject, None, base)
    index = {claim.id: number for number, claim in enumerate(CLAIMS)}
    results = (
        _result(claim, index[claim.id], place, "" if result.policy is None else result.policy.excuse(claim.id))
        for claim in result.claims
        if claim.verdict == "violated"
    )
    return sarif_log("otaproof check", map(claim_rule, CLAIMS), results, base)


def _result(claim: CheckedClaim, index: int, place: dict[str, Any], excuse: str) -> dict[str, Any]:
    return {
        "ruleId": claim.id,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": message_text(violation_text(claim))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": fingerprints(claim.id, claim.weakest_fault or ""),
        "suppressions": [{"kind": "external", "justification": message_text(excuse)}] if excuse else [],
    }


def violation_text(claim: CheckedClaim) -> str:
    """Return in a few sentences what breaks a claim, what comes of it, and what mends it."""
    fix = "" if claim.fixes is None else f" Fix: {fix_words(claim.id, claim.fixes)}."
    return (
        f"{claim.title} Violated ({claim.weakest_fault}) {claim.how_often}; the first: {claim.where}; then "
        f"{claim.then}. Severity: {claim.severity}.{fix} otaproof replay {claim.token}"
    )
