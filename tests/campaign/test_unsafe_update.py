"""Updates of bootloader and partition table: what each cut comes to, and that deciding it fast changes no answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from otaproof.campaign.unsafe_update.brick_window import SessionSweep, sweep_session
from otaproof.campaign.unsafe_update.session import (
    SessionCut,
    SessionDevice,
    SessionFailed,
    play_session,
)
from otaproof.campaign.unsafe_update.settled_start import SettledStart, StartKind, Version, settled_start
from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.chip.torn_operations import AFTER, BEFORE, Torn
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel
from unsafe_updates import DEVICES, ROWS_OF_NEW_TABLE, TABLE_OFFSET, bootloader_device, table_device

COPY = "esp_ota_end()"


def swept(device: SessionDevice, faults: FaultModel = FaultModel.F1) -> SessionSweep:
    """Return the sweep of the device's session."""
    return sweep_session(device, play_session(device), faults, seed=0)


def copying_calls(found: SessionSweep) -> int:
    """Return the number of the call that copies."""
    return next(run.first.call for run in found.runs if run.first.name == COPY)


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 23])
@pytest.mark.parametrize("name", DEVICES)
def test_each_cut_of_the_copy_is_decided_as_by_pulling_the_plug(name: str, every: int) -> None:
    """Every byte of every operation of esp_ota_end, played on a board of its own; nothing is remembered.

    The fast half looks at the first and last cut of each run, and at each 23rd."""
    device = DEVICES[name]()
    found = swept(device, FaultModel.F2)
    copy = copying_calls(found)
    decided = 0
    for run in found.runs:
        if run.first.call != copy:
            continue
        for step in sorted({*range(0, run.count, every), run.count - 1}):
            torn = replace(run.first.torn, length=run.first.torn.length + step)
            left = play_session(device, SessionCut(copy, run.first.op_index, torn))[-1].moments[-1]
            assert settled_start(device, replace(left, cells=Cells.from_bytes(left.cells.to_bytes()))) == run.start
            decided += 1
    assert decided > 2 * SECTOR_SIZE / every


@pytest.mark.parametrize("name", DEVICES)
def test_before_the_copy_no_cut_leaves_anything_but_the_old_device(name: str) -> None:
    """The download goes elsewhere."""
    found = swept(DEVICES[name](), FaultModel.F3)
    copy = copying_calls(found)
    starts = {run.start for run in found.runs if run.first.call < copy}
    assert {(StartKind.RUNS, "ota_0")} == {(start.kind, start.partition) for start in starts}
    assert {Version.OLD} == {start.table or start.bootloader for start in starts}


def test_brick_window_of_a_table_ends_with_its_md5_row() -> None:
    """From the first byte that is erased to the last byte of the MD5 row: behind it lies nothing that is read."""
    found = swept(table_device())
    windows = {window.faults: window for window in found.windows()}
    first, last = windows[FaultModel.F1].first, windows[FaultModel.F1].last
    assert first is not None and last is not None
    assert (COPY, FlashOpKind.ERASE, TABLE_OFFSET, 1) == (first.name, first.op.kind, first.op.address, first.done)
    length = 32 * (ROWS_OF_NEW_TABLE + 1)
    assert (COPY, FlashOpKind.PROGRAM, length - 1) == (last.name, last.op.kind, last.done)
    assert windows[FaultModel.F1].bricks == windows[FaultModel.F1].between == SECTOR_SIZE - 1 + 2 + length - 1
    assert SettledStart(StartKind.RUNS, "ota_0", Version.NEW) == found.uncut


def test_table_of_whole_rows_without_its_md5_row_makes_the_application_panic() -> None:
    """The bootloader takes the blank row behind them for the end, the application wants the MD5."""
    found = swept(table_device())
    whole_rows = [
        run.start.kind
        for run in found.runs
        if run.first.name == COPY
        and run.first.op.kind is FlashOpKind.PROGRAM
        and run.first.torn not in (BEFORE, AFTER)
        and any(
            run.first.torn.length <= 32 * rows <= run.first.torn.length + run.count - 1
            for rows in range(3, 1 + ROWS_OF_NEW_TABLE)
        )
    ]
    assert [StartKind.PANICS] * len(whole_rows) == whole_rows != []


def test_brick_window_of_a_bootloader_ends_with_its_checksum() -> None:
    """The hash behind the checksum is not looked at."""
    device = bootloader_device()
    found = swept(device)
    *_, window = found.windows()
    assert window.first is not None and window.last is not None
    assert (0x1000, 1) == (window.first.op.address, window.first.done)
    checksum_at = len(device.new) - 32 - 1
    assert checksum_at == window.last.done
    assert SettledStart(StartKind.RUNS, "ota_0", None, Version.NEW) == found.uncut


def test_torn_bootloader_whose_checksum_fits_is_told_as_damaged() -> None:
    """Some prefix of 300 random bytes has, with the erased rest, a checksum of 0xFF: the ROM starts it."""
    kinds = {run.start.kind for run in swept(bootloader_device()).runs}
    assert {StartKind.RUNS, StartKind.NO_BOOTLOADER, StartKind.OTHER_BOOTLOADER} == kinds


def test_cut_between_two_whole_operations_is_enough() -> None:
    """Under F0 too, a device is lost between the erase and the program."""
    for make in DEVICES.values():
        window, *_ = swept(make(), FaultModel.F0).windows()
        assert 0 < window.bricks == window.between


def test_release_without_final_partitions_is_refused() -> None:
    """5.1 has no esp_ota_set_final_partition."""
    with pytest.raises(SessionFailed, match=r"exists from 5\.5 on"):
        play_session(table_device(Release.V5_1))


def test_table_that_the_bootloader_would_refuse_is_never_copied() -> None:
    """esp_ota_end verifies first."""
    device = table_device()
    damaged = replace(device, new=device.new[:40] + bytes([device.new[40] ^ 1]) + device.new[41:])
    with pytest.raises(SessionFailed, match=r"esp_ota_end.*ESP_ERR_OTA_VALIDATE_FAILED"):
        play_session(damaged)


def copies_without_erasing(board: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """A wrong copy: programs over what is there."""
    for offset in range(0, length, SECTOR_SIZE):
        board.write(target, offset, board.read(source, offset, SECTOR_SIZE))


def copies_last_sector_first(board: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """A wrong copy: the header comes last, which closes most of the window."""
    board.erase_range(target, 0, length)
    for offset in reversed(range(0, length, SECTOR_SIZE)):
        board.write(target, offset, board.read(source, offset, SECTOR_SIZE))


def copies_row_by_row(board: EspPartitions, target: Partition, source: Partition, length: int) -> None:
    """A wrong copy: one program for each row."""
    board.erase_range(target, 0, length)
    for offset in range(0, length, 32):
        board.write(target, offset, board.read(source, offset, 32))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("bootloader", copies_without_erasing),
        ("bootloader", copies_last_sector_first),
        ("partition table", copies_without_erasing),
        ("partition table", copies_row_by_row),
    ],
)
def test_wrong_copy_has_another_brick_window(
    name: str, wrong: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window is that of the operations: boards that copy in another way are told from ESP-IDF's."""
    device = DEVICES[name]()
    right = list(swept(device).windows())
    monkeypatch.setattr(EspPartitions, "copy", wrong)
    assert right != list(swept(device).windows())


def test_torn_tears_are_those_of_the_run() -> None:
    """The last cut of a run is as many bytes further as it has cuts."""
    for run in swept(table_device()).runs:
        if run.count > 1:
            assert Torn(run.first.torn.kind, length=run.first.torn.length + run.count - 1) == run.last.torn
