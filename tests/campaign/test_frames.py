"""A replay moment by moment: what flash holds and what boots agree with the board at every moment."""

from itertools import pairwise

import pytest

from otaproof.analysis.results.check_result import check_result
from otaproof.analysis.results.stepped_replay import SteppedReplay, stepped_cut
from otaproof.analysis.upgrade_check import check_upgrade
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.frames import contents_text
from otaproof.campaign.upgrade.upgrade_frames import upgrade_frames
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.model.fault_model import FaultModel
from worlds import small_world

WORLD = small_world(rollback=True)
RESULT = check_result(check_upgrade(WORLD, FaultModel.F1, 0, with_proofs=False))
TOKENS = {claim.id: claim.token for claim in RESULT.claims if claim.token is not None}


def stepped(claim_id: str) -> SteppedReplay:
    """Return the replay of a violation."""
    return stepped_cut(TOKENS[claim_id], WORLD, ("broken",))


@pytest.mark.parametrize("claim_id", TOKENS)
def test_moments_end_where_the_replay_ends(claim_id: str) -> None:
    """The cut leaves the records that `otaproof replay` prints last, and what boots then is what it says."""
    token = decode_token(TOKENS[claim_id])
    played, frames = replay(token, WORLD), upgrade_frames(token, WORLD)
    left = frames.frames[frames.cut_at]
    assert WORLD.entries(played.cells) == left.entries
    future = played.observation.future
    assert (future.boot.partition, future.boot.image) == (left.boots, left.boots_image)
    assert future == frames.future
    assert left.is_cut == (token.cut.step_cut is not None)
    assert played.steps[-1].text == left.text


@pytest.mark.parametrize("claim_id", TOKENS)
def test_changed_bytes_are_those_that_differ(claim_id: str) -> None:
    """From one moment to the next; the first has none, and some moment has some."""
    moments = stepped(claim_id).moments
    assert [()] * 2 == [record.changed for record in moments[0].records]
    for before, after in pairwise(moments):
        for old, new in zip(before.records, after.records, strict=True):
            raw = bytes.fromhex(old.bytes), bytes.fromhex(new.bytes)
            assert tuple(at for at in range(32) if raw[0][at] != raw[1][at]) == new.changed
    assert any(record.changed for moment in moments for record in moment.records)


def test_erase_and_program_of_a_record_are_moments_of_their_own() -> None:
    """In between the sector is blank, and the other record decides."""
    replayed = stepped("C4")
    texts = [moment.operations for moment in replayed.moments]
    erase = texts.index("erase 0xe000")
    assert "program 32 bytes at 0xe000" == texts[erase + 1]
    blank, whole = (replayed.moments[number].records[1] for number in (erase, erase + 1))
    assert ("ff" * 32, False) == (blank.bytes, blank.decides)
    assert whole.decides and "none" != replayed.moments[erase + 1].parts[-1].state


def test_moment_of_the_finding_says_what_is_broken() -> None:
    """The last one, after the power-on; no other."""
    assert [()] * (len(stepped("C4").moments) - 1) + [("broken",)] == [m.broken for m in stepped("C4").moments]


def test_moment_has_the_slot_of_what_boots() -> None:
    """By its number, whatever it is called."""
    numbers = {label: number for number, label in WORLD.slot_labels.items()}
    found = {(moment.boots, moment.slot) for claim_id in TOKENS for moment in stepped(claim_id).moments}
    assert {"ota_0", "ota_1"} <= {label for label, _ in found}
    assert all(label is not None and numbers[label] == slot for label, slot in found)


def test_contents_are_told_of_whole_begun_and_erased_images() -> None:
    """And of what is none."""
    slot, image = WORLD.partition("ota_1"), WORLD.update

    def told(dut: DeviceUnderTest, *pieces: tuple[int, bytes]) -> str:
        cells = dut.cells
        for offset, piece in pieces:
            cells = cells.with_bytes(slot.offset + offset, piece)
        return contents_text(dut, cells, slot)

    assert f"“{image.name}”, whole" == told(WORLD, (0, image.contents))
    assert "erased" == told(WORLD)
    assert f"600 of {len(image.contents):,} bytes of “{image.name}”" == told(WORLD, (0, image.contents[:600]))
    sectors = slot.size // SECTOR_SIZE
    assert f"no whole image; {sectors - 1} of {sectors} sectors are erased" == told(WORLD, (SECTOR_SIZE, b"x"))
    assert "no whole image" == told(WORLD, (0, b"x" * slot.size))
