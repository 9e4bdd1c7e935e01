"""The records that writers from outside leave, as their sources have it."""

from otaproof.campaign.history.outside_records import by_esp_hal, by_nuttx, by_otatool
from otaproof.campaign.history.step import Step
from otaproof.impl.otadata import EntryPair, SelectEntry, make_entry
from otaproof.model.ota_state import OtaImgState as S

BLANK = SelectEntry(0xFFFFFFFF, S.UNDEFINED, 0xFFFFFFFF)


def written(step: Step) -> tuple[int, int, int]:
    """Return sector, number and state of a record."""
    return step.sector, step.seq, step.state


def test_otatool_overwrites_the_good_record_where_the_newest_was_rejected() -> None:
    """It does not look at states: ota_1 comes back as VALID, which is the state of the record that it overwrites."""
    entries = EntryPair(make_entry(1, S.VALID), make_entry(2, S.INVALID))
    records = [written(step) for step, _ in by_otatool(entries, 2)]
    assert [(0, 3, S.VALID), (0, 2, S.VALID)] == records


def test_otatool_has_no_effect_where_the_state_that_stays_is_a_rejection() -> None:
    """The record of ota_0 gets the highest number and stays INVALID."""
    entries = EntryPair(make_entry(3, S.VALID), make_entry(2, S.INVALID))
    (first, text), second = by_otatool(entries, 2)
    assert ((1, 3, S.INVALID), (1, 4, S.INVALID)) == (written(first), written(second[0]))
    assert "the state is that of the record which lay there before" in text


def test_otatool_begins_with_the_number_of_the_slot_on_blank_otadata() -> None:
    """In the first sector, without a state."""
    assert [(0, 1, S.UNDEFINED), (0, 2, S.UNDEFINED)] == [written(s) for s, _ in by_otatool(EntryPair(BLANK, BLANK), 2)]


def test_nuttx_writes_valid_into_the_sector_of_the_slot() -> None:
    """Only where the other slot is selected: the next number then names this one."""
    assert [(1, 2, S.VALID)] == [written(s) for s, _ in by_nuttx(EntryPair(make_entry(1, S.VALID), BLANK), 2)]
    assert [(0, 1, S.VALID), (1, 2, S.VALID)] == [written(s) for s, _ in by_nuttx(EntryPair(BLANK, BLANK), 2)]


def test_first_number_of_esp_hal_names_ota_0_whichever_slot_it_selects() -> None:
    """And a slot that is selected once more gets a number of the other one."""
    texts = [text for _, text in by_esp_hal(EntryPair(BLANK, BLANK), 2)]
    assert any("selects ota_1, with state UNDEFINED; but its number names ota_0" in text for text in texts)
    again = [text for _, text in by_esp_hal(EntryPair(make_entry(1, S.VALID), BLANK), 2)]
    assert any("selects ota_0, with state VALID; but its number names ota_1" in text for text in again)
