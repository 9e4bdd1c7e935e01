"""The two readings of a claim, set against each other: sweeps of the board, and the device model."""

from functools import lru_cache

import pytest

from otaproof.campaign.upgrade.claim_results import claim_results
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import SweepResult, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.model.claims.claims import Verdict
from otaproof.model.config import Release
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.explorer import claims_of, explore, with_ghosts_of
from worlds import small_world

RULES = (Release.V5_1, Release.V5_5, Release.V6_0, Release.V6_1)
"""Releases of the application that the model tells apart."""
BUILDS = [(release, rollback) for release in RULES for rollback in (False, True)]


def swept(release: Release, rollback: bool) -> dict[str, Verdict]:
    """Return what the sweeps of a two-slot device under F1 say of each claim."""
    world = small_world(release, rollback=rollback)
    oracle = FutureOracle(world)
    results: dict[str, SweepResult] = {}
    for scenario in Scenario:
        try:
            setting = play_script(world, script_of(scenario, world))
        except ScriptFailed:
            continue
        first = first_step_of_interest(scenario, world)
        results[scenario.value] = sweep(world, setting, oracle, FaultModel.F1, 0, first)
    return {result.claim.id: result.verdict for result in claim_results(world, results)}


@lru_cache
def refuted(release: Release, rollback: bool, usage: Usage) -> frozenset[str]:
    """Return the claims that the model of the same device refutes."""
    config = small_world(release, rollback=rollback).config
    scope = Scope(config=config, faults=FaultModel.F1, usage=usage)
    claims = claims_of(scope)
    exploration = explore(with_ghosts_of(scope, claims), claims)
    assert exploration.is_complete
    return frozenset(exploration.violations)


@pytest.mark.parametrize(("release", "rollback"), BUILDS, ids=str)
def test_sweeps_and_proofs_agree(release: Release, rollback: bool) -> None:
    """What a sweep breaks, the model refutes; what the model proves, no sweep breaks."""
    verdicts = swept(release, rollback)
    known = refuted(release, rollback, Usage.RESTART_AT_ONCE)
    decided = {claim_id: verdict for claim_id, verdict in verdicts.items() if claim_id != "C9"}
    assert {claim_id for claim_id, verdict in decided.items() if verdict is Verdict.VIOLATED} <= known
    assert {verdict for claim_id, verdict in decided.items() if claim_id not in known} <= {
        Verdict.HOLDS,
        Verdict.NOT_APPLICABLE,
    }


def test_misuse_breaks_all_that_proper_use_breaks() -> None:
    """Calls in any order include those in the documented order."""
    proper = refuted(Release.V5_1, True, Usage.RESTART_AT_ONCE)
    assert proper < refuted(Release.V5_1, True, Usage.ANY)
