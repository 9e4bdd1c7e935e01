"""Applications that accept what is on trial alone, without rollback: no accept() is cut, and none is missed."""

from dataclasses import replace

import pytest

from otaproof.analysis.upgrade_check import CheckReport, check_upgrade
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.step import ACCEPT
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.model.claims.claims import Verdict
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy
from otaproof.model.writers import Updater
from worlds import small_world

V, H, NOT = Verdict.VIOLATED, Verdict.HOLDS, Verdict.NOT_APPLICABLE


def device(updater: Updater, *remedies: Remedy, rollback: bool = False) -> DeviceUnderTest:
    """Return a small device whose updates come by that library."""
    world = small_world(rollback=rollback)
    return replace(world, config=replace(world.config, updater=updater)).keeping_to(frozenset(remedies))


def checked(world: DeviceUnderTest) -> CheckReport:
    """Return a check of it under F1."""
    return check_upgrade(world, FaultModel.F1, 0, with_proofs=False)


NEVER = (device(Updater.ARDUINO), device(Updater.ESP_IDF, Remedy.ACCEPT_ON_TRIAL))


@pytest.mark.parametrize("world", NEVER, ids=("library", "remedy"))
def test_no_accept_is_cut_and_further_upgrades_complete(world: DeviceUnderTest) -> None:
    """C7 is broken by a cut in accept() alone, and C9 asks for "valid" only where the application accepts."""
    found = {result.claim.id: result.verdict for result in checked(world).claims}
    assert ACCEPT not in script_of(Scenario.UPGRADE, world)
    assert (H, H, V) == (found["C7"], found["C9"], found["C25"])


@pytest.mark.parametrize(
    "world",
    [device(Updater.ARDUINO_ON_TRIAL), device(Updater.ESP_IDF), device(Updater.ESP_IDF, Remedy.RESTART_AT_ONCE)],
    ids=("sketch", "plain", "other remedy"),
)
def test_who_accepts_without_rollback_is_cut_there(world: DeviceUnderTest) -> None:
    """A sketch that calls ESP-IDF itself among them."""
    found = {result.claim.id: result for result in checked(world).claims}
    assert ACCEPT in script_of(Scenario.UPGRADE, world)
    assert V is found["C7"].verdict and "accept()" in str(found["C7"].shortest) and H is found["C9"].verdict


def test_library_that_never_accepts_is_not_asked_what_accepting_brings() -> None:
    """With rollback the same library accepts in the power-on that starts the image."""
    for rollback, verdict in ((False, NOT), (True, H)):
        found = {one.claim.id: one.verdict for one in checked(device(Updater.ARDUINO, rollback=rollback)).claims}
        assert (verdict, verdict) == (found["C5"], found["C20"])
