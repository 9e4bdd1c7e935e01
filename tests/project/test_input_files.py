"""The files that a check rests on are named, whichever way they were given."""

from pathlib import Path

import pytest

from otaproof.examples.shipped_example import copy_example
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip
from otaproof.project.input_files import input_files
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

CSV = "otadata,data,ota,,0x2000\nota_0,app,ota_0,0x20000,64K\nota_1,app,ota_1,,64K\n"


def named(inputs: Inputs, folder: Path) -> dict[str, str]:
    """Return what each file is, by its name in the folder; every file is there."""
    found = {str(path.relative_to(folder)): name for name, path in input_files(resolve(inputs))}
    assert all((folder / path).is_file() for path in found)
    return found


def test_files_of_a_project_are_named(tmp_path: Path) -> None:
    """Options, the table that they choose, and both images."""
    copy_example(tmp_path)
    expected = {
        "sdkconfig": "options",
        "partitions.csv": "partition table",
        "build/app.bin": "running image",
        "update/app.bin": "update image",
    }
    assert expected == named(Inputs(subject=tmp_path), tmp_path)


def test_file_of_the_command_line_takes_the_place_of_the_project_s(tmp_path: Path) -> None:
    """The table that the options choose is not read then."""
    copy_example(tmp_path)
    (tmp_path / "other.csv").write_text(CSV)
    (tmp_path / "more").write_text("CONFIG_PARTITION_TABLE_OFFSET=0x8000\n")
    (tmp_path / "otadata.bin").write_bytes(b"\xff" * 0x2000)
    found = named(
        Inputs(
            subject=tmp_path,
            partitions=tmp_path / "other.csv",
            otadata=tmp_path / "otadata.bin",
            fragments=(tmp_path / "more",),
        ),
        tmp_path,
    )
    assert ("partition table", "options", "otadata") == (found["other.csv"], found["more"], found["otadata.bin"])
    assert "partitions.csv" not in found


@pytest.mark.parametrize("is_subject", [False, True])
def test_dump_is_the_one_input(tmp_path: Path, is_subject: bool) -> None:
    """It has its own table; an update comes beside it."""
    table = parse_csv(CSV.encode(), CsvPlaces(0x8000, None))
    image = build_image(Chip.ESP32, size=1200, version="1", seed=1)
    flash = bytearray(b"\xff" * 0x100000)
    for offset, part in ((0x8000, encode_table(table)), (table[1].offset, image)):
        flash[offset : offset + len(part)] = part
    path, update = tmp_path / "dump.bin", tmp_path / "app.bin"
    path.write_bytes(flash)
    update.write_bytes(image)
    inputs = Inputs(subject=path, update=update) if is_subject else Inputs(flash=path, update=update)
    assert {"dump.bin": "flash dump", "app.bin": "update image"} == named(inputs, tmp_path)
