"""F4 and F5 on the board: in histories, in sweeps and at random; and what notices a board that ignores them."""

from dataclasses import replace

import pytest

from otaproof.campaign.fuzz.board_runs import run_on_board
from otaproof.campaign.fuzz.findings import RunResult
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.fuzz.shrink import shrunk
from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import is_confirmed, replay_history, token_of
from otaproof.campaign.history.history_token import decode_history_token, encode_history_token
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import ACCEPT, POWER_ON, Step, StepCut, StepFailure
from otaproof.campaign.upgrade.brute_force import disagreements
from otaproof.campaign.upgrade.claim_results import claim_results
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import SweepResult, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import CutPoint, decode_token, encode_token, make_token
from otaproof.impl.chip.flash import FailureExtent
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.chip.undecided_cells import UndecidedCells
from otaproof.impl.chip.undecided_flash import UndecidedFlash
from otaproof.model.config import Config
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from worlds import small_world

DEVICE = History(SmallDevice(Config(rollback=True)), (SmallImage(1), SmallImage(2)))
F4_FUZZ = Worlds(rollback=True, faults=FaultModel.F4, usage=Usage.RESTART_AT_ONCE)


def cut_in_complete(text: str) -> tuple[Step, ...]:
    """Return the steps of a device up to a cut in the program of the new record."""
    *earlier, complete = upgrade(1)
    return (POWER_ON, *earlier, replace(complete, cut=StepCut(1, Torn.parse(text))))


def swept(scenario: Scenario, faults: FaultModel) -> SweepResult:
    """Return the sweep of a scenario of a small device with rollback."""
    world = small_world(rollback=True)
    run = play_script(world, script_of(scenario, world))
    return sweep(world, run, FutureOracle(world), faults, 0, first_step_of_interest(scenario, world))


def weakest(faults: FaultModel) -> dict[str, FaultModel]:
    """Return the weakest fault model of each claim that the plain upgrade of a small device violates."""
    found = claim_results(small_world(rollback=True), {"upgrade": swept(Scenario.UPGRADE, faults)})
    return {result.claim.id: result.shortest.weakest_fault for result in found if result.shortest is not None}


def test_bootloader_and_application_can_read_another_record() -> None:
    """The bootloader finds the new record, which starts the new image; info() then finds none of it."""
    history = DEVICE.then(*cut_in_complete("unstable:0.1"), POWER_ON)
    player = Player(history.dut)
    for step in history.steps[:-1]:
        player.play(step)
    moment = player.moment
    assert isinstance(moment.cells, UndecidedCells)
    entries = [history.dut.entries(cells) for cells in (moment.cells, moment.cells.after_reading(0xE000, 32))]
    assert entries[0] != entries[1]
    assert "ota_1" == player.play(POWER_ON).running


@pytest.mark.parametrize("text", ["unstable:0.1", "unstable:0.170", "unstable:0.701", "disturb:0.3"])
def test_a_token_replays_every_reading(text: str) -> None:
    """What a history with undecided bits comes to follows from its token alone."""
    history = DEVICE.then(*cut_in_complete(text), POWER_ON, ACCEPT, POWER_ON, POWER_ON)
    token = decode_history_token(encode_history_token(token_of(history, "")))
    played = replay_history(token.history)
    assert history == token.history
    assert is_confirmed(token, played, None)
    assert replay_history(history).cells == played.cells


def test_the_monitor_does_not_change_what_the_device_reads() -> None:
    """A history comes to the same whether anybody looks at its claims or not."""
    steps = (*cut_in_complete("unstable:0.170"), POWER_ON, ACCEPT, POWER_ON, POWER_ON, POWER_ON)
    alone, watched = Player(DEVICE.dut), Player(DEVICE.dut)
    monitor = ClaimMonitor(watched)
    for step in steps:
        assert alone.play(step).moments == monitor.play(step)[0].moments


def test_operations_that_lie_are_kept_in_tokens() -> None:
    """accept() returns, and its record is not there."""
    lie = replace(ACCEPT, failures=(StepFailure(1, FailureExtent.NONE, is_silent=True),))
    history = DEVICE.then(POWER_ON, *upgrade(1), POWER_ON, lie, POWER_ON)
    token = decode_history_token(encode_history_token(token_of(history, "C5")))
    played = replay_history(token.history)
    assert history == token.history
    assert "ota_0" == played.running
    assert played.breaks("C5") is not None
    assert FaultModel.F5 is history.weakest_model


