"""Devices with an update of bootloader or partition table, for the tests of campaign."""

import random
from collections.abc import Callable
from dataclasses import replace

from otaproof.campaign.unsafe_update.session import SessionDevice, UpdateKind
from otaproof.impl.chip.cells import SECTOR_SIZE
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.chip.flash import Strictness
from otaproof.impl.image.format import encode_image
from otaproof.impl.partitions.partition import Partition, PartitionType
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip, Release
from worlds import small_world

TABLE_OFFSET = 0x8000
ROWS_OF_NEW_TABLE = 5


def bootloader(seed: int, size: int = 300, chip: Chip = Chip.ESP32) -> bytes:
    """Return an image that the ROM starts, of one segment of `size` bytes for RAM."""
    return encode_image(chip, [(CHIPS[chip].loadable[0][0], random.Random(seed).randbytes(size))])


def table_device(release: Release = Release.V6_1) -> SessionDevice:
    """Return a device with two slots of 64 KiB whose update adds a row to the table."""
    dut = replace(small_world(release, rollback=True), strictness=Strictness.CHIP)
    more = Partition("settings", PartitionType.DATA, 0x40, 0xF000, 0x1000)
    table = encode_table((*dut.table, more))
    return SessionDevice(dut, UpdateKind.PARTITION_TABLE, dut.cells.read(TABLE_OFFSET, SECTOR_SIZE), table)


def bootloader_device(release: Release = Release.V6_1, table_offset: int = 0x3000) -> SessionDevice:
    """Return a device with 8 KiB for the bootloader, and an update of it."""
    dut = small_world(release, rollback=True)
    config = replace(dut.config, table_offset=table_offset)
    cells = dut.cells.with_bytes(TABLE_OFFSET, b"\xff" * SECTOR_SIZE)
    cells = cells.with_bytes(table_offset, encode_table(dut.table)).with_bytes(0x1000, bootloader(1))
    dut = replace(dut, config=config, cells=cells, strictness=Strictness.CHIP)
    return SessionDevice(dut, UpdateKind.BOOTLOADER, bootloader(1), bootloader(2))


DEVICES: dict[str, Callable[[], SessionDevice]] = {"partition table": table_device, "bootloader": bootloader_device}
