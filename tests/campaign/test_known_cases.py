"""What ESP-IDF does not keep: every case is played under the rules of every release."""

from dataclasses import replace

import pytest

from otaproof.campaign.history.case_table import case_rows
from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_case import KnownCase
from otaproof.campaign.history.known_cases import KNOWN_CASES, known_case
from otaproof.campaign.history.player import Player, StepOutcome
from otaproof.campaign.history.step import Step, StepCut, StepName
from otaproof.cli.main import main
from otaproof.impl.chip.torn_operations import AFTER
from otaproof.model.claims.claims import claim
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.fault_model import FaultModel

IMAGES = tuple(SmallImage(number + 1) for number in range(2))
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)


@pytest.mark.parametrize("case", KNOWN_CASES, ids=lambda case: case.name)
def test_case_happens_from_since_to_until_and_under_no_other_rules(case: KnownCase) -> None:
    """The board is asked for each of the six sets of rules."""
    told = [release for release in Release if case.since <= release <= (case.until or max(Release))]
    assert told == [release for release in Release if case.happens_under(release)]


def test_names_are_unique_and_claims_are_known() -> None:
    """A token names a case by its name."""
    assert len(KNOWN_CASES) == len({case.name for case in KNOWN_CASES})
    assert all(case.claim_id is None or claim(case.claim_id) for case in KNOWN_CASES)
    assert all(case.facts for case in KNOWN_CASES)


def test_table_has_a_row_with_a_token_for_each_case() -> None:
    """Documents are rendered from it."""
    rows = list(case_rows())
    assert [case.name for case in KNOWN_CASES] == [row.name for row in rows]
    for case, row in zip(KNOWN_CASES, rows, strict=True):
        assert case.token() == decode_history_token(row.token)


@pytest.mark.parametrize(
    ("name", "cuts", "fault"),
    [
        ("accept-before-the-first-boot", 0, FaultModel.F0),
        ("damaged-image-locks-out-all", 0, FaultModel.F0),
        ("trial-is-lost", 1, FaultModel.F0),
        ("torn-new-is-never-tested", 1, FaultModel.F2),
        ("torn-new-reads-valid", 1, FaultModel.F3),
        ("both-records-lost", 2, FaultModel.F0),
    ],
)
def test_case_tells_how_many_cuts_it_takes_and_of_which_kind(name: str, cuts: int, fault: FaultModel) -> None:
    """Most need no torn operation at all."""
    case = known_case(name)
    assert (cuts, fault) == (case.cuts, case.fault)


@pytest.mark.parametrize("case", KNOWN_CASES, ids=lambda case: case.name)
def test_replay_confirms_the_case(case: KnownCase, capsys: pytest.CaptureFixture[str]) -> None:
    """The command plays the token of the table and says so."""
    (row,) = (row for row in case_rows() if row.name == case.name)
    assert 1 == main(["replay", row.token])
    said = " ".join(capsys.readouterr().out.split())
    assert f"the board confirms {case.name}" in said
    assert case.title in said
    assert case.claim_id is None or f"{case.claim_id} is violated" in said


@pytest.mark.parametrize("release", Release, ids=lambda release: release.label)
def test_flash_is_the_same_before_and_after_the_first_instruction(release: Release) -> None:
    """The lemma of C4: a selector cannot tell the two cuts apart, of which the claim asks different images."""
    marked = History(SmallDevice(Config(rollback=True, app_release=release, bootloader_release=release)), IMAGES)
    before, after = (Player(marked.dut) for _ in range(2))
    for step in (Step(StepName.RESET), *upgrade(1)):
        before.play(step)
        after.play(step)
    started = after.play(RESTART)
    note = len(started.ops) - 1
    assert StepOutcome.CUT is before.play(replace(RESTART, cut=StepCut(note, AFTER))).outcome
    assert (None, "ota_1") == (before.running, after.running)
    assert before.moment == after.moment


@pytest.mark.parametrize("release", Release, ids=lambda release: release.label)
def test_a_mark_is_lost_before_the_try_is_noted(release: Release) -> None:
    """The attainable wording of C4 falls, too: after the erase there is neither mark nor note."""
    trial_is_lost = replay_history(known_case("trial-is-lost").make(release))
    cut = next(step for step in trial_is_lost.steps if step.is_cut)
    assert cut.entries is not None and b"\xff" * 32 in cut.entries
    assert "ota_0" == trial_is_lost.running
