"""The ways to cut one flash operation short, as far as a fault model can be enumerated or is sampled."""

from collections.abc import Iterator

from ..impl.chip.flash import FlashOp, FlashOpKind
from ..impl.chip.torn_operations import AFTER, BEFORE, ONE_UNIT_PATTERNS, Torn, TornKind, page_count
from ..model.fault_model import FaultModel

SAMPLES = 64
"""Random patterns for each micro-step on an otadata entry, under F2 and again under F3."""
FEW_SAMPLES = 16
"""The same for any other micro-step."""

SCHEDULES_SAMPLED = (
    0x55,
    0xAA,
    *((1 << reads) - 1 for reads in range(1, 8)),
    *(0xFF ^ (1 << reads) - 1 for reads in range(1, 8)),
)
"""Schedules of unstable tears (torn_operations.reading_mask): the readings take turns, or change once."""


def prefix_kind(op: FlashOp) -> TornKind:
    """Return what a prefix of an operation is called."""
    return TornKind.PARTIAL if op.kind is FlashOpKind.ERASE else TornKind.PREFIX


def prefix_count(op: FlashOp, faults: FaultModel) -> int:
    """Return how many prefixes are neither nothing nor all of the operation."""
    return 0 if faults is FaultModel.F0 else op.length - 1


def sampled_tears(op: FlashOp, faults: FaultModel, seed: int, is_entry: bool) -> Iterator[Torn]:
    """Yield the sampled tears of F2 to F5.

    seed: chooses the random patterns. is_entry: the operation rewrites an otadata entry, and so has more of them."""
    kinds = [TornKind.BYTES] if faults >= FaultModel.F2 else []
    kinds += [TornKind.BITS] if faults >= FaultModel.F3 else []
    more = [TornKind.UNSTABLE] if faults >= FaultModel.F4 else []
    more += [TornKind.DISTURB] if faults >= FaultModel.F5 else []
    pages = 1 if op.kind is FlashOpKind.ERASE else page_count(op.address, op.length)
    samples = SAMPLES if is_entry else FEW_SAMPLES
    start = 2 * ONE_UNIT_PATTERNS + seed * samples
    numbers = [*(range(2 * ONE_UNIT_PATTERNS) if is_entry else ()), *range(start, start + samples)]
    for kind in kinds:
        for page in range(pages):
            for number in numbers:
                yield Torn(kind, page=page, pattern=number)
    start = 2 * ONE_UNIT_PATTERNS + seed * FEW_SAMPLES
    for kind in more:
        named: tuple[int, ...] = (0,)
        if kind is TornKind.UNSTABLE:
            named = SCHEDULES_SAMPLED if is_entry else SCHEDULES_SAMPLED[-1:]
        for page in range(pages):
            for number in (*named, *range(start, start + FEW_SAMPLES)):
                yield Torn(kind, page=page, pattern=number)


def entry_tears(op: FlashOp, faults: FaultModel, seed: int) -> Iterator[Torn]:
    """Yield every tear of an operation that rewrites an otadata entry."""
    yield BEFORE
    for length in range(1, 1 + prefix_count(op, faults)):
        yield Torn(prefix_kind(op), length=length)
    yield from sampled_tears(op, faults, seed, is_entry=True)
    yield AFTER


def burn_tears(new_bits: int, faults: FaultModel) -> list[int]:
    """Return which of the bits of an eFuse burn can have taken effect, as masks; none where no bit is burned."""
    bits = [1 << number for number in range(32) if new_bits >> number & 1]
    if not bits:
        return []
    if faults is FaultModel.F0:
        return [0, new_bits]
    if faults is FaultModel.F1 or len(bits) > 8:
        return [sum(bits[:count]) for count in range(len(bits) + 1)]
    return [sum(bit for place, bit in enumerate(bits) if subset >> place & 1) for subset in range(1 << len(bits))]
