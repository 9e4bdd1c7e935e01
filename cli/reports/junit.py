"""What `otaproof check` and `otaproof prove` find, as JUnit XML: what build servers show as tests, a claim each."""

from collections.abc import Sequence
from xml.etree import ElementTree

from ...analysis.proof_runs import ConfigurationProof
from ...analysis.results.check_result import CheckedClaim, CheckResult
from ...analysis.results.prove_result import ProvedClaimEntry, claim_entry
from ...bounded_input import shown
from .check_sarif import violation_text
from .prove_sarif import proof_text


def check_junit(result: CheckResult) -> bytes:
    """Return an XML document; a violation that the policy does not fail on, or a claim of other devices, is skipped."""
    policy = result.policy
    cases = [_checked(claim, "" if policy is None else policy.excuse(claim.id)) for claim in result.claims]
    return _document([_suite("otaproof check", cases, result.sweep.seconds)])


def prove_junit(found: Sequence[ConfigurationProof]) -> bytes:
    """Return an XML document, with a suite for each configuration."""
    suites = []
    for configuration in found:
        claims = [claim_entry(row, configuration.scope) for row in configuration.rows]
        cases = list(map(_proved, claims))
        suites.append(_suite(f"otaproof prove: {configuration.title}", cases, sum(claim.seconds for claim in claims)))
    return _document(suites)


def _document(suites: Sequence[ElementTree.Element]) -> bytes:
    root = ElementTree.Element("testsuites")
    root.extend(suites)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suite(name: str, cases: Sequence[ElementTree.Element], seconds: float) -> ElementTree.Element:
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
        _add(case, "skipped", "not applicable to this device", "")
    elif claim.verdict == "inconclusive":
        _add(case, "error", "inconclusive: not every cut point was decided", "")
    elif claim.verdict == "violated" and excuse:
        _add(case, "skipped", excuse, violation_text(claim))
    elif claim.verdict == "violated":
        _add(case, "failure", f"violated ({claim.weakest_fault}): {claim.severity}", violation_text(claim))
    return case


def _proved(claim: ProvedClaimEntry) -> ElementTree.Element:
    case = ElementTree.Element("testcase", name=f"{claim.id} {claim.name}", time=f"{claim.seconds:.3f}")
    if claim.divergence is not None or claim.verdict in ("bounded", "unknown"):
        _add(case, "error", "undecided", proof_text(claim))
    elif claim.verdict == "refuted":
        _add(case, "failure", f"refuted: {claim.severity}", proof_text(claim))
    return case


def _add(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    part = ElementTree.SubElement(case, tag, message=shown(message))
    part.text = shown(text) or None
