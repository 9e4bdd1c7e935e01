"""Compiled text, kept: numba compiles the modules that codegen.py makes, and leaves the machine code beside them.

They lie in a cache directory of the user's own, so that a model is compiled once; the name of a module is a digest of
its text and of all that its machine code depends on.
"""

import atexit
import errno
import hashlib
import importlib.util
import inspect
import os
import shutil
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path

from ....bounded_input import shown
from ....errors import InputError
from ....output_file import write_file
from .cache_note import tell_once


def load(text: str) -> int:
    """Return the address of the function of that text, from the cache directory if it was compiled before."""
    digest = hashlib.sha256((text + _versions()).encode()).hexdigest()[:24]
    name = f"otaproof_search_{digest}"
    if name in sys.modules:
        return int(sys.modules[name].function.address)
    path = _module_file(f"{name}.py", text)
    try:
        return _address(name, path)
    except Exception:  # what numba and pickle raise for machine code that is damaged is not documented
        tell_once(f"the cache of compiled searches in {path.parent} was damaged")
        _forget(path)
        return _address(name, _module_file(path.name, text))


def _address(name: str, path: Path) -> int:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return int(module.function.address)


def _module_file(name: str, text: str) -> Path:
    """Return a file with that text, in the cache directory; in a fresh one where that cannot be used."""
    try:
        return _file_in(_own(cache_directory()), name, text)
    except (OSError, InputError, RuntimeError) as error:  # RuntimeError: a user without a home
        tell_once(f"the cache of compiled searches is not used: {shown(str(error))}")
        return _file_in(_fresh_directory(), name, text)


def _file_in(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    is_same = path.is_file() and path.read_bytes() == text.encode()
    if not is_same:
        if path.exists():
            tell_once(f"the cache of compiled searches in {directory} was damaged")
        # Written once: numba takes the time of the file for its version.
        write_file(path, text.encode())
    return path


def _own(directory: Path) -> Path:
    """Return a directory that nobody else can write to, made where there is none; raises OSError for another's.

    numba keeps machine code and pickles there, and runs what it finds."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(directory))
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)
    return directory


@cache
def _fresh_directory() -> Path:
    """Return a directory that goes when the program ends."""
    directory = tempfile.mkdtemp(prefix="otaproof-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def _forget(path: Path) -> None:
    """Remove the machine code of a file, of which some is damaged."""
    for kept in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        kept.unlink(missing_ok=True)


def cache_directory() -> Path:
    """Return where compiled searches are kept: OTAPROOF_CACHE, or otaproof in the user's cache directory."""
    said = os.environ.get("OTAPROOF_CACHE")
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(said) if said else (Path(home) if home else Path.home() / ".cache") / "otaproof"


def _versions() -> str:
    """Return what the machine code depends on besides the text."""
    import numba  # noqa: PLC0415 - takes half a second, and most state spaces are small

    from . import llvm_intrinsics as intrinsics  # noqa: PLC0415

    return f"{numba.__version__} {sys.version} {inspect.getsource(intrinsics)}"
