"""What ESP-IDF does not keep: every case is played under the rules of every release."""

import pytest

from otaproof.campaign.history.history_token import decode_history_token
from otaproof.campaign.history.known_cases import KNOWN_CASES, KnownCase, case_rows, known_case
from otaproof.cli.main import main
from otaproof.model.claims.claims import claim
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel


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
