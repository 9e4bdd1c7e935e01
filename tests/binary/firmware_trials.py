"""Random runs of our own bootloader beside impl's: the same hardware twice, once under each, then a comparison."""

import hashlib
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from unicorn import UcError

from emulated_firmware import SECTOR, STATE_WORDS, EmulatedFirmware, End, Hardware
from firmware_faults import Subject
from otaproof.impl.bootloader import TEST_APP_INDEX, Bootloader, BootloaderState, SlotSelection
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.image.format import APP_DESC_MAGIC, APP_DESC_OFFSET, APP_DESC_SIZE
from otaproof.impl.image.verify import VerifyMode
from otaproof.impl.otadata import ota_select_crc
from otaproof.impl.partitions.partition import MAX_OTA_SLOTS, Partition
from otaproof.impl.partitions.table import TABLE_MAX_LENGTH
from otaproof.model.config import Chip, Config, ResetReason

OTADATA, TABLE, PARTITION_SIZE = 0xE000, 0x8000, 0x10000
INVALID_INDEX = -99
_OFFSETS = range(PARTITION_SIZE, PARTITION_SIZE * 19, PARTITION_SIZE)
"""Where factory, test and slots 0 … 15 lie."""
_NO_PLACE = (0, 0)


@dataclass(frozen=True, slots=True)
class Trial:
    """The start of one run."""

    hardware: Hardware
    state: BootloaderState
    config: Config
    start_index: int = 0
    """Where a fallback begins."""
    is_initial: bool = False
    """Whether a fallback finds ota_has_initial_contents set."""


RunOutcome = tuple[object, ...]
"""What a run returns and leaves, its operations last; equal for equal behaviour."""


class _LoggedFlash:
    """A Hardware as impl's bootloader uses a flash chip."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware, self.read, self.size = hardware, hardware.read, hardware.size

    def erase_sector(self, address: int) -> None:
        if not self._hardware.erase(address):
            raise OtaError(EspErr.FLASH_OP_FAIL)

    def program(self, address: int, raw: bytes) -> None:
        self._hardware.write(address, raw, self._hardware.encrypted)


class _LoggedEfuse(Efuse):
    """An eFuse that logs what it is asked to burn."""

    def __init__(self, hardware: Hardware) -> None:
        super().__init__((1 << hardware.burned) - 1)
        self._hardware = hardware

    def update_secure_version(self, secure_version: int) -> None:
        self._hardware.burn(secure_version)


class _LoggedBootloader(Bootloader):
    """impl's bootloader, for which an image passes as the hardware has it."""

    def __init__(self, trial: Trial) -> None:
        flash: Any = _LoggedFlash(trial.hardware)
        super().__init__(flash, _LoggedEfuse(trial.hardware), trial.config)
        self._hardware = trial.hardware

    def _is_loadable(self, partition: Partition, mode: VerifyMode) -> bool:
        return self._hardware.load(partition.offset, mode is VerifyMode.BOOTLOADER_LOAD)

    def select(self, trial: Trial) -> RunOutcome:
        selection = self._select(trial.state)
        if selection is None:
            return (INVALID_INDEX, False)
        return (selection.index, selection.has_initial_contents)

    def start(self, trial: Trial) -> RunOutcome:
        if trial.start_index == TEST_APP_INDEX:
            return (self._load_test_app(trial.state, ResetReason.SOFTWARE) is not None,)
        selection = SlotSelection(trial.start_index, None, trial.is_initial)
        return (self._load_boot_image(trial.state, selection, ResetReason.SOFTWARE) is not None,)

    def wake(self) -> RunOutcome:
        woken = self._fast_boot_target(None)
        is_started = woken is not None and self._is_loadable(woken, VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE)
        return (is_started,)

    def table(self) -> RunOutcome:
        state = self._load_partition_table()
        return (None,) if state is None else (encode_state(state),)


def run_model(subject: Subject, trial: Trial) -> RunOutcome:
    """Return what impl's bootloader does."""
    trial = replace(trial, hardware=replace(trial.hardware, ops=[]))
    bootloader = _LoggedBootloader(trial)
    match subject:
        case Subject.SELECTION:
            result = bootloader.select(trial)
        case Subject.FALLBACK:
            result = bootloader.start(trial)
        case Subject.TABLE:
            result = bootloader.table()
        case Subject.WAKE_UP:
            result = bootloader.wake()
    return (*result, trial.hardware.ops)


