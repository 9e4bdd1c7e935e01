"""Libraries that bring updates: what each does to flash, operation by operation, as its source has it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from otaproof.campaign.history.history import OTADATA, SLOT_SIZE, History, SmallDevice, SmallImage
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, ROLLBACK, Step, StepCut, StepName
from otaproof.impl.app.arduino_update import BLOCK_SIZE, HELD_BACK, ArduinoUpdate
from otaproof.impl.app.update_failed import UpdateFailed
from otaproof.impl.chip.flash import FlashOp, PlanNotReached
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.otadata import decode_entry, encode_entry, make_entry
from otaproof.model.config import Config, Release
from otaproof.model.ota_state import OtaImgState as S
from otaproof.model.writers import Updater

SIZE = 9000
TARGET = 2 * SLOT_SIZE
RESTART = Step(StepName.RESET)
FIRST, REST = Step(StepName.WRITE, image=1, length=5000), Step(StepName.WRITE, image=1, offset=5000, length=4000)
NOT_ESP_OTA = (Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL, Updater.MICROPYTHON)


def player_of(
    updater: Updater, rollback: bool = True, release: Release = Release.V5_5, damaged: bool = False
) -> Player:
    """Return a small device that runs from ota_0."""
    config = Config(rollback, app_release=release, bootloader_release=release, updater=updater)
    entries = encode_entry(make_entry(1, S.VALID)), encode_entry(make_entry(0xFFFFFFFF, S.UNDEFINED))[:28] + b"\xff" * 4
    images = SmallImage(1, SIZE), SmallImage(2, SIZE, flipped=8000 if damaged else None), SmallImage(3, SIZE)
    player = Player(History(SmallDevice(config, holds=(("ota_0", 0),), entries=entries), images).dut)
    assert player.play(POWER_ON).outcome is StepOutcome.RETURNED
    return player


def told(ops: tuple[FlashOp, ...]) -> list[tuple[str, int, int]]:
    """Return operations as the recordings have them, their addresses from the start of the target."""
    return [(op.kind.value, op.address - TARGET, op.length) for op in ops]


def state_of(player: Player, sector: int) -> int:
    """Return the state word of a record."""
    return decode_entry(player.moment.cells.read(OTADATA + 0x1000 * sector, 32)).ota_state


def test_arduino_writes_a_sector_once_more_data_comes() -> None:
    """Nothing at begin(); without a size it erases a block of 64 KiB, and the first program begins at byte 16."""
    player = player_of(Updater.ARDUINO)
    assert () == player.play(COMMENCE).ops
    erases = [("e", at, 0x1000) for at in range(0, BLOCK_SIZE, 0x1000)]
    assert [*erases, ("p", HELD_BACK, 0x1000 - HELD_BACK)] == told(player.play(FIRST).ops)
    assert [("p", 0x1000, 0x1000)] == told(player.play(REST).ops)
    assert b"\xff" * HELD_BACK == player.moment.cells.read(TARGET, HELD_BACK)


def test_arduino_erases_sector_by_sector_where_the_size_is_known() -> None:
    """Less than a block is left, so each sector is erased before it is written."""
    player = player_of(Updater.ARDUINO)
    player.play(Step(StepName.COMMENCE, length=SIZE))
    assert [("e", 0, 0x1000), ("p", 16, 4080)] == told(player.play(FIRST).ops)
    # All that was announced is there: the rest of the buffer goes to flash at once.
    rest = [("e", 0x1000, 0x1000), ("p", 0x1000, 0x1000), ("e", 0x2000, 0x1000), ("p", 0x2000, SIZE - 0x2000)]
    assert rest == told(player.play(REST).ops)


def test_arduino_ends_with_the_first_16_bytes_and_the_record() -> None:
    """The rest of the buffer, the head, then esp_ota_set_boot_partition."""
    player = player_of(Updater.ARDUINO)
    for step in (COMMENCE, FIRST, REST):
        player.play(step)
    played = player.play(COMPLETE)
    assert StepOutcome.RESTARTED is played.outcome
    assert [("p", 0x2000, SIZE - 0x2000), ("p", 0, HELD_BACK)] == told(played.ops[:2])
    assert [("e", OTADATA + 0x1000), ("p", OTADATA + 0x1000)] == [(op.kind.value, op.address) for op in played.ops[2:]]
    assert S.NEW == state_of(player, 1)


@pytest.mark.parametrize("is_right", [True, False])
def test_arduino_compares_the_digest_before_it_writes_the_first_16_bytes(is_right: bool) -> None:
    """Else nothing is written at the end: the slot has no beginning, and otadata is as it was."""
    player = player_of(Updater.ARDUINO)
    image = History(SmallDevice(holds=()), (SmallImage(1, SIZE), SmallImage(2, SIZE))).dut.images[1].contents
    player.play(COMMENCE)
    assert player.app is not None
    assert isinstance(player.app.updates, ArduinoUpdate)
    assert not player.app.updates.set_md5("12")
    digest = hashlib.md5(image if is_right else b"", usedforsecurity=False).hexdigest()
    assert player.app.updates.set_md5(digest.upper())
    for step in (FIRST, REST):
        player.play(step)
    records = player.moment.cells.read(OTADATA, 0x2000)
    played = player.play(COMPLETE)
    if is_right:
        assert StepOutcome.RESTARTED is played.outcome
        return
    assert (StepOutcome.RAISED, "MD5 Check Failed") == (played.outcome, played.error)
    assert [("p", 0x2000, SIZE - 0x2000)] == told(played.ops)
    assert b"\xff" * HELD_BACK == player.moment.cells.read(TARGET, HELD_BACK)
    assert records == player.moment.cells.read(OTADATA, 0x2000)
    assert "ota_0" == player.play(POWER_ON).running


def test_arduino_forgets_the_digest_with_the_next_update() -> None:
    """begin() sets it to none."""
    player = player_of(Updater.ARDUINO)
    assert player.app is not None
    assert isinstance(player.app.updates, ArduinoUpdate)
    assert player.app.updates.set_md5("0" * 32)
    for step in (COMMENCE, FIRST, REST):
        player.play(step)
    assert StepOutcome.RESTARTED is player.play(COMPLETE).outcome


@pytest.mark.parametrize(("updater", "state"), [(Updater.ARDUINO, S.NEW), (Updater.ARDUINO_ON_TRIAL, S.VALID)])
def test_arduino_core_accepts_what_runs_alone(updater: Updater, state: S) -> None:
    """What otadata selects and does not run stays as it is; the call of ESP-IDF takes it. Source: initArduino."""
    player = player_of(updater)
    for step in (COMMENCE, FIRST, REST, replace(COMPLETE, argument=None)):
        player.play(step)
    assert StepOutcome.RETURNED is player.play(ACCEPT).outcome
    assert state == state_of(player, 1)


def test_arduino_core_accepts_in_the_power_on_that_starts_the_image() -> None:
    """NEW, PENDING_VERIFY and VALID are written in one reset; accept() has nothing left to do."""
    player = upgraded(Updater.ARDUINO)
    assert S.VALID == state_of(player, 1)
    assert () == player.play(ACCEPT).ops


def test_sketch_that_verifies_later_stays_on_trial() -> None:
    """verifyRollbackLater() returns true; and an update may begin all the same."""
    player = upgraded(Updater.ARDUINO_ON_TRIAL)
    assert S.PENDING_VERIFY == state_of(player, 1)
    assert StepOutcome.RETURNED is player.play(COMMENCE).outcome


def upgraded(updater: Updater, rollback: bool = True) -> Player:
    """Return a device whose update has started."""
    player = player_of(updater, rollback)
    for step in (COMMENCE, FIRST, REST, COMPLETE, RESTART):
        played = player.play(step)
        assert played.outcome in (StepOutcome.RETURNED, StepOutcome.RESTARTED), played
    assert "ota_1" == player.running
    return player


@pytest.mark.parametrize("updater", list(Updater))
@pytest.mark.parametrize("rollback", [False, True])
def test_update_of_every_library_starts_and_is_accepted(updater: Updater, rollback: bool) -> None:
    """The image runs, and VALID is what its record says at the end, but where Arduino's core has no trial to end."""
    player = upgraded(updater, rollback)
    assert StepOutcome.RETURNED is player.play(ACCEPT).outcome
    is_never_accepted = updater is Updater.ARDUINO and not rollback
    assert (S.UNDEFINED if is_never_accepted else S.VALID) == state_of(player, 1)
    assert "image 1" == player.image_in("ota_1")


