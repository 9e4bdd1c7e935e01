"""After how many cycles esp_partition_fail_after is to let the power fail, for a cut of a history.

The emulation (esp_partition/partition_linux.c, from ESP-IDF 5.2 on) counts a cycle for each erased sector and for each
whole word of 4 bytes in a program, of all calls since it was told. The operation in which the count runs out reports a
failure, with so many of its sectors or words done as there were cycles left, from its first one on. Source:
esp_partition_hook_write and esp_partition_hook_erase; up to 5.1 an operation that fails leaves nothing.
"""

from ...campaign.history.player import Played
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FlashOp, FlashOpKind
from .refusal import HostTestRefused

WORD = 4
"""Bytes of a cycle of a program."""


def cycles_before_cut(cut: Played, whole: Played, first_op: int) -> int:
    """Return how many cycles a call has from its beginning on; raises HostTestRefused for what they cannot express.

    cut: a step that is cut. whole: the same step, played from the same state without a cut. first_op: number of the
    call's first operation in the step."""
    assert cut.step.cut is not None
    at = cut.step.cut.op
    op = cut.ops[at]
    before, left, done = (moment.cells for moment in (cut.moments[at], cut.moments[at + 1], whole.moments[at + 1]))
    for count in range(_cycles(op) + 1):
        size = count * _cycle_size(op)
        if before.with_bytes(op.address, done.read(op.address, size)).to_bytes() == left.to_bytes():
            return sum(map(_cycles, cut.ops[first_op:at])) + count
    model = cut.step.cut.weakest_model.name
    raise HostTestRefused(f"the cut in {cut.step} ({model}) is none between two words, or two sectors of an erase")


def _cycle_size(op: FlashOp) -> int:
    return SECTOR_SIZE if op.kind is FlashOpKind.ERASE else WORD


def _cycles(op: FlashOp) -> int:
    return op.length // _cycle_size(op)
