"""Small boards for tests that drive otaupgrade: two or three slots of 64 KiB, and calls by their event."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from slot_moves import Moment, Records, parse_record

from otaproof.impl.app.otaupgrade import LuaError
from otaproof.impl.board import App, Board
from otaproof.impl.chip.cells import Cells
from otaproof.impl.esp_err import OtaError
from otaproof.impl.image.format import build_image
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.impl.program_end import Hang, Panic, Restart
from otaproof.model.config import Config, Pin, ResetReason
from otaproof.model.slot.life_cycle import Event

OTADATA = 0xD000
SECTOR_SIZE = 0x1000
SLOT_SIZE = 0x10000
IMAGE = build_image(size=1000, version="1.0.0", seed=1)
UPDATE = build_image(size=1200, version="1.1.0", seed=2)
BROKEN = IMAGE[:600] + bytes([IMAGE[600] ^ 1]) + IMAGE[601:]
"""IMAGE with one bit turned over: its checksum is wrong."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What partitions a board has besides nvs and otadata."""

    slot_count: int
    has_factory: bool

    @property
    def table(self) -> tuple[Partition, ...]:
        """The partition table."""
        apps = [("factory", 0x00)] if self.has_factory else []
        apps += [(f"ota_{slot}", 0x10 + slot) for slot in range(self.slot_count)]
        return (
            Partition("nvs", 1, 0x02, 0x9000, 0x4000),
            Partition("otadata", 1, 0x00, OTADATA, 2 * SECTOR_SIZE),
            *(
                Partition(label, 0, subtype, (number + 1) * SLOT_SIZE, SLOT_SIZE)
                for number, (label, subtype) in enumerate(apps)
            ),
        )

    def address(self, slot: int) -> int:
        """Return where a slot begins."""
        return (slot + 1 + self.has_factory) * SLOT_SIZE

    def cells(self, broken: Collection[int] = ()) -> Cells:
        """Return the chip with IMAGE in every app partition, damaged in the slots `broken`, and blank otadata."""
        apps = self.slot_count + self.has_factory
        cells = Cells.erased((apps + 1) * SLOT_SIZE).with_bytes(Config().table_offset, encode_table(self.table))
        for number in range(apps):
            cells = cells.with_bytes((number + 1) * SLOT_SIZE, IMAGE)
        for slot in broken:
            cells = cells.with_bytes(self.address(slot), BROKEN)
        return cells


OUTLINES = [Outline(slot_count, has_factory) for slot_count in (2, 3) for has_factory in (False, True)]


def read_records(cells: Cells) -> Records:
    """Return the two entries that lie in otadata."""
    return parse_record(cells.read(OTADATA, 32)), parse_record(cells.read(OTADATA + SECTOR_SIZE, 32))


def with_records(cells: Cells, first: bytes, second: bytes) -> Cells:
    """Return the chip with these entries in otadata, as another program would leave them."""
    erased = cells.with_bytes(OTADATA, b"\xff" * 2 * SECTOR_SIZE)
    return erased.with_bytes(OTADATA, first).with_bytes(OTADATA + SECTOR_SIZE, second)


def running_slot(app: App | None) -> int | None:
    """Return the slot of the image that runs; None for the factory app, or when nothing runs."""
    return app.running.slot if app is not None and app.running.is_ota_slot else None


def moment_of(board: Board, outline: Outline, app: App | None) -> Moment:
    """Return the device as the life-cycle table sees it."""
    records = read_records(board.flash.cells)
    return Moment(board.config, outline.slot_count, outline.has_factory, records, running_slot(app))


def call(function: Callable[[], object]) -> bool:
    """Make a Lua call and tell whether it failed: raised an error, or the C code trapped or hung."""
    try:
        function()
    except (LuaError, OtaError, Panic, Hang):
        return True
    except Restart:
        return False
    return False


def call_of(event: Event, app: App) -> Callable[[], object]:
    """Return the call that the event is."""
    lua = app.otaupgrade
    return {
        Event.COMMENCE: lua.commence,
        Event.WRITE: lambda: lua.write(b"\xe9"),
        Event.COMPLETE: lua.complete,
        Event.ACCEPT: lua.accept,
        Event.ROLLBACK: lua.rollback,
        Event.INFO: lua.info,
        Event.ERASE_LAST_BOOT: app.ota.esp_ota_erase_last_boot_app_partition,
    }[event]


def reset(board: Board, event: Event) -> App | None:
    """Let the reset happen that brings the event about; ERASE_OTADATA comes with the factory-reset pin."""
    if event is Event.WAKE:
        return board.power_on(ResetReason.DEEP_SLEEP)
    return board.power_on(pin=Pin.FACTORY_RESET if event is Event.ERASE_OTADATA else None)


def touches_otadata(board: Board) -> bool:
    """Tell whether an operation since the last `take_ops` touched otadata, and take the operations."""
    return any(OTADATA <= op.address < OTADATA + 2 * SECTOR_SIZE for op in board.flash.take_ops())
