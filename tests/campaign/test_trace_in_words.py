"""Traces of the device model in sentences, and the sentence for what breaks at their end."""

from functools import lru_cache

import pytest
from model_traces import first_takes

from otaproof.campaign.explain.trace_in_words import tell_trace
from otaproof.campaign.explain.violation_in_words import VIOLATIONS, tell_violation
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Config, SkipValidation
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.search import Trace
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import explore_in_python


@lru_cache(maxsize=32)
def found(claim_id: str, rollback: bool, faults: FaultModel) -> tuple[Scope, Trace]:
    """Return a scope and a shortest trace to a state of it that breaks a claim, in any usage of 5.1."""
    item = next(item for item in DEVICE_CLAIMS if item.claim.id == claim_id)
    scope = Scope(Config(rollback=rollback), usage=Usage.ANY, faults=faults, ghosts=item.ghosts)
    return scope, explore_in_python(scope, [item]).violations[claim_id]


@pytest.mark.drift
def test_every_claim_has_a_sentence() -> None:
    """A claim without one could not be told."""
    assert [claim.id for claim in CLAIMS] == list(VIOLATIONS)


@pytest.mark.parametrize(
    ("claim_id", "rollback", "faults", "sentence"),
    [
        ("C2", True, FaultModel.F0, "the next reset starts ota_1, whose image complete() never verified"),
        ("C4", True, FaultModel.F0, "the next power-on starts ota_0, not ota_1, which complete() has marked"),
        ("C5", True, FaultModel.F0, "the next reset starts ota_1, not ota_0, which was accepted"),
        ("C6", True, FaultModel.F0, "rollback() then starts ota_0 again, which rollback() has refused"),
        (
            "C7",
            False,
            FaultModel.F0,
            "the next power-on starts ota_0; it would have been ota_1 before the call that was cut and after it",
        ),
        ("C10", True, FaultModel.F0, "info() says that ota_1 is next, and the next power-on starts ota_0"),
        ("C13", True, FaultModel.F0, "info() calls ota_1 valid, which never called accept() while under test"),
        ("C15", True, FaultModel.F0, "ota_1 runs, and neither commence() nor accept() is possible"),
    ],
)
def test_sentence_says_what_breaks(claim_id: str, rollback: bool, faults: FaultModel, sentence: str) -> None:
    """At the end of a shortest trace."""
    scope, trace = found(claim_id, rollback, faults)
    assert sentence == tell_violation(scope, claim_id, trace.states)


def test_labels_of_a_table_take_the_place_of_ota_0_and_ota_1() -> None:
    """In the steps and in what breaks."""
    scope, trace = found("C2", True, FaultModel.F0)
    told = (*tell_trace(scope, trace.actions, ("app0", "app1")), tell_violation(scope, "C2", trace.states, ("a", "b")))
    assert "app0 starts at power-on" in told[0]
    assert "ota_" not in " ".join(told)


SKIPPING = Config().skipping(frozenset({SkipValidation.ALWAYS}))
DEVICES = {
    "any use": Scope(Config(rollback=True), faults=FaultModel.F1, usage=Usage.ANY),
    "strays": Scope(Config(rollback=True), faults=FaultModel.F3),
    "anti-rollback": Scope(Config(rollback=True, anti_rollback=True), faults=FaultModel.F1, versions=2),
    "without validation": Scope(SKIPPING, faults=FaultModel.F2),
    **{
        allowance.name: Scope(Config(rollback=True), faults=FaultModel.F2, allows=frozenset({allowance}))
        for allowance in Allowance
    },
}


@pytest.mark.parametrize("name", DEVICES)
def test_every_action_is_told_in_words(name: str) -> None:
    """At the end of a shortest trace to it; no action goes by its name."""
    scope = DEVICES[name]
    for action, trace in first_takes(scope).items():
        words = " ".join(tell_trace(scope, trace)).split()
        assert action not in words, trace
