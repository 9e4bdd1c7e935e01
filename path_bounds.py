"""Where the paths of a stranger's directory may lead: inside it. One place, for projects and recordings.

A directory of somebody else's can hold links, and name files, anywhere. What leads out is refused before it is read,
lest the contents of other files get into reports; --outside follows it.
"""

from collections.abc import Sequence
from pathlib import Path

from .bounded_input import shortened
from .errors import InputError


def leads_out(path: Path, roots: Sequence[Path]) -> bool:
    """Tell whether a path, its links followed, leads to a place that none of the directories holds."""
    try:
        whole = path.resolve()
        return not any(whole.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):
        return False  # no file system has such a path, and whoever reads it says so


def inside(path: Path, root: Path, follows_outside: bool) -> Path:
    """Return the path; raises InputError where it leads out of the directory, unless that is followed."""
    if not follows_outside and leads_out(path, (root,)):
        raise out_of_bounds(path, root)
    return path


def out_of_bounds(path: Path, root: Path) -> InputError:
    """Return the error of a path that leads out of a directory."""
    return InputError(
        f"{shortened(str(path), 200)}: leads out of {shortened(str(root), 200)}; --outside follows such paths"
    )
