"""`otaproof check --bootloader`: every power-on of a check is made by a bootloader's own machine code as well."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("unicorn", reason="unicorn is not installed")
pytest.importorskip("elftools", reason="pyelftools is not installed")

from build_firmware import IMAGES
from otaproof.binary.elf_file import BootloaderElf, read_bootloader_elf
from otaproof.binary.emulator.boot_bench import BootBench
from otaproof.binary.emulator.boot_cases import TABLES, BootCase
from otaproof.binary.emulator.comparison import UNDISTURBED, compare
from otaproof.binary.emulator.otadata_pairs import BLANK_RECORD
from otaproof.binary.emulator.program import BootloaderProgram
from otaproof.binary.emulator.run_token import RunToken, decode_run_token, encode_run_token
from otaproof.binary.emulator.watched_device import (
    BootDifference,
    BootWatch,
    WatchedDevice,
    WatchingOracle,
    observed_boot,
)
from otaproof.campaign.cuts.operation_cuts import torn_cells
from otaproof.campaign.device_under_test import DeviceUnderTest
from otaproof.campaign.history.player import Moment
from otaproof.campaign.made_device import made_device
from otaproof.campaign.upgrade.future_oracle import observe
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.sweep import Stretch, sweep
from otaproof.campaign.upgrade.uncut_run import play_script
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.impl.chip.flash import NorFlash, ReadTracker
from otaproof.model.config import Chip, Config
from otaproof.model.fault_model import FaultModel

CONFIG = Config(rollback=True, chip=Chip.ESP32C3)
FAITHFUL = IMAGES / "riscv-faithful-Os.elf"
XTENSA = IMAGES / "xtensa-faithful-Os.elf"
SELECT = "bootloader_utility_get_selected_boot_partition"
OTADATA = 0xD000
SELECTS_SLOT_0 = "01458280"
"""li a0, 0; ret: it writes nothing."""
GOES_BY_BYTE_0X40 = "b7d7007303c507048280"
"""lui a5, 0x7300d; lbu a0, 0x40(a5); ret: the index is a byte of otadata that no record has, as the window shows it."""
Words = tuple[str, str]
TABLE = """\
nvs,     data, nvs,   0x9000, 0x4000
otadata, data, ota,   0xd000, 0x2000
ota_0,   app,  ota_0, ,       64K
ota_1,   app,  ota_1, ,       64K
"""


def elf_with(code: str) -> BootloaderElf:
    """Return the right bootloader with other machine code, in hex, where the selection begins."""
    elf = read_bootloader_elf(FAITHFUL)
    return elf.patched({elf.function(SELECT).address: bytes.fromhex(code)})


def watched(elf: BootloaderElf, device: DeviceUnderTest) -> WatchedDevice:
    """Return the device with a watch of its own."""
    return WatchedDevice.of(device, BootWatch(BootloaderProgram(elf), device.config, device.cells.size))


def small_world() -> DeviceUnderTest:
    """Return two slots, with a byte of otadata that no record has programmed."""
    world = made_device(0x10000, 1_200, CONFIG)
    cells = world.cells.with_bytes(OTADATA + 0x40, b"\0").with_bytes(OTADATA + 0x1040, b"\0")
    return DeviceUnderTest(world.config, world.table, cells, world.images, world.update)


def found_alone(elf: BootloaderElf, world: DeviceUnderTest, stretch: Stretch, number: int) -> Words | None:
    """Return what each does in the first power-on that differs after one tear of a stretch, played from its bytes."""
    torn = next(islice(stretch.tears(), number, None))
    device = watched(elf, world)
    observe(device, Moment(torn_cells(stretch.played, stretch.op_index, torn), 0))
    return words(device.watch.differences[0]) if device.watch.differences else None


def words(found: BootDifference | None) -> Words | None:
    """Return what each does in a power-on that differs."""
    return None if found is None else (found.emulated, found.simulated)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A check of an ESP32-C3 with two slots."""
    (tmp_path / "table.csv").write_text(TABLE)
    table = str(tmp_path / "table.csv")
    return ["check", "--partitions", table, "--image-size", "2K", "--chip", "esp32c3", "--rollback", "--no-proofs"]


