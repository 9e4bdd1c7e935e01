"""Devices made from nothing, for whoever wants one without files: partition table, running image, and an update."""

from ..impl.chip.cells import Cells
from ..impl.image.format import build_image
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import encode_table
from ..model.config import Config
from .device_under_test import DeviceUnderTest, NamedImage

_FIRST = 0x10000
"""Where the app partitions begin."""


def made_device(
    slot_size: int,
    image_size: int,
    config: Config,
    *,
    slots: int = 2,
    has_factory: bool = False,
    secure_version: int = 0,
) -> DeviceUnderTest:
    """Return a device whose first app partition holds an image, and an update of the same size.

    slot_size: bytes of each app partition, whole pages of 64 KB. secure_version: of the update; that of the image that
    runs is 0."""
    kinds = (*((("factory", 0x00),) if has_factory else ()), *((f"ota_{slot}", 0x10 + slot) for slot in range(slots)))
    table = (
        Partition("nvs", 1, 0x02, 0x9000, 0x4000),
        Partition("otadata", 1, 0x00, 0xD000, 0x2000),
        *(Partition(label, 0, kind, _FIRST + at * slot_size, slot_size) for at, (label, kind) in enumerate(kinds)),
    )
    running = build_image(config.chip, size=image_size, version="1.0.0", seed=1)
    update = build_image(config.chip, size=image_size, version="1.1.0", seed=2, secure_version=secure_version)
    images = NamedImage("running", running, "1.0.0"), NamedImage("update", update, "1.1.0", secure_version)
    cells = Cells.erased(_FIRST + len(kinds) * slot_size)
    cells = cells.with_bytes(config.table_offset, encode_table(table)).with_bytes(_FIRST, running)
    return DeviceUnderTest(config, table, cells, images, images[1])
