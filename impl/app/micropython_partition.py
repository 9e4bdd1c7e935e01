"""MicroPython's esp32.Partition, as programs bring updates with it: whole blocks, then set_boot().

Nothing is verified or erased before the first block, and no record is touched before set_boot(). A program fills the
last block up. There is no call for a rollback: a program selects the other slot. Source: MICROPYTHON-PARTITION.
"""

from copy import copy

from ..chip.cells import SECTOR_SIZE
from ..partitions.partition import Partition
from ..program_end import Restart
from .esp_ota import EspOta
from .update_failed import UpdateFailed


class MicropythonPartition:
    """A program that brings an update, in one run of the application."""

    def __init__(self, ota: EspOta) -> None:
        """Start with no update in progress."""
        self._ota = ota
        self._target: Partition | None = None
        self._buffer = b""
        self._blocks = 0

    def fork(self, ota: EspOta) -> "MicropythonPartition":
        """Return the same in the same state, over the calls of another chip."""
        other = copy(self)
        other._ota = ota
        return other

    @property
    def is_open(self) -> bool:
        """An update is in progress."""
        return self._target is not None

    def start(self) -> None:
        """Do nothing."""

    def commence(self, size: int) -> None:
        """Choose the next slot. Source: esp32_partition_get_next_update."""
        self._target = self._ota.esp_ota_get_next_update_partition()
        self._buffer, self._blocks = b"", 0
        if self._target is None:
            raise UpdateFailed("OSError: ENOENT")

    def write(self, data: bytes) -> None:
        """Write each block that is full; raises OtaError. Source: esp32_partition_writeblocks."""
        if self._target is None:
            raise UpdateFailed("no partition was chosen")
        self._buffer += data
        while len(self._buffer) >= SECTOR_SIZE:
            block, self._buffer = self._buffer[:SECTOR_SIZE], self._buffer[SECTOR_SIZE:]
            self._write_block(self._target, block)

    def complete(self, restarts: bool) -> None:
        """Write the last block, select the slot, and restart where asked to; raises OtaError."""
        target, self._target = self._target, None
        if target is None:
            raise UpdateFailed("no partition was chosen")
        if self._buffer:
            self._write_block(target, self._buffer.ljust(SECTOR_SIZE, b"\xff"))
        self._ota.esp_ota_set_boot_partition(target)
        if restarts:
            raise Restart

    def accept(self) -> None:
        """Take what runs off trial; raises OtaError."""
        self._ota.esp_ota_mark_app_valid_cancel_rollback()

    def rollback(self) -> None:
        """Select the next slot, and restart; raises OtaError."""
        self._ota.esp_ota_set_boot_partition(self._ota.esp_ota_get_next_update_partition())
        raise Restart

    def abort(self) -> None:
        """Forget the update."""
        self._target = None

    def _write_block(self, target: Partition, block: bytes) -> None:
        at = self._blocks * SECTOR_SIZE
        self._blocks += 1
        self._ota.partitions.erase_range(target, at, SECTOR_SIZE)
        self._ota.partitions.write(target, at, block)
