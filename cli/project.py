"""What a directory holds: an ESP-IDF project, with its sdkconfig, partition table and built images.

A project is a directory with an sdkconfig, or the sdkconfig.defaults that idf.py would make one from. The
partition table is the CSV that the configuration names, or one of ESP-IDF's own. Images are taken from
build/: the application is what runs; an update is what lies in update/.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ..campaign.input_error import InputError
from ..impl.chips import CHIPS
from ..impl.partition_csv import CsvPlaces, parse_csv
from ..impl.partition_table import TableError
from ..impl.partitions import Partition
from .answers import Answers
from .builtin_tables import BUILTIN_TABLES
from .files import read_table
from .sdkconfig import Option, Sdkconfig, parse_sdkconfig
from .settings import ReleaseHints, Settings, read_chip

_DESCRIPTION = "build/project_description.json"
_NOT_THE_APP = ("bootloader.bin", "partition-table.bin", "ota_data_initial.bin", "partitions.bin", "merged-binary.bin")


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


def load_project(directory: Path) -> Project:
    """Return what the directory holds; raises InputError for one that is no project, or an ambiguous one."""
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; name the directory of an ESP-IDF project")
    sdkconfig = _load_sdkconfig(directory)
    description = _load_description(directory / _DESCRIPTION)
    otadata = directory / "build/ota_data_initial.bin"
    return Project(
        directory,
        sdkconfig,
        _hints(description, directory / _DESCRIPTION),
        _running(directory, description),
        _only_image(directory / "update", "--update"),
        otadata if otadata.is_file() else None,
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
    """Return what idf.py would go by: sdkconfig, else the defaults, those of the target last."""
    full = directory / "sdkconfig"
    if full.is_file():
        return _parse(full)
    defaults = directory / "sdkconfig.defaults"
    if not defaults.is_file():
        raise InputError(f"{directory}: neither sdkconfig nor sdkconfig.defaults; name an ESP-IDF project")
    merged = _parse(defaults)
    target = directory / f"sdkconfig.defaults.{read_chip(Answers(merged.options)).value}"
    return merged.overlaid(_parse(target)) if target.is_file() else merged


def _parse(path: Path) -> Sdkconfig:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte 0x{error.start:x} is no UTF-8; an sdkconfig is a text file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    return parse_sdkconfig(text, str(path))


def _load_description(path: Path) -> dict[str, object]:
    """Return what the build says of itself, or nothing."""
    if not path.is_file():
        return {}
    try:
        description = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: no JSON: {error}; build the project again") from None
    return description if isinstance(description, dict) else {}


def _hints(description: dict[str, object], path: Path) -> ReleaseHints:
    version = description.get("idf_version") or description.get("git_revision")
    if not isinstance(version, str):
        return ReleaseHints()
    option = Option("ESP-IDF release", version, str(path))
    return ReleaseHints((option,), (option,))


def _running(directory: Path, description: dict[str, object]) -> Path | None:
    """Return the application that the build made."""
    named = description.get("app_bin")
    if isinstance(named, str) and (directory / "build" / named).is_file():
        return directory / "build" / named
    return _only_image(directory / "build", "--running")


def _only_image(directory: Path, argument: str) -> Path | None:
    """Return the one image of a directory, None without any; raises InputError for several."""
    found = sorted(path for path in directory.glob("*.bin") if path.name not in _NOT_THE_APP)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{directory}: several images ({names}); choose one with {argument}")
    return found[0] if found else None
