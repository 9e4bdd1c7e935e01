"""What a user says of the two builds, for the commands that read a project, images or a dump."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...model.writers import Updater
from .groups import ARGUMENTS, DEVICE, INPUTS
from .values import AntiRollback, File, Rollback

if TYPE_CHECKING:
    from ...project.inputs import Inputs

_PROJECT = (
    "Directory of a project or a build (ESP-IDF, PlatformIO, Arduino, ESPHome), of the files of a release, or a dump "
    "of the whole flash."
)
Project = Annotated[Path | None, Parameter(name="PROJECT", group=ARGUMENTS, help=_PROJECT)]
AppRelease = Annotated[str | None, Parameter(name="--idf", metavar="RELEASE", group=DEVICE)]


@Parameter(name="*", group=DEVICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What goes before everything that files say."""

    rollback: Annotated[bool | None, Rollback] = None
    """App rollback, in bootloader and application."""
    anti_rollback: Annotated[bool | None, AntiRollback] = None
    """Anti-rollback, in bootloader and application."""
    bootloader_idf: Annotated[str | None, Parameter(metavar="RELEASE")] = None
    """ESP-IDF release of the bootloader (default: as its image or the application says)."""
    chip: Annotated[str | None, Parameter(metavar="NAME")] = None
    """IDF_TARGET, such as esp32s3."""
    table_offset: Annotated[str | None, Parameter(metavar="ADDRESS")] = None
    """Offset of the partition table, such as 0x8000."""
    updater: Updater | None = None
    """What brings updates in the application (default: as its image says, else esp-idf)."""
    config: Annotated[tuple[str, ...], Parameter(metavar="CONFIG_X=V")] = ()
    """Any other sdkconfig option (repeatable)."""
    env: Annotated[tuple[str, ...], Parameter(metavar="NAME", group=INPUTS)] = ()
    """Fill $NAME in a partition table in from the environment (repeatable)."""
    outside: Annotated[bool, Parameter(group=INPUTS)] = False
    """Follow paths of a project that lead out of it."""

    def inputs(self) -> "Inputs":
        """Return these options alone; a command adds its files with `replace`."""
        from ...project.inputs import Inputs

        return Inputs(
            rollback=self.rollback,
            anti_rollback=self.anti_rollback,
            bootloader_release=self.bootloader_idf,
            chip=self.chip,
            table_offset=self.table_offset,
            options=self.config,
            variables=self.env,
            updater=self.updater,
            follows_outside=self.outside,
        )


@Parameter(name="*", group=INPUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFiles:
    """Files, in place of those of the project."""

    partitions: File = None
    """Partition table, CSV or binary."""
    running: File = None
    """Image of the application that runs, or the directory that holds it."""
    bootloader: File = None
    """Image of the bootloader."""
    sdkconfig: Annotated[tuple[Path, ...], Parameter(metavar="FILE")] = ()
    """A further file of options, read after the project's (repeatable)."""
    idf: AppRelease = None
    """ESP-IDF release of the application, such as 5.1 (default: as its image says)."""
    flash_size: Annotated[str | None, Parameter(metavar="SIZE", group=DEVICE)] = None
    """Size of the flash, such as 4MB (default: as options or the bootloader's header say)."""
    chip_revision: Annotated[str | None, Parameter(metavar="X.Y", group=DEVICE)] = None
    """Revision of the chip, such as 3.0 (default: one on which the images run)."""

    def named(self, subject: Path | None, build: BuildOptions) -> "Inputs":
        """Return what the command line says of subject, files and builds; a command adds the rest with `replace`."""
        return replace(
            build.inputs(),
            subject=subject,
            partitions=self.partitions,
            running=self.running,
            bootloader=self.bootloader,
            fragments=self.sdkconfig,
            app_release=self.idf,
            flash_size=self.flash_size,
            chip_revision=self.chip_revision,
            file_options=frozenset(known.name for known in fields(self)),
        )
