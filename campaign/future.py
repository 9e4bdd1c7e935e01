"""All that follows from one state of the device: the boot, the boot after, rollback(), a further upgrade.

`observe` plays it on a board. `FutureOracle` remembers: while a future is played, the chip notes which of
its cells, as they were at the start, were read; a state that agrees with an earlier one in exactly those
cells has the same future, because the programs that run are deterministic and have nothing else to go by.
So a torn sector that nothing reads costs nothing, and every answer is exact.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..impl.board import App, Board
from ..impl.cells import Cells
from ..impl.esp_err import OtaError
from ..impl.flash import Op, ReadTracker
from ..impl.otaupgrade import LuaError
from ..impl.partitions import Partition
from ..impl.resets import Panic, Restart
from ..model.aftermath import Boot, Future, Rollback, Upgrade
from ..model.ota_state import OtaImgState
from .world import World

Ranges = tuple[tuple[int, int, int], ...]
"""(sector, start, end): bytes start … end - 1 of that sector, in ascending order."""

NOTHING_BOOTS = Boot(partition=None, image=None)


@dataclass(frozen=True, slots=True)
class Known:
    """A future, and the cells it depends on."""

    future: Future
    ranges: Ranges

    def depends_on(self, address: int, length: int, sector_size: int = 0x1000) -> bool:
        """Tell whether the future read any of those bytes."""
        return any(
            sector * sector_size + start < address + length and address < sector * sector_size + end
            for sector, start, end in self.ranges
        )


class FutureOracle:
    """Tells the future of any state of one world's device; plays each that differs once."""

    def __init__(self, world: World) -> None:
        """Know nothing yet."""
        self.world = world
        self.played = 0
        """Futures played so far: states that differ in something that is read."""
        self._known: dict[Ranges, dict[tuple[object, ...], Known]] = {}

    def tell(self, cells: Cells, efuse_bits: int) -> Known:
        """Return the future of a device that holds `cells` and has `efuse_bits` burned, before its power-on."""
        for ranges, by_contents in self._known.items():
            known = by_contents.get(_contents(cells, efuse_bits, ranges))
            if known is not None:
                return known
        tracker = ReadTracker()
        future = observe(self.world, cells, efuse_bits, tracker)
        ranges = tuple((sector, *bounds) for sector, bounds in sorted(tracker.read.items()))
        known = Known(future, ranges)
        self._known.setdefault(ranges, {})[_contents(cells, efuse_bits, ranges)] = known
        self.played += 1
        return known


def observe(world: World, cells: Cells, efuse_bits: int, tracker: ReadTracker | None = None) -> Future:
    """Play what follows from a state; `tracker` notes the cells of that state that matter to it."""
    board = world.board(cells, efuse_bits)
    board.flash.tracker = tracker
    app = _switch_on(board)
    first = _boot(world, board, app)
    if app is None:
        return Future(first, None, None, None, None, None)
    info = app.otaupgrade.info()
    after_boot = _Fork(board, app)
    idle = after_boot.board(world)
    idle_boot = _boot(world, idle, _switch_on(idle))
    return Future(
        boot=first,
        info_running=info.running,
        info_next=info.next,
        idle_boot=idle_boot,
        rollback=_roll_back(world, after_boot),
        upgrade=_upgrade(world, after_boot, first.is_under_test),
    )


class _Fork:
    """The device as it is right after a boot, to go on from in several ways."""

    def __init__(self, board: Board, app: App) -> None:
        self._cells = board.flash.cells
        self._efuse_bits = board.efuse.bits
        self._tracker = board.flash.tracker
        self._running = app.running

    def board(self, world: World) -> Board:
        board = world.board(self._cells, self._efuse_bits)
        board.flash.tracker = None if self._tracker is None else self._tracker.fork()
        return board

    def app(self, board: Board) -> App:
        """Return the application as it is right after the boot."""
        return App(board.flash, board.efuse, board.config, self._running)


def _roll_back(world: World, fork: _Fork) -> Rollback:
    board = fork.board(world)
    app = fork.app(board)
    try:
        app.otaupgrade.rollback()
    except LuaError as error:
        return Rollback(str(error), bool(board.flash.ops), None)
    except Panic:
        return Rollback("panic", bool(board.flash.ops), None)
    except Restart:
        return Rollback(None, bool(board.flash.ops), _boot(world, board, _switch_on(board)))
    raise AssertionError("rollback() returned")


def _upgrade(world: World, fork: _Fork, is_under_test: bool) -> Upgrade:
    board = fork.board(world)
    app = fork.app(board)
    running = app.running
    target = app.ota.esp_ota_get_next_update_partition()
    label = None if target is None else target.label
    step = "accept"
    wrote_running = False
    try:
        if is_under_test:
            app.otaupgrade.accept()
        board.flash.take_ops()
        step = "commence"
        app.otaupgrade.commence()
        step = "write"
        app.otaupgrade.write(world.update.contents)
        step = "complete"
        with suppress(Restart):
            app.otaupgrade.complete(1)
        wrote_running = touches(board.flash.take_ops(), running)
        step = "power_on"
        fresh = _switch_on(board)
        if fresh is None:
            return Upgrade(label, "power_on: nothing boots", None, wrote_running)
        if fresh.running.label == label and has_entry(fresh):
            step = "accept"
            fresh.otaupgrade.accept()
        return Upgrade(label, None, _boot(world, board, _switch_on(board)), wrote_running)
    except LuaError as error:
        return Upgrade(label, f"{step}: {error}", None, wrote_running or touches(board.flash.take_ops(), running))
    except Panic:
        return Upgrade(label, f"{step}: panic", None, wrote_running or touches(board.flash.take_ops(), running))


def touches(ops: list[Op], partition: Partition) -> bool:
    """Tell whether any of the operations changes bytes of the partition."""
    return any(op.address < partition.end and partition.offset < op.address + op.length for op in ops)


def has_entry(app: App) -> bool:
    """Tell whether an otadata entry names the running slot, so that there is something to accept."""
    return _reported_state(app) is not None


def _switch_on(board: Board) -> App | None:
    try:
        return board.power_on()
    except Panic:
        return None


def _boot(world: World, board: Board, app: App | None) -> Boot:
    if app is None:
        return NOTHING_BOOTS
    image = _image_in(world, board, app.running)
    return Boot(
        partition=app.running.label,
        image=image,
        is_under_test=_reported_state(app) == OtaImgState.PENDING_VERIFY,
        secure_version=_secure_version(app),
        efuse_version=board.efuse.secure_version,
    )


def _image_in(world: World, board: Board, partition: Partition) -> str | None:
    """Return the name of the known image in a partition; what is compared counts as read."""
    for image in world.images:
        if len(image.contents) <= partition.size:
            board.flash.note_read(partition.offset, len(image.contents))
    image = world.image_in(board.flash.cells, partition)
    return None if image is None else image.name


def _reported_state(app: App) -> int | None:
    try:
        return app.ota.esp_ota_get_state_partition(app.running)
    except OtaError:
        return None


def _secure_version(app: App) -> int:
    try:
        return app.ota.esp_ota_get_partition_description(app.running).secure_version
    except OtaError:
        return 0


def _contents(cells: Cells, efuse_bits: int, ranges: Ranges) -> tuple[object, ...]:
    return (efuse_bits, *_read_ranges(cells, ranges))


def _read_ranges(cells: Cells, ranges: Ranges) -> Iterator[bytes]:
    for sector, start, end in ranges:
        yield cells.sector(sector)[start:end]
