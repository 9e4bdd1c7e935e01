"""A board that tests play on: calls, what they leave, and the token of all that was done."""

import pytest

from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.player import StepOutcome
from otaproof.library.boards import (
    CallFailed,
    Config,
    InputError,
    LiveBoard,
    OtaWorld,
    Step,
    StepName,
    world_of_project,
)
from otaproof.library.faults import AFTER, BEFORE, StepCut
from otaproof.library.remedies import Remedy
from otaproof.model.config import Release
from places import ROOT


def test_upgrade_runs_the_second_image_accepted() -> None:
    """As NodeMCU's documentation has it."""
    board = LiveBoard()
    board.power_on()
    assert ("ota_0", 0, "valid") == (board.running, board.image, board.state)
    board.upgrade()
    assert ("ota_1", 1, "valid") == (board.running, board.image, board.state)


def test_image_on_trial_gives_way_to_the_one_before() -> None:
    """Its second start is another image's, and info() says why."""
    board = LiveBoard()
    board.power_on()
    board.download()
    board.complete()
    board.restart()
    assert (1, "testing") == (board.image, board.state)
    board.power_on()
    assert (0, "aborted") == (board.image, board.state_of("ota_1"))


def test_call_that_raises_an_error_says_which() -> None:
    """The text is the module's own."""
    board = LiveBoard()
    board.power_on()
    with pytest.raises(CallFailed, match=r"^complete\(1\): no upgrade in progress$"):
        board.complete()


@pytest.mark.parametrize("call", ["commence", "complete", "accept", "rollback", "info"])
def test_call_that_nobody_makes_says_so(call: str) -> None:
    """The power is off at first, and complete() ends the program."""
    board = LiveBoard()
    with pytest.raises(CallFailed, match="nothing runs; power_on"):
        getattr(board, call)()
    assert (None, None, None) == (board.running, board.image, board.state)


def test_token_plays_what_was_done() -> None:
    """Calls that raise an error are part of it."""
    board = LiveBoard(OtaWorld(Config(app_release=Release.V5_5), slots=3, has_factory=True))
    assert not board.token
    board.power_on()
    with pytest.raises(CallFailed):
        board.rollback()
    board.upgrade()
    token = decode_history_token(board.token)
    played = replay_history(token.history)
    assert board.history == token.history
    assert ("ota_0", StepOutcome.RETURNED) == (played.running, played.outcome)


def test_cut_is_put_modulo_the_operations_of_a_step() -> None:
    """accept() has two: erase and program; what lies before the first is still the image on trial."""
    board = LiveBoard()
    board.power_on()
    board.download()
    board.complete()
    board.restart()
    board.cut_in(Step(StepName.ACCEPT), 41, BEFORE)
    assert board.running is None
    assert Step(StepName.ACCEPT, cut=StepCut(1, BEFORE)) == board.history.steps[-1]


def test_cut_in_a_step_that_writes_nothing_comes_after_it() -> None:
    """So that a life may put a cut anywhere."""
    board = LiveBoard()
    board.power_on()
    board.cut_in(Step(StepName.RESET), 3, AFTER)
    assert ["power_on()", "power_on()", "the power fails between calls"] == [str(s) for s in board.history.steps]


def test_world_of_a_project_has_its_options_and_slots() -> None:
    """The example's table has two slots and no factory partition; its sdkconfig turns rollback on."""
    world = world_of_project(ROOT / "examples/two-slot")
    assert (2, False, True) == (world.slots, world.has_factory, world.config.rollback)


def test_world_refuses_what_is_no_device() -> None:
    """In a line that says what is wanted."""
    with pytest.raises(InputError, match=r"0 slots; want 1 … 16"):
        OtaWorld(slots=0)
    with pytest.raises(InputError, match="no image"):
        OtaWorld(images=())


def test_world_takes_patches_alone_as_remedies() -> None:
    """What the application does is the test's own code."""
    assert OtaWorld().with_remedies([Remedy.NOTE_IN_PLACE]).is_patched
    assert not OtaWorld().with_remedies([]).is_patched
    with pytest.raises(InputError, match="erase-last-boot: is a rule for the application"):
        OtaWorld().with_remedies(["erase-last-boot"])
    with pytest.raises(InputError, match="'prayer' is none of restart-at-once"):
        OtaWorld().with_remedies(["prayer"])
