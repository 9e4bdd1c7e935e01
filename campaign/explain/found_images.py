"""What the app partitions of a flash hold, and whether bootloader and application would take the image."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...impl.app.arduino_update import HELD_BACK
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash, Strictness
from ...impl.image.format import APP_DESC_MAGIC, AppDesc, read_app_desc
from ...impl.image.verify import verify_image
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic
from ...model.config import Config

_BLANK_HEAD = b"\xff" * HELD_BACK


@dataclass(frozen=True, slots=True)
class ImageReading:
    """What an app partition holds."""

    label: str
    offset: int
    size: int
    is_blank: bool
    """Its first sector is erased."""
    desc: AppDesc | None
    """The description; None without one."""
    problem: str | None
    """Why the bootloader would not start it; None when it passes."""
    app_problem: str | None
    """Why esp_image_verify, in the application, refuses it."""

    @property
    def is_whole(self) -> bool:
        """The bootloader would start it."""
        return self.problem is None

    @property
    def name(self) -> str:
        """What the image calls itself."""
        if self.desc is None:
            return "an image without a description"
        return f"{self.desc.project_name} {self.desc.version}".strip() or "an image without a name"

    @property
    def flaw(self) -> str | None:
        """What it is, and why it is no whole image; None where it is one, or blank."""
        problem = self.app_problem or self.problem
        if self.is_blank or problem is None:
            return None
        named = "" if self.desc is None else f"{self.name}, "
        return f"{named}an image that does not verify: {problem}"


def read_images(cells: Cells, table: tuple[Partition, ...], config: Config, efuse_bits: int) -> Iterator[ImageReading]:
    """Yield what the app partitions of a table hold."""
    flash = NorFlash(cells, Strictness.CHIP)
    version = Efuse(efuse_bits, config.secure_version_bits).secure_version
    for partition in table:
        if partition.is_app and partition.offset < cells.size:
            desc = read_app_desc(flash, partition.offset)
            yield ImageReading(
                partition.label,
                partition.offset,
                partition.size,
                cells.read(partition.offset, SECTOR_SIZE).count(0xFF) == SECTOR_SIZE,
                desc if desc.magic_word == APP_DESC_MAGIC else None,
                _with_missing_head(
                    _problem(flash, partition, config, VerifyMode.BOOTLOADER_LOAD, version),
                    desc.magic_word == APP_DESC_MAGIC and flash.read(partition.offset, HELD_BACK) == _BLANK_HEAD,
                ),
                _problem(flash, partition, config, VerifyMode.APP, version),
            )


def _with_missing_head(problem: str | None, lacks_head: bool) -> str | None:
    """Return a problem with what tells of a download by Arduino's Update that broke off."""
    if problem is None or not lacks_head:
        return problem
    return f"{problem}; an image lies here but for its first {HELD_BACK} bytes, which Arduino's Update writes last"


def _problem(flash: NorFlash, partition: Partition, config: Config, mode: VerifyMode, version: int) -> str | None:
    try:
        metadata = verify_image(flash, partition.offset, partition.size, config, mode, version)
    except ImageInvalid as error:
        return error.reason
    except Panic:
        return "an assertion of the C code fails on it"
    described = read_app_desc(flash, partition.offset)
    if mode is VerifyMode.BOOTLOADER_LOAD and config.anti_rollback and metadata.length:
        if described.magic_word != APP_DESC_MAGIC:
            return "no description, so no secure version"
        if described.secure_version < version:
            return f"secure version {described.secure_version} is below the eFuse's {version}"
    return None
