"""The example project as `otaproof demo` gives it to a user, and where the shipped vectors lie."""

import shutil
from pathlib import Path

from ..errors import InputError
from ..output_file import make_directory, write_file
from .build_images import build_images

PROJECT = Path(__file__).parent / "two-slot"
VECTORS = Path(__file__).parent / "vectors"
"""A sample of the recordings of ESP-IDF's own code, for `otaproof conform`."""
_FILES = ("sdkconfig", "partitions.csv")


def copy_example(folder: Path) -> None:
    """Make a folder that holds the project, with its images built; after an exception it holds nothing.

    Raises InputError for one that holds anything, or cannot be made."""
    make_directory(folder)
    try:
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from None
    if not is_empty:
        raise InputError(f"{folder}: is not empty; name a new folder")
    try:
        for name in _FILES:
            write_file(folder / name, (PROJECT / name).read_bytes())
        build_images(folder)
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