def run_firmware(firmware: EmulatedFirmware, subject: Subject, trial: Trial) -> RunOutcome:
    """Return what the C code does; a jump or an access outside the memory is an outcome too."""
    firmware.hardware = replace(trial.hardware, ops=[])
    firmware.has_initial_contents = trial.is_initial
    try:
        result = _call(firmware, subject, trial)
    except UcError as error:
        result = ("crash", str(error))
    return (*result, firmware.hardware.ops)


def _call(firmware: EmulatedFirmware, subject: Subject, trial: Trial) -> RunOutcome:
    match subject:
        case Subject.SELECTION:
            index = firmware.call("bootloader_utility_get_selected_boot_partition", encode_state(trial.state))
            return (index, firmware.has_initial_contents)
        case Subject.FALLBACK:
            firmware.call("bootloader_utility_load_boot_image", encode_state(trial.state), trial.start_index)
            return (firmware.end is End.STARTED,)
        case Subject.TABLE:
            is_taken = firmware.call("bootloader_utility_load_partition_table", bytes(STATE_WORDS.size))
            return (firmware.state if is_taken else None,)
        case Subject.WAKE_UP:
            firmware.call("bootloader_utility_load_boot_image_from_deep_sleep", b"")
            return (firmware.end is End.STARTED,)


def encode_state(state: BootloaderState) -> bytes:
    """Return the bootloader_state_t of what impl keeps of a partition table."""
    slots = (state.ota.get(slot) for slot in range(MAX_OTA_SLOTS))
    places = [(p.offset, p.size) if p else _NO_PLACE for p in (state.otadata, state.factory, state.test, *slots)]
    return STATE_WORDS.pack(*(word for place in places for word in place), state.app_count, 0)


def trials(subject: Subject, config: Config, seed: int) -> Iterator[Trial]:
    """Yield random trials of a subject, without end; the same ones for the same seed."""
    rng = random.Random(seed)
    while True:
        match subject:
            case Subject.SELECTION:
                yield _selection_trial(rng, config)
            case Subject.FALLBACK:
                yield _fallback_trial(rng, config)
            case Subject.TABLE:
                yield _table_trial(rng, config)
            case Subject.WAKE_UP:
                yield _wake_up_trial(rng, config)


def first_difference(firmware: EmulatedFirmware, subject: Subject, config: Config, count: int) -> Trial | None:
    """Return the first of `count` random trials in which the C code parts from impl, or None."""
    drawn = islice(trials(subject, config, seed=1), count)
    return next((trial for trial in drawn if differs(firmware, subject, trial)), None)


def differs(firmware: EmulatedFirmware, subject: Subject, trial: Trial) -> bool:
    """Tell whether the C code parts from impl in one trial."""
    return run_model(subject, trial) != run_firmware(firmware, subject, trial)


def _selection_trial(rng: random.Random, config: Config) -> Trial:
    slots = rng.choice((0, 1, 2, 3, 5, 16))
    if config.anti_rollback:
        # Without slots the remainder by zero has no meaning in impl.
        slots = max(slots, 1)
    state = _apps(rng, slots)
    hardware = Hardware(
        otadata_regions(_random_record(rng), _random_record(rng)) | _descriptions(rng),
        encrypted=rng.random() < 0.5,
        burned=rng.randrange(4),
    )
    return Trial(hardware, state, config)


def otadata_regions(first: bytes, second: bytes) -> dict[int, bytes]:
    """Return the contents of an otadata partition with these two records, all else erased."""
    return {OTADATA: first.ljust(SECTOR, b"\xff") + second.ljust(SECTOR, b"\xff")}


def _apps(rng: random.Random, slots: int, sizes: tuple[int, ...] = (PARTITION_SIZE,)) -> BootloaderState:
    """Return partitions for any of factory, test and slots 0 … slots - 1."""

    def partition(label: str, number: int) -> Partition:
        return Partition(label, 0, 0, PARTITION_SIZE * (number + 1), rng.choice(sizes))

    return BootloaderState(
        partition("factory", 0) if rng.random() < 0.5 else None,
        partition("test", 1) if rng.random() < 0.5 else None,
        {slot: partition(f"ota_{slot}", slot + 2) for slot in range(slots)},
        slots,
        Partition("otadata", 1, 0, OTADATA, 2 * SECTOR),
    )


