"""What `otaproof check` finds, as JUnit XML: what build servers show as tests, a claim each."""

from xml.etree import ElementTree

from ...analysis.results.check_result import CheckedClaim, CheckResult
from ...bounded_input import shown
from .check_sarif import violation_text

_SUITE = "otaproof check"


def check_junit(result: CheckResult) -> bytes:
    """Return an XML document; a violation that the policy does not fail on, or a claim of other devices, is skipped."""
    policy = result.policy
    cases = [_case(claim, "" if policy is None else policy.excuse(claim.id)) for claim in result.claims]
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


def _case(claim: CheckedClaim, excuse: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_SUITE, name=f"{claim.id} {claim.name}", time="0")
    if claim.verdict == "not applicable":
        _add(case, "skipped", "not applicable to this device", "")
    elif claim.verdict == "inconclusive":
        _add(case, "error", "inconclusive: not every cut point was decided", "")
    elif claim.verdict == "violated" and excuse:
        _add(case, "skipped", excuse, violation_text(claim))
    elif claim.verdict == "violated":
        _add(case, "failure", f"violated ({claim.weakest_fault}): {claim.severity}", violation_text(claim))
    return case


def _add(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    part = ElementTree.SubElement(case, tag, message=shown(message))
    part.text = shown(text) or None
