"""A device with factory and a single OTA slot: what runs from the slot goes back to factory before a further update."""

from dataclasses import replace

import pytest
from small_boards import IMAGE, UPDATE, Outline

from otaproof.campaign.device_under_test import DeviceUnderTest, NamedImage
from otaproof.campaign.history.step import COMMENCE, StepName
from otaproof.campaign.upgrade.brute_force import disagreements
from otaproof.campaign.upgrade.claim_results import claim_results
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, ScriptFailed, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import SweepResult, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.campaign.upgrade.updates_in_a_row import UpdatesInARow
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import CutPoint, decode_token, dut_of_token, encode_token, make_token
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.chip.worn_cells import Ageing, worn_cells
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Config
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState

LAYOUT = Outline(1, has_factory=True)


def one_slot_world(rollback: bool, has_factory: bool = True, runs_slot: bool = False) -> DeviceUnderTest:
    """Return a device with one OTA slot, whose first application runs from factory, or from the slot."""
    layout = replace(LAYOUT, has_factory=has_factory)
    config = Config(rollback=rollback)
    images = NamedImage("old", IMAGE, "1.0.0"), NamedImage("new", UPDATE, "1.1.0")
    cells = layout.cells().with_bytes(config.table_offset, encode_table(layout.table))
    if runs_slot:
        cells = cells.with_bytes(0xD000, encode_entry(make_entry(1, OtaImgState.VALID)))
    return DeviceUnderTest(config, layout.table, cells, images, images[1])


def swept(world: DeviceUnderTest, scenario: Scenario) -> SweepResult:
    """Return the sweep of a scenario under F1."""
    run = play_script(world, script_of(scenario, world))
    first = first_step_of_interest(scenario, world)
    return sweep(world, run, FutureOracle(world), FaultModel.F1, 0, first)


@pytest.mark.parametrize("rollback", [False, True])
def test_updates_go_from_factory_to_the_only_slot(rollback: bool) -> None:
    """The second one too, by way of factory; esp_ota_begin refuses what runs."""
    world = one_slot_world(rollback)
    runs = [play_script(world, script_of(scenario, world)) for scenario in Scenario]
    assert {("factory", "ota_0")} == {(run.previous, run.target) for run in runs}
    assert "ota_0" == runs[1].played[-1].ran
    plain = script_of(Scenario.UPGRADE, world)
    with pytest.raises(ScriptFailed, match="can't overrite running firmware"):
        play_script(world, (*plain, COMMENCE))


def test_device_that_runs_from_its_only_slot_starts_factory_first() -> None:
    """As a dump from the field has it."""
    world = one_slot_world(rollback=True, runs_slot=True)
    run = play_script(world, script_of(Scenario.UPGRADE, world))
    assert ("ota_0", "factory", "ota_0") == (run.played[1].ran, run.previous, run.target)


def test_only_slot_without_factory_is_not_upgraded() -> None:
    """There is nothing that could bring the update."""
    world = one_slot_world(rollback=False, has_factory=False)
    with pytest.raises(ScriptFailed, match="can't overrite running firmware"):
        play_script(world, script_of(Scenario.UPGRADE, world))


@pytest.mark.parametrize(
    ("rollback", "violated"), [(False, {"C7", "C25"}), (True, {"C4", "C17"})], ids=["rollback off", "rollback on"]
)
def test_claims_of_a_single_slot_are_those_of_a_cut_accept_or_trial(rollback: bool, violated: set[str]) -> None:
    """C7, as on two slots: a cut between erase and program of accept() leaves no record, so factory starts.

    C4, C17: a cut in the note of the try leaves none either. A further update goes by way of factory (C9)."""
    world = one_slot_world(rollback)
    sweeps = {scenario.value: swept(world, scenario) for scenario in Scenario}
    assert violated == {found.claim.id for found in claim_results(world, sweeps) if found.shortest is not None}


@pytest.mark.parametrize("scenario", list(Scenario))
@pytest.mark.parametrize("runs_slot", [False, True])
def test_sweep_of_a_single_slot_decides_as_brute_force_does(scenario: Scenario, runs_slot: bool) -> None:
    """Every 499th cut point, those of the return to factory among them."""
    world = one_slot_world(rollback=True, runs_slot=runs_slot)
    assert [] == list(disagreements(world, script_of(scenario, world), swept(world, scenario), every=499))


def test_cut_in_the_return_to_factory_is_replayed_from_its_token() -> None:
    """One update has left a single record, in the sector that is erased first: from then on factory starts."""
    world = one_slot_world(rollback=True)
    run = play_script(world, script_of(Scenario.UPGRADE_AGAIN, world))
    call = next(played for played in run.played if played.step.name is StepName.SET_BOOT)
    boots = []
    for torn in ("before", "after"):
        cut = CutPoint(call.number, 0, Torn.parse(torn))
        token = decode_token(encode_token(make_token(world, "C1", Scenario.UPGRADE_AGAIN, cut)))
        boots.append(replay(token, dut_of_token(token)).observation.future.boot.partition)
    assert ["ota_0", "factory"] == boots


def test_updates_in_a_row_go_by_way_of_factory() -> None:
    """None of four fails."""
    world = one_slot_world(rollback=True)
    world = replace(world, cells=worn_cells(world.cells, Ageing(1000), {}))
    row = UpdatesInARow(world)
    for _ in range(4):
        row.update()
    assert (0, "ota_0") == (row.failed, row.player.running)
