"""Histories without a fault that devices go through every day, played on the board: what explain() tries first.

A device is made, updated a few times by the library of its application, and then something more happens to it: a
download breaks off, an image fails its trial, somebody flashes it by cable or uses a tool. Each history is played byte
by byte, so it needs no search, and is told exactly as it was played. Where one leaves what a flash holds, that is how
the device most likely came to this.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import EntryPair
from ...model.config import Chip, Config, ResetReason
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
from ..history.player import Player, StepOutcome
from ..history.step import ACCEPT, COMMENCE, COMPLETE, POWER_ON, ROLLBACK, Step, StepName
from ..history.whole_records import entries_in
from ..lockstep.abstraction import StoredSlot, ranked, record_in_bytes, slot_in_bytes
from .history_target import BOOT_APP0, STARTS, Start, Target

IMAGE_SIZE = 5000
"""Bytes of each image: more than a sector, so that a library which writes by sectors has begun before the end."""
FIRST_PART = 4500
"""Bytes after which a download breaks off."""
_RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
_BLANKED = Step(StepName.BLANK_OTADATA)
_PROVISIONED, _DAMAGED, _FIRST_UPDATE = 0, 1, 2
"""Numbers of images: the one the device is made with, one whose last part is wrong, and those of updates from here."""


@dataclass(frozen=True, slots=True)
class OrdinaryHistory:
    """A history that leaves what a flash holds."""

    writer: OutsideWriter | None
    """Who wrote flash, where it was not the library of the application."""
    sentences: tuple[str, ...]
    token: str | None
    """None for a device that was never switched on."""


class _Life:
    """A device on the board, what has happened to it, and the words for that."""

    def __init__(self, history: History, player: Player, sentences: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.history = history
        self.player = player
        self.sentences = sentences
        self.names = names
        """What slots are called, by their numbers."""
        self.updates = 0

    def fork(self) -> "_Life":
        """Return the same device, to go another way."""
        other = _Life(self.history, self.player.fork(), self.sentences, self.names)
        other.updates = self.updates
        return other

    def play(self, *steps: Step) -> bool:
        """Play steps; tell whether each did what it is for."""
        for step in steps:
            self.history = self.history.then(step)
            if self.player.play(step).outcome not in (StepOutcome.RETURNED, StepOutcome.RESTARTED):
                return False
        return True

    def say(self, sentence: str) -> None:
        """Tell what was played last."""
        self.sentences = (*self.sentences, sentence)

    def say_of_slots(self, text: str) -> None:
        """Tell what was played last, in a text that calls slots by their numbers."""
        self.say(re.sub(r"ota_\d+", lambda found: self.called(found[0]), text))

    @property
    def running(self) -> str:
        """What runs, as it is called."""
        return self.called(self.player.running or "")

    @property
    def target(self) -> str:
        """The slot that an update goes to, as it is called."""
        app = self.player.app
        target = None if app is None else app.ota.esp_ota_get_next_update_partition()
        return "" if target is None else self.called(target.label)

    def called(self, label: str) -> str:
        """Return what a partition of the small device is called on the one that is explained."""
        number = label.removeprefix("ota_")
        return self.names[int(number)] if number.isdecimal() else label

    def download(self, end: int = IMAGE_SIZE, image: int | None = None) -> bool:
        """Play a download up to that byte, of the next update or of another image."""
        number = _FIRST_UPDATE + self.updates if image is None else image
        ends = [*range(SECTOR_SIZE, end, SECTOR_SIZE), end]
        writes = (
            Step(StepName.WRITE, image=number, offset=begin, length=stop - begin)
            for begin, stop in zip([0, *ends], ends, strict=False)
        )
        return self.play(COMMENCE, *writes)

    def update(self) -> bool:
        """Play a whole update, up to the start of its image."""
        is_done = self.download() and self.play(COMPLETE, _RESTART)
        self.updates += 1
        return is_done

    def accept(self) -> bool:
        """Play accept(), which changes nothing where a library has done so at the start."""
        return self.play(ACCEPT) and self.player.app is not None


def ordinary_history(
    target: Target, config: Config, names: tuple[str, ...], from_outside: bool
) -> OrdinaryHistory | None:
    """Return the first ordinary history that leaves what is searched for; None where none does.

    names: labels of the slots. from_outside: look at those in which somebody writes flash from outside, else at those
    of the application's library alone."""
    if target.stored.burned:
        return None
    lives = list(_accepted_lives(target, config, names))
    for ending in ENDINGS:
        if (ending.writer is not None) is not from_outside:
            continue
        for life in lives:
            for ended in ending.play(life):
                if _leaves(ended, target):
                    token = encode_history_token(token_of(ended.history, "")) if ended.history.steps else None
                    return OrdinaryHistory(ending.writer, ended.sentences, token)
    return None


