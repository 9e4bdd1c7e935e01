"""A campaign that never met the premise of a claim says so, and fails where it could have met it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from otaproof.analysis import untried_claims as module
from otaproof.analysis.results.campaign_result import CampaignState, campaign_result
from otaproof.analysis.untried_claims import UntriedClaim, untried_claims
from otaproof.campaign.fuzz.findings import BLOCK, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.ledger.campaign_plan import ALL, CampaignPlan, Shard
from otaproof.campaign.ledger.lane_dealing import CampaignRun
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.campaign.lockstep.known_model import known_model
from otaproof.campaign.workers import executor_of
from otaproof.model.claims.premises import PREMISES
from otaproof.model.fault_model import FaultModel

WORLDS = Worlds(slots=2, rollback=False)
PLAN = CampaignPlan(11, WORLDS)


@contextmanager
def played(path: Path, plan: CampaignPlan = PLAN, shard: Shard = ALL) -> Iterator[Ledger]:
    """Give the file of a campaign of one block."""
    with Ledger.create(path, plan, BLOCK, shard) as ledger, executor_of(1) as executor:
        CampaignRun(ledger, 1).run(executor)
        yield ledger


def test_claims_that_no_run_tried_are_told(tmp_path: Path) -> None:
    """C14 takes a torn record and a torso; C16 has nothing to say without rollback, as no boot writes a record then."""
    with played(tmp_path / "small.db") as ledger:
        untried = {found.claim_id: found.depth for found in untried_claims(ledger)}
        covered = ledger.covered()
    assert untried["C14"] is not None and untried["C16"] is None
    assert not any(f"premise of {claim_id}" in covered for claim_id in untried)
    assert "premise of C2" in covered


@pytest.mark.parametrize(
    ("plan", "shard"), [(PLAN, Shard(1, 2)), (replace(PLAN, worlds=replace(WORLDS, faults=FaultModel.F4)), ALL)]
)
def test_a_part_and_what_no_model_follows_say_nothing(plan: CampaignPlan, shard: Shard, tmp_path: Path) -> None:
    """What one shard has not tried another may have; above F3 nobody knows."""
    with played(tmp_path / "part.db", plan, shard) as ledger:
        assert [] == list(untried_claims(ledger))


def test_campaign_that_goes_on_says_nothing(tmp_path: Path) -> None:
    """Its other runs may still try the claim."""
    with Ledger.create(tmp_path / "begun.db", PLAN, BLOCK, ALL) as ledger:
        assert [] == list(untried_claims(ledger))


def test_claim_that_is_violated_was_tried(tmp_path: Path) -> None:
    """C15 is violated as soon as the only slot runs, which meets no premise of it."""
    with played(tmp_path / "lone.db", CampaignPlan(11, Worlds(slots=1, has_factory=False))) as ledger:
        assert "C15" in ledger.claims_found() and "premise of C15" not in ledger.covered()
        assert "C15" not in {found.claim_id for found in untried_claims(ledger)}


@pytest.mark.parametrize(("depth", "fails"), [(4, True), (None, False)])
def test_claim_that_could_have_been_tried_fails_a_campaign(
    depth: int | None, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nothing on these devices puts at risk does not."""
    with Ledger.create(tmp_path / "begun.db", PLAN, BLOCK, ALL) as ledger:
        monkeypatch.setattr(
            "otaproof.analysis.results.campaign_result.untried_claims", lambda ledger: [UntriedClaim("C14", depth)]
        )
        result: CampaignState = campaign_result(ledger, "status")
    assert (fails, depth) == (result.fails, result.untried[0].depth)


def test_search_is_asked_about_few_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The depth is the least that is found."""
    depths = iter([None, 7, 5])
    asked: list[str] = []

    def depth_of(scope: object, claim_id: str) -> int | None:
        asked.append(claim_id)
        return next(depths, None)

    monkeypatch.setattr(module, "premise_depth", depth_of)
    plan = replace(PLAN, lanes=1)
    monkeypatch.setattr(Ledger, "blocks", lambda self: {0: 3})
    with Ledger.create(tmp_path / "three.db", plan, 3 * BLOCK, ALL) as ledger:
        found = list(untried_claims(ledger))
    assert 5 == found[0].depth
    assert asked.count(found[0].claim_id) <= module._MOST_ASKED


def test_premises_that_are_noted_are_those_of_the_states() -> None:
    """What is told at once of all claims is what each premise says by itself."""
    result = run(2, 0, WORLDS)
    ((scope, own),) = result.coverage.scopes.items()
    model = known_model(scope)
    noted = {item.action for item in own.taken if item.is_premise}
    met = set()
    for state in [*model._states]:
        told = {item.action for item in model.known(state).judged.met}
        for claim_id in model._ids:
            term = PREMISES[claim_id][0](scope, model.stepper.model.device)
            assert bool(model.stepper.value(term, state)) is (claim_id in told)
        met |= told
    assert noted and noted <= met
