"""All that follows from one state of the device: the boot, the boot after, rollback(), a further upgrade.

`observe` plays it on a board. `FutureOracle` remembers: while a future is played, the chip notes which of
its cells, as they were at the start, were read, and which questions about larger ranges were asked ("does
this image pass?") with what answer. A state that agrees with an earlier one in exactly that has the same
future, because the programs that run are deterministic and have nothing else to go by. So a torn sector
that nothing reads costs nothing, and every answer is exact.
"""

from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ...impl.app.otaupgrade import LuaError
from ...impl.board import App, Board
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import Op, Query, ReadTracker
from ...impl.esp_err import OtaError
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic, Restart
from ...model.claims.observation import Boot, Future, Rollback, Upgrade
from ...model.ota_state import OtaImgState
from ..device_under_test import World

Ranges = tuple[tuple[int, int, int], ...]
"""(sector, start, end): bytes start … end - 1 of that sector, in ascending order."""

NOTHING_BOOTS = Boot(partition=None, image=None)


@dataclass(frozen=True, slots=True)
class Reliance:
    """What a future goes by: the bytes that were read, and the questions that were asked."""

    ranges: Ranges
    queries: tuple[Query, ...]

    def facts(self, cells: Cells, efuse_bits: int) -> tuple[Hashable, ...]:
        """Return what all of it is in a state: equal facts, equal future."""
        read = (cells.sector(sector)[start:end] for sector, start, end in self.ranges)
        return (efuse_bits, *read, *(query.ask(cells) for query in self.queries))

    def includes(self, address: int, length: int) -> bool:
        """Tell whether a change of those bytes can change the facts."""
        return next(self._touched(address, length), None) is not None

    def is_same(self, facts: tuple[Hashable, ...], cells: Cells, address: int, length: int) -> bool:
        """Tell whether the facts are still `facts` in a state that differs from theirs in those bytes at most."""
        return all(facts[place] == self._fact(place, cells) for place in self._touched(address, length))

    def _touched(self, address: int, length: int) -> Iterator[int]:
        """Yield the places, in `facts`, of what overlaps those bytes."""
        end = address + length
        for place, (sector, first, last) in enumerate(self.ranges, 1):
            if sector * SECTOR_SIZE + first < end and address < sector * SECTOR_SIZE + last:
                yield place
        for place, query in enumerate(self.queries, 1 + len(self.ranges)):
            if query.address < end and address < query.address + query.length:
                yield place

    def _fact(self, place: int, cells: Cells) -> Hashable:
        if place <= len(self.ranges):
            sector, start, end = self.ranges[place - 1]
            return cells.sector(sector)[start:end]
        return self.queries[place - 1 - len(self.ranges)].ask(cells)


@dataclass(frozen=True, slots=True)
class Known:
    """A future, what it goes by, and what that was in the state it was played from."""

    future: Future
    reliance: Reliance
    facts: tuple[Hashable, ...]


class FutureOracle:
    """Tells the future of any state of one world's device; plays each that differs once."""

    def __init__(self, world: World) -> None:
        """Know nothing yet."""
        self.world = world
        self.played = 0
        """Futures played so far: states that differ in something that matters."""
        self._known: dict[Reliance, dict[tuple[Hashable, ...], Known]] = {}

    def tell(self, cells: Cells, efuse_bits: int) -> Known:
        """Return the future of a device that holds `cells` and has `efuse_bits` burned, before its power-on."""
        for reliance, by_facts in self._known.items():
            known = by_facts.get(reliance.facts(cells, efuse_bits))
            if known is not None:
                return known
        tracker = ReadTracker()
        future = observe(self.world, cells, efuse_bits, tracker)
        reliance = Reliance(_merged(tracker.read), tuple(tracker.answers))
        known = Known(future, reliance, reliance.facts(cells, efuse_bits))
        self._known.setdefault(reliance, {})[known.facts] = known
        self.played += 1
        return known


def _merged(pieces: Iterable[tuple[int, int, int]]) -> Ranges:
    """Return the ranges that cover the pieces, each byte once."""
    ranges: list[tuple[int, int, int]] = []
    for sector, start, end in sorted(pieces):
        if ranges and ranges[-1][0] == sector and start <= ranges[-1][2]:
            ranges[-1] = (sector, ranges[-1][1], max(ranges[-1][2], end))
        else:
            ranges.append((sector, start, end))
    return tuple(ranges)


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
        if fresh.running.label == label and _reported_state(fresh) is not None:
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


def _switch_on(board: Board) -> App | None:
    try:
        return board.power_on()
    except Panic:
        return None


def _boot(world: World, board: Board, app: App | None) -> Boot:
    if app is None:
        return NOTHING_BOOTS
    image = world.image_found(app.running, board.flash.ask)
    return Boot(
        partition=app.running.label,
        image=None if image is None else image.name,
        is_under_test=_reported_state(app) == OtaImgState.PENDING_VERIFY,
        secure_version=_secure_version(app),
        efuse_version=board.efuse.secure_version,
    )


def _reported_state(app: App) -> int | None:
    """Return the state word of the running slot; None where no otadata entry names it: nothing to accept."""
    try:
        return app.ota.esp_ota_get_state_partition(app.running)
    except OtaError:
        return None


def _secure_version(app: App) -> int:
    try:
        return app.ota.esp_ota_get_partition_description(app.running).secure_version
    except OtaError:
        return 0
