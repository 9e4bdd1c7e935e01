"""Reads the files that users have: partition tables, images, otadata partitions, flash dumps.

What is wrong with a file is told in one line: the file, the place in it, what is wrong, what to do. The
class of file is decided by its contents, not its name.
"""

import codecs
from pathlib import Path

from ..bounded_input import read_bounded
from ..errors import InputError
from ..impl.chip.cells import SECTOR_SIZE, Cells
from ..impl.chip.flash import NorFlash
from ..impl.image.data import ImageMetadata
from ..impl.image.format import IMAGE_MAGIC, MIN_IMAGE_SIZE
from ..impl.image.verify import verify_image
from ..impl.image.verify_rules import ImageInvalid, VerifyMode
from ..impl.partitions.csv_format import CsvPlaces, parse_csv
from ..impl.partitions.generator_checks import check_table
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import ROW_SIZE, TABLE_MAGIC, TABLE_MAX_LENGTH, TableError, decode_table, load_partitions
from ..impl.program_end import Panic
from ..model.config import Config, Release
from ..model.idf_version import MASTER, IdfVersion
from .flash_parts import unlike_application

FLASH_SIZES = tuple(mebibytes << 20 for mebibytes in (1, 2, 4, 8, 16, 32, 64, 128))
"""The sizes of chips that ESP-IDF knows, in bytes."""
OTADATA_SIZE = 0x2000
_LARGEST_FLASH = FLASH_SIZES[-1]
_PLACE = 0x10000
"""Where an image by itself is verified: at the start of an MMU page, and not where a chip has its bootloader."""
_REPLACED_BYTES = b"\xef\xbf\xbd"
"""U+FFFD in UTF-8: what text tools put in the place of bytes they cannot read."""


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that is not empty; raises InputError for one that cannot be read."""
    contents = read_bounded(path)
    if not contents:
        raise InputError(f"{path}: is empty")
    return contents


def read_table(path: Path, places: CsvPlaces) -> tuple[Partition, ...]:
    """Return the partitions of a table file, CSV or binary, checked as its generator checks them."""
    try:
        return parse_table(read_file(path), places)
    except TableError as error:
        raise InputError(f"{path}: {error}") from None


def parse_table(contents: bytes, places: CsvPlaces) -> tuple[Partition, ...]:
    """Return the partitions of a table, CSV or binary; raises TableError for what its generator would not have made."""
    if contents.startswith(TABLE_MAGIC):
        return decode_table_file(contents, places.table_offset, places.version)
    is_binary = b"\0" in contents[:512] or contents.startswith((b"\xff\xff", bytes([IMAGE_MAGIC])))
    is_text = not is_binary or contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not is_text and not contents.startswith(_REPLACED_BYTES):
        raise TableError(
            f"byte 0 is 0x{contents[0]:02x}: neither a CSV nor a binary table, which begins with "
            f"{TABLE_MAGIC.hex()}; name the partition table"
        )
    if mangling := _replacement_mangling(contents):
        raise TableError(mangling)
    table = parse_csv(contents, places)
    if not table:
        raise TableError("holds no partition; want lines of name, type, subtype, offset, size, flags")
    return table


def decode_table_file(contents: bytes, table_offset: int, version: IdfVersion = MASTER) -> tuple[Partition, ...]:
    """Return the partitions of a binary table; raises TableError for anything unlike gen_esp32part.py's output.

    version: the ESP-IDF whose generator it is."""
    if len(contents) % ROW_SIZE:
        whole = f"{len(contents)} bytes are not whole rows of {ROW_SIZE}; the file is cut off: take the original"
        raise TableError(_mangling(contents) or whole)
    if contents[TABLE_MAX_LENGTH:].count(0xFF) != len(contents[TABLE_MAX_LENGTH:]):
        raise TableError(
            f"goes on after byte 0x{TABLE_MAX_LENGTH:x}, where a table ends; cut the table out of the dump first"
        )
    # The flash is not known here; only what exceeds any flash is refused.
    table = decode_table(contents[:TABLE_MAX_LENGTH], _LARGEST_FLASH, Release.V6_2_DEV)
    loaded = load_partitions(contents[:TABLE_MAX_LENGTH], Release.V6_2_DEV, needs_md5=False)
    if len(loaded) != len(table):
        raise TableError(
            f"row {len(loaded)}: the MD5 row is not the last, so bootloader and application read different tables; "
            f"write the table anew with gen_esp32part.py"
        )
    check_table(table, table_offset, version=version)
    return table


def read_image(path: Path, config: Config) -> tuple[bytes, ImageMetadata]:
    """Return an application image and what its headers say; raises InputError for one that no slot would accept."""
    contents = read_file(path)
    check_is_application(path, contents)
    if contents[0] != IMAGE_MAGIC:
        problem = (
            f"byte 0 is 0x{contents[0]:02x}, not 0x{IMAGE_MAGIC:02x}: no application image; name the "
            f"project's .bin, not its .elf or a merged file"
        )
        raise InputError(f"{path}: {_replacement_mangling(contents) or problem}")
    if len(contents) < MIN_IMAGE_SIZE:
        raise InputError(f"{path}: {len(contents)} bytes; an application has at least {MIN_IMAGE_SIZE}: cut off?")
    return contents, verify_contents(path, contents, config)


def check_is_application(path: Path, contents: bytes) -> None:
    """Raise InputError, which says what it is, for a bootloader, a merged file or a dump."""
    other = unlike_application(contents)
    if other is not None:
        raise InputError(f"{path}: {other}")


def verify_contents(path: Path, contents: bytes, config: Config) -> ImageMetadata:
    """Return the metadata of an image by itself; raises InputError where esp_image_verify refuses it."""
    # A size that no chip has: on some chips a small flash has smaller MMU pages.
    size = _PLACE - (-len(contents) // _PLACE) * _PLACE + SECTOR_SIZE
    flash = NorFlash(Cells.erased(size).with_bytes(_PLACE, contents))
    try:
        return verify_image(flash, _PLACE, len(contents), config, VerifyMode.APP)
    except ImageInvalid as error:
        damage = _line_end_mangling(contents) or f"{error.reason}; rebuild it or name the right file"
        raise InputError(f"{path}: {damage}") from None
    except Panic:
        raise InputError(
            f"{path}: an assertion of ESP-IDF's code fails on it, as on no image that idf.py makes"
        ) from None


def read_otadata(path: Path) -> bytes:
    """Return the bytes of an otadata partition; raises InputError for any other size than 0x2000."""
    contents = read_file(path)
    if len(contents) == OTADATA_SIZE:
        return contents
    hint = _mangling(contents) or "dump both of its sectors"
    raise InputError(f"{path}: 0x{len(contents):x} bytes; an otadata partition has 0x{OTADATA_SIZE:x}: {hint}")


def _mangling(contents: bytes) -> str | None:
    """Return what a text tool has done to a binary file, None where there is no sign of it."""
    return _replacement_mangling(contents) or _line_end_mangling(contents)


def _replacement_mangling(contents: bytes) -> str | None:
    """Return what replacing bytes that are no text has done to a file, None where it has not been done."""
    count = contents.count(_REPLACED_BYTES)
    if not count:
        return None
    return (
        f"byte 0x{contents.index(_REPLACED_BYTES):x}: a text tool has replaced {count} bytes or more by the UTF-8 of "
        f"U+FFFD; take the original binary"
    )


def _line_end_mangling(contents: bytes) -> str | None:
    """Return what a change of line ends has done to a binary file, None where some stand without CR."""
    count = contents.count(b"\r\n")
    if count == 0 or count != contents.count(b"\n"):
        return None
    first = contents.index(b"\r\n")
    return f"byte 0x{first:x}: all {count} LF follow a CR, as a text tool or Git makes them; take the original binary"
