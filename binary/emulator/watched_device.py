"""A device under test whose every power-on a bootloader's own machine code makes as well, on a copy of its flash.

What the code reads counts for the future of a state as what `impl` reads does. So a sweep, which plays one of all
states that agree in what was read, has then decided all of them for the code too.
"""

from dataclasses import dataclass, field

from ...campaign.cuts.state_oracle import Known
from ...campaign.device_under_test import DeviceUnderTest
from ...campaign.history.player import Moment
from ...campaign.upgrade.future_oracle import FutureOracle
from ...impl.board import App, Board
from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.image.format import APP_DESC_MAGIC, read_app_desc
from ...impl.image.verify import verify_image
from ...impl.image.verify_rules import ImageInvalid, VerifyMode
from ...impl.partitions.partition import Partition
from ...model.claims.observation import Future
from ...model.config import Config, Pin, ResetReason
from .boot_bench import BootBench
from .boot_cases import BLANK_APP, BootCase
from .comparison import UNDISTURBED, TrialDifference, compare, simplest
from .core import CoreFault
from .emulated_bootloader import EmulatedBootloader
from .otadata_pairs import BLANK_RECORD
from .program import BootloaderProgram
from .run_outcome import ChipMemory, first_difference
from .simulated_bootloader import SimulatedBootloader


@dataclass(frozen=True, slots=True)
class BootDifference:
    """A power-on that the machine code makes in another way."""

    before: Moment
    """What flash and eFuse hold."""
    emulated: str
    """What the code does where the two first differ."""
    simulated: str
    """What `impl`'s bootloader does there."""


class BootWatch:
    """Compares power-ons, until one cannot be run on."""

    def __init__(self, program: BootloaderProgram, config: Config, flash_size: int) -> None:
        """Load the program; raises InputError where it cannot be run."""
        self._config = config
        self._emulated = EmulatedBootloader(program, config, flash_size, notes_reads=True)
        self.boots = 0
        """Power-ons compared."""
        self.differences: list[BootDifference] = []
        """Those that differ, in the order of their coming."""
        self.fault = ""
        """Why the program could not be run on; "": it could."""

    def __deepcopy__(self, memo: object) -> "BootWatch":
        """Return itself: every copy of a board is watched by the same."""
        return self

    def compare(self, flash: NorFlash, efuse: Efuse) -> None:
        """Make the power-on of a chip that holds this, without a change of it."""
        if self.fault:
            return
        ours, theirs = (_copy(flash, efuse) for _ in range(2))
        ours.flash.tracker = None if flash.tracker is None else flash.tracker.fork()
        try:
            emulated = self._emulated.boot(ours)
        except CoreFault as error:
            self.fault = str(error)
            return
        self.boots += 1
        found = first_difference(emulated, SimulatedBootloader(theirs, self._config).whole_boot())
        if found is not None:
            self.differences.append(BootDifference(Moment(flash.cells, efuse.bits), *found))


def _copy(flash: NorFlash, efuse: Efuse) -> ChipMemory:
    return ChipMemory(UNDISTURBED.flash(flash.cells), Efuse(efuse.bits, efuse.secure_version_bits))


class WatchedBoard(Board):
    """A board whose power-ons are compared."""

    def __init__(self, flash: NorFlash, efuse: Efuse, config: Config, watch: BootWatch) -> None:
        """Take the parts; the board is off."""
        super().__init__(flash, efuse, config)
        self._watch = watch

    def power_on(self, reason: ResetReason = ResetReason.POWER_ON, pin: Pin | None = None) -> App | None:
        """Reset the chip as every board does; of other resets than power-ons nothing is compared."""
        if reason is ResetReason.POWER_ON and pin is None:
            self._watch.compare(self.flash, self.efuse)
        return super().power_on(reason, pin)


@dataclass(frozen=True)
class WatchedDevice(DeviceUnderTest):
    """A device under test whose boards are watched."""

    watch: BootWatch = field(kw_only=True, repr=False, compare=False)

    @classmethod
    def of(cls, device: DeviceUnderTest, watch: BootWatch) -> "WatchedDevice":
        """Return the same device, watched."""
        return cls(
            device.config,
            device.table,
            device.cells,
            device.images,
            device.update,
            device.efuse_bits,
            device.chunk,
            device.strictness,
            watch=watch,
        )

    def board(self, cells: Cells | None = None, efuse_bits: int | None = None) -> WatchedBoard:
        """Return the board, switched off."""
        board = super().board(cells, efuse_bits)
        return WatchedBoard(board.flash, board.efuse, board.config, self.watch)


class WatchingOracle(FutureOracle):
    """Tells futures, and which of them have a power-on that differs."""

    def __init__(self, device: WatchedDevice) -> None:
        """Know nothing yet."""
        super().__init__(device)
        self._watch = device.watch
        self._differing: dict[int, BootDifference] = {}
        """The first difference of a future, by the identity of what is known of it."""

    def tell(self, moment: Moment) -> Known[Future]:
        """Return the future of a device that holds this, before its power-on."""
        count = len(self._watch.differences)
        known = super().tell(moment)
        if len(self._watch.differences) > count:
            self._differing[id(known)] = self._watch.differences[count]
        return known

    def difference(self, known: Known[Future]) -> BootDifference | None:
        """Return the first difference among the power-ons of a future that was told."""
        return self._differing.get(id(known))


def simplest_boot(
    program: BootloaderProgram, device: DeviceUnderTest, found: BootDifference
) -> TrialDifference[BootCase] | None:
    """Return a difference on images that are made for it, as simple as it gets; None where those do not show it."""
    case = observed_boot(device, found.before)
    bench = BootBench(program, device.config, case.flash_size)
    try:
        shown = compare(bench, case)
        return None if shown is None else simplest(bench, shown)
    except CoreFault:
        return None


def observed_boot(device: DeviceUnderTest, moment: Moment) -> BootCase:
    """Return the boot of a device that holds this, as far as a bootloader is to go by it: of an image, whether it
    passes, and its secure version."""
    flash = NorFlash(moment.cells)
    damaged, versions = [], []
    for number, partition in enumerate(partition for partition in device.table if partition.is_app):
        description = read_app_desc(flash, partition.offset)
        is_described = description.magic_word == APP_DESC_MAGIC
        versions.append(description.secure_version if is_described else BLANK_APP)
        if is_described and not _passes(flash, partition, device.config):
            damaged.append(number)
    return BootCase(
        device.table,
        "" if device.config.table_md5 else "no MD5",
        tuple(damaged),
        device.entries(moment.cells) or (BLANK_RECORD, BLANK_RECORD),
        tuple(versions) if any(versions) else (),
        moment.efuse_bits,
        moment.cells.size,
    )


def _passes(flash: NorFlash, partition: Partition, config: Config) -> bool:
    try:
        verify_image(flash, partition.offset, partition.size, config, VerifyMode.BOOTLOADER_LOAD)
    except ImageInvalid:
        return False
    return True
