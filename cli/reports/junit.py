"""What `otaproof check` finds, as JUnit XML: what build servers show as tests, a claim each."""

from xml.etree import ElementTree

from ...analysis.results.check_result import CheckedClaim, CheckResult
from ...bounded_input import shown
from .check_sarif import violation_text

_SUITE = "otaproof check"


def check_junit(result: CheckResult) -> bytes:
    """Return an XML document; a violation that the policy does not fail on, or a claim of other devices, is skipped."""
    cases = [_case(claim, _passes_over(result, claim)) for claim in result.claims]
    counts = {tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "skipped", "error")}
    suite = ElementTree.Element(
        "testsuite",
        name=_SUITE,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{result.sweep.seconds:.3f}",
    )
    suite.extend(cases)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(claim: CheckedClaim, passed_over: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_SUITE, name=f"{claim.id} {claim.name}", time="0")
    if claim.verdict == "not applicable":
        _add(case, "skipped", "not applicable to this device", "")
    elif claim.verdict == "inconclusive":
        _add(case, "error", "inconclusive: not every cut point was decided", "")
    elif claim.verdict == "violated" and passed_over:
        _add(case, "skipped", passed_over, violation_text(claim))
    elif claim.verdict == "violated":
        _add(case, "failure", f"violated ({claim.weakest_fault}): {claim.severity}", violation_text(claim))
    return case


def _add(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    part = ElementTree.SubElement(case, tag, message=shown(message))
    part.text = shown(text) or None


def _passes_over(result: CheckResult, claim: CheckedClaim) -> str:
    """Return why a violation does not count; "" where it does."""
    policy = result.policy
    if policy is None:
        return ""
    reasons = {item.claim: f"accepted: {item.reason}" for item in policy.accepted}
    if policy.fail_on == "never":
        return reasons.get(claim.id, "the policy fails on no violation")
    if policy.fail_on == "new" and claim.id in policy.known:
        return "known: it is in the baseline"
    return reasons.get(claim.id, "")
