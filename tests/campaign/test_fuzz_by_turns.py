"""Random histories of boards that keep otadata by turns: the device model follows each operation, claims are judged."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from otaproof.campaign.fuzz import mutation
from otaproof.campaign.fuzz.findings import BLOCK, DIVERGENCE, Finding, run, runs
from otaproof.campaign.fuzz.fuzz_driver import run_for
from otaproof.campaign.fuzz.generator import Worlds, draw_scope
from otaproof.campaign.fuzz.shrink import shrunk
from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import COMMENCE, POWER_ON, Step, StepCut
from otaproof.campaign.ledger.campaign_plan import CampaignPlan
from otaproof.campaign.ledger.lane_work import LaneWork, play_lane
from otaproof.campaign.lockstep.replayed_divergence import divergence_in
from otaproof.cli.main import main
from otaproof.impl.by_turns import turn_bootloader, turn_ota
from otaproof.impl.by_turns.turn_bootloader import TurnBootloader
from otaproof.impl.by_turns.turn_ota import TurnOta
from otaproof.impl.by_turns.turn_record import TurnKind, TurnState, encode_record
from otaproof.impl.chip.torn_operations import BEFORE
from otaproof.model.config import Config, Selector
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel

WORLDS = Worlds(selector=Selector.BY_TURNS)
PLAIN = replace(WORLDS, slots=2, has_factory=False, rollback=True, anti_rollback=False)
REFUTED = {
    Usage.RESTART_AT_ONCE: {"C15", "C25"},
    Usage.DOCUMENTED: {"C7", "C15", "C21", "C25"},
    Usage.ANY: {"C7", "C15", "C21", "C22", "C25"},
}
"""What docs/spec/by-turns.md names, by usage."""
OF_SLEEP = {"C4", "C17", "C23"}
"""The same, where a wake-up starts what ran."""


def is_named(finding: Finding) -> bool:
    """Tell whether the page names the claim as refuted on such a device."""
    scope = finding.scope
    named = REFUTED[scope.usage]
    if scope.config.skip_validate_in_deep_sleep:
        named = named | OF_SLEEP
    return finding.claim_id in named


@pytest.mark.parametrize("usage", Usage, ids=lambda usage: usage.value)
@pytest.mark.parametrize("faults", [FaultModel.F0, FaultModel.F3], ids=lambda faults: faults.name)
def test_nothing_is_found_but_what_the_page_names(usage: Usage, faults: FaultModel) -> None:
    """Board and model agree after every operation, and no other claim is broken."""
    steps = 0
    for result in runs(21, range(4 * BLOCK), replace(WORLDS, usage=usage, faults=faults)):
        steps += result.steps
        assert [] == [finding for finding in result.findings if not is_named(finding)]
    assert steps > 1500


@pytest.mark.parametrize("usage", Usage, ids=lambda usage: usage.value)
def test_changed_histories_find_nothing_else(usage: Usage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kept history is changed into is a use of the device as it was drawn."""
    monkeypatch.setattr(mutation, "SHARE", 0.9)
    result = play_lane(LaneWork(CampaignPlan(21, replace(WORLDS, usage=usage), lanes=1), 0, 0, 4))
    assert result.mutated and {found.claim_id for found in result.found} <= REFUTED[usage] | OF_SLEEP


def writes_other_number(turn: Any, state: TurnState, slot_count: int) -> bytes:
    """Return a record whose number is above the next one that names the slot."""
    above = 0 if turn is None else turn.seq
    return encode_record(above + 1 + 2 * slot_count, state)


BROKEN_BOARDS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "note of a try is not written": (TurnBootloader, "_update", lambda self, state, turn, after: turn),
    "number of a call is too high": (turn_ota, "next_record", writes_other_number),
    "number of a note is too high": (turn_bootloader, "next_record", writes_other_number),
    "a session leaves its slot in the state": (TurnOta, "_give_up", lambda self, target: None),
    "what is on trial is told valid": (TurnOta, "_is_on_trial", lambda self, state: state.kind is TurnKind.NEW),
}


