"""What mends a flash: the command lines are carried out on it, and a board started from there boots what is told."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otaproof.analysis.mend_search import NEW_IMAGE, find_mend
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.explain.explanation import bootloader_table
from otaproof.campaign.history.history import BLANK_ENTRY, OTADATA, SLOT_SIZE, History, SmallDevice, SmallImage
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.campaign.history.player import Player
from otaproof.campaign.history.step import POWER_ON
from otaproof.cli.main import main
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import Strictness
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.config import Config
from otaproof.model.ota_state import OtaImgState as S
from otaproof.project.flash_dump import Loaded, load_dump
from otaproof.project.inputs import Inputs

Mended = Callable[..., tuple[int, dict[str, Any], Cells]]
IMAGES = (SmallImage(1), SmallImage(2), SmallImage(3, flipped=700))
BOTH = (("ota_0", 0), ("ota_1", 1))


def entry(number: int, state: int) -> bytes:
    """Return a whole record."""
    return encode_entry(make_entry(number, state))


def flash(
    first: bytes = BLANK_ENTRY,
    second: bytes = BLANK_ENTRY,
    holds: tuple[tuple[str, int], ...] = BOTH,
    has_factory: bool = False,
) -> bytes:
    """Return the flash of a small device."""
    device = SmallDevice(has_factory=has_factory, holds=holds, entries=(first, second))
    return History(device, IMAGES).dut.cells.to_bytes()


def carried_out(contents: bytes, commands: list[str], folder: Path) -> Cells:
    """Return a flash once the command lines are carried out, as esptool does: what is written is erased first."""
    left = bytearray(contents)
    for command in commands:
        *_, operation, place, last = shlex.split(command)
        address = int(place, 16)
        if operation == "erase-region":
            length, data = int(last, 16), b""
        else:
            assert operation == "write-flash"
            data = build_image(size=1000, seed=9) if last == NEW_IMAGE else (folder / Path(last).name).read_bytes()
            length = -(-len(data) // 0x1000) * 0x1000
        assert address % 0x1000 == length % 0x1000 == 0
        left[address : address + length] = data.ljust(length, b"\xff")
    return Cells.from_bytes(bytes(left))


def boots(cells: Cells, config: Config, efuse_bits: int = 0) -> list[str | None]:
    """Return what two power-ons start."""
    table, _ = bootloader_table(cells, config)
    device = DeviceUnderTest(config, table, cells, efuse_bits=efuse_bits, strictness=Strictness.CHIP)
    player = Player(device)
    return [player.play(POWER_ON).running for _ in range(2)]


@pytest.fixture
def mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Mended:
    """Mend a flash: the exit code, the JSON object, and the flash once the commands are carried out."""

    def run(contents: bytes, *arguments: str) -> tuple[int, dict[str, Any], Cells]:
        dump, files = tmp_path / "dump.bin", tmp_path / "files"
        dump.write_bytes(contents)
        code = main(["mend", str(dump), "--files", str(files), "--no-history", "--json", *arguments])
        said = json.loads(capsys.readouterr().out)
        return code, said, carried_out(contents, said["commands"], files)

    return run


def test_device_that_boots_has_nothing_to_mend(mended: Mended) -> None:
    """An image on trial counts as one that boots."""
    code, said, _ = mended(flash(entry(1, S.VALID), entry(2, S.NEW)), "--rollback")
    assert (0, "nothing to mend", "ota_1", []) == (code, said["verdict"], said["boots"], said["commands"])


def test_broken_selection_gives_way_to_what_boots_by_fallback(mended: Mended) -> None:
    """otadata is erased: no file is needed, and otatool.py can do the same."""
    holds = (("ota_0", 0), ("ota_1", 2))
    contents = flash(entry(1, S.VALID), entry(2, S.VALID), holds)
    code, said, left = mended(contents, "--rollback")
    assert (0, "can be mended", "ota_0") == (code, said["verdict"], said["boots"])
    assert [f"esptool --chip esp32 erase-region 0x{OTADATA:x} 0x2000"] == said["commands"]
    assert ["ota_1 is selected, and ota_0 boots"] == said["faults"]
    assert ["ota_0", "ota_0"] == boots(left, Config(rollback=True))


@pytest.mark.parametrize(
    ("holds", "told"),
    [
        (
            (("ota_0", 0), ("ota_1", 2)),
            ("or, with ESP-IDF at hand: otatool.py", "esptool before version 5 calls it erase_region"),
        ),
        (
            (("ota_0", 2), ("ota_1", 2)),
            ("instead of the last of them, with ESP-IDF at hand", "calls them erase_region and write_flash"),
        ),
    ],
)
def test_commands_are_spoken_of_as_they_are_printed(
    holds: tuple[tuple[str, int], ...], told: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command or several; of esptool's older names, those of the commands that are there."""
    path = tmp_path / "dump.bin"
    path.write_bytes(flash(entry(1, S.VALID), entry(2, S.VALID), holds))
    main(["mend", str(path), "--rollback", "--idf", "5.1"])
    said = " ".join(capsys.readouterr().out.split())
    assert [] == [text for text in told if text not in said]


