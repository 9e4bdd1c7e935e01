"""What a directory brings: options, partition table and images, whichever tool made it.

recognise.py finds out which kind of directory it is. The partition table is the CSV that the options name, one of
ESP-IDF's own, or, where no option names one, the file that the build flashes.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..impl.partitions.csv_format import CsvPlaces, parse_csv
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TableError
from ..model.writers import Updater
from .builtin_tables import BUILTIN_TABLES
from .files import read_table
from .project_files import ProjectFiles
from .sdkconfig import Option, Sdkconfig
from .settings import TableChoice


@dataclass(frozen=True, slots=True)
class OptionFile:
    """One of the files that options come from."""

    path: Path
    sdkconfig: Sdkconfig = field(repr=False)
    is_defaults: bool = False
    """Whether idf.py reads it only while there is no sdkconfig, and there is one."""


@dataclass(frozen=True, slots=True)
class Project:
    """What was found in a directory."""

    files: ProjectFiles = field(repr=False, compare=False)
    """Reads the paths that it names."""
    kind: str
    """Which tool's directory it is, in words."""
    option_files: tuple[OptionFile, ...] = ()
    """Files of options in the order of reading; empty where no options are known."""
    release: Option | None = None
    """The release that the build's description names."""
    running: Path | None = None
    update: Path | None = None
    bootloader: Path | None = None
    otadata: Path | None = None
    table: Path | None = None
    """The partition table where the options do not choose one."""
    told: Sdkconfig = field(default=Sdkconfig(), repr=False)
    """What files of another build tool say of the device, in ESP-IDF's words."""
    updater: tuple[Updater, str] | None = None
    """What brings updates, and what tells so, where such a file does."""
    no_table: str = ""
    """Why there is no table, where the options are not to choose one."""
    built_table: Path | None = None
    """The table as it was when the project was built, where the options choose one."""
    build: Path | None = None
    """Where the build lies."""
    sources: Path | None = None
    """Where the sources lie."""

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return self.files.root


def stale_table_note(project: Project, places: CsvPlaces, table: tuple[Partition, ...]) -> str | None:
    """Return a line on the table of the last build when it is not `table`; None when it is, or there is none."""
    if project.built_table is None:
        return None
    built = read_table(project.built_table, places)
    if [_place(partition) for partition in built] == [_place(partition) for partition in table]:
        return None
    return (
        f"{project.built_table} is another partition table than the project's: build again, "
        f"or name the one that devices have with --partitions"
    )


def project_table(project: Project, choice: TableChoice, places: CsvPlaces) -> tuple[Partition, ...]:
    """Return the partition table of the project: the file that holds it, or what its options ask for."""
    if project.table is not None:
        return read_table(project.table, places)
    if project.no_table:
        raise InputError(project.no_table)
    if choice.builtin == "CUSTOM":
        return read_table(custom_table(project, choice), places)
    builtin = BUILTIN_TABLES.get(choice.builtin)
    if builtin is None:
        raise InputError(f"{choice.origin}: ESP-IDF's table {choice.builtin} is not known here; give --partitions")
    csv = builtin.csv_with_coredump if choice.coredump and builtin.csv_with_coredump else builtin.csv
    try:
        return parse_csv(csv.encode(), places)
    except TableError as error:
        raise InputError(f"{choice.origin}: table {choice.builtin}: {error}") from None


def custom_table(project: Project, choice: TableChoice) -> Path:
    """Return the project's own table; raises InputError for one that is not there."""
    path = project.directory / choice.filename
    if project.files.existing(path) is None:
        raise InputError(
            f"{path}: no such file, but {choice.origin} names it as the partition table; give --partitions"
        )
    return path


def _place(partition: Partition) -> tuple[str, int, int, int, int]:
    return (partition.label, partition.type, partition.subtype, partition.offset, partition.size)
