"""Histories that devices go through every day, most without a fault, played on the board: explain() tries them first.

A device is made, updated a few times by the library of its application, and then something more happens to it: a
download breaks off, an image fails its trial, somebody flashes it by cable or uses a tool. Each history is played byte
by byte, so it needs no search, and is told exactly as it was played. Where one leaves what a flash holds, that is how
the device most likely came to this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ...impl.chip.cells import SECTOR_SIZE
from ...model.config import Chip, Config
from ...model.device.state import Scope
from ...model.writers import OutsideWriter
from ..history.history import OTADATA, History, SmallDevice, SmallImage
from ..history.history_replay import token_of
from ..history.history_token import encode_history_token
from ..history.player import Player
from ..history.step import POWER_ON
from ..lockstep.abstraction import StoredSlot, records_in_bytes, slot_in_bytes
from ..lockstep.record_view import RecordView
from .device_life import IMAGE_SIZE, DeviceLife
from .endings_of_life import ENDINGS, FIRST_PART, WriterKind, is_of_arduino
from .history_target import BOOT_APP0, STARTS, Start, Target


@dataclass(frozen=True, slots=True)
class OrdinaryHistory:
    """A history that leaves what a flash holds."""

    writer: OutsideWriter | None
    """Who wrote flash, where it was not the library of the application."""
    sentences: tuple[str, ...]
    token: str
    """What `otaproof replay` plays it by."""
    entries: tuple[bytes, bytes]
    """What otadata holds at its end."""
    cuts: int
    """Power cuts in it, each between two operations."""


def ordinary_history(
    target: Target, config: Config, names: tuple[str, ...], kind: WriterKind
) -> OrdinaryHistory | None:
    """Return the first ordinary history of a kind that leaves what is searched for; None where none does.

    names: labels of the slots."""
    if target.stored.burned or target.has_odd_word:
        return None
    for ended in _ended_lives(target.scope, config, names, kind):
        if _leaves(ended, target):
            life = ended.life
            entries = life.history.dut.entries(life.player.moment.cells)
            assert entries is not None
            cuts = sum(step.cut is not None for step in life.history.steps)
            return OrdinaryHistory(ended.writer, life.sentences, _token(life), entries, cuts)
    return None


def _token(life: DeviceLife) -> str:
    return encode_history_token(token_of(life.history, ""))


@dataclass(frozen=True, slots=True)
class _EndOfLife:
    """A device at the end of an ordinary history, and what it holds as the model sees it."""

    life: DeviceLife
    writer: OutsideWriter | None
    records: tuple[RecordView, RecordView]
    slots: tuple[StoredSlot, ...]


class _EndsOfLives:
    """Ordinary histories, each played once, when it is first asked for."""

    def __init__(self, lives: Iterator[_EndOfLife]) -> None:
        self._known: list[_EndOfLife] = []
        self._more = lives

    def __iter__(self) -> Iterator[_EndOfLife]:
        yield from self._known
        for ended in self._more:
            self._known.append(ended)
            yield ended


@lru_cache(maxsize=4)
def _ended_lives(scope: Scope, config: Config, names: tuple[str, ...], kind: WriterKind) -> _EndsOfLives:
    """Return the ordinary histories of a device, the most ordinary first."""
    return _EndsOfLives(_played(scope, config, names, kind))


def _played(scope: Scope, config: Config, names: tuple[str, ...], kind: WriterKind) -> Iterator[_EndOfLife]:
    lives = list(_accepted_lives(scope, config, names))
    for ending in ENDINGS:
        if ending.kind is kind:
            for life in lives:
                yield from (_ended(ended, ending.writer, scope) for ended in ending.play(life))


def _ended(life: DeviceLife, writer: OutsideWriter | None, scope: Scope) -> _EndOfLife:
    cells, dut = life.player.moment.cells, life.history.dut
    first, second = cells.sectors(OTADATA, 2 * SECTOR_SIZE)
    slots = (dut.partition(f"ota_{slot}") for slot in range(scope.slots))
    held = tuple(slot_in_bytes(cells.sectors(slot.offset, slot.size)) for slot in slots)
    return _EndOfLife(life, writer, records_in_bytes(scope, first, second), held)


def _accepted_lives(scope: Scope, config: Config, names: tuple[str, ...]) -> Iterator[DeviceLife]:
    """Yield devices that were updated 0, 1, … times, each image accepted."""
    most = 2 * scope.slots + 1
    images = (
        SmallImage(1, IMAGE_SIZE),
        SmallImage(2, IMAGE_SIZE, flipped=FIRST_PART + 100),
        *(SmallImage(3 + number, IMAGE_SIZE) for number in range(most + 3)),
    )
    plain = replace(config, chip=Chip.ESP32, table_offset=Config().table_offset, table_md5=True)
    home = "factory" if scope.has_factory else "ota_0"
    for start in _starts(config):
        if start.entries[0] == BOOT_APP0 and scope.has_factory:
            continue
        device = SmallDevice(plain, tuple(range(scope.slots)), scope.has_factory, ((home, 0),), start.entries)
        history = History(device, images)
        life = DeviceLife(history, Player(history.dut), (start.title,) if start.title else (), names)
        if not life.play(POWER_ON):
            continue
        life.say(f"{life.running} starts at power-on{_written_at_first(life)}")
        yield life
        for _ in range(most):
            life = life.fork()
            before = life.sentences
            if not life.update() or not life.accept():
                break
            life.sentences = before
            life.say(_updated(life, config))
            yield life


def _starts(config: Config) -> tuple[Start, ...]:
    """Return what a device holds before its first power-on, the likeliest first."""
    return STARTS[::-1] if is_of_arduino(config) else STARTS


def _written_at_first(life: DeviceLife) -> str:
    """Say what the first power-on has written."""
    is_fresh = life.history.device.entries[0] != BOOT_APP0 and not life.history.device.has_factory
    return ", and the bootloader writes its entry, VALID" if is_fresh else ""


def _updated(life: DeviceLife, config: Config) -> str:
    accepted = config.updates.accepted if config.rollback else "is accepted"
    return f"an update brings an image to {life.running}, which starts and {accepted}"


def _leaves(ended: _EndOfLife, target: Target) -> bool:
    """Tell whether a device holds what is searched for."""
    if ended.records != target.stored.records:
        return False
    pairs = zip(ended.slots, target.stored.slots, strict=True)
    return not target.knows_images or all(
        (found.has_description, found.verifies, 0) == (wanted.has_description, wanted.verifies, wanted.version)
        for found, wanted in pairs
    )
