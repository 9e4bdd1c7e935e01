"""What `otaproof prove` decides, as JUnit XML: a suite for each configuration, a test for each claim."""

from collections.abc import Sequence
from xml.etree import ElementTree

from ...analysis.proof_runs import ConfigurationProof
from ...analysis.results.prove_result import ProvedClaimEntry, claim_entry
from .junit import add_outcome, junit_document, junit_suite
from .prove_sarif import proof_text


def prove_junit(found: Sequence[ConfigurationProof]) -> bytes:
    """Return an XML document; a claim that is undecided is an error."""
    suites = []
    for configuration in found:
        claims = [claim_entry(row, configuration.scope) for row in configuration.rows]
        seconds = sum(claim.seconds for claim in claims)
        suites.append(junit_suite(f"otaproof prove: {configuration.title}", list(map(_case, claims)), seconds))
    return junit_document(suites)


def _case(claim: ProvedClaimEntry) -> ElementTree.Element:
    case = ElementTree.Element("testcase", name=f"{claim.id} {claim.name}", time=f"{claim.seconds:.3f}")
    if claim.divergence is not None or claim.verdict in ("bounded", "unknown"):
        add_outcome(case, "error", "undecided", proof_text(claim))
    elif claim.verdict == "refuted":
        add_outcome(case, "failure", f"refuted: {claim.severity}", proof_text(claim))
    elif claim.possibly_vacuous:
        ElementTree.SubElement(case, "system-out").text = claim.method
    return case