@pytest.mark.parametrize("updater", NOT_ESP_OTA)
def test_libraries_without_esp_ota_begin_leave_otadata_until_the_switch(updater: Updater) -> None:
    """From 5.5 on, esp_ota_begin erases the record of the slot."""
    for library, is_left in ((updater, True), (Updater.ESP_IDF, False)):
        player = upgraded(library)
        player.play(ACCEPT)
        before = player.moment.cells.read(OTADATA, 0x2000)
        player.play(COMMENCE)
        player.play(Step(StepName.WRITE, image=2, length=5000))
        assert is_left is (before == player.moment.cells.read(OTADATA, 0x2000))


@pytest.mark.parametrize("updater", NOT_ESP_OTA)
def test_rollback_by_selection_marks_the_other_slot_new(updater: Updater) -> None:
    """No record becomes INVALID."""
    player = upgraded(updater)
    player.play(ACCEPT)
    assert StepOutcome.RESTARTED is player.play(ROLLBACK).outcome
    assert (S.NEW, S.VALID) == (state_of(player, 0), state_of(player, 1))


@pytest.mark.parametrize("updater", [Updater.ARDUINO, Updater.MICROPYTHON])
def test_damaged_image_is_not_selected(updater: Updater) -> None:
    """esp_ota_set_boot_partition refuses it; Update tells that with its own text."""
    player = player_of(updater, damaged=True)
    for step in (COMMENCE, FIRST, REST):
        player.play(step)
    played = player.play(COMPLETE)
    texts = {Updater.ARDUINO: "Could Not Activate The Firmware", Updater.MICROPYTHON: "ESP_ERR_OTA_VALIDATE_FAILED"}
    assert (StepOutcome.RAISED, texts[updater]) == (played.outcome, played.error)
    assert not any(op.address in range(OTADATA, OTADATA + 0x2000) for op in played.ops)


