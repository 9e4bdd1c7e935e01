"""How a device came to what it holds: the ordinary causes come before power cuts, and each is played on the board."""

from dataclasses import replace
from pathlib import Path

import pytest

from otaproof.analysis.history_search import HistoryFound, explain_cases
from otaproof.analysis.results.explain_result import violations_of
from otaproof.campaign.explain.endings_of_life import ENDINGS, WriterKind
from otaproof.campaign.explain.history_target import Target
from otaproof.campaign.explain.ordinary_histories import ordinary_history
from otaproof.campaign.history.history import BLANK_ENTRY, OTADATA, SLOT_SIZE, History, SmallDevice, SmallImage
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, Step, StepName
from otaproof.campaign.lockstep.abstraction import Stored, StoredSlot
from otaproof.campaign.lockstep.record_view import RecordView
from otaproof.impl.chip.cells import Cells
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Config, Release
from otaproof.model.device.records import Check, Word
from otaproof.model.device.state import Scope
from otaproof.model.ota_state import OtaImgState as S
from otaproof.model.writers import OUTSIDE_WRITERS, UPDATERS, Updater
from otaproof.project.flash_dump import load
from otaproof.project.inputs import Inputs

SIZE = 5000
IMAGES = (SmallImage(1, SIZE), SmallImage(2, SIZE), SmallImage(3, SIZE, flipped=4600))
BLANK = (BLANK_ENTRY, BLANK_ENTRY)
RESTART = Step(StepName.RESET)


def entry(number: int, state: int) -> bytes:
    """Return a whole record."""
    return encode_entry(make_entry(number, state))


def flash(entries: tuple[bytes, bytes], holds: tuple[tuple[str, int], ...]) -> Cells:
    """Return the flash of a small device."""
    return History(SmallDevice(holds=holds, entries=entries), IMAGES).dut.cells


def explained(cells: Cells, folder: Path, release: str = "5.5", updater: Updater | None = None) -> HistoryFound:
    """Return how a device with rollback came to hold this."""
    dump = folder / "dump.bin"
    dump.write_bytes(cells.to_bytes())
    (case,) = explain_cases(load(Inputs(subject=dump, rollback=True, updater=updater), [release]), 60)
    assert case.history is not None
    return case.history


def entries_after(found: HistoryFound) -> tuple[bytes, bytes]:
    """Return the records that the replay of a history leaves."""
    assert found.token is not None
    cells = replay_history(decode_history_token(found.token).history).cells
    return cells.read(OTADATA, 32), cells.read(OTADATA + 0x1000, 32)


BOTH = (("ota_0", 0), ("ota_1", 1))
ONE_UPDATE = (entry(1, S.VALID), entry(2, S.VALID))


def test_blank_otadata_of_an_updated_device_is_a_matter_of_flashing_it(tmp_path: Path) -> None:
    """Two power cuts would leave it, too; nobody had them."""
    found = explained(flash(BLANK, BOTH), tmp_path)
    assert 0 == found.cuts
    assert "reachable without a fault, by cable or tool: idf.py flash" == found.verdict
    assert "ota_1, which starts and is accepted" in found.sentences[-2]
    assert BLANK == entries_after(found)


def test_one_record_beside_two_images_takes_no_cut(tmp_path: Path) -> None:
    """A cut in complete() leaves the same."""
    found = explained(flash((entry(1, S.VALID), BLANK_ENTRY), BOTH), tmp_path, "5.1")
    assert 0 == found.cuts
    assert (entry(1, S.VALID), BLANK_ENTRY) == entries_after(found)


def broken_off(updater: Updater) -> Cells:
    """Return what a device holds whose second update broke off, by the library of its application."""
    config = Config(True, app_release=Release.V5_5, bootloader_release=Release.V5_5, updater=updater)
    device = SmallDevice(config, holds=(("ota_0", 0),))
    history = History(device, (SmallImage(1, SIZE), SmallImage(2, SIZE), SmallImage(3, SIZE)))
    player = Player(history.dut)
    part = Step(StepName.WRITE, image=2, length=4500)
    whole = Step(StepName.WRITE, image=1, length=SIZE)
    for step in (POWER_ON, COMMENCE, whole, COMPLETE, RESTART, ACCEPT, COMMENCE, part):
        player.play(step)
    return player.moment.cells


@pytest.mark.parametrize("release", ["5.1", "5.5", "6.0"])
def test_arduino_download_that_broke_off_takes_no_power_cut(release: str, tmp_path: Path) -> None:
    """Update leaves otadata alone in every release, and the first 16 bytes of the slot blank."""
    cells = broken_off(Updater.ARDUINO)
    assert b"\xff" * 16 == cells.read(SLOT_SIZE, 16)
    found = explained(cells, tmp_path, release, Updater.ARDUINO)
    assert (0, "reachable without a fault") == (found.cuts, found.verdict)
    assert "a download to ota_0 breaks off" in found.sentences[-1]
    assert ONE_UPDATE == entries_after(found)


