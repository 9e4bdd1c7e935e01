"""A history: a small device and what happens to it, step by step, with as many power cuts as there are.

The device has slots of 64 KiB and images of about 1000 bytes, so a history plays in milliseconds, and a token holds all
that its bytes are built from.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.image.format import build_image
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import encode_table
from ...model.config import Chip, Config
from ...model.fault_model import MODELLED_FAULTS, FaultModel
from ..device_under_test import DeviceUnderTest, NamedImage
from .step import Step, StepName

SLOT_SIZE = 0x10000
OTADATA = 0xD000
IMAGE_SIZE = 1000
BLANK_ENTRY = b"\xff" * ENTRY_SIZE


@dataclass(frozen=True, slots=True)
class SmallImage:
    """An image of a history; its bytes are built from this."""

    seed: int = 1
    """Two images with different seeds differ."""
    size: int = IMAGE_SIZE
    secure_version: int = 0
    flipped: int | None = None
    """The byte of which one bit is turned over; None for a whole image."""

    @property
    def is_damaged(self) -> bool:
        """The byte that is turned over is one of the image, and does not lie in what fills its file up."""
        return self.flipped is not None and self.flipped < self.size // 16 * 16

    def contents(self, chip: Chip = Chip.ESP32) -> bytes:
        """Return its bytes."""
        return _image_contents(self, chip)


@dataclass(frozen=True, slots=True)
class SmallDevice:
    """A small device before its first power-on: what a device under test is built from."""

    config: Config = field(default_factory=Config)
    slots: tuple[int, ...] = (0, 1)
    """Numbers of the OTA slots, ascending; usually 0 … n-1."""
    has_factory: bool = False
    holds: tuple[tuple[str, int], ...] = (("ota_0", 0),)
    """(label, number of the image among those of the history) for every partition that is not blank."""
    entries: tuple[bytes, bytes] = (BLANK_ENTRY, BLANK_ENTRY)
    """The 32 bytes of each otadata entry."""
    efuse_bits: int = 0

    @property
    def table(self) -> tuple[Partition, ...]:
        """The partition table."""
        apps = [("factory", 0x00)] if self.has_factory else []
        apps += [(f"ota_{slot}", 0x10 + slot) for slot in self.slots]
        return (
            Partition("nvs", 1, 0x02, 0x9000, 0x4000),
            Partition("otadata", 1, 0x00, OTADATA, 2 * SECTOR_SIZE),
            *(
                Partition(label, 0, subtype, (number + 1) * SLOT_SIZE, SLOT_SIZE)
                for number, (label, subtype) in enumerate(apps)
            ),
        )


@dataclass(frozen=True)
class History:
    """A device and what happens to it."""

    device: SmallDevice
    images: tuple[SmallImage, ...]
    steps: tuple[Step, ...] = ()

    @cached_property
    def dut(self) -> DeviceUnderTest:
        """The device under test that is built from it; the first image stands in for the update."""
        return _built(self.device, self.images)

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits all of it: its cuts, and operations that fail or lie."""
        return FaultModel.F5 if any(step.failures for step in self.steps) else self.weakest_of_cuts

    @property
    def weakest_of_cuts(self) -> FaultModel:
        """The smallest fault model that admits all of its cuts."""
        return max((step.cut.weakest_model for step in self.steps if step.cut is not None), default=FaultModel.F0)

    @property
    def is_modelled(self) -> bool:
        """The device model has all of its cuts, and what fails in it."""
        has_lies = any(failure.is_silent for step in self.steps for failure in step.failures)
        return self.weakest_of_cuts in MODELLED_FAULTS and not has_lies

    def then(self, *steps: Step) -> "History":
        """Return the history that goes on with these steps."""
        return replace(self, steps=self.steps + steps)


def upgrade(image: int, size: int = IMAGE_SIZE, argument: int | None = 1) -> tuple[Step, ...]:
    """Return the calls of an upgrade to an image, in two writes; complete(1) restarts."""
    return (
        Step(StepName.COMMENCE),
        Step(StepName.WRITE, image=image, offset=0, length=FIRST_PART),
        Step(StepName.WRITE, image=image, offset=FIRST_PART, length=size - FIRST_PART),
        Step(StepName.COMPLETE, argument=argument),
    )


FIRST_PART = 512
"""Bytes of an image that hold its header and its description, and not all of it."""
HEADERS_END = 936
"""Bytes of an image that hold the headers of all its segments, and not all of it."""


@lru_cache(maxsize=256)
def _image_contents(image: SmallImage, chip: Chip) -> bytes:
    whole = build_image(
        chip, size=image.size, version=f"1.{image.seed}", secure_version=image.secure_version, seed=image.seed
    )
    if image.flipped is None:
        return whole
    return whole[: image.flipped] + bytes([whole[image.flipped] ^ 1]) + whole[image.flipped + 1 :]


@lru_cache(maxsize=256)
def _built(device: SmallDevice, images: tuple[SmallImage, ...]) -> DeviceUnderTest:
    table = device.table
    by_label = {partition.label: partition for partition in table}
    contents = [image.contents(device.config.chip) for image in images]
    cells = Cells.erased((len(device.slots) + device.has_factory + 1) * SLOT_SIZE)
    cells = cells.with_bytes(device.config.table_offset, encode_table(table))
    for label, number in device.holds:
        cells = cells.with_bytes(by_label[label].offset, contents[number])
    for number, entry in enumerate(device.entries):
        cells = cells.with_bytes(OTADATA + SECTOR_SIZE * number, entry)
    named = tuple(
        NamedImage(
            f"image {number}{' (damaged)' if image.is_damaged else ''}",
            contents[number],
            f"1.{image.seed}",
            image.secure_version,
            is_damaged=image.is_damaged,
        )
        for number, image in enumerate(images)
    )
    return DeviceUnderTest(device.config, table, cells, named, named[0], device.efuse_bits)
