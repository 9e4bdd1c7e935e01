"""What a user says of the two builds, for the commands that read a project, images or a dump."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .groups import ARGUMENTS, DEVICE
from .values import AntiRollback, Rollback

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
    config: Annotated[tuple[str, ...], Parameter(metavar="CONFIG_X=V")] = ()
    """Any other sdkconfig option (repeatable)."""

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
        )
