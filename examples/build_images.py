"""Builds the images of the example: build/app.bin is what runs, update/app.bin what the upgrade brings."""

import sys
from pathlib import Path

from otaproof.impl.image.format import build_image
from otaproof.model.config import Chip
from otaproof.output_file import make_directory, write_file

SIZE = 96 * 1024


def build_images(project: Path) -> None:
    """Write both images of the example project."""
    for folder, version, seed in (("build", "1.0.0", 1), ("update", "1.1.0", 2)):
        path = project / folder / "app.bin"
        make_directory(path.parent)
        write_file(path, build_image(Chip.ESP32, size=SIZE, version=version, project_name="two-slot", seed=seed))


if __name__ == "__main__":
    # `make check` runs this file itself, so its imports are absolute.
    build_images(Path(sys.argv[1]))
