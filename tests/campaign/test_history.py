"""Histories on the board: calls, resets, and as many power cuts as there are."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

import pytest

from otaproof.campaign.history.history import BLANK_ENTRY, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.player import Moment, Played, Player, StepOutcome
from otaproof.campaign.history.step import POWER_ON, Step, StepCut, StepName
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import PlanNotReached
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import Updater

RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
ROLLBACK = Config(rollback=True)
IMAGES = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700))
START = History(SmallDevice(ROLLBACK), IMAGES)


def play_history(history: History) -> Iterator[Played]:
    """Yield the steps as they are played."""
    return map(Player(history.dut).play, history.steps)


def outcomes(history: History) -> list[tuple[str, str | None]]:
    """Return how each step ended, and what ran after it."""
    return [(played.outcome.value, played.running) for played in play_history(history)]


def cut(step: Step, op: int, torn: str) -> Step:
    """Return the step with the power failing in one of its operations."""
    return Step(step.name, step.reason, argument=step.argument, cut=StepCut(op, Torn.parse(torn)))


def test_upgrade_is_played_to_its_end() -> None:
    """The new image runs, is accepted, and stays."""
    history = START.then(POWER_ON, *upgrade(1), RESTART, Step(StepName.ACCEPT), POWER_ON)
    ends = outcomes(history)
    assert [("returned", "ota_0")] * 4 + [("restarted", None), ("returned", "ota_1")] + [
        ("returned", "ota_1")
    ] * 2 == ends


def test_every_operation_has_its_moment() -> None:
    """What is on flash is told after each operation; the last moment is what is there after the step."""
    player = Player(START.dut)
    played = player.play(POWER_ON)
    assert 2 == len(played.ops)
    assert 3 == len(played.moments)
    blank, erased, written = (START.dut.entries(moment.cells) for moment in played.moments)
    assert blank == erased
    assert blank != written
    assert player.moment == played.after


def test_a_history_has_as_many_cuts_as_it_likes() -> None:
    """The first cut loses the record of the new image, the second that of the old one."""
    config = Config(rollback=True, app_release=Release.V6_0, bootloader_release=Release.V6_0)
    history = History(SmallDevice(config), IMAGES).then(
        POWER_ON,
        *upgrade(1),
        cut(RESTART, 0, "after"),
        POWER_ON,
        Step(StepName.SET_BOOT, label="running", cut=StepCut(0, Torn.parse("after"))),
    )
    *_, last = play_history(history)
    assert (StepOutcome.CUT, None) == (last.outcome, last.running)
    assert (BLANK_ENTRY, BLANK_ENTRY) == history.dut.entries(last.after.cells)


def test_a_cut_that_never_comes_is_told() -> None:
    """It proves nothing."""
    with pytest.raises(PlanNotReached):
        list(play_history(START.then(cut(POWER_ON, 9, "after"))))


def test_a_call_without_an_application_is_made_by_nobody() -> None:
    """Nothing happens, and the step says so."""
    player = Player(START.dut)
    played = player.play(Step(StepName.ACCEPT))
    assert (StepOutcome.NOBODY, ()) == (played.outcome, played.ops)


def test_a_torn_burn_leaves_the_bits_that_it_had_set() -> None:
    """Of two bits one is set, and stays."""
    config = Config(rollback=True, anti_rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1)
    images = (SmallImage(1), SmallImage(2, secure_version=2))
    history = History(SmallDevice(config), images).then(
        POWER_ON, *upgrade(1), RESTART, Step(StepName.ACCEPT, cut=StepCut(0, efuse_done=0b10))
    )
    *_, last = play_history(history)
    assert (StepOutcome.CUT, 0b10) == (last.outcome, last.after.efuse_bits)
    assert 0 == last.before.efuse_bits


def test_a_damaged_image_is_refused() -> None:
    """One flipped bit, and complete() says so."""
    *_, last = play_history(START.then(POWER_ON, *upgrade(2)))
    assert (StepOutcome.RAISED, "validation failed") == (last.outcome, last.error)


def test_a_fork_goes_its_own_way() -> None:
    """Program and flash are copied; the original does not move."""
    player = Player(START.dut)
    player.play(POWER_ON)
    player.play(Step(StepName.COMMENCE))
    before: Moment = player.moment
    other = player.fork()
    for step in upgrade(1)[1:]:
        other.play(step)
    assert other.running is None
    assert before == player.moment
    assert StepOutcome.RETURNED is player.play(upgrade(1)[1]).outcome


@pytest.mark.parametrize("updater", Updater)
def test_a_fork_shares_nothing_that_changes(updater: Updater) -> None:
    """Whatever both can reach is a value; but for what the table was asked, which is the same for both."""
    player = Player(replace(START.dut, config=replace(ROLLBACK, updater=updater)))
    player.play(POWER_ON)
    player.play(Step(StepName.COMMENCE))
    other = player.fork()
    assert player.app is not None
    cache = vars(player.app.partitions)["_first"]
    ours, theirs = _changeable(player, {}), _changeable(other, {})
    shared = [item for key, item in ours.items() if key in theirs]
    assert [] == [item for item in shared if item is not cache]


def _is_frozen(item: object) -> bool:
    parameters = getattr(item, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _changeable(item: object, found: dict[int, object]) -> dict[int, object]:
    """Add all that can be reached and changed, by identity."""
    is_value = isinstance(item, (str, bytes, int, Enum, Cells)) or item is None
    if is_value or id(item) in found or _is_frozen(item):
        return found
    if not isinstance(item, tuple):
        found[id(item)] = item
    if isinstance(item, (list, tuple, set)):
        parts = [*item]
    elif isinstance(item, dict):
        parts = [*item, *item.values()]
    else:
        names = vars(item) if hasattr(item, "__dict__") else type(item).__slots__  # type: ignore[attr-defined]
        parts = [getattr(item, name) for name in names]
    for part in parts:
        _changeable(part, found)
    return found


def test_a_history_knows_the_weakest_model_of_its_cuts() -> None:
    """The worst of them counts."""
    history = START.then(cut(POWER_ON, 0, "after"), cut(POWER_ON, 0, "bytes:0.3"), cut(POWER_ON, 0, "prefix:3"))
    assert FaultModel.F2 == history.weakest_model
    assert FaultModel.F0 == START.weakest_model


@pytest.mark.parametrize(("text", "weakest"), [("mask:00ff", FaultModel.F2), ("mask:0001", FaultModel.F3)])
def test_a_mask_tears_bit_for_bit(text: str, weakest: FaultModel) -> None:
    """Ones: a program does nothing yet, an erase is done; beyond its end all is programmed, nothing erased."""
    torn = Torn.parse(text)
    assert (text, weakest) == (str(torn), torn.weakest_model)
    undone = 0xFF if weakest is FaultModel.F2 else 0x01
    assert bytes([0, undone, 0]) == torn.programmed(b"\xff" * 3, bytes(3), 0)
    assert bytes([0, undone]) + bytes(4094) == torn.erased(bytes(4096))


@pytest.mark.parametrize("text", ["mask:", "mask:0", "mask:xx", "mask:" + "00" * 257])
def test_a_mask_that_is_none_is_refused(text: str) -> None:
    """Whole bytes in hex, of one page at most."""
    with pytest.raises(ValueError, match="is no tear"):
        Torn.parse(text)
