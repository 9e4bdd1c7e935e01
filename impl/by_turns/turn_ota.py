"""The esp_ota_* calls of an application whose otadata is kept by turns.

Sessions, checks of images and the search for partitions are ESP-IDF's. While no record is whole, so are all calls: an
application on a bootloader that knows nothing of this leaves otadata as that one reads it.
"""

from ...model.ota_state import OtaImgState
from ..app.esp_ota import EspOta
from ..chip.cells import SECTOR_SIZE
from ..esp_err import EspErr, OtaError
from ..otadata import ENTRY_SIZE
from ..partitions.partition import AppSubtype, DataSubtype, Partition, PartitionType
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


class TurnOta(EspOta):
    """All of them in one run of the application. Each does what the call of ESP-IDF's name is for."""

    def esp_ota_get_boot_partition(self) -> Partition | None:
        """Return the partition that the next power-on starts, or tries."""
        turn = self._turn()
        return super().esp_ota_get_boot_partition() if turn is None else self._partition_at(turn.state.current)

    def esp_ota_get_state_partition(self, partition: Partition | None) -> int:
        """Return the state of a slot that the record names; what runs on trial is PENDING_VERIFY.

        Raises OtaError: INVALID_ARG for None, NOT_SUPPORTED for no OTA slot, NOT_FOUND for any other slot."""
        turn = self._turn()
        if turn is None or partition is None or not partition.is_ota_slot:
            return super().esp_ota_get_state_partition(partition)
        place, state = self._place_of(partition), turn.state
        if place == self._running_place and self._is_on_trial(state):
            return OtaImgState.PENDING_VERIFY
        if place == state.current:
            return state.image_state
        if place != state.other or place == NO_PLACE:
            raise OtaError(EspErr.NOT_FOUND)
        if state.kind is TurnKind.TRIED:
            return OtaImgState.ABORTED
        # Without rollback, nobody can tell whether what is gone back to was ever accepted.
        return OtaImgState.VALID if self.config.rollback else OtaImgState.UNDEFINED

    def esp_ota_mark_app_valid_cancel_rollback(self) -> None:
        """Accept what runs on trial, and with anti-rollback burn its secure version.

        Raises OtaError: FAIL where something else is selected, and errors of flash and eFuse."""
        turn = self._turn()
        if turn is None:
            super().esp_ota_mark_app_valid_cancel_rollback()
            return
        state, running = turn.state, self._running_place
        if self._is_on_trial(state):
            back = state.other if state.kind is TurnKind.NEW else state.current
            self._update(turn, TurnState(TurnKind.VALID, running, NO_PLACE if back == running else back))
            if self.config.anti_rollback:
                self._set_anti_rollback()
        elif state.current != running or state.kind is TurnKind.NEW:
            raise OtaError(EspErr.FAIL)
        elif state.kind is TurnKind.SELECTED:
            self._update(turn, TurnState(TurnKind.VALID, running, state.other))

    def esp_ota_check_rollback_is_possible(self) -> bool:
        """Tell whether there is another image to go back to, and it may run."""
        turn = self._turn()
        return super().esp_ota_check_rollback_is_possible() if turn is None else self._way_back(turn.state) is not None

    def esp_ota_mark_app_invalid_rollback(self) -> None:
        """Refuse what runs, so that the next boot goes back.

        Raises OtaError: OTA_ROLLBACK_FAILED without an image to go back to, and errors of flash."""
        turn = self._turn()
        if turn is None:
            super().esp_ota_mark_app_invalid_rollback()
            return
        back = self._way_back(turn.state)
        if back is None:
            raise OtaError(EspErr.OTA_ROLLBACK_FAILED)
        # Without rollback nothing is tried: what is gone back to is no more accepted than before.
        tried = TurnState(TurnKind.TRIED, back, self._running_place)
        self._update(turn, tried if self.config.rollback else self._settled(back))

    def esp_ota_get_last_invalid_partition(self) -> Partition | None:
        """Return what was tried and is not accepted, if its image is whole, else None."""
        turn = self._turn()
        if turn is None:
            return super().esp_ota_get_last_invalid_partition()
        if turn.state.kind is not TurnKind.TRIED or turn.state.other == self._running_place:
            return None
        refused = self._partition_at(turn.state.other)
        return refused if refused is not None and self._is_image_valid(refused) else None

    def _erase_last_boot(self, with_image: bool) -> None:
        turn = self._turn()
        if turn is None:
            super()._erase_last_boot(with_image)
            return
        state, running = turn.state, self._running_place
        last = self._partition_at(state.other)
        if state.kind is TurnKind.NEW or state.current != running or state.other == running:
            raise OtaError(EspErr.FAIL)
        if last is None or not last.is_ota_slot:
            raise OtaError(EspErr.FAIL)
        if state.keeps_other:
            self._update(turn, TurnState(state.kind, running, NO_PLACE))
        if with_image:
            self.partitions.erase_range(last, 0, last.size)

    def _invalidate_inactive_entry(self) -> None:
        """Do what esp_ota_begin does of itself only for ESP-IDF's records: by turns it has given the slot up."""
        if self._turn() is None:
            super()._invalidate_inactive_entry()

    def _set_boot_partition(self, partition: Partition) -> None:
        turn = self._turn()
        if turn is None:
            super()._set_boot_partition(partition)
            return
        place, state = self._place_of(partition), turn.state
        if place == NO_PLACE:
            raise OtaError(EspErr.INVALID_ARG)
        if self._is_on_trial(state):
            if place == state.current and state.kind is TurnKind.TRIED:
                return
            raise OtaError(EspErr.OTA_ROLLBACK_INVALID_STATE)
        if self.config.anti_rollback:
            self._check_version(partition)
        if place != state.current:
            self._update(turn, self._selecting(state, place))

    def _check_version(self, partition: Partition) -> None:
        if not partition.is_factory:
            super()._check_version(partition)
        elif not self._efuse.is_secure_version_allowed(
            self.esp_ota_get_partition_description(partition).secure_version
        ):
            raise OtaError(EspErr.OTA_SMALL_SEC_VER)

    def _selecting(self, state: TurnState, place: int) -> TurnState:
        """Return the state that makes the next boot start another place."""
        if place == FACTORY_PLACE:
            return TurnState(TurnKind.VALID, place, NO_PLACE)
        if place == self._running_place:
            return self._settled(place)
        back = self._running_place
        if back == NO_PLACE:
            back = state.other if state.kind is TurnKind.NEW else state.current
        return TurnState(TurnKind.NEW if self.config.rollback else TurnKind.SELECTED, place, _unless(back, place))

    def _give_up(self, target: Partition) -> None:
        """Let the record name no slot that a session is about to change.

        Raises OtaError: OTA_ROLLBACK_INVALID_STATE for what runs on trial, INVALID_STATE where nothing that runs from
        an OTA slot or factory could take the place, and errors of flash."""
        turn = self._turn()
        if turn is None or not target.is_ota_slot:
            return
        place, state, running = self._place_of(target), turn.state, self._running_place
        if self._is_on_trial(state):
            raise OtaError(EspErr.OTA_ROLLBACK_INVALID_STATE)
        if place == state.current:
            if running == NO_PLACE:
                raise OtaError(EspErr.INVALID_STATE)
            self._update(turn, self._settled(running))
        elif place == state.other and place != NO_PLACE and state.keeps_other:
            self._update(turn, TurnState(state.kind, state.current, NO_PLACE))

    def _check_unselected(self, partition: Partition) -> None:
        """Raise OtaError(INVALID_STATE) for a slot that was selected since its session began."""
        turn = self._turn()
        place = self._place_of(partition)
        if turn is None or place in (NO_PLACE, FACTORY_PLACE):
            return
        if place == turn.state.current or (place == turn.state.other and turn.state.keeps_other):
            raise OtaError(EspErr.INVALID_STATE)

    def _way_back(self, state: TurnState) -> int | None:
        """Return the place that a rollback goes to, or None."""
        running, is_tried = self._running_place, state.kind is TurnKind.TRIED
        if self._is_on_trial(state):
            back = state.current if is_tried else state.other
        elif state.current == running and state.kind in (TurnKind.VALID, TurnKind.SELECTED):
            back = state.other
        else:
            return None
        partition = None if back == running else self._partition_at(back)
        if partition is None or not self._is_image_valid(partition) or not self._is_version_allowed(partition):
            return None
        return back

    def _is_on_trial(self, state: TurnState) -> bool:
        """Tell whether what runs is neither accepted nor refused yet."""
        tried = state.current if state.kind is TurnKind.NEW else state.other
        is_trial = self.config.rollback and state.kind in (TurnKind.NEW, TurnKind.TRIED)
        return is_trial and tried == self._running_place != NO_PLACE

    def _settled(self, place: int) -> TurnState:
        """Return the state that selects a place for good; without rollback nobody has accepted it, but for factory."""
        is_valid = self.config.rollback or place == FACTORY_PLACE
        return TurnState(TurnKind.VALID if is_valid else TurnKind.SELECTED, place, NO_PLACE)

    @property
    def _running_place(self) -> int:
        return self._place_of(self._running)

    def _place_of(self, partition: Partition) -> int:
        """Return the place of a partition; NO_PLACE for one that no record can name."""
        if partition.is_factory:
            return FACTORY_PLACE
        is_placed = partition.is_ota_slot and partition.slot < self.esp_ota_get_app_partition_count()
        return partition.slot if is_placed else NO_PLACE

    def _partition_at(self, place: int) -> Partition | None:
        if place == FACTORY_PLACE:
            return self.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY)
        return None if place == NO_PLACE else self._find_slot(place)

    def _turn(self) -> Turn | None:
        """Return what the records say; None while neither is whole."""
        otadata = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
        if otadata is None:
            return None
        raws = read_records(lambda offset, length: self.partitions.flash.read(otadata.offset + offset, length))
        has_factory = self.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY) is not None
        return decide(raws, TurnPlaces(self.esp_ota_get_app_partition_count(), has_factory))

    def _update(self, turn: Turn, state: TurnState) -> None:
        """Write a state down, unless it is the one that is there; raises OtaError, and then the old one stands."""
        otadata = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
        if state == turn.state or otadata is None:
            return
        at = SECTOR_SIZE * sector_to_write(turn)
        store_record(
            next_record(turn, state, self.esp_ota_get_app_partition_count()),
            lambda: self.partitions.erase_range(otadata, at, SECTOR_SIZE),
            lambda offset, data: self.partitions.write(otadata, at + offset, data),
            lambda: self.partitions.read(otadata, at, ENTRY_SIZE),
        )


def _unless(place: int, taken: int) -> int:
    """Return a place, or none where it is the one that is taken."""
    return NO_PLACE if place == taken else place
