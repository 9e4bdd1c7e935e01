"""Cuts the power at every micro-step of a session, and tells between which cuts a device is a brick.

Cuts are in the order of the session: call, operation, then before it, its prefixes byte by byte, its sampled patterns,
after it. The *brick window* of a fault model reaches from the first cut to the last that leaves a brick; not every cut
between the two need do so.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from ...impl.chip.flash import FlashOp
from ...impl.chip.torn_operations import Torn, TornKind
from ...impl.otadata import ENTRY_SIZE
from ...model.fault_model import FaultModel
from ..cuts.operation_cuts import OperationCuts, TearRun, decide_operation
from .session import SessionCall, SessionCut, SessionDevice
from .settled_start import SettledStart, start_oracle

Progress = Callable[[int, int], None]
"""Called with the cut points decided so far, and with how many there are in all."""


@dataclass(frozen=True, slots=True)
class CutPlace:
    """One cut, and what the device comes to by it."""

    call: int
    """Number of the call in the session, from 0."""
    name: str
    """The call."""
    op_index: int
    """The operation within the call, from 0."""
    op: FlashOp
    torn: Torn
    start: SettledStart

    @property
    def session_cut(self) -> SessionCut:
        """The same as a session is played with it."""
        return SessionCut(self.call, self.op_index, self.torn)

    @property
    def done(self) -> int | None:
        """Bytes of the operation that took effect; None for a pattern."""
        whole = {TornKind.BEFORE: 0, TornKind.AFTER: self.op.length}
        if self.torn.kind in (TornKind.PREFIX, TornKind.PARTIAL):
            return self.torn.length
        return whole.get(self.torn.kind)


@dataclass(frozen=True, slots=True)
class CutRun:
    """Cuts in a row with one outcome, as far as they were decided together."""

    first: CutPlace
    last: CutPlace
    count: int

    @property
    def start(self) -> SettledStart:
        """What the device comes to by each of them."""
        return self.first.start

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits the first of them."""
        return self.first.torn.weakest_model


@dataclass(frozen=True, slots=True)
class BrickWindow:
    """What the cuts that a fault model admits leave of the device."""

    faults: FaultModel
    cuts: int
    """All cuts of the session."""
    bricks: int
    """Those that leave a brick."""
    first: CutPlace | None
    """The first that does; None where there is none."""
    last: CutPlace | None
    between: int
    """Cuts from the first to the last, both included; 0 where there is none."""

    @property
    def is_sampled(self) -> bool:
        """Whether torn bytes are sampled, so that the window can be larger."""
        return self.faults >= FaultModel.F2


@dataclass(slots=True)
class SessionSweep:
    """Everything decided of one session."""

    faults: FaultModel
    uncut: SettledStart
    """What the device comes to when the session has returned."""
    runs: list[CutRun] = field(default_factory=list)
    """In the order of the session."""
    distinct_starts: int = 0
    """Starts played to decide them."""
    is_complete: bool = True

    @property
    def cuts(self) -> int:
        """Cut points decided."""
        return sum(run.count for run in self.runs)

    def windows(self) -> Iterator[BrickWindow]:
        """Yield the brick window of every fault model up to the one that was swept."""
        for faults in FaultModel:
            if faults <= self.faults:
                yield brick_window(faults, [run for run in self.runs if run.weakest_model <= faults])

    def outcomes(self) -> Iterator[CutRun]:
        """Yield the cuts that are no patterns, in runs of one outcome."""
        exact = [run for run in self.runs if run.weakest_model <= FaultModel.F1]
        for _, group in groupby(exact, key=lambda run: run.start):
            runs = list(group)
            yield CutRun(runs[0].first, runs[-1].last, _count(runs))


def brick_window(faults: FaultModel, runs: list[CutRun]) -> BrickWindow:
    """Return the window of a fault model that admits these cuts."""
    bricks = [number for number, run in enumerate(runs) if run.start.is_brick]
    cuts = _count(runs)
    if not bricks:
        return BrickWindow(faults, cuts, 0, None, None, 0)
    first, last = bricks[0], bricks[-1]
    return BrickWindow(
        faults,
        cuts,
        _count(runs[number] for number in bricks),
        runs[first].first,
        runs[last].last,
        _count(runs[first : last + 1]),
    )


def sweep_session(
    device: SessionDevice,
    calls: tuple[SessionCall, ...],
    faults: FaultModel,
    seed: int,
    progress: Progress = lambda done, total: None,
) -> SessionSweep:
    """Decide every cut of a session that was played. seed: chooses the random patterns of F2 and F3.

    An interrupt (KeyboardInterrupt) ends the sweep early."""
    oracle = start_oracle(device)
    result = SessionSweep(faults, oracle.tell(calls[-1].moments[-1]).future)
    cuts = [[_cuts_of(device, op, faults, seed) for op in call.ops] for call in calls]
    total, done = sum(one.count for in_call in cuts for one in in_call), 0
    try:
        for number, call in enumerate(calls):
            for op_index, tears_of_op in enumerate(cuts[number]):
                for tears in decide_operation(oracle, call, op_index, tears_of_op):
                    result.runs.append(_run(number, call, op_index, tears))
                    done += tears.count
                progress(done, total)
    except KeyboardInterrupt:
        result.is_complete = False
    result.distinct_starts = oracle.played
    return result


def _cuts_of(device: SessionDevice, op: FlashOp, faults: FaultModel, seed: int) -> OperationCuts:
    is_entry = device.dut.is_in_otadata(op.address) and op.length == ENTRY_SIZE
    return OperationCuts(op, faults, seed, is_entry)


def _run(number: int, call: SessionCall, op_index: int, tears: TearRun[SettledStart]) -> CutRun:
    last_torn = Torn(tears.torn.kind, length=tears.torn.length + tears.count - 1) if tears.count > 1 else tears.torn
    first, last = (
        CutPlace(number, call.name, op_index, call.ops[op_index], torn, tears.known.future)
        for torn in (tears.torn, last_torn)
    )
    return CutRun(first, last, tears.count)


def _count(runs: Iterable[CutRun]) -> int:
    return sum(run.count for run in runs)
