"""Cuts the power at every micro-step of a script, in every way the fault model admits, and decides what follows.

Cut points of one operation that share a future form one *stretch*, so that millions of them fit. How
the future of a torn state is found without playing it:

* An operation on cells that the future of the state before it does not depend on changes nothing that
  follows, however it is torn: all of its cut points share that future.
* A prefix of N + 1 bytes differs from one of N bytes in one byte. Where the future of the latter does not
  depend on that byte, they share it.
* For all else the oracle is queried, which plays each state that differs in something that is read once.

`brute_force` does the same with none of this, for comparison.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ...impl.otadata import ENTRY_SIZE
from ...model.claims.cut_claims import CUT_CLAIMS
from ...model.claims.observation import Future, Observation
from ...model.config import Config
from ...model.fault_model import FaultModel
from ..cut_points import prefix_count, prefix_kind, sampled_tears
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played
from .future_oracle import FutureOracle, Known
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
    known: Known
    broken: tuple[str, ...]
    """Ids of the claims that are violated."""

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
            if self.torn.kind in (TornKind.BYTES, TornKind.BITS):
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
    cuts: int = 0
    """Cut points decided."""
    distinct_futures: int = 0
    """Futures played to decide them."""
    is_complete: bool = True
    """Every cut point was decided."""


def sweep(
    dut: DeviceUnderTest,
    run: UncutRun,
    oracle: FutureOracle,
    faults: FaultModel,
    seed: int,
    first_step: int = 0,
    progress: Progress = lambda done, total: None,
) -> SweepResult:
    """Decide every cut point of the steps from number `first_step` on.

    seed: chooses the random patterns of F2 and F3. An interrupt (KeyboardInterrupt) ends the sweep early."""
    sweeper = _Sweeper(dut, oracle, Judge(dut, run, oracle), faults, seed)
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
    except KeyboardInterrupt:
        result.is_complete = False
    result.distinct_futures = oracle.played - played_before
    return result


def torn_cells(played: Played, op_index: int, torn: Torn) -> Cells:
    """Return the flash after operation `op_index` of a played call was torn.

    What the whole operation left stands for the data it was given: programming the one or the other over the
    same cells leaves the same."""
    op, (before, after) = played.ops[op_index], (moment.cells for moment in played.moments[op_index : op_index + 2])
    if op.kind is FlashOpKind.ERASE:
        index = op.address // SECTOR_SIZE
        return before.with_sector(index, torn.erased(before.sector(index)))
    old, new = before.read(op.address, op.length), after.read(op.address, op.length)
    return before.with_bytes(op.address, torn.programmed(old, new, op.address))


def broken_claims(observation: Observation, config: Config) -> tuple[str, ...]:
    """Return the ids of the claims that the configuration has and the observation breaks."""
    return tuple(known.id for known in CUT_CLAIMS if known.claim.applies_to(config) and not known.is_kept(observation))


class _Sweeper:
    """Decides the cut points of a script, one operation at a time."""

    def __init__(self, dut: DeviceUnderTest, oracle: FutureOracle, judge: Judge, faults: FaultModel, seed: int) -> None:
        self._dut = dut
        self._oracle = oracle
        self._judge = judge
        self._faults = faults
        self._seed = seed
        self._verdicts: dict[tuple[int, bool, bool, int], tuple[Future, tuple[str, ...]]] = {}
        self.result = SweepResult()

    def count_cuts(self, played: Played) -> int:
        """Return how many cut points a step has."""
        in_ops = sum(2 + self._prefix_count(op) + len(list(self._patterns(op))) for op in played.ops)
        return in_ops + len(self._burn_tears(played))

    def cut_op(self, played: Played, op_index: int) -> None:
        """Decide every cut point of one operation."""
        op = played.ops[op_index]
        before = self._oracle.tell(played.moments[op_index])
        self._add(played, op_index, BEFORE, 1, before)
        if not before.reliance.includes(op.address, op.length):
            self._add_all(played, op_index, op, before)
            return
        self._cut_prefixes(played, op_index, op, before)
        for torn in (*self._patterns(op), AFTER):
            known = self._tell_torn(played, op_index, torn, before, op.address, op.length)
            self._add(played, op_index, torn, 1, known)

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

    def _cut_prefixes(self, played: Played, op_index: int, op: FlashOp, before: Known) -> None:
        """Decide all prefixes, asking only where one byte more can make a difference."""
        kind = prefix_kind(op)
        known, first = before, 1
        for length in range(1, 1 + self._prefix_count(op)):
            if not known.reliance.includes(op.address + length - 1, 1):
                continue
            now = self._tell_torn(played, op_index, Torn(kind, length=length), known, op.address + length - 1, 1)
            if now is not known:
                if length > first:
                    self._add(played, op_index, Torn(kind, length=first), length - first, known)
                known, first = now, length
        last = self._prefix_count(op)
        if last >= first:
            self._add(played, op_index, Torn(kind, length=first), last - first + 1, known)

    def _add_all(self, played: Played, op_index: int, op: FlashOp, known: Known) -> None:
        """Add every tear of an operation that nothing depends on, except `before`."""
        kind = prefix_kind(op)
        if self._prefix_count(op):
            self._add(played, op_index, Torn(kind, length=1), self._prefix_count(op), known)
        for torn in self._patterns(op):
            self._add(played, op_index, torn, 1, known)
        self._add(played, op_index, AFTER, 1, known)

    def _prefix_count(self, op: FlashOp) -> int:
        return prefix_count(op, self._faults)

    def _patterns(self, op: FlashOp) -> Iterator[Torn]:
        return sampled_tears(op, self._faults, self._seed, self._is_entry(op))

    def _is_entry(self, op: FlashOp) -> bool:
        """Tell whether the operation rewrites an otadata entry."""
        return self._dut.is_in_otadata(op.address) and op.length in (ENTRY_SIZE, SECTOR_SIZE)

    def _burn_tears(self, played: Played) -> list[int]:
        """Return, for an eFuse burn, the masks of bits that can have taken effect."""
        new_bits = played.after.efuse_bits & ~played.before.efuse_bits
        bits = [1 << number for number in range(32) if new_bits >> number & 1]
        if not bits:
            return []
        if self._faults is FaultModel.F0:
            return [0, new_bits]
        if self._faults is FaultModel.F1 or len(bits) > 8:
            return [sum(bits[:count]) for count in range(len(bits) + 1)]
        return [sum(bit for place, bit in enumerate(bits) if subset >> place & 1) for subset in range(1 << len(bits))]

    def _tell_torn(self, played: Played, op_index: int, torn: Torn, near: Known, address: int, length: int) -> Known:
        """Return the future of a torn state that differs from one with the future `near` in those bytes at most."""
        cells = torn_cells(played, op_index, torn)
        if near.reliance.is_same(near.answers, cells, address, length):
            return near
        return self._oracle.tell(Moment(cells, played.before.efuse_bits))

    def _add(
        self,
        played: Played,
        op_index: int,
        torn: Torn | None,
        count: int,
        known: Known,
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
            broken = broken_claims(self._judge.observation(played, ops_begun, future, is_between), self._dut.config)
            judged = self._verdicts[key] = (future, broken)
        return judged[1]
