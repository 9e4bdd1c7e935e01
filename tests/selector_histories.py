"""Random histories of two small devices that must not differ: one decides in Python, the other in C.

An image is one sector: its first byte says whether it is whole, its second byte is its secure version. Each step may be
cut, or an operation of it may fail; both devices meet the same. They differ where a call returns something else,
another image starts, or flash or eFuse hold something else.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

from selector_core import Core, CoreBootloader, CoreOta, subclass_of

from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.bootloader import NO_PARTITIONS, Bootloader, BootloaderState
from otaproof.impl.by_turns.turn_bootloader import TurnBootloader
from otaproof.impl.by_turns.turn_ota import TurnOta
from otaproof.impl.by_turns.turn_record import TurnKind, TurnState, encode_record
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.flash import Failure, FailureExtent, NorFlash, PlannedCut, PlanNotReached, Strictness
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.esp_err import OtaError
from otaproof.impl.otadata import encode_entry, make_entry, ota_select_crc
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.program_end import PowerCut, ProgramEnd
from otaproof.impl.release_rules import app_rules
from otaproof.model.config import Config, Release, ResetReason, Selector

WHOLE, TORN = 0xE9, 0xE8
OTADATA = 0x1000
FIRST_APP = 0x3000
STEPS = 8
IMAGE_STATES = (0, 1, 2, 3, 4, 7, 0xFFFFFFFF)
SEQUENCES = (*range(9), 0xFFFFFFB0, 0xFFFFFFBE, 0xFFFFFFBF, 0xFFFFFFC0, 0xFFFFFFFE, 0xFFFFFFFF)


class _LightBootloader:
    """Images are one sector, and the table is given."""

    table: BootloaderState
    _flash: NorFlash
    _efuse: Efuse
    _config: Config

    def _load_partition_table(self) -> BootloaderState:
        return self.table

    def _described_version(self, partition: Partition | None) -> int | None:
        return None if partition is None else self._flash.read(partition.offset, 2)[1]

    def _try_load_any_version(self, partition: Partition | None, reason: ResetReason) -> bool:
        return partition is not None and self._flash.read(partition.offset, 1)[0] == WHOLE


class LightCalls:
    """Images are one sector."""

    partitions: EspPartitions

    def _is_image_valid(self, partition: Partition) -> bool:
        return self.partitions.flash.read(partition.offset, 1)[0] == WHOLE

    def esp_ota_get_partition_description(self, partition: Partition) -> Any:
        """Return what has the secure version."""
        return SimpleNamespace(secure_version=self.partitions.flash.read(partition.offset, 2)[1])


class TwinBootloader(_LightBootloader, TurnBootloader):
    """Python decides."""


class TwinCalls(LightCalls, TurnOta):  # type: ignore[misc]  # its description is of any kind
    """Python decides."""


class DrivenBootloader(_LightBootloader, CoreBootloader):
    """C decides."""


class DrivenCalls(LightCalls, CoreOta):  # type: ignore[misc]  # as above
    """C decides."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a history has, beside its steps."""

    config: Config
    table: tuple[Partition, ...]
    state: BootloaderState
    cells: Cells
    burned: int

    @property
    def apps(self) -> tuple[Partition, ...]:
        """The partitions of applications."""
        return self.table[1:]


