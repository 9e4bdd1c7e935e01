"""Cuts the power at every micro-step of a script, in every way the fault model admits, and decides what follows.

Cut points of one operation that share a future form one *stretch*, so that millions of them fit
(campaign/cuts tells how).

`brute_force` does the same with none of this, for comparison.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...impl.chip.flash import FailureExtent, FlashOp
from ...impl.chip.torn_operations import BEFORE, PATTERN_KINDS, Torn
from ...model.claims.cut_claims import CUT_CLAIMS, CutClaim
from ...model.claims.observation import Future, Observation
from ...model.config import Config
from ...model.fault_model import FaultModel
from ..cut_points import burn_tears
from ..cuts.operation_cuts import OperationCuts, decide_operation
from ..cuts.state_oracle import Known
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played
from ..workers import INTERRUPTED, WorkerDied
from .dealt_sweep import Told, nobody_was_asked
from .future_oracle import FutureOracle
from .lying_operations import Lie, lies_in
from .uncut_run import Judge, UncutRun

Progress = Callable[[int, int], None]
"""Called with the cut points decided so far, and with how many there are in all."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cut points in a row, in one operation, that share their future and what it breaks."""

    played: Played
    """The step of the uncut run."""
    op_index: int
    """The operation within the step; the number of operations for a cut in an eFuse burn after them."""
    torn: Torn | None
    """The first tear; None for an eFuse burn."""
    count: int
    """How many tears: of a prefix or partial erase one byte more each, of a pattern the next number each."""
    efuse_done: int
    """Bits of a burn that took effect; 0 for a cut in a flash operation."""
    known: Known[Future]
    broken: tuple[str, ...]
    """Ids of the claims that are violated."""
    lie: FailureExtent | None = None
    """How much an operation did that reported success, its call being followed by a reset; None: nothing lied."""

    @property
    def op(self) -> FlashOp | None:
        """The operation that is cut; None for an eFuse burn, or a reset between steps."""
        ops = self.played.ops
        return ops[self.op_index] if self.op_index < len(ops) else None

    def tears(self) -> Iterator[Torn]:
        """Yield each tear of the stretch."""
        if self.torn is None:
            return
        for step in range(self.count):
            if self.torn.kind in PATTERN_KINDS:
                yield Torn(self.torn.kind, page=self.torn.page, pattern=self.torn.pattern + step)
            else:
                yield Torn(self.torn.kind, length=self.torn.length + step)


@dataclass(slots=True)
class SweepResult:
    """Everything decided of one script."""

    stretches: list[Stretch] = field(default_factory=list)
    """In the order of the steps, operations and tears."""
    resets: list[Stretch] = field(default_factory=list)
    """Resets between calls, after the step named; not cut points."""
    lies: list[Stretch] = field(default_factory=list)
    """The same, after a step of which an operation lied; under F5."""
    cuts: int = 0
    """Cut points decided."""
    distinct_futures: int = 0
    """Futures played to decide them."""
    ended_by: str = ""
    """What ended it too soon, if anything did."""

    @property
    def is_complete(self) -> bool:
        """Every cut point was decided."""
        return not self.ended_by


def sweep(
    dut: DeviceUnderTest,
    run: UncutRun,
    oracle: FutureOracle,
    faults: FaultModel,
    seed: int,
    first_step: int = 0,
    progress: Progress = lambda done, total: None,
    claims: Sequence[CutClaim] = CUT_CLAIMS,
    told: Told = nobody_was_asked,
) -> SweepResult:
    """Decide every cut point of the steps from number `first_step` on.

    seed: chooses the random patterns of F2 to F5. claims: those to ask. told: what other processes decide.
    An interrupt (KeyboardInterrupt) ends it, and so does the death of such a process."""
    sweeper = _Sweeper(dut, oracle, Judge(dut, run, oracle), faults, seed, claims, told)
    steps = run.played[first_step:]
    total = sum(sweeper.count_cuts(played) for played in steps)
    played_before = oracle.played
    result = sweeper.result
    try:
        for played in steps:
            for op_index in range(len(played.ops)):
                sweeper.cut_op(played, op_index)
                progress(result.cuts, total)
            sweeper.cut_burn(played)
            sweeper.reset_after(played)
            progress(result.cuts, total)
        for lie in lies_in(dut, run, first_step) if faults >= FaultModel.F5 else ():
            sweeper.reset_after_lie(lie)
    except (KeyboardInterrupt, WorkerDied) as error:
        result.ended_by = str(error) or INTERRUPTED
    result.distinct_futures = oracle.played - played_before
    return result


