"""What `otaproof prove` decides, as SARIF: a rule for each claim, a result for each that is not proved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...analysis.proof_runs import ConfigurationProof
from ...analysis.results.prove_result import ProvedClaimEntry, claim_entry
from ...model.claims.claims import CLAIMS
from .claim_rule import claim_rule
from .fix_lines import fix_words
from .sarif import fingerprints, location, message_text, project_file, sarif_log
from .verdict_words import depth_words


def prove_sarif(found: Sequence[ConfigurationProof]) -> dict[str, Any]:
    """Return a log; a claim that is undecided is an open result.

    A proof is about no file: a result names its configuration, and the file of a project in the current directory
    where there is one."""
    base = Path.cwd().resolve()
    file = project_file(Path())
    place = {"physicalLocation": location(file, None, base)} if file.is_file() else {}
    index = {claim.id: number for number, claim in enumerate(CLAIMS)}
    results = (
        _result(claim, index[claim.id], configuration.title, place)
        for configuration in found
        for claim in (claim_entry(row, configuration.scope) for row in configuration.rows)
        if claim.verdict != "proved"
    )
    return sarif_log("otaproof prove", map(claim_rule, CLAIMS), results, base)


def _result(claim: ProvedClaimEntry, index: int, device: str, place: dict[str, Any]) -> dict[str, Any]:
    is_refuted = claim.verdict == "refuted" and claim.divergence is None
    return {
        "ruleId": claim.id,
        "ruleIndex": index,
        "kind": "fail" if is_refuted else "open",
        "level": "error" if is_refuted else "none",
        "message": {"text": message_text(f"{proof_text(claim)} Device: {device}.")},
        "locations": [{**place, "logicalLocations": [{"fullyQualifiedName": device, "kind": "configuration"}]}],
        "partialFingerprints": fingerprints(claim.id, device),
    }


def proof_text(claim: ProvedClaimEntry) -> str:
    """Return in a few sentences what was decided of a claim that is not proved, and what mends it."""
    if claim.divergence is not None:
        return f"{claim.title} Refuted, but not on the board, which is a bug in otaproof: {claim.divergence}."
    if claim.verdict != "refuted":
        return f"{claim.title} Undecided ({claim.verdict}): {claim.method}."
    length = depth_words(claim.depth, claim.is_shortest)
    then = "." if claim.broken_by is None else f"; in the end {claim.broken_by}."
    fix = "" if claim.fixes is None else f" Fix: {fix_words(claim.id, claim.fixes)}."
    replay = "" if claim.token is None else f" otaproof replay {claim.token}"
    return f"{claim.title} Refuted in {length}{then} Severity: {claim.severity}.{fix}{replay}"
