"""Files appear whole or not at all, under any name, and nothing is left behind."""

import os
import stat
import threading
from pathlib import Path

import pytest

from otaproof.errors import InputError
from otaproof.output_file import output_file, refusal, write_file


def only_file_of(directory: Path) -> Path:
    """Return the one file of a directory: no temporary one is left."""
    (path,) = directory.iterdir()
    return path


def test_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    """A name of 255 bytes, the longest that there is, too."""
    path = tmp_path / ("n" * 255)
    path.write_text("old")
    path.chmod(0o640)
    write_file(path, b"new")
    assert b"new" == only_file_of(tmp_path).read_bytes()
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


def test_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    """Not the 0600 of a temporary file."""
    old = os.umask(0o027)
    try:
        write_file(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert 0o640 == stat.S_IMODE((tmp_path / "a").stat().st_mode)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_old_file_stays_where_writing_ends_early(tmp_path: Path, error: type[BaseException]) -> None:
    """An interrupt, a full disk, a bug."""
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(InputError if error is OSError else error), output_file(path) as file:
        file.write(b"half")
        raise error
    assert b"old" == only_file_of(tmp_path).read_bytes()


@pytest.mark.parametrize("call", ["fsync", "fchmod", "rename", "link"])
def test_system_call_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """The old file, and one line."""
    path = tmp_path / "a"
    path.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"otaproof.output_file.os.{call}", fail)
    with pytest.raises(InputError, match="a: cannot be written: No space left on device"):
        write_file(path, b"new")
    assert b"old" == only_file_of(tmp_path).read_bytes()


def test_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    """A symbolic link is followed."""
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink() and b"new" == target.read_bytes()


def test_planted_name_is_not_followed(tmp_path: Path) -> None:
    """Whatever stands in the directory already, a fresh name is opened."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / ".a.part").symlink_to(elsewhere)
    write_file(tmp_path / "a", b"new")
    assert not elsewhere.exists()


def test_pipe_is_written_to(tmp_path: Path) -> None:
    """And not replaced."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    write_file(path, b"new")
    reader.join(10)
    assert [b"new"] == found and stat.S_ISFIFO(path.stat().st_mode)


def test_bad_target_is_known_before_the_work(tmp_path: Path) -> None:
    """A directory, a directory that is not there, a file in place of a directory."""
    (tmp_path / "file").write_text("")
    assert "is a directory" in str(refusal(tmp_path))
    assert "is a directory" in str(refusal(Path("")))
    assert "is no directory" in str(refusal(tmp_path / "none" / "a"))
    assert "is no directory" in str(refusal(tmp_path / "file" / "a"))
    assert refusal(tmp_path / "a") is None and refusal(Path("/dev/null")) is None
