"""An updater of the user's own, as a sequence of calls: swept like the usual one, with tokens that replay it."""

from pathlib import Path

import pytest

from otaproof.analysis import check
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token, dut_of_token
from otaproof.examples.shipped_example import copy_example
from otaproof.library.boards import (
    InputError,
    UpdaterCall,
    accept,
    commence,
    complete,
    erase_last_boot,
    power_on,
    restart,
    rollback,
    write,
    write_update,
)
from otaproof.library.faults import FaultModel
from otaproof.library.remedies import Remedy
from worlds import small_world

USUAL = [commence(), write_update(), complete(), power_on(), accept(), power_on()]
CAREFUL = [erase_last_boot(), commence(), write_update(256), complete(restarts=False), restart(), accept(), power_on()]


def verdicts(calls: list[UpdaterCall] | None) -> dict[str, str]:
    """Return the verdicts on a small device with rollback, under F1."""
    result = check(small_world(rollback=True), FaultModel.F1, with_proofs=False, calls=calls)
    return {claim.id: claim.verdict for claim in result.claims}


def test_usual_updater_written_down_is_the_usual_one() -> None:
    """Call by call; the cut points are the same too."""
    usual = check(small_world(rollback=True), FaultModel.F1, with_proofs=False)
    written = check(small_world(rollback=True), FaultModel.F1, with_proofs=False, calls=USUAL)
    assert usual.sweep.scenarios == written.sweep.scenarios
    assert [(c.id, c.verdict, c.violations) for c in usual.claims] == [
        (c.id, c.verdict, c.violations) for c in written.claims
    ]


def test_other_updater_breaks_other_claims() -> None:
    """One that erases the image before the last mends C2, which the usual one breaks."""
    assert "violated" == verdicts(None)["C2"]
    assert "holds" == verdicts(CAREFUL)["C2"]


def test_token_carries_the_calls() -> None:
    """The replay plays them, with the restart by software, and confirms the violation."""
    result = check(small_world(rollback=True), FaultModel.F1, with_proofs=False, calls=CAREFUL)
    token = decode_token(result.claims["C4"].token or "")
    dut = dut_of_token(token)
    assert tuple(CAREFUL) == dut.calls
    played = replay(token, dut)
    assert played.is_claim_kept is False
    assert any("complete()" in step.text for step in played.steps)


def test_updater_of_a_project_in_pieces(tmp_path: Path) -> None:
    """A folder is given by its path; pieces of the image may be of any size."""
    copy_example(tmp_path / "two-slot")
    calls = [commence(), write(0, 99), write(100, 98303), complete(), restart(), accept()]
    result = check(tmp_path / "two-slot", FaultModel.F0, with_proofs=False, calls=calls)
    assert ("violated", "holds") == (result.claims["C2"].verdict, result.claims["C1"].verdict)
    assert any("otaproof" not in setting.name for setting in result.settings)


def test_remedies_are_taken_by_name() -> None:
    """Of the usual updater they change the calls; the result says them."""
    result = check(small_world(rollback=True), FaultModel.F0, with_proofs=False, remedies=["erase-last-boot"])
    assert ("erase-last-boot",) == result.config.remedies
    assert "holds" == result.claims["C2"].verdict
    with pytest.raises(InputError, match="'hope' is none of"):
        check(small_world(), remedies=["hope"])


def test_scenario_that_the_calls_do_not_allow_is_left_out() -> None:
    """An updater that ends with the restart leaves nothing that could go on."""
    result = check(small_world(), FaultModel.F0, with_proofs=False, calls=USUAL[:3])
    assert {"upgrade"} == set(result.sweep.scenarios)
    assert ["upgrade-again", "rollback"] == [note.split()[1] for note in result.notes]


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([], "want commence.. once"),
        ([*USUAL, commence()], "it is there 2 times"),
        (["commence"], "'commence' is no call"),
        ([commence(), write(0, 99), complete(), power_on()], "does not go through even without a power cut"),
        ([commence(), write_update(), accept(), rollback()], "does not go through even without a power cut"),
    ],
)
def test_calls_that_are_no_update_are_refused(calls: list[UpdaterCall], words: str) -> None:
    """In one line that says why."""
    with pytest.raises(InputError, match=words):
        check(small_world(rollback=True), FaultModel.F0, with_proofs=False, calls=calls)


def test_pieces_that_are_none_are_refused() -> None:
    """Where they are written down."""
    with pytest.raises(InputError, match="bytes 5 … 4 are no piece"):
        write(5, 4)
    with pytest.raises(InputError, match="write_update: 0 bytes"):
        write_update(0)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(InputError, match="nowhere: there is no such file or directory"):
        check(tmp_path / "nowhere")


def test_remedy_of_the_application_is_of_the_usual_updater() -> None:
    """The further upgrade that is tried after a cut keeps to it, whatever calls the updater itself makes."""
    result = check(
        small_world(rollback=True), FaultModel.F0, with_proofs=False, calls=USUAL, remedies=[Remedy.NEVER_ROLLBACK]
    )
    assert "holds" == result.claims["C2"].verdict
