"""An ESP-IDF project: sdkconfig, partition table, and what build/ holds.

A project is a directory with an sdkconfig, or the sdkconfig.defaults that idf.py would make one from. Images are
taken from build/: the application is what runs; an update is what lies in update/. Where the build left a
description of itself (project_description.json, flasher_args.json), that says which file is which. A build
directory can stand alone, too: then the options are those that the build wrote down.
"""

from collections.abc import Iterator
from pathlib import Path

from .option_reader import Answers
from .project import OptionFile, Project
from .project_files import ProjectFiles, is_file, only
from .sdkconfig import Option, Sdkconfig
from .settings import read_chip

_DESCRIPTION = "project_description.json"
_FLASHER_ARGS = "flasher_args.json"


def is_idf_project(directory: Path) -> bool:
    """Tell whether idf.py could configure it."""
    return any(is_file(directory / name) for name in ("sdkconfig", "sdkconfig.defaults"))


def is_idf_build(directory: Path) -> bool:
    """Tell whether it is what idf.py made of a project."""
    return (directory / _FLASHER_ARGS).is_file() or (directory / _DESCRIPTION).is_file()


def load_idf_project(
    files: ProjectFiles, running: Path | None, update: Path | None, build: Path | None = None
) -> Project:
    """Return what the project brings; raises InputError for an ambiguous one.

    running, update: images that were chosen, whatever lies in the directory. build: where its build lies."""
    directory = files.root
    build = build or directory / "build"
    updates = directory / "update"
    return Project(
        files,
        "ESP-IDF project",
        tuple(idf_option_files(files, directory / "sdkconfig")),
        release=_release(files, build),
        running=running or _running(files, build),
        update=update or only(files.binaries(updates), updates, "--update"),
        bootloader=files.existing(build / "bootloader/bootloader.bin"),
        otadata=files.existing(build / "ota_data_initial.bin"),
        built_table=files.existing(build / "partition_table/partition-table.bin"),
        build=build,
        sources=directory,
    )


def load_idf_build(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return what a build directory brings, with its project where that is there to be read.

    Raises InputError for a project that it names, and that does not lie around it."""
    build = files.root
    named = files.json(build / _DESCRIPTION).get("project_path")
    above = build.parent if build.name not in ("", "..") else build.resolve().parent
    if is_idf_project(above):
        return load_idf_project(files.at(above), running, update, build)
    if isinstance(named, str) and is_idf_project(Path(named)):
        if not build.resolve().is_relative_to(Path(named).resolve()):
            files.inside(Path(named))
        return load_idf_project(files.at(Path(named)), running, update, build)
    options = files.existing(build / "config/sdkconfig.json")
    return Project(
        files,
        "ESP-IDF build",
        () if options is None else (OptionFile(options, files.options(options)),),
        release=_release(files, build),
        running=running or _running(files, build),
        update=update,
        bootloader=files.existing(build / "bootloader/bootloader.bin"),
        otadata=files.existing(build / "ota_data_initial.bin"),
        table=files.existing(build / "partition_table/partition-table.bin"),
        build=build,
    )


def idf_option_files(files: ProjectFiles, full: Path) -> Iterator[OptionFile]:
    """Yield what idf.py goes by: the defaults, those of the target, and over both the sdkconfig, `full`."""
    defaults = files.root / "sdkconfig.defaults"
    common = files.sdkconfig(defaults) if defaults.is_file() else Sdkconfig()
    chosen = files.sdkconfig(full) if full.is_file() else Sdkconfig()
    chip = read_chip(Answers(common.overlaid(chosen).options))
    target = files.root / f"sdkconfig.defaults.{chip.value}"
    # idf.py reads the file of a target only beside a common one.
    if defaults.is_file():
        yield OptionFile(defaults, common, is_defaults=full.is_file())
        if target.is_file():
            yield OptionFile(target, files.sdkconfig(target), is_defaults=full.is_file())
    if full.is_file():
        yield OptionFile(full, chosen)


def _release(files: ProjectFiles, build: Path) -> Option | None:
    """Return the release that the build's description names."""
    version = files.json(build / _DESCRIPTION).get("git_revision")
    return Option("ESP-IDF release", version, str(build / _DESCRIPTION)) if isinstance(version, str) else None


def _running(files: ProjectFiles, build: Path) -> Path | None:
    """Return the application that the build made: the one it names, else the only one that lies there."""
    flashed = files.json(build / _FLASHER_ARGS).get("app")
    for named in (
        files.json(build / _DESCRIPTION).get("app_bin"),
        flashed.get("file") if isinstance(flashed, dict) else None,
    ):
        found = files.existing(build / named) if isinstance(named, str) else None
        if found is not None:
            return found
    return files.only_app(build, "--running")
