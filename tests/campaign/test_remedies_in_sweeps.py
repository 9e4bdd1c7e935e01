"""Sweeps under a remedy: the script that the application plays then, what stays violated, and tokens that carry it."""

import pytest

from otaproof.analysis.model_verdicts import scope_of_world
from otaproof.analysis.upgrade_check import CheckReport, check_upgrade, token_of
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.step import StepName
from otaproof.campaign.upgrade.brute_force import disagreements
from otaproof.campaign.upgrade.future_oracle import FutureOracle, observe
from otaproof.campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token, dut_of_token, encode_token, make_token
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.model.config import Release
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import Remedy
from worlds import small_world


def world_with(*remedies: Remedy, release: Release = Release.V5_1, rollback: bool = True) -> DeviceUnderTest:
    """Return a small device whose application keeps to these remedies."""
    return small_world(release, rollback=rollback).keeping_to(frozenset(remedies))


def names_of(world: DeviceUnderTest, scenario: Scenario) -> list[str]:
    """Return the calls of a scenario."""
    return [step.call_name for step in script_of(scenario, world)]


def checked(world: DeviceUnderTest) -> tuple[CheckReport, set[str]]:
    """Return the report of a check, and the claims that are violated."""
    report = check_upgrade(world, FaultModel.F1, 0, with_proofs=False)
    return report, {result.claim.id for result in report.claims if result.shortest is not None}


def test_script_is_what_the_remedies_have_the_application_do() -> None:
    """The erase before each upgrade, no accept() without rollback, no rollback() of an accepted image."""
    upgrade = ["power_on", "erase_last_boot", "commence", "write", "complete", "power_on", "accept", "power_on"]
    assert upgrade == names_of(world_with(Remedy.ERASE_LAST_BOOT), Scenario.UPGRADE)
    assert "accept" in names_of(world_with(Remedy.ACCEPT_ON_TRIAL), Scenario.UPGRADE)
    assert "accept" not in names_of(world_with(Remedy.ACCEPT_ON_TRIAL, rollback=False), Scenario.UPGRADE)
    for remedy in (Remedy.NEVER_ROLLBACK, Remedy.ROLLBACK_ON_TRIAL):
        with pytest.raises(ScriptFailed, match="does not call rollback"):
            script_of(Scenario.ROLLBACK, world_with(remedy))
    assert "rollback" in names_of(world_with(Remedy.ROLLBACK_IF_SELECTED), Scenario.ROLLBACK)


def test_interrupted_download_is_no_way_back_once_the_other_image_is_erased() -> None:
    """C2 on 5.1: the record of the image before stays, and names the download that took its place."""
    assert "C2" in checked(world_with())[1]
    assert {"C4", "C17"} == checked(world_with(Remedy.ERASE_LAST_BOOT))[1]


def test_try_that_is_noted_in_place_is_not_lost() -> None:
    """Nothing is violated then, and no record is erased for the note, which is one byte."""
    world = world_with(Remedy.ERASE_LAST_BOOT, Remedy.NOTE_IN_PLACE)
    report, violated = checked(world)
    assert set() == violated
    tried = next(played for played in report.setting.played if played.step.name is StepName.RESET and played.number)
    assert [(FlashOpKind.PROGRAM, 1)] == [(op.kind, op.length) for op in tried.ops]
    assert {"C4", "C17"} <= checked(world_with(Remedy.ERASE_LAST_BOOT))[1]


def test_rollback_that_is_never_called_breaks_nothing() -> None:
    """The download that broke off is still selectable, and nobody selects it; a note says what was left out."""
    report, violated = checked(world_with(Remedy.NEVER_ROLLBACK))
    assert not {"C2", "C6", "C22"} & violated
    assert any("rollback left out" in note for note in report.notes)
    moment = report.setting.played[-1].after
    assert observe(report.world, moment).rollback is None
    assert observe(world_with(), moment).rollback is not None


def test_without_rollback_the_application_that_never_accepts_loses_no_choice() -> None:
    """C7: the power cut in accept() that boots the image before."""
    assert "C7" in checked(world_with(rollback=False))[1]
    assert "C7" not in checked(world_with(Remedy.ACCEPT_ON_TRIAL, rollback=False))[1]


@pytest.mark.parametrize("scenario", [Scenario.UPGRADE, Scenario.UPGRADE_AGAIN])
def test_sweep_with_the_erase_decides_as_brute_force_does(scenario: Scenario) -> None:
    """Cuts in the erases of the other image and its record are among them."""
    world = world_with(Remedy.ERASE_LAST_BOOT)
    script = script_of(scenario, world)
    run = play_script(world, script)
    result = sweep(world, run, FutureOracle(world), FaultModel.F2, 0, first_step_of_interest(scenario, world))
    cut = {stretch.played.step.call_name for stretch in result.stretches}
    assert ("erase_last_boot" in cut) == (scenario is Scenario.UPGRADE_AGAIN)
    assert [] == list(disagreements(world, script, result, every=499))


def test_token_carries_the_remedies() -> None:
    """It replays without files, and breaks the claim there; without remedies tokens are as they were."""
    report, _ = checked(world_with(Remedy.ERASE_LAST_BOOT, Remedy.NEVER_ROLLBACK))
    shortest = next(result.shortest for result in report.claims if result.claim.id == "C4")
    assert shortest is not None
    token = decode_token(token_of(report, "C4", shortest))
    assert frozenset({Remedy.ERASE_LAST_BOOT, Remedy.NEVER_ROLLBACK}) == dut_of_token(token).remedies
    assert not replay(token, dut_of_token(token)).is_claim_kept
    plain = encode_token(make_token(world_with(), "C4", Scenario.UPGRADE, token.cut))
    assert len(plain) < len(encode_token(token))


def test_proofs_are_of_the_device_with_the_remedies() -> None:
    """A restart at once is the usage."""
    scope = scope_of_world(world_with(Remedy.RESTART_AT_ONCE, Remedy.ERASE_LAST_BOOT), FaultModel.F1)
    assert isinstance(scope, Scope)
    assert (Usage.RESTART_AT_ONCE, frozenset({Remedy.ERASE_LAST_BOOT})) == (scope.usage, scope.remedies)
