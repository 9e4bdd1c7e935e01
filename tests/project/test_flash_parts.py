"""What lies in a file, part by part: one image, a merged file, a dump."""

import pytest
from bootloader_images import make_bootloader
from doctor_projects import TWO_SLOTS, make_image

from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import encode_image
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip
from otaproof.project.flash_parts import PartKind, flash_parts, is_bootloader, unlike_application

TABLE_BYTES = encode_table(parse_csv(TWO_SLOTS.encode(), CsvPlaces(0x8000, 0x1000)))


def merged(*parts: tuple[int, bytes]) -> bytes:
    """Return a file with these parts, and 0xFF between them, as esptool merges them."""
    flash = bytearray(b"\xff" * max(offset + len(part) for offset, part in parts))
    for offset, part in parts:
        flash[offset : offset + len(part)] = part
    return bytes(flash)


@pytest.mark.parametrize("chip", list(Chip))
def test_merged_file_is_told_apart_from_an_application(chip: Chip) -> None:
    """Whether the bootloader lies at its beginning or after it."""
    offset = CHIPS[chip].bootloader_offset
    contents = merged((offset, make_bootloader(chip)), (0x8000, TABLE_BYTES), (0x10000, make_image(chip=chip)))
    assert [(PartKind.BOOTLOADER, offset), (PartKind.TABLE, 0x8000), (PartKind.APP, 0x10000)] == [
        (part.kind, part.offset) for part in flash_parts(contents)
    ]
    told = unlike_application(contents)
    assert told is not None and f"bootloader at 0x{offset:x}" in told and "cut it out from 0x10000 on" in told


@pytest.mark.parametrize("chip", list(Chip))
def test_bootloader_is_told_apart_from_an_application(chip: Chip) -> None:
    """Both begin with 0xE9."""
    assert is_bootloader(make_bootloader(chip)) and not is_bootloader(make_image(chip=chip))
    assert unlike_application(make_bootloader(chip, described="v5.4")) is not None
    assert unlike_application(make_image(chip=chip)) is None


def test_application_without_a_description_is_none_the_less_one() -> None:
    """Flash is mapped to a segment of it."""
    contents = make_image(magic=0)
    assert [PartKind.APP] == [part.kind for part in flash_parts(contents)]
    assert unlike_application(contents) is None


def test_parts_end_where_their_images_end() -> None:
    """What follows an image is none of it."""
    bootloader, app = make_bootloader(), make_image(chip=Chip.ESP32C3)
    parts = flash_parts(merged((0, bootloader), (0x8000, TABLE_BYTES), (0x10000, app), (0x30000, b"\0")))
    assert [len(bootloader), 0xC00, len(app)] == [part.size for part in parts]


def test_file_that_is_cut_off_holds_no_bootloader() -> None:
    """Its segments go on behind its end."""
    assert () == flash_parts(make_bootloader()[:2000])


def test_image_of_an_unknown_chip_is_nothing() -> None:
    """Only what can be judged is named."""
    image = bytearray(encode_image(Chip.ESP32, [(0x3FFF0000, bytes(256))]))
    image[12] = 0x7F
    assert () == flash_parts(bytes(image))
