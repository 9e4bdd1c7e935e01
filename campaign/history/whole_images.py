"""Whether a whole image lies in a partition, as the calls of an application verify it, and as a bootloader loads it."""

from ...impl.chip.cells import Cells
from ...impl.image.verify import verify_image
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic
from ..device_under_test import DeviceUnderTest
from .player import Moment


def verifies(dut: DeviceUnderTest, cells: Cells, partition: Partition) -> bool:
    """Tell whether a whole image lies in a partition."""
    flash = dut.board(cells).flash
    try:
        verify_image(flash, partition.offset, partition.size, dut.config, VerifyMode.APP)
    except (ImageInvalid, Panic):
        return False
    return True


def loads_unchecked(dut: DeviceUnderTest, moment: Moment, partition: Partition) -> bool:
    """Tell whether the headers of what lies in a partition are whole: a bootloader loads that without validation.

    What anti-rollback asks besides does not matter."""
    flash = dut.board(moment.cells).flash
    try:
        verify_image(flash, partition.offset, partition.size, dut.config, VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)
    except (ImageInvalid, Panic):
        return False
    return True