def test_same_records_by_esp_ota_of_5_5_take_a_cut_or_another_writer(tmp_path: Path) -> None:
    """esp_ota_begin would have erased the record of the slot."""
    found = explained(broken_off(Updater.ARDUINO), tmp_path, "5.5", Updater.ESP_IDF)
    assert 1 == found.cuts


@pytest.mark.parametrize("updater", [updater for updater in Updater if updater is not Updater.ESP_IDF])
def test_download_that_broke_off_is_told_of_every_library(updater: Updater, tmp_path: Path) -> None:
    """In the words of the library; the replay ends in the same records."""
    cells = broken_off(updater)
    found = explained(cells, tmp_path, "5.5", updater)
    assert (0, "reachable without a fault") == (found.cuts, found.verdict)
    assert UPDATERS[updater].functions["write"][0] in found.sentences[-1]
    assert (cells.read(OTADATA, 32), cells.read(OTADATA + 0x1000, 32)) == entries_after(found)


def test_safe_mode_of_esphome_selects_factory_where_no_slot_can_be_updated(tmp_path: Path) -> None:
    """With factory and one slot, as a device that began with a small application for the first update."""
    device = SmallDevice(slots=(0,), has_factory=True, holds=(("factory", 0), ("ota_0", 1)))
    cells = History(device, IMAGES).dut.cells
    found = explained(cells, tmp_path, "5.5", Updater.ESPHOME)
    assert (0, "reachable without a fault") == (found.cuts, found.verdict)
    assert "ota_0 fails to start 10 times: safe mode finds no slot to update, and selects factory" in found.sentences
    assert BLANK == entries_after(found)


def test_update_of_esphome_is_accepted_after_a_minute(tmp_path: Path) -> None:
    """And given up by a restart before that."""
    found = explained(flash((entry(1, S.VALID), entry(2, S.VALID)), BOTH), tmp_path, "5.5", Updater.ESPHOME)
    assert "is accepted by safe mode once it has run for a minute" in found.sentences[-1]
    found = explained(flash((entry(1, S.VALID), entry(2, S.ABORTED)), BOTH), tmp_path, "5.5", Updater.ESPHOME)
    assert "ota_1 restarts before it has run for a minute, so ota_0 starts" in found.sentences


@pytest.mark.parametrize(
    ("entries", "writer"),
    [
        ((entry(1, S.UNDEFINED), BLANK_ENTRY), None),
        ((entry(3, S.VALID), entry(2, S.VALID)), None),
        ((entry(1, S.VALID), entry(2, S.NEW)), None),
        ((entry(1, S.UNDEFINED), entry(2, S.UNDEFINED)), "otatool.py switch_ota_partition"),
    ],
)
def test_writer_is_named(entries: tuple[bytes, bytes], writer: str | None, tmp_path: Path) -> None:
    """Records as each leaves them; without one, the application alone."""
    found = explained(flash(entries, BOTH), tmp_path, "5.1")
    wanted = "reachable without a fault" + ("" if writer is None else f", by cable or tool: {writer}")
    assert (0, wanted) == (found.cuts, found.verdict)


def test_other_system_is_told_where_no_power_cut_explains_it(tmp_path: Path) -> None:
    """esp-hal would leave the first pair too; in an application of ESP-IDF, a cut in complete() is likelier."""
    found = explained(flash((BLANK_ENTRY, entry(2, S.VALID)), BOTH), tmp_path, "5.1")
    assert "takes 1 power cut (F0)" == found.verdict
    found = explained(flash((entry(3, S.NEW), entry(2, S.NEW)), BOTH), tmp_path, "5.1")
    assert "reachable without a fault, by another system: esp-hal (esp-bootloader-esp-idf)" == found.verdict


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (S.PENDING_VERIFY, "before initArduino() accepts it"),
        (S.ABORTED, "ota_0 starts at power-on, and what was under test becomes ABORTED"),
    ],
)
def test_image_of_arduino_on_trial_was_cut_before_its_core_accepted_it(state: S, end: str, tmp_path: Path) -> None:
    """initArduino comes next in the same start; a sketch may put it off, and then it takes no fault."""
    records = entry(1, S.VALID), entry(2, state)
    found = explained(flash(records, BOTH), tmp_path, "4.4", Updater.ARDUINO)
    assert (1, "takes 1 power cut (F0)") == (found.cuts, found.verdict)
    assert end in found.sentences[-1]
    assert any("verifyRollbackLater() returns true: --updater arduino-on-trial" in told for told in found.sentences)
    assert records == entries_after(found)
    assert () == violations_of(found)
    later = explained(flash(records, BOTH), tmp_path, "4.4", Updater.ARDUINO_ON_TRIAL)
    assert (0, "reachable without a fault") == (later.cuts, later.verdict)


