"""Decides cut points the slow way: play the steps up to the cut for real, cut, copy the flash, play on.

Nothing is merged, remembered or derived: each cut point starts from a fresh board that holds a copy of the
whole flash, plans the cut on the chip itself, and plays what follows from a copy of what the cut left. It is
what `sweep` is measured against and must agree with, cut point by cut point.
"""

from collections.abc import Iterator
from dataclasses import replace

from ...impl.chip.cells import Cells
from ...impl.chip.torn_operations import Torn
from ...impl.chip.undecided_cells import UndecidedCells
from ...model.claims.observation import Future
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Player
from ..history.step import Step, StepCut
from .future_oracle import observe
from .script import require_success
from .sweep import SweepResult


def decide(
    dut: DeviceUnderTest, script: tuple[Step, ...], number: int, op_index: int, torn: Torn | None, efuse_done: int = 0
) -> Future:
    """Return what follows a cut in operation `op_index` of step `number` of the script.

    torn: None for a cut in the step's eFuse burn, with the bits of mask `efuse_done` burned. Raises
    PlanNotReached when the step has no such operation, or no burn."""
    player = Player(replace(dut, cells=Cells.from_bytes(dut.cells.to_bytes())))
    for step in script[:number]:
        require_success(player.play(step))
    cut = StepCut(op_index, torn) if torn is not None else StepCut(0, efuse_done=efuse_done)
    player.play(replace(script[number], cut=cut))
    left = player.moment
    # Undecided bits are more than bytes.
    cells = left.cells if isinstance(left.cells, UndecidedCells) else Cells.from_bytes(left.cells.to_bytes())
    return observe(dut, Moment(cells, left.efuse_bits))


def disagreements(dut: DeviceUnderTest, script: tuple[Step, ...], result: SweepResult, every: int = 1) -> Iterator[str]:
    """Yield a line for each cut point, of every `every`-th, on which the sweep and brute force differ."""
    count = 0
    for stretch in result.stretches:
        for torn in stretch.tears() if stretch.torn is not None else (None,):
            count += 1
            if (count - 1) % every:
                continue
            future = decide(dut, script, stretch.played.number, stretch.op_index, torn, stretch.efuse_done)
            if future != stretch.known.future:
                yield (
                    f"{stretch.played.step}, operation {stretch.op_index}, {torn}: "
                    f"the sweep says {stretch.known.future}, brute force {future}"
                )