def broken_claims(observation: Observation, config: Config, claims: Sequence[CutClaim] = CUT_CLAIMS) -> tuple[str, ...]:
    """Return the ids of the claims that the configuration has and the observation breaks."""
    return tuple(known.id for known in claims if known.claim.applies_to(config) and not known.is_kept(observation))


class _Sweeper:
    """Decides the cut points of a script, one operation at a time."""

    def __init__(
        self,
        dut: DeviceUnderTest,
        oracle: FutureOracle,
        judge: Judge,
        faults: FaultModel,
        seed: int,
        claims: Sequence[CutClaim],
        told: Told,
    ) -> None:
        self._dut = dut
        self._told = told
        self._oracle = oracle
        self._judge = judge
        self._faults = faults
        self._seed = seed
        self._claims = claims
        self._verdicts: dict[tuple[int, bool, bool, int], tuple[Future, tuple[str, ...]]] = {}
        self.result = SweepResult()

    def count_cuts(self, played: Played) -> int:
        """Return how many cut points a step has."""
        in_ops = sum(self._cuts(op).count for op in played.ops)
        return in_ops + len(self._burn_tears(played))

    def cut_op(self, played: Played, op_index: int) -> None:
        """Decide every cut point of one operation."""
        told = self._told(played, op_index)
        if told is None:
            told = decide_operation(self._oracle, played, op_index, self._cuts(played.ops[op_index]))
        for tears in told:
            self._add(played, op_index, tears.torn, tears.count, tears.known)

    def cut_burn(self, played: Played) -> None:
        """Decide every way to tear the eFuse burn of a step; it comes after the step's flash operations."""
        for done in self._burn_tears(played):
            known = self._oracle.tell(Moment(played.after.cells, played.before.efuse_bits | done))
            self._add(played, len(played.ops), None, 1, known, efuse_done=done)

    def reset_after(self, played: Played) -> None:
        """Decide a reset after the call has returned."""
        known = self._oracle.tell(played.after)
        broken = self._broken(played, len(played.ops), known.future, is_between=True)
        self.result.resets.append(Stretch(played, len(played.ops), None, 1, 0, known, broken))

    def reset_after_lie(self, lie: Lie) -> None:
        """Decide a reset after a call has returned of which an operation lied."""
        known = self._oracle.tell(lie.left)
        broken = self._broken(lie.played, len(lie.played.ops), known.future, is_between=True)
        self.result.lies.append(Stretch(lie.played, lie.op_index, None, 1, 0, known, broken, lie.done))

    def _cuts(self, op: FlashOp) -> OperationCuts:
        return OperationCuts(op, self._faults, self._seed, self._dut.is_of_entry(op.address, op.length))

    def _burn_tears(self, played: Played) -> list[int]:
        """Return, for an eFuse burn, the masks of bits that can have taken effect."""
        return burn_tears(played.after.efuse_bits & ~played.before.efuse_bits, self._faults)

    def _add(
        self,
        played: Played,
        op_index: int,
        torn: Torn | None,
        count: int,
        known: Known[Future],
        efuse_done: int = 0,
    ) -> None:
        ops_begun = op_index + (torn != BEFORE)
        broken = self._broken(played, ops_begun, known.future)
        self.result.stretches.append(Stretch(played, op_index, torn, count, efuse_done, known, broken))
        self.result.cuts += count

    def _broken(self, played: Played, ops_begun: int, future: Future, is_between: bool = False) -> tuple[str, ...]:
        """Return the ids of the claims that a cut breaks; the same step and future are judged once."""
        key = (played.number, ops_begun > 0, is_between, id(future))
        judged = self._verdicts.get(key)
        if judged is None or judged[0] is not future:
            observed = self._judge.observation(played, ops_begun, future, is_between)
            broken = broken_claims(observed, self._dut.config, self._claims)
            judged = self._verdicts[key] = (future, broken)
        return judged[1]
