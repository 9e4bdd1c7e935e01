"""Wrong boards: the application's side of an update with one function replaced; as in bootloader_mutants.py."""

from contextlib import suppress
from typing import Any

import pytest

from otaproof.impl.app import esp_ota_select
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_ota_select import OtaSelection
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.otadata import ENTRY_SIZE, encode_entry, is_initial, next_seq
from otaproof.impl.program_end import Restart
from otaproof.model.ota_state import OtaImgState

Patch = pytest.MonkeyPatch


def wipes_what_runs(patch: Patch) -> None:
    """commence() erases the first sector of the running slot as well, and puts it back."""
    real = EspOta._erase_for

    def erase(self: EspOta, target: Any, size: int) -> None:
        kept = self.partitions.read(self._running, 0, SECTOR_SIZE)
        self.partitions.erase_range(self._running, 0, SECTOR_SIZE)
        self.partitions.write(self._running, 0, kept)
        real(self, target, size)

    patch.setattr(EspOta, "_erase_for", erase)


def wipes_what_runs_for_its_version(patch: Patch) -> None:
    """complete() of an image that is too old erases the wrong slot."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        try:
            real(self, partition)
        except OtaError:
            self.partitions.erase_range(self._running, 0, SECTOR_SIZE)
            raise

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def accept_refuses(patch: Patch) -> None:
    """accept() writes INVALID."""

    def mark(self: OtaSelection) -> None:
        otadata, active = self._read_active()
        self._rewrite_entry(otadata, active, otadata.entries[active].ota_seq, OtaImgState.INVALID)

    patch.setattr(OtaSelection, "esp_ota_mark_app_valid_cancel_rollback", mark)


def accept_does_nothing(patch: Patch) -> None:
    """accept() returns at once."""
    patch.setattr(OtaSelection, "esp_ota_mark_app_valid_cancel_rollback", lambda self: None)


def failed_complete_forgets(patch: Patch) -> None:
    """complete() of an image that does not verify erases the entry that decides."""
    real = EspOta.esp_ota_end

    def end(self: EspOta, handle: int) -> None:
        try:
            real(self, handle)
        except OtaError:
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise

    patch.setattr(EspOta, "esp_ota_end", end)


def rejecting_forgets(patch: Patch) -> None:
    """complete() of an image that is too old erases the entry that decides."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        try:
            real(self, partition)
        except OtaError:
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def refused_switch_forgets(patch: Patch) -> None:
    """esp_ota_set_boot_partition() of a slot without an image erases the entry that decides."""
    real = OtaSelection.esp_ota_set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        try:
            real(self, partition)
        except OtaError:
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise

    patch.setattr(OtaSelection, "esp_ota_set_boot_partition", set_boot_partition)


def rollback_returns(patch: Patch) -> None:
    """rollback() does not restart."""
    patch.setattr(
        OtaSelection,
        "esp_ota_mark_app_invalid_rollback_and_reboot",
        lambda self: self.esp_ota_mark_app_invalid_rollback(),
    )


def rollback_writes_first(patch: Patch) -> None:
    """rollback() erases the entry and then finds that there is nothing to go back to."""
    real = OtaSelection.esp_ota_mark_app_invalid_rollback_and_reboot

    def mark(self: OtaSelection) -> None:
        if not self.esp_ota_check_rollback_is_possible():
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)
            raise OtaError(EspErr.OTA_ROLLBACK_FAILED)
        real(self)

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def rollback_changes_nothing(patch: Patch) -> None:
    """rollback() restarts, and has refused nothing."""

    def mark(self: OtaSelection) -> None:
        raise Restart

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def rollback_forgets_all(patch: Patch) -> None:
    """rollback() erases otadata: ota_0 starts, whatever ran before."""

    def mark(self: OtaSelection) -> None:
        otadata, _ = self._read_active()
        self.partitions.erase_range(otadata.partition, 0, 2 * SECTOR_SIZE)
        raise Restart

    patch.setattr(OtaSelection, "esp_ota_mark_app_invalid_rollback_and_reboot", mark)


def complete_erases_both(patch: Patch) -> None:
    """complete() erases both entries before it writes the new one."""

    def rewrite(self: OtaSelection, slot: int) -> None:
        otadata = self._read_otadata()
        assert otadata is not None
        number, seq = esp_ota_select.select_rewrite(
            otadata.entries, slot, self.esp_ota_get_app_partition_count(), self.rules.same_slot_in_place
        )
        self.partitions.erase_range(otadata.partition, 0, 2 * SECTOR_SIZE)
        self._rewrite_entry(otadata, number, seq, OtaImgState.NEW if self.config.rollback else OtaImgState.UNDEFINED)

    patch.setattr(OtaSelection, "_rewrite_ota_data", rewrite)


def complete_marks_nothing(patch: Patch) -> None:
    """The switch reports success, and has written nothing."""
    patch.setattr(OtaSelection, "_rewrite_ota_data", lambda self, slot: None)


