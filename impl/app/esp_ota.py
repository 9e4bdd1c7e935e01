"""The esp_ota_* calls of a running application: download sessions here, otadata in `esp_ota_select`.

A session is what esp_ota_begin or esp_ota_resume opens and esp_ota_end or esp_ota_abort closes; it lives in
RAM alone. Source: components/app_update/esp_ota_ops.c.
"""

from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace

from ...model.config import Config
from ...model.ota_state import OtaImgState
from ..chip.cells import SECTOR_SIZE
from ..chip.chips import CHIPS
from ..chip.efuse import Efuse
from ..esp_err import EspErr, OtaError
from ..image.format import IMAGE_MAGIC
from ..partitions.partition import Partition, PartitionType
from ..partitions.table import TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, decode_table
from ..program_end import Panic
from .esp_ota_select import OtaSelection
from .esp_partition import EspPartitions

OTA_SIZE_UNKNOWN = 0xFFFFFFFF
"""`image_size`: erase the whole partition at once."""
OTA_WITH_SEQUENTIAL_WRITES = 0xFFFFFFFE
"""`image_size`: erase sector by sector, as data comes."""


@dataclass(slots=True)
class Session:
    """One open download. Source: ota_ops_entry_t."""

    handle: int
    staging: Partition
    """Where the data goes."""
    final: Partition
    """What the data is meant for; decides how it is checked."""
    need_erase: bool
    """Sectors are erased as data comes."""
    wrote_size: int = 0
    """Bytes written so far, or where a resumed download goes on."""
    is_resumed: bool = False
    finalize_with_copy: bool = False
    """The end copies `staging` over `final`."""