@pytest.mark.parametrize("done", [FailureExtent.NONE, FailureExtent.HALF])
def test_a_lie_is_told_from_a_failure_by_its_return(done: FailureExtent) -> None:
    """Both leave the same in flash."""
    silent, loud = (
        DEVICE.then(POWER_ON, *upgrade(1), POWER_ON, replace(ACCEPT, failures=(StepFailure(0, done, is_silent=lies),)))
        for lies in (True, False)
    )
    lied, failed = Player(DEVICE.dut), Player(DEVICE.dut)
    outcomes = [
        [player.play(step).outcome for step in history.steps][-1]
        for player, history in ((lied, silent), (failed, loud))
    ]
    assert [StepOutcome.RETURNED, StepOutcome.RAISED] == outcomes


def test_a_lie_is_of_a_flash_operation_that_is_not_all_done() -> None:
    """All of it done and success reported is what is expected of an operation."""
    with pytest.raises(ValueError, match="none or half"):
        StepFailure(0, FailureExtent.ALL, is_silent=True)


@pytest.mark.parametrize("faults", [FaultModel.F4, FaultModel.F5])
def test_sweep_decides_as_brute_force_does(faults: FaultModel) -> None:
    """Every 499th cut point, and every one that leaves undecided bits or disturbs, of a plain upgrade."""
    world, result = small_world(rollback=True), swept(Scenario.UPGRADE, faults)
    more = [s for s in result.stretches if s.torn is not None and s.torn.weakest_model >= FaultModel.F4]
    script = script_of(Scenario.UPGRADE, world)
    assert [] == list(disagreements(world, script, replace(result, stretches=more), every=7))


@pytest.mark.thorough
def test_weaker_rungs_stay_as_they_are() -> None:
    """A sweep under F5 decides all that one under F3 does, alike, and claims fall under the same weakest fault."""
    low, high = swept(Scenario.UPGRADE, FaultModel.F3), swept(Scenario.UPGRADE, FaultModel.F5)
    kept = [s for s in high.stretches if s.torn is None or s.torn.weakest_model <= FaultModel.F3]
    told = [
        [(s.played.number, s.op_index, s.torn, s.count, s.broken) for s in stretches]
        for stretches in (low.stretches, kept)
    ]
    assert told[0] == told[1]
    assert weakest(FaultModel.F3).items() <= weakest(FaultModel.F5).items()


def test_claims_that_fall_under_f4_and_f5_alone() -> None:
    """A plain upgrade with rollback on."""
    found = weakest(FaultModel.F5)
    assert {"C6", "C10", "C18", "C24"} == {claim for claim, fault in found.items() if fault is FaultModel.F4}
    assert {"C5", "C20"} == {claim for claim, fault in found.items() if fault is FaultModel.F5}


def test_a_board_on_which_undecided_bits_read_the_same_each_time_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """C10 falls under F4 because two reads differ."""
    monkeypatch.setattr(UndecidedFlash, "_go_on", lambda flash, address, length: None)
    assert "C10" not in weakest(FaultModel.F4)


def test_a_token_of_check_replays_a_lie() -> None:
    """The call that it is in, the operation, and how much it did."""
    world = small_world(rollback=True)
    lie = next(found for found in swept(Scenario.UPGRADE, FaultModel.F5).lies if "C5" in found.broken)
    cut = CutPoint(lie.played.number, lie.op_index, None, lie=lie.lie)
    token = decode_token(encode_token(make_token(world, "C5", Scenario.UPGRADE, cut)))
    assert cut == token.cut
    assert not replay(token, world).is_claim_kept


def test_an_oracle_that_goes_by_bytes_refuses_undecided_bits() -> None:
    """What follows depends on how often they are read."""
    world = small_world(rollback=True)
    player = Player(world)
    for step in script_of(Scenario.UPGRADE, world)[:1]:
        player.play(replace(step, cut=StepCut(1, Torn.parse("unstable:0.1"))))
    with pytest.raises(TypeError, match="undecided"):
        FutureOracle(world).tell(player.moment)


def test_random_histories_on_the_board_are_a_function_of_their_seed() -> None:
    """And what they find is shrunk and replayed on the board alone."""
    runs: list[list[RunResult]] = [[run_on_board(1, index, F4_FUZZ) for index in range(12)] for _ in range(2)]
    assert runs[0] == runs[1]
    found = [
        finding for result in runs[0] for finding in result.findings if finding.history.weakest_model is FaultModel.F4
    ]
    assert found
    smallest = shrunk(found[0])
    assert replay_history(smallest.history).breaks(smallest.claim_id) is not None
