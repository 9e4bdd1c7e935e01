"""The corpus of a campaign: which histories are kept, and what runs make of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from otaproof.campaign.fuzz import corpus as corpus_module
from otaproof.campaign.fuzz import mutation
from otaproof.campaign.fuzz.corpus import Corpus, Kept
from otaproof.campaign.fuzz.findings import BLOCK, DIVERGENCE, scope_of_block
from otaproof.campaign.fuzz.generator import Worlds, draw_history
from otaproof.campaign.fuzz.mutation import CutIs, MutantDrawer, PlannedStep, Script, changed
from otaproof.campaign.history.history import upgrade
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.step import ACCEPT, COMMENCE, POWER_ON, Step, StepCut, StepName
from otaproof.campaign.ledger import lane_dealing
from otaproof.campaign.ledger import ledger as ledger_file
from otaproof.campaign.ledger.campaign_plan import CampaignPlan
from otaproof.campaign.ledger.lane_dealing import CampaignRun
from otaproof.campaign.ledger.lane_work import LaneWork, play_lane
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.campaign.lockstep.lockstep import Lockstep
from otaproof.campaign.workers import executor_of
from otaproof.impl.chip.torn_operations import AFTER, Torn
from otaproof.model.config import Release, ResetReason, Selector
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel

WORLDS = Worlds(slots=2, has_factory=False, rollback=True, anti_rollback=False, app_version=Release.V5_1.point)
PLAN = CampaignPlan(3, WORLDS, lanes=1)


@contextmanager
def played(path: Path) -> Iterator[Ledger]:
    """Give the file of a campaign of four blocks."""
    with Ledger.create(path, PLAN, 4 * BLOCK) as ledger, executor_of(1) as executor:
        CampaignRun(ledger, 1).run(executor)
        yield ledger


@pytest.mark.parametrize(
    "worlds",
    [
        Worlds(),
        Worlds(usage=Usage.DOCUMENTED),
        Worlds(usage=Usage.RESTART_AT_ONCE),
        Worlds(selector=Selector.BY_TURNS),
        Worlds(faults=FaultModel.F5),
        Worlds(allows=frozenset({Allowance.FAILING_FLASH, Allowance.OTHER_WRITERS})),
    ],
    ids=["any", "documented", "restart-at-once", "by-turns", "F5", "failing flash"],
)
def test_changed_histories_can_be_played(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Board and model agree on them, also where a history was kept on another kind of device."""
    monkeypatch.setattr(mutation, "SHARE", 0.9)
    result = play_lane(LaneWork(CampaignPlan(5, worlds, lanes=1), 0, 0, 4))
    assert result.mutated > 2 * BLOCK and result.cuts
    assert DIVERGENCE not in {found.claim_id for found in result.found}


