"""A file that is no dump of a flash is called what it is, with the option that takes it."""

from pathlib import Path

import pytest
from doctor_projects import TABLE, make_image

from otaproof.cli.main import main
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import encode_table

FILES = {
    "app.bin": make_image(3000),
    "whole-sectors.bin": make_image(0xA000).ljust(0xB000, b"\xff"),
    "table.bin": encode_table(parse_csv(TABLE.encode())),
    "table.csv": TABLE.encode(),
    "otadata.bin": b"\xff" * 0x2000,
    "flash.bin": bytes(100),
}


def said(capsys: pytest.CaptureFixture[str], folder: Path, command: str, name: str) -> str:
    """Return the one line that a command prints of a file."""
    path = folder / name
    path.write_bytes(FILES[name])
    assert 2 == main([command, str(path)])
    line = capsys.readouterr().err
    assert 1 == line.count("\n")
    return line.strip().replace(str(path), "FILE").partition(": FILE: ")[2]


@pytest.mark.parametrize(
    ("command", "name", "line"),
    [
        ("check", "app.bin", "an application image, not a dump of a flash: --running FILE or --update FILE"),
        ("check", "whole-sectors.bin", "an application image, not a dump of a flash: --running FILE or --update FILE"),
        ("doctor", "app.bin", "an application image, not a dump of a flash: --running FILE"),
        ("explain", "app.bin", "an application image, not a dump of a flash"),
        ("check", "table.bin", "a partition table, not a dump of a flash: --partitions FILE"),
        ("doctor", "table.csv", "a partition table in CSV, not a dump of a flash: --partitions FILE"),
        ("mend", "table.csv", "a partition table in CSV, not a dump of a flash"),
        ("explain", "otadata.bin", "0x2000 bytes are an otadata partition, not a dump of a flash: --otadata FILE"),
        ("mend", "otadata.bin", "0x2000 bytes are an otadata partition, not a dump of a flash"),
        ("doctor", "otadata.bin", "0x2000 bytes are an otadata partition, not a dump of a flash"),
    ],
)
def test_hint_names_an_option_that_the_command_has(
    command: str, name: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or none, where there is none."""
    assert line == said(capsys, tmp_path, command, name)


def test_command_that_makes_a_dump_does_not_write_over_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of the usual name is left as it is, too."""
    assert said(capsys, tmp_path, "check", "flash.bin").endswith("to make one: esptool read-flash 0 ALL dump.bin")