def checked(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, Any]]:
    """Run with --json and return exit code and object."""
    code = main([*command, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("elf", "chip"), [(FAITHFUL, "esp32c3"), (XTENSA, "esp32")])
def test_right_bootloader_makes_every_power_on_alike(
    elf: Path, chip: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else of the check changes by it."""
    arguments[arguments.index("esp32c3")] = chip
    _, plain = checked(capsys, *arguments, "--faults", "F0")
    _, found = checked(capsys, *arguments, "--faults", "F0", "--bootloader", str(elf))
    assert ("no difference", 0) == (found["bootloader"]["verdict"], found["bootloader"]["cuts"])
    assert found["bootloader"]["boots"] > 3 * plain["sweep"]["distinct_states"]
    assert plain["sweep"]["scenarios"] == found["sweep"]["scenarios"]
    assert plain["claims"] == found["claims"]


def test_difference_is_a_finding_whose_token_repeats_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1; on the right bootloader the same token shows none."""
    monkeypatch.setattr("otaproof.binary.recovery.program_file.read_program", lambda path: elf_with(SELECTS_SLOT_0))
    line = [*arguments, "--faults", "F0", "--bootloader", str(FAITHFUL)]
    code, found = checked(capsys, *line)
    difference = found["bootloader"]["difference"]
    assert (ExitCode.VIOLATED, "differs") == (code, found["bootloader"]["verdict"])
    assert difference["case"][0].startswith("boot; partition table: nvs, otadata, ota_0, ota_1")
    assert ExitCode.VIOLATED == main(["replay", difference["token"], "--bootloader", str(FAITHFUL)])
    assert f"code: {difference['program']}" in capsys.readouterr().out
    monkeypatch.undo()
    assert ExitCode.HOLDS == main(["replay", difference["token"], "--bootloader", str(FAITHFUL)])


@pytest.mark.parametrize("code", [SELECTS_SLOT_0, GOES_BY_BYTE_0X40])
def test_sweep_decides_for_the_code_what_each_cut_point_decides_alone(code: str) -> None:
    """Also where the code goes by a byte that impl does not read."""
    elf, world = elf_with(code), small_world()
    device = watched(elf, world)
    oracle = WatchingOracle(device)
    result = sweep(device, play_script(device, script_of(Scenario.UPGRADE, device)), oracle, FaultModel.F1, 0)
    kinds = set()
    for stretch in result.stretches:
        found = words(oracle.difference(stretch.known))
        kinds.add(found)
        for number in {0, stretch.count - 1}:
            assert found == found_alone(elf, world, stretch, number), (stretch.played.step, stretch.torn)
    assert len(kinds) > 1


def test_cut_points_are_told_apart_by_what_the_code_alone_reads() -> None:
    """Erased up to byte 0x40 of otadata, it still reads the 0 there."""
    world = small_world()
    for elf, expected in ((read_bootloader_elf(FAITHFUL), False), (elf_with(GOES_BY_BYTE_0X40), True)):
        device = watched(elf, world)
        run = play_script(device, script_of(Scenario.UPGRADE, device))
        result = sweep(device, run, WatchingOracle(device), FaultModel.F1, 0)
        starts = {stretch.torn.length for stretch in result.stretches if stretch.torn is not None}
        assert expected is (0x41 in starts)


@pytest.mark.parametrize(("elf", "chip"), [(FAITHFUL, Chip.ESP32C3), (XTENSA, Chip.ESP32)])
def test_what_the_code_reads_is_noted(elf: Path, chip: Chip) -> None:
    """The rows of the table, both records and images, and no other byte of otadata."""
    world = made_device(0x10000, 2_000, replace(CONFIG, chip=chip))
    flash, tracker = NorFlash(world.cells), ReadTracker()
    flash.tracker = tracker
    device = watched(read_bootloader_elf(elf), world)
    device.watch.compare(flash, world.board().efuse)
    read = {(sector, byte) for sector, start, end in tracker.read for byte in range(start, end)}
    first = OTADATA >> 12
    expected = {(sector, byte) for sector in (first, first + 1) for byte in range(32)}
    assert expected == {(sector, byte) for sector, byte in read if sector in (first, first + 1)}
    assert {(8, byte) for byte in range(4 * 32)} <= read
    assert 0x10000 in {address for query in tracker.answers for address, _ in query.pieces}


def test_wrong_xtensa_bootloader_is_a_finding_whose_token_repeats_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """INVALID in place of ABORTED, after a cut that leaves PENDING_VERIFY."""
    arguments[arguments.index("esp32c3")] = "esp32"
    broken = IMAGES / "xtensa-abort_as_invalid-Os.elf"
    code, found = checked(capsys, *arguments, "--faults", "F0", "--bootloader", str(broken))
    assert (ExitCode.VIOLATED, "differs") == (code, found["bootloader"]["verdict"])
    difference = found["bootloader"]["difference"]
    assert "03000000" in difference["program"]
    assert ExitCode.VIOLATED == main(["replay", difference["token"], "--bootloader", str(broken)])
    assert f"code: {difference['program']}" in capsys.readouterr().out
    assert ExitCode.HOLDS == main(["replay", difference["token"], "--bootloader", str(XTENSA)])


def test_code_that_cannot_be_run_on_is_inconclusive(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jump to address 0 is no difference; a claim that is violated still counts more."""
    monkeypatch.setattr("otaproof.binary.recovery.program_file.read_program", lambda path: elf_with("67000000"))
    code, found = checked(capsys, *arguments, "--no-rollback", "--faults", "F0", "--bootloader", str(FAITHFUL))
    assert ("inconclusive", 0) == (found["bootloader"]["verdict"], found["bootloader"]["boots"])
    assert found["bootloader"]["fault"].startswith("jumps to 0x00000000, where no code is")
    is_violated = any(claim["verdict"] == "violated" for claim in found["claims"])
    assert (ExitCode.VIOLATED if is_violated else ExitCode.INCONCLUSIVE) == code


@pytest.mark.parametrize(
    ("elf", "chip", "told"),
    [
        (FAITHFUL, "esp32", "RISC-V code, but the device's chip is esp32"),
        (XTENSA, "esp32c3", "Xtensa code, but the device's chip is esp32c3"),
    ],
)
def test_bootloader_of_another_chip_is_bad_input(
    elf: Path, chip: str, told: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line."""
    arguments[arguments.index("esp32c3")] = chip
    assert ExitCode.BAD_INPUT == main([*arguments, "--bootloader", str(elf)])
    printed = capsys.readouterr()
    assert ("", 1) == (printed.out, printed.err.count("\n"))
    assert told in printed.err


def test_state_of_a_device_is_a_case_again() -> None:
    """What is observed of the flash of a case is the case."""
    table = TABLES["two slots, factory"]
    case = BootCase(table, "", (1,), (BLANK_RECORD, BLANK_RECORD), (-1, 2, 3), 0x5)
    device = DeviceUnderTest(CONFIG, table, case.cells(CONFIG))
    assert case == observed_boot(device, Moment(device.cells, 0x5))
    token = RunToken(case, UNDISTURBED, CONFIG)
    assert token == decode_run_token(encode_run_token(token))


def test_token_of_a_table_of_its_own_holds_the_rows() -> None:
    """Rows that do not fit the flash are refused."""
    world = made_device(0x10000, 2_000, CONFIG)
    case = observed_boot(world, Moment(world.cells, 0))
    assert case == decode_run_token(encode_run_token(RunToken(case, UNDISTURBED, CONFIG))).case
    small = BootCase(world.table, "", (), case.records, flash_size=0x10000)
    with pytest.raises(InputError, match="token: damaged"):
        decode_run_token(encode_run_token(RunToken(small, UNDISTURBED, CONFIG)))


def test_flash_of_32_mib_is_booted_from() -> None:
    """The window has room for it."""
    case = BootCase(TABLES["two slots"], "", (0,), (BLANK_RECORD, BLANK_RECORD), flash_size=32 << 20)
    bench = BootBench(BootloaderProgram(read_bootloader_elf(FAITHFUL)), CONFIG, case.flash_size)
    assert compare(bench, case) is None


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "give its ELF file by --bootloader"),
        (["--bootloader", str(FAITHFUL), "--image", str(FAITHFUL)], "makes its own images and flash"),
    ],
)
def test_token_of_a_run_asks_for_the_bootloader_alone(
    more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2."""
    case = BootCase(TABLES["two slots"], "", (0,), (BLANK_RECORD, BLANK_RECORD))
    assert ExitCode.BAD_INPUT == main(["replay", encode_run_token(RunToken(case, UNDISTURBED, CONFIG)), *more])
    assert told in capsys.readouterr().err
