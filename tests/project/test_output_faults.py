"""Whatever system call of the writer fails, and wherever the process dies: the old file or the new one, never half.

In the manner of SQLite's tests: the calls are counted in a run without a fault, then each of them goes wrong once, in
each way, for each kind of target. At the end the real system refuses too.
"""

import errno
import gzip
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from faulty_system import ERRORS, Died, FaultySystem, Mishap
from otaproof import output_file
from otaproof.campaign.csv_file import _text_in
from otaproof.errors import InputError

OLD, NEW = b"old" * 5, b"new contents"
"""Of different lengths: neither is the beginning of the other."""


@dataclass(frozen=True)
class Case:
    """A target, and what is written to it."""

    is_packed: bool = False
    is_link: bool = False
    is_new: bool = False
    """There is no old file."""
    named_only: bool = False
    """The file system opens no file without a name."""

    def __str__(self) -> str:
        """Return it as an id of a test."""
        names = [name for name in ("is_packed", "is_link", "is_new", "named_only") if getattr(self, name)]
        return "-".join(names) or "plain"


CASES = (
    Case(),
    Case(is_new=True),
    Case(named_only=True),
    Case(is_new=True, named_only=True),
    Case(is_link=True),
    Case(is_packed=True),
    Case(is_packed=True, is_link=True, named_only=True),
)
EACH = pytest.mark.parametrize("case", CASES, ids=str)


def write(case: Case, path: Path, system: FaultySystem, monkeypatch: pytest.MonkeyPatch) -> BaseException | None:
    """Write the new contents by a system; return what was raised."""
    with monkeypatch.context() as patched:
        patched.setattr(output_file, "os", system)
        try:
            if not case.is_packed:
                output_file.write_file(path, NEW)
                return None
            with output_file.output_file(path) as file, _text_in(file, is_packed=True) as stream:
                stream.write(NEW.decode())
        except (InputError, Died, KeyboardInterrupt) as error:
            # The frames hold the stream, which would be written to once more when they go.
            return error.with_traceback(None)
        finally:
            patched.undo()
    return None


class Place:
    """A directory with a target in it."""

    def __init__(self, case: Case, directory: Path) -> None:
        """Make it anew."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        self.case, self.directory = case, directory
        self.target = directory / "there" / "a" if case.is_link else directory / "a"
        self.path = directory / "link" if case.is_link else self.target
        self.target.parent.mkdir(exist_ok=True)
        if case.is_link:
            self.path.symlink_to(self.target)
        if not case.is_new:
            self.target.write_bytes(OLD)
            self.target.chmod(0o640)

    def contents(self) -> bytes | None:
        """Return what the target holds, unpacked; None for no file."""
        if not self.path.exists():
            return None
        held = self.path.read_bytes()
        return gzip.decompress(held) if self.case.is_packed and held != OLD else held

    def strangers(self) -> list[str]:
        """Return the names that were not there before."""
        known = {"a", "link", "there"}
        return sorted(path.name for path in self.directory.rglob("*") if path.name not in known)


def ways(whole: FaultySystem) -> Iterator[tuple[int, Mishap, int, int]]:
    """Yield each way in which a run as that one can go wrong: call, mishap, error, bytes written."""
    for number, name in enumerate(whole.calls):
        for error in ERRORS:
            yield number, Mishap.ERROR, error, 0
        yield number, Mishap.DEATH_BEFORE, 0, 0
        yield number, Mishap.DEATH_AFTER, 0, 0
        if name != "close":  # an interrupt during close() is raised after it: the next call, or nothing, is open then
            yield number, Mishap.INTERRUPT, 0, 0
        for count in range(whole.sizes.get(number, 0)):
            yield number, Mishap.DEATH_WITHIN, 0, count
            if count:
                yield number, Mishap.SHORT_WRITE, 0, count


@EACH
def test_target_is_the_old_file_or_the_new_one(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call, in every way; what the process tells is what is there."""
    directory = tmp_path / "d"
    whole = FaultySystem(named_only=case.named_only)
    place = Place(case, directory)
    assert write(case, place.path, whole, monkeypatch) is None
    assert place.contents() == NEW and not place.strangers() and not whole.close_all()
    old = None if case.is_new else OLD
    outcomes = set()
    for number, mishap, error, count in ways(whole):
        place = Place(case, directory)
        system = FaultySystem(number, mishap, error, count, case.named_only)
        raised = write(case, place.path, system, monkeypatch)
        was_open = system.close_all()
        told = f"{system.calls} {number} {mishap} {error} {count}: {raised!r}"
        found = place.contents()
        assert found in (old, NEW), told
        assert (raised is None) <= (found == NEW), told
        if isinstance(raised, InputError):
            line = str(raised)
            assert line.startswith(f"{place.path}: cannot be written: ") and "\n" not in line, told
        if not isinstance(raised, Died):
            assert not place.strangers(), told
            # An interrupt between open() and who takes its result leaves a descriptor, which goes with the process.
            assert mishap is Mishap.INTERRUPT or not was_open, told
        elif not case.named_only:
            # A name is there only between two calls.
            assert not place.strangers() or system.calls[-1] in ("link", "close", "rename"), told
        assert case.is_link == place.path.is_symlink(), told
        if found == NEW and not case.is_new:
            assert 0o640 == stat.S_IMODE(place.target.stat().st_mode), told
        outcomes.add((mishap, found == NEW))
    for mishap in Mishap:
        assert (mishap, False) in outcomes or mishap is Mishap.SHORT_WRITE
    assert (Mishap.DEATH_AFTER, True) in outcomes and (Mishap.SHORT_WRITE, True) in outcomes


