"""The sentence that says what breaks a claim: for each claim, the event that it rules out."""

from dataclasses import replace

import pytest

from observations import KEPT, NEW, OLD, SETTLED, UPGRADE, UPGRADED, of
from otaproof.analysis.broken_claim import broken_by_cut
from otaproof.model.claims.cut_claims import CUT_CLAIMS, cut_claim
from otaproof.model.claims.observation import Boot, Observation, Rollback

NOTHING = Boot(None, None)
BROKEN: list[tuple[str, Observation, str]] = [
    ("C1", of(KEPT, boot=NOTHING), "the next power-on starts nothing"),
    ("C1", of(KEPT, boot=Boot("ota_1", None)), "the next power-on starts ota_1, which holds no whole image"),
    (
        "C2",
        of(KEPT, target="ota_2", finished=frozenset({"ota_1"}), boot=OLD),
        "the next power-on then starts ota_0, whose image was never completed",
    ),
    (
        "C2",
        of(KEPT, target="ota_2", finished=frozenset({"ota_1"})),
        "the power-on after the next then starts ota_0, whose image was never completed",
    ),
    (
        "C2",
        of(KEPT, target="ota_2", finished=frozenset({"ota_1"}), idle_boot=NEW),
        "the next power-on starts ota_1, rollback() then starts ota_0, whose image was never completed",
    ),
    ("C3", of(KEPT, wrote_running=True), "has changed the partition that runs, ota_0"),
    ("C4", of(KEPT, boot=OLD), "the next power-on starts ota_0, not ota_1, which complete() has marked"),
    ("C4", of(KEPT, idle_boot=NEW), "the one after that starts ota_1, not ota_0"),
    ("C4", of(KEPT, is_tried=True), "the next power-on starts ota_1, not ota_0: the new image has had its try"),
    ("C5", of(SETTLED, boot=OLD), "starts ota_0, although ota_1 was accepted"),
    ("C6", of(KEPT, rollback=Rollback(None, True, NEW)), "rollback() then restarts, which starts ota_1 again"),
    ("C6", of(KEPT, rollback=Rollback("no", True, None)), "rollback() then raises “no”, and has changed flash"),
    (
        "C7",
        of(KEPT, boot=OLD, new_boot=None),
        "the next power-on starts ota_0; before the call it starts ota_1, after it nothing",
    ),
    ("C8", of(KEPT, boot=replace(NEW, efuse_version=3)), "ota_1 runs with secure version 2; the eFuse has 3"),
    ("C8", of(KEPT, efuse_before=2), "the eFuse goes down from 2 to 1"),
    ("C9", of(KEPT, upgrade=None), "no application runs that could begin a further upgrade"),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, error="commence(): no")), "to ota_0 fails in commence(): no"),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, boot=NEW)), "to ota_0 the power-on starts ota_1"),
    (
        "C9",
        of(KEPT, upgrade=replace(UPGRADE, boot=replace(UPGRADED, state="testing"))),
        "after a further upgrade to ota_0 info() calls it testing, not accepted",
    ),
    (
        "C10",
        of(KEPT, boot=replace(NEW, state="new")),
        "info() says that ota_1 runs and ota_1 is next; ota_1 runs, and the next power-on starts ota_0",
    ),
    ("C17", of(KEPT, boot=OLD), "the next power-on starts ota_0, not ota_1, which complete() has marked"),
    ("C18", of(KEPT, rejected=frozenset({"ota_1"})), "the next power-on starts ota_1, which was rejected"),
    (
        "C18",
        of(KEPT, idle_boot=replace(NEW, rejected=frozenset({"ota_1"}))),
        "the power-on after the next, or after rollback(), starts an image rejected before: ota_1 and ota_0",
    ),
    (
        "C19",
        of(KEPT, boot=replace(NEW, deciding="valid")),
        "info() calls ota_1 testing; the record that decides says valid",
    ),
    (
        "C20",
        of(SETTLED, boot=replace(NEW, state="undefined")),
        "info() calls ota_1 undefined, although it was accepted",
    ),
    (
        "C21",
        of(KEPT, call="commence", boot=OLD),
        "the next power-on starts ota_0; before commence() it starts ota_1",
    ),
    (
        "C22",
        of(KEPT, rollback=Rollback(None, True, Boot("ota_2", "old"))),
        "rollback() restarts, which starts ota_2, not ota_0",
    ),
    ("C22", of(KEPT, is_rolled_back=True), "rollback() restarts, which starts ota_1, not ota_0"),
    ("C24", of(SETTLED, idle_boot=NEW), "ota_1 is selected and not under test, and yet the next power-on writes"),
    (
        "C25",
        of(KEPT, idle_boot=NEW),
        "the next power-on starts ota_1, the one after starts ota_1: neither was ever accepted",
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
