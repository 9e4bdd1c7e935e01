"""A history: a small device and what happens to it, call by call, with as many power cuts as there are; and its player.

The device has slots of 64 KiB and images of about 1000 bytes, so a history plays in milliseconds. A step is one call of
the application, or one reset. A step may carry a power cut: inside one of its flash operations, or inside the burn of
eFuse bits. After a step that ended the program (a cut, a restart) the next reset step starts it again; calls in
between find nobody to make them, and are told as such.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property, lru_cache

from ...impl.app.otaupgrade import LuaError, LuaValue
from ...impl.board import App
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import Cut, Op
from ...impl.chip.torn_operations import Torn
from ...impl.esp_err import OtaError
from ...impl.image.format import build_image
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import encode_table
from ...impl.program_end import Hang, Panic, PowerCut, Restart
from ...model.config import Chip, Config, ResetReason
from ...model.fault_model import FaultModel
from ..device_under_test import NamedImage, World

SLOT_SIZE = 0x10000
OTADATA = 0xD000
IMAGE_SIZE = 1000
RUNNING = "running"
"""SET_BOOT: the label of whatever runs."""
BLANK_ENTRY = b"\xff" * ENTRY_SIZE


class StepName(Enum):
    """The calls of an application, and the resets."""

    RESET = "reset"
    """The chip is reset, or the power comes back; the bootloader runs."""
    POWER_OFF = "power_off"
    """The power fails between two calls."""
    COMMENCE = "commence"
    WRITE = "write"
    COMPLETE = "complete"
    ACCEPT = "accept"
    ROLLBACK = "rollback"
    SET_BOOT = "set_boot"
    """esp_ota_set_boot_partition, of a label."""


@dataclass(frozen=True, slots=True)
class StepCut:
    """Where the power fails within a step: in a flash operation, or in a burn of the eFuse."""

    op: int
    """Number of the flash operation within the step, or of the burn."""
    torn: Torn | None = None
    """What is left of the flash operation; None when a burn is cut."""
    efuse_done: int | None = None
    """Bits of the burn that take effect; None when a flash operation is cut."""

    def __post_init__(self) -> None:
        """Refuse a cut of both, or of neither."""
        if (self.torn is None) == (self.efuse_done is None):
            raise ValueError("a cut is in a flash operation or in an eFuse burn")

    def __str__(self) -> str:
        """Say where it is, and what it leaves."""
        if self.torn is None:
            return f"eFuse burn {self.op}, bits done 0x{self.efuse_done or 0:x}"
        return f"operation {self.op}, {self.torn}"

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits this cut."""
        return FaultModel.F0 if self.torn is None else self.torn.weakest_model


@dataclass(frozen=True, slots=True)
class Step:
    """One call, or one reset."""

    name: StepName
    reason: ResetReason = ResetReason.POWER_ON
    """RESET: what reset the chip."""
    image: int = 0
    """WRITE: number of the image among those of the history."""
    offset: int = 0
    """WRITE: first byte."""
    length: int = 0
    """WRITE: how many bytes; what lies beyond the image's end is not written."""
    argument: str | int | float | bool | None = None
    """COMPLETE: the Lua value that is given; None is nil."""
    label: str = ""
    """SET_BOOT: a partition, or "running"."""
    cut: StepCut | None = None

    def __str__(self) -> str:
        """Write the call as an application would."""
        match self.name:
            case StepName.RESET:
                return "power_on()" if self.reason is ResetReason.POWER_ON else f"reset ({self.reason.value})"
            case StepName.POWER_OFF:
                return "the power fails between calls"
            case StepName.WRITE:
                return f"write(image {self.image}, bytes {self.offset} … {self.offset + self.length - 1})"
            case StepName.COMPLETE:
                return f"complete({_lua_text(self.argument)})"
            case StepName.SET_BOOT:
                return f"esp_ota_set_boot_partition({self.label})"
            case _:
                return f"{self.name.value}()"


@dataclass(frozen=True, slots=True)
class SmallImage:
    """An image of a history; its bytes are built from this."""

    seed: int = 1
    """Two images with different seeds differ."""
    size: int = IMAGE_SIZE
    secure_version: int = 0
    flipped: int | None = None
    """The byte of which one bit is turned over; None for a whole image."""

    def contents(self, chip: Chip = Chip.ESP32) -> bytes:
        """Return its bytes."""
        return _image_contents(self, chip)