@pytest.mark.parametrize("label", ["ota_0", "ota_1"])
@pytest.mark.parametrize("rollback", [False, True])
def test_partition_that_is_asked_for_boots(label: str, rollback: bool, mended: Mended) -> None:
    """By a record of its own; otatool.py is told only where its record does the same."""
    switch = "--rollback" if rollback else "--no-rollback"
    code, said, left = mended(flash(entry(3, S.ABORTED), entry(4, S.VALID)), switch, "--boot", label)
    assert (0, label) == (code, said["boots"])
    assert [label] * 2 == boots(left, Config(rollback=rollback))
    # The record that otatool.py would write keeps ABORTED, so it selects nothing.
    assert said["instead"] in (None, "otatool.py erase_otadata")


@pytest.mark.parametrize("state", [S.INVALID, S.ABORTED])
def test_image_that_was_given_up_gives_way_to_another(state: S, mended: Mended) -> None:
    """It boots, since no entry is bootable, and is in the first slot."""
    code, said, left = mended(flash(entry(3, state)), "--rollback")
    assert [f"ota_0 boots, although its entry says {state.name}: it was given up"] == said["faults"]
    assert (0, "can be mended", "ota_1") == (code, said["verdict"], said["boots"])
    assert ["ota_1", "ota_1"] == boots(left, Config(rollback=True))


def test_only_image_boots_once_more_although_it_was_given_up(mended: Mended) -> None:
    """There is nothing else; its record goes."""
    code, said, left = mended(flash(entry(3, S.ABORTED), holds=(("ota_0", 0),)), "--rollback")
    assert (0, "can be mended", "ota_0") == (code, said["verdict"], said["boots"])
    assert 0xFF == left.read(OTADATA, 1)[0]
    assert ["ota_0", "ota_0"] == boots(left, Config(rollback=True))


def test_new_image_is_to_have_the_secure_version_of_the_efuse(mended: Mended) -> None:
    """An older one would not start."""
    _, said, _ = mended(flash(entry(1, S.VALID)), "--rollback", "--anti-rollback", "--efuse", "2")
    assert "a new image, of secure version 2 or more" == said["stretches"][0]["what"]


def test_factory_app_is_reached_by_erased_otadata(mended: Mended) -> None:
    """There is no record that selects it."""
    contents = flash(entry(1, S.VALID), holds=(("factory", 0), ("ota_0", 1)), has_factory=True)
    _, said, left = mended(contents, "--rollback", "--boot", "factory")
    assert "otatool.py erase_otadata" == said["instead"]
    assert ["factory", "factory"] == boots(left, Config(rollback=True))


def test_table_that_the_bootloader_refuses_is_written_anew(mended: Mended) -> None:
    """Its MD5 is wrong, and the rows can be read."""
    contents = bytearray(flash(entry(1, S.VALID)))
    place = contents.index(b"\xeb\xeb", 0x8000)
    contents[place + 20] ^= 0xFF
    code, said, left = mended(bytes(contents), "--rollback")
    assert (0, ["partition-table.bin"]) == (code, [stretch["file"] for stretch in said["stretches"]])
    assert ["ota_0", "ota_0"] == boots(left, Config(rollback=True))


def test_image_where_no_slot_begins_is_moved_into_one(mended: Mended) -> None:
    """Nothing else holds an image."""
    contents = bytearray(flash(holds=()))
    contents += b"\xff" * SLOT_SIZE
    image = build_image(size=1200, seed=5)
    contents[3 * SLOT_SIZE : 3 * SLOT_SIZE + len(image)] = image
    code, said, left = mended(bytes(contents), "--rollback")
    assert (0, "app.bin") == (code, said["stretches"][0]["file"])
    assert ["ota_0", "ota_0"] == boots(left, Config(rollback=True))


