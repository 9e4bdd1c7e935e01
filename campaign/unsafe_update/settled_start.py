"""What a device does after a cut, power-on after power-on, with no call made: it starts an application, or is a brick.

A power-on can write otadata, so the next one can end otherwise; what counts is the first that writes nothing, since
all later ones are like it.
"""

from dataclasses import dataclass
from enum import Enum

from ...impl.board import App
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import ReadTracker
from ...impl.chip.growing_prefix import GrowingPrefix, Piece
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import TableError, load_partitions
from ...impl.rom import read_bootloader
from ...model.config import Config
from ..cuts.state_oracle import StateOracle
from ..history.player import Moment, Player, StepOutcome
from ..history.step import POWER_ON
from .session import SessionDevice, UpdateKind

_MOST_POWER_ONS = 8
"""More than both otadata entries can take to come to rest."""


class StartKind(Enum):
    """What a device comes to, in words that go on "the device …"."""

    RUNS = "starts an application"
    NO_BOOTLOADER = "starts nothing: the ROM finds no bootloader, and resets"
    OTHER_BOOTLOADER = "starts a damaged bootloader: the checksum fits, the bytes are neither the old nor the new ones"
    NO_APPLICATION = "starts nothing: the bootloader finds no application, and resets"
    PANICS = "starts nothing: a program panics, and the chip resets"
    HANGS = "starts nothing: a program hangs"
    UNSETTLED = "comes to no rest: each power-on writes flash anew"


class Version(Enum):
    """Which of two versions lies somewhere."""

    OLD = "old"
    NEW = "new"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SettledStart:
    """What a device comes to."""

    kind: StartKind
    partition: str | None = None
    """Label of the partition whose application runs."""
    table: Version | None = None
    """Which rows that application finds, where the session brings a table."""
    bootloader: Version | None = None
    """Which bootloader the ROM started, where the session brings one."""

    @property
    def is_brick(self) -> bool:
        """Whether no application of the user's runs for good."""
        return self.kind is not StartKind.RUNS


@dataclass(frozen=True, slots=True)
class StartedBootloader:
    """The question which bootloader the ROM starts: the old or the new one, another, or None at all."""

    address: int
    length: int
    old: bytes
    new: bytes

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Where a bootloader may lie."""
        return ((self.address, self.length),)

    def steady_until(self, growing: GrowingPrefix) -> int:
        """Return how many bytes are done before one of a bootloader is."""
        return growing.until_it_reaches(self.pieces)

    def ask(self, cells: Cells) -> Version | None:
        """Answer it; up to the checksum, since the ROM starts an image with any hash."""
        started = read_bootloader(cells, self.address, self.length)
        if started is None:
            return None
        names = {Version.OLD: self.old, Version.NEW: self.new}
        return next((name for name, whole in names.items() if whole.startswith(started)), Version.OTHER)


def start_oracle(device: SessionDevice) -> StateOracle[SettledStart]:
    """Return what tells the start from any state of the device."""
    return StateOracle(lambda moment, tracker: settled_start(device, moment, tracker))


def settled_start(device: SessionDevice, moment: Moment, tracker: ReadTracker | None = None) -> SettledStart:
    """Return what a device that holds this comes to; `tracker` notes the cells of that state that matter to it."""
    player = Player(device.dut, moment)
    flash = player.board.flash
    flash.tracker = tracker
    bootloader = None
    if device.kind is UpdateKind.BOOTLOADER:
        question = StartedBootloader(device.rom_looks_at, device.bootloader_room, device.old, device.new)
        answer = flash.ask(question)
        if not isinstance(answer, Version):
            return SettledStart(StartKind.NO_BOOTLOADER)
        if answer is Version.OTHER:
            return SettledStart(StartKind.OTHER_BOOTLOADER)
        bootloader = answer
    for _ in range(_MOST_POWER_ONS):
        played = player.play(POWER_ON)
        if not played.ops and not played.burns:
            table = _version_of(device, player.app)
            return SettledStart(_KINDS[played.outcome], player.running, table, bootloader)
    return SettledStart(StartKind.UNSETTLED)


def _version_of(device: SessionDevice, app: App | None) -> Version | None:
    """Return which table an application reads, where the session brings one."""
    if app is None or device.kind is not UpdateKind.PARTITION_TABLE:
        return None
    rows, config = app.partitions.table, device.dut.config
    names = {Version.OLD: device.old, Version.NEW: device.new}
    return next((name for name, raw in names.items() if rows == _rows(raw, config)), Version.OTHER)


def _rows(raw: bytes, config: Config) -> tuple[Partition, ...]:
    try:
        return load_partitions(raw.ljust(SECTOR_SIZE, b"\xff"), config.app_point, config.table_md5)
    except TableError:
        return ()


_KINDS = {
    StepOutcome.RETURNED: StartKind.RUNS,
    StepOutcome.NOTHING_BOOTS: StartKind.NO_APPLICATION,
    StepOutcome.PANICKED: StartKind.PANICS,
    StepOutcome.HUNG: StartKind.HANGS,
}
