"""Which kind of directory the user named, by what lies in it."""

from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from . import build_folders as folders
from . import idf_project as idf
from .project import Project
from .project_files import ProjectFiles

_Load = Callable[[ProjectFiles, Path | None, Path | None], Project]

_KINDS: tuple[tuple[Callable[[Path], bool], _Load], ...] = (
    # Arduino's build holds an sdkconfig, and ESPHome's project a platformio.ini: the more special comes first.
    (folders.is_arduino_build, folders.load_arduino_build),
    (folders.is_environment, folders.load_environment),
    (folders.is_platformio, folders.load_platformio),
    (folders.is_esphome, folders.load_esphome),
    (folders.is_sketch, folders.load_sketch),
    (idf.is_idf_build, idf.load_idf_build),
    (idf.is_idf_project, idf.load_idf_project),
    (folders.is_release, folders.load_release),
)
"""Kinds of directories in the order of asking."""


def recognise(
    directory: Path, running: Path | None = None, update: Path | None = None, follows_outside: bool = False
) -> Project:
    """Return what the directory brings; raises InputError for one that is of no known kind, or is ambiguous.

    running, update: images that were chosen, whatever lies in the directory. follows_outside: whether paths that it
    names may lead out of it."""
    if not directory.is_dir():
        reason = "is a device or a pipe" if directory.exists() else "no such file or directory"
        raise InputError(f"{directory}: {reason}; name a project, a build or a dump")
    for is_kind, load in _KINDS:
        if is_kind(directory):
            return load(ProjectFiles(directory, follows_outside), running, update)
    raise InputError(
        f"{directory}: neither sdkconfig nor sdkconfig.defaults (ESP-IDF), platformio.ini (PlatformIO), "
        f"{directory.resolve().name}.ino (Arduino), .esphome/build (ESPHome), nor firmware.bin or partitions.bin "
        f"(files of a release); name a project or a build"
    )


def is_known(directory: Path) -> bool:
    """Tell whether the directory is of a known kind."""
    return any(is_kind(directory) for is_kind, _ in _KINDS)


def image_of(path: Path | None, argument: str, follows_outside: bool = False) -> Path | None:
    """Return the image that an argument names: the file, or the application of a directory."""
    if path is None or not path.is_dir():
        return path
    project = recognise(path, follows_outside=follows_outside)
    found = project.running
    if found is None:
        raise InputError(f"{argument}: {path} ({project.kind}) holds no application image; build first")
    return found
