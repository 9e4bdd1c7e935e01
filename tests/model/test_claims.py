"""The claims: each can be broken, by an observation that differs in one thing from one that keeps them all."""

import inspect
from dataclasses import fields, replace

import pytest

from observations import FUTURE, KEPT, NEW, OLD, UPGRADE
from otaproof.model.claims import claims
from otaproof.model.claims.claims import CLAIMS, CUT_CLAIMS, cut_claim
from otaproof.model.claims.observation import Boot, Observation, Rollback, Upgrade
from otaproof.model.config import Config

NOTHING = Boot(None, None)
BROKEN = [
    ("C1", {"future": replace(FUTURE, boot=NOTHING)}),
    ("C1", {"future": replace(FUTURE, boot=replace(NEW, image=None))}),
    ("C2", {"finished": frozenset({"ota_0"})}),
    ("C2", {"future": replace(FUTURE, idle_boot=Boot("ota_2", "old"))}),
    ("C2", {"future": replace(FUTURE, rollback=Rollback(None, True, Boot("ota_2", "old")))}),
    ("C3", {"wrote_running": True}),
    ("C3", {"future": replace(FUTURE, upgrade=replace(UPGRADE, wrote_running=True))}),
    ("C4", {"future": replace(FUTURE, boot=OLD)}),
    ("C4", {"future": replace(FUTURE, idle_boot=NEW)}),
    ("C5", {"is_accepting": True, "is_accepted": True, "future": replace(FUTURE, boot=OLD)}),
    ("C6", {"future": replace(FUTURE, rollback=Rollback(None, True, NEW))}),
    ("C6", {"future": replace(FUTURE, rollback=Rollback(None, True, NOTHING))}),
    ("C6", {"future": replace(FUTURE, rollback=Rollback("ota error", True, None))}),
    ("C7", {"old_boot": "ota_0", "new_boot": "ota_2"}),
    ("C8", {"efuse_before": 2}),
    ("C8", {"future": replace(FUTURE, boot=replace(NEW, secure_version=0))}),
    ("C9", {"future": replace(FUTURE, upgrade=None)}),
    ("C9", {"future": replace(FUTURE, upgrade=Upgrade("ota_0", "commence: ota error", None, False))}),
    ("C9", {"future": replace(FUTURE, upgrade=Upgrade("ota_1", None, OLD, False))}),
    ("C10", {"future": replace(FUTURE, info_running="ota_0")}),
    ("C10", {"future": replace(FUTURE, boot=replace(NEW, is_under_test=False))}),
]


def test_every_claim_is_kept_when_all_is_as_it_should_be() -> None:
    """The premise of the rest: there is an observation that keeps all."""
    assert [] == [known.id for known in CUT_CLAIMS if not known.is_kept(KEPT)]


@pytest.mark.parametrize(("claim_id", "changes"), BROKEN)
def test_claim_can_be_broken(claim_id: str, changes: dict[str, object]) -> None:
    """One changed fact breaks it."""
    assert not cut_claim(claim_id).is_kept(replace(KEPT, **changes))  # type: ignore[arg-type]


def test_every_claim_has_a_case_that_breaks_it() -> None:
    """No claim that cannot fail."""
    assert [known.id for known in CUT_CLAIMS] == list(dict.fromkeys(claim_id for claim_id, _ in BROKEN))


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
    """Tokens and reports go by them."""
    assert len(CLAIMS) == len({known.id for known in CLAIMS}) == len({known.name for known in CLAIMS})
    assert all(known.name == known.is_kept.__name__ for known in CUT_CLAIMS)


def test_every_fact_of_an_observation_is_read_or_told() -> None:
    """Facts that no claim reads would be noise: these are there to be told."""
    told = {"call", "is_between_calls"}
    source = inspect.getsource(claims)
    unread = {field.name for field in fields(Observation) if f"after.{field.name}" not in source}
    assert told == unread
