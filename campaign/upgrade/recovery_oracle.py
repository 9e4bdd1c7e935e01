"""What follows from a state where the power fails again, in the power-on that follows, and perhaps again.

A state and one that the power-on makes of it differ in what the bootloader has written, torn or whole. Each byte of
that follows from the same byte of the state, and from what the bootloader has read. So what follows from the one
depends on the same places of the other, and states that agree in all of these have the same recoveries.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...impl.chip.flash import FlashOp
from ...impl.chip.torn_operations import BEFORE
from ...model.claims.observation import Future
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ..cut_points import burn_tears
from ..cuts.operation_cuts import OperationCuts, decide_operation
from ..cuts.state_oracle import Known, Reliance, StateOracle, all_of
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played, Player
from ..history.step import POWER_ON, StepCut
from .future_oracle import FutureOracle


@dataclass(frozen=True, slots=True, eq=False)
class RecoveredFuture:
    """What follows from a state: with no further cut, and with one in its power-on."""

    future: Future
    again: tuple["CutAgain", ...]
    count: int
    """Ways in which the power fails again, further ones in those included."""


@dataclass(frozen=True, slots=True, eq=False)
class CutAgain:
    """Cut points in a row of a power-on that lead to the same recovery."""

    cut: StepCut | None
    """The first of them; None: the power fails once the power-on is over, before any call."""
    count: int
    started: str | None
    """The partition that the power-on has started, where it was over."""
    then: RecoveredFuture


class RecoveryOracle(StateOracle[RecoveredFuture]):
    """Tells the recoveries of any state of one device under test."""

    def __init__(self, futures: FutureOracle, faults: FaultModel, seed: int, again: int) -> None:
        """Know nothing yet. again: how often the power can fail in power-ons, one after the other."""
        super().__init__(_never)
        if faults not in MODELLED_FAULTS:
            raise ValueError(f"recoveries are told up to {max(MODELLED_FAULTS).name}")
        self._futures, self._faults, self._seed = futures, faults, seed
        self._dut: DeviceUnderTest = futures.dut
        self._inner = RecoveryOracle(futures, faults, seed, again - 1) if again else None

    def _followed(self, moment: Moment) -> tuple[RecoveredFuture, Reliance]:
        known = self._futures.tell(moment)
        if self._inner is None:
            return RecoveredFuture(known.future, (), 0), known.reliance
        player = Player(self._dut, moment)
        played = player.play(POWER_ON)
        found = list(self._cuts(self._inner, played, player.running))
        again = tuple(cut for cut, _ in found)
        count = sum(cut.count * (1 + cut.then.count) for cut in again)
        return RecoveredFuture(known.future, again, count), all_of(
            [known.reliance, *(reliance for _, reliance in found)]
        )

    def _cuts(
        self, inner: "RecoveryOracle", played: Played, running: str | None
    ) -> Iterator[tuple[CutAgain, Reliance]]:
        """Yield the cuts of a power-on, each with what its recovery depends on."""

        def again(
            known: Known[RecoveredFuture], cut: StepCut | None, count: int, started: str | None = None
        ) -> tuple[CutAgain, Reliance]:
            return CutAgain(cut, count, started, known.future), known.reliance

        for number, op in enumerate(played.ops):
            for tears in decide_operation(inner, played, number, self._tears(op)):
                # Before the first operation, the state is what it was.
                if number or tears.torn != BEFORE:
                    yield again(tears.known, StepCut(number, tears.torn), tears.count)
        for done in burn_tears(played.after.efuse_bits & ~played.before.efuse_bits, self._faults):
            known = inner.tell(Moment(played.after.cells, played.before.efuse_bits | done))
            yield again(known, StepCut(0, efuse_done=done), 1)
        if running is not None:
            yield again(inner.tell(played.after), None, 1, running)

    def _tears(self, op: FlashOp) -> OperationCuts:
        return OperationCuts(op, self._faults, self._seed, self._dut.is_of_entry(op.address, op.length))


def _never(*_: object) -> RecoveredFuture:
    raise NotImplementedError
