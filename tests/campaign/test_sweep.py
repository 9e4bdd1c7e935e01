"""The sweep: what it decides, and that deciding fast changes no answer."""

from dataclasses import replace

import pytest

from otaproof.campaign.device_under_test import DeviceUnderTest, NamedImage
from otaproof.campaign.upgrade.brute_force import disagreements
from otaproof.campaign.upgrade.claim_results import claim_results
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import SweepResult, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.image.format import build_image
from otaproof.model.claims.claims import Verdict
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel
from otaproof.model.writers import Updater
from worlds import IMAGE_SIZE, small_world

SECTORS = 16


def swept(world: DeviceUnderTest, scenario: Scenario, faults: FaultModel, seed: int = 0) -> SweepResult:
    """Return the sweep of a scenario, from scratch."""
    setting = play_script(world, script_of(scenario, world))
    return sweep(world, setting, FutureOracle(world), faults, seed, first_step_of_interest(scenario, world))


def violated(world: DeviceUnderTest, faults: FaultModel) -> dict[str, str]:
    """Return the weakest fault model under which each violated claim falls."""
    sweeps = {scenario.value: swept(world, scenario, faults) for scenario in Scenario}
    return {
        result.claim.id: result.shortest.weakest_fault.name
        for result in claim_results(world, sweeps)
        if result.shortest is not None
    }


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("faults", [FaultModel.F1, FaultModel.F3])
@pytest.mark.parametrize(
    "options", [{"rollback": True}, {"rollback": False}, {"rollback": True, "anti_rollback": True}], ids=str
)
def test_sweep_decides_as_brute_force_does(scenario: Scenario, faults: FaultModel, options: dict[str, bool]) -> None:
    """Every 499th cut point, played for real from a copy of the flash; `make bench` compares all."""
    world = small_world(**options)
    result = swept(world, scenario, faults)
    assert [] == list(disagreements(world, script_of(scenario, world), result, every=499))


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("updater", [updater for updater in Updater if updater is not Updater.ESP_IDF])
def test_sweep_of_every_library_decides_as_brute_force_does(scenario: Scenario, updater: Updater) -> None:
    """The same for libraries that write slots in another order."""
    world = small_world(rollback=True)
    world = replace(world, config=replace(world.config, updater=updater))
    result = swept(world, scenario, FaultModel.F2)
    assert [] == list(disagreements(world, script_of(scenario, world), result, every=199))


@pytest.mark.parametrize("faults", [FaultModel.F0, FaultModel.F1, FaultModel.F3])
def test_cuts_in_a_burn_of_the_efuse_are_decided_as_brute_force_does(faults: FaultModel) -> None:
    """accept() of secure version 3 on an eFuse at 0 burns three bits: ends, prefixes, or any subset of them."""
    world = small_world(rollback=True, anti_rollback=True)
    secure = [
        NamedImage(name, build_image(size=IMAGE_SIZE, secure_version=version, seed=version), secure_version=version)
        for name, version in (("running", 0), ("update", 3))
    ]
    cells = world.cells.with_bytes(world.partition("ota_0").offset, secure[0].contents)
    world = replace(world, cells=cells, images=tuple(secure), update=secure[1])
    result = swept(world, Scenario.UPGRADE, faults)
    burns = [stretch for stretch in result.stretches if stretch.op is None]
    assert {FaultModel.F0: 2, FaultModel.F1: 4, FaultModel.F3: 8}[faults] == len(burns)
    assert {"accept"} == {stretch.played.step.call_name for stretch in burns}
    only_burns = replace(result, stretches=burns)
    assert [] == list(disagreements(world, script_of(Scenario.UPGRADE, world), only_burns))


def test_every_prefix_of_every_operation_is_a_cut_point() -> None:
    """F1 of the plain upgrade without rollback: one erase and program of an entry thrice, a slot, an image."""
    result = swept(small_world(rollback=False), Scenario.UPGRADE, FaultModel.F1)
    erase, entry, image = SECTOR_SIZE + 1, 32 + 1, IMAGE_SIZE + 1
    assert 3 * (erase + entry) + SECTORS * erase + image == result.cuts == sum(s.count for s in result.stretches)


def test_cut_points_of_f0_are_before_and_after_each_operation() -> None:
    """The least that a sweep decides."""
    result = swept(small_world(rollback=False), Scenario.UPGRADE, FaultModel.F0)
    assert 2 * (3 * 2 + SECTORS + 1) == result.cuts
    assert {"before", "after"} == {str(torn) for stretch in result.stretches for torn in stretch.tears()}


def test_seed_chooses_the_samples() -> None:
    """The same seed tears alike; another one does not."""
    tears = [
        {
            str(torn)
            for stretch in swept(small_world(), Scenario.ROLLBACK, FaultModel.F2, seed).stretches
            for torn in stretch.tears()
        }
        for seed in (1, 1, 2)
    ]
    assert tears[0] == tears[1] != tears[2]


def test_accept_is_not_atomic_without_rollback() -> None:
    """K2: a cut between erase and program of accept() boots the old image, neither as before nor as after.

    C25 falls without a cut: nothing takes an image back that never calls accept()."""
    assert violated(small_world(rollback=False), FaultModel.F1) == {"C2": "F0", "C7": "F0", "C25": "F0"}


def test_new_image_can_lose_its_only_boot_with_rollback() -> None:
    """A cut while NEW becomes PENDING_VERIFY loses the entry: the update never starts, and no note tells of a try."""
    assert violated(small_world(rollback=True), FaultModel.F1) == {"C2": "F0", "C4": "F0", "C17": "F0"}


def test_written_image_boots_unverified_up_to_5_1_only_with_rollback_on() -> None:
    """R15: from 5.5 on, commence() erases the entry that would lead rollback() to the unfinished image."""
    found = {release.label: violated(small_world(release, rollback=True), FaultModel.F0) for release in Release}
    assert {"4.4": True, "5.1": True, "5.5": False, "6.0": False, "6.1": False, "6.2-dev": False} == {
        label: "C2" in claims for label, claims in found.items()
    }


def test_skipped_validation_boots_half_an_image() -> None:
    """K19: with SKIP_VALIDATE_ALWAYS and rollback() a torn image starts."""
    world = small_world(rollback=False, skip_validate_always=True)
    assert "C2" in violated(world, FaultModel.F0)


def test_claims_hold_where_nothing_is_cut_into_a_record() -> None:
    """Not every claim falls: these hold under every fault model here."""
    found = violated(small_world(rollback=True), FaultModel.F3)
    assert found.keys().isdisjoint({"C1", "C3", "C5", "C6", "C9", "C10"})


def test_interrupted_sweep_is_inconclusive() -> None:
    """What was decided stays, claims that did not fall are open."""
    world = small_world()
    setting = play_script(world, script_of(Scenario.UPGRADE, world))

    def interrupt(done: int, total: int) -> None:
        if done > total // 3:
            raise KeyboardInterrupt

    result = sweep(world, setting, FutureOracle(world), FaultModel.F0, 0, progress=interrupt)
    verdicts = {found.verdict for found in claim_results(world, {"upgrade": result})}
    assert not result.is_complete
    assert {Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE} == verdicts


def test_upgrade_that_cannot_be_completed_says_where() -> None:
    """An image older than the eFuse is refused by complete(), which says nothing; the next boot is the old one."""
    world = small_world(rollback=True, anti_rollback=True)
    with pytest.raises(ScriptFailed, match=r"power_on\(\): nothing boots"):
        play_script(replace(world, efuse_bits=1), script_of(Scenario.UPGRADE, world))
