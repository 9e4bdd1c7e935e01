"""What `otaproof doctor` looks at: the options of both builds, the partition table, the images, the sources.

Gathered once, by load.py, and read by every rule.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ...impl.image.format import AppDesc, ImageHeader
from ...model.config import Config
from ...model.writers import Updater
from ..lenient_table import TableReading
from ..option_reader import Answers, ConfigValue
from ..project import OptionFile
from ..sdkconfig import Option
from ..settings import Settings

BY_DEFAULT = "(Kconfig's default)"
"""Place of a value that nobody wrote."""


class Need(Enum):
    """What a rule has to see; the value says what to give where it is missing."""

    OPTIONS = "the options: a project with an sdkconfig, or --config"
    ALL_OPTIONS = "all of the options: a project with an sdkconfig"
    ROLLBACK = "whether rollback is on: a project, an image that tells, or --rollback"
    ANTI_ROLLBACK = "whether anti-rollback is on: a project, or --anti-rollback"
    BOOTLOADER_OPTIONS = "the bootloader's options: a build, or --bootloader-sdkconfig"
    TABLE = "the partition table: a project that names one, or --partitions"
    APP = "the application's image: a build, or --running"
    UPDATER = "what brings updates: the application's image, platformio.ini, or --updater"
    BOOTLOADER = "the bootloader's image: a build, or --bootloader"
    RELEASE = "the ESP-IDF release: a build, or --idf"
    BUILD = "a build of the project"


@dataclass(frozen=True, slots=True)
class AppImage:
    """The application's image."""

    path: str
    size: int
    """Bytes."""
    header: ImageHeader
    desc: AppDesc | None
    """None where the magic word is missing."""
    problem: str | None
    """Why esp_image_verify refuses it; None when it does not."""
    unlike: str | None
    """What the file is where it is no application, but a bootloader or a merged file; None for an application."""
    clash: str | None
    """What of it lies in the bootloader's own RAM; None where nothing is seen."""
    is_arduino: bool
    """Whether it is a sketch on Arduino's published libraries. False tells nothing."""
    has_rollback: bool
    """Whether it holds a text that only an application with rollback has. False tells nothing."""
    is_confirmed_by_arduino: bool
    """Whether Arduino's start-up code, which accepts the image, is in it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """All that can be seen."""

    name: str
    options: Mapping[str, Option]
    """By name without CONFIG_."""
    is_configured: bool
    """Whether the options are known at all."""
    flash_size: tuple[int, str] | None
    """Bytes, and who says so; None where nobody knows."""
    files: tuple[OptionFile, ...]
    settings: Settings
    named_values: tuple[ConfigValue, ...]
    """What every command names, with origins: chip, rollback, releases, where the table lies."""
    warnings: tuple[str, ...]
    """Where images contradict options, a line each."""
    written_by: Option | None
    """The release that wrote the sdkconfig last, by its header."""
    release_text: str | None
    """What names the application's release, as it is written; None where nothing does."""
    bootloader_options: Mapping[str, Option] | None
    table: TableReading | None
    built_table: TableReading | None
    flashed_table_offset: tuple[int, str] | None
    """Where the build flashes the table, and the file that says so."""
    app: AppImage | None
    flashed_app: tuple[int, str] | None
    """Where the build flashes the application, and the file that says so."""
    flashed_size: tuple[int, str] | None
    """Bytes of flash that the build writes into the bootloader's header, and the file that says so."""
    bootloader: tuple[str, int] | None
    """Path and size, or what to call the bootloader of a dump."""
    bootloader_flash_size: tuple[int, str] | None
    """Bytes of flash by the bootloader's own header, and whose it is."""
    accepts: bool | None
    """Whether the application accepts itself, where it was said."""
    accept_call: str | None
    """Where the sources accept."""
    has_sources: bool
    check_command: str
    """What to paste into a shell: the command that cuts the power in an update of this very device."""
    missing: frozenset[Need] = field(default_factory=frozenset)

    @property
    def config(self) -> Config:
        """What the options come to."""
        return self.settings.config

    @property
    def calls_begin(self) -> bool:
        """The application brings updates by esp_ota_begin; rules that rest on what that does say nothing of others."""
        return self.config.updates.calls_begin

    @property
    def is_arduino(self) -> bool:
        """The application is a sketch on Arduino's published libraries, by its image, or where there is none by what
        brings updates; a project with options of ESP-IDF has its own build of them, and is flashed as ESP-IDF does."""
        if self.app is not None:
            return self.app.is_arduino
        return self.config.updater in (Updater.ARDUINO, Updater.ARDUINO_ON_TRIAL) and not self.is_configured

    @property
    def known_table(self) -> TableReading:
        """The partition table, for rules that need one."""
        assert self.table is not None
        return self.table

    @property
    def known_app(self) -> AppImage:
        """The application's image, for rules that need one."""
        assert self.app is not None
        return self.app

    def trace_of(self, claim: str) -> str:
        """Return what to paste into a shell for the trace of a claim that a rule says is broken.

        With factory or a third slot, no cut in two updates breaks C2; the search of all histories finds what does."""
        slots = [] if self.table is None else sorted(row.partition.slot for row in self.table.slots)
        has_factory = self.table is not None and self.table.factory is not None
        is_modelled = slots and slots == list(range(len(slots)))
        if claim != "C2" or not is_modelled or (len(slots) == 2 and not has_factory):
            return self.check_command
        device = ["--slots", str(len(slots)), *(["--factory"] if has_factory else [])]
        device += ["--idf", self.config.app_name, "--bootloader-idf", self.config.bootloader_name]
        device += ["--anti-rollback"] if self.config.anti_rollback else []
        return shlex.join(["otaproof", "prove", "--usage", "documented", "--claim", claim, *device])

    def is_on(self, name: str, default: bool = False) -> bool:
        """Tell whether a switch is on."""
        return Answers(self.options).is_on(name, default)

    def number(self, name: str) -> int | None:
        """Return the value of a decimal option, None where it is not set."""
        return Answers(self.options).number(name, 10)

    def place(self, name: str) -> str:
        """Return where an option is set."""
        option = self.options.get(name)
        return BY_DEFAULT if option is None else option.place