def test_selected_image_that_is_not_whole_is_of_a_cable_that_broke_off(tmp_path: Path) -> None:
    """No update goes to the slot that is selected; NuttX would leave it, and the application is none of NuttX."""
    cells = flash(ONE_UPDATE, (("ota_0", 0), ("ota_1", 2)))
    for updater in (Updater.ARDUINO, Updater.ESP_IDF, None):
        found = explained(cells, tmp_path, "5.1", updater)
        assert "reachable without a fault, by cable or tool: idf.py app-flash" in found.verdict
        assert "ota_1 is flashed by cable, which breaks off or writes a damaged file" in found.sentences[-1]
        assert ONE_UPDATE == entries_after(found)


def test_violation_is_told_by_the_labels_of_the_table(tmp_path: Path) -> None:
    """The replay has a small device of its own, whose slots are called ota_0 and ota_1."""
    rows = (replace(partition, label=partition.label.replace("ota_", "app")) for partition in SmallDevice().table)
    table = encode_table(tuple(rows))
    cells = flash(ONE_UPDATE, (("ota_0", 0), ("ota_1", 2))).with_bytes(Config().table_offset, table)
    found = explained(cells, tmp_path, "5.1", Updater.ARDUINO)
    (violation,) = violations_of(found)
    assert "the record that decides names app1, which holds no whole image" == violation.text


@pytest.mark.parametrize("updater", [Updater.ARDUINO, Updater.ESP_IDF])
def test_other_system_is_not_told_of_an_application_whose_library_is_known(updater: Updater, tmp_path: Path) -> None:
    """The records that esp-hal leaves, where nobody names a library."""
    cells = flash((entry(3, S.NEW), entry(2, S.NEW)), BOTH)
    assert "esp-hal" in explained(cells, tmp_path, "5.1").verdict
    assert "another system" not in explained(cells, tmp_path, "5.1", updater).verdict


def test_torn_record_of_an_arduino_device_is_not_replayed(tmp_path: Path) -> None:
    """The model knows what its library leaves, not when it writes it; and says so."""
    torn = entry(2, S.NEW)[:28].ljust(32, b"\xff")
    found = explained(flash((entry(1, S.VALID), torn), BOTH), tmp_path, "5.5", Updater.ARDUINO)
    assert ("takes 1 power cut (F1)", None) == (found.verdict, found.token)
    assert "not replayed: the model has Arduino's Update at the level of what lies in flash" in found.note


def test_state_word_that_nobody_writes_is_of_a_power_cut(tmp_path: Path) -> None:
    """otatool.py would leave a record without a state; this one has lost a byte of its own."""
    for word, cuts in ((S.UNDEFINED, 0), (0xFF, 1)):
        found = explained(flash((entry(1, S.VALID), entry(2, word)), BOTH), tmp_path, "5.1")
        assert cuts == found.cuts


def test_torn_record_is_still_a_power_cut(tmp_path: Path) -> None:
    """No ordinary history leaves it."""
    torn = entry(2, S.NEW)[:28].ljust(32, b"\xff")
    found = explained(flash((entry(1, S.VALID), torn), BOTH), tmp_path, "5.1")
    assert "takes 1 power cut (F1)" == found.verdict


@pytest.mark.parametrize("updater", list(Updater))
@pytest.mark.parametrize(("slots", "has_factory"), [(1, True), (2, False), (3, False)])
def test_every_ordinary_history_can_be_played(updater: Updater, slots: int, has_factory: bool) -> None:
    """To its end, and with any number of updates before it: none of them leaves what is searched for here."""
    config = Config(True, app_release=Release.V5_5, bootloader_release=Release.V5_5, updater=updater)
    scope = Scope(Config(True), slots, has_factory)
    nowhere = RecordView(Check.WRONG, Word.NEW)
    target = Target(scope, Stored((nowhere, nowhere), (StoredSlot(False, False, 0),) * slots, 0), knows_images=True)
    names = tuple(f"app{slot}" for slot in range(slots))
    assert all(ordinary_history(target, config, names, kind) is None for kind in WriterKind)


def test_endings_name_writers_of_the_one_table() -> None:
    """Each is a row of it."""
    named = [(ending.writer, ending.kind) for ending in ENDINGS if ending.writer is not None]
    assert {writer for writer, _ in named} <= set(OUTSIDE_WRITERS)
    assert len(named) == len(set(named))


def test_library_has_all_calls() -> None:
    """Those of otaupgrade."""
    calls = UPDATERS[Updater.ESP_IDF].functions.keys()
    assert set(Updater) == UPDATERS.keys()
    assert all(calls == traits.functions.keys() for traits in UPDATERS.values())
    assert len(OUTSIDE_WRITERS) == len({replace(writer, writes="").name for writer in OUTSIDE_WRITERS})
