"""The example project as `otaproof demo` gives it to a user, and where the shipped vectors lie."""

import shutil
from pathlib import Path

from ..errors import InputError
from .build_images import build_images

PROJECT = Path(__file__).parent / "two-slot"
VECTORS = Path(__file__).parent / "vectors"
"""A sample of the recordings of ESP-IDF's own code, for `otaproof conform`."""
_FILES = ("sdkconfig", "partitions.csv")


def copy_example(folder: Path) -> None:
    """Make a folder that holds the project, with its images built.

    Raises InputError for one that holds anything, or cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty; name a new folder")
        for name in _FILES:
            shutil.copyfile(PROJECT / name, folder / name)
        build_images(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from None
