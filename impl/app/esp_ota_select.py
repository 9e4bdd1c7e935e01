"""The esp_ota_* calls that read and rewrite otadata: which image boots, which was good, where to go back to.

Two places look at the entries in their own way, and so does this: `esp_ota_get_state_partition` reports the
*first* entry that names a slot, the others go by the newest valid one. Accepting and refusing an image
change the newest valid entry, whichever image runs. Source: components/app_update/esp_ota_ops.c.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from ...model.config import Config
from ...model.ota_state import OtaImgState
from ..chip.cells import SECTOR_SIZE, Cells
from ..chip.chips import CHIPS
from ..chip.efuse import Efuse
from ..esp_err import EspErr, OtaError
from ..image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    AppDesc,
    ImageHeader,
    decode_app_desc,
    read_app_desc,
)
from ..image.verify import verify_image
from ..image.verify_rules import ImageInvalid, VerifyMode, check_chip, rules_of
from ..otadata import (
    ENTRY_SIZE,
    EntryPair,
    active_otadata,
    decode_entry,
    encode_entry,
    is_crc_right,
    is_initial,
    is_rejected,
    is_select_invalid,
    is_select_valid,
    next_seq,
    ota_select_crc,
    select_otadata,
    slot_of_seq,
)
from ..partitions.partition import MAX_OTA_SLOTS, AppSubtype, DataSubtype, Partition, PartitionType
from ..program_end import Panic, Restart
from ..release_rules import app_rules
from .esp_partition import EspPartitions


@dataclass(frozen=True, slots=True)
class Otadata:
    """The otadata partition and its two entries, as read at the start of a call."""

    partition: Partition
    entries: EntryPair
    active: int | None
    """The entry that names the image to boot; None without a valid one."""


class _LastRead(NamedTuple):
    """Both entries, and what they were read from: the same contents of flash give the same answer."""

    cells: Cells
    sectors: tuple[bytes, bytes] | None
    """Their sectors; None where the next read of the same bits may find them otherwise."""
    found: Otadata


class OtaSelection:
    """The calls on otadata, in a running application."""

    def __init__(
        self, partitions: EspPartitions, efuse: Efuse, config: Config, running: Partition, linked_version: int
    ) -> None:
        """Run from partition `running` of the application's table.

        linked_version: the secure version that the running image carried when it was started.
        """
        self.partitions = partitions
        self.config = config
        self.rules = app_rules(config.app_point)
        self._efuse = efuse
        self._running = running
        self._linked_version = linked_version
        self._read_last: _LastRead | None = None
        self._bootloader_offset = CHIPS[config.chip].bootloader_offset
        """Where, beside the bootloader's own place, every verification takes a bootloader to lie, until the next
        restart or the next change. Source: esp_image_format.c s_bootloader_partition_offset."""

    def esp_ota_get_running_partition(self) -> Partition:
        """Return the partition that the application runs from."""
        return self._running

    def esp_ota_get_app_partition_count(self) -> int:
        """Return how many OTA slots there are without a gap from ota_0; raises Panic for more than 16."""
        if self.partitions.run_of_slots > MAX_OTA_SLOTS:
            raise Panic
        return self.partitions.run_of_slots

    def esp_ota_get_next_update_partition(self, start_from: Partition | None = None) -> Partition | None:
        """Return the OTA slot after `start_from` (None: the running partition), else the first; None without any.

        Raises Panic when `start_from` is no partition of the table."""
        start = self._running if start_from is None else self.partitions.verify(start_from)
        if start is None:
            raise Panic
        slots = [
            slot
            for subtype in range(AppSubtype.OTA_0, AppSubtype.OTA_MAX)
            if (slot := self.partitions.find_first(PartitionType.APP, subtype)) is not None
        ]
        for before, after in pairwise(slots):
            if before is start:
                return after
        return slots[0] if slots else None

    def esp_ota_get_partition_description(self, partition: Partition | None) -> AppDesc:
        """Return the description of the image in an app partition, whether the image is whole or not.

        Raises OtaError: INVALID_ARG for None, NOT_SUPPORTED for no app partition, NOT_FOUND without the magic word."""
        if partition is None:
            raise OtaError(EspErr.INVALID_ARG)
        if not partition.is_app:
            raise OtaError(EspErr.NOT_SUPPORTED)
        desc = decode_app_desc(self.partitions.read(partition, APP_DESC_OFFSET, APP_DESC_SIZE))
        if desc.magic_word != APP_DESC_MAGIC:
            raise OtaError(EspErr.NOT_FOUND)
        return desc

    def esp_ota_check_image_validity(self, type_: int, header: ImageHeader | None, desc: AppDesc | None) -> None:
        """Check an image by its head alone, before it is downloaded: chip, revision, and an application's SPI mode.

        type_: of the partition that it is for. desc: None where it is not known. An image that does not name its mode,
        as older ones do not, passes. From 6.1 on; esp_https_ota asks it. Raises OtaError: INVALID_ARG for no header or
        another type, INVALID_VERSION for another chip or revision, OTA_SPI_MODE_MISMATCH."""
        if header is None or type_ not in (PartitionType.APP, PartitionType.BOOTLOADER):
            raise OtaError(EspErr.INVALID_ARG)
        rules = replace(rules_of(self.config, VerifyMode.APP), is_bootloader=type_ == PartitionType.BOOTLOADER)
        try:
            check_chip(header, rules)
        except ImageInvalid:
            raise OtaError(EspErr.INVALID_VERSION) from None
        if type_ == PartitionType.APP and desc is not None:
            modes = desc.spi_flash_mode, read_app_desc(self.partitions.flash, self._running.offset).spi_flash_mode
            if all(modes) and modes[0] != modes[1]:
                raise OtaError(EspErr.OTA_SPI_MODE_MISMATCH)

    def esp_ota_get_boot_partition(self) -> Partition | None:
        """Return the partition that otadata selects, without a look at its image; None without otadata."""
        otadata = self._read_otadata()
        if otadata is None:
            return None
        count = self.esp_ota_get_app_partition_count()
        active = otadata.active
        if count == 0 or active is None or all(map(is_select_invalid, otadata.entries)):
            return self._find_default_boot_partition()
        return self._find_slot(slot_of_seq(otadata.entries[active].ota_seq, count))

    def esp_ota_get_state_partition(self, partition: Partition | None) -> int:
        """Return `ota_state` of the first entry with a right check word that names the slot.

        Raises OtaError: INVALID_ARG for None, NOT_SUPPORTED for no OTA slot, NOT_FOUND without such an entry."""
        if partition is None:
            raise OtaError(EspErr.INVALID_ARG)
        if not partition.is_ota_slot:
            raise OtaError(EspErr.NOT_SUPPORTED)
        count = self.esp_ota_get_app_partition_count()
        otadata = self._read_otadata()
        if otadata is None or count == 0:
            raise OtaError(EspErr.NOT_FOUND)
        for entry in otadata.entries:
            if slot_of_seq(entry.ota_seq, count) == partition.slot and is_crc_right(entry):
                return entry.ota_state
        raise OtaError(EspErr.NOT_FOUND)

    def esp_ota_set_boot_partition(self, partition: Partition | None) -> None:
        """Make the next boot start `partition`, after verifying its image.

        Raises OtaError: INVALID_ARG, OTA_VALIDATE_FAILED, and what
        `esp_ota_set_boot_partition_skip_validate` raises."""
        if partition is None:
            raise OtaError(EspErr.INVALID_ARG)
        if not self._is_image_valid(partition):
            raise OtaError(EspErr.OTA_VALIDATE_FAILED)
        self._set_boot_partition(partition)

    def esp_ota_set_boot_partition_skip_validate(self, partition: Partition | None) -> None:
        """Make the next boot start `partition`, whatever it holds.

        Raises OtaError: INVALID_ARG, NOT_FOUND (no otadata, no description), OTA_SMALL_SEC_VER (the partition has
        been erased then), FLASH_OP_FAIL."""
        if partition is None:
            raise OtaError(EspErr.INVALID_ARG)
        self._set_boot_partition(partition)

    def esp_ota_check_rollback_is_possible(self) -> bool:
        """Tell whether the other entry's slot (else factory, without anti-rollback) holds an image to go back to."""
        otadata = self._read_otadata()
        if otadata is None:
            return False
        count, active = self.esp_ota_get_app_partition_count(), otadata.active
        if count == 0 or active is None:
            return False
        other = otadata.entries[active ^ 1]
        if is_select_valid(other):
            slot = self._find_slot(slot_of_seq(other.ota_seq, count))
            return slot is not None and self._is_image_valid(slot) and self._is_version_allowed(slot)
        factory = self.partitions.find_first(PartitionType.APP, AppSubtype.FACTORY)
        return not self.config.anti_rollback and factory is not None and self._is_image_valid(factory)

    def esp_ota_mark_app_valid_cancel_rollback(self) -> None:
        """Make the newest valid entry VALID, and with anti-rollback burn the running image's secure version.

        Raises OtaError: NOT_FOUND without otadata, FAIL without a valid entry, and errors of flash and eFuse."""
        otadata, active = self._read_active()
        entry = otadata.entries[active]
        if entry.ota_state == OtaImgState.VALID:
            return
        accepted = replace(entry, ota_state=OtaImgState.VALID)
        self._rewrite_entry(otadata, active, accepted.ota_seq, accepted.ota_state)
        if self.config.anti_rollback:
            self._set_anti_rollback()

    def esp_ota_mark_app_invalid_rollback(self) -> None:
        """Make the newest valid entry INVALID, so that the next boot goes back.

        Raises OtaError: NOT_FOUND without otadata, FAIL without a valid entry, OTA_ROLLBACK_FAILED without an
        image to go back to, and errors of flash."""
        otadata, active = self._read_active()
        if not self.esp_ota_check_rollback_is_possible():
            raise OtaError(EspErr.OTA_ROLLBACK_FAILED)
        self._rewrite_entry(otadata, active, otadata.entries[active].ota_seq, OtaImgState.INVALID)

    def esp_ota_mark_app_invalid_rollback_and_reboot(self) -> None:
        """Do as `esp_ota_mark_app_invalid_rollback`, then raise Restart; errors are as there."""
        self.esp_ota_mark_app_invalid_rollback()
        raise Restart

    def esp_ota_get_last_invalid_partition(self) -> Partition | None:
        """Return the slot of the INVALID or ABORTED entry (of two, the older) if its image is whole, else None."""
        otadata = self._read_otadata()
        if otadata is None:
            return None
        rejected = is_rejected(otadata.entries.first), is_rejected(otadata.entries.second)
        number = select_otadata(otadata.entries, rejected, newest=False)
        count = self.esp_ota_get_app_partition_count()
        if number is None or count == 0:
            return None
        slot = self._find_slot(slot_of_seq(otadata.entries[number].ota_seq, count))
        return slot if slot is not None and self._is_image_valid(slot) else None

    def esp_ota_erase_last_boot_app_partition(self) -> None:
        """Erase the slot of the inactive entry, then the entry.

        Raises OtaError: FAIL when there is no such slot or it is the running one, and errors of flash."""
        self._erase_last_boot(with_image=True)

    def esp_ota_invalidate_inactive_ota_data_slot(self) -> None:
        """Erase the inactive entry; raises OtaError as `esp_ota_erase_last_boot_app_partition` does."""
        self._erase_last_boot(with_image=False)

    def _read_otadata(self) -> Otadata | None:
        """Return both entries, or None without an otadata partition. Source: read_otadata."""
        partition = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
        if partition is None:
            return None
        flash, offset, notes_in_place = self.partitions.flash, partition.offset, self.config.notes_in_place
        cells, last, sectors = flash.unwatched, self._read_last, None
        if last is not None and cells is last.cells and partition is last.found.partition:
            return last.found
        if type(cells) is Cells and offset % SECTOR_SIZE == 0:
            sectors = cells.sector(offset // SECTOR_SIZE), cells.sector(offset // SECTOR_SIZE + 1)
            if last is not None and sectors == last.sectors and partition is last.found.partition:
                self._read_last = _LastRead(cells, sectors, last.found)
                return last.found
        first = decode_entry(flash.read(offset, ENTRY_SIZE), notes_in_place)
        second = decode_entry(flash.read(offset + SECTOR_SIZE, ENTRY_SIZE), notes_in_place)
        found = Otadata(partition, EntryPair(first, second), active_otadata(EntryPair(first, second)))
        self._read_last = None if cells is None else _LastRead(cells, sectors, found)
        return found

    def _read_active(self) -> tuple[Otadata, int]:
        """Return the entries and which is active. Source: the head of esp_ota_current_ota_is_workable."""
        otadata = self._read_otadata()
        if otadata is None:
            raise OtaError(EspErr.NOT_FOUND)
        active = otadata.active
        if active is None or self.esp_ota_get_app_partition_count() == 0:
            raise OtaError(EspErr.FAIL)
        return otadata, active

    def _rewrite_entry(self, otadata: Otadata, number: int, ota_seq: int, ota_state: int) -> None:
        """Erase and program one entry; its label stays. Source: rewrite_ota_seq."""
        entry = replace(otadata.entries[number], ota_seq=ota_seq, ota_state=ota_state, crc=ota_select_crc(ota_seq))
        self.partitions.erase_range(otadata.partition, SECTOR_SIZE * number, SECTOR_SIZE)
        self.partitions.write(otadata.partition, SECTOR_SIZE * number, encode_entry(entry))

    def _set_boot_partition(self, partition: Partition) -> None:
        """Source: esp_ota_set_boot_partition_internal."""
        if not partition.is_app:
            raise OtaError(EspErr.INVALID_ARG)
        if partition.is_factory:
            otadata = self.partitions.find_first(PartitionType.DATA, DataSubtype.OTA)
            if otadata is None:
                raise OtaError(EspErr.NOT_FOUND)
            self.partitions.erase_range(otadata, 0, otadata.size)
            return
        if self.config.anti_rollback:
            self._check_version(partition)
        self._rewrite_ota_data(partition.slot)

    def _check_version(self, partition: Partition) -> None:
        """Erase what must not run any more, and refuse it."""
        desc = self.esp_ota_get_partition_description(partition)
        if not self._efuse.is_secure_version_allowed(desc.secure_version):
            self.partitions.erase_range(partition, 0, partition.size)
            raise OtaError(EspErr.OTA_SMALL_SEC_VER)

    def _rewrite_ota_data(self, slot: int) -> None:
        """Write the entry that makes `slot` the next to boot. Source: esp_rewrite_ota_data."""
        otadata = self._read_otadata()
        if otadata is None:
            raise OtaError(EspErr.NOT_FOUND)
        count = self.esp_ota_get_app_partition_count()
        if slot >= count:
            raise OtaError(EspErr.INVALID_ARG)
        number, ota_seq = select_rewrite(otadata.entries, slot, count, self.rules.same_slot_in_place)
        state = OtaImgState.NEW if self.config.rollback else OtaImgState.UNDEFINED
        self._rewrite_entry(otadata, number, ota_seq, state)

    def _erase_last_boot(self, with_image: bool) -> None:
        """Source: erase_last_boot_app_partition."""
        otadata = self._read_otadata()
        if otadata is None:
            raise OtaError(EspErr.FAIL)
        active, count = otadata.active, self.esp_ota_get_app_partition_count()
        if active is None or count == 0:
            raise OtaError(EspErr.FAIL)
        inactive = active ^ 1
        if is_initial(otadata.entries[inactive]):
            raise OtaError(EspErr.FAIL)
        slot = self._find_slot(slot_of_seq(otadata.entries[inactive].ota_seq, count))
        if slot is None or self._is_running(slot):
            raise OtaError(EspErr.FAIL)
        if with_image:
            self.partitions.erase_range(slot, 0, slot.size)
        self.partitions.erase_range(otadata.partition, SECTOR_SIZE * inactive, SECTOR_SIZE)

    def _set_anti_rollback(self) -> None:
        """Burn the running image's secure version. Source: esp_ota_set_anti_rollback."""
        if self.rules.burns_version_of_linked_image:
            version = self._linked_version
        else:
            version = self.esp_ota_get_partition_description(self._running).secure_version
        self._efuse.update_secure_version(version)

    def _is_running(self, partition: Partition) -> bool:
        """Tell whether this is the pointer to the running app's partition."""
        return partition is self._running

    def _find_slot(self, slot: int) -> Partition | None:
        return self.partitions.find_first(PartitionType.APP, AppSubtype.OTA_0 + slot)

    def _find_default_boot_partition(self) -> Partition | None:
        """Return factory, else the first OTA slot, else the test app. Source: find_default_boot_partition."""
        subtypes = (AppSubtype.FACTORY, *range(AppSubtype.OTA_0, AppSubtype.OTA_MAX), AppSubtype.TEST)
        found = (self.partitions.find_first(PartitionType.APP, subtype) for subtype in subtypes)
        return next((partition for partition in found if partition is not None), None)

    def _is_image_valid(self, partition: Partition) -> bool:
        """Tell whether the partition's image passes esp_image_verify. Source: image_validate."""
        try:
            verify_image(
                self.partitions.flash,
                partition.offset,
                partition.size,
                self.config,
                VerifyMode.APP,
                bootloader_offset=self._bootloader_offset,
            )
        except ImageInvalid:
            return False
        return True

    def _is_version_allowed(self, slot: Partition) -> bool:
        if not self.config.anti_rollback:
            return True
        try:
            desc = self.esp_ota_get_partition_description(slot)
        except OtaError:
            return False
        return self._efuse.is_secure_version_allowed(desc.secure_version)


def select_rewrite(entries: EntryPair, slot: int, slot_count: int, same_slot_in_place: bool) -> tuple[int, int]:
    """Return which entry to rewrite, and with which number, so that `slot` boots next.

    same_slot_in_place: the rules of 6.0 and later, where the active slot's own entry is rewritten.
    """
    active = active_otadata(entries)
    if active is None:
        return 0, slot + 1
    current = entries[active].ota_seq
    if same_slot_in_place and slot_of_seq(current, slot_count) == slot:
        return active, current
    return active ^ 1, next_seq(current, slot, slot_count)
