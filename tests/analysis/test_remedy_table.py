"""The table of remedies: that it is of today's models, what it must say, and that the prover says the same."""

from dataclasses import replace

import pytest

from otaproof.analysis.remedy_file import (
    SCOPES,
    candidates,
    is_current,
    releases_of,
    unbroken_with,
    unmet_with,
    verdicts_with,
)
from otaproof.analysis.remedy_table import FILE, RemedyRow, all_rows, documented, parse, remedies_for, rows, text_of
from otaproof.analysis.results.result_parts import judgement
from otaproof.errors import InputError
from otaproof.model.claims.claims import CLAIMS
from otaproof.model.claims.severity import CONSEQUENCES, Harm
from otaproof.model.config import Release
from otaproof.model.device.remedy_steps import remedied
from otaproof.model.device.scope_text import scope_title
from otaproof.model.device.state import Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy
from otaproof.proofs.prover.decision import ProofVerdict

AT_ONCE, ERASE, NO_ACCEPT = Remedy.RESTART_AT_ONCE, Remedy.ERASE_LAST_BOOT, Remedy.ACCEPT_ON_TRIAL
NOTE = Remedy.NOTE_IN_PLACE


def scope_title_of(row: RemedyRow) -> str:
    """Return the id of a test of a row."""
    return scope_title(row.scope)


def row_of(release: Release, rollback: bool) -> RemedyRow:
    """Return the row of a release."""
    row = remedies_for(documented(release, rollback))
    assert row is not None
    return row


@pytest.mark.drift
def test_rows_are_of_the_models_of_today() -> None:
    """A change of the model needs `make remedies`."""
    assert list(SCOPES) == [row.scope for row in all_rows()]
    assert [] == [row.scope for row in all_rows() if not is_current(row)]
    assert [row.releases for row in all_rows()] == [releases_of(row.scope) for row in all_rows()]


def test_every_release_has_a_row() -> None:
    """With rollback and without."""
    for rollback in (True, False):
        releases = [label for row in rows() if row.scope.config.rollback is rollback for label in row.releases]
        assert sorted(release.label for release in Release) == sorted(releases)


def test_release_that_violates_a_claim_is_told_to() -> None:
    """Of factory and two slots as of two slots; where the table has no such device, nothing is said of releases."""
    for row in all_rows():
        for claim in CLAIMS:
            told = judgement(claim.id, row.scope, is_violated=True)["releases"]
            violated, proved = ((), ()) if told is None else (told.violated, told.proved)
            assert set(row.releases).issubset(violated) if claim.id in row.mends else not {*row.releases} & {*violated}
            assert told is None or sorted((*violated, *proved)) == sorted(release.label for release in Release)
    with_factory = documented(Release.V6_1, rollback=True, has_factory=True)
    assert judgement("C22", with_factory, is_violated=True)["releases"] is not None
    for scope in (None, replace(with_factory, slots=3)):
        assert judgement("C22", scope, is_violated=True)["releases"] is None


@pytest.mark.parametrize(
    ("release", "rollback", "best", "left"),
    [
        (Release.V5_1, True, (AT_ONCE, ERASE), {"C4", "C17"}),
        (Release.V5_1, True, (AT_ONCE, ERASE, NOTE), set()),
        (Release.V5_5, True, (AT_ONCE,), {"C4", "C17"}),
        (Release.V5_5, True, (AT_ONCE, NOTE), set()),
        (Release.V6_1, True, (AT_ONCE,), {"C4", "C17"}),
        (Release.V6_1, True, (AT_ONCE, NOTE), set()),
        (Release.V5_1, False, (AT_ONCE, ERASE, NO_ACCEPT), {"C25"}),
        (Release.V6_1, False, (AT_ONCE, ERASE, NO_ACCEPT), {"C25"}),
    ],
)
def test_known_discipline_mends_all_that_can_be_mended(
    release: Release, rollback: bool, best: tuple[Remedy, ...], left: set[str]
) -> None:
    """A study on a copy of the model, which changed guards by hand, came to the same."""
    assert left == set(row_of(release, rollback).best[best])