def _accepted_lives(target: Target, config: Config, names: tuple[str, ...]) -> Iterator[_Life]:
    """Yield devices that were updated 0, 1, … times, each image accepted."""
    scope = target.scope
    most = 2 * scope.slots + 1
    images = (
        SmallImage(1, IMAGE_SIZE),
        SmallImage(2, IMAGE_SIZE, flipped=FIRST_PART + 100),
        *(SmallImage(3 + number, IMAGE_SIZE) for number in range(most + 1)),
    )
    plain = replace(config, chip=Chip.ESP32, table_offset=Config().table_offset, table_md5=True)
    home = "factory" if scope.has_factory else "ota_0"
    for start in _starts(config):
        if start.entries[0] == BOOT_APP0 and scope.has_factory:
            continue
        device = SmallDevice(plain, tuple(range(scope.slots)), scope.has_factory, ((home, 0),), start.entries)
        history = History(device, images)
        life = _Life(history, Player(history.dut), (start.title,) if start.title else (), names)
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
    is_of_arduino = config.updater in (Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL)
    return STARTS[::-1] if is_of_arduino else STARTS


def _written_at_first(life: _Life) -> str:
    """Say what the first power-on has written."""
    is_fresh = life.history.device.entries[0] != BOOT_APP0 and not life.history.device.has_factory
    return ", and the bootloader writes its entry, VALID" if is_fresh else ""


def _updated(life: _Life, config: Config) -> str:
    if config.accepts_at_start:
        return f"an update brings an image to {life.running}, which starts and is accepted by its core, before setup()"
    return f"an update brings an image to {life.running}, which starts and is accepted"


@dataclass(frozen=True, slots=True)
class Ending:
    """What may happen to a device that was updated and accepted."""

    writer: OutsideWriter | None
    """Who writes flash, where it is not the library of the application."""
    play: Callable[[_Life], Iterator[_Life]]
    """Yields the device after each step of it at which it may be found."""


def _nothing(life: _Life) -> Iterator[_Life]:
    yield life


def _trial(life: _Life) -> Iterator[_Life]:
    """An update that is not accepted: marked, on trial, given up, and the updates after it."""
    life = life.fork()
    target, complete = life.target, _complete_name(life)
    if not life.download() or not life.play(COMPLETE):
        return
    life.updates += 1
    life.say(f"an update brings an image to {target}; {complete} marks it and restarts")
    yield life
    life = life.fork()
    if not life.play(_RESTART):
        return
    life.say(f"{life.running} starts after the restart{_on_trial(life)}")
    yield life
    yield from _given_up(life)


def _given_up(life: _Life) -> Iterator[_Life]:
    """What runs is on trial: it restarts before it has accepted, or goes back."""
    tried = life.running
    fallen, refused = life.fork(), life.fork()
    if fallen.play(_RESTART) and fallen.running != tried:
        fallen.say(f"{tried} restarts before it has accepted, so {fallen.running} starts")
        yield fallen
    if refused.play(ROLLBACK, _RESTART):
        refused.say(f"{tried} calls {_function(refused, 'rollback')}, and {refused.running} starts")
        yield refused


