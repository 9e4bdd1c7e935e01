"""Reads what a user brings to a run: the scripts, the folder of the server, the files of the device."""

from pathlib import Path

from ..bounded_input import read_bounded, shortened
from ..campaign.device_under_test import DeviceUnderTest, NamedImage
from ..errors import InputError
from ..impl.image.format import IMAGE_MAGIC, MIN_IMAGE_SIZE
from .device_files import MOST_FILES, ROOM, Contents, DeviceFiles
from .update_server import PlannedFault, ServedFolder

_LARGEST_SCRIPT = 1 << 20
_LARGEST_SERVED = 32 << 20
_MOST_SERVED = 1000


def read_script(path: Path) -> bytes:
    """Return the text of a script; raises InputError for a file that is none."""
    text = read_bounded(path, _LARGEST_SCRIPT)
    if text.startswith(b"\x1bLua"):
        raise InputError(f"{path}: is compiled Lua; give its source")
    # A first line for a shell is none of Lua.
    return b"--" + text if text.startswith(b"#") else text


def scripts_by_label(pairs: tuple[str, ...], dut: DeviceUnderTest) -> dict[str, bytes]:
    """Return scripts by the label, or the version, that they are for; raises InputError for another text."""
    known = {partition.label for partition in dut.table if partition.is_app} | {image.version for image in dut.images}
    scripts = {}
    for pair in pairs:
        label, _, name = pair.partition("=")
        if not name or label not in known:
            told = ", ".join(sorted(filter(None, known)))
            raise InputError(f"--script-for: {shortened(pair)}; want LABEL=FILE, with one of {told}")
        scripts[label] = read_script(Path(name))
    return scripts


def only_image(folder: Path) -> Path | None:
    """Return the one application image of a folder; None where there is none, or more than one."""
    found = [path for path in _files_in(folder, "--serve") if path.suffix == ".bin" and _is_image(path)]
    return found[0] if len(found) == 1 else None


def served(folder: Path | None, update: NamedImage, faults: tuple[PlannedFault, ...]) -> ServedFolder:
    """Return what the server has: the files of a folder, and the update where none of them is asked for."""
    files = {}
    if folder is not None:
        files = _contents_of(folder, "--serve", _LARGEST_SERVED)
    return ServedFolder(files, update.contents, update.version, faults)


def device_files(folder: Path | None) -> Contents:
    """Return what lies in the file system of the device; raises InputError for what does not fit."""
    files = DeviceFiles()
    if folder is not None:
        for name, contents in _contents_of(folder, "--files", ROOM).items():
            if not files.put(name.encode(), contents):
                raise InputError(f"--files: {shortened(name)} does not fit: {MOST_FILES} files, {ROOM:,} bytes")
    return files.contents


def _is_image(path: Path) -> bool:
    contents = read_bounded(path, _LARGEST_SERVED)
    return len(contents) >= MIN_IMAGE_SIZE and contents[0] == IMAGE_MAGIC


def _contents_of(folder: Path, option: str, most: int) -> dict[str, bytes]:
    """Return the files of a folder by their paths in it; raises InputError for too much."""
    found: dict[str, bytes] = {}
    left = most
    for path in _files_in(folder, option):
        contents = read_bounded(path, most)
        left -= len(contents)
        if left < 0:
            raise InputError(f"{option}: {folder}: more than {most:,} bytes")
        found[path.relative_to(folder).as_posix()] = contents
    return found


def _files_in(folder: Path, option: str) -> list[Path]:
    """Return the regular files of a folder, at any depth; links that lead out of it are left out."""
    if not folder.is_dir():
        raise InputError(f"{option}: {folder}: is no folder")
    root = folder.resolve()
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(root):
            found.append(path)
        if len(found) > _MOST_SERVED:
            raise InputError(f"{option}: {folder}: more than {_MOST_SERVED:,} files")
    return found