def switch_ignores_factory(patch: Patch) -> None:
    """esp_ota_set_boot_partition() of factory reports success, and has erased nothing."""
    real = OtaSelection._set_boot_partition

    def set_boot_partition(self: OtaSelection, partition: Any) -> None:
        if not partition.is_factory:
            real(self, partition)

    patch.setattr(OtaSelection, "_set_boot_partition", set_boot_partition)


def switch_ignores_ota_0(patch: Patch) -> None:
    """esp_ota_set_boot_partition() of ota_0 reports success, and has written nothing."""
    real = OtaSelection._rewrite_ota_data

    def rewrite(self: OtaSelection, slot: int) -> None:
        if slot != 0:
            real(self, slot)

    patch.setattr(OtaSelection, "_rewrite_ota_data", rewrite)


def rewrites_the_other_entry(patch: Patch) -> None:
    """From 6.0 on too, the running slot's number goes into the other entry."""
    real = esp_ota_select.select_rewrite
    patch.setattr(esp_ota_select, "select_rewrite", lambda entries, slot, count, _: real(entries, slot, count, False))


def adds_a_lap(patch: Patch) -> None:
    """The next number is one lap of the slots too high."""
    real = next_seq
    patch.setattr(esp_ota_select, "next_seq", lambda now, slot, count: real(now, slot, count) + count)


def keeps_the_spare(patch: Patch) -> None:
    """commence() leaves the entry of the slot that it wipes."""
    patch.setattr(EspOta, "_invalidate_inactive_entry", lambda self: None)


def erases_the_active_entry(patch: Patch) -> None:
    """commence() erases the entry that decides."""

    def invalidate(self: EspOta) -> None:
        with suppress(OtaError):
            otadata, active = self._read_active()
            self.partitions.erase_range(otadata.partition, SECTOR_SIZE * active, SECTOR_SIZE)

    patch.setattr(EspOta, "_invalidate_inactive_entry", invalidate)


def write_marks(patch: Patch) -> None:
    """The slot is marked with the first bytes that are written to it."""
    real = EspOta.esp_ota_write

    def write(self: EspOta, handle: int, data: bytes | None) -> None:
        real(self, handle, data)
        session = self._find(handle)
        if session is not None and session.wrote_size == len(data or b""):
            self._rewrite_ota_data(session.final.slot)

    patch.setattr(EspOta, "esp_ota_write", write)


def commence_refuses(patch: Patch) -> None:
    """commence() takes every image for one under test."""

    def check(self: EspOta) -> None:
        raise OtaError(EspErr.OTA_ROLLBACK_INVALID_STATE)

    patch.setattr(EspOta, "_check_accepted", check)


def next_is_what_runs(patch: Patch) -> None:
    """info() names what runs as next."""
    patch.setattr(OtaSelection, "esp_ota_get_boot_partition", lambda self: self._running)


def running_is_what_is_next(patch: Patch) -> None:
    """info() names what is selected as running."""
    patch.setattr(OtaSelection, "esp_ota_get_running_partition", lambda self: self.esp_ota_get_boot_partition())


def calls_all_valid(patch: Patch) -> None:
    """info() calls valid what is under test."""
    real = OtaSelection.esp_ota_get_state_partition

    def get(self: OtaSelection, partition: Any) -> int:
        state = real(self, partition)
        return OtaImgState.VALID if state == OtaImgState.PENDING_VERIFY else state

    patch.setattr(OtaSelection, "esp_ota_get_state_partition", get)


def commence_wants_whole_entries(patch: Patch) -> None:
    """No upgrade begins while an entry is neither blank nor whole."""
    real = EspOta.esp_ota_begin

    def begin(self: EspOta, *arguments: Any) -> int:
        otadata = self._read_otadata()
        assert otadata is not None
        if any(is_initial(entry) and encode_entry(entry) != b"\xff" * ENTRY_SIZE for entry in otadata.entries):
            raise OtaError(EspErr.OTA_SELECT_INFO_INVALID)
        return real(self, *arguments)

    patch.setattr(EspOta, "esp_ota_begin", begin)


def writes_nothing_to_slots(patch: Patch) -> None:
    """commence() and write() report success; the image that lies in the slot is marked again."""
    patch.setattr(EspOta, "_erase_for", lambda self, target, size: None)

    def write(self: EspOta, handle: int, data: bytes | None) -> None:
        session = self._find(handle)
        assert session is not None
        session.wrote_size += len(data or b"")

    patch.setattr(EspOta, "esp_ota_write", write)


def next_is_the_other_entry(patch: Patch) -> None:
    """info() names the slot of the older entry as next."""
    real = OtaSelection.esp_ota_get_boot_partition

    def get(self: OtaSelection) -> Any:
        otadata, active = self._read_active()
        other = otadata.entries[active ^ 1]
        return real(self) if is_initial(other) else self._find_slot((other.ota_seq - 1) % 2)

    patch.setattr(OtaSelection, "esp_ota_get_boot_partition", get)
