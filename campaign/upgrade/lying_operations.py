"""Operations of a script that lie (F5): they report success, and did nothing or half; the power fails after the call.

The calls before such an operation are those of the uncut run, and so is the rest of its own call, where that ends as it
did without the lie. A call that notices raises an error, and is no lie to whoever made it. What a later call makes of a
lie is not played here; histories have that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...impl.chip.flash import FailureExtent
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played, Player
from ..history.step import StepFailure
from .uncut_run import UncutRun

_LIES = (FailureExtent.NONE, FailureExtent.HALF)


@dataclass(frozen=True, slots=True)
class Lie:
    """An operation that lied, and what the device holds when its call has returned."""

    played: Played
    """The step of the uncut run."""
    op_index: int
    done: FailureExtent
    left: Moment


def lies_in(dut: DeviceUnderTest, run: UncutRun, first_step: int) -> Iterator[Lie]:
    """Yield the lies of the steps from number `first_step` on that their calls do not notice."""
    player = Player(dut)
    for played in run.played:
        for op_index in _lying(dut, played) if played.number >= first_step else ():
            for done in _LIES:
                other = player.fork()
                failure = StepFailure(op_index, done, is_silent=True)
                lied = other.play(replace(played.step, failures=(failure,)))
                if lied.outcome is played.outcome:
                    yield Lie(played, op_index, done, other.moment)
        player.play(played.step)


def _lying(dut: DeviceUnderTest, played: Played) -> list[int]:
    """Return the operations that lie: those on otadata, and of the others the first and the last."""
    others = [number for number, op in enumerate(played.ops) if not dut.is_in_otadata(op.address)]
    left_out = set(others[1:-1])
    return [number for number in range(len(played.ops)) if number not in left_out]
