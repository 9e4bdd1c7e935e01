"""Cut points that other processes decide: those of operations on otadata, where nearly all futures are played.

A part of an operation's tears goes out, and what follows each of them comes back, with all that it depends on. So the
process that deals them out tells what is known by that and not by who found it: its sweep is the one that it would have
made alone. What a process has played it knows from then on; what another one has played it plays again.

Up to F1 a sweep plays too few futures to be worth a process.
"""

import io
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...impl.otadata import ENTRY_SIZE
from ...model.claims.observation import Future
from ...model.fault_model import FaultModel
from ..cuts.operation_cuts import OperationCuts, TearPart, TearRun, decide_operation, joined
from ..device_under_test import DeviceUnderTest
from ..history.player import Played
from ..workers import in_lanes
from .future_oracle import FutureOracle
from .script import Scenario, ScriptFailed, first_step_of_interest, script_of
from .uncut_run import UncutRun, play_script

DEALT_FROM = FaultModel.F2
"""From this fault model on, parts are dealt out."""
_MOST = ENTRY_SIZE
"""Processes that have enough to do: patterns are dealt by the byte of a record that they mark."""
_AHEAD = 8
"""Operations that are dealt out before the first of them is decided: this process has others to decide in between."""

Told = Callable[[Played, int], Iterator[TearRun[Future]] | None]
"""Tells what others have decided of an operation of a step; None where nobody was asked."""


def nobody_was_asked(played: Played, op_index: int) -> None:
    """Tell nothing."""


@dataclass(frozen=True, slots=True)
class SweepWork:
    """Some tears of one operation of a scenario."""

    dut: DeviceUnderTest
    faults: FaultModel
    seed: int
    scenario: Scenario
    step: int
    op_index: int
    part: TearPart


@contextmanager
def dealt_sweep(oracle: FutureOracle, faults: FaultModel, seed: int, jobs: int) -> Iterator[Told]:
    """Give what tells of the operations on otadata of every scenario, in their order, as so many processes decide them.

    oracle: takes what they know. What is told raises WorkerDied."""
    if jobs == 1 or faults < DEALT_FROM:
        yield nobody_was_asked
        return
    jobs = min(jobs, _MOST)
    with closing(in_lanes(decided_part, works(oracle.dut, faults, seed, jobs), jobs, _AHEAD)) as decided:
        yield _ToldSweeps(oracle, faults, seed, decided).told


def works(dut: DeviceUnderTest, faults: FaultModel, seed: int, jobs: int) -> Iterator[list[SweepWork]]:
    """Yield what is dealt out of each operation, in the order of the sweeps."""
    for scenario in Scenario:
        try:
            run = play_script(dut, script_of(scenario, dut))
        except ScriptFailed:
            # There is no such sweep either.
            continue
        for played in run.played[first_step_of_interest(scenario, dut) :]:
            for op_index, op in enumerate(played.ops):
                if dut.is_in_otadata(op.address):
                    parts = _cuts(dut, played, op_index, faults, seed).parts(jobs)
                    yield [SweepWork(dut, faults, seed, scenario, played.number, op_index, part) for part in parts]


def decided_part(work: SweepWork) -> bytes:
    """Return what follows from the tears of a part, packed."""
    process = _process_for(work.dut)
    played = process.run(work.scenario).played[work.step]
    cuts = _cuts(work.dut, played, work.op_index, work.faults, work.seed)
    return process.parcels.packed([*decide_operation(process.oracle, played, work.op_index, cuts, work.part)])


def _cuts(dut: DeviceUnderTest, played: Played, op_index: int, faults: FaultModel, seed: int) -> OperationCuts:
    op = played.ops[op_index]
    return OperationCuts(op, faults, seed, dut.is_of_entry(op.address, op.length))


class _ToldSweeps:
    """Tells what other processes decide, as it comes."""

    def __init__(self, oracle: FutureOracle, faults: FaultModel, seed: int, decided: Iterator[list[bytes]]) -> None:
        self._dut, self._oracle, self._faults, self._seed, self._decided = oracle.dut, oracle, faults, seed, decided
        self._parcels = _Parcels(oracle.dut)

    def told(self, played: Played, op_index: int) -> Iterator[TearRun[Future]] | None:
        """Tell of an operation; those on otadata are to be asked for in the order of the sweeps."""
        if not self._dut.is_in_otadata(played.ops[op_index].address):
            return None
        return self._runs(_cuts(self._dut, played, op_index, self._faults, self._seed))

    def _runs(self, cuts: OperationCuts) -> Iterator[TearRun[Future]]:
        for run in joined(cuts, [self._parcels.unpacked(packed) for packed in next(self._decided)]):
            yield TearRun(run.torn, run.count, self._oracle.take(run.known))


class _Process:
    """What a process keeps of a device from one part to the next."""

    def __init__(self, dut: DeviceUnderTest) -> None:
        self.dut = dut
        self.oracle = FutureOracle(dut)
        self.parcels = _Parcels(dut)
        self._runs: dict[Scenario, UncutRun] = {}

    def run(self, scenario: Scenario) -> UncutRun:
        """Return the run that is cut."""
        if scenario not in self._runs:
            self._runs[scenario] = play_script(self.dut, script_of(scenario, self.dut))
        return self._runs[scenario]


_process: list[_Process] = []
"""The one of the device that was asked of last."""


def _process_for(dut: DeviceUnderTest) -> _Process:
    if not _process or _process[0].dut != dut:
        _process[:] = [_Process(dut)]
    return _process[0]


class _Parcels:
    """Packs what was decided, and unpacks it; bytes that are the device's own are named and not sent."""

    def __init__(self, dut: DeviceUnderTest) -> None:
        self._dut = dut

    def packed(self, runs: list[TearRun[Future]]) -> bytes:
        """Return them as bytes."""
        packed = io.BytesIO()
        pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
        numbers = self._numbers
        # As an attribute, as it is asked for each object.
        pickler.persistent_id = lambda found: numbers.get(id(found))  # type: ignore[method-assign]
        pickler.dump(runs)
        return packed.getvalue()

    def unpacked(self, packed: bytes) -> list[TearRun[Future]]:
        """Return what they were."""
        unpickler = pickle.Unpickler(io.BytesIO(packed))
        unpickler.persistent_load = self._own.__getitem__  # type: ignore[method-assign]
        runs: list[TearRun[Future]] = unpickler.load()
        return runs

    @cached_property
    def _own(self) -> list[Any]:
        cells = self._dut.cells
        images = (*self._dut.images, self._dut.update)
        return [image.contents for image in images] + list(cells.sectors(0, cells.size))

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {id(own): number for number, own in enumerate(self._own)}
