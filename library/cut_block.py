"""The power cut everywhere: a test is run again for each way that the power can fail in its calls.

    with power_cuts:                  # the power fails in here
        board.upgrade()
    board.power_on()                  # and this is judged
    assert board.image in (0, 1)

A fault model says what a cut may leave of a flash operation. Ways that leave the same bytes, as far as the rest of the
test reads them, share its outcome (campaign/cuts), so that all of them are decided with few runs. A test has to do the
same each time it is run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType

from ..campaign.cut_points import burn_tears
from ..campaign.cuts.operation_cuts import OperationCuts, decide_operation
from ..campaign.cuts.state_oracle import StateOracle
from ..campaign.history.player import Moment, Played
from ..campaign.history.step import StepCut
from ..errors import InputError
from ..impl.chip.flash import ReadTracker
from ..impl.chip.torn_operations import Torn
from ..model.fault_model import MODELLED_FAULTS, FaultModel
from .live_board import Body, LiveBoard, PlannedFailure, PowerFailed


class PowerCuts:
    """What a test wraps around the calls that are cut: `with power_cuts:`."""

    def __init__(self, board: LiveBoard) -> None:
        """Cut what is played on this board."""
        self.board = board
        self.begin()

    def begin(self) -> None:
        """Have cut nothing yet."""
        self.is_cut = False
        """The power has failed."""
        self.was_entered = False
        self.first = 0
        self.last = 0

    def __enter__(self) -> "PowerCuts":
        """Begin what is cut; it is there once in a test."""
        if self.was_entered:
            raise InputError("power_cuts: a test has one block that is cut")
        self.was_entered = self.board.is_cutting = True
        self.first = len(self.board.played)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """End it; where the power has failed, the calls end without an error."""
        self.board.is_cutting = False
        self.last = len(self.board.played)
        self.is_cut = isinstance(error, PowerFailed)
        return self.is_cut


@dataclass(slots=True)
class CutRuns:
    """What came of a test that was cut everywhere."""

    cuts: int = 0
    """Ways to fail that were decided."""
    runs: int = 0
    """How often the test was run."""


def cut_everywhere(
    test: Body,
    power_cuts: PowerCuts,
    faults: FaultModel | str = FaultModel.F1,
    seed: int = 0,
    passes: tuple[type[BaseException], ...] = (),
) -> CutRuns:
    """Run a test without a cut, then for each way that the power can fail in its block `with power_cuts:`.

    faults: F0 to F3. seed: chooses the samples of F2 and F3. passes: exceptions that are no failure of a run with a
    cut. Raises what the test raises in the first run that fails, under the weakest fault model, with a note that has
    the token. Raises InputError where the test has no such block, or does otherwise each time."""
    models = [model for model in MODELLED_FAULTS if model <= fault_model(faults)]
    board = power_cuts.board
    board.begin()
    power_cuts.begin()
    test()
    if not power_cuts.was_entered:
        raise InputError("cut_everywhere: nothing is cut; put the calls under `with power_cuts:`")
    search = _CutSearch(test, power_cuts, tuple(board.played[power_cuts.first : power_cuts.last]), seed, passes)
    for model in models:
        failure = next(search.failures(model), None)
        if failure is not None:
            search.show(failure)
    return replace(search.result)


def fault_model(faults: FaultModel | str) -> FaultModel:
    """Return a fault model by its name; raises InputError for one that no test is cut with."""
    names = [model.name for model in MODELLED_FAULTS]
    name = faults.name if isinstance(faults, FaultModel) else faults
    if name not in names:
        raise InputError(f"faults: {str(name)[:20]!r}; want one of {', '.join(names)}")
    return FaultModel[name]


@dataclass(frozen=True, slots=True)
class _FirstPageCuts(OperationCuts):
    """Those that a token can carry: patterns of the first page."""

    def patterns(self) -> Iterator[Torn]:
        """Yield the sampled tears."""
        return (torn for torn in OperationCuts.patterns(self) if not torn.page)


class _CutSearch:
    """Runs a test with the power failing in each way; what one run has read tells of others."""

    def __init__(
        self,
        test: Body,
        power_cuts: PowerCuts,
        played: tuple[Played, ...],
        seed: int,
        passes: tuple[type[BaseException], ...],
    ) -> None:
        self._test, self._cuts, self._played, self._seed, self._passes = test, power_cuts, played, seed, passes
        self._oracles = {number: StateOracle(self._run_from(number)) for number in range(len(played))}
        self.result = CutRuns()

    def failures(self, faults: FaultModel) -> Iterator[PlannedFailure]:
        """Yield the ways to fail after which the test fails, as they come."""
        self.result.cuts = 0
        for number, played in enumerate(self._played):
            self.result.cuts += 1
            if not self._oracles[number].tell(played.before).future:
                yield PlannedFailure(number, None, instead_of=played.step)
            yield from self._failures_in(number, played, faults)

    def _failures_in(self, number: int, played: Played, faults: FaultModel) -> Iterator[PlannedFailure]:
        dut, oracle = self._cuts.board.history.dut, self._oracles[number]
        for place, op in enumerate(played.ops):
            cuts = _FirstPageCuts(op, faults, self._seed, dut.is_of_entry(op.address, op.length))
            for tears in decide_operation(oracle, played, place, cuts):
                self.result.cuts += tears.count
                if not tears.known.future:
                    yield PlannedFailure(number, StepCut(place, tears.torn), instead_of=played.step)
        new_bits = played.after.efuse_bits & ~played.before.efuse_bits
        for done in burn_tears(new_bits, faults) if len(played.burns) == 1 else ():
            self.result.cuts += 1
            if not oracle.tell(Moment(played.after.cells, played.before.efuse_bits | done)).future:
                yield PlannedFailure(number, StepCut(0, efuse_done=done), instead_of=played.step)

    def show(self, failure: PlannedFailure) -> None:
        """Run the test with a cut once more, on the board alone, and raise what it raises with the token."""
        error = self._run(failure)
        board = self._cuts.board
        if error is None:
            raise InputError(f"cut_everywhere: the test fails, and passes when it is run again; {board.token}")
        self.result.runs += 1
        error.add_note(f"otaproof replay {board.token}")
        raise error

    def _run_from(self, number: int) -> Callable[[Moment, ReadTracker], bool]:
        """Return what tells whether the test passes when a cut in a step leaves a moment."""
        step = self._played[number].step
        return lambda moment, tracker: self._run(PlannedFailure(number, None, moment, tracker, step)) is None

    def _run(self, failure: PlannedFailure) -> BaseException | None:
        """Return what the test raises; None where it passes."""
        board, cuts = self._cuts.board, self._cuts
        board.begin(failure)
        cuts.begin()
        self.result.runs += 1
        try:
            self._test()
        except (KeyboardInterrupt, SystemExit, InputError):
            raise
        except self._passes:
            return None
        except BaseException as error:
            return error
        if not cuts.is_cut:
            raise InputError("cut_everywhere: the test makes other calls each time it is run")
        return None
