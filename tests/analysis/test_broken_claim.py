"""The sentence that says what breaks a claim: for each claim, the event that it rules out."""

from dataclasses import replace
from typing import Any

import pytest

from observations import KEPT, NEW, OLD
from otaproof.analysis.broken_claim import broken_by_cut
from otaproof.model.claims.claims import CUT_CLAIMS, cut_claim
from otaproof.model.claims.observation import Boot, Observation, Rollback, Upgrade


def with_future(**changes: Any) -> Observation:
    """Return the cut with another future."""
    return replace(KEPT, future=replace(KEPT.future, **changes))


NOTHING = Boot(None, None)
BROKEN: list[tuple[str, Observation, str]] = [
    ("C1", with_future(boot=NOTHING), "the next power-on starts nothing"),
    ("C1", with_future(boot=Boot("ota_1", None)), "the next power-on starts ota_1, which holds no whole image"),
    (
        "C2",
        replace(KEPT, finished=frozenset({"ota_1"})),
        "the power-on after the next then starts ota_0, whose image was never completed",
    ),
    (
        "C2",
        replace(with_future(idle_boot=NEW), finished=frozenset({"ota_1"})),
        "the next power-on starts ota_1, rollback() then starts ota_0, whose image was never completed",
    ),
    ("C3", replace(KEPT, wrote_running=True), "has changed the partition that runs, ota_0"),
    ("C4", with_future(boot=OLD), "the next power-on starts ota_0, not ota_1, which complete() has marked"),
    ("C4", with_future(idle_boot=NEW), "the one after that starts ota_1, not ota_0"),
    ("C5", replace(with_future(boot=OLD), is_accepted=True), "starts ota_0, although ota_1 was accepted"),
    ("C6", with_future(rollback=Rollback(None, True, NEW)), "rollback() then restarts, which starts ota_1 again"),
    ("C6", with_future(rollback=Rollback("no", True, None)), "rollback() then raises “no”, and has changed flash"),
    (
        "C7",
        replace(with_future(boot=OLD), new_boot=None),
        "the next power-on starts ota_0; before the call it starts ota_1, after it nothing",
    ),
    ("C8", with_future(boot=replace(NEW, efuse_version=3)), "ota_1 runs with secure version 2; the eFuse has 3"),
    ("C9", with_future(upgrade=None), "no application runs that could begin a further upgrade"),
    ("C9", with_future(upgrade=Upgrade("ota_0", "commence(): no", None, False)), "to ota_0 fails in commence(): no"),
    ("C9", with_future(upgrade=Upgrade("ota_0", None, NEW, False)), "to ota_0 the power-on starts ota_1"),
    (
        "C10",
        with_future(boot=replace(NEW, is_under_test=False)),
        "info() says that ota_1 runs and ota_1 is next; ota_1 runs, and the next power-on starts ota_0",
    ),
]


@pytest.mark.parametrize(("claim_id", "after", "sentence"), BROKEN)
def test_event_that_breaks_the_claim_is_named(claim_id: str, after: Observation, sentence: str) -> None:
    """The claim itself says that it is broken there."""
    assert cut_claim(claim_id).is_kept(KEPT)
    assert not cut_claim(claim_id).is_kept(after)
    assert sentence in broken_by_cut(claim_id, after)


def test_every_claim_of_a_sweep_has_a_sentence() -> None:
    """None is forgotten when one is added."""
    assert {claim.id for claim in CUT_CLAIMS} == {claim_id for claim_id, _, _ in BROKEN}
