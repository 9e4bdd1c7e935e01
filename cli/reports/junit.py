"""What `otaproof check` finds, as JUnit XML: what build servers show as tests, a claim each."""

from collections.abc import Sequence
from xml.etree import ElementTree

from ...analysis.results.check_result import CheckedClaim, CheckResult
from ...bounded_input import shown
from .check_sarif import violation_text


def check_junit(result: CheckResult) -> bytes:
    """Return an XML document; a violation that the policy does not fail on, or a claim of other devices, is skipped."""
    policy = result.policy
    cases = [_checked(claim, "" if policy is None else policy.excuse(claim.id)) for claim in result.claims]
    return junit_document([junit_suite("otaproof check", cases, result.sweep.seconds)])


def junit_document(suites: Sequence[ElementTree.Element]) -> bytes:
    """Return the XML document of test suites."""
    root = ElementTree.Element("testsuites")
    root.extend(suites)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def junit_suite(name: str, cases: Sequence[ElementTree.Element], seconds: float) -> ElementTree.Element:
    """Return the suite of test cases, with their counts."""
    counts = {tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "skipped", "error")}
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{seconds:.3f}",
    )
    for case in cases:
        case.set("classname", name)
    suite.extend(cases)
    return suite


def _checked(claim: CheckedClaim, excuse: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", name=f"{claim.id} {claim.name}", time="0")
    if claim.verdict == "not applicable":
        add_outcome(case, "skipped", "not applicable to this device", "")
    elif claim.verdict == "inconclusive":
        add_outcome(case, "error", "inconclusive: not every cut point was decided", "")
    elif claim.verdict == "violated" and excuse:
        add_outcome(case, "skipped", excuse, violation_text(claim))
    elif claim.verdict == "violated":
        add_outcome(case, "failure", f"violated ({claim.weakest_fault}): {claim.severity}", violation_text(claim))
    return case


def add_outcome(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    """Say of a test case how it ended, where it has not passed."""
    part = ElementTree.SubElement(case, tag, message=shown(message))
    part.text = shown(text) or None