@dataclass(frozen=True, slots=True)
class SmallDevice:
    """A device before its first power-on."""

    config: Config = field(default_factory=Config)
    slots: tuple[int, ...] = (0, 1)
    """Numbers of the OTA slots, ascending; usually 0 … n-1."""
    has_factory: bool = False
    holds: tuple[tuple[str, int], ...] = (("ota_0", 0),)
    """(label, number of the image among those of the history) for every partition that is not blank."""
    entries: tuple[bytes, bytes] = (BLANK_ENTRY, BLANK_ENTRY)
    """The 32 bytes of each otadata entry."""
    efuse_bits: int = 0

    @property
    def table(self) -> tuple[Partition, ...]:
        """The partition table."""
        apps = [("factory", 0x00)] if self.has_factory else []
        apps += [(f"ota_{slot}", 0x10 + slot) for slot in self.slots]
        return (
            Partition("nvs", 1, 0x02, 0x9000, 0x4000),
            Partition("otadata", 1, 0x00, OTADATA, 2 * SECTOR_SIZE),
            *(
                Partition(label, 0, subtype, (number + 1) * SLOT_SIZE, SLOT_SIZE)
                for number, (label, subtype) in enumerate(apps)
            ),
        )


@dataclass(frozen=True)
class History:
    """A device and what happens to it."""

    device: SmallDevice
    images: tuple[SmallImage, ...]
    steps: tuple[Step, ...] = ()

    @cached_property
    def world(self) -> World:
        """The device as the rest of the campaign sees it; the first image stands in for the update."""
        return _small_world(self.device, self.images)

    @property
    def weakest_model(self) -> FaultModel:
        """The smallest fault model that admits all of its cuts."""
        return max((step.cut.weakest_model for step in self.steps if step.cut is not None), default=FaultModel.F0)

    def then(self, *steps: Step) -> "History":
        """Return the history that goes on with these steps."""
        return replace(self, steps=self.steps + steps)


class Outcome(Enum):
    """How a step ended."""

    RETURNED = "returned"
    """The call returned normally; after a reset: an application runs."""
    RAISED = "raised"
    """The call raised an error; the application goes on."""
    RESTARTED = "restarted"
    """The call restarts the chip; a reset step has to come next."""
    NOTHING_BOOTS = "nothing boots"
    CUT = "cut"
    """The power failed."""
    PANICKED = "panicked"
    HUNG = "hung"
    """A loop without an end."""
    NOBODY = "nobody"
    """No application runs that could make the call."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What flash and eFuse hold at a moment."""

    cells: Cells
    efuse_bits: int


@dataclass(frozen=True, slots=True)
class Played:
    """A step, played."""

    step: Step
    outcome: Outcome
    error: str | None
    """The text of the error that was raised."""
    ops: tuple[Op, ...]
    """The flash operations, the one that was cut being the last."""
    burns: tuple[int, ...]
    """The bits of each eFuse burn; burns come after all flash operations of their step."""
    moments: tuple[Moment, ...]
    """What was there before the step, and after each operation and burn."""
    running: str | None
    """Label of the partition whose application runs after the step."""

    @property
    def before(self) -> Moment:
        """What was there before the step."""
        return self.moments[0]

    @property
    def after(self) -> Moment:
        """What is there after the step."""
        return self.moments[-1]


