"""impl's own decisions and the model's terms for them, for all words; and that a difference is found."""

import pytest

from otaproof.impl import otadata
from otaproof.impl.otadata import EntryPair
from otaproof.proofs.refinement import impl_refines_model as impl_equals_model
from otaproof.proofs.refinement.impl_refines_model import MODEL_EQUALITIES, prove_active
from otaproof.proofs.smt.lemma import Lemma, LemmaVerdict


@pytest.fixture
def two_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at one slot count only."""
    monkeypatch.setattr(impl_equals_model, "COUNTS", (2,))


@pytest.mark.parametrize("lemma", MODEL_EQUALITIES, ids=lambda lemma: str(lemma.name))
@pytest.mark.usefixtures("two_slots")
def test_impl_decides_as_the_model_does(lemma: Lemma) -> None:
    """With two slots; the slow tests take up to sixteen."""
    assert lemma.prove().holds


@pytest.mark.slow
@pytest.mark.parametrize("lemma", MODEL_EQUALITIES, ids=lambda lemma: str(lemma.name))
def test_impl_decides_as_the_model_does_whatever_the_slots(lemma: Lemma) -> None:
    """All of COUNTS."""
    assert lemma.prove().holds


@pytest.mark.usefixtures("two_slots")
def test_a_board_that_prefers_the_second_of_equal_entries_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference in a tie is one of the least likely to be met by chance."""

    def select(entries: EntryPair, usable: tuple[bool, bool], newest: bool = True) -> int | None:
        if all(usable):
            return 0 if entries.first.ota_seq > entries.second.ota_seq else 1
        return 0 if usable[0] else 1 if usable[1] else None

    monkeypatch.setattr(otadata, "select_otadata", select)
    result = prove_active()
    assert result.verdict is LemmaVerdict.REFUTED
    assert "seq0" in result.detail
