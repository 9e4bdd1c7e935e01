"""`make bench`: how fast cut points are decided, and proof that deciding them fast changes no answer.

Speeds are reported as ratios within one run, since machines differ. The small upgrade is decided twice, by the
sweep and by brute force, at every cut point; any difference ends the run with exit code 1.
"""

import sys
import time

from ...impl.image.data import forget_verdicts
from ...model.config import Config
from ...model.fault_model import FaultModel
from ..device_under_test import DeviceUnderTest
from ..made_device import made_device
from .brute_force import disagreements
from .future_oracle import FutureOracle
from .script import Scenario, first_step_of_interest, script_of
from .sweep import SweepResult, sweep
from .uncut_run import play_script

SMALL = 0x10000, 2_000
"""Bytes of a slot, bytes of an image."""
REAL = 0x1E0000, 1_234_736


def timed_sweep(dut: DeviceUnderTest, scenario: Scenario) -> tuple[SweepResult, float]:
    """Return a sweep under F1, from scratch, and the seconds it took."""
    forget_verdicts()
    run = play_script(dut, script_of(scenario, dut))
    started = time.perf_counter()
    result = sweep(dut, run, FutureOracle(dut), FaultModel.F1, 0, first_step_of_interest(scenario, dut))
    return result, time.perf_counter() - started


def main() -> int:
    """Run the benchmark; return 1 when sweep and brute force differ."""
    config = Config(rollback=True)
    print("rollback on, release rules 5.1, F1: every byte of every flash operation")
    for name, (slot_size, image_size) in (("small", SMALL), ("real size", REAL)):
        dut = made_device(slot_size, image_size, config)
        for scenario in (Scenario.UPGRADE, Scenario.UPGRADE_AGAIN):
            result, seconds = timed_sweep(dut, scenario)
            print(
                f"{name:10} {scenario.value:14} {result.cuts:>10,} cut points, {result.distinct_futures:>6,} played, "
                f"{result.cuts / seconds:>12,.0f} cut points/s"
            )
    dut = made_device(*SMALL, config)
    for scenario in (Scenario.UPGRADE, Scenario.UPGRADE_AGAIN):
        result, seconds = timed_sweep(dut, scenario)
        started = time.perf_counter()
        differences = list(disagreements(dut, script_of(scenario, dut), result))
        ratio = (time.perf_counter() - started) / seconds
        print(
            f"brute force {scenario.value}: {result.cuts:,} cut points, {len(differences)} decided otherwise; "
            f"the sweep is {ratio:,.0f} times as fast"
        )
        for difference in differences[:5]:
            print(f"  {difference}", file=sys.stderr)
        if differences:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
