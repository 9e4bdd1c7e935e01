"""What of a flash a board can be given: the regions that are known byte for byte, and the command that writes them.

A simulated flash has no bootloader, and all that it does not model is erased. Written whole to a board it would wipe
the bootloader and every data partition. So a board gets its own bootloader, the partition table, otadata and the app
partitions, and nothing else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ..campaign.device_under_test import DeviceUnderTest
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.chips import CHIPS
from ..impl.image.format import IMAGE_HEADER_SIZE, IMAGE_MAGIC, decode_header
from ..model.config import Config
from ..output_file import write_file
from .files import read_file

_STUDY_ONLY = (
    "for study only, as otaproof explain and otaproof check --flash read it. It has no bootloader: on a board it would "
    "wipe yours. For a board give --bootloader FILE, and --image FILE for each image"
)


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes, and where they lie in flash."""

    offset: int
    contents: bytes


def board_regions(
    world: DeviceUnderTest, cells: Cells, bootloader: bytes, images: Collection[bytes]
) -> tuple[Region, ...]:
    """Return what of `cells` a board is to be given, in ascending order.

    images: the contents of the files that the user has. Raises InputError where the flash holds an image that was
    built in the place of a file, or the bootloader is none for the chip."""
    built = sorted(image.name for image in world.images if image.contents not in images)
    if built:
        raise InputError(f"--image: the token was made with {', '.join(built)}; give each of these files")
    config = world.config
    start = CHIPS[config.chip].bootloader_offset
    check_bootloader(bootloader, "--bootloader", config)
    table = Region(config.table_offset, cells.read(config.table_offset, SECTOR_SIZE))
    kept = [partition for partition in world.table if partition.is_app or partition.is_otadata]
    regions = [Region(partition.offset, cells.read(partition.offset, partition.size)) for partition in kept]
    return tuple(sorted((Region(start, bootloader), table, *regions), key=lambda region: region.offset))


def check_bootloader(contents: bytes, name: str, config: Config) -> None:
    """Raise InputError, with the name of the file or its option, for what is no bootloader of the device."""
    chip = config.chip.value
    room = config.table_offset - CHIPS[config.chip].bootloader_offset
    if len(contents) < IMAGE_HEADER_SIZE or contents[0] != IMAGE_MAGIC:
        raise InputError(f"{name}: is no image; want the bootloader.bin of a build")
    if decode_header(contents[:IMAGE_HEADER_SIZE]).chip_id != CHIPS[config.chip].chip_id:
        raise InputError(f"{name}: is built for another chip than {chip}")
    if len(contents) > room:
        raise InputError(f"{name}: {len(contents)} bytes reach into the partition table; {room} fit")


def save_for_study(path: Path, cells: Cells) -> str:
    """Write the whole flash to a file; return what to tell of it."""
    write_file(path, cells.to_bytes())
    return f"{path}: {_STUDY_ONLY}"


def save_for_board(
    prefix: Path, bootloader: Path, world: DeviceUnderTest, cells: Cells, images: Collection[bytes]
) -> str:
    """Write a file for each region, PREFIX-0x8000.bin and the like; return the esptool command for just these."""
    regions = board_regions(world, cells, read_file(bootloader), images)
    paths = [prefix.with_name(f"{prefix.name}-0x{region.offset:x}.bin") for region in regions]
    for path, region in zip(paths, regions, strict=True):
        write_file(path, region.contents)
    return write_command(world.config, regions, paths)


def write_command(config: Config, regions: Sequence[Region], paths: Sequence[Path]) -> str:
    """Return the command that writes the files, and what is no region stays as it is."""
    pairs = " ".join(f"0x{region.offset:x} {quote(str(path))}" for region, path in zip(regions, paths, strict=True))
    return f"esptool --chip {config.chip.value} write-flash {pairs}"