def _random_record(rng: random.Random) -> bytes:
    seq = rng.choice((0, 1, 2, 3, 5, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, rng.getrandbits(32)))
    state = rng.choice((0, 1, 2, 3, 4, 0xFFFFFFFF, 5, rng.getrandbits(32)))
    crc = ota_select_crc(seq) if rng.random() < 0.75 else rng.getrandbits(32)
    return struct.pack("<I20sII", seq, rng.randbytes(20), state, crc)


def _descriptions(rng: random.Random) -> dict[int, bytes]:
    """Return what the descriptions lie in: the start of each partition that there may be."""
    return {offset: _random_description(rng) for offset in _OFFSETS}


def _random_description(rng: random.Random) -> bytes:
    magic = APP_DESC_MAGIC if rng.random() < 0.8 else rng.getrandbits(32)
    return bytes(APP_DESC_OFFSET) + struct.pack("<II", magic, rng.randrange(5)).ljust(APP_DESC_SIZE, b"\0")


def _fallback_trial(rng: random.Random, config: Config) -> Trial:
    slots = rng.choice((0, 1, 2, 3, 5, 16))
    state = _apps(rng, slots, (PARTITION_SIZE, PARTITION_SIZE, PARTITION_SIZE, 0))
    # Mostly few: else the first one tried is the end of it.
    passing = frozenset(rng.sample(_OFFSETS, rng.choice((0, 1, 1, 2, 9))))
    burned = rng.randrange(3)
    hardware = Hardware(_descriptions(rng), encrypted=rng.random() < 0.5, passing=passing, burned=burned)
    start = rng.randrange(TEST_APP_INDEX, max(slots, 1))
    return Trial(hardware, state, config, start, is_initial=rng.random() < 0.5)


def _table_trial(rng: random.Random, config: Config) -> Trial:
    size = 0x200000
    rows = b"".join(_random_row(rng, size) for _ in range(rng.choice((0, 1, 2, 5, 9, 20, 95))))
    if rng.random() < 0.7:
        digest = hashlib.md5(rows).digest() if rng.random() < 0.8 else rng.randbytes(16)
        rows += b"\xeb\xeb".ljust(16, b"\xff") + digest
    raw = rows.ljust(TABLE_MAX_LENGTH, b"\xff")[:TABLE_MAX_LENGTH]
    if rng.random() < 0.05:
        spoilt = rng.randrange(len(raw))
        raw = raw[:spoilt] + rng.randbytes(1) + raw[spoilt + 1 :]
    nothing = BootloaderState(None, None, {}, 0, None)
    return Trial(Hardware({TABLE: raw}, size), nothing, config)


def _wake_up_trial(rng: random.Random, config: Config) -> Trial:
    """Return a trial with a table that has slots: without any, impl panics at the remainder by zero."""
    places = (TABLE + (number + 1) * PARTITION_SIZE for number in range(19))
    slots = [(0, 0x10 + slot) for slot in range(rng.choice((1, 2, 3, 16)))]
    optional = [(0, 0x00), (0, 0x20)]
    apps = [*slots, *(kind for kind in optional if rng.random() < 0.5)]
    rows = [(*kind, offset, PARTITION_SIZE) for kind, offset in zip(apps, places, strict=False)]
    if rng.random() < 0.9:
        rows.append((1, 0, OTADATA, 2 * SECTOR))
    table = b"".join(_encode_row(*row) for row in rows).ljust(TABLE_MAX_LENGTH, b"\xff")
    passing = frozenset(offset for _, __, offset, ___ in rows if rng.random() < 0.8)
    regions = {TABLE: table} | otadata_regions(_random_record(rng), _random_record(rng))
    nothing = BootloaderState(None, None, {}, 0, None)
    # Of the chips with no RTC memory that keeps the partition of the last boot.
    return Trial(Hardware(regions, passing=passing), nothing, replace(config, chip=Chip.ESP32C2))


def _encode_row(kind: int, subtype: int, offset: int, size: int, label: bytes = b"") -> bytes:
    return struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, label, 0)


def _random_row(rng: random.Random, chip_size: int) -> bytes:
    kind = rng.choice((0, 0, 0, 1, 1, 0x40))
    app_subtypes = (0x00, 0x20, 0x30, 0x50, *range(0x10, 0x20))
    subtype = rng.choice(app_subtypes if kind == 0 else (0, 1, 2, 4))
    offset = rng.randrange(SECTOR, chip_size, SECTOR)
    end = chip_size if rng.random() < 0.99 else rng.choice((chip_size + SECTOR, 0x1_0000_0000))
    return _encode_row(kind, subtype, offset, end - offset, rng.randbytes(16))
