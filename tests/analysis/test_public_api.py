"""`otaproof.analysis`: functions that return the results of the commands."""

import ast
import subprocess
import sys

import pytest

from otaproof import analysis
from otaproof.analysis import public_api
from otaproof.impl.app import otaupgrade
from otaproof.model.call_names import CALL_FUNCTIONS, CALLS_TEXT
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from places import ROOT

PROPER = Scope(Config(rollback=True), faults=FaultModel.F0, usage=Usage.RESTART_AT_ONCE)


def test_proof_is_a_value_with_a_trace_in_sentences() -> None:
    """C4 of the documented use: refuted, in sentences and as a token."""
    (claim,) = analysis.prove(PROPER, ["C4"]).claims
    broken_by = "the next power-on starts ota_0, not ota_1, which complete() has marked"
    assert ("refuted", broken_by) == (claim.verdict, claim.broken_by)
    assert "ota_0 starts at power-on, and the bootloader writes its entry, VALID" == claim.sentences[0]
    assert claim.token is not None and claim.token.startswith("oth1.")


def test_releases_are_compared() -> None:
    """commence() erases the other entry from 5.5 on."""
    newer = Scope(
        Config(rollback=True, app_release=Release.V5_5, bootloader_release=Release.V5_5), usage=Usage.RESTART_AT_ONCE
    )
    older = Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE)
    found = analysis.diff(older, newer, ("5.1", "5.5"), claims="none")
    assert ["5.1", "5.5"] == [found.left.name, found.right.name]
    assert any("commence()" in behaviour.title for behaviour in found.behaviours)


def test_outcomes_are_by_usage_call_and_fault_model() -> None:
    """In documented use without torn bytes, every cut is safe."""
    found = analysis.outcomes(PROPER, [Usage.RESTART_AT_ONCE])
    assert {"restart-at-once"} == found.usages.keys()
    assert ("same", "old", "new") == found.usages["restart-at-once"]["complete"]["F0"].outcomes


def test_every_name_of_the_api_is_there_and_described() -> None:
    """And no other is."""
    for name in analysis.__all__:
        assert getattr(analysis, name) is getattr(public_api, name)
        assert getattr(analysis, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'verify'"):
        _ = analysis.verify


def test_package_is_imported_without_the_solvers() -> None:
    """Until a function that needs them is asked for."""
    code = "import sys, otaproof.analysis, otaproof.analysis.results.result_parts; print('z3' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False\n" == ended.stdout


def test_calls_are_named_with_the_functions_that_the_module_calls() -> None:
    """Each function in the table is called by that call of otaupgrade, which also looks up the partition it goes to."""
    source = (ROOT / "impl/app/otaupgrade.py").read_text(encoding="utf-8")
    methods = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
    assert otaupgrade.__doc__ and all(name in CALLS_TEXT for name in CALL_FUNCTIONS)
    for name, functions in CALL_FUNCTIONS.items():
        parts = ("info", "_slot_info") if name == "info" else (name,)
        called = {node.attr for part in parts for node in ast.walk(methods[part]) if isinstance(node, ast.Attribute)}
        assert set(functions) <= called, name
