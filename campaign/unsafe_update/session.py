"""The session that brings a bootloader or a partition table, call by call, as ESP-IDF's example does it.

The application downloads into the slot that the next update would go to, and has the data checked for what it is to
be; then esp_ota_end copies it to its final place. The application takes that place from the table, or registers it.
Source: examples/system/ota/partitions_ota (which calls esp_partition_copy itself, with the same operations).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TypeVar

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.app.esp_partition import EspPartitions
from ...impl.board import App, Board
from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.chips import CHIPS
from ...impl.chip.flash import FlashOp, PlannedCut, PlanNotReached
from ...impl.chip.torn_operations import Torn
from ...impl.esp_err import OtaError
from ...impl.partitions.partition import PRIMARY_SUBTYPE, Partition, PartitionType
from ...impl.program_end import Hang, Panic, PowerCut
from ...model.config import Release
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment

OLDEST_RELEASE = Release.V5_5
"""From here on there is esp_ota_set_final_partition."""
WRITE = "esp_ota_write"
R = TypeVar("R")


class SessionFailed(Exception):
    """The session does not go through even without a cut; the message says where and why."""


class UpdateKind(Enum):
    """What a session brings in unsafe update mode."""

    BOOTLOADER = "bootloader"
    PARTITION_TABLE = "partition-table"


@dataclass(frozen=True, slots=True)
class SessionDevice:
    """A device, and what a session brings to it."""

    dut: DeviceUnderTest
    """With a bootloader in flash, where the session brings one."""
    kind: UpdateKind
    old: bytes
    """What lies in the final place before the update: an image, or the sector of the table."""
    new: bytes
    """What the update brings."""

    @property
    def rom_looks_at(self) -> int:
        """Offset at which the ROM looks for the bootloader, in bytes."""
        return CHIPS[self.dut.config.chip].bootloader_offset

    @property
    def bootloader_room(self) -> int:
        """Bytes from there to the partition table."""
        return self.dut.config.table_offset - self.rom_looks_at

    @property
    def final(self) -> Partition:
        """The partition that the data is for: the table's row of that use, or what the application registers."""
        if self.kind is UpdateKind.BOOTLOADER:
            place, type_ = ("PrimaryBTLDR", self.rom_looks_at, self.bootloader_room), PartitionType.BOOTLOADER
        else:
            place = "PrimaryPrtTable", self.dut.config.table_offset, SECTOR_SIZE
            type_ = PartitionType.PARTITION_TABLE
        label, offset, size = place
        rows = (row for row in self.dut.table if (row.type, row.subtype) == (type_, PRIMARY_SUBTYPE))
        return next(rows, Partition(label, type_, PRIMARY_SUBTYPE, offset, size))


@dataclass(frozen=True, slots=True)
class SessionCall:
    """A call of the session, played."""

    name: str
    ops: tuple[FlashOp, ...]
    moments: tuple[Moment, ...]
    """What was there before the call, and after each operation."""


@dataclass(frozen=True, slots=True)
class SessionCut:
    """Where the power fails: call and operation within it, from 0, and what that leaves."""

    call: int
    op: int
    torn: Torn


def play_session(device: SessionDevice, cut: SessionCut | None = None) -> tuple[SessionCall, ...]:
    """Play the session, up to its end or to a cut, and return its calls; the last one is then what the cut left of it.

    Raises SessionFailed where it does not go through, PlanNotReached where there is no such cut."""
    if device.dut.config.app_release < OLDEST_RELEASE:
        raise SessionFailed(f"esp_ota_set_final_partition() exists from {OLDEST_RELEASE.label} on")
    board = device.dut.board()
    app = _start(board)
    staging = app.ota.esp_ota_get_next_update_partition()
    if staging is None:
        raise SessionFailed("there is no slot to download into")
    recorder = _Recorder(board, cut)
    try:
        _make_calls(device, app, staging, recorder)
    except PowerCut:
        pass
    except OtaError as error:
        raise SessionFailed(f"{recorder.begun}: {error}") from None
    except (Panic, Hang) as end:
        raise SessionFailed(
            f"{recorder.begun}: the program {'panics' if isinstance(end, Panic) else 'hangs'}"
        ) from None
    if cut is not None and cut.call >= len(recorder.calls):
        raise PlanNotReached(f"it cuts call {cut.call}, but the session has {len(recorder.calls)}")
    return recorder.calls


def _start(board: Board) -> App:
    try:
        app = board.power_on()
    except (Panic, Hang):
        app = None
    if app is None:
        raise SessionFailed("the device starts no application before it")
    return app


def _make_calls(device: SessionDevice, app: App, staging: Partition, recorder: "_Recorder") -> None:
    ota, new, chunk = app.ota, device.new, device.dut.chunk
    final = _final_partition(app.partitions, device.final)
    handle = recorder.call(f"esp_ota_begin({staging.label})", partial(ota.esp_ota_begin, staging, OTA_SIZE_UNKNOWN))
    recorder.call(
        f"esp_ota_set_final_partition({final.label}, finalize_with_copy)",
        partial(ota.esp_ota_set_final_partition, handle, final, finalize_with_copy=True),
    )
    for at in range(0, len(new), chunk):
        piece = new[at : at + chunk]
        recorder.call(f"{WRITE}(bytes {at} … {at + len(piece) - 1})", partial(ota.esp_ota_write, handle, piece))
    recorder.call("esp_ota_end()", partial(ota.esp_ota_end, handle))


def _final_partition(partitions: EspPartitions, wanted: Partition) -> Partition:
    """Return the table's own row of that use, or the one that the application registers."""
    found = partitions.find_first(wanted.type, wanted.subtype)
    return partitions.register_external(wanted) if found is None else found


class _Recorder:
    """Takes down the calls of a session, and has the power fail in one of them."""

    def __init__(self, board: Board, cut: SessionCut | None) -> None:
        self.board = board
        self.calls: tuple[SessionCall, ...] = ()
        self.begun = "esp_partition_register_external()"
        """The call that was begun last; the first makes no operation, and is not taken down."""
        self._cut = cut

    def call(self, name: str, function: Callable[[], R]) -> R:
        """Make a call; raises PowerCut where the power fails in it."""
        flash, bits = self.board.flash, self.board.efuse.bits
        self.begun = name
        flash.take_ops()
        flash.snapshots = []
        if self._cut is not None and self._cut.call == len(self.calls):
            flash.plan_cut(PlannedCut(self._cut.op, self._cut.torn))
        try:
            result = function()
            flash.end_plan()
            return result
        finally:
            moments = tuple(Moment(after, bits) for after in (*flash.snapshots, flash.cells))
            self.calls += (SessionCall(name, tuple(flash.take_ops()), moments),)
