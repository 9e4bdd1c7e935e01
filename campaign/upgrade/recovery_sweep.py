"""Cuts the power at every micro-step of a script, and again at every one of the power-ons that follow.

Each way to fail is judged as one cut is: by the call that was cut first, and by what follows from the state that the
last cut has left. A claim that one cut breaks needs no second one, and is left to the sweep.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...impl.chip.torn_operations import BEFORE, Torn
from ...model.claims.cut_claims import CUT_CLAIMS, CutClaim
from ...model.claims.observation import Future
from ...model.fault_model import FaultModel
from ..cut_points import burn_tears
from ..cuts.operation_cuts import OperationCuts, decide_operation
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played
from .future_oracle import FutureOracle
from .recovery_oracle import RecoveredFuture, RecoveryOracle
from .sweep import Progress, broken_claims
from .uncut_run import Judge, UncutRun
from .upgrade_token import Again


@dataclass(frozen=True, slots=True)
class RepeatedCut:
    """The first way to fail that breaks a claim: fewest cuts, weakest fault, earliest."""

    played: Played
    op_index: int
    torn: Torn | None
    efuse_done: int
    is_between_calls: bool
    future: Future
    """What follows the first cut where no other one comes."""
    again: Again = ()

    @property
    def weakest_fault(self) -> FaultModel:
        """The smallest fault model under which it happens."""
        models = [cut.weakest_model for cut in self.again if cut is not None]
        return max([FaultModel.F0 if self.torn is None else self.torn.weakest_model, *models])

    @property
    def rank(self) -> tuple[int, FaultModel]:
        """Smaller is better."""
        return len(self.again), self.weakest_fault


@dataclass(slots=True)
class RecoverySweep:
    """Everything decided of one script with more than one cut."""

    cuts: int = 0
    """First cut points that were decided."""
    ways: int = 0
    """Ways to fail that were decided: a first cut point, or a reset between calls, and one or more in the power-ons."""
    distinct: int = 0
    """Recoveries that were played to decide them."""
    violations: dict[str, int] = field(default_factory=dict)
    """By the id of a claim that one cut does not break, the ways that break it."""
    first: dict[str, RepeatedCut] = field(default_factory=dict)
    """By the id of such a claim, the first of them."""
    is_complete: bool = True


def sweep_recoveries(
    dut: DeviceUnderTest,
    run: UncutRun,
    futures: FutureOracle,
    oracle: RecoveryOracle,
    faults: FaultModel,
    seed: int,
    kept: frozenset[str],
    first_step: int,
    total: int,
    progress: Progress = lambda done, total: None,
    claims: Sequence[CutClaim] = CUT_CLAIMS,
) -> RecoverySweep:
    """Decide all ways to fail from step number `first_step` on.

    kept: the ids of the claims that one cut does not break. claims: those to ask. total: first cut points that there
    are, for `progress`. An interrupt (KeyboardInterrupt) ends it early."""
    sweeper = _RecoverySweeper(dut, Judge(dut, run, futures), oracle, faults, seed, kept, claims)
    before = oracle.played
    try:
        for played in run.played[first_step:]:
            sweeper.cut(played)
            progress(sweeper.result.cuts, total)
    except KeyboardInterrupt:
        sweeper.result.is_complete = False
    sweeper.result.distinct = oracle.played - before
    return sweeper.result


class _RecoverySweeper:
    """Decides the ways to fail of a script."""

    def __init__(
        self,
        dut: DeviceUnderTest,
        judge: Judge,
        oracle: RecoveryOracle,
        faults: FaultModel,
        seed: int,
        kept: frozenset[str],
        claims: Sequence[CutClaim],
    ) -> None:
        self._dut, self._judge, self._oracle = dut, judge, oracle
        self._faults, self._seed, self._kept, self._claims = faults, seed, kept, claims
        self._verdicts: dict[tuple[int, bool, bool, bool, int], frozenset[str]] = {}
        self._broken: dict[tuple[int, bool, bool, int], tuple[tuple[str, int, Again], ...]] = {}
        self._alive: list[Future | RecoveredFuture] = []
        """What `_verdicts` and `_broken` know by identity."""
        self.result = RecoverySweep()

    def cut(self, played: Played) -> None:
        """Decide the cut points of a step, and the reset after it."""
        for number, op in enumerate(played.ops):
            cuts = OperationCuts(op, self._faults, self._seed, self._dut.is_of_entry(op.address, op.length))
            for tears in decide_operation(self._oracle, played, number, cuts):
                recovery = tears.known.future
                at = RepeatedCut(played, number, tears.torn, 0, False, recovery.future)
                self._add(at, number + (tears.torn != BEFORE), tears.count, recovery)
        for done in burn_tears(played.after.efuse_bits & ~played.before.efuse_bits, self._faults):
            recovery = self._oracle.tell(Moment(played.after.cells, played.before.efuse_bits | done)).future
            at = RepeatedCut(played, len(played.ops), None, done, False, recovery.future)
            self._add(at, len(played.ops) + 1, 1, recovery)
        recovery = self._oracle.tell(played.after).future
        self._add(RepeatedCut(played, len(played.ops), None, 0, True, recovery.future), len(played.ops), 1, recovery)

    def _add(self, at: RepeatedCut, ops_begun: int, count: int, recovery: RecoveredFuture) -> None:
        self.result.ways += count * recovery.count
        self.result.cuts += 0 if at.is_between_calls else count
        key = (at.played.number, ops_begun > 0, at.is_between_calls, id(recovery))
        if key not in self._broken:
            self._alive.append(recovery)
            self._broken[key] = tuple(self._breaks(at, ops_begun, recovery))
        for claim_id, ways, again in self._broken[key]:
            self.result.violations[claim_id] = self.result.violations.get(claim_id, 0) + count * ways
            found = replace(at, again=again)
            known = self.result.first.get(claim_id)
            if known is None or found.rank < known.rank:
                self.result.first[claim_id] = found

    def _breaks(self, at: RepeatedCut, ops_begun: int, recovery: RecoveredFuture) -> Iterator[tuple[str, int, Again]]:
        """Yield each claim that a further cut breaks, with how many ways do, and the first."""
        ways: dict[str, int] = {}
        best: dict[str, RepeatedCut] = {}
        for again, count, future, started in _ways(recovery):
            for claim_id in self._judged(at, ops_begun, future, started):
                ways[claim_id] = ways.get(claim_id, 0) + count
                found = replace(at, again=again)
                if claim_id not in best or found.rank < best[claim_id].rank:
                    best[claim_id] = found
        yield from ((claim_id, ways[claim_id], found.again) for claim_id, found in best.items())

    def _judged(self, at: RepeatedCut, ops_begun: int, future: Future, started: frozenset[str]) -> frozenset[str]:
        observed = self._judge.observation(at.played, ops_begun, future, at.is_between_calls)
        is_tried = observed.is_tried or observed.target in started
        key = (at.played.number, ops_begun > 0, at.is_between_calls, is_tried, id(future))
        if key not in self._verdicts:
            self._alive.append(future)
            broken = broken_claims(replace(observed, is_tried=is_tried), self._dut.config, self._claims)
            self._verdicts[key] = self._kept & frozenset(broken)
        return self._verdicts[key]


def _ways(
    recovery: RecoveredFuture, started: frozenset[str] = frozenset(), before: Again = (), count: int = 1
) -> Iterator[tuple[Again, int, Future, frozenset[str]]]:
    """Yield the further cuts: which they are, how many alike, what follows, what whole power-ons have started."""
    for cut in recovery.again:
        here = (*before, cut.cut), count * cut.count
        now = started if cut.started is None else started | {cut.started}
        yield *here, cut.then.future, now
        yield from _ways(cut.then, now, *here)
