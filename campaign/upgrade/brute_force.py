"""Decides cut points the slow way: play the calls up to the cut for real, cut, copy the flash, play on.

Nothing is merged, remembered or derived: each cut point starts from a fresh board that holds a copy of the
whole flash, plans the cut on the chip itself, and plays what follows from a copy of what the cut left. It is
what `sweep` is measured against and must agree with, cut point by cut point.
"""

from collections.abc import Iterator

from ...impl.chip.cells import Cells
from ...impl.chip.flash import Cut
from ...impl.chip.torn_operations import Torn
from ...impl.program_end import PowerCut
from ...model.claims.observation import Future
from ..device_under_test import World
from .future_oracle import observe
from .script import Call, play
from .sweep import SweepResult


def decide(
    world: World, script: tuple[Call, ...], call_index: int, op_index: int, torn: Torn | None, efuse_done: int = 0
) -> Future:
    """Return what follows a cut in operation `op_index` of call `call_index` of the script.

    torn: None for a cut in the call's eFuse burn, with the bits of mask `efuse_done` burned. Raises
    PlanNotReached when the call has no such operation, or no burn."""
    board = world.board(Cells.from_bytes(world.cells.to_bytes()))
    app = None
    try:
        for call in script[: call_index + 1]:
            if call.index == call_index:
                if torn is None:
                    board.efuse.plan_cut(0, efuse_done)
                else:
                    board.flash.plan_cut(Cut(op_index, torn))
            app = play(call, board, app, world)
    except PowerCut:
        pass
    board.flash.end_plan()
    board.efuse.end_plan()
    return observe(world, Cells.from_bytes(board.flash.cells.to_bytes()), board.efuse.bits)


def disagreements(world: World, script: tuple[Call, ...], result: SweepResult, every: int = 1) -> Iterator[str]:
    """Yield a line for each cut point, of every `every`-th, on which the sweep and brute force differ."""
    count = 0
    for stretch in result.stretches:
        for torn in stretch.tears() if stretch.torn is not None else (None,):
            count += 1
            if (count - 1) % every:
                continue
            future = decide(world, script, stretch.call.index, stretch.op_index, torn, stretch.efuse_done)
            if future != stretch.known.future:
                yield (
                    f"{stretch.call}, operation {stretch.op_index}, {torn}: "
                    f"the sweep says {stretch.known.future}, brute force {future}"
                )