def test_without_any_image_a_new_one_is_needed(mended: Mended) -> None:
    """Where it goes is told, and played with a stand-in."""
    code, said, left = mended(flash(entry(2, S.VALID), holds=(("ota_1", 2),)), "--rollback")
    assert (1, "needs a new image") == (code, said["verdict"])
    assert said["commands"][0] == f"esptool --chip esp32 write-flash 0x{SLOT_SIZE:x} {NEW_IMAGE}"
    assert [said["needs_image"]] * 2 == boots(left, Config(rollback=True))


def test_table_that_is_none_is_never_said_to_be_mended(mended: Mended) -> None:
    """No row can be read."""
    contents = bytearray(flash(entry(1, S.VALID)))
    contents[0x8002:0x9000] = b"\x11" * 0xFFE
    code, said, _ = mended(bytes(contents), "--rollback")
    assert (1, "nothing is known to mend it", None, []) == (code, said["verdict"], said["boots"], said["commands"])


def test_number_close_to_the_end_is_mended_although_it_boots(mended: Mended) -> None:
    """The next updates would be lost."""
    _, said, left = mended(flash(entry(0xFFFFFFFD, S.VALID), entry(0xFFFFFFFE, S.VALID)), "--rollback")
    assert "close to 0xffffffff" in said["faults"][0]
    assert ["ota_1", "ota_1"] == boots(left, Config(rollback=True))
    assert all(int.from_bytes(left.read(OTADATA + at, 4), "little") in (2, 0xFFFFFFFF) for at in (0, 0x1000))


@pytest.mark.parametrize("case", KNOWN_CASES, ids=lambda case: case.name)
def test_state_that_a_known_case_leaves_boots_once_mended(case: Any, tmp_path: Path) -> None:
    """The command lines are carried out, and a board starts from there, under the rules of the case."""
    token = case.token()
    config, left = token.history.device.config, replay_history(token.history)
    contents = left.cells.to_bytes()
    loaded = loaded_flash(tmp_path, contents, config, left.efuse_bits)
    found = find_mend(loaded, None, tmp_path)
    assert found.mend is not None
    for name, written in found.files.items():
        (tmp_path / name).write_bytes(written)
    cells = carried_out(contents, list(found.commands), tmp_path)
    if found.mend.needs_image is not None:
        image = build_image(size=1000, secure_version=left.efuse_bits.bit_count(), seed=9)
        cells = cells.with_bytes(SLOT_SIZE, image)
    if found.mend.patches:
        assert [found.mend.boots] * 2 == boots(cells, loaded.config, left.efuse_bits)
    else:
        assert found.mend.boots == boots(cells, loaded.config, left.efuse_bits)[0]


def loaded_flash(folder: Path, contents: bytes, config: Config, efuse_bits: int) -> Loaded:
    """Return a flash under the rules of a configuration."""
    dump = folder / "dump.bin"
    dump.write_bytes(contents)
    inputs = Inputs(rollback=config.rollback, anti_rollback=config.anti_rollback)
    return load_dump(inputs, dump, [config.app_name], efuse_bits.bit_count())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--boot", "ota_7"], "none of the app partitions: ota_0, ota_1"), (["--files", "/dev/null/x"], "cannot be made")],
)
def test_bad_input_is_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2."""
    dump = tmp_path / "dump.bin"
    dump.write_bytes(flash(entry(3, S.VALID), entry(4, S.ABORTED)))
    assert 2 == main(["mend", str(dump), "--no-history", "--boot", "ota_1", *arguments])
    assert told in capsys.readouterr().err


def test_directory_is_no_dump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A build has no state to mend."""
    assert 2 == main(["mend", str(tmp_path)])
    assert "give a dump of the whole flash" in capsys.readouterr().err


def test_text_names_commands_and_what_boots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --files the files are still to be made."""
    dump = tmp_path / "dump.bin"
    dump.write_bytes(flash(entry(1, S.VALID), entry(2, S.VALID)))
    assert 0 == main(["mend", str(dump), "--rollback", "--boot", "ota_0", "--no-history"])
    text = " ".join(capsys.readouterr().out.split())
    assert "then ota_0 boots, at the next power-on and at the one after" in text
