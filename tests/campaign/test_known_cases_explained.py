"""`explain` on the flash that each known case leaves: what boots, and a history that takes no more cuts than it."""

from pathlib import Path

import pytest

from otaproof.analysis.history_search import Case, explain_cases
from otaproof.analysis.results.explain_result import violations_of
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.history import OTADATA
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_case import KnownCase
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import POWER_ON
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import Strictness
from otaproof.project.flash_dump import load_dump
from otaproof.project.inputs import Inputs

NOT_SEARCHED_FOR = {
    "table-with-a-gap",
    "sequence-number-wraps",
    "stray-number-wraps",
    "accept-fails-and-is-done",
}
"""What they leave is not in the model; the answer says what."""
FAR_NUMBERS = {"stray-number-names-what-runs": "659,012,007", "stray-number-boots-a-download": "4,143,118,639"}
"""What no updates reach: the history is told of a small number in its place."""


def explained(case: KnownCase, folder: Path) -> tuple[Case, Cells, str | None]:
    """Return what is said of the flash that a case leaves, that flash, and what a board boots from it."""
    left = replay_history(case.token().history)
    dut = case.history.dut
    config, bits = dut.config, left.efuse_bits
    dump = folder / "dump.bin"
    dump.write_bytes(left.cells.to_bytes())
    inputs = Inputs(rollback=config.rollback, anti_rollback=config.anti_rollback)
    (said,) = explain_cases(load_dump(inputs, dump, [config.app_name], bits.bit_count()), 120)
    board = DeviceUnderTest(config, dut.table, left.cells, efuse_bits=bits, strictness=Strictness.CHIP)
    return said, left.cells, Player(board).play(POWER_ON).running


def records(cells: Cells) -> tuple[bytes, bytes]:
    """Return both records of otadata."""
    return cells.read(OTADATA, 32), cells.read(OTADATA + 0x1000, 32)


@pytest.mark.parametrize("case", KNOWN_CASES, ids=lambda case: case.name)
def test_state_that_a_known_case_leaves_is_explained(case: KnownCase, tmp_path: Path) -> None:
    """What boots is what a board boots; the history has no more cuts, and its replay leaves these records."""
    said, cells, boots = explained(case, tmp_path)
    assert boots == said.answer.first.label
    assert said.history is not None
    if case.name in NOT_SEARCHED_FOR:
        assert said.history.verdict.startswith("not searched for: the model")
        return
    assert said.history.token is not None
    far = FAR_NUMBERS.get(case.name)
    assert (far is not None) == ("which no updates reach" in said.history.verdict)
    assert far is None or said.history.verdict.startswith(f"number {far}, ")
    assert any(told in said.history.verdict for told in ("reachable without a fault", "takes 1 power cut"))
    assert (far is None) == (said.history.note == "")
    assert said.history.cuts <= case.cuts
    replayed = replay_history(decode_history_token(said.history.token).history)
    assert (far is None) == (records(cells) == records(replayed.cells))


def test_history_tells_what_it_violates_and_what_mends_that(tmp_path: Path) -> None:
    """As its replay shows it; what another system has written is no matter of the application's disciplines."""
    torn = explained(known_case("torn-new-is-never-tested"), tmp_path)[0].history
    assert torn is not None
    (found,) = violations_of(torn)
    assert ("C25", "wrong image") == (found.claim, found.severity)
    assert found.text.startswith("the next power-ons start ota_1 and ota_1")
    assert found.releases is not None
    assert "6.0" in found.releases.proved
    assert found.fixes is not None
    assert ("restart-at-once", "erase-last-boot") == found.fixes[0].remedies
    other = explained(known_case("accept-after-a-fallback"), tmp_path)[0].history
    assert other is not None
    (found,) = violations_of(other)
    assert ("C14", None, None) == (found.claim, found.releases, found.fixes)
    ordinary = explained(known_case("trial-is-lost"), tmp_path)[0].history
    assert ordinary is not None
    assert () == violations_of(ordinary)
