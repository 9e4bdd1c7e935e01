"""Update after update on flash that wears out: which sector is first, and what one stuck bit comes to."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.upgrade import ageing
from otaproof.campaign.upgrade.ageing import AgeingReport, StuckBit, WornSector, age
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Selector
from worlds import SLOT_SIZE, small_world

OTADATA = (0xD000, 0xE000)
STATE, CRC = 8 * 24, 8 * 28
"""First bits of ota_state and crc: esp_flash_partitions.h, esp_ota_select_entry_t."""
LABEL = 8 * 4


@pytest.fixture(scope="module")
def report() -> AgeingReport:
    """A device with rollback on that is worn out, with a few bits of the records."""

    def bits(dut: DeviceUnderTest, report: AgeingReport, sector: WornSector) -> Iterator[int]:
        if sector.address in OTADATA:
            return iter((STATE, STATE + 1, STATE + 2, LABEL))
        return whole(dut, report, sector)

    whole = ageing._bits
    with pytest.MonkeyPatch.context() as context:
        context.setattr(ageing, "_bits", bits)
        return age(small_world(rollback=True), 3)


def of_otadata(report: AgeingReport, bit: int) -> list[StuckBit]:
    """Return what a stuck bit of either sector came to."""
    return [stuck for stuck in report.stuck if stuck.sector.address in OTADATA and stuck.bit == bit]


def test_worn_out_is_the_sector_that_was_erased_once_too_often(report: AgeingReport) -> None:
    """By the operations of eight updates in a row, with the chunks of an application."""
    world = small_world(rollback=True)
    first = script_of(Scenario.UPGRADE, world)
    run = play_script(world, (*first, *first[1:] * 7))
    size, erases = len(first) - 1, Counter[int]()
    worn: dict[int, int] = {}
    for played in run.played:
        for op in played.ops:
            erases[op.address] += op.kind is FlashOpKind.ERASE
            if erases[op.address] > report.endurance:
                worn.setdefault(op.address, 1 + (played.number - 1) // size)
    assert worn == {sector.address: sector.worn_in for sector in report.sectors}
    assert [*OTADATA] == [sector.address for sector in report.sectors[:2]]


def test_erases_are_those_of_a_cycle(report: AgeingReport) -> None:
    """Of otadata by complete(), the try and accept(), and by commence(), which forgets what the slot held; of a slot
    one."""
    assert {"otadata": 3, "ota_0": 1, "ota_1": 1} == {sector.partition: sector.erases for sector in report.sectors}


def test_stuck_bit_of_the_label_changes_nothing(report: AgeingReport) -> None:
    """Nobody reads seq_label."""
    found = of_otadata(report, LABEL)
    assert 2 == len(found)
    assert all((stuck.signs, stuck.failed, stuck.updates) == ((), 0, 3) for stuck in found)


def test_stuck_lowest_bit_of_the_state_starts_what_nobody_accepted(report: AgeingReport) -> None:
    """PENDING_VERIFY, 1, reads as NEW, 0: the image is never given up."""
    found = of_otadata(report, STATE)
    assert 2 == len(found)
    assert all("C25" in stuck.claims and not stuck.failed for stuck in found)


def test_stuck_second_bit_of_the_state_has_each_second_update_refused(report: AgeingReport) -> None:
    """VALID, 2, reads as NEW, 0: what was accepted is under test again."""
    for stuck in of_otadata(report, STATE + 1):
        assert ("C5", "C20") == stuck.claims
        assert stuck.is_for_ever and 1 == stuck.failed
        assert any("unconfirmed firmware" in sign.text for sign in stuck.signs)


def test_bit_that_no_state_sets_changes_nothing(report: AgeingReport) -> None:
    """Of NEW, PENDING_VERIFY and VALID none has the third bit set."""
    assert [(), ()] == [stuck.signs for stuck in of_otadata(report, STATE + 2)]


def test_worn_slot_is_noticed_and_takes_no_update_any_more(report: AgeingReport) -> None:
    """complete() verifies what it reads; the other image goes on running. A blank sector behind the image is none of
    its business."""
    slots = {stuck.sector.address: stuck for stuck in report.stuck if stuck.sector.address not in OTADATA}
    assert [0x10000, 0x11000, 0x20000, 0x21000] == sorted(slots)
    for address, other in ((0x10000, "ota_1"), (0x20000, "ota_0")):
        stuck = slots[address]
        assert ((), True, 2, 2, other) == (stuck.claims, stuck.is_for_ever, stuck.failed, stuck.updates, stuck.runs)
        assert {"complete"} == {sign.call for sign in stuck.signs}
    assert not slots[0x11000].signs and not slots[0x21000].signs


def test_claims_that_need_no_wear_are_told_apart(report: AgeingReport) -> None:
    """C13 breaks whenever a slot with a record is written anew: KNOWN_CASES has it."""
    assert {"C13"} == report.always
    assert not any("C13" in stuck.claims for stuck in report.stuck)
    assert all(sign.claim_id != "C13" for sign in report.together)


def test_chip_whose_sectors_all_age_takes_no_update_in_the_end(report: AgeingReport) -> None:
    """And says in which one it showed first."""
    assert report.together[0].update > report.endurance
    assert report.together_updates == report.together[0].update + report.cycle
    assert report.together_runs in ("ota_0", "ota_1")


def test_cycle_has_whole_turns_of_slots_and_records() -> None:
    """With three slots the two sectors of otadata have as many erases in six updates, and not in three."""
    world = small_world(rollback=True)
    table = (*world.table, Partition("ota_2", 0, 0x12, world.cells.size, SLOT_SIZE))
    cells = Cells.from_bytes(world.cells.to_bytes() + b"\xff" * SLOT_SIZE)
    cells = cells.with_bytes(world.config.table_offset, encode_table(table))

    def progress(done: int, total: int) -> None:
        raise KeyboardInterrupt

    report = age(replace(world, table=table, cells=cells), 1, progress)
    assert 6 == report.cycle
    assert 1 == len({sector.erases for sector in report.sectors if sector.partition == "otadata"})


def test_interrupt_leaves_what_was_played() -> None:
    """And says that it is not all."""

    def progress(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    report = age(small_world(), 1, progress)
    assert (2, False) == (len(report.stuck), report.is_complete)


@pytest.mark.thorough
def test_records_by_turns_bear_less() -> None:
    """They check all bytes of a record: docs/spec/faults.md has the shares."""
    world = small_world(rollback=True)
    by_turns = replace(world, config=replace(world.config, selector=Selector.BY_TURNS))
    harmful = []
    for device in (world, by_turns):
        bits = [stuck for stuck in age(device, 10).stuck if stuck.sector.address in OTADATA]
        assert 2 * 256 == len(bits)
        harmful.append(sum(bool(stuck.signs) for stuck in bits) / len(bits))
    assert 1 / 10 < harmful[0] < 1 / 8 and 0.6 < harmful[1] < 0.7
