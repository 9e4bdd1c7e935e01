"""The bootloader that selects by turns. All but selection, its notes and the order of trying is ESP-IDF's."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..bootloader import FACTORY_INDEX, Bootloader, BootloaderState, SlotSelection, fallback_order
from ..chip.cells import SECTOR_SIZE
from ..esp_err import OtaError
from ..otadata import ENTRY_SIZE, EntryPair, decode_entry
from ..partitions.partition import Partition
from .takeover import taken_over
from .turn_record import (
    FACTORY_PLACE,
    NO_PLACE,
    Turn,
    TurnKind,
    TurnPlaces,
    TurnState,
    decide,
    next_record,
    read_records,
    sector_to_write,
    store_record,
)


@dataclass(frozen=True, slots=True)
class TurnSelection(SlotSelection):
    """What is selected by turns."""

    turn: Turn | None
    """What decides, once written down where that was needed; None without any record."""
    order: tuple[int, ...]
    """Boot indices in the order of trying."""


class TurnBootloader(Bootloader):
    """One run of it."""

    def _select(self, state: BootloaderState) -> SlotSelection | None:
        """Return the selection, having taken over ESP-IDF's records and noted a try."""
        if state.otadata is None or not state.has_otadata or state.otadata.size < 2 * SECTOR_SIZE:
            return super()._select(state)
        turn = self._deciding(state)
        if turn is None:
            turn = self._take_over(state)
        if turn is None:
            start = FACTORY_INDEX if state.has_factory else 0
            return TurnSelection(start, None, True, None, tuple(fallback_order(start, state.app_count)))
        order = boot_order(turn.state, state.app_count)
        if turn.state.kind is TurnKind.NEW and self._config.rollback:
            back = turn.state.current if turn.state.other == NO_PLACE else turn.state.other
            turn = self._update(state, turn, TurnState(TurnKind.TRIED, back, turn.state.current))
        return TurnSelection(order[0], turn.sector, False, turn, order)

    def _tries(self, state: BootloaderState, selection: SlotSelection) -> Iterator[int]:
        """Yield the boot indices in the order of trying."""
        return iter(selection.order) if isinstance(selection, TurnSelection) else super()._tries(state, selection)

    def _note_loaded(self, state: BootloaderState, selection: SlotSelection, index: int) -> None:
        """Write down what the first boot starts, and burn the secure version of what is accepted."""
        if not isinstance(selection, TurnSelection):
            super()._note_loaded(state, selection, index)
            return
        turn = selection.turn
        if turn is None:
            turn = self._update(state, None, TurnState(TurnKind.VALID, _place(index), NO_PLACE))
        if self._config.anti_rollback and turn.state.kind is TurnKind.VALID and turn.state.current == _place(index):
            self._update_anti_rollback(state.at(index))

    def _last_loaded(self) -> Partition | None:
        """Return the partition that is selected and not for a try; else none is started unchecked."""
        state = self._load_partition_table()
        if state is None or state.otadata is None or not state.has_otadata or state.otadata.size < 2 * SECTOR_SIZE:
            return None
        turn = self._deciding(state)
        if turn is None or turn.state.kind is TurnKind.NEW:
            return None
        partition = state.at(_index(turn.state.current))
        return None if partition is None or partition.size == 0 else partition

    def _deciding(self, state: BootloaderState) -> Turn | None:
        return decide(self._raw_records(state), _places(state))

    def _take_over(self, state: BootloaderState) -> Turn | None:
        """Return what ESP-IDF's records stand for, having written it down."""
        entries = EntryPair(*map(decode_entry, self._raw_records(state)))
        turn = taken_over(entries, _places(state), self._config.rollback)
        return None if turn is None else self._update(state, turn, turn.state)

    def _raw_records(self, state: BootloaderState) -> tuple[bytes, bytes]:
        otadata = state.otadata
        assert otadata is not None
        return read_records(lambda offset, length: self._flash.read(otadata.offset + offset, length))

    def _update(self, state: BootloaderState, turn: Turn | None, after: TurnState) -> Turn:
        """Return what decides after an update, which is ignored where it fails."""
        assert state.otadata is not None
        sector = sector_to_write(turn)
        address = state.otadata.offset + SECTOR_SIZE * sector
        with suppress(OtaError):
            store_record(
                next_record(turn, after, state.app_count),
                lambda: self._flash.erase_sector(address),
                lambda offset, data: self._flash.program(address + offset, data),
                lambda: self._flash.read(address, ENTRY_SIZE),
            )
        return self._deciding(state) or turn or Turn(after, None, 0)


def boot_order(state: TurnState, app_count: int) -> tuple[int, ...]:
    """Return the boot indices in the order of trying, each once."""
    first = [state.current]
    if state.other != NO_PLACE and state.keeps_other:
        first.append(state.other)
    # What a try that fails goes back to is where the fallback begins.
    start = first[-1] if state.kind is TurnKind.NEW else state.current
    return tuple(dict.fromkeys([*map(_index, first), *fallback_order(_index(start), app_count)]))


def _places(state: BootloaderState) -> TurnPlaces:
    return TurnPlaces(state.app_count, state.has_factory)


def _index(place: int) -> int:
    """Return the boot index of a place."""
    return FACTORY_INDEX if place == FACTORY_PLACE else place


def _place(index: int) -> int:
    """Return the place of a boot index."""
    return FACTORY_PLACE if index == FACTORY_INDEX else index
