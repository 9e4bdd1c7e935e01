"""What a replay gives a board: only what is known byte for byte, and nothing that would wipe it."""

import json
import shlex
from pathlib import Path

import pytest

from otaproof.campaign.upgrade.upgrade_token import decode_token, dut_of_token
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.impl.chip.chips import CHIPS
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import decode_table
from otaproof.model.config import Chip, Release
from otaproof.project.flash_regions import board_regions

TABLE = """\
nvs,     data, nvs,   0x9000,  0x4000
otadata, data, ota,   0xd000,  0x2000
ota_0,   app,  ota_0, 0x10000, 64K
ota_1,   app,  ota_1, ,        64K
"""
BOOTLOADER = build_image(size=1200, version="", seed=3)
IMAGES = tuple(build_image(size=1200, version=f"1.{seed}", seed=seed) for seed in (1, 2))


@pytest.fixture
def token(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of a violation, in a folder with the files that it was made with."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(TABLE, encoding="utf-8")
    for name, contents in (("running.bin", IMAGES[0]), ("update.bin", IMAGES[1]), ("bootloader.bin", BOOTLOADER)):
        Path(name).write_bytes(contents)
    files = ["--partitions", "table.csv", "--running", "running.bin", "--update", "update.bin"]
    main(["check", *files, "--no-rollback", "--faults", "F0", "--no-proofs", "--json"])
    claims = json.loads(capsys.readouterr().out)["claims"]
    return str(next(claim["token"] for claim in claims if claim["id"] == "C7"))


def test_board_gets_its_bootloader_the_table_otadata_and_the_slots(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each in a file of its own; nvs stays as it is, and so does all that no file covers."""
    images = ["--image", "running.bin", "--image", "update.bin", "--bootloader", "bootloader.bin"]
    assert 1 == main(["replay", token, *images, "--save-flash", "cut"])
    printed = capsys.readouterr().out.splitlines()[-1]
    offsets = ("0x1000", "0x8000", "0xd000", "0x10000", "0x20000")
    pairs = " ".join(f"{offset} cut-{offset}.bin" for offset in offsets)
    assert f"esptool --chip esp32 write-flash {pairs}" == printed
    assert sorted(f"cut-{offset}.bin" for offset in offsets) == sorted(path.name for path in Path().glob("cut*"))
    assert BOOTLOADER == Path("cut-0x1000.bin").read_bytes()
    assert 0x2000 == len(Path("cut-0xd000.bin").read_bytes())


def test_command_can_be_pasted_whatever_the_files_are_called(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell takes each name for one word, and runs nothing of it."""
    Path("a $(touch b)").mkdir()
    images = ["--image", "running.bin", "--image", "update.bin", "--bootloader", "bootloader.bin"]
    assert 1 == main(["replay", token, *images, "--save-flash", "a $(touch b)/cut"])
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    written = sorted(Path("a $(touch b)").iterdir(), key=_offset)
    assert written == [Path(word) for word in words if word.endswith(".bin")]


def _offset(path: Path) -> int:
    return int(path.stem.rpartition("-")[2], 16)


def test_regions_are_what_the_cut_left(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte the flash that is saved for study."""
    images = ["--image", "running.bin", "--image", "update.bin"]
    main(["replay", token, *images, "--bootloader", "bootloader.bin", "--save-flash", "cut"])
    main(["replay", token, *images, "--save-flash", "whole.bin"])
    whole = Path("whole.bin").read_bytes()
    for path in Path().glob("cut-*.bin"):
        contents, offset = path.read_bytes(), int(path.stem.removeprefix("cut-"), 16)
        assert contents == (BOOTLOADER if offset == 0x1000 else whole[offset : offset + len(contents)])


def test_without_bootloader_the_file_is_for_study(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No command is printed that would write it to a board."""
    assert 1 == main(["replay", token, "--save-flash", "whole.bin"])
    printed = capsys.readouterr().out
    assert "whole.bin: for study only" in printed
    assert "write-flash" not in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--image running.bin", "--image: the token was made with update.bin; give each of these files"),
        ("--image running.bin --image update.bin --bootloader table.csv", "--bootloader: is no image"),
    ],
)
def test_board_is_given_nothing_that_does_not_boot(
    token: str, capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    """Images built in the place of files are none for a board; and no file is left behind."""
    given = ["--bootloader", "bootloader.bin", *options.split()]
    assert 2 == main(["replay", token, *given, "--save-flash", "cut"])
    assert message in capsys.readouterr().err
    assert [] == list(Path().glob("cut*"))


def test_bootloader_without_save_flash_is_refused(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would have no effect."""
    assert 2 == main(["replay", token, "--bootloader", "bootloader.bin"])
    assert "otaproof replay: --bootloader: goes with --save-flash FILE\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("bootloader", "message"),
    [
        (build_image(Chip.ESP32S3, size=1200), "is built for another chip than esp32"),
        (build_image(size=0x7010), "28688 bytes reach into the partition table; 28672 fit"),
    ],
)
def test_bootloader_of_another_board_is_refused(token: str, bootloader: bytes, message: str) -> None:
    """The ROM would not start it, or it would overwrite the table."""
    world = dut_of_token(decode_token(token), IMAGES)
    assert 0x1000 == CHIPS[Chip.ESP32].bootloader_offset
    with pytest.raises(InputError, match=message):
        board_regions(world, world.cells, bootloader, IMAGES)


def test_table_on_the_board_is_the_one_of_the_token(token: str) -> None:
    """Regions come in the order of their addresses."""
    world = dut_of_token(decode_token(token), IMAGES)
    regions = board_regions(world, world.cells, BOOTLOADER, IMAGES)
    assert sorted(region.offset for region in regions) == [region.offset for region in regions]
    table = next(region.contents for region in regions if region.offset == 0x8000)
    assert parse_csv(TABLE.encode()) == decode_table(table, world.cells.size, Release.V5_1)
