"""The device that a test plays on: a small one, of a configuration that the test or a project gives."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from os import PathLike

from ..campaign.history.history import History, SmallDevice, SmallImage
from ..errors import InputError
from ..model.config import Config
from ..model.remedies import Remedy, remedy_named
from ..project.project_device import device_of_project

MOST_SLOTS = 16


@dataclass(frozen=True, slots=True)
class OtaWorld:
    """A device before its first power-on: an image of its own in factory, else in ota_0, and otadata erased.

    Slots have 64 KiB and images 1000 bytes, so that a test plays thousands of power-ons in a second."""

    config: Config = field(default_factory=lambda: Config(rollback=True))
    """Releases and options of bootloader and application."""
    slots: int = 2
    """OTA slots."""
    has_factory: bool = False
    images: tuple[SmallImage, ...] = (SmallImage(1), SmallImage(2))
    """The image that the device is delivered with, and those that can be written: by number."""
    is_patched: bool = False
    """Bootloader and application have the patch note-in-place."""

    def __post_init__(self) -> None:
        """Refuse what is no device."""
        if not 1 <= self.slots <= MOST_SLOTS:
            raise InputError(f"OtaWorld: {self.slots} slots; want 1 … {MOST_SLOTS}")
        if not self.images:
            raise InputError("OtaWorld: no image; want the one that the device is delivered with")

    @property
    def history(self) -> History:
        """What happens to it, which is nothing yet."""
        holds = (("factory" if self.has_factory else "ota_0", 0),)
        config = replace(self.config, notes_in_place=self.is_patched)
        return History(SmallDevice(config, tuple(range(self.slots)), self.has_factory, holds), self.images)

    def with_remedies(self, remedies: Iterable[Remedy | str]) -> "OtaWorld":
        """Return the device with patches of its bootloader.

        Raises InputError for a remedy that is a rule for the application, which is the test's own code here."""
        named = [remedy_named(remedy) for remedy in remedies]
        for remedy in named:
            if remedy is not Remedy.NOTE_IN_PLACE:
                raise InputError(f"{remedy.value}: is a rule for the application; let the test's own calls keep to it")
        return replace(self, is_patched=True) if named else self


def world_of_project(path: str | PathLike[str]) -> OtaWorld:
    """Return the small device with the options, releases and slots of a project; its images are not needed."""
    device = device_of_project(path, image_size="64K").device
    numbers = sorted(device.slot_labels)
    if numbers != list(range(len(numbers))):
        raise InputError(f"{path}: the OTA slots of the table have gaps; want ota_0 … without one")
    has_factory = any(partition.is_factory for partition in device.table)
    return OtaWorld(replace(device.config, table_offset=0x8000), len(numbers), has_factory)
