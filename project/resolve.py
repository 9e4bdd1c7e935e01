"""One answer to what device is meant: for `check`, `doctor` and `explain` alike.

    command line  over  project  over  what images and dumps tell  over  defaults

Every value comes with its origin. A value that contradicts an image is told in a warning that names both, whether
somebody chose it or it is a default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..impl.chip.chips import CHIPS
from ..impl.partitions.csv_format import CsvPlaces
from ..model.config import Config, Selector
from ..model.idf_version import IdfVersion
from ..model.writers import UPDATERS
from .evidence import Evidence, contradictions, release_hints
from .files import read_file, read_otadata
from .flash_reading import FlashReading, otadata_state, read_flash
from .idf_project import load_idf_project
from .image_evidence import ANTI_ROLLBACK, ROLLBACK, app_evidence, bootloader_evidence
from .inputs import Inputs
from .option_reader import Answers, ConfigValue, Origin
from .project import OptionFile, Project
from .project_files import ProjectFiles
from .recognise import image_of, is_known, recognise
from .sdkconfig import Option, Sdkconfig, given_options
from .sdkconfig_file import read_sdkconfig
from .settings import Settings, read_settings
from .source_scan import extra_subtypes

_NEWER_ROLLBACK = "BOOTLOADER_APP_ROLLBACK"
"""What ESP-IDF calls the option after the newest release whose rules are known here."""

UPDATER = "library that brings updates"
"""What the settings call the updater; left out where nobody tells and that of ESP-IDF is assumed."""
_NOBODY_TELLS = "neither options nor images nor otadata tell"
_NAMED = (
    "CONFIG_IDF_TARGET",
    f"CONFIG_{ROLLBACK}",
    f"CONFIG_{ANTI_ROLLBACK}",
    "ESP-IDF release of the application",
    "ESP-IDF release of the bootloader",
    "CONFIG_PARTITION_TABLE_OFFSET",
)

SELECTOR_BY_TURNS = ("what keeps otadata", "by-turns (selector/DESIGN.md)")
"""How a setting tells that otadata is kept by turns."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is meant, and where each value comes from."""

    inputs: Inputs
    """As given, with images in place of the directories that were named for them."""
    project: Project | None
    flash: FlashReading | None
    option_files: tuple[OptionFile, ...]
    """The project's, then the fragments."""
    said: Sdkconfig
    """The options of these files, and of the command line."""
    evidence: Evidence
    settings: Settings
    warnings: tuple[str, ...]
    extra_subtypes: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """Subtypes of partitions that components of the project add."""

    @property
    def config(self) -> Config:
        """The configuration that all of it comes to."""
        return self.settings.config

    @property
    def places(self) -> CsvPlaces:
        """What a partition table in CSV leaves to the build."""
        return CsvPlaces(
            self.config.table_offset,
            CHIPS[self.config.chip].bootloader_offset,
            environment=self.inputs.environment(),
            version=self.inputs.generator or self.settings.generator,
            extra_subtypes=self.extra_subtypes,
        )

    @property
    def running(self) -> Path | None:
        """The application that runs, where it is a file."""
        return self.inputs.running or (self.project.running if self.project else None)

    @property
    def update(self) -> Path | None:
        """The image that an update brings."""
        return self.inputs.update or (self.project.update if self.project else None)

    @property
    def bootloader(self) -> Path | None:
        """The bootloader, where it is a file."""
        return self.inputs.bootloader or (self.project.bootloader if self.project else None)

    @property
    def otadata(self) -> Path | None:
        """The otadata partition, where it is a file."""
        return self.inputs.otadata or (self.project.otadata if self.project else None)

    @property
    def has_options(self) -> bool:
        """Whether a project's options are known: then what nobody chose is Kconfig's default."""
        return bool(self.option_files)

    @property
    def knows_rollback(self) -> bool:
        """Whether anything tells of rollback, be it Kconfig's default in a project's options."""
        return self.has_options or not self.value(f"CONFIG_{ROLLBACK}").origin.assumed

    @property
    def knows_anti_rollback(self) -> bool:
        """Whether anything tells of anti-rollback, which is off where rollback is."""
        is_told = not self.value(f"CONFIG_{ANTI_ROLLBACK}").origin.assumed
        return self.has_options or is_told or (self.knows_rollback and not self.config.rollback)

    @property
    def flash_size(self) -> tuple[int, str] | None:
        """The bytes of the flash, and who says so: the dump, or the options; None where neither tells.

        Kconfig's default counts where options choose the table and no bootloader names a size in its header."""
        if self.flash is not None:
            return self.flash.cells.size, "the size of the dump"
        if not self.value("CONFIG_ESPTOOLPY_FLASHSIZE").origin.assumed:
            return self.settings.flash_size, "CONFIG_ESPTOOLPY_FLASHSIZE"
        is_idf = self.project is not None and self.project.table is None and self.has_options
        return (
            (self.settings.flash_size, "Kconfig's default") if is_idf and self.evidence.flash_size() is None else None
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told: lines of files that do not count, and warnings."""
        return (*map(str, self.settings.passed_over), *self.warnings)

    @property
    def own_bootloader_version(self) -> IdfVersion | None:
        """The version that the bootloader, or the command line for it, names; None: that of the application."""
        said = self.inputs.bootloader_release_option() or self.evidence.bootloader_release()
        return None if said is None else self.config.bootloader_point

    def named_values(self) -> tuple[ConfigValue, ...]:
        """Return what every command names: chip, rollback, releases, and where the table lies, each with its origin."""
        values = tuple(self.value(name) for name in _NAMED)
        values += tuple(value for value in self.settings.settings if value.name == UPDATER)
        if self.knows_rollback:
            return values
        unknown = Origin(_NOBODY_TELLS, assumed=True)
        return tuple(
            ConfigValue(value.name, "unknown", unknown) if value.name == f"CONFIG_{ROLLBACK}" else value
            for value in values
        )

    def values_for_check(self) -> tuple[ConfigValue, ...]:
        """Return the values that an upgrade rests on: no pin is held in one, and a table that is given replaces
        the options that choose one."""
        left_out = {"CONFIG_BOOTLOADER_FACTORY_RESET", "CONFIG_BOOTLOADER_APP_TEST"}
        has_table = self.inputs.partitions is not None or self.flash is not None
        if has_table or (self.project is not None and self.project.table is not None):
            left_out |= {"partition table", "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME"}
        if self.flash_size is None or self.flash is not None:
            left_out.add("CONFIG_ESPTOOLPY_FLASHSIZE")
        values = (value for value in self.settings.settings if value.name not in left_out)
        return tuple(map(self._with_reason, values))

    def _with_reason(self, value: ConfigValue) -> ConfigValue:
        """Return the value of rollback with the reason why it is a default, any other as it is."""
        if value.name != f"CONFIG_{ROLLBACK}" or self.knows_rollback:
            return value
        return replace(value, origin=Origin(f"{_NOBODY_TELLS}; Kconfig's default", assumed=True))

    def value(self, name: str) -> ConfigValue:
        """Return a value that always is there, such as CONFIG_IDF_TARGET."""
        return next(value for value in self.settings.settings if value.name == name)


def resolve(inputs: Inputs, as_kconfig: bool = False) -> Resolved:
    """Return what the user means; raises InputError, one line, for what cannot be read or is contradictory.

    as_kconfig: drop what Kconfig would drop without a word, anti-rollback without rollback, instead of refusing it."""
    inputs.check()
    running = image_of(inputs.running, inputs.called("running"), inputs.follows_outside)
    update = image_of(inputs.update, inputs.called("update"), inputs.follows_outside)
    inputs = replace(inputs, running=running, update=update)
    project = _project(inputs)
    files = (*(() if project is None else project.option_files), *map(_fragment, inputs.fragments))
    said = _said(inputs, files, Sdkconfig() if project is None else project.told)
    flash = (
        None if inputs.flash_file is None else read_flash(inputs.flash_file, _table_offset(said), inputs.file_options)
    )
    evidence = _evidence(inputs, project, flash)
    hints = release_hints(
        inputs.app_release_option(),
        inputs.bootloader_release_option(),
        evidence,
        None if project is None else project.release,
    )
    options = evidence.options().overlaid(said)
    settings = read_settings(_as_kconfig(options) if as_kconfig else options, hints, inputs.revision())
    settings = _with_selector(_with_updater(settings, inputs, evidence, project), inputs)
    extra = {} if project is None or project.sources is None else extra_subtypes(project.files)
    resolved = Resolved(inputs, project, flash, files, said, evidence, settings, (), extra)
    warnings = (*settings.warnings, *contradictions(said, settings, evidence, resolved.has_options))
    return replace(resolved, warnings=tuple(dict.fromkeys(warnings)))


def _with_updater(settings: Settings, inputs: Inputs, evidence: Evidence, project: Project | None) -> Settings:
    """Return the settings with what brings updates: as chosen, else as an image or a build tool tells, else esp_ota_*
    of ESP-IDF."""
    chosen = None if inputs.updater is None else (inputs.updater, Origin(inputs.called("updater")))
    by_tool = None if project is None or project.updater is None else (project.updater[0], Origin(project.updater[1]))
    told = chosen or evidence.updater() or by_tool
    if told is None:
        return settings
    updater, origin = told
    value = ConfigValue(UPDATER, f"{updater.value} ({UPDATERS[updater].title})", origin)
    config = replace(settings.config, updater=updater)
    return replace(settings, config=config, settings=(*settings.settings, value))


def _with_selector(settings: Settings, inputs: Inputs) -> Settings:
    """Return the settings with what keeps otadata; raises InputError where the updater does not go with it."""
    if inputs.selector is Selector.ESP_IDF:
        return settings
    name = inputs.called("selector")
    if not settings.config.updates.calls_begin:
        raise InputError(
            f"{name} {inputs.selector.value}: {settings.config.updates.title} writes slots past esp_ota_begin, "
            f"on which it relies; leave {name} out"
        )
    value = ConfigValue(*SELECTOR_BY_TURNS, Origin(name))
    config = replace(settings.config, selector=inputs.selector)
    return replace(settings, config=config, settings=(*settings.settings, value))


def _project(inputs: Inputs) -> Project | None:
    """Return what the directory brings; one with nothing in it is a project whose options are all in fragments."""
    directory = inputs.directory
    if directory is None:
        return None
    if inputs.fragments and directory.is_dir() and not is_known(directory):
        files = ProjectFiles(directory, inputs.follows_outside)
        return load_idf_project(files, inputs.running, inputs.update)
    return recognise(directory, inputs.running, inputs.update, inputs.follows_outside)


def _fragment(path: Path) -> OptionFile:
    return OptionFile(path, read_sdkconfig(path))


def _said(inputs: Inputs, files: tuple[OptionFile, ...], told: Sdkconfig) -> Sdkconfig:
    """Return all that is said of options: in files, in their order, by another build tool, and on the command line."""
    said = Sdkconfig().overlaid(*(file.sdkconfig for file in files), told, inputs.said())
    newer = said.options.get(_NEWER_ROLLBACK)
    if newer is not None and ROLLBACK not in said.options:
        return said.overlaid(Sdkconfig({ROLLBACK: replace(newer, name=ROLLBACK)}))
    return said


def _as_kconfig(options: Sdkconfig) -> Sdkconfig:
    """Return the options as Kconfig leaves them: without rollback there is no anti-rollback."""
    answers = Answers(options.options)
    if answers.is_on(ANTI_ROLLBACK) and not answers.is_on(ROLLBACK):
        return options.overlaid(given_options([f"CONFIG_{ANTI_ROLLBACK}=n"], "Kconfig"))
    return options


def _table_offset(said: Sdkconfig) -> Option | None:
    name = "PARTITION_TABLE_OFFSET"
    if name not in said.options:
        return None
    offset = read_settings(Sdkconfig({name: said.options[name]})).config.table_offset
    return Option(name, f"0x{offset:x}", said.options[name].place)


def _evidence(inputs: Inputs, project: Project | None, flash: FlashReading | None) -> Evidence:
    """Return what the images tell, in a dump or as files."""
    if flash is not None:
        told = (flash.table_offset, flash.table_md5, flash.state)
        return Evidence(flash.apps, flash.bootloader, tuple(option for option in told if option is not None))
    running = inputs.running or (project.running if project else None)
    bootloader = inputs.bootloader or (project.bootloader if project else None)
    app = None if running is None else app_evidence(read_file(running), str(running))
    return Evidence(
        () if app is None else (app,),
        None if bootloader is None else bootloader_evidence(read_file(bootloader), str(bootloader)),
        tuple(_otadata_evidence(inputs.otadata)),
    )


def _otadata_evidence(path: Path | None) -> Iterator[Option]:
    state = None if path is None else otadata_state(read_otadata(path), str(path))
    if state is not None:
        yield state