def test_single_remedies_of_the_study_are_found() -> None:
    """C6 on 6.1 has four, of which three are listed, C7 and C10 two; on 5.1 without rollback C13 has one pair."""
    mends = row_of(Release.V6_1, True).mends
    assert ((AT_ONCE,), (Remedy.NEVER_ROLLBACK,), (Remedy.ROLLBACK_ON_TRIAL,)) == mends["C6"]
    assert ((AT_ONCE,), (Remedy.COMMENCE_IF_SELECTED,)) == mends["C7"] == mends["C10"]
    assert ((NOTE,),) == mends["C17"]
    assert ((ERASE, NO_ACCEPT),) == row_of(Release.V5_1, False).mends["C13"]


def test_rule_that_locks_the_application_out_is_told() -> None:
    """Without rollback, what runs need not be what is selected, and nothing but commence() would change that."""
    broken = {on: ids for row in rows() for on, ids in row.breaks.items()}
    assert broken
    assert all(Remedy.COMMENCE_IF_SELECTED in on and ids == ("C9",) for on, ids in broken.items())


def test_row_is_found_whatever_remedies_are_on() -> None:
    """Of documented usage under F1 alone."""
    row = row_of(Release.V5_5, True)
    assert row is remedies_for(remedied(row.scope, [AT_ONCE, ERASE]))
    assert remedies_for(replace(row.scope, usage=Usage.ANY)) is None
    assert remedies_for(replace(row.scope, faults=FaultModel.F2)) is None
    assert remedies_for(replace(row.scope, slots=3)) is None


def test_smaller_set_leaves_the_claim_violated() -> None:
    """C13 on 5.1 needs two."""
    row = row_of(Release.V5_1, True)
    assert (AT_ONCE, ERASE) in row.mends["C13"]
    assert 2 == min(map(len, row.mends["C13"]))
    singles = list(candidates(row.scope, 1))
    assert 8 == len(singles)
    assert not any(unbroken_with(on, row.scope, frozenset({"C13"})) for on in singles)


@pytest.mark.drift
@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.scope.config.rollback}-{row.releases[0]}")
def test_claims_that_a_set_may_keep_for_nothing_are_told(row: RemedyRow) -> None:
    """As C6, which speaks of rollback(), by a rule that forbids it."""
    assert row.unmet == unmet_with(row.scope, row.mends, row.best)
    assert "C6" in row.unmet[(Remedy.NEVER_ROLLBACK,)]
    assert not any("C7" in ids for ids in row.unmet.values())


@pytest.mark.drift
@pytest.mark.parametrize("row", [row_of(Release.V5_5, True)], ids=["5.5"])
def test_prover_says_the_same(row: RemedyRow) -> None:
    """Of the first of the best sets; of every set with -m slow."""
    on, left = next(iter(row.best.items()))
    verdicts = verdicts_with(on, row.scope)
    assert set(left) == {id_ for id_, verdict in verdicts.items() if verdict is not ProofVerdict.PROVED}


@pytest.mark.slow
@pytest.mark.parametrize("row", all_rows(), ids=scope_title_of)
def test_prover_says_the_same_of_every_set(row: RemedyRow) -> None:
    """What each mends, and what it breaks."""
    for on in row.models.keys() - {()}:
        verdicts = verdicts_with(on, row.scope)
        mended = {id_ for id_, sets in row.mends.items() if on in sets}
        assert mended <= {id_ for id_, verdict in verdicts.items() if verdict is ProofVerdict.PROVED}
        refuted = {id_ for id_, verdict in verdicts.items() if verdict is ProofVerdict.REFUTED}
        assert set(row.breaks.get(on, ())) == refuted - row.mends.keys()


def test_text_is_read_as_it_was_written() -> None:
    """And the file is what is written of it."""
    text = FILE.read_text(encoding="utf-8")
    assert text == text_of(parse(text))


@pytest.mark.parametrize(
    "text", ["", '{"idf": 1}', '["5.1"]', '[{"idf": "5.1"}]', text_of(all_rows()).replace("-at-once", "")]
)
def test_other_text_is_refused(text: str) -> None:
    """In one line that says how to make the file."""
    with pytest.raises(InputError, match=r"remedies\.json"):
        parse(text)


def test_every_claim_has_a_severity() -> None:
    """Each kind occurs, so none is there for nothing."""
    assert [claim.id for claim in CLAIMS] == list(CONSEQUENCES)
    assert set(Harm) == {found.severity for found in CONSEQUENCES.values()}
