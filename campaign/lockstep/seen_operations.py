"""The operations of a device on flash and eFuse, as far as the model can see them."""

from dataclasses import dataclass, replace
from enum import Enum

from .abstraction import Places
from .divergence import Divergence

SECTOR = 0x1000
CHECK_WORD_AT = 28
"""Where the check word lies in a record."""


class OpKind(Enum):
    """The operations that change flash and eFuse."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    ERASE = "erase"
    PROGRAM = "program"
    BURN = "burn"


@dataclass(frozen=True, slots=True)
class SeenOp:
    """One operation of the device, as far as the model can see it."""

    kind: OpKind
    record: int | None = None
    """The sector of otadata that it is in."""
    slot: int | None = None
    """The slot that it is in."""
    is_first_sector: bool = False
    """It is in the slot's first sector."""
    is_check_word: bool = False
    """It programs the check word of a record by itself, as is done by turns."""

    def __str__(self) -> str:
        """Name the operation."""
        if self.kind is OpKind.BURN:
            return "an eFuse burn"
        what = "the check word of " if self.is_check_word else ""
        where = f"{what}record {self.record}" if self.record is not None else f"ota_{self.slot}"
        return f"{self.kind.value} of {where}{' (first sector)' if self.is_first_sector else ''}"


BURN = SeenOp(OpKind.BURN)


def parts_of(op: SeenOp) -> tuple[SeenOp, ...]:
    """Return the operations of a device that the model has as one: by turns, a record is programmed in two."""
    return (replace(op, is_check_word=False), op) if op.is_check_word else (op,)


def begins_record(op: SeenOp, due: SeenOp | None) -> bool:
    """Tell whether an operation is the first part of the one that the model has next, of which nothing is seen yet."""
    return due is not None and due.is_check_word and op == parts_of(due)[0]


def seen_op(places: Places, kind: OpKind, address: int) -> SeenOp:
    """Return what the model sees of a flash operation; raise Divergence for one outside of otadata and the slots."""
    record, offset = divmod(address - places.otadata, SECTOR)
    if record in (0, 1):
        return SeenOp(kind, record=record, is_check_word=kind is OpKind.PROGRAM and offset == CHECK_WORD_AT)
    for slot, (start, size) in enumerate(places.slots):
        if start <= address < start + size:
            return SeenOp(kind, slot=slot, is_first_sector=address < start + SECTOR)
    raise Divergence(f"an operation at 0x{address:x}, which is neither otadata nor a slot ({offset} bytes on)")
