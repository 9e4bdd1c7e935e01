"""Histories without a fault that devices go through every day, played on the board: what explain() tries first.

A device is made, updated a few times by the library of its application, and then something more happens to it: a
download breaks off, an image fails its trial, somebody flashes it by cable or uses a tool. Each history is played byte
by byte, so it needs no search, and is told exactly as it was played. Where one leaves what a flash holds, that is how
the device most likely came to this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache, partial

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import EntryPair
from ...model.config import Chip, Config
from ...model.device.state import Scope
from ...model.writers import (
    APP_FLASH,
    ARDUINO_UPLOAD,
    ESP_HAL,
    IDF_FLASH,
    NUTTX,
    OTATOOL_SWITCH,
    OutsideWriter,
    Updater,
)
from ..history.history import OTADATA, History, SmallDevice, SmallImage
from ..history.history_replay import token_of
from ..history.history_token import encode_history_token
from ..history.outside_records import by_esp_hal, by_nuttx, by_otatool
from ..history.player import Player
from ..history.step import COMPLETE, POWER_ON, ROLLBACK, Step, StepName
from ..history.whole_records import entries_in
from ..lockstep.abstraction import StoredSlot, records_in_bytes, slot_in_bytes
from ..lockstep.record_view import RecordView
from .device_life import DAMAGED, IMAGE_SIZE, PROVISIONED, RESTART, DeviceLife
from .history_target import BOOT_APP0, STARTS, Start, Target

FIRST_PART = 4500
"""Bytes after which a download breaks off."""
_BLANKED = Step(StepName.BLANK_OTADATA)


class WriterKind(Enum):
    """Who writes in an ordinary history."""

    LIBRARY = "the library of the application alone"
    TOOL = "a cable or a tool"
    SYSTEM = "an application that is not ESP-IDF's"


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
            return OrdinaryHistory(ended.writer, life.sentences, _token(life), entries)
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
    return STARTS[::-1] if _is_of_arduino(config) else STARTS


def _is_of_arduino(config: Config) -> bool:
    return config.updater in (Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL)


def _written_at_first(life: DeviceLife) -> str:
    """Say what the first power-on has written."""
    is_fresh = life.history.device.entries[0] != BOOT_APP0 and not life.history.device.has_factory
    return ", and the bootloader writes its entry, VALID" if is_fresh else ""


def _updated(life: DeviceLife, config: Config) -> str:
    accepted = config.updates.accepted if config.rollback else "is accepted"
    return f"an update brings an image to {life.running}, which starts and {accepted}"


@dataclass(frozen=True, slots=True)
class Ending:
    """What may happen to a device that was updated and accepted."""

    writer: OutsideWriter | None
    """Who writes flash, where it is not the library of the application."""
    play: Callable[[DeviceLife], Iterator[DeviceLife]]
    """Yields the device after each step of it at which it may be found."""

    @property
    def kind(self) -> WriterKind:
        """Who writes."""
        if self.writer is None:
            return WriterKind.LIBRARY
        return WriterKind.SYSTEM if self.writer.is_system else WriterKind.TOOL


def _nothing(life: DeviceLife) -> Iterator[DeviceLife]:
    yield life


def _trial(life: DeviceLife) -> Iterator[DeviceLife]:
    """An update that is not accepted: marked, on trial, given up, and the updates after it."""
    life = life.fork()
    target, complete = life.target, life.function("complete")
    if not life.download() or not life.play(COMPLETE):
        return
    life.updates += 1
    life.say(f"an update brings an image to {target}; {complete} marks it and restarts")
    yield life
    life = life.fork()
    if not life.play(RESTART):
        return
    life.say(f"{life.running} starts after the restart{life.on_trial}")
    yield life
    yield from _given_up(life)


def _given_up(life: DeviceLife) -> Iterator[DeviceLife]:
    """What runs is on trial: it restarts before it has accepted, or goes back."""
    tried = life.running
    fallen, refused = life.fork(), life.fork()
    if fallen.play(RESTART) and fallen.running != tried:
        fallen.say(f"{tried} {life.history.device.config.updates.given_up}, so {fallen.running} starts")
        yield fallen
    if refused.play(ROLLBACK, RESTART):
        refused.say(f"{tried} calls {refused.function('rollback')}, and {refused.running} starts")
        yield refused


def _broken_off(life: DeviceLife) -> Iterator[DeviceLife]:
    """A download that does not come to its end: in the middle, at its end, or with something wrong in it."""
    target, name = life.target, life.function("write")
    for end, image, text in (
        (
            FIRST_PART,
            None,
            f"a download to {target} breaks off: the first part is written by {name}, and no more comes",
        ),
        (IMAGE_SIZE, None, f"a download to {target} is written whole, and {_not_completed(life)}"),
        (IMAGE_SIZE, DAMAGED, f"a download to {target} is written with something wrong in it"),
    ):
        other = life.fork()
        if other.download(end, image):
            other.say(text)
            yield other
            if image is not None and not other.play(COMPLETE):
                other.say(f"{life.function('complete')} refuses it")
                yield other


def _not_completed(life: DeviceLife) -> str:
    never = f"{life.function('complete')} is never called"
    is_update = _is_of_arduino(life.history.device.config)
    return f"{never}, or finds another digest than setMD5() was given" if is_update else never


def _safe_mode(life: DeviceLife) -> Iterator[DeviceLife]:
    """ESPHome's safe mode, where an update could only go to what runs: it selects factory. Source: ESPHOME-SAFE-MODE.

    Where another slot can be updated, safe mode writes nothing to flash that tells of it."""
    if not life.history.device.config.updates.safe_mode or life.target != life.running:
        return
    life, failing = life.fork(), life.running
    if failing and life.play(Step(StepName.SET_BOOT, label="factory"), RESTART):
        life.say(f"{failing} fails to start 10 times: safe mode finds no slot to update, and selects {life.running}")
        yield life


def _broken_off_on_trial(life: DeviceLife) -> Iterator[DeviceLife]:
    """A download that breaks off on a device whose last update was given up."""
    for given_up in _trial(life):
        if given_up.player.app is not None:
            yield from _broken_off(given_up)


def _blanked(life: DeviceLife) -> Iterator[DeviceLife]:
    """Flashing by cable with blank otadata; the power-on after it, and an update after that."""
    life = life.fork()
    if not life.play(_BLANKED):
        return
    life.say("otadata is flashed blank, as `idf.py flash` does each time, or erased by a tool")
    yield life
    yield from _started(life)


def _flashed_as_arduino(life: DeviceLife) -> Iterator[DeviceLife]:
    """Upload by cable from Arduino or PlatformIO: boot_app0.bin, and the image in the first slot."""
    life = life.fork()
    flashed = Step(StepName.FLASH_SLOT, label="ota_0", image=PROVISIONED)
    record = Step(StepName.WRITE_RECORD, sector=0, seq=1)
    if life.history.device.has_factory or not life.play(_BLANKED, record, flashed):
        return
    life.say(f"an upload by cable writes boot_app0.bin over otadata, and an image to {life.called('ota_0')}")
    yield life
    yield from _started(life)


def _flashed_alone(life: DeviceLife) -> Iterator[DeviceLife]:
    """An image flashed by cable into the first slot, or into another, with otadata left as it was."""
    for slot in life.history.device.slots:
        other = life.fork()
        if other.play(Step(StepName.FLASH_SLOT, label=f"ota_{slot}", image=PROVISIONED)):
            place = other.called(f"ota_{slot}")
            other.say(f"{place} is flashed by cable, and otadata left as it was (espflash, idf.py app-flash, esptool)")
            yield other


def _started(life: DeviceLife) -> Iterator[DeviceLife]:
    other = life.fork()
    if other.play(POWER_ON):
        other.say(f"{other.running} starts at power-on")
        yield other


def _situations(life: DeviceLife) -> Iterator[DeviceLife]:
    """Yield what a device may be in when its slots are selected from outside."""
    yield life
    yield from _trial(life)
    yield from _broken_off(life)
    yield from _flashed_alone(life)


def _selected(
    life: DeviceLife, records: Callable[[EntryPair, int], Iterator[tuple[Step, str]]]
) -> Iterator[DeviceLife]:
    """Yield the device once a slot is selected from outside; records: from what otadata holds, and the number of slots,
    to the records that may be written, and what to say of each."""
    for before in _situations(life):
        entries = entries_in(before.history.dut, before.player.moment.cells.read)
        assert entries is not None
        for record, text in records(entries, len(before.history.device.slots)):
            other = before.fork()
            if other.play(record):
                other.say_of_slots(text)
                yield other


ENDINGS = (
    Ending(None, _nothing),
    Ending(None, _trial),
    Ending(None, _safe_mode),
    Ending(None, _broken_off),
    Ending(None, _broken_off_on_trial),
    Ending(IDF_FLASH, _blanked),
    Ending(ARDUINO_UPLOAD, _flashed_as_arduino),
    Ending(APP_FLASH, _flashed_alone),
    Ending(OTATOOL_SWITCH, partial(_selected, records=by_otatool)),
    Ending(NUTTX, partial(_selected, records=by_nuttx)),
    Ending(ESP_HAL, partial(_selected, records=by_esp_hal)),
)
"""What may happen, the most ordinary first."""


def _leaves(ended: _EndOfLife, target: Target) -> bool:
    """Tell whether a device holds what is searched for."""
    if ended.records != target.stored.records:
        return False
    pairs = zip(ended.slots, target.stored.slots, strict=True)
    return not target.knows_images or all(
        (found.has_description, found.verifies, 0) == (wanted.has_description, wanted.verifies, wanted.version)
        for found, wanted in pairs
    )
