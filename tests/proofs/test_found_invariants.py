"""Invariants that were found before: confirmed where they hold, of no effect where they do not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from otaproof.analysis.invariant_file import SHIPPED, scopes_of, searched
from otaproof.model.config import Config
from otaproof.model.device.state import Scope, Usage
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.invariants.invariant_catalogue import invariants
from otaproof.proofs.prover import proof_reuse
from otaproof.proofs.prover.found_invariants import FILE, FoundInvariants, found_before, parse, text_of
from otaproof.proofs.prover.proof_reuse import all_candidates, induct

PLAIN = Scope(Config(), usage=Usage.DOCUMENTED)


def kept(scope: Scope) -> FoundInvariants:
    """Return what comes with otaproof for a scope."""
    found = found_before(all_candidates(scope)[0])
    assert found is not None
    return found


def test_what_was_found_is_confirmed_by_both_solvers() -> None:
    """Nothing is searched for, and what comes of it is what Houdini finds."""
    found = induct(PLAIN, claims_of(PLAIN))
    assert found.rounds == 0
    assert {answer for condition in found.conditions for answer in condition.answers().values()} == {"unsat"}
    digest, by_houdini = searched(PLAIN)
    assert by_houdini == FoundInvariants(frozenset(found.invariants), found.core) == found_before(digest)


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda right: FoundInvariants(right.names | {"C14"}, right.core | {"C14"}),
        lambda right: FoundInvariants(right.names | {"C14"}, right.core),
        lambda right: FoundInvariants(right.names, frozenset()),
        lambda right: FoundInvariants(frozenset(), frozenset()),
    ],
    ids=["a claim that is false", "one that does not follow", "no core", "nothing"],
)
def test_what_is_not_confirmed_has_no_effect(
    spoiled: Callable[[FoundInvariants], FoundInvariants], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Houdini looks for itself; that nothing holds is no answer either."""
    right = kept(PLAIN)
    wrong = spoiled(right)
    monkeypatch.setattr(proof_reuse, "found_before", lambda digest: wrong)
    found = induct(PLAIN, claims_of(PLAIN))
    assert found.rounds > 0
    assert frozenset(found.invariants) == right.names


def test_what_is_kept_does_not_outlive_a_change_of_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One invariant more, and the solvers are asked of all of them."""
    before = all_candidates(PLAIN)[0]
    stated = invariants()
    one = next(replace(item, name="another") for item in stated if item.name == "running_image_is_whole")
    monkeypatch.setattr(proof_reuse, "invariants_of", lambda scope: (*stated, one))
    assert found_before(before) is not None
    assert found_before(all_candidates(PLAIN)[0]) is None


def test_text_is_read_as_it_was_written() -> None:
    """In the order of the names; what ships is text_of() of itself."""
    found = {
        "1f": FoundInvariants(frozenset({"b", "a"}), frozenset({"b"})),
        "0e": FoundInvariants(frozenset("c"), frozenset()),
    }
    assert parse(text_of(found)) == found
    text = FILE.read_text(encoding="utf-8")
    assert text_of(parse(text)) == text


@pytest.mark.drift
def test_what_prove_all_asks_for_first_comes_with_otaproof() -> None:
    """Documented use under F1."""
    assert set() == scopes_of(SHIPPED[:1]).keys() - parse(FILE.read_text(encoding="utf-8")).keys()


@pytest.mark.slow
def test_all_that_comes_with_otaproof_is_what_houdini_finds() -> None:
    """Each of them searched for anew, and none of a model that is gone."""
    asked = scopes_of(SHIPPED)
    for digest, found in parse(FILE.read_text(encoding="utf-8")).items():
        assert searched(asked[digest])[1] == found