def _broken_off(life: _Life) -> Iterator[_Life]:
    """A download that does not come to its end: in the middle, at its end, or with something wrong in it."""
    target, name = life.target, _function(life, "write")
    for end, image, text in (
        (
            FIRST_PART,
            None,
            f"a download to {target} breaks off: the first part is written by {name}, and no more comes",
        ),
        (IMAGE_SIZE, None, f"a download to {target} is written whole, and {_complete_name(life)} is never called"),
        (IMAGE_SIZE, _DAMAGED, f"a download to {target} is written with something wrong in it"),
    ):
        other = life.fork()
        if other.download(end, image):
            other.say(text)
            yield other
            if image is not None and not other.play(COMPLETE):
                other.say(f"{_complete_name(life)} refuses it")
                yield other


def _broken_off_on_trial(life: _Life) -> Iterator[_Life]:
    """A download that breaks off on a device whose last update was given up."""
    for given_up in _trial(life):
        if given_up.player.app is not None:
            yield from _broken_off(given_up)


def _blanked(life: _Life) -> Iterator[_Life]:
    """Flashing by cable with blank otadata; the power-on after it, and an update after that."""
    life = life.fork()
    if not life.play(_BLANKED):
        return
    life.say("otadata is flashed blank, as `idf.py flash` does each time, or erased by a tool")
    yield life
    yield from _started(life)


def _flashed_as_arduino(life: _Life) -> Iterator[_Life]:
    """Upload by cable from Arduino or PlatformIO: boot_app0.bin, and the image in the first slot."""
    life = life.fork()
    flashed = Step(StepName.FLASH_SLOT, label="ota_0", image=_PROVISIONED)
    record = Step(StepName.WRITE_RECORD, sector=0, seq=1)
    if life.history.device.has_factory or not life.play(_BLANKED, record, flashed):
        return
    life.say(f"an upload by cable writes boot_app0.bin over otadata, and an image to {life.called('ota_0')}")
    yield life
    yield from _started(life)


def _flashed_alone(life: _Life) -> Iterator[_Life]:
    """An image flashed by cable into the first slot, or into another, with otadata left as it was."""
    for slot in life.history.device.slots:
        other = life.fork()
        if other.play(Step(StepName.FLASH_SLOT, label=f"ota_{slot}", image=_PROVISIONED)):
            place = other.called(f"ota_{slot}")
            other.say(f"{place} is flashed by cable, and otadata left as it was (espflash, idf.py app-flash, esptool)")
            yield other


def _started(life: _Life) -> Iterator[_Life]:
    other = life.fork()
    if other.play(POWER_ON):
        other.say(f"{other.running} starts at power-on")
        yield other


def _situations(life: _Life) -> Iterator[_Life]:
    """Yield what a device may be in when its slots are selected from outside."""
    yield life
    yield from _trial(life)
    yield from _broken_off(life)
    yield from _flashed_alone(life)


def _selected(life: _Life, records: Callable[[EntryPair, int], Iterator[tuple[Step, str]]]) -> Iterator[_Life]:
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


def _leaves(life: _Life, target: Target) -> bool:
    """Tell whether a device holds what is searched for."""
    cells, scope = life.player.moment.cells, target.scope
    first, second = (record_in_bytes(sector, scope.slots) for sector in cells.sectors(OTADATA, 2 * SECTOR_SIZE))
    if ranked((first, second), scope) != target.stored.records:
        return False
    if not target.knows_images:
        return True
    return all(_holds(life, slot, wanted) for slot, wanted in enumerate(target.stored.slots))


def _holds(life: _Life, slot: int, wanted: StoredSlot) -> bool:
    partition = life.history.dut.partition(f"ota_{slot}")
    found = slot_in_bytes(life.player.moment.cells.sectors(partition.offset, partition.size))
    return (found.has_description, found.verifies, 0) == (wanted.has_description, wanted.verifies, wanted.version)


def _on_trial(life: _Life) -> str:
    config = life.history.device.config
    is_on_trial = config.rollback and not config.accepts_at_start
    return ", under test (NEW becomes PENDING_VERIFY)" if is_on_trial else ""


def _complete_name(life: _Life) -> str:
    return _function(life, "complete")


def _function(life: _Life, call: str) -> str:
    """Return what the library has for a call, as a sentence names it."""
    functions = life.history.device.config.updates.functions[call]
    return f"{call}()" if life.history.device.config.updater is Updater.ESP_IDF else f"{functions[0]}()"