def test_a_kept_history_ends_where_it_brings_something_new() -> None:
    """Played again it comes through what it was kept for; without its last step not through all of that."""
    kept = play_lane(LaneWork(PLAN, 0, 0, 2)).kept
    assert kept
    for item in kept:
        history = decode_history_token(item.token).history
        scope = scope_of_block(PLAN.seed, item.run // BLOCK, WORLDS)[1]
        run = Lockstep(replace(history, steps=()), scope)
        points: list[set[str]] = []
        for step in history.steps:
            run.step(step)
            points.append({str(found) for found in run.tracker.covered})
        of_model = {point for point in item.points if not point.startswith("cut in ")}
        assert of_model <= points[-1]
        if of_model and len(points) > 1 and len(of_model) == len(item.points):
            assert not of_model <= points[-2]


def test_what_few_runs_came_through_is_taken_more_often() -> None:
    """And nothing is ruled out."""
    steps = (Step(StepName.RESET),), (Step(StepName.RESET), COMMENCE)
    first = play_lane(LaneWork(PLAN, 0, 0, 1)).kept[0]
    history = decode_history_token(first.token).history
    tokens = [corpus_module.token_of(replace(history, steps=taken)) for taken in steps]
    kept = Kept(1, ("often",), tokens[0]), Kept(2, ("seldom", "often"), tokens[1])
    corpus = Corpus(kept, {"often": 99, "seldom": 9})
    drawn = Counter(map(len, corpus.draw(Random(1), 1100)))
    assert 800 < drawn[2] < 1100 and 30 < drawn[1]


def test_a_lane_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever its work is cut in pieces."""
    for module in (corpus_module, ledger_file):
        monkeypatch.setattr(module, "MOST_KEPT", 5)
    prints, kept = [], []
    for span in (1, 3):
        monkeypatch.setattr(lane_dealing, "SPAN", span)
        with played(tmp_path / f"{span}.db") as ledger:
            prints.append(ledger.fingerprint())
            kept.append(ledger.kept_in(0))
    assert prints[0] == prints[1] and kept[0] == kept[1]
    added = play_lane(LaneWork(PLAN, 0, 0, 4)).kept
    assert 5 < len(added) and added[-5:] == kept[0]


def test_what_mutation_added_is_counted(tmp_path: Path) -> None:
    """Run by run, as often as the ledger says."""
    with played(tmp_path / "told.db") as ledger:
        told = ledger.mutation()
    result = play_lane(LaneWork(PLAN, 0, 0, 4))
    only = [mutated == runs for runs, _, mutated in result.covered.values()]
    drawn = [not mutated for _, _, mutated in result.covered.values()]
    assert (result.mutated, len(result.kept), sum(only), sum(drawn)) == (
        told.runs,
        told.kept,
        told.points,
        told.points_of_drawn,
    )
    assert told.kinds == sum(found.mutated == found.runs for found in result.found)
    assert told.points and told.runs < 4 * BLOCK


def test_draw_that_is_not_steered_keeps_nothing() -> None:
    """It is the draw of otaproof fuzz."""
    result = play_lane(LaneWork(replace(PLAN, is_steered=False), 0, 0, 2))
    assert ((), 0) == (result.kept, result.mutated)


PARENT = (POWER_ON, ACCEPT, replace(COMMENCE, cut=StepCut(0, AFTER)), POWER_ON, *upgrade(1))


def test_kinds_of_changes() -> None:
    """All that is told of in decision 56 comes about."""
    scripts = [changed(Random(seed), PARENT, (POWER_ON, *upgrade(2))) for seed in range(400)]
    plans = [PlannedStep(step) for step in PARENT]
    assert plans in scripts
    assert [*plans[:2], replace(plans[2], cut=CutIs.TORN)] in scripts
    assert any(script == plans[: len(script)] for script in scripts if len(script) < len(plans))
    assert any(len(script) > len(plans) for script in scripts)
    assert any(planned.step is None for script in scripts for planned in script)
    assert any(planned.step == upgrade(2)[1] for script in scripts for planned in script)
    cuts = {planned.cut for script in scripts for planned in script}
    assert set(CutIs) == cuts


def steps_of(script: Script, seed: int = 3) -> list[Step]:
    """Play a run that begins from a changed history, and return its steps."""
    random = Random(seed)
    config, scope = scope_of_block(seed, 0, WORLDS)
    run = Lockstep(draw_history(random, config, scope), scope)
    steps = []
    for step in MutantDrawer(random, run, script=list(script)).steps():
        steps.append(step)
        run.step(step)
    return steps


def test_steps_are_fitted_to_the_device() -> None:
    """A call waits for the power; a cut falls in an operation that there is; what no device has here is left out."""
    script = [
        PlannedStep(COMMENCE),
        PlannedStep(Step(StepName.SET_BOOT, label="ota_7")),
        PlannedStep(Step(StepName.SET_BOOT, label="factory")),
        PlannedStep(Step(StepName.RESUME, offset=100)),
        PlannedStep(replace(POWER_ON, reason=ResetReason.POWER_ON)),
        PlannedStep(replace(COMMENCE, cut=StepCut(99, AFTER))),
        PlannedStep(Step(StepName.BLANK_OTADATA)),
        PlannedStep(replace(POWER_ON, reason=ResetReason.PANIC)),
        PlannedStep(replace(COMMENCE, cut=StepCut(0, Torn.parse("prefix:3")))),
    ]
    found = steps_of(script)
    first, second, third, fourth, fifth, sixth = found[:6]
    assert (POWER_ON, COMMENCE) == (first, second)
    assert (StepName.RESET, ResetReason.SOFTWARE) == (third.name, third.reason)
    assert fourth.name is StepName.COMMENCE and fourth.cut is not None and fourth.cut.op < 99
    assert POWER_ON == replace(fifth, cut=None)
    assert sixth.name is StepName.COMMENCE or fifth.cut is not None
    assert not {StepName.BLANK_OTADATA, StepName.RESUME} & {step.name for step in found[:6]}


def test_upgrade_that_a_history_ends_in_goes_on() -> None:
    """What is drawn behind it writes the rest of the image and marks it, more often than not."""
    begun = [PlannedStep(step) for step in (POWER_ON, *upgrade(1)[:2])]
    ends = [steps_of(begun, seed)[3:5] for seed in range(20)]
    rest = upgrade(1)[2]
    assert 10 < sum(end[:1] == [rest] for end in ends)
    assert any(step.name is StepName.COMPLETE for end in ends for step in end)
