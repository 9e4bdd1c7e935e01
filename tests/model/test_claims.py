"""The claims: each can be broken, by an observation that differs in one thing from one that keeps them all."""

import inspect
from dataclasses import fields, replace

import pytest

from observations import FUTURE, KEPT, NEW, OLD, SETTLED, UPGRADE, UPGRADED, of
from otaproof.model.claims import cut_claims
from otaproof.model.claims.claims import CLAIMS, claim
from otaproof.model.claims.cut_claims import CUT_CLAIMS, cut_claim
from otaproof.model.claims.observation import Boot, Observation, Rollback
from otaproof.model.config import Config

NOTHING = Boot(None, None)
BACK = KEPT.future.rollback
assert BACK is not None


BROKEN: list[tuple[str, Observation]] = [
    ("C1", of(KEPT, boot=NOTHING)),
    ("C1", of(KEPT, boot=replace(NEW, image=None))),
    ("C2", of(KEPT, finished=frozenset({"ota_0"}))),
    ("C2", of(KEPT, idle_boot=Boot("ota_2", None))),
    ("C2", of(KEPT, finished=frozenset({"ota_0"}), boot=OLD, rollback=Rollback(None, True, Boot("ota_2", "old")))),
    ("C3", of(KEPT, wrote_running=True)),
    ("C3", of(KEPT, upgrade=replace(UPGRADE, wrote_running=True))),
    ("C4", of(KEPT, boot=OLD)),
    ("C4", of(KEPT, idle_boot=NEW)),
    ("C4", of(KEPT, is_tried=True)),
    ("C4", of(KEPT, call="complete", is_marked=False, idle_boot=NEW)),
    ("C5", of(SETTLED, boot=OLD)),
    ("C6", of(KEPT, rollback=Rollback(None, True, NEW))),
    ("C6", of(KEPT, rollback=Rollback(None, True, NOTHING))),
    ("C6", of(KEPT, rollback=Rollback("ota error", True, None))),
    ("C7", of(KEPT, old_boot="ota_0", new_boot="ota_2")),
    ("C8", of(KEPT, efuse_before=2)),
    ("C8", of(KEPT, boot=replace(NEW, secure_version=0))),
    ("C8", of(KEPT, boot=replace(NEW, efuse_version=2))),
    ("C9", of(KEPT, upgrade=None)),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, error="commence: ota error", boot=None))),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, target="ota_1"))),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, boot=replace(UPGRADED, image="old")))),
    ("C9", of(KEPT, upgrade=replace(UPGRADE, boot=replace(UPGRADED, state="undefined")))),
    ("C10", of(KEPT, info_running="ota_0")),
    ("C10", of(KEPT, boot=replace(NEW, state="new"))),
    ("C17", of(KEPT, boot=OLD)),
    ("C18", of(KEPT, rejected=frozenset({"ota_1"}))),
    ("C18", of(KEPT, boot=replace(NEW, rejected=frozenset({"ota_1"})))),
    ("C18", of(KEPT, idle_boot=replace(OLD, rejected=frozenset({"ota_0"})))),
    ("C18", of(KEPT, rollback=replace(BACK, rejected=frozenset({"ota_0"})))),
    ("C19", of(KEPT, boot=replace(NEW, deciding="new"))),
    ("C19", of(KEPT, idle_boot=replace(OLD, state=None))),
    ("C20", of(SETTLED, boot=replace(NEW, state="undefined"))),
    ("C20", of(SETTLED, boot=replace(NEW, state=None))),
    ("C21", of(KEPT, call="commence", old_boot="ota_0")),
    ("C21", of(KEPT, call="write", is_between_calls=True, old_boot="ota_0")),
    ("C22", of(KEPT, rollback=Rollback(None, True, Boot("factory", "old")))),
    ("C22", of(KEPT, call="power_on", is_rolled_back=True)),
    ("C24", of(SETTLED, idle_boot=NEW)),
    ("C25", of(KEPT, idle_boot=NEW)),
    ("C25", of(KEPT, boot=NOTHING, idle_boot=None)),
]


@pytest.mark.parametrize("base", [KEPT, SETTLED], ids=["under test", "accepted"])
def test_every_claim_is_kept_when_all_is_as_it_should_be(base: Observation) -> None:
    """The premise of the rest: there are observations that keep all."""
    assert [] == [known.id for known in CUT_CLAIMS if not known.is_kept(base)]