class SmallDevice:
    """One of the two."""

    def __init__(self, setting: Setting, bootloader: type, calls: type) -> None:
        """Switch nothing on yet."""
        self.flash = NorFlash(setting.cells, Strictness.CHIP)
        self.efuse = Efuse.of_version(setting.burned)
        self._setting = setting
        self._bootloader, self._calls = bootloader, calls
        self._ota: EspOta | None = None
        self._handle = 0

    def power_on(self) -> str | None:
        """Return the label of what starts."""
        self.flash.power_on()
        self._ota = None
        setting = self._setting
        boots: Bootloader = self._bootloader(self.flash, self.efuse, setting.config)
        boots.table = setting.state  # type: ignore[attr-defined]
        here = boots.boot(ResetReason.POWER_ON, None, None)
        if here is None:
            return None
        self.run(here)
        return here.label

    def run(self, here: Partition) -> None:
        """Run the application of a partition, whatever has started it."""
        setting = self._setting
        partitions = EspPartitions(self.flash, setting.table, app_rules(setting.config.app_point))
        version = self.flash.read(here.offset, 2)[1]
        self._ota = self._calls(partitions, self.efuse, setting.config, here, version)
        self._handle = 0

    def call(self, step: "Step") -> object:
        """Return what a step comes to, as both devices have it."""
        try:
            if step.name == "power_on":
                return self.power_on()
            return None if self._ota is None else self._plain(_CALLS[step.name](self, self._ota, step))
        except OtaError as error:
            self._handle = error.handle or self._handle
            return error.code
        except PowerCut:
            return self.power_on()
        except ProgramEnd as end:
            return type(end)

    @staticmethod
    def _plain(returned: object) -> object:
        return returned.label if isinstance(returned, Partition) else returned

    def begin(self, ota: EspOta, step: "Step") -> int:
        """Open a session."""
        self._handle = ota.esp_ota_begin(step.partition, 0)
        return self._handle

    def resume(self, ota: EspOta, step: "Step") -> int:
        """Go on with a session."""
        self._handle = ota.esp_ota_resume(step.partition, 0, 0)
        return self._handle

    def write(self, ota: EspOta, step: "Step") -> None:
        """Write an image, whole or not."""
        ota.esp_ota_write(self._handle, bytes([WHOLE, step.number % 4]))

    def write_at(self, ota: EspOta, step: "Step") -> None:
        """Damage an image."""
        ota.esp_ota_write_with_offset(self._handle, bytes([TORN]), 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and what happens to it."""

    name: str
    partition: Partition
    number: int
    cut: PlannedCut | None
    failure: Failure | None


_CALLS: dict[str, Callable[[SmallDevice, EspOta, Step], object]] = {
    "begin": lambda device, ota, step: device.begin(ota, step),
    "resume": lambda device, ota, step: device.resume(ota, step),
    "write": lambda device, ota, step: device.write(ota, step),
    "write_at": lambda device, ota, step: device.write_at(ota, step),
    "end": lambda device, ota, step: ota.esp_ota_end(device._handle),
    "set_boot": lambda device, ota, step: ota.esp_ota_set_boot_partition(step.partition),
    "set_boot_blindly": lambda device, ota, step: ota.esp_ota_set_boot_partition_skip_validate(step.partition),
    "accept": lambda device, ota, step: ota.esp_ota_mark_app_valid_cancel_rollback(),
    "refuse": lambda device, ota, step: ota.esp_ota_mark_app_invalid_rollback(),
    "can_refuse": lambda device, ota, step: ota.esp_ota_check_rollback_is_possible(),
    "erase_last": lambda device, ota, step: ota.esp_ota_erase_last_boot_app_partition(),
    "forget_last": lambda device, ota, step: ota.esp_ota_invalidate_inactive_ota_data_slot(),
    "state": lambda device, ota, step: ota.esp_ota_get_state_partition(step.partition),
    "boot_partition": lambda device, ota, step: ota.esp_ota_get_boot_partition(),
    "last_invalid": lambda device, ota, step: ota.esp_ota_get_last_invalid_partition(),
}
_NAMES = (*_CALLS, *("power_on",) * 4, *("accept", "set_boot", "set_boot", "begin", "write") * 2)


def draw_setting(random: Random) -> Setting:
    """Return a device to begin with."""
    rollback = random.random() < 0.7
    config = Config(
        rollback=rollback,
        anti_rollback=rollback and random.random() < 0.3,
        app_release=random.choice([Release.V5_1, Release.V5_5]),
        selector=Selector.BY_TURNS,
    )
    slots, has_factory = random.randint(1, 4), random.random() < 0.4
    subtypes = [*([0] if has_factory else []), *range(0x10, 0x10 + slots), *([0x20] if random.random() < 0.2 else [])]
    apps = [
        Partition(
            "factory" if subtype == 0 else f"app_{subtype:x}", 0, subtype, FIRST_APP + SECTOR_SIZE * at, SECTOR_SIZE
        )
        for at, subtype in enumerate(subtypes)
    ]
    table = (Partition("otadata", 1, 0, OTADATA, 2 * SECTOR_SIZE), *apps)
    state = NO_PARTITIONS
    for row in table:
        state = state.with_row(row)
    cells = Cells.erased(FIRST_APP + SECTOR_SIZE * len(apps))
    for app in apps:
        if random.random() < 0.85:
            cells = cells.with_bytes(app.offset, bytes([WHOLE, random.choice((0, 0, 1, 2))]))
    for at in (OTADATA, OTADATA + SECTOR_SIZE):
        cells = cells.with_bytes(at, _draw_record(random, slots, has_factory))
    return Setting(config, table, state, cells, random.choice((0, 0, 1)))


def _draw_record(random: Random, slots: int, has_factory: bool) -> bytes:
    seq = random.choice(SEQUENCES)
    places = [*range(slots + (random.random() < 0.1)), *([16] if has_factory or random.random() < 0.1 else [])]
    match random.randrange(9):
        case 0:
            return b"\xff" * 32
        case 1:
            return random.randbytes(32)
        case 2:
            return draw_words(random)
        case 3 | 4:
            return encode_entry(make_entry(seq, random.choice(IMAGE_STATES)))
        case _:
            state = TurnState(random.choice(list(TurnKind)), random.choice(places), random.choice([*places, 31]))
            raw = encode_record(seq, state)
    if random.random() < 0.1:
        at = random.randrange(32)
        return raw[:at] + bytes([raw[at] ^ 1 << random.randrange(8)]) + raw[at + 1 :]
    return raw


def draw_words(random: Random) -> bytes:
    """Return 32 bytes that are nearly a record: words with their complements, each of which may be another."""
    seq = random.choice(SEQUENCES)
    kind, other, current = random.randrange(7), random.choice((0, 1, 2, 16, 17, 31)), random.choice((0, 1, 2, 16, 31))
    what = kind | other << 8 | current << 16 | random.choice((0xB7, 0xB7, 0xB7, 0xB6)) << 24
    crc = ota_select_crc(seq) ^ random.choice((0, 0, 0, 1))
    words = (seq, what, random.choice((0, 2, 4, 0xFFFFFFFF)), crc)
    turned = (word ^ 0xFFFFFFFF ^ (random.random() < 0.02) for word in words)
    return b"".join(word.to_bytes(4, "little") for word in (*words[:2], *turned, *words[2:]))


def draw_step(random: Random, setting: Setting) -> Step:
    """Return the next step."""
    cut, failure, fate = None, None, random.random()
    if fate < 0.35:
        number, pattern = random.randrange(3), random.randrange(1024)
        length = random.randrange(1, 33)
        word = random.choice(
            ["before", "after", f"prefix:{length}", f"partial:{length}", f"bytes:0.{pattern}", f"bits:0.{pattern}"]
        )
        cut = PlannedCut(number, Torn.parse(word))
    elif fate < 0.5:
        failure = Failure(random.randrange(3), random.choice(list(FailureExtent)), random.random() < 0.2)
    return Step(random.choice(_NAMES), random.choice(setting.apps), random.randrange(256), cut, failure)


class Difference(Exception):
    """The devices differ; the message names seed, step and what."""


def play(core: Core, seed: int) -> None:
    """Play one history of the core; raises Difference."""
    play_beside(lambda config: (subclass_of(DrivenBootloader, core), subclass_of(DrivenCalls, core)), seed)


def play_beside(
    classes_of: Callable[[Config], tuple[type, type]],
    seed: int,
    is_left_out: Callable[[Setting], bool] = lambda _: False,
) -> None:
    """Play one history; raises Difference. classes_of: bootloader and calls that decide in C, by the configuration."""
    random = Random(seed)
    setting = draw_setting(random)
    if is_left_out(setting):
        return
    devices = SmallDevice(setting, TwinBootloader, TwinCalls), SmallDevice(setting, *classes_of(setting.config))
    start = Step("power_on", setting.apps[0], 0, None, None)
    for number in range(STEPS):
        step = start if number == 0 else draw_step(random, setting)
        ends = [_end(device, step) for device in devices]
        if ends[0] != ends[1]:
            raise Difference(f"seed {seed}, step {number}, {step}: Python {ends[0][0]}, C {ends[1][0]}")


def _end(device: SmallDevice, step: Step) -> tuple[object, ...]:
    if step.cut is not None:
        device.flash.plan_cut(step.cut)
    elif step.failure is not None:
        device.flash.plan_failure(step.failure)
    returned = device.call(step)
    with suppress(PlanNotReached):
        device.flash.end_plan()
    return returned, device.flash.take_ops(), device.flash.cells, device.efuse.bits


def power_on_of(setting: Setting, bootloader: type) -> tuple[object, ...]:
    """Return what a power-on starts and leaves."""
    device = SmallDevice(setting, bootloader, TwinCalls)
    return device.power_on(), device.flash.take_ops(), device.flash.cells


def calls_from(setting: Setting, calls: type, running: Partition) -> list[tuple[object, ...]]:
    """Return what each call comes to where this partition runs, each on a device of its own.

    A session was opened before the records came to say what they say."""
    ends = []
    blank = setting.cells.with_bytes(OTADATA, b"\xff" * 2 * SECTOR_SIZE)
    for name in _CALLS:
        for target in setting.apps if name in _OF_PARTITION else setting.apps[:1]:
            device = SmallDevice(setting, TwinBootloader, calls)
            device.run(running)
            if name.startswith("write"):
                device.flash.cells = blank
                device.call(Step("resume", target, 0, None, None))
                device.flash.cells = setting.cells
            ends.append((name, target.label, *_end(device, Step(name, target, 0, None, None))))
    return ends


_OF_PARTITION = ("begin", "resume", "write", "write_at", "set_boot", "set_boot_blindly", "state")
