"""The files of a project: found by name, and read only where they lie inside the directories that belong to it.

A project of somebody else's can name any path, by `..`, by an absolute path or by a symbolic link.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from ..bounded_input import json_value
from ..errors import InputError
from ..impl.image.format import IMAGE_MAGIC
from ..path_bounds import leads_out, out_of_bounds
from .files import read_file
from .flash_parts import unlike_application
from .sdkconfig import Sdkconfig
from .sdkconfig_file import read_options, read_sdkconfig

_NOT_THE_APP = ("bootloader.bin", "merged-binary.bin", ".merged.bin", ".factory.bin", ".ota.bin")
"""How the names of files of a build end that begin as an application does, and are none, or a copy of it."""


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """A directory of a project, and how far its paths may lead."""

    root: Path
    follows_outside: bool = False
    more_roots: tuple[Path, ...] = ()
    """Further directories of the project: those around the one that was named."""

    def at(self, root: Path) -> "ProjectFiles":
        """Return the files of another directory of the same project, which it may lead to as well."""
        return replace(self, root=root, more_roots=(*self.more_roots, self.root))

    def inside(self, path: Path) -> Path:
        """Return the path; raises InputError where it leads out of the project."""
        if self.holds(path):
            return path
        raise out_of_bounds(path, self.root)

    def holds(self, path: Path) -> bool:
        """Tell whether a path leads to a place inside the project, or may lead anywhere."""
        return self.follows_outside or not leads_out(path, (self.root, *self.more_roots))

    def existing(self, *paths: Path) -> Path | None:
        """Return the first of the files that is there; a name that no file system takes is none."""
        found = next(filter(is_file, paths), None)
        return None if found is None else self.inside(found)

    def sdkconfig(self, path: Path) -> Sdkconfig:
        """Return what an sdkconfig of the project says."""
        return read_sdkconfig(self.inside(path))

    def options(self, path: Path) -> Sdkconfig:
        """Return what a file of options of the project says, in whichever form it is."""
        return read_options(self.inside(path))

    def json(self, path: Path) -> dict[str, object]:
        """Return what a build says of itself in a JSON file; nothing where there is none."""
        if not path.is_file():
            return {}
        description = json_value(read_file(self.inside(path)), str(path), "; build the project again")
        return description if isinstance(description, dict) else {}

    def binaries(self, directory: Path) -> list[Path]:
        """Return the *.bin of a directory, by name."""
        return [self.inside(path) for path in sorted(directory.glob("*.bin")) if path.is_file()]

    def only_app(self, directory: Path, argument: str) -> Path | None:
        """Return the one application image of a directory, None for none; raises InputError for several."""
        return only([path for path in self.binaries(directory) if _is_app(path)], directory, argument)


def is_file(path: Path) -> bool:
    """Tell whether a regular file lies there; under a name that no file system takes there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def only(found: list[Path], directory: Path, argument: str) -> Path | None:
    """Return the one file found, None for none; raises InputError for several."""
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{directory}: several images ({names}); choose one with {argument}")
    return found[0] if found else None


def _is_app(path: Path) -> bool:
    """Tell whether a file of a build can be the application: file systems and tables begin otherwise."""
    if path.name.endswith(_NOT_THE_APP):
        return False
    contents = read_file(path)
    return contents[0] == IMAGE_MAGIC and unlike_application(contents) is None
