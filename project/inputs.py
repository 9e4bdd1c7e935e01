"""What the command line says of a device, the same for `check`, `doctor` and `explain`.

None, or empty, is what was not said. Texts stay as they were typed: resolve.py gives them their meaning, so that each
option means one thing in all commands.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..bounded_input import shortened
from ..errors import InputError
from ..model.config import Selector
from ..model.idf_version import IdfVersion
from ..model.writers import Updater
from .files import FLASH_SIZES
from .image_evidence import ANTI_ROLLBACK, ROLLBACK
from .release_text import read_release
from .sdkconfig import Option, Sdkconfig, given_options

_FLASH_SIZE = re.compile(r"(\d{1,3})(?:M|MB|MiB)?", re.IGNORECASE | re.ASCII)
_REVISION = re.compile(r"v?(\d{1,2})\.(\d{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Options of the command line, by what they mean."""

    subject: Path | None = None
    """PROJECT or DUMP: a directory of any kind that is known, or a dump of a whole flash."""
    partitions: Path | None = None
    running: Path | None = None
    """The application that runs, or a directory that holds it."""
    update: Path | None = None
    """As `running`, of the image that the update brings."""
    bootloader: Path | None = None
    otadata: Path | None = None
    flash: Path | None = None
    """A dump, where it is not the subject."""
    image_size: str | None = None
    """Bytes of images that are to be made, such as "1.2M"."""
    fragments: tuple[Path, ...] = ()
    """Files of options, read after those of the project."""
    bootloader_sdkconfig: Path | None = None
    rollback: bool | None = None
    anti_rollback: bool | None = None
    app_release: str | None = None
    bootloader_release: str | None = None
    generator: IdfVersion | None = None
    """The version whose generator made the partition table, where it is not the application's."""
    chip: str | None = None
    table_offset: str | None = None
    flash_size: str | None = None
    """Such as "4MB"."""
    chip_revision: str | None = None
    """Such as "3.0"."""
    options: tuple[str, ...] = ()
    """CONFIG_X=V, each."""
    follows_outside: bool = False
    """Whether paths that a project names may lead out of it."""
    variables: tuple[str, ...] = ()
    """Names of environment variables that a partition table in CSV may use."""
    efuse_version: int = 0
    """Secure version in the eFuse."""
    updater: Updater | None = None
    """What brings updates in the application."""
    selector: Selector = Selector.ESP_IDF
    """What keeps otadata in bootloader and application; no file tells it."""
    file_options: frozenset[str] = frozenset()
    """Names of the options for files that the command has, such as "running"."""
    names: Mapping[str, str] = field(default_factory=dict)
    """How an option is told of that is not of the command line, by its name there."""

    def called(self, option: str, spelled: str | None = None) -> str:
        """Return what an option is called where it was given. spelled: as on the command line, where that differs."""
        return self.names.get(option, spelled or f"--{option}")

    @property
    def flash_file(self) -> Path | None:
        """The dump, whichever way it is given."""
        if self.flash is not None:
            return self.flash
        return self.subject if self.subject is not None and self.subject.is_file() else None

    @property
    def directory(self) -> Path | None:
        """The subject, where it is no dump."""
        return None if self.subject is None or self.subject.is_file() else self.subject

    def environment(self) -> Mapping[str, str]:
        """Return the values of the variables that were asked for; raises InputError for one that is not set."""
        for name in self.variables:
            if name not in os.environ:
                raise InputError(f"--env {shortened(name)}: there is no such environment variable")
        return {name: os.environ[name] for name in self.variables}

    def check(self) -> None:
        """Raise InputError, one line, for options that contradict each other or are out of range."""
        if not 0 <= self.efuse_version <= 32:
            raise InputError(f"{self.called('efuse')}: {self.efuse_version}; want 0 … 32")
        if self.anti_rollback and self.rollback is False:
            raise InputError("--anti-rollback needs rollback; leave --no-rollback out")
        if self.flash is not None and self.subject is not None:
            raise InputError(f"--flash {self.flash} and {self.subject}: give one of the two")
        self.environment()

    def arguments(self) -> Iterator[str]:
        """Yield the arguments with which `otaproof check` is given the same."""
        if self.subject is not None:
            yield str(self.subject)
        for argument, value in (
            ("--flash", self.flash),
            ("--partitions", self.partitions),
            ("--running", self.running),
            ("--bootloader", self.bootloader),
            ("--idf", self.app_release),
            ("--bootloader-idf", self.bootloader_release),
            ("--chip", self.chip),
            ("--table-offset", self.table_offset),
            ("--flash-size", self.flash_size),
            ("--chip-revision", self.chip_revision),
            ("--updater", None if self.updater is None else self.updater.value),
            ("--selector", None if self.selector is Selector.ESP_IDF else self.selector.value),
        ):
            if value is not None:
                yield from (argument, str(value))
        for name, switch in (("rollback", self.rollback), ("anti-rollback", self.anti_rollback)):
            if switch is not None:
                yield f"--{name}" if switch else f"--no-{name}"
        for fragment in self.fragments:
            yield from ("--sdkconfig", str(fragment))
        for option in self.options:
            yield from ("--config", option)
        for name in self.variables:
            yield from ("--env", name)
        if self.follows_outside:
            yield "--outside"

    def said(self) -> Sdkconfig:
        """Return what the command line says of options."""
        said = Sdkconfig()
        if self.anti_rollback and self.rollback is None:
            said = said.overlaid(given_options([f"CONFIG_{ROLLBACK}=y"], self.called("anti-rollback"), True))
        for argument, name, value in (
            ("rollback", ROLLBACK, self.rollback),
            ("anti-rollback", ANTI_ROLLBACK, self.anti_rollback),
        ):
            if value is not None:
                spelled = self.called(argument, f"--{argument}" if value else f"--no-{argument}")
                said = said.overlaid(given_options([f"CONFIG_{name}={'y' if value else 'n'}"], spelled, True))
        if self.chip is not None:
            said = said.overlaid(given_options([f'CONFIG_IDF_TARGET="{self.chip}"'], self.called("chip"), True))
        if self.table_offset is not None:
            offset = f"CONFIG_PARTITION_TABLE_OFFSET={self.table_offset}"
            said = said.overlaid(given_options([offset], self.called("table-offset"), True))
        if self.flash_size is not None:
            size = f"CONFIG_ESPTOOLPY_FLASHSIZE_{self._mebibytes(self.flash_size)}MB=y"
            said = said.overlaid(given_options([size], self.called("flash-size"), True))
        return said.overlaid(given_options(self.options, self.called("config"), True))

    def _mebibytes(self, text: str) -> int:
        """Return the MB of a flash that a text such as "4MB" names; raises InputError for a size that no flash has."""
        match = _FLASH_SIZE.fullmatch(text)
        if match is None or int(match[1]) << 20 not in FLASH_SIZES:
            known = ", ".join(f"{size >> 20}MB" for size in FLASH_SIZES)
            raise InputError(f"{self.called('flash-size')}: {shortened(text)}; want one of {known}")
        return int(match[1])

    def revision(self) -> tuple[int, str] | None:
        """Return the revision of the chip, major * 100 + minor, and who says it; raises InputError for other texts."""
        if self.chip_revision is None:
            return None
        place, match = self.called("chip-revision"), _REVISION.fullmatch(self.chip_revision)
        if match is None:
            raise InputError(f"{place}: {shortened(self.chip_revision)}; want a revision such as 3.0")
        return int(match[1]) * 100 + int(match[2]), place

    def app_release_option(self) -> Option | None:
        """Return what --idf says; raises InputError for no release."""
        return _release(self.called("idf"), self.app_release)

    def bootloader_release_option(self) -> Option | None:
        """Return what --bootloader-idf says; raises InputError for no release."""
        return _release(self.called("bootloader-idf"), self.bootloader_release)


def _release(argument: str, text: str | None) -> Option | None:
    if text is None:
        return None
    read_release(text, argument)
    return Option("ESP-IDF release", text, argument)
