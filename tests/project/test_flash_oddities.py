"""What is said of a flash in which something lies where no bootloader looks, or that the bootloader misjudges."""

from pathlib import Path

import pytest
from bootloader_images import make_bootloader
from doctor_projects import make_image

from otaproof.errors import InputError
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip
from otaproof.project.device_builder import build_device
from otaproof.project.flash_dump import load
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

CSV = "otadata,data,ota,,0x2000\nphy,data,phy,0x10000,64K\nota_0,app,ota_0,,64K\nota_1,app,ota_1,0x1f0000,64K\n"
TABLE = encode_table(parse_csv(CSV.encode(), CsvPlaces(0x8000, 0x1000)))
APP = make_image(idf="v5.5.1")


def dump(directory: Path, *parts: tuple[int, bytes], table: bytes = TABLE) -> Inputs:
    """Return a dump of 2 MiB with these parts, and a table."""
    flash = bytearray(b"\xff" * 0x200000)
    for offset, part in ((0x8000, table), *parts):
        flash[offset : offset + len(part)] = part
    path = directory / "dump.bin"
    path.write_bytes(flash)
    return Inputs(path)


def notes(inputs: Inputs) -> str:
    """Return what is noted of a dump."""
    return "\n".join(load(inputs).notes)


def test_application_where_no_slot_begins_is_named_with_the_slots(tmp_path: Path) -> None:
    """And in which partition it lies."""
    said = notes(dump(tmp_path, (0x10000, APP)))
    assert (
        "an application lies at 0x10000, inside phy, where no app partition begins: the bootloader does not find it; "
        "it looks at 0x20000 (ota_0), 0x1f0000 (ota_1)" in said
    )


def test_application_elsewhere_is_named_beside_one_that_boots(tmp_path: Path) -> None:
    """Somebody flashed it there."""
    assert "an application lies at 0x10000" in notes(dump(tmp_path, (0x10000, APP), (0x20000, APP)))


def test_rest_of_an_older_layout_inside_a_slot_is_not_told(tmp_path: Path) -> None:
    """A slot that was smaller once leaves such a thing, and no harm comes of it."""
    table = encode_table(parse_csv(CSV.replace("ota_0,,64K", "ota_0,,128K").encode(), CsvPlaces(0x8000, 0x1000)))
    assert "an application lies" not in notes(dump(tmp_path, (0x20000, APP), (0x30000, APP), table=table))


ONE_SLOT = encode_table(parse_csv(CSV.split("ota_1", maxsplit=1)[0].encode(), CsvPlaces(0x8000, 0x1000)))


@pytest.mark.parametrize(("second", "said"), [(TABLE, "the same"), (ONE_SLOT, "another")])
def test_second_table_is_named(second: bytes, said: str, tmp_path: Path) -> None:
    """The bootloader reads the one at its own offset, which only its build tells."""
    told = notes(dump(tmp_path, (0xF000, second), (0x20000, APP)))
    assert f"a second whole partition table, {said}, lies at 0xf000" in told


def test_text_where_the_table_belongs_is_called_text(tmp_path: Path) -> None:
    """Somebody flashed the CSV."""
    inputs = dump(tmp_path, table=CSV.encode())
    with pytest.raises(InputError, match="text lies there: a CSV was flashed"):
        load(inputs)


def test_flash_is_as_large_as_the_bootloader_s_header_says(tmp_path: Path) -> None:
    """It refuses a table that ends beyond it: explain plays that, check has nothing to check."""
    inputs = dump(tmp_path, (0x1000, make_bootloader(Chip.ESP32, mebibytes=1)), (0x20000, APP))
    loaded = load(inputs)
    assert 1 << 20 == loaded.cells.size
    said = "the header of the bootloader says 1 MB of flash, and the partition table ends at 0x200000"
    assert said in "\n".join(loaded.notes)
    with pytest.raises(InputError, match=said):
        build_device(resolve(inputs), 4096)


def test_header_of_the_right_size_changes_nothing(tmp_path: Path) -> None:
    """The flash is what was dumped."""
    loaded = load(dump(tmp_path, (0x1000, make_bootloader(Chip.ESP32, mebibytes=2)), (0x20000, APP)))
    assert 2 << 20 == loaded.cells.size and not any("header" in note for note in loaded.notes)


@pytest.mark.parametrize(
    ("idf", "value", "origin"),
    [
        (None, "4.4, 5.1, 5.5", "every known one: the images were built by v5.5.1; choose with --idf"),
        (["6.1"], "6.1", "--idf"),
        (["7.3"], "master for 7.3.0", "--idf"),
    ],
)
def test_line_of_the_rules_says_whose_they_are(idf: list[str] | None, value: str, origin: str, tmp_path: Path) -> None:
    """Those that are applied, which need not be those of the images."""
    loaded = load(dump(tmp_path, (0x20000, APP)), idf)
    (found,) = [setting for setting in loaded.settings if setting.name == "release rules"]
    assert found.value.startswith(value) and origin == found.origin.text
