"""The operations of a device on flash and eFuse, as far as the model can see them."""

from dataclasses import dataclass
from enum import Enum

from .abstraction import Places
from .divergence import Divergence

SECTOR = 0x1000


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

    def __str__(self) -> str:
        """Name the operation."""
        if self.kind is OpKind.BURN:
            return "an eFuse burn"
        where = f"record {self.record}" if self.record is not None else f"ota_{self.slot}"
        return f"{self.kind.value} of {where}{' (first sector)' if self.is_first_sector else ''}"


BURN = SeenOp(OpKind.BURN)


def seen_op(places: Places, kind: OpKind, address: int) -> SeenOp:
    """Return what the model sees of a flash operation; raise Divergence for one outside of otadata and the slots."""
    record, offset = divmod(address - places.otadata, SECTOR)
    if record in (0, 1):
        return SeenOp(kind, record=record)
    for slot, (start, size) in enumerate(places.slots):
        if start <= address < start + size:
            return SeenOp(kind, slot=slot, is_first_sector=address < start + SECTOR)
    raise Divergence(f"an operation at 0x{address:x}, which is neither otadata nor a slot ({offset} bytes on)")