def test_sequential_writes_of_esp_https_ota_erase_as_data_comes() -> None:
    """Nothing but the spare record at the begin."""
    player = upgraded(Updater.HTTPS_OTA)
    player.play(ACCEPT)
    assert [("e", OTADATA)] == [(op.kind.value, op.address) for op in player.play(COMMENCE).ops]


def test_esphome_erases_what_the_image_needs() -> None:
    """Three sectors for 9000 bytes."""
    player = player_of(Updater.ESPHOME)
    assert [("e", at, 0x1000) for at in (0, 0x1000, 0x2000)] == told(
        player.play(Step(StepName.COMMENCE, length=SIZE)).ops
    )


def test_download_that_esp_https_ota_resumes_ends_with_the_whole_image() -> None:
    """Whatever a power cut has left of a write(), the same bytes go there again; each operation is cut in many ways."""
    resumed = 0
    script = (COMMENCE, FIRST, REST)
    for number, cut_step in ((1, FIRST), (2, REST)):
        for torn in ("before", "after", "prefix:1", "prefix:100", "bytes:0.5", "bits:0.77", "partial:100"):
            for op in range(_operations(script, number)):
                player = player_of(Updater.HTTPS_OTA)
                for step in script[:number]:
                    player.play(step)
                try:
                    player.play(replace(cut_step, cut=StepCut(op, Torn.parse(torn))))
                except (ValueError, PlanNotReached):
                    continue
                rest = Step(StepName.WRITE, image=1, offset=cut_step.offset, length=SIZE - cut_step.offset)
                for step in (POWER_ON, Step(StepName.RESUME, offset=cut_step.offset), rest, COMPLETE, RESTART):
                    played = player.play(step)
                    assert played.outcome in (StepOutcome.RETURNED, StepOutcome.RESTARTED), (op, torn, played)
                assert ("ota_1", "image 1") == (player.running, player.image_in("ota_1"))
                resumed += 1
    assert resumed > 20


def _operations(script: tuple[Step, ...], number: int) -> int:
    """Return how many flash operations a step has."""
    player = player_of(Updater.HTTPS_OTA)
    return [len(player.play(step).ops) for step in script][number]


Trouble = Callable[[ArduinoUpdate], object]


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (lambda update: update.write(b"\xe9"), "not running"),
        (lambda update: (update.commence(0), update.commence(0)), "already running"),
        (lambda update: update.commence(SLOT_SIZE + 1), "Bad Size Given"),
        (lambda update: (update.commence(10), update.write(bytes(11))), "Not Enough Space"),
        (lambda update: (update.commence(0), update.write(bytes(5000))), "Wrong Magic Byte"),
        (lambda update: (update.commence(0), update.abort(), update.write(b"\xe9")), "Aborted"),
        (lambda update: (update.commence(0), update.complete(restarts=True)), "Flash Read Failed"),
        (lambda update: update.rollback(), "rollBack() returns false"),
    ],
)
def test_update_tells_trouble_in_its_own_words(trouble: Trouble, text: str) -> None:
    """And leaves flash as it is."""
    player = player_of(Updater.ARDUINO)
    before = player.moment
    assert player.app is not None
    library = player.app.updates
    assert isinstance(library, ArduinoUpdate)
    with pytest.raises(UpdateFailed) as raised:
        trouble(library)
    assert text == str(raised.value)
    assert before == player.moment
