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
        self._sectors: list[Sectors] = [(b"", b""), *(() for _ in places.slots)]
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
        """Look at what is another object than before; tell whether any of it reads otherwise."""
        sectors, has_changed = self._sectors, False
        if efuse_bits != self._bits:
            has_changed = self._note(0, efuse_bits if self._scope.config.anti_rollback else 0)
        first, second = cells.sector(self._first), cells.sector(self._first + 1)
        if first is not sectors[0][0] or second is not sectors[0][1]:
            sectors[0] = first, second
            has_changed |= self._note(1, self._model.records_seen(first, second))
        for number, (address, size) in enumerate(self._places.slots, 1):
            found = cells.sectors(address, size)
            if found is not sectors[number]:
                sectors[number] = found
                slot = self._model.slot_seen(slot_in_scope(self._scope, found, address))
                has_changed |= self._note(number + 1, slot)
        return has_changed

    def _note(self, number: int, part: object) -> bool:
        """Take what was seen of a part; tell whether it is something else than before."""
        has_changed = part is not self._parts[number]
        self._parts[number] = part
        return has_changed
