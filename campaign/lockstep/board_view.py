"""What the model sees of a board whose flash changes little from one moment to the next.

The abstraction is that of abstraction.py. Contents of flash share the sectors that did not change, and that is told by
identity: what lies in a slot, or in a record, is looked at again where its sectors are other objects, and only there.
"""

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...model.device.state import Scope
from .abstraction import Places, Sectors, Stored, slot_in_scope
from .known_model import KnownModel


class BoardView:
    """Looks at one board through the abstraction; what it sees twice is one object."""

    def __init__(self, scope: Scope, places: Places, model: KnownModel) -> None:
        """Look at nothing yet; the model keeps what was seen."""
        self._scope, self._places, self._model = scope, places, model
        self._first = places.otadata // SECTOR_SIZE
        self._cells: Cells | None = None
        self._bits = -1
        self._sectors: list[Sectors] = [()] * (1 + len(places.slots))
        """Of otadata, and of each slot."""
        self._parts: list[object] = [None] * (2 + len(places.slots))
        """What was seen there, and the bits of the eFuse."""
        self._seen: Stored | None = None

    def stored(self, cells: Cells, efuse_bits: int) -> Stored:
        """Return what the model sees of flash and eFuse: what stored_in_bytes does."""
        if cells is self._cells and efuse_bits == self._bits and self._seen is not None:
            return self._seen
        if self._has_changed(cells, efuse_bits) or self._seen is None:
            self._seen = self._model.seen(self._parts)
        self._cells, self._bits = cells, efuse_bits
        return self._seen

    def _has_changed(self, cells: Cells, efuse_bits: int) -> bool:
        """Look at what is another object than before; tell whether anything reads otherwise."""
        parts, known, places = self._parts, self._sectors, self._places
        before = [*parts]
        if efuse_bits != self._bits:
            parts[0] = efuse_bits if self._scope.config.anti_rollback else 0
        first, second = cells.sector(self._first), cells.sector(self._first + 1)
        if known[0] == () or first is not known[0][0] or second is not known[0][1]:
            known[0] = (first, second)
            parts[1] = self._model.records_seen(first, second)
        for number, (address, size) in enumerate(places.slots, 1):
            sectors = cells.sectors(address, size)
            if sectors is not known[number]:
                known[number] = sectors
                parts[number + 1] = self._model.slot_seen(slot_in_scope(self._scope, sectors, address))
        return any(now is not then for now, then in zip(parts, before, strict=True))
