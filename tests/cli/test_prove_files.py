"""`otaproof prove` for code hosts and build servers: SARIF, JUnit XML, and what stands for an undecided claim."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sarif_schema import SCHEMA

from otaproof.analysis.proof_runs import ConfigurationProof, decide_configuration
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.cli.reports.claim_rule import claim_rule
from otaproof.cli.reports.prove_junit import prove_junit
from otaproof.cli.reports.prove_sarif import prove_sarif
from otaproof.model.claims.claims import CLAIMS, claim
from otaproof.model.config import Config
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.prover.decision import Effort, ProofVerdict
from otaproof.proofs.smt.verification_condition import Solver

ASKED = frozenset({"C3", "C4", "C17"})


@pytest.fixture(scope="module")
def found() -> ConfigurationProof:
    """C3 is proved, C4 and C17 are refuted."""
    scope = Scope(config=Config(rollback=True), slots=2, faults=FaultModel.F1, usage=Usage.DOCUMENTED)
    return decide_configuration(scope, ASKED, Effort(solvers=(Solver.Z3,), checks_vacuity=False))


def undecided(found: ConfigurationProof, verdict: ProofVerdict) -> ConfigurationProof:
    """Return the same with C3 undecided."""
    first, *others = found.rows
    return replace(found, rows=(replace(first, decision=replace(first.decision, verdict=verdict)), *others))


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of the only run."""
    (run,) = log["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


def test_sarif_has_a_result_for_each_refuted_claim(found: ConfigurationProof) -> None:
    """As OASIS's schema has it, at the claim's rule, with the device and the token."""
    log = prove_sarif([found])
    SCHEMA.validate(log)
    assert ["C4", "C17"] == [result["ruleId"] for result in results(log)]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    for result in results(log):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert ("fail", "error") == (result["kind"], result["level"])
        assert "otaproof replay oth1." in result["message"]["text"]
        (place,) = result["locations"]
        assert found.title == place["logicalLocations"][0]["fullyQualifiedName"]
        assert found.title in result["message"]["text"]


@pytest.mark.parametrize("verdict", [ProofVerdict.BOUNDED, ProofVerdict.UNKNOWN])
def test_undecided_claim_is_neither_passed_nor_failed(found: ConfigurationProof, verdict: ProofVerdict) -> None:
    """An open result (SARIF 2.1.0, 3.27.9), and an error of JUnit."""
    log = prove_sarif([undecided(found, verdict)])
    SCHEMA.validate(log)
    first = results(log)[0]
    assert ("C3", "open", "none") == (first["ruleId"], first["kind"], first["level"])
    suite = ElementTree.fromstring(prove_junit([undecided(found, verdict)]))[0]
    assert ["error"] == [part.tag for part in suite[0]]
    assert ("1", "2") == (suite.attrib["errors"], suite.attrib["failures"])


def test_fingerprint_tells_devices_apart(found: ConfigurationProof) -> None:
    """One claim of two configurations is two findings."""
    log = prove_sarif([found, replace(found, title="another")])
    prints = {result["partialFingerprints"]["otaproofFinding/v1"] for result in results(log)}
    assert len(results(log)) == len(prints)


def test_junit_has_a_suite_for_each_configuration(found: ConfigurationProof) -> None:
    """With a test for each claim that was asked."""
    root = ElementTree.fromstring(prove_junit([found, found]))
    assert [f"otaproof prove: {found.title}"] * 2 == [suite.attrib["name"] for suite in root]
    for suite in root:
        failed = {case.attrib["name"].split()[0]: [part.tag for part in case] for case in suite}
        assert {"C3": [], "C4": ["failure"], "C17": ["failure"]} == failed
        assert ("3", "2", "0") == tuple(suite.attrib[name] for name in ("tests", "failures", "errors"))


@pytest.mark.parametrize("told", CLAIMS, ids=lambda told: told.id)
def test_help_of_a_rule_is_what_claim_prints(
    told: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentence is the short description."""
    monkeypatch.setenv("COLUMNS", "100")
    assert ExitCode.HOLDS == main(["claim", told.id])
    rule = claim_rule(claim(told.id))
    assert capsys.readouterr().out == rule["help"]["text"]
    assert told.title == rule["shortDescription"]["text"]
    assert f"```text\n{rule['help']['text']}```\n" == rule["help"]["markdown"]


def test_command_writes_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever comes of it; the project in the current directory is where code hosts show it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sdkconfig").write_text("")
    files = ("--sarif", "out.sarif", "--junit", "out.xml")
    asked = ("--claim", "C17", "--usage", "documented", "--solver", "z3")
    assert ExitCode.VIOLATED == main(["prove", *asked, *files])
    assert "C17 marked_image_starts: refuted" in capsys.readouterr().out
    log = json.loads((tmp_path / "out.sarif").read_text())
    (result,) = results(log)
    assert "sdkconfig" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert 1 == len(ElementTree.parse(tmp_path / "out.xml").findall(".//failure"))
