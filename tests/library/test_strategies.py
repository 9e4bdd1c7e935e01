"""Strategies: what they draw can be played, and comes to what a device can come to."""

from hypothesis import HealthCheck, find, given, settings

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.library.boards import LiveBoard, OtaWorld, StepName
from otaproof.library.faults import FaultModel, Torn
from otaproof.library.strategies import CutStep, Event, live, lives, tears, worlds


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), lives())
def test_life_plays_to_its_end_and_its_token_again(world: OtaWorld, life: tuple[Event, ...]) -> None:
    """Whatever the calls, resets and cuts: nothing raises an error, and the token ends as the life did."""
    board = live(LiveBoard(world), life)
    played = replay_history(decode_history_token(board.token).history)
    assert board.running == played.running


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(lives(FaultModel.F1))
def test_something_always_boots(life: tuple[Event, ...]) -> None:
    """Of a device of two slots with rollback, under F1; as the prover says of C1."""
    board = live(LiveBoard(), life)
    board.power_on()
    assert board.running


def comes_to_a_rejected_image(life: tuple[Event, ...]) -> bool:
    """Tell whether the old image runs, and a record speaks of the new one."""
    board = live(LiveBoard(), life)
    return board.image == 0 and board.state_of("ota_1") is not None


def test_lives_come_to_every_end() -> None:
    """An accepted update, a rejected one, and a cut in a record are drawn."""
    found = find(lives(), lambda life: live(LiveBoard(), life).image == 1)
    assert 1 <= len(found) <= 6
    rejected = find(lives(), comes_to_a_rejected_image)
    assert any(isinstance(event, CutStep) or event.name in (StepName.RESET, StepName.ROLLBACK) for event in rejected)


@given(tears("F3"))
def test_tears_are_those_of_the_fault_model(torn: Torn) -> None:
    """And of no greater one."""
    assert torn.weakest_model <= FaultModel.F3


@given(tears(FaultModel.F0))
def test_tears_of_f0_are_none_or_all(torn: Torn) -> None:
    """Nothing in between."""
    assert torn.weakest_model is FaultModel.F0
