"""What may happen to a device that was updated and accepted: what explain() takes for the end of an ordinary history.

A download breaks off, an image fails its trial, somebody flashes the device by cable or uses a tool.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

from ...impl.otadata import EntryPair
from ...model.config import Config
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
from ..history.outside_records import by_esp_hal, by_nuttx, by_otatool
from ..history.step import COMPLETE, POWER_ON, ROLLBACK, Step, StepName
from ..history.whole_records import entries_in
from .device_life import DAMAGED, IMAGE_SIZE, PROVISIONED, RESTART, DeviceLife

FIRST_PART = 4500
"""Bytes after which a download breaks off."""
_BLANKED = Step(StepName.BLANK_OTADATA)


class WriterKind(Enum):
    """Who writes in an ordinary history."""

    LIBRARY = "the library of the application alone"
    TOOL = "a cable or a tool"
    BROKEN_TOOL = "a cable that breaks off, or a damaged file"
    SYSTEM = "an application that is not ESP-IDF's"


def is_of_arduino(config: Config) -> bool:
    """Tell whether Arduino's Update brings the updates."""
    return config.updater in (Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL)


@dataclass(frozen=True, slots=True)
class Ending:
    """What may happen to a device that was updated and accepted."""

    writer: OutsideWriter | None
    """Who writes flash, where it is not the library of the application."""
    play: Callable[[DeviceLife], Iterator[DeviceLife]]
    """Yields the device after each step of it at which it may be found."""
    breaks_off: bool = False
    """The writer does not come to its end."""

    @property
    def kind(self) -> WriterKind:
        """Who writes."""
        if self.writer is None:
            return WriterKind.LIBRARY
        if self.breaks_off:
            return WriterKind.BROKEN_TOOL
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


def _cut_before_accepted(life: DeviceLife) -> Iterator[DeviceLife]:
    """An update whose image the core would have accepted at its start: the power fails once the try is noted.

    Source: ARDUINO-START."""
    config = life.history.device.config
    if not config.accepts_at_start:
        return
    life = life.fork()
    target, complete, accept = life.target, life.function("complete"), life.function("accept")
    if not life.download() or not life.play(COMPLETE):
        return
    life.updates += 1
    life.say(f"an update brings an image to {target}; {complete} marks it and restarts")
    # The bootloader notes the try by the first half of what a whole start writes, and the core accepts by the other.
    ops = life.fork().player.play(RESTART).ops
    if len(ops) < 2:
        return
    life.cut(RESTART, len(ops) // 2 - 1)
    life.say(
        f"{target} starts after the restart, under test (NEW becomes PENDING_VERIFY), and POWER FAILS, or it crashes, "
        f"before {accept} accepts it, which comes next (later, and without a fault, where verifyRollbackLater() "
        "returns true: --updater arduino-on-trial)"
    )
    yield life
    life = life.fork()
    if life.play(POWER_ON):
        life.say(f"{life.running} starts at power-on, and what was under test becomes ABORTED")
        yield life


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
    is_update = is_of_arduino(life.history.device.config)
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


def _flashed_in_part(life: DeviceLife) -> Iterator[DeviceLife]:
    """What is left where flashing by cable breaks off, or the file is damaged."""
    for slot in life.history.device.slots:
        other = life.fork()
        if other.play(Step(StepName.FLASH_SLOT, label=f"ota_{slot}", image=DAMAGED)):
            place = other.called(f"ota_{slot}")
            other.say(
                f"{place} is flashed by cable, which breaks off or writes a damaged file, and otadata left as it was "
                "(espflash, idf.py app-flash, esptool)"
            )
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
    Ending(None, _cut_before_accepted),
    Ending(IDF_FLASH, _blanked),
    Ending(ARDUINO_UPLOAD, _flashed_as_arduino),
    Ending(APP_FLASH, _flashed_alone),
    Ending(OTATOOL_SWITCH, partial(_selected, records=by_otatool)),
    Ending(APP_FLASH, _flashed_in_part, breaks_off=True),
    Ending(NUTTX, partial(_selected, records=by_nuttx)),
    Ending(ESP_HAL, partial(_selected, records=by_esp_hal)),
)
"""What may happen, the most ordinary first."""
