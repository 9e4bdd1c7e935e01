"""When a power failure breaks a claim, in time."""

from functools import cache

import pytest

from otaproof.campaign.made_device import made_device
from otaproof.campaign.upgrade.flash_time import dangerous_times, flash_time, stretch_time
from otaproof.campaign.upgrade.future_oracle import FutureOracle
from otaproof.campaign.upgrade.script import Scenario, first_step_of_interest, script_of
from otaproof.campaign.upgrade.sweep import SweepResult, sweep
from otaproof.campaign.upgrade.sweep_bench import SMALL
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.impl.chip.flash_timing import SECTOR_ERASE, operation_time, program_time
from otaproof.model.config import Config
from otaproof.model.fault_model import FaultModel


@cache
def sweeps(faults: FaultModel) -> dict[str, SweepResult]:
    """Return the sweeps of a small upgrade with rollback."""
    world = made_device(*SMALL, Config(rollback=True))
    oracle = FutureOracle(world)
    found = {}
    for scenario in Scenario:
        run = play_script(world, script_of(scenario, world))
        found[scenario.value] = sweep(world, run, oracle, faults, 0, first_step_of_interest(scenario, world))
    return found


@pytest.mark.parametrize("faults", [FaultModel.F1, FaultModel.F2])
def test_every_moment_of_an_operation_belongs_to_one_stretch(faults: FaultModel) -> None:
    """So their times add up to those of the operations, whatever is sampled beside them."""
    for result in sweeps(faults).values():
        operations = {(s.played.number, s.op_index): s.op for s in result.stretches if s.op is not None}
        assert sum(map(stretch_time, result.stretches)) == pytest.approx(flash_time(result))
        assert flash_time(result) == pytest.approx(sum(map(operation_time, operations.values())))


def test_try_is_lost_while_its_note_is_rewritten() -> None:
    """From the 4th byte of the erase on, when the number no longer fits its check word, till the note is whole."""
    time = dangerous_times(sweeps(FaultModel.F1))["C4"]
    assert (time.scenario, time.waits) == ("upgrade", ())
    assert SECTOR_ERASE * 0.99 < time.seconds < SECTOR_ERASE + program_time(32)


def test_image_that_is_written_and_not_completed_is_in_danger_until_the_next_call() -> None:
    """No byte of an operation counts: the last one makes the image whole."""
    time = dangerous_times(sweeps(FaultModel.F1))["C2"]
    assert (time.seconds, time.waits) == (0.0, ("write",))


def test_nothing_is_told_of_a_claim_that_holds_or_of_cuts_without_a_place_in_time() -> None:
    """F0 has no inside of an operation."""
    assert {"C2", "C4", "C17"} == dangerous_times(sweeps(FaultModel.F1)).keys()
    assert {} == dangerous_times(sweeps(FaultModel.F0))