@pytest.mark.parametrize(("claim_id", "broken"), BROKEN)
def test_claim_can_be_broken(claim_id: str, broken: Observation) -> None:
    """One changed fact breaks it; it is broken only where its premise is met."""
    assert not cut_claim(claim_id).is_kept(broken)
    assert cut_claim(claim_id).is_due(broken)


def test_every_claim_has_a_case_that_breaks_it() -> None:
    """No claim that cannot fail."""
    assert [known.id for known in CUT_CLAIMS] == list(dict.fromkeys(claim_id for claim_id, _ in BROKEN))


KEPT_ALTHOUGH: list[tuple[str, Observation]] = [
    ("C4", of(KEPT, is_tried=True, boot=OLD)),
    ("C4", of(KEPT, call="complete", is_marked=False, boot=OLD)),
    ("C5", of(KEPT, boot=OLD)),
    ("C6", of(KEPT, rollback=Rollback("no other firmware to roll back to", False, None))),
    ("C7", of(KEPT, old_boot="ota_0", is_between_calls=True, new_boot="ota_0")),
    ("C10", of(KEPT, info_next="ota_2")),
    ("C17", of(KEPT, is_tried=True, boot=OLD)),
    ("C18", of(KEPT, rejected=frozenset({"ota_2"}))),
    ("C20", of(SETTLED, boot=OLD)),
    ("C21", of(KEPT, call="complete", old_boot="ota_0")),
    ("C22", of(KEPT, boot=OLD, rollback=Rollback(None, True, NEW))),
    ("C24", of(SETTLED, info_next="ota_0", idle_boot=NEW)),
    ("C24", of(SETTLED, boot=replace(NEW, state="undefined", deciding="new"), idle_boot=NEW)),
    ("C25", of(KEPT, boot=OLD, idle_boot=NEW)),
]
"""What a claim does not rule out."""


@pytest.mark.parametrize(("claim_id", "after"), KEPT_ALTHOUGH)
def test_claim_says_no_more_than_its_sentence(claim_id: str, after: Observation) -> None:
    """Its premise is not met, or what it promises comes another way."""
    assert cut_claim(claim_id).is_kept(after)


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        (Config(), {"C4", "C8"}),
        (Config(rollback=True), {"C8"}),
        (Config(rollback=True, anti_rollback=True), set()),
    ],
)
def test_claim_applies_where_its_option_is_on(config: Config, missing: set[str]) -> None:
    """What does not apply is told as such, never as kept."""
    assert missing == {known.id for known in CLAIMS if not known.applies_to(config)}


def test_ids_and_names_are_unique() -> None:
    """Tokens and reports go by them; ids count from 1, in order."""
    assert [f"C{number}" for number in range(1, len(CLAIMS) + 1)] == [known.id for known in CLAIMS]
    assert len(CLAIMS) == len({known.name for known in CLAIMS}) == len({known.title for known in CLAIMS})


def test_reading_has_the_name_of_its_claim() -> None:
    """In the order of the ids."""
    assert all(known.claim.name == known.is_met.__name__ for known in CUT_CLAIMS)
    assert [known.id for known in CLAIMS if known.id in {cut.id for cut in CUT_CLAIMS}] == [c.id for c in CUT_CLAIMS]


def test_claim_that_is_not_known_is_told() -> None:
    """As KeyError; C23 is known, and no sweep reads it."""
    assert "selected_partition_starts" == claim("C23").name
    for lookup, claim_id in ((claim, "C99"), (cut_claim, "C23")):
        with pytest.raises(KeyError):
            lookup(claim_id)


def test_every_fact_of_an_observation_is_read() -> None:
    """Facts that no claim reads would be noise."""
    source = inspect.getsource(cut_claims)
    assert [] == [field.name for field in fields(Observation) if f"after.{field.name}" not in source]


def test_every_fact_of_a_power_on_is_read() -> None:
    """The same."""
    source = inspect.getsource(cut_claims)
    assert {"wrote", "deciding", "state"} <= {field.name for field in fields(FUTURE.boot)}
    assert [] == [field.name for field in fields(Boot) if f".{field.name}" not in source]
