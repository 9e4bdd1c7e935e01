"""Arduino's Update class, and what its core does before setup().

Update calls no function of a session: it erases and writes the partition itself, sector by sector, keeps the first 16
bytes of the image back until the end, then writes them and calls esp_ota_set_boot_partition. What is on trial can
therefore be updated, and otadata is left alone until then, in every release of ESP-IDF.

A digest that the sketch sets is compared before those 16 bytes are written: with another one the slot is left without
the beginning of an image, and otadata as it was. Flash encryption is below esp_partition_write, and otadata does not
show it.

Left out: images that Update decrypts itself, verifyOta() that returns false, and data partitions as targets.
Source: ARDUINO-UPDATE, ARDUINO-START.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from hashlib import md5

from ...model.ota_state import OtaImgState
from ..chip.cells import SECTOR_SIZE
from ..esp_err import EspErr, OtaError
from ..image.format import IMAGE_MAGIC
from ..partitions.partition import Partition
from ..program_end import Restart
from .esp_ota import EspOta
from .update_failed import UpdateFailed

HELD_BACK = 16
"""Bytes at the start of an image that are written last. Source: ENCRYPTED_BLOCK_SIZE."""
BLOCK_SIZE = 0x10000
"""Erased at once where enough of the update is left. Source: SPI_FLASH_BLOCK_SIZE."""
_ERASED_WORD = b"\xff" * 4


class ArduinoUpdate:
    """The library in one run of the application."""

    def __init__(self, ota: EspOta, accepts_at_start: bool) -> None:
        """Start with no update in progress. accepts_at_start: verifyRollbackLater() returns false."""
        self._ota = ota
        self._accepts_at_start = accepts_at_start
        self._error = ""
        self._partition: Partition | None = None
        self._buffer = b""
        self._head = b""
        """The first bytes of the image, held back."""
        self._progress = 0
        """Bytes of the update that went to flash."""
        self._size = 0
        """Bytes of the whole update; 0 without one."""
        self._expected_digest = ""
        """In hex, as the sketch has set it; empty: any."""

    def fork(self, ota: EspOta) -> "ArduinoUpdate":
        """Return the same in the same state, over the calls of another chip."""
        other = copy(self)
        other._ota = ota
        return other

    @property
    def is_open(self) -> bool:
        """An update is in progress."""
        return self._size > 0

    def start(self) -> None:
        """Accept what is on trial, unless the sketch does so itself. Source: initArduino."""
        if not (self._accepts_at_start and self._ota.config.rollback):
            return
        with suppress(OtaError):
            if self._ota.esp_ota_get_state_partition(self._ota.esp_ota_get_running_partition()) == (
                OtaImgState.PENDING_VERIFY
            ):
                self._ota.esp_ota_mark_app_valid_cancel_rollback()

    def commence(self, size: int) -> None:
        """Begin, without a change of flash; size 0 stands for UPDATE_SIZE_UNKNOWN. Source: UpdateClass::begin."""
        if self._size > 0:
            raise UpdateFailed("already running", EspErr.OTA_ALREADY_IN_PROGRESS)
        self._reset()
        self._error = ""
        self._expected_digest = ""
        self._partition = self._ota.esp_ota_get_next_update_partition()
        if self._partition is None:
            raise self._failed("Partition Could Not be Found")
        if size > self._partition.size:
            raise self._failed("Bad Size Given")
        self._size = size or self._partition.size

    def set_md5(self, digest: str) -> bool:
        """Have complete() compare the digest of what was written; tell whether this can be one. Begin forgets it.

        Source: UpdateClass::setMD5."""
        if len(digest) != 32:
            return False
        self._expected_digest = digest.lower()
        return True

    def write(self, data: bytes) -> None:
        """Take data; each full sector goes to flash once more comes. Source: UpdateClass::write."""
        if self._error or not self.is_open:
            raise UpdateFailed(self._error or "not running")
        if len(data) > self._remaining:
            raise self._aborted("Not Enough Space")
        while len(self._buffer) + len(data) > SECTOR_SIZE:
            taken = SECTOR_SIZE - len(self._buffer)
            self._buffer, data = self._buffer + data[:taken], data[taken:]
            self._write_buffer()
        self._buffer += data
        if len(self._buffer) == self._remaining:
            self._write_buffer()

    def complete(self, restarts: bool) -> None:
        """End with what has come, write the first 16 bytes, and select the slot. Source: UpdateClass::end(true)."""
        if self._error or not self.is_open:
            raise UpdateFailed(self._error or "No Error")
        if self._buffer:
            self._write_buffer()
        self._size = self._progress
        partition, head = self._partition, self._head
        assert partition is not None
        if self._expected_digest and self._expected_digest != self._digest(partition):
            raise self._aborted("MD5 Check Failed", EspErr.OTA_VALIDATE_FAILED)
        self._checked(lambda: self._ota.partitions.write(partition, 0, head), "Flash Read Failed")
        if not self._is_bootable(partition):
            raise self._aborted("Flash Read Failed")
        self._checked(lambda: self._ota.esp_ota_set_boot_partition(partition), "Could Not Activate The Firmware")
        self._reset()
        if restarts:
            raise Restart

    def accept(self) -> None:
        """Take what runs off trial, as the core does at the start, which ignores errors; else raises OtaError."""
        if self._accepts_at_start:
            self.start()
        else:
            self._ota.esp_ota_mark_app_valid_cancel_rollback()

    def rollback(self) -> None:
        """Select the next slot where its first byte is that of an image, and restart. Source: UpdateClass::rollBack."""
        partition = self._ota.esp_ota_get_next_update_partition()
        if self.is_open or partition is None or not self._is_bootable(partition):
            raise UpdateFailed("rollBack() returns false")
        try:
            self._ota.esp_ota_set_boot_partition(partition)
        except OtaError:
            raise UpdateFailed("rollBack() returns false") from None
        raise Restart

    def abort(self) -> None:
        """End the update. Source: UpdateClass::abort."""
        self._reset()
        self._error = "Aborted"

    @property
    def _remaining(self) -> int:
        return self._size - self._progress

    def _reset(self) -> None:
        self._buffer = b""
        self._head = b""
        self._progress = 0
        self._size = 0

    def _write_buffer(self) -> None:
        """Erase what comes next where its erase is due, and write the buffer. Source: UpdateClass::_writeBuffer."""
        partition, at, data = self._partition, self._progress, self._buffer
        assert partition is not None
        skipped = 0
        if at == 0:
            if data[0] != IMAGE_MAGIC:
                raise self._aborted("Wrong Magic Byte")
            self._head, skipped = data[:HELD_BACK], HELD_BACK
        erased = self._erase_size(partition, at)
        if erased:
            self._checked(lambda: self._ota.partitions.erase_range(partition, at, erased), "Flash Erase Failed")
        kept = data[skipped:]
        if partition.encrypted or not _is_blank(kept):
            self._checked(lambda: self._ota.partitions.write(partition, at + skipped, kept), "Flash Write Failed")
        self._progress += len(data)
        self._buffer = b""

    def _erase_size(self, partition: Partition, at: int) -> int:
        """Return how many bytes are erased before what comes next is written; 0 for what is erased already."""
        address = partition.offset + at
        if self._remaining >= BLOCK_SIZE and address % BLOCK_SIZE == 0:
            return BLOCK_SIZE
        first_block = (partition.offset // BLOCK_SIZE + 1) * BLOCK_SIZE
        is_in_head = partition.offset % BLOCK_SIZE != 0 and address < first_block
        is_in_tail = address >= (partition.offset + self._size) // BLOCK_SIZE * BLOCK_SIZE
        return SECTOR_SIZE if is_in_head or is_in_tail else 0

    def _digest(self, partition: Partition) -> str:
        """Return the digest of the whole update: what is held back, and what lies in flash."""
        written = self._ota.partitions.read(partition, HELD_BACK, self._progress - HELD_BACK)
        return md5(self._head + written, usedforsecurity=False).hexdigest()

    def _is_bootable(self, partition: Partition) -> bool:
        """Tell whether the first byte is that of an image. Source: _partitionIsBootable."""
        return self._ota.partitions.read(partition, 0, HELD_BACK)[0] == IMAGE_MAGIC

    def _checked(self, call: Callable[[], None], text: str) -> None:
        """Make a call whose error ends the update with a text."""
        try:
            call()
        except OtaError as error:
            raise self._aborted(text, error.code) from None

    def _aborted(self, text: str, code: EspErr | None = None) -> UpdateFailed:
        self._reset()
        return self._failed(text, code)

    def _failed(self, text: str, code: EspErr | None = None) -> UpdateFailed:
        self._error = text
        return UpdateFailed(text, code)


def _is_blank(data: bytes) -> bool:
    """Tell whether writing this is left out: whole words that are all erased. Source: _chkDataInBlock."""
    return bool(data) and len(data) % 4 == 0 and data == _ERASED_WORD * (len(data) // 4)
