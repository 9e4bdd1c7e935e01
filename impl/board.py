"""The board: flash, eFuse and configuration, switched on and off.

Switching on runs the bootloader and gives the application, with fresh RAM, that it starts. All that a
program had in RAM is in its App and goes with it: a new power-on gives a new App.
"""

from copy import copy

from ..model.config import Config, Pin, ResetReason
from .app.esp_ota import EspOta
from .app.esp_partition import EspPartitions
from .app.otaupgrade import OtaUpgrade
from .app.updates import updates_of
from .bootloader import Bootloader
from .by_turns.turn_bootloader import TurnBootloader
from .by_turns.turn_ota import TurnOta
from .chip.cells import Cells
from .chip.efuse import Efuse
from .chip.flash import NorFlash, Strictness
from .image.format import read_app_desc
from .partitions.partition import Partition, PartitionType
from .partitions.table import TableError, load_partitions
from .program_end import Panic
from .release_rules import app_rules


class App:
    """An application that runs: its view of the partitions, esp_ota_* and otaupgrade."""

    def __init__(self, flash: NorFlash, efuse: Efuse, config: Config, booted: Partition) -> None:
        """Start the image in `booted`.

        Raises Panic when the application cannot find itself in the table, and when its start code finds its secure
        version below the eFuse's: the chip then restarts. Source: esp_efuse_startup.c init_efuse_secure."""
        rules = app_rules(config.app_point)
        self.partitions = EspPartitions(flash, _load_table(flash, config), rules)
        running = next((p for p in self.partitions.find(PartitionType.APP) if p.offset <= booted.offset < p.end), None)
        if running is None:
            raise Panic
        self.running = running
        linked_version = read_app_desc(flash, booted.offset).secure_version
        is_checked = config.anti_rollback and rules.checks_version_at_start
        if is_checked and not efuse.is_secure_version_allowed(linked_version):
            raise Panic
        self.ota = (TurnOta if config.is_by_turns else EspOta)(self.partitions, efuse, config, running, linked_version)
        self.otaupgrade = OtaUpgrade(self.ota)
        self.updates = updates_of(config.updater, self.ota)
        """What brings updates; None: otaupgrade, whose info() is asked in any case."""

    def start(self) -> None:
        """Run what comes before anything that the application decides."""
        if self.updates is not None:
            self.updates.start()

    def fork(self, flash: NorFlash, efuse: Efuse) -> "App":
        """Return an application in the same state, on another chip."""
        other = copy(self)
        other.partitions = self.partitions.fork(flash)
        other.ota = self.ota.fork(other.partitions, efuse)
        other.otaupgrade = self.otaupgrade.fork(other.ota)
        other.updates = None if self.updates is None else self.updates.fork(other.ota)
        return other


class Board:
    """One device."""

    def __init__(self, flash: NorFlash, efuse: Efuse, config: Config) -> None:
        """Take the parts; the board is off."""
        self.flash = flash
        self.efuse = efuse
        self.config = config
        self._retained: Partition | None = None
        """What RTC memory holds of the last boot. The test app is started without a note of it there: by
        bootloader_utility.c load_boot_image, whose set_actual_ota_seq writes it, for all others alone."""

    @classmethod
    def of_cells(cls, cells: Cells, config: Config, strictness: Strictness = Strictness.STRICT) -> "Board":
        """Return a board whose flash holds `cells` and whose eFuse is blank."""
        return cls(NorFlash(cells, strictness), Efuse(0, config.secure_version_bits), config)

    def power_on(self, reason: ResetReason = ResetReason.POWER_ON, pin: Pin | None = None) -> App | None:
        """Reset the chip and return the application that starts, or None when none does.

        reason: what reset it; RTC memory survives all but POWER_ON. Raises PowerCut where one is planned, and Panic
        where an assertion of the C code fails."""
        self.flash.power_on()
        if reason is ResetReason.POWER_ON:
            self._retained = None
        bootloader = (TurnBootloader if self.config.is_by_turns else Bootloader)(self.flash, self.efuse, self.config)
        booted = bootloader.boot(reason, pin, self._retained)
        if booted is None:
            return None
        if not booted.is_test_app:
            self._retained = booted
        app = App(self.flash, self.efuse, self.config, booted)
        app.start()
        return app

    def fork(self, app: App | None) -> tuple["Board", App | None]:
        """Return another board in the same state, and what runs on it, which is `app` here."""
        other = copy(self)
        other.flash, other.efuse = self.flash.fork(), self.efuse.fork()
        return other, None if app is None else app.fork(other.flash, other.efuse)


def _load_table(flash: NorFlash, config: Config) -> tuple[Partition, ...]:
    """Return the table as the application reads it; one that it refuses has no partitions."""
    raw = flash.read(config.table_offset, 0x1000)
    try:
        return load_partitions(raw, config.app_point, config.table_md5)
    except TableError:
        return ()
