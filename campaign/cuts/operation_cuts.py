"""Every way to tear one flash operation, and what follows each, as stretches of tears that share their future.

How the future of a torn state is found without playing it:

* An operation on cells that the future of the state before it does not depend on changes nothing that
  follows, however it is torn: all of its cut points share that future.
* A prefix of N + 1 bytes differs from one of N bytes in one byte. Where the future of the latter does not
  depend on that byte, they share it.
* For all else the oracle is queried, which plays each state that differs in something that is read once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.chip.growing_prefix import GrowingPrefix
from ...impl.chip.torn_cells import after_torn_erase, after_torn_program
from ...impl.chip.torn_operations import AFTER, BEFORE, ONE_UNIT_PATTERNS, PATTERN_KINDS, Torn
from ...impl.chip.undecided_cells import UndecidedCells
from ...impl.otadata import ENTRY_SIZE
from ...model.fault_model import FaultModel
from ..cut_points import prefix_count, prefix_kind, sampled_tears
from ..history.player import Moment
from .state_oracle import Known, StateOracle

F = TypeVar("F")


class PlayedOperations(Protocol):
    """A call that was played without a cut."""

    @property
    def ops(self) -> tuple[FlashOp, ...]:
        """Its flash operations."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What was there before the call, and after each operation."""


@dataclass(frozen=True, slots=True)
class OperationCuts:
    """The ways to tear an operation that a fault model admits."""

    op: FlashOp
    faults: FaultModel
    seed: int
    """Chooses the random patterns of F2 and F3."""
    is_entry: bool
    """The operation rewrites an otadata entry, and so has more patterns."""

    @property
    def prefix_count(self) -> int:
        """How many prefixes are neither nothing nor all of the operation."""
        return prefix_count(self.op, self.faults)

    def patterns(self) -> Iterator[Torn]:
        """Yield the sampled tears."""
        return sampled_tears(self.op, self.faults, self.seed, self.is_entry)

    @property
    def count(self) -> int:
        """How many cut points the operation has."""
        return 2 + self.prefix_count + len(list(self.patterns()))

    def parts(self, count: int) -> list["TearPart"]:
        """Return the parts into which the tears are dealt.

        Like operations on one sector are dealt alike, so that the n-th parts of them leave like states."""
        with_ends = (self.op.address // SECTOR_SIZE + (self.op.kind is FlashOpKind.ERASE)) % count
        return [TearPart(number, count, number == with_ends) for number in range(count)]


@dataclass(frozen=True, slots=True)
class TearPart:
    """Some of the tears of an operation."""

    number: int
    of: int
    """How many parts there are."""
    has_ends: bool
    """What comes before and after the patterns is in it."""

    def has(self, pattern: Torn) -> bool:
        """Tell whether a pattern is in it.

        Those that mark the same unit of a record are in one part, and so are four random ones in a row, as they differ
        in how much they mark."""
        number = pattern.pattern
        return (number % ENTRY_SIZE if number < 2 * ONE_UNIT_PATTERNS else number // 4) % self.of == self.number


ALL_TEARS = TearPart(0, 1, has_ends=True)


@dataclass(frozen=True, slots=True)
class TearRun(Generic[F]):
    """Tears in a row that share their future."""

    torn: Torn
    """The first."""
    count: int
    """How many: of a prefix or partial erase, one byte more each."""
    known: Known[F]


def decide_operation(
    oracle: StateOracle[F], played: PlayedOperations, op_index: int, cuts: OperationCuts, part: TearPart = ALL_TEARS
) -> Iterator[TearRun[F]]:
    """Yield what follows every tear of an operation: before it, its prefixes, its patterns, after it.

    part: those that are asked for; `joined` puts parts together."""
    op, kind = cuts.op, prefix_kind(cuts.op)
    before = oracle.tell(played.moments[op_index])
    matters = before.reliance.includes(op.address, op.length)
    if part.has_ends:
        yield TearRun(BEFORE, 1, before)
        if matters:
            yield from _decide_prefixes(oracle, played, op_index, cuts, before)
        elif cuts.prefix_count:
            yield TearRun(Torn(kind, length=1), cuts.prefix_count, before)
    for torn in filter(part.has, cuts.patterns()):
        known = _tell_torn(oracle, played, op_index, torn, before, op.address, op.length) if matters else before
        yield TearRun(torn, 1, known)
    if part.has_ends:
        # The state itself, which is the one before the next operation.
        left = Moment(played.moments[op_index + 1].cells, played.moments[0].efuse_bits)
        yield TearRun(AFTER, 1, oracle.tell_near(left, before, op.address, op.length))


def joined(cuts: OperationCuts, decided: Sequence[Sequence[TearRun[F]]]) -> Iterator[TearRun[F]]:
    """Yield what the parts of an operation have come to, in their order, as it is yielded of all of its tears."""
    parts = cuts.parts(len(decided))
    *head, after = (run for part in decided for run in part if run.torn.kind not in PATTERN_KINDS)
    patterns = [iter([run for run in part if run.torn.kind in PATTERN_KINDS]) for part in decided]
    yield from head
    for torn in cuts.patterns():
        yield next(next(runs for part, runs in zip(parts, patterns, strict=True) if part.has(torn)))
    yield after


def _decide_prefixes(
    oracle: StateOracle[F], played: PlayedOperations, op_index: int, cuts: OperationCuts, before: Known[F]
) -> Iterator[TearRun[F]]:
    """Yield all prefixes, asking only where one byte more can make a difference."""
    address, kind, last = cuts.op.address, prefix_kind(cuts.op), cuts.prefix_count
    cells, after = (moment.cells for moment in played.moments[op_index : op_index + 2])
    known, first, length = before, 1, 0
    while (length := 1 + known.reliance.steady_until(GrowingPrefix(cells, after, address, length, last))) <= last:
        torn = Torn(kind, length=length)
        now = _tell_torn(oracle, played, op_index, torn, known, address + length - 1, 1)
        if now is not known:
            if length > first:
                yield TearRun(Torn(kind, length=first), length - first, known)
            known, first = now, length
        cells = torn_cells(played, op_index, torn)
    if last >= first:
        yield TearRun(Torn(kind, length=first), last - first + 1, known)


def _tell_torn(
    oracle: StateOracle[F],
    played: PlayedOperations,
    op_index: int,
    torn: Torn,
    near: Known[F],
    address: int,
    length: int,
) -> Known[F]:
    """Return the future of a torn state that differs from one with the future `near` in those bytes at most."""
    moment = Moment(torn_cells(played, op_index, torn), played.moments[0].efuse_bits)
    if isinstance(moment.cells, UndecidedCells):
        return oracle.tell_undecided(moment)
    return oracle.tell_near(moment, near, address, length)


def torn_cells(played: PlayedOperations, op_index: int, torn: Torn) -> Cells:
    """Return the flash after operation `op_index` of a played call was torn.

    What the whole operation left stands for the data it was given: programming the one or the other over the
    same cells leaves the same."""
    op, (before, after) = played.ops[op_index], (moment.cells for moment in played.moments[op_index : op_index + 2])
    if op.kind is FlashOpKind.ERASE:
        return after_torn_erase(before, op.address // SECTOR_SIZE, torn)
    return after_torn_program(before, op.address, after.read(op.address, op.length), torn)
