"""What a directory holds: an ESP-IDF project, with its sdkconfig, partition table and built images.

A project is a directory with an sdkconfig, or the sdkconfig.defaults that idf.py would make one from. The
partition table is the CSV that the configuration names, or one of ESP-IDF's own. Images are taken from
build/: the application is what runs; an update is what lies in update/. Where the build left a description
of itself (project_description.json, flasher_args.json), that says which file is which.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..impl.chip.chips import CHIPS
from ..impl.image.format import IMAGE_MAGIC
from ..impl.partitions.csv_format import CsvPlaces, parse_csv
from ..impl.partitions.partition import Partition
from ..impl.partitions.table import TableError
from .builtin_tables import BUILTIN_TABLES
from .files import read_file, read_table
from .image_evidence import release_hints
from .option_reader import Answers
from .sdkconfig import Option, Sdkconfig, parse_sdkconfig
from .settings import ReleaseHints, Settings, read_chip

_DESCRIPTION = "project_description.json"
_FLASHER_ARGS = "flasher_args.json"
_NOT_THE_APP = ("bootloader.bin", "merged-binary.bin")
"""Files of a build that begin as an application does, and are none."""


@dataclass(frozen=True, slots=True)
class Project:
    """What was found."""

    directory: Path
    sdkconfig: Sdkconfig
    hints: ReleaseHints
    running: Path | None
    """The application in build/."""
    update: Path | None
    """The image in update/."""
    otadata: Path | None
    """build/ota_data_initial.bin."""
    built_table: Path | None
    """build/partition_table/partition-table.bin: the table as it was when the project was built."""


def load_project(directory: Path, running: Path | None = None, update: Path | None = None) -> Project:
    """Return what the directory holds; raises InputError for one that is no project, or an ambiguous one.

    running, update: images that were chosen, whatever lies in the directory.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; name the directory of an ESP-IDF project")
    build = directory / "build"
    description = _load_json(build / _DESCRIPTION)
    running = running or _running(build, description)
    updates = directory / "update"
    return Project(
        directory,
        _load_sdkconfig(directory),
        _hints(build, description, running),
        running,
        update or _only(_binaries(updates), updates, "--update"),
        _existing(build / "ota_data_initial.bin"),
        _existing(build / "partition_table/partition-table.bin"),
    )


def stale_table_note(project: Project, settings: Settings, table: tuple[Partition, ...]) -> str | None:
    """Return a line on the table of the last build when it is not `table`; None when it is, or there is none."""
    if project.built_table is None:
        return None
    built = read_table(project.built_table, settings.config.table_offset)
    if [_place(partition) for partition in built] == [_place(partition) for partition in table]:
        return None
    return (
        f"{project.built_table} is another partition table than the project's: build again, "
        f"or name the one that devices have with --partitions"
    )


def project_table(project: Project, settings: Settings) -> tuple[Partition, ...]:
    """Return the partition table that the project's configuration asks for."""
    config, choice = settings.config, settings.table
    bootloader_offset = CHIPS[config.chip].bootloader_offset
    if choice.builtin == "CUSTOM":
        path = project.directory / choice.filename
        if not path.is_file():
            raise InputError(
                f"{path}: no such file, but {choice.origin} names it as the partition table; give --partitions"
            )
        return read_table(path, config.table_offset, bootloader_offset)
    builtin = BUILTIN_TABLES.get(choice.builtin)
    if builtin is None:
        raise InputError(f"{choice.origin}: ESP-IDF's table {choice.builtin} is not known here; give --partitions")
    csv = builtin.csv_with_coredump if choice.coredump and builtin.csv_with_coredump else builtin.csv
    try:
        return parse_csv(csv.encode(), CsvPlaces(config.table_offset, bootloader_offset))
    except TableError as error:
        raise InputError(f"{choice.origin}: table {choice.builtin}: {error}") from None


def _load_sdkconfig(directory: Path) -> Sdkconfig:
    """Return what idf.py goes by: the defaults, those of the target, and over both the sdkconfig."""
    full, defaults = directory / "sdkconfig", directory / "sdkconfig.defaults"
    if not full.is_file() and not defaults.is_file():
        raise InputError(f"{directory}: neither sdkconfig nor sdkconfig.defaults; name an ESP-IDF project")
    common = _parse(defaults) if defaults.is_file() else Sdkconfig()
    chosen = _parse(full) if full.is_file() else Sdkconfig()
    chip = read_chip(Answers(common.overlaid(chosen).options))
    target = directory / f"sdkconfig.defaults.{chip.value}"
    # idf.py reads the file of a target only beside a common one.
    of_target = _parse(target) if defaults.is_file() and target.is_file() else Sdkconfig()
    return common.overlaid(of_target, chosen)


def _parse(path: Path) -> Sdkconfig:
    raw = read_file(path) if path.stat().st_size else b""
    try:
        return parse_sdkconfig(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: byte 0x{raw[error.start]:02x} is no UTF-8; an sdkconfig is text") from None


def _load_json(path: Path) -> dict[str, object]:
    """Return what the build says of itself, or nothing."""
    if not path.is_file():
        return {}
    try:
        description = json.loads(read_file(path))
    except ValueError as error:
        raise InputError(f"{path}: no JSON: {error}; build the project again") from None
    return description if isinstance(description, dict) else {}


def _hints(build: Path, description: dict[str, object], running: Path | None) -> ReleaseHints:
    """Return what tells of the releases: the images themselves, then the build's description."""
    images = release_hints(running, build / "bootloader/bootloader.bin")
    version = description.get("git_revision")
    if not isinstance(version, str):
        return images
    option = Option("ESP-IDF release", version, str(build / _DESCRIPTION))
    return ReleaseHints((*images.app, option), (*images.bootloader, option))


def _running(build: Path, description: dict[str, object]) -> Path | None:
    """Return the application that the build made: the one it names, else the only one that lies there."""
    flashed = _load_json(build / _FLASHER_ARGS).get("app")
    for named in (description.get("app_bin"), flashed.get("file") if isinstance(flashed, dict) else None):
        if isinstance(named, str) and (build / named).is_file():
            return build / named
    return _only([path for path in _binaries(build) if _is_app(path)], build, "--running")


def _binaries(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*.bin") if path.is_file())


def _is_app(path: Path) -> bool:
    """Tell whether a file of build/ can be the application: file systems and tables begin otherwise."""
    return path.name not in _NOT_THE_APP and read_file(path)[0] == IMAGE_MAGIC


def _only(found: list[Path], directory: Path, argument: str) -> Path | None:
    """Return the one file found, None for none; raises InputError for several."""
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{directory}: several images ({names}); choose one with {argument}")
    return found[0] if found else None


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None


def _place(partition: Partition) -> tuple[str, int, int, int, int]:
    return (partition.label, partition.type, partition.subtype, partition.offset, partition.size)
