"""What a directory brings: options, partition table and images, whichever tool made it.

recognise.py finds out which kind of directory it is. The partition table is the CSV that the options name, one of
ESP-IDF's own, or, where no option names one, the file that the build flashes.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ..bounded_input import json_value
from ..errors import InputError
from ..impl.image.format import IMAGE_MAGIC
from ..impl.partitions.csv_format import CsvPlaces, parse_csv
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TableError
from .builtin_tables import BUILTIN_TABLES
from .files import read_file, read_table
from .sdkconfig import Option, Sdkconfig
from .settings import Settings, TableChoice

_NOT_THE_APP = ("bootloader.bin", "merged-binary.bin", ".merged.bin", ".factory.bin", ".ota.bin")
"""How the names of files of a build end that begin as an application does, and are none, or a copy of it."""


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

    directory: Path
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
    built_table: Path | None = None
    """The table as it was when the project was built, where the options choose one."""
    build: Path | None = None
    """Where the build lies."""
    sources: Path | None = None
    """Where the sources lie."""


def stale_table_note(project: Project, settings: Settings, table: tuple[Partition, ...]) -> str | None:
    """Return a line on the table of the last build when it is not `table`; None when it is, or there is none."""
    if project.built_table is None:
        return None
    built = read_table(project.built_table, CsvPlaces(settings.config.table_offset))
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
    if existing(path) is None:
        raise InputError(
            f"{path}: no such file, but {choice.origin} names it as the partition table; give --partitions"
        )
    return path


def load_json(path: Path) -> dict[str, object]:
    """Return what a build says of itself in a JSON file; nothing where there is none."""
    if not path.is_file():
        return {}
    description = json_value(read_file(path), str(path), "; build the project again")
    return description if isinstance(description, dict) else {}


def only_app(directory: Path, argument: str) -> Path | None:
    """Return the one application image of a directory, None for none; raises InputError for several."""
    return only([path for path in binaries(directory) if _is_app(path)], directory, argument)


def only(found: list[Path], directory: Path, argument: str) -> Path | None:
    """Return the one file found, None for none; raises InputError for several."""
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{directory}: several images ({names}); choose one with {argument}")
    return found[0] if found else None


def binaries(directory: Path) -> list[Path]:
    """Return the *.bin of a directory, by name."""
    return sorted(path for path in directory.glob("*.bin") if path.is_file())


def existing(*paths: Path) -> Path | None:
    """Return the first of the files that is there; a name that no file system takes is none."""
    for path in paths:
        try:
            if path.is_file():
                return path
        except OSError:
            continue
    return None


def _is_app(path: Path) -> bool:
    """Tell whether a file of a build can be the application: file systems and tables begin otherwise."""
    return not path.name.endswith(_NOT_THE_APP) and read_file(path)[0] == IMAGE_MAGIC


def _place(partition: Partition) -> tuple[str, int, int, int, int]:
    return (partition.label, partition.type, partition.subtype, partition.offset, partition.size)
