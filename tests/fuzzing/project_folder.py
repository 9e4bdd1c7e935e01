"""A project folder as one input: files that lie in a fresh directory while they are read."""

import re
import tempfile
from pathlib import Path

from otaproof.errors import InputError
from otaproof.project.device_builder import build_device
from otaproof.project.doctor.diagnosis import diagnose
from otaproof.project.doctor.load import load_subject
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

_FILE = re.compile(rb"([^\n]{1,120}) (\d{1,6})\n")
_MEMORY = Path("/dev/shm")
"""Where files cost no disk, if there is such a place."""


def read_folder(data: bytes) -> None:
    """Read a folder as doctor and check do."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as temporary:
        root = Path(temporary, "project")
        root.mkdir()
        _write(root, data)
        inputs = Inputs(subject=root, image_size="8K")
        problem: InputError | None = None
        try:
            diagnose(load_subject(inputs))
        except InputError as error:
            problem = error
        build_device(resolve(inputs), 4096)
        if problem is not None:
            raise problem


def _write(root: Path, data: bytes) -> None:
    """Write the files that the data names, as far as they have names and stay inside."""
    while match := _FILE.match(data):
        length = int(match[2])
        contents, data = data[match.end() : match.end() + length], data[match.end() + length :]
        name = match[1].decode("utf-8", "surrogateescape").lstrip("/")
        if ".." in name or "\0" in name:
            continue
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
        except OSError:
            continue