@pytest.mark.parametrize("name", BROKEN_BOARDS)
def test_wrong_board_diverges(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model does not follow it, and a replay of the shrunk history shows the same."""
    owner, attribute, wrong = BROKEN_BOARDS[name]
    monkeypatch.setattr(owner, attribute, wrong)
    found = (finding for index in range(400) for finding in run(3, index, PLAIN).findings)
    finding = next(finding for finding in found if finding.claim_id == DIVERGENCE)
    assert divergence_in(shrunk(finding).history) is not None


@pytest.mark.parametrize("faults", [FaultModel.F4, FaultModel.F5], ids=lambda faults: faults.name)
def test_what_the_model_has_not_is_played_on_the_board_alone(faults: FaultModel) -> None:
    """The shrunk history breaks its claim when it is replayed."""
    worlds = replace(PLAIN, faults=faults, usage=Usage.RESTART_AT_ONCE)
    play = run_for(worlds)
    found = (finding for index in range(400) for finding in play(1, index, worlds).findings)
    finding = next(finding for finding in found if finding.claim_id == "C24")
    assert replay_history(shrunk(finding).history).breaks("C24") is not None
    assert "C4" not in {finding.claim_id for finding in play(1, 0, worlds).findings}


def claims_broken(has_factory: bool, *steps: Step) -> set[str]:
    """Return the claims that a history breaks on the board, in any of its steps."""
    home = "factory" if has_factory else "ota_0"
    device = SmallDevice(Config(rollback=True, selector=Selector.BY_TURNS), (0, 1), has_factory, ((home, 0),))
    monitor = ClaimMonitor(Player(History(device, (SmallImage(1), SmallImage(2)), steps).dut))
    return {broken.claim_id for step in steps for broken in monitor.play(step)[1]}


def test_slot_after_factory_raises_the_number_by_no_more_than_a_round() -> None:
    """C12 counts from the number of the record that decides, which here selects factory."""
    assert set() == claims_broken(True, POWER_ON, *upgrade(1))


def test_session_over_a_marked_image_breaks_c7_and_c21_alone() -> None:
    """commence() marks nothing, and takes the mark back: the choice is not as it was, and no third one."""
    cut = replace(COMMENCE, cut=StepCut(5, BEFORE))
    assert {"C7", "C21"} == claims_broken(False, POWER_ON, *upgrade(1, argument=None), cut, POWER_ON)


def test_plan_tells_the_selector_and_is_written_as_before_without_one() -> None:
    """So an older campaign file has the same digest."""
    plan = CampaignPlan(3, WORLDS)
    assert plan == CampaignPlan.from_json(plan.to_json())
    assert "selector" not in json.loads(CampaignPlan(3, Worlds()).to_json())["worlds"]
    assert draw_scope(Random(0), plan.worlds)[1].is_by_turns


def test_command_finds_c21_on_such_boards_and_its_token_plays(capsys: pytest.CaptureFixture[str]) -> None:
    """As documented, complete() without a restart: the token is of a board by turns."""
    options = ["--selector", "by-turns", "--usage", "documented", "--rollback", "--slots", "2", "--no-anti-rollback"]
    assert 1 == main(["fuzz", "--seed", "1", "--runs", "300", "--no-factory", *options, "--json"])
    result = json.loads(capsys.readouterr().out)
    (finding,) = [finding for finding in result["findings"] if finding["claim"] == "C21"][:1]
    assert finding["confirmed"]
    assert "by-turns" == finding["device"]["selector"]
    assert 1 == main(["replay", finding["token"]])
    assert "the board confirms C21\n" in capsys.readouterr().out


def test_remedy_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """This selector has none."""
    options = ["--selector", "by-turns", "--remedy", "commence-if-selected", "--usage", "documented"]
    assert 2 == main(["fuzz", *options])
    assert (
        "--remedy: by-turns is modelled without remedies: it asks none of the application\n" in capsys.readouterr().err
    )
