"""The cache of compiled searches: nothing damaged and nothing of somebody else runs, and none is needed."""

import os
import stat
import sys
from pathlib import Path

import pytest

from otaproof.model.device.model import device_model
from otaproof.model.device.state import Scope
from otaproof.model.terms.terms import fact
from otaproof.proofs.explicit.compiled import cache_note, code_cache, codegen

TEXT = codegen.facts_text(device_model(Scope()), [fact(True)])


def loaded() -> bool:
    """Compile the text, or take it from the cache, as a program that has just begun; tell whether it can be called."""
    for name in [name for name in sys.modules if name.startswith("otaproof_search_")]:
        del sys.modules[name]
    return code_cache.load(TEXT) != 0


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was told since the last time; what was told once is told again from now on."""
    cache_note.tell_once.cache_clear()
    return capsys.readouterr().err


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("OTAPROOF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_cache_is_the_users_own(cache: Path) -> None:
    """Made with mode 0700, and brought back to it."""
    assert loaded()
    cache.chmod(0o777)
    assert loaded()
    assert 0o700 == stat.S_IMODE(cache.stat().st_mode)


def test_damaged_files_are_made_anew(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A text that is empty or another, machine code that is cut short; each time that is told."""
    told(capsys)
    assert loaded() and "" == told(capsys)
    note = f"otaproof: note: the cache of compiled searches in {cache} was damaged; searches are compiled anew\n"
    (text,) = cache.glob("*.py")
    for damage in ("", "raise SystemExit"):
        text.write_text(damage)
        assert loaded()
        assert TEXT == text.read_text() and note == told(capsys)
    kept = list((cache / "__pycache__").glob("*.nb?"))
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:10])
        assert loaded() and note == told(capsys)


@pytest.mark.parametrize("place", ["/proc/nope", ""])
def test_directory_that_cannot_be_made_is_done_without(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fresh one is used, which goes at the end; so it is for a user who has no home. That is told once."""
    told(capsys)
    monkeypatch.setenv("OTAPROOF_CACHE", place)

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert loaded() and loaded()
    said = told(capsys)
    assert said.startswith("otaproof: note: the cache of compiled searches is not used: ") and 1 == said.count("\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_directory_of_somebody_else_is_not_used(cache: Path) -> None:
    """Its machine code is not run."""
    cache.mkdir()
    os.chown(cache, 1234, 1234)
    assert loaded()
    assert [] == list(cache.iterdir())