def test_tidying_up_that_fails_is_no_second_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is told, and the old file is there."""
    place = Place(Case(named_only=True), tmp_path / "d")

    class FullAndStuck(FaultySystem):
        def __getattr__(self, name: str) -> object:
            if name in ("fsync", "unlink"):

                def fail(*_: object, **__: object) -> None:
                    raise OSError(errno.ENOSPC if name == "fsync" else errno.EIO, "told" if name == "fsync" else "not")

                return fail
            return super().__getattr__(name)

    raised = write(place.case, place.path, FullAndStuck(named_only=True), monkeypatch)
    assert "cannot be written: told" in str(raised) and OLD == place.contents()


@contextmanager
def reader_of(path: Path) -> Iterator[list[bytes]]:
    """Read a FIFO until its writer is gone."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(path.read_bytes()))
    thread.start()
    yield found
    thread.join(20)
    assert not thread.is_alive()


def test_pipe_gets_a_beginning_or_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays a pipe; its reader sees no end that was not written."""
    for case in (Case(), Case(is_packed=True), Case(is_link=True)):
        fifo, path = tmp_path / f"fifo-{case}", tmp_path / f"link-{case}"
        os.mkfifo(fifo)
        path.symlink_to(fifo)
        path = path if case.is_link else fifo
        whole = FaultySystem()
        with reader_of(fifo) as all_of_it:
            assert write(case, path, whole, monkeypatch) is None
        assert NEW == (gzip.decompress(all_of_it[0]) if case.is_packed else all_of_it[0])
        assert "rename" not in whole.calls and "link" not in whole.calls
        for number, mishap, error, count in ways(whole):
            if whole.calls[number] == "open" and mishap in (Mishap.ERROR, Mishap.DEATH_BEFORE):
                continue  # its reader would wait for ever
            if mishap is Mishap.ERROR and error != errno.EIO:
                continue
            system = FaultySystem(number, mishap, error, count)
            with reader_of(fifo) as found:
                raised = write(case, path, system, monkeypatch)
                system.close_all()
            told = f"{system.calls} {number} {mishap} {count}: {raised!r}"
            assert all_of_it[0].startswith(found[0]) and stat.S_ISFIFO(fifo.stat().st_mode), told
            assert (raised is None) <= (found == all_of_it), told


WRITE = """
import os, resource, sys
from pathlib import Path
from otaproof.errors import InputError
from otaproof.output_file import output_file, refusal
if os.geteuid() == 0 and not sys.argv[1].startswith("/"):
    os.setuid(65534)
if (said := refusal(Path(sys.argv[1]))) is not None:
    print(said)
if sys.argv[3]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    with output_file(Path(sys.argv[1])) as file:
        for _ in range(int(sys.argv[2])):
            file.write(bytes(1 << 12))
except InputError as error:
    print(error)
"""


def written(path: Path, pages: int, limit: int | None = None, **options: object) -> str:
    """Write so many pages in a process of its own; return what it tells."""
    command = [sys.executable, "-c", WRITE, str(path), str(pages), "" if limit is None else str(limit)]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("is_link", [False, True])
def test_limit_of_file_size_keeps_the_old_file(tmp_path: Path, is_link: bool) -> None:
    """The system's own: RLIMIT_FSIZE, half-way."""
    place = Place(Case(is_link=is_link), tmp_path / "d")
    assert "cannot be written: File too large" in written(place.path, 100, 50_000)
    assert OLD == place.contents() and not place.strangers()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_full_file_system_keeps_the_old_file(tmp_path: Path) -> None:
    """The system's own: ENOSPC of a tmpfs of 64 KiB, and EROFS of the same, read-only."""
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", mount], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        place = Place(Case(), mount / "d")
        assert "cannot be written: No space left on device" in written(place.path, 100)
        assert OLD == place.contents() and not place.strangers()
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        assert "cannot be written: Read-only file system" in written(place.path, 1)
    finally:
        subprocess.run(["umount", mount], check=True)


def test_read_only_directory_is_told(tmp_path: Path) -> None:
    """By the check before the work, and by the writer; root may write there, so it is nobody who tries."""
    place = Place(Case(), tmp_path / "d")
    place.directory.chmod(0o555)
    place.target.chmod(0o666)
    assert written(Path("a"), 1, cwd=place.directory) == (
        ". cannot be written to: no permission\na: cannot be written: Permission denied\n"
    )
    assert OLD == place.contents() and not place.strangers()
