"""Flash operations in words."""

from ..impl.chip.cells import SECTOR_SIZE
from ..impl.chip.flash import FlashOp, FlashOpKind


def describe_ops(ops: tuple[FlashOp, ...]) -> str:
    """Return operations in one line, runs of sectors taken together."""
    parts: list[str] = []
    index = 0
    while index < len(ops):
        op = ops[index]
        run = index
        while (
            run + 1 < len(ops)
            and op.kind is FlashOpKind.ERASE
            and ops[run + 1].kind is FlashOpKind.ERASE
            and ops[run + 1].address == ops[run].address + SECTOR_SIZE
        ):
            run += 1
        if run > index:
            last = ops[run].address + SECTOR_SIZE - 1
            parts.append(f"erase 0x{op.address:x} … 0x{last:x} ({run - index + 1} sectors)")
        elif op.kind is FlashOpKind.ERASE:
            parts.append(f"erase 0x{op.address:x}")
        else:
            parts.append(f"program {op.length} bytes at 0x{op.address:x}")
        index = run + 1
    return ", ".join(parts)