class Player:
    """Plays steps on the board, one at a time."""

    def __init__(self, world: World) -> None:
        """Take a device that is switched off."""
        self.world = world
        self.board = world.board()
        self.app: App | None = None

    def fork(self) -> "Player":
        """Return another player in the same state, program and all, that goes its own way."""
        other = Player(self.world)
        other.board, other.app = deepcopy((self.board, self.app))
        return other

    @property
    def running(self) -> str | None:
        """Label of the partition whose application runs."""
        return None if self.app is None else self.app.running.label

    @property
    def moment(self) -> Moment:
        """What flash and eFuse hold now."""
        return Moment(self.board.flash.cells, self.board.efuse.bits)

    def image_in(self, label: str) -> str | None:
        """Return the name of the known image that lies whole in a partition."""
        found = self.world.image_in(self.board.flash.cells, self.world.partition(label))
        return None if found is None else found.name

    def play(self, step: Step) -> Played:
        """Play a step; raises PlanNotReached when its cut never comes, with the step played to its end."""
        flash, efuse = self.board.flash, self.board.efuse
        start = self.moment
        flash.take_ops()
        efuse.take_burns()
        flash.snapshots = []
        if step.cut is not None and step.cut.torn is not None:
            flash.plan_cut(Cut(step.cut.op, step.cut.torn))
        elif step.cut is not None:
            efuse.plan_cut(step.cut.op, step.cut.efuse_done or 0)
        outcome, error = self._perform(step)
        if outcome not in (Outcome.RETURNED, Outcome.RAISED):
            self.app = None
        ops, burns, cells = flash.take_ops(), efuse.take_burns(), [*flash.snapshots, flash.cells]
        flash.snapshots = None
        moments = [start, *(Moment(after, start.efuse_bits) for after in cells[1:])]
        moments += [Moment(flash.cells, bits) for bits in _burned(start.efuse_bits, burns, efuse.bits)]
        flash.end_plan()
        efuse.end_plan()
        return Played(step, outcome, error, tuple(ops), tuple(burns), tuple(moments), self.running)

    def _perform(self, step: Step) -> tuple[Outcome, str | None]:
        try:
            if step.name is StepName.RESET:
                self.app = None
                self.app = self.board.power_on(step.reason)
                return (Outcome.NOTHING_BOOTS if self.app is None else Outcome.RETURNED), None
            if step.name is StepName.POWER_OFF:
                return Outcome.CUT, None
            if self.app is None:
                return Outcome.NOBODY, None
            self._call_of(step, self.app)()
        except PowerCut:
            return Outcome.CUT, None
        except Restart:
            return Outcome.RESTARTED, None
        except Panic:
            return Outcome.PANICKED, None
        except Hang:
            return Outcome.HUNG, None
        except (LuaError, OtaError) as error:
            return Outcome.RAISED, str(error)
        return Outcome.RETURNED, None

    def _call_of(self, step: Step, app: App) -> Callable[[], object]:
        lua = app.otaupgrade
        match step.name:
            case StepName.COMMENCE:
                return lua.commence
            case StepName.WRITE:
                contents = self.world.images[step.image].contents
                return lambda: lua.write(contents[step.offset : step.offset + step.length])
            case StepName.COMPLETE:
                return lambda: lua.complete(_lua_value(step.argument))
            case StepName.ACCEPT:
                return lua.accept
            case StepName.ROLLBACK:
                return lua.rollback
            case _:
                label = app.running.label if step.label == RUNNING else step.label
                partition = next((p for p in app.partitions.table if p.label == label), None)
                return lambda: app.ota.esp_ota_set_boot_partition(partition)


def play_history(history: History) -> Iterator[Played]:
    """Yield the steps as they are played; raises PlanNotReached where a cut never comes."""
    player = Player(history.world)
    for step in history.steps:
        yield player.play(step)


def upgrade(image: int, size: int = IMAGE_SIZE, argument: int | None = 1) -> tuple[Step, ...]:
    """Return the calls of an upgrade to an image, in two writes; complete(1) restarts."""
    return (
        Step(StepName.COMMENCE),
        Step(StepName.WRITE, image=image, offset=0, length=FIRST_PART),
        Step(StepName.WRITE, image=image, offset=FIRST_PART, length=size - FIRST_PART),
        Step(StepName.COMPLETE, argument=argument),
    )


FIRST_PART = 512
"""Bytes of an image that hold its header and its description, and not all of it."""


def _burned(bits: int, burns: Iterable[int], last: int) -> list[int]:
    """Return the eFuse bits after each burn; the last one may have been cut."""
    states = []
    for new_bits in burns:
        bits |= new_bits
        states.append(bits)
    return [*states[:-1], last] if states else []


def _lua_value(argument: str | int | float | bool | None) -> LuaValue:
    return argument.encode("latin-1", "replace") if isinstance(argument, str) else argument


def _lua_text(argument: str | int | float | bool | None) -> str:
    if argument is None:
        return ""
    return f'"{argument}"' if isinstance(argument, str) else str(argument).lower()


@lru_cache(maxsize=256)
def _image_contents(image: SmallImage, chip: Chip) -> bytes:
    whole = build_image(
        chip, size=image.size, version=f"1.{image.seed}", secure_version=image.secure_version, seed=image.seed
    )
    if image.flipped is None:
        return whole
    return whole[: image.flipped] + bytes([whole[image.flipped] ^ 1]) + whole[image.flipped + 1 :]


@lru_cache(maxsize=256)
def _small_world(device: SmallDevice, images: tuple[SmallImage, ...]) -> World:
    table = device.table
    by_label = {partition.label: partition for partition in table}
    contents = [image.contents(device.config.chip) for image in images]
    cells = Cells.erased((len(device.slots) + device.has_factory + 1) * SLOT_SIZE)
    cells = cells.with_bytes(device.config.table_offset, encode_table(table))
    for label, number in device.holds:
        cells = cells.with_bytes(by_label[label].offset, contents[number])
    for number, entry in enumerate(device.entries):
        cells = cells.with_bytes(OTADATA + SECTOR_SIZE * number, entry)
    named = tuple(
        NamedImage(
            f"image {number}{'' if image.flipped is None else ' (damaged)'}",
            contents[number],
            f"1.{image.seed}",
            image.secure_version,
        )
        for number, image in enumerate(images)
    )
    return World(device.config, table, cells, named, named[0], device.efuse_bits)
