"""Which claims histories break whose updates come by another library than otaupgrade: what is sound is not told as
broken, and what is broken is found."""

from dataclasses import replace

import pytest

from otaproof.campaign.history import known_histories
from otaproof.campaign.history.claim_monitor import ClaimMonitor
from otaproof.campaign.history.history import History, SmallDevice, SmallImage
from otaproof.campaign.history.history_replay import token_of
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, ROLLBACK, Step, StepCut, StepName
from otaproof.cli.main import main
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.writers import Updater

SIZE = 8192
IMAGES = (SmallImage(1, SIZE), SmallImage(2, SIZE), SmallImage(3, SIZE))
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
LIBRARIES = tuple(updater for updater in Updater if updater is not Updater.ESP_IDF)


def device(updater: Updater, release: Release = Release.V5_5, rollback: bool = True) -> History:
    """Return a device that has been switched on, whose application updates with that library."""
    config = Config(rollback, app_release=release, bootloader_release=release, updater=updater)
    return History(SmallDevice(config), IMAGES).then(POWER_ON)


def by(updater: Updater, history: History) -> History:
    """Return a history with another library in its application."""
    return replace(history, device=replace(history.device, config=replace(history.device.config, updater=updater)))


def written(image: int) -> tuple[Step, ...]:
    """Return a download that is not completed."""
    parts = (Step(StepName.WRITE, image=image, offset=at, length=2048) for at in range(0, SIZE, 2048))
    return COMMENCE, *parts


def cut(step: Step, op: int) -> Step:
    """Return the step with the power failing once one of its operations is done."""
    return replace(step, cut=StepCut(op, Torn.parse("after")))


def broken(history: History) -> list[set[str]]:
    """Return what is broken after each step."""
    monitor = ClaimMonitor(Player(history.dut))
    return [{found.claim_id for found in monitor.play(step)[1]} for step in history.steps]


@pytest.mark.parametrize("updater", Updater)
@pytest.mark.parametrize("release", [Release.V5_1, Release.V6_1])
def test_sound_update_breaks_nothing(updater: Updater, release: Release) -> None:
    """Neither while it is written, when the library refuses a second one, nor when its image starts, nor after."""
    steps = (*written(1), COMPLETE, RESTART, ACCEPT, POWER_ON, COMMENCE)
    assert set() == set().union(*broken(device(updater, release).then(*steps)))


def test_accept_does_nothing_in_arduinos_core_without_rollback() -> None:
    """It is compiled with rollback alone, so nothing is owed once it has returned."""
    steps = (*written(1), COMPLETE, RESTART, ACCEPT, POWER_ON)
    history = device(Updater.ARDUINO, rollback=False).then(*steps)
    assert {"C25"} == set().union(*broken(history))
    assert "C25" not in set().union(*broken(by(Updater.ARDUINO_ON_TRIAL, history))[-2:])


@pytest.mark.parametrize("updater", [Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL])
def test_update_cut_after_its_last_16_bytes_is_finished(updater: Updater) -> None:
    """Program of the last sector, of the 16 bytes, erase and program of the record: the image is whole after two."""
    for op in range(3):
        steps = (*written(1), cut(COMPLETE, op), POWER_ON, ACCEPT)
        assert set() == set().union(*broken(device(updater).then(*steps)))


def test_start_that_accepts_counts_as_accepted_even_where_its_last_write_was_cut() -> None:
    """The core of Arduino accepts in the power-on: C25 before it, and C13 after it, are not broken."""
    marked = device(Updater.ARDUINO).then(*written(1), cut(COMPLETE, 3))
    assert set() == broken(marked)[-1]
    started = marked.then(cut(POWER_ON, 3), POWER_ON)
    assert [set(), set()] == broken(started)[-2:]


@pytest.mark.parametrize("updater", LIBRARIES)
def test_lost_first_start_is_found(updater: Updater) -> None:
    """The bootloader is cut as it rewrites NEW: complete() of every library has marked the image."""
    found = broken(by(updater, known_histories.trial_is_lost(Release.V5_5)))[-1]
    assert ({"C17"} if updater is Updater.ARDUINO else {"C4", "C17"}) == found


def test_start_of_arduino_that_loses_its_image_is_found() -> None:
    """A cut between erase and program leaves the image before it: C7 and C17 of docs/spec/writers.md."""
    assert {"C7", "C17"} == broken(device(Updater.ARDUINO).then(*written(1), COMPLETE, cut(POWER_ON, 2), POWER_ON))[-1]


@pytest.mark.parametrize("updater", [Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL, Updater.MICROPYTHON])
def test_rollback_by_selection_that_is_lost_is_found(updater: Updater) -> None:
    """What it selects is new once more, and can be lost in its first start."""
    steps = (*written(1), COMPLETE, RESTART, ACCEPT, ROLLBACK, cut(RESTART, 0), POWER_ON)
    assert {"C23"} == broken(device(updater).then(*steps))[-1]


@pytest.mark.parametrize("updater", [Updater.HTTPS_OTA, Updater.ESPHOME, Updater.MICROPYTHON])
def test_image_that_was_never_completed_is_found(updater: Updater) -> None:
    """Written whole and not verified; then the record of what runs is lost."""
    steps = (*written(1), COMPLETE, RESTART, *written(2), cut(ACCEPT, 0), POWER_ON)
    assert "C2" in broken(device(updater, rollback=False).then(*steps))[-1]


def test_lock_out_is_found_with_esp_https_ota() -> None:
    """esp_ota_begin refuses, and accept() accepts another record."""
    assert "C15" in broken(by(Updater.HTTPS_OTA, known_histories.locked_out(Release.V5_5)))[-1]


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (device(Updater.ARDUINO).then(*written(1), COMPLETE, RESTART), 0),
        (known_histories.trial_is_lost(Release.V5_5), 1),
    ],
)
def test_history_of_no_named_claim_is_exit_code_1_where_it_violates_one(history: History, code: int) -> None:
    """As explain prints them."""
    assert code == main(["replay", encode_history_token(token_of(history, ""))])
