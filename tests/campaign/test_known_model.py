"""What lock step remembers changes no result, and hides no wrong board."""

import pickle
from collections.abc import Iterator
from itertools import repeat
from random import Random

import pytest

from otaproof.campaign.fuzz.findings import DIVERGENCE, Findings, RunResult, run
from otaproof.campaign.fuzz.generator import Drawer, Worlds, draw_history, draw_scope
from otaproof.campaign.lockstep import known_model
from otaproof.campaign.lockstep.abstraction import stored_in_bytes
from otaproof.campaign.lockstep.board_view import BoardView
from otaproof.campaign.lockstep.coverage import Coverage, Covered, extent_of, extent_of_model
from otaproof.campaign.lockstep.divergence import OutOfModel
from otaproof.campaign.lockstep.known_model import forget_answers, forget_models
from otaproof.campaign.lockstep.lockstep import Lockstep
from otaproof.impl import bootloader
from otaproof.impl.app.otaupgrade import OtaUpgrade
from otaproof.impl.bootloader import Bootloader
from otaproof.model.config import Config, Release, SkipValidation
from otaproof.model.device.action import Kind
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.search import reachable
from otaproof.model.device.state import Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import State, Stepper
from otaproof.model.fault_model import FaultModel

ONE = Worlds(slots=2, has_factory=True, rollback=True, anti_rollback=False, app_version=Release.V5_5.point)
WORLDS = {
    "any": Worlds(),
    "one": ONE,
    "all allowed": Worlds(allows=frozenset(Allowance) - {Allowance.END_NUMBERS}),
    "ends": Worlds(allows=frozenset({Allowance.END_NUMBERS, Allowance.FAILING_FLASH})),
    "validation skipped": Worlds(skips=frozenset({SkipValidation.ON_POWER_ON})),
}


def results(worlds: Worlds, runs: int = 40) -> list[RunResult]:
    """Return the results of the first runs."""
    return [run(6, index, worlds) for index in range(runs)]


@pytest.mark.parametrize("name", WORLDS)
def test_results_are_those_of_models_that_know_nothing(name: str) -> None:
    """Each step then is compared as if it were the first."""
    known = results(WORLDS[name])
    anew = []
    for index in range(len(known)):
        forget_answers()
        anew.append(run(6, index, WORLDS[name]))
    assert known == anew


def test_results_stay_where_little_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models forget at each run then."""
    known = results(ONE)
    monkeypatch.setattr(known_model, "MOST_KNOWN", 10)
    assert known == results(ONE)


def test_no_more_is_kept_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run begins; what it adds by itself is little."""
    monkeypatch.setattr(known_model, "MOST_KNOWN", 1000)
    forget_models()
    for index in range(0, 400, 25):
        run(1, index, Worlds())
        _, scope = draw_scope(Random(f"otaproof 1 block {index // 25}"), Worlds())
        known_model.known_model(scope)
        assert sum(map(len, known_model._models.values())) <= 1000


