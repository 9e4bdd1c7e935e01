"""All that follows from one state of the device: the boot, the boot after, rollback(), a further upgrade.

`observe` plays it on a board. `FutureOracle` remembers: while a future is played, the chip notes which of
its cells, as they were at the start, were read, and which queries about larger ranges were made ("does
this image pass?") with what answer. A state that agrees with an earlier one in exactly that has the same
future, because the programs that run are deterministic and depend on nothing else. So a torn sector
that nothing reads costs nothing, and every answer is exact.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from ...impl.board import App
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import Query, ReadTracker
from ...impl.esp_err import OtaError
from ...model.claims.observation import Boot, Future, Rollback, Upgrade
from ...model.ota_state import api_name
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played, Player, StepOutcome
from ..history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, ROLLBACK, Step, StepName
from ..history.whole_records import deciding_note, newly_rejected, notes_in

Ranges = tuple[tuple[int, int, int], ...]
"""(sector, start, end): bytes start … end - 1 of that sector, in ascending order."""

NOTHING_BOOTS = Boot(partition=None, image=None)


@dataclass(frozen=True, slots=True)
class Reliance:
    """What a future depends on: the bytes that were read, and the queries that were made."""

    ranges: Ranges
    queries: tuple[Query, ...]

    def answers(self, moment: Moment) -> tuple[Hashable, ...]:
        """Return what all of it is in a state: equal answers mean an equal future."""
        cells = moment.cells
        read = (cells.sector(sector)[start:end] for sector, start, end in self.ranges)
        return (moment.efuse_bits, *read, *(query.ask(cells) for query in self.queries))

    def includes(self, address: int, length: int) -> bool:
        """Tell whether a change of those bytes can change the answers."""
        return next(self._touched(address, length), None) is not None

    def is_same(self, answers: tuple[Hashable, ...], cells: Cells, address: int, length: int) -> bool:
        """Tell whether the answers are still `answers` in a state that differs from theirs in those bytes at most."""
        return all(answers[place] == self._answer(place, cells) for place in self._touched(address, length))

    def _touched(self, address: int, length: int) -> Iterator[int]:
        """Yield the places, in `answers`, of what overlaps those bytes."""
        end = address + length
        for place, (sector, first, last) in enumerate(self.ranges, 1):
            if sector * SECTOR_SIZE + first < end and address < sector * SECTOR_SIZE + last:
                yield place
        for place, query in enumerate(self.queries, 1 + len(self.ranges)):
            if query.address < end and address < query.address + query.length:
                yield place

    def _answer(self, place: int, cells: Cells) -> Hashable:
        if place <= len(self.ranges):
            sector, start, end = self.ranges[place - 1]
            return cells.sector(sector)[start:end]
        return self.queries[place - 1 - len(self.ranges)].ask(cells)


@dataclass(frozen=True, slots=True)
class Known:
    """A future, what it depends on, and what that was in the state it was played from."""

    future: Future
    reliance: Reliance
    answers: tuple[Hashable, ...]


class FutureOracle:
    """Tells the future of any state of one device under test; plays each that differs once."""

    def __init__(self, dut: DeviceUnderTest) -> None:
        """Know nothing yet."""
        self.dut = dut
        self.played = 0
        """Futures played so far: states that differ in something that matters."""
        self._known: dict[Reliance, dict[tuple[Hashable, ...], Known]] = {}

    def tell(self, moment: Moment) -> Known:
        """Return the future of a device that holds this, before its power-on."""
        for reliance, by_answers in self._known.items():
            known = by_answers.get(reliance.answers(moment))
            if known is not None:
                return known
        tracker = ReadTracker()
        future = observe(self.dut, moment, tracker)
        reliance = reliance_of(tracker)
        known = Known(future, reliance, reliance.answers(moment))
        self._known.setdefault(reliance, {})[known.answers] = known
        self.played += 1
        return known


def reliance_of(tracker: ReadTracker) -> Reliance:
    """Return what a future depends on that was played with this tracker."""
    return Reliance(_merged(tracker.read), tuple(tracker.answers))


def _merged(pieces: Iterable[tuple[int, int, int]]) -> Ranges:
    """Return the ranges that cover the pieces, each byte once."""
    ranges: list[tuple[int, int, int]] = []
    for sector, start, end in sorted(pieces):
        if ranges and ranges[-1][0] == sector and start <= ranges[-1][2]:
            ranges[-1] = (sector, ranges[-1][1], max(ranges[-1][2], end))
        else:
            ranges.append((sector, start, end))
    return tuple(ranges)


def observe(dut: DeviceUnderTest, moment: Moment, tracker: ReadTracker | None = None) -> Future:
    """Play what follows from a state; `tracker` notes the cells of that state that matter to it."""
    player = Player(dut, moment)
    player.board.flash.tracker = tracker
    notes = notes_in(dut, player.board.flash.read)
    first = _boot(player)
    if player.app is None:
        return Future(notes, first, None, None, None, None, None)
    info = player.app.otaupgrade.info()
    return Future(
        notes=notes,
        boot=first,
        info_running=info.running,
        info_next=info.next,
        idle_boot=_boot(player.fork_off()),
        rollback=_roll_back(player.fork_at_start()),
        upgrade=_upgrade(player.fork_at_start(), first.is_under_test),
    )


def _roll_back(player: Player) -> Rollback:
    dut, read = player.dut, player.board.flash.read
    before = notes_in(dut, read)
    played = player.play(ROLLBACK)
    rejected = newly_rejected(before, notes_in(dut, read))
    boot = _boot(player) if played.outcome is StepOutcome.RESTARTED else None
    return Rollback(_problem(played), bool(played.ops), boot, rejected)


def _upgrade(player: Player, is_under_test: bool) -> Upgrade:
    """Accept what is under test, bring the update in one write(), start it, and accept it."""
    app, contents = player.app, player.dut.update.contents
    assert app is not None
    running, target = app.running, app.ota.esp_ota_get_next_update_partition()
    label = None if target is None else target.label
    image = next((known.name for known in player.dut.images if known.contents == contents), None)
    wrote_running = False
    first = (ACCEPT,) if is_under_test else ()
    for step in (*first, COMMENCE, Step(StepName.WRITE, image=None, length=len(contents)), COMPLETE):
        played = player.play(step)
        wrote_running |= played.touches(running)
        if (problem := _problem(played)) is not None:
            return Upgrade(label, image, f"{step.call_name}: {problem}", None, wrote_running)
    error = _start_and_accept(player, label)
    return Upgrade(label, image, error, _boot(player) if error is None else None, wrote_running)


def _start_and_accept(player: Player, label: str | None) -> str | None:
    """Start what the upgrade brought, and accept it where it runs; return what went wrong."""
    player.play(POWER_ON)
    if player.app is None:
        return "power_on: nothing boots"
    if player.running != label:
        return None
    problem = _problem(player.play(ACCEPT))
    return None if problem is None else f"accept: {problem}"


def _problem(played: Played) -> str | None:
    """Return why a call did not do what it is for; None when it did."""
    if played.outcome is StepOutcome.RAISED:
        return played.error
    if played.outcome is StepOutcome.PANICKED:
        return "panic"
    return "hang" if played.outcome is StepOutcome.HUNG else None


def _boot(player: Player) -> Boot:
    """Switch the board on and return what runs."""
    dut, board = player.dut, player.board
    before = notes_in(dut, board.flash.read)
    played = player.play(POWER_ON)
    app = player.app
    if app is None:
        return NOTHING_BOOTS
    image = dut.image_found(app.running, board.flash.ask)
    deciding = deciding_note(dut, board.flash.read)
    return Boot(
        partition=app.running.label,
        image=None if image is None else image.name,
        state=_reported_state(app),
        deciding=deciding.state if deciding is not None and deciding.partition == app.running.label else None,
        rejected=newly_rejected(before, notes_in(dut, board.flash.read)),
        wrote=bool(played.ops or played.burns),
        secure_version=_secure_version(app),
        efuse_version=board.efuse.secure_version,
    )


def _reported_state(app: App) -> str | None:
    """Return the state that info() tells of the running slot; None where no otadata entry names it."""
    try:
        return api_name(app.ota.esp_ota_get_state_partition(app.running))
    except OtaError:
        return None


def _secure_version(app: App) -> int:
    try:
        return app.ota.esp_ota_get_partition_description(app.running).secure_version
    except OtaError:
        return 0
