"""The records of ESP-IDF read as one logical state: what a bootloader by turns makes of otadata that it finds.

Each function takes the two entries as ESP-IDF decodes them, of which none is whole by turns.
"""

from dataclasses import replace

from ...model.ota_state import OtaImgState
from ..otadata import EntryPair, SelectEntry, active_otadata, is_select_valid, slot_of_seq
from .turn_record import FACTORY_PLACE, NO_PLACE, Turn, TurnKind, TurnPlaces, TurnState


def taken_over(entries: EntryPair, places: TurnPlaces, rollback: bool) -> Turn | None:
    """Return the state that ESP-IDF's records stand for, and the sector that has to stay; None where none is bootable.

    An image on trial when the power failed has been tried: its record is the one that goes, where another decides."""
    active = active_otadata(entries)
    if active is None or places.slot_count == 0:
        return None
    entry = entries[active]
    slot = slot_of_seq(entry.ota_seq, places.slot_count)
    if not places.has(slot):
        return None
    other = entries[active ^ 1]
    back = _bootable_place(_aborted(other) if rollback else other, places)
    kind = _kind_of(entry.ota_state, rollback)
    if kind is TurnKind.TRIED and back != NO_PLACE:
        return Turn(TurnState(kind, back, slot), active ^ 1, other.ota_seq)
    if kind in (TurnKind.TRIED, TurnKind.NEW) and back == NO_PLACE:
        back = FACTORY_PLACE if places.has_factory else 0
    if kind is TurnKind.TRIED:
        return Turn(TurnState(kind, back, slot), active, entry.ota_seq)
    return Turn(TurnState(kind, slot, NO_PLACE if back == slot else back), active, entry.ota_seq)


def _kind_of(ota_state: int, rollback: bool) -> TurnKind:
    if ota_state == OtaImgState.VALID:
        return TurnKind.VALID
    if not rollback:
        return TurnKind.SELECTED
    if ota_state == OtaImgState.NEW:
        return TurnKind.NEW
    return TurnKind.TRIED if ota_state == OtaImgState.PENDING_VERIFY else TurnKind.VALID


def _aborted(entry: SelectEntry) -> SelectEntry:
    """Return an entry as ESP-IDF's bootloader leaves it at the next reset."""
    is_pending = entry.ota_state == OtaImgState.PENDING_VERIFY
    return replace(entry, ota_state=OtaImgState.ABORTED) if is_pending else entry


def _bootable_place(entry: SelectEntry, places: TurnPlaces) -> int:
    """Return the slot of an entry that is bootable, else NO_PLACE."""
    slot = slot_of_seq(entry.ota_seq, places.slot_count)
    return slot if is_select_valid(entry) and places.has(slot) else NO_PLACE