WRONG = {
    "nothing is aborted": (Bootloader, "_abort_pending", lambda self, otadata, entries: entries),
    "the fallback goes up only": (bootloader, "fallback_order", range),
    "info() tells what runs of what comes next": (OtaUpgrade, "info", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_board_is_caught_though_the_right_steps_are_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same histories, played on the right board before: what the board does is part of what a step is known by."""
    assert not any(finding.claim_id == DIVERGENCE for result in results(ONE, 100) for finding in result.findings)
    owner, attribute, wrong = WRONG[name]
    right = OtaUpgrade.info
    monkeypatch.setattr(owner, attribute, wrong or _info_of_what_runs(right))
    assert any(finding.claim_id == DIVERGENCE for result in results(ONE, 100) for finding in result.findings)


def _info_of_what_runs(right: object) -> object:
    def info(self: OtaUpgrade) -> object:
        found = right(self)  # type: ignore[operator]  # OtaUpgrade.info
        return type(found)(found.running, found.running, found.slots)

    return info


def moments(index: int, worlds: Worlds) -> Iterator[Lockstep]:
    """Yield a lock step after each of its steps."""
    random = Random(index)
    config, scope = draw_scope(random, worlds)
    lockstep = Lockstep(draw_history(random, config, scope), scope)
    yield lockstep
    try:
        for step in Drawer(random, lockstep).steps():
            lockstep.step(step)
            yield lockstep
    except OutOfModel:
        return


@pytest.mark.parametrize("name", WORLDS)
def test_view_sees_what_the_abstraction_sees(name: str) -> None:
    """Of every moment; what is equal is one object."""
    for index in range(15):
        for lockstep in moments(index, WORLDS[name]):
            moment, scope, places = lockstep.player.moment, lockstep.scope, lockstep.places
            expected = stored_in_bytes(scope, places, moment.cells.sectors, moment.efuse_bits)
            seen = lockstep._stored(moment.cells, moment.efuse_bits)
            fresh = BoardView(scope, places, lockstep.tracker.model).stored(moment.cells, moment.efuse_bits)
            assert expected == seen
            assert seen is fresh is lockstep.tracker.stored


def test_cuts_and_the_rest_are_all_that_can_be_taken() -> None:
    """In every state of a small model."""
    steps = Stepper(device_model(Scope(Config(rollback=True), faults=FaultModel.F1, versions=2)))
    actions = steps.model.actions
    seen = 0
    for state in reachable(steps)[:3000]:
        cuts, rest = steps.part(state, are_cuts=True), steps.part(state, are_cuts=False)
        assert sorted(cuts + rest) == steps.successors(state)
        assert all((actions[number].kind is Kind.CUT) for number, _ in cuts)
        assert not any((actions[number].kind is Kind.CUT) for number, _ in rest)
        seen += len(cuts)
    assert seen > 3000


def test_claims_are_judged_by_what_a_task_can_do_as_by_all_that_a_device_can() -> None:
    """In states of a small model; with the ghosts of every claim."""
    ghosts = frozenset(Ghost)
    config = Config(rollback=True, app_release=Release.V5_5, bootloader_release=Release.V5_5)
    scope = Scope(config, faults=FaultModel.F3, usage=Usage.ANY, versions=2, ghosts=ghosts)
    model = known_model.KnownModel(scope)
    kept = {item.claim.id: item.kept_in(model.stepper.model) for item in model._claims}
    judges = Stepper(model.stepper.model).function(list(kept.values()))
    tasks, broken = set(), set()
    for state in Random(1).sample(sorted(lives(model.stepper, 250)), 1500):
        violated = {id_ for id_, is_kept in zip(kept, judges(state), strict=True) if not is_kept}
        assert model.judged(state).violated == violated
        broken |= violated
        tasks.add(model.known(state).task)
    assert len(broken) > 3
    assert tasks >= {Task.OFF, Task.SELECT, Task.RUN, Task.COMMENCE, Task.SPARE, Task.COMPLETE}


def lives(steps: Stepper, count: int) -> set[State]:
    """Return the states of random lives of a device, of 60 steps each."""
    random, found = Random(2), set()
    for _ in range(count):
        state = steps.initial
        for _ in range(60):
            found.add(state)
            _, state = random.choice(steps.part(state, are_cuts=random.random() < 0.05) or [(0, state)])
    return found


def test_coverage_does_not_depend_on_the_order_of_runs() -> None:
    """And can be sent to another process, in parts that were put together there."""
    found = results(Worlds(), 40)
    forwards, backwards, halves = Findings(), Findings(), Coverage()
    for result in found:
        forwards.add(result)
    for result in reversed(found):
        backwards.add(pickle.loads(pickle.dumps(result)))
    for half in (found[:20], found[20:]):
        part = Findings()
        for result in half:
            part.add(result)
        halves.merge(pickle.loads(pickle.dumps(part.coverage)))
    assert forwards.coverage == backwards.coverage == halves
    assert forwards.coverage.states > len(forwards.coverage.scopes)


def test_coverage_is_of_what_was_taken() -> None:
    """A cut counts for the task that it fell in; nothing is covered that the model has not."""
    taken = set()
    for result in results(ONE, 100):
        for scope, own in result.coverage.scopes.items():
            model = device_model(scope)
            assert own.extent == extent_of_model(model)
            assert all(map(_is_in, own.taken, repeat(model)))
            taken |= own.taken
    assert {Covered("power_on"), Covered("commence"), Covered("cut", "run", "F0")} <= taken
    assert extent_of(taken).cuts > 10


def _is_in(item: Covered, model: DeviceModel) -> bool:
    action = next(action for action in model.actions if action.name == item.action)
    is_cut = action.kind is Kind.CUT
    return is_cut == (item.fault is not None) and item.phase in (
        {task.name.lower() for task in action.tasks} if is_cut else {None}
    )