class EspOta(OtaSelection):
    """All esp_ota_* calls of one run of the application."""

    def __init__(
        self, partitions: EspPartitions, efuse: Efuse, config: Config, running: Partition, linked_version: int
    ) -> None:
        """Start without sessions; the arguments are those of OtaSelection."""
        super().__init__(partitions, efuse, config, running, linked_version)
        self._sessions: list[Session] = []
        self._last_handle = 0

    def fork(self, partitions: EspPartitions, efuse: Efuse) -> "EspOta":
        """Return the same calls with the same sessions, on another chip."""
        other = copy(self)
        other.partitions, other._efuse = partitions, efuse
        other._sessions = [replace(session) for session in self._sessions]
        return other

    def esp_ota_begin(self, partition: Partition | None, image_size: int, wants_handle: bool = True) -> int:
        """Open a session on an OTA slot that does not run, erase what the image needs, and return its handle.

        image_size: bytes, 0 or OTA_SIZE_UNKNOWN (the whole partition), or OTA_WITH_SEQUENTIAL_WRITES. With rollback on,
        releases from 5.5 on also erase the inactive otadata entry. Raises OtaError: INVALID_ARG, NOT_FOUND,
        OTA_PARTITION_CONFLICT, OTA_ROLLBACK_INVALID_STATE, OTA_ALREADY_IN_PROGRESS, and errors of the erase; those
        carry the handle where the call stored one before it failed."""
        if partition is None or not wants_handle:
            raise OtaError(EspErr.INVALID_ARG)
        target = self.partitions.verify(partition)
        if target is None:
            raise OtaError(EspErr.NOT_FOUND)
        if target.is_app or not self.rules.begin_takes_any_partition:
            self._check_slot(target)
            self._check_accepted()
        self._check_not_in_progress(target)
        self._give_up(target)
        if not self.rules.begin_gives_handle_first:
            self._erase_for(target, image_size)
            return self._open(target, image_size).handle
        handle = self._open(target, image_size).handle
        self._expect_bootloader(target, target)
        try:
            self._erase_for(target, image_size)
        except OtaError as error:
            raise OtaError(error.code, handle) from None
        if self.rules.begin_erases_inactive_entry and self.config.rollback and target.is_ota_slot:
            self._invalidate_inactive_entry()
        return handle

    def esp_ota_resume(
        self, partition: Partition | None, erase_size: int, image_offset: int, wants_handle: bool = True
    ) -> int:
        """Open a session that goes on at `image_offset` bytes, without erasing, and return its handle.

        erase_size: OTA_WITH_SEQUENTIAL_WRITES to erase as data comes, anything else not to.
        Raises OtaError: INVALID_ARG, NOT_FOUND, OTA_PARTITION_CONFLICT, OTA_ROLLBACK_INVALID_STATE (from 6.2 on),
        OTA_ALREADY_IN_PROGRESS."""
        if partition is None or not wants_handle or image_offset > partition.size:
            raise OtaError(EspErr.INVALID_ARG)
        target = self.partitions.verify(partition)
        if target is None:
            raise OtaError(EspErr.NOT_FOUND)
        if target.is_app or not self.rules.begin_takes_any_partition:
            self._check_slot(target)
            if self.rules.resume_refuses_pending:
                self._check_accepted()
        self._check_not_in_progress(target)
        self._give_up(target)
        session = self._open(target, erase_size)
        self._expect_bootloader(target, target)
        session.is_resumed, session.wrote_size = True, image_offset
        return session.handle

    def esp_ota_set_final_partition(self, handle: int, final: Partition | None, finalize_with_copy: bool) -> None:
        """Say what the data of a session is meant for, and whether the end copies it there.

        Raises OtaError: INVALID_ARG, NOT_FOUND, INVALID_STATE once data was written."""
        session = self._find(handle)
        if final is None:
            raise OtaError(EspErr.INVALID_ARG)
        if session is None:
            raise OtaError(EspErr.NOT_FOUND)
        if session.wrote_size != 0 and not session.is_resumed:
            raise OtaError(EspErr.INVALID_STATE)
        if session.staging is not final:
            verified = self.partitions.verify(final)
            if verified is None:
                raise OtaError(EspErr.NOT_FOUND)
            session.final, session.finalize_with_copy = verified, finalize_with_copy
            self._expect_bootloader(verified, session.staging)

    def esp_ota_write(self, handle: int, data: bytes | None) -> None:
        """Append data; the very first byte must be that of an image.

        Raises OtaError: INVALID_ARG for None or an unknown handle, OTA_VALIDATE_FAILED for a wrong first byte (in a
        sequential session after sectors were erased), INVALID_SIZE past the end, and errors of flash."""
        if data is None:
            raise OtaError(EspErr.INVALID_ARG)
        if not data and self.rules.write_ignores_empty:
            return
        session = self._find(handle)
        if session is None:
            raise OtaError(EspErr.INVALID_ARG)
        self._check_unselected(session.staging)
        if session.need_erase:
            self._erase_ahead(session, len(data))
        if session.wrote_size == 0 and data and not self._is_first_chunk_plausible(session.final, data):
            raise OtaError(EspErr.OTA_VALIDATE_FAILED)
        self.partitions.write(session.staging, session.wrote_size, data)
        session.wrote_size += len(data)

    def esp_ota_write_with_offset(self, handle: int, data: bytes | None, offset: int) -> None:
        """Write data at `offset` bytes of the partition; nothing about it is checked.

        Raises OtaError: INVALID_ARG, INVALID_SIZE, errors of flash; Panic on a sequential session."""
        if data is None:
            raise OtaError(EspErr.INVALID_ARG)
        session = self._find(handle)
        if session is None:
            raise OtaError(EspErr.INVALID_ARG)
        self._check_unselected(session.staging)
        if session.need_erase:
            raise Panic
        self.partitions.write(session.staging, offset, data)
        session.wrote_size += len(data)

    def esp_ota_end(self, handle: int) -> None:
        """Verify what was written, copy it if asked to, and close the session whatever comes of it.

        One for a bootloader also ends what any session said of where a bootloader lies: esp_ota_abort does not. Raises
        OtaError: NOT_FOUND, INVALID_ARG when nothing was written, OTA_VALIDATE_FAILED, INVALID_SIZE for a partition too
        small for a partition table, errors of the copy."""
        session = self._find(handle)
        if session is None:
            raise OtaError(EspErr.NOT_FOUND)
        self._sessions.remove(session)
        try:
            if session.wrote_size == 0:
                raise OtaError(EspErr.INVALID_ARG)
            if not self._is_download_valid(session):
                raise OtaError(EspErr.OTA_VALIDATE_FAILED)
            if session.finalize_with_copy:
                self._check_unselected(session.final)
                self.partitions.copy(session.final, session.staging, session.final.size)
        finally:
            if session.final.type == PartitionType.BOOTLOADER:
                self._bootloader_offset = CHIPS[self.config.chip].bootloader_offset

    def esp_ota_abort(self, handle: int) -> None:
        """Close a session; raises OtaError(NOT_FOUND) for an unknown handle."""
        session = self._find(handle)
        if session is None:
            raise OtaError(EspErr.NOT_FOUND)
        self._sessions.remove(session)

    def _open(self, partition: Partition, size: int) -> Session:
        self._last_handle += 1
        session = Session(self._last_handle, partition, partition, need_erase=self._is_sequential(size))
        self._sessions.insert(0, session)
        return session

    def _is_sequential(self, size: int) -> bool:
        return size == OTA_WITH_SEQUENTIAL_WRITES and self.rules.knows_sequential_writes

    def _find(self, handle: int) -> Session | None:
        for session in self._sessions:
            if session.handle == handle:
                return session
        return None

    def _check_slot(self, target: Partition) -> None:
        if not target.is_ota_slot:
            raise OtaError(EspErr.INVALID_ARG)
        if self._is_running(target):
            raise OtaError(EspErr.OTA_PARTITION_CONFLICT)

    def _check_accepted(self) -> None:
        """Refuse an upgrade while the state reported for the running image is PENDING_VERIFY."""
        if not self.config.rollback:
            return
        try:
            state = self.esp_ota_get_state_partition(self._running)
        except OtaError:
            return
        if state == OtaImgState.PENDING_VERIFY:
            raise OtaError(EspErr.OTA_ROLLBACK_INVALID_STATE)

    def _check_not_in_progress(self, target: Partition) -> None:
        is_in_use = any(target is session.staging or target is session.final for session in self._sessions)
        if is_in_use and self.rules.begin_refuses_second_session:
            raise OtaError(EspErr.OTA_ALREADY_IN_PROGRESS)

    def _give_up(self, target: Partition) -> None:
        """Let otadata name another partition than what a session is about to change: ESP-IDF leaves it as it is."""

    def _check_unselected(self, partition: Partition) -> None:
        """Refuse to change what otadata names: ESP-IDF does not look."""

    def _erase_for(self, target: Partition, image_size: int) -> None:
        """Erase what an image of that size needs."""
        if self._is_sequential(image_size):
            return
        is_unknown = image_size in (0, OTA_SIZE_UNKNOWN)
        self.partitions.erase_range(target, 0, target.size if is_unknown else _round_up(image_size))

    def _invalidate_inactive_entry(self) -> None:
        """Erase the inactive entry; esp_ota_begin ignores why it may not."""
        with suppress(OtaError):
            self.esp_ota_invalidate_inactive_ota_data_slot()

    def _erase_ahead(self, session: Session, size: int) -> None:
        """Erase the sectors that `size` more bytes newly touch."""
        first = session.wrote_size // SECTOR_SIZE
        past = session.wrote_size + size - (0 if self.rules.erases_sector_too_many else 1)
        last = past // SECTOR_SIZE
        if session.wrote_size % SECTOR_SIZE:
            first += 1
        if last >= first:
            self.partitions.erase_range(session.staging, first * SECTOR_SIZE, (last - first + 1) * SECTOR_SIZE)

    def _expect_bootloader(self, final: Partition, staging: Partition) -> None:
        """Take a bootloader to lie in `staging` from now on, if that is what `final` is for.

        Source: esp_image_bootloader_offset_set."""
        if final.type == PartitionType.BOOTLOADER:
            self._bootloader_offset = staging.offset

    def _is_first_chunk_plausible(self, final: Partition, data: bytes) -> bool:
        """Tell whether data that begins like this can be what the partition is for."""
        if final.type in (PartitionType.APP, PartitionType.BOOTLOADER):
            return data[0] == IMAGE_MAGIC
        if final.type != PartitionType.PARTITION_TABLE:
            return True
        if len(data) >= len(TABLE_MAGIC):
            return data.startswith(TABLE_MAGIC)
        # The second byte is whatever lies behind the caller's single one: here it is taken to be the right one.
        return not self.rules.compares_two_bytes_of_table or TABLE_MAGIC.startswith(data)

    def _is_download_valid(self, session: Session) -> bool:
        """Tell whether what was written is what it is meant to be; raises OtaError(INVALID_SIZE).

        Source: ota_verify_partition."""
        if session.final.type in (PartitionType.APP, PartitionType.BOOTLOADER):
            return self._is_image_valid(session.staging)
        if session.final.type == PartitionType.PARTITION_TABLE:
            flash = self.partitions.flash
            raw = self.partitions.read(session.staging, 0, TABLE_MAX_LENGTH)
            try:
                decode_table(raw, flash.size, self.config.app_point)
            except TableError:
                return False
        return True


def _round_up(size: int) -> int:
    """Return `size` rounded up to whole sectors, in 32-bit arithmetic."""
    return (size + SECTOR_SIZE - 1) & ((1 << 32) - SECTOR_SIZE)
